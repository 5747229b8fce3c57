"""Records of the broker and of the ledger, as reports.

The content depends on the record alone, so that the same record seen again is the same report.
"""

from decimal import Decimal
from typing import Final

from bridge.core.director.contract import OrderType
from bridge.core.link.reports import (
    AnyReport,
    CommandReport,
    CommandStage,
    DealReport,
    OrderReport,
    PositionReport,
    SymbolReport,
    TradeSession,
)
from bridge.core.units.mt5_terms import DealEntry, OrderState, Side
from bridge.simulator.broker.market.hours import DAY_S, DAYS
from bridge.simulator.mt5.constants import OrderFilling, SymbolExecution, SymbolFilling
from bridge.simulator.mt5.types import Deal, Order, Position, SymbolInfo, SymbolOrder
from bridge.simulator.terminal.ledger import Entry

TEXT_MAX: Final = 1024
"""Longest text of a report, in characters."""


def ledger_reports(entry: Entry, *, with_request: bool = False) -> list[AnyReport]:
    """Return the stages that a ledger entry proves: `submitted`, and `result` where there is an outcome.

    `with_request`: the sidecar may have lost the command, so the order is reported too.
    """
    intent, outcome = entry.intent, entry.outcome
    reports: list[AnyReport] = [
        CommandReport(
            client_order_id=intent.client_order_id,
            attempt=intent.attempt,
            stage=CommandStage.SUBMITTED,
            mark=intent.mark,
            request=intent.order if with_request else None,
        )
    ]
    if outcome is not None:
        reports.append(
            CommandReport(
                client_order_id=intent.client_order_id,
                attempt=intent.attempt,
                stage=CommandStage.RESULT,
                mark=intent.mark,
                message=outcome.message,
                retcode=outcome.retcode,
                order=outcome.order,
                deal=outcome.deal,
                price=outcome.price,
                volume=outcome.volume,
            )
        )
    return reports


def deal_report(deal: Deal) -> DealReport:
    """Return the report of a deal of the history."""
    return DealReport(
        ticket=deal.ticket,
        order=deal.order,
        position_id=deal.position_id,
        symbol=deal.symbol,
        type=deal.type.name,
        entry=DealEntry[deal.entry.name],
        reason=deal.reason.name,
        magic=magic(deal.magic),
        volume=deal.volume,
        price=deal.price,
        commission=deal.commission,
        swap=deal.swap,
        profit=deal.profit,
        fee=deal.fee,
        stop_loss=level(deal.sl),
        take_profit=level(deal.tp),
        time_server_ms=deal.time_msc,
        comment=deal.comment[:TEXT_MAX],
    )


def order_report(order: Order) -> OrderReport:
    """Return the report of an order, live or done."""
    return OrderReport(
        ticket=order.ticket,
        state=OrderState[order.state.name],
        type=order.type.name,
        reason=order.reason.name,
        magic=magic(order.magic),
        symbol=order.symbol,
        volume_initial=order.volume_initial,
        volume_current=order.volume_current,
        price=order.price_open,
        limit_price=level(order.price_stoplimit),
        stop_loss=level(order.sl),
        take_profit=level(order.tp),
        position_id=order.position_id,
        time_setup_server_ms=order.time_setup_msc,
        time_done_server_ms=order.time_done_msc,
        expires_server_ms=order.time_expiration,
        comment=order.comment[:TEXT_MAX],
    )


def position_report(position: Position) -> PositionReport:
    """Return the report of an open position."""
    return PositionReport(
        identifier=position.identifier,
        ticket=position.ticket,
        symbol=position.symbol,
        side=Side[position.type.name],
        volume=position.volume,
        price_open=position.price_open,
        stop_loss=level(position.sl),
        take_profit=level(position.tp),
        magic=magic(position.magic),
        time_server_ms=position.time_msc,
        comment=position.comment[:TEXT_MAX],
        updated_server_ms=position.time_update_msc,
    )


def symbol_report(asked: str, symbol: SymbolInfo | None) -> SymbolReport:
    """Return the answer to an inquiry: the symbol of exactly that name and its terms, or no name."""
    if symbol is None:
        return SymbolReport(asked=asked)
    return SymbolReport(
        asked=asked,
        name=symbol.name,
        digits=symbol.digits,
        point=symbol.point,
        tick_size=symbol.trade_tick_size,
        volume_min=symbol.volume_min,
        volume_max=symbol.volume_max,
        volume_step=symbol.volume_step,
        volume_limit=symbol.volume_limit,
        trade_mode=symbol.trade_mode.name,
        order_types=[each for each in OrderType if SymbolOrder[each.name] in symbol.order_mode],
        execution_mode=symbol.trade_exemode.name,
        filling_modes=_filling_modes(symbol),
        stops_level=symbol.trade_stops_level,
        freeze_level=symbol.trade_freeze_level,
        sessions=_sessions(symbol),
    )


def _filling_modes(symbol: SymbolInfo) -> list[str]:
    """Return the flags, and RETURN, which has none: market execution alone forbids it."""
    flags = [each.name for each in OrderFilling if each is not OrderFilling.RETURN]
    named = [name for name in flags if SymbolFilling[name] in symbol.filling_mode]
    return named if symbol.trade_exemode is SymbolExecution.MARKET else [*named, OrderFilling.RETURN.name]


def _sessions(symbol: SymbolInfo) -> list[TradeSession]:
    """Return the trading hours as the broker publishes them; the whole week without any."""
    if not symbol.publishes_sessions:
        return []
    every_day = [TradeSession(day=day, from_s=0, to_s=DAY_S) for day in range(len(DAYS))]
    own = [TradeSession(day=each.day, from_s=each.from_s, to_s=each.to_s) for each in symbol.sessions]
    return own or every_day


def magic(number: int) -> int:
    """Return a magic for the link: 0 for a negative one, which another program has set, as for a manual trade."""
    return max(number, 0)


def level(price: Decimal) -> Decimal | None:
    """Return a price, or None for 0, which means that none is set."""
    return price or None
