"""What the broker and the ledger hold, as reports. The content depends on the record alone, so the same thing
seen again is the same report."""

from decimal import Decimal
from typing import Final

from bridge.core.link.reports import (
    AnyReport,
    CommandReport,
    CommandStage,
    DealReport,
    OrderReport,
    PositionReport,
)
from bridge.core.units.mt5_terms import DealEntry, OrderState, Side
from bridge.simulator.mt5.types import Deal, Order, Position
from bridge.simulator.terminal.ledger import Entry

TEXT_MAX: Final = 1024
"""The longest text that a report carries."""


def ledger_reports(entry: Entry) -> list[AnyReport]:
    """The stages of a command that its ledger entry proves: submitted, and the result where there is one."""
    intent, outcome = entry.intent, entry.outcome
    reports: list[AnyReport] = [
        CommandReport(
            client_order_id=intent.client_order_id,
            attempt=intent.attempt,
            stage=CommandStage.SUBMITTED,
            mark=intent.mark,
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
    """A deal of the history."""
    return DealReport(
        ticket=deal.ticket,
        order=deal.order,
        position_id=deal.position_id,
        symbol=deal.symbol,
        type=deal.type.name,
        entry=DealEntry[deal.entry.name],
        reason=deal.reason.name,
        magic=deal.magic,
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
    """An order, live or done."""
    return OrderReport(
        ticket=order.ticket,
        state=OrderState[order.state.name],
        type=order.type.name,
        reason=order.reason.name,
        magic=order.magic,
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
    """An open position."""
    return PositionReport(
        identifier=position.identifier,
        ticket=position.ticket,
        symbol=position.symbol,
        side=Side[position.type.name],
        volume=position.volume,
        price_open=position.price_open,
        stop_loss=level(position.sl),
        take_profit=level(position.tp),
        magic=position.magic,
    )


def level(price: Decimal) -> Decimal | None:
    """A price where 0 means that none is set."""
    return price or None
