"""Saved state: everything that the broker keeps, as one JSON file for a restart of its process."""

import os
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from bridge.core.units.decimals import ZERO
from bridge.replacement import replace
from bridge.simulator.broker.api import SendRecord
from bridge.simulator.broker.book.book import Book
from bridge.simulator.broker.book.trade_state import TradeState
from bridge.simulator.broker.book.transactions import TransactionLog
from bridge.simulator.broker.fault_rules import ActiveRule
from bridge.simulator.broker.market.hours import DAYS, read_session
from bridge.simulator.broker.market.symbols import FIRST_QUOTES, SHIPPED
from bridge.simulator.broker.scenario import Scenario, SymbolTerms
from bridge.simulator.mt5.types import (
    Deal,
    DealEntry,
    DealReason,
    DealType,
    SymbolExecution,
    SymbolExpiration,
    SymbolFilling,
    SymbolInfo,
    SymbolOrder,
    SymbolOrdersGtc,
    SymbolSwapMode,
    SymbolTradeMode,
    Tick,
)

VERSION: Final = 1


class StateError(ValueError):
    """The file is no saved state, or one of another version."""


class BrokerState(Struct, kw_only=True):
    """State of one broker. `trade` is the present state; `last_seen` the state at the disconnection while the
    terminal is disconnected, else None. `pinned` holds the symbols that a test quotes, whose own quote source has
    stopped; `original_names` the scenario's name of each renamed symbol, by its present name. `clock_shift_ms` is
    the time by which the broker's clock has been set ahead, negative for back; `last_night_ms` the last midnight
    that passed; `refused_calls` the refusals of scheduled calls."""

    version: int = VERSION
    scenario: Scenario
    start_ms: int
    trade: TradeState
    transactions: TransactionLog
    rules: list[ActiveRule]
    pinned: set[str] = set()
    sends: list[SendRecord] = []
    last_seen: TradeState | None = None
    original_names: dict[str, str] = {}
    clock_shift_ms: int = 0
    last_night_ms: int = 0
    refused_calls: list[str] = []


def new_state(scenario: Scenario, now_ms: int) -> BrokerState:
    """Return the state of a new broker at this server time (ms): the account is open, the deposit is booked."""
    trade = TradeState(
        terms=scenario.account,
        now_ms=now_ms,
        symbols={terms.name: _symbol(terms) for terms in scenario.symbols},
        commissions={terms.name: terms.commission for terms in scenario.symbols},
        reopen_gaps={terms.name: terms.reopen_gap_ms for terms in scenario.symbols if terms.reopen_gap_ms},
        negative={terms.name for terms in scenario.symbols if terms.negative_quotes},
        depths={terms.name: terms.depth for terms in scenario.symbols if terms.depth is not None},
        quotes={terms.name: _first_quote(terms, now_ms) for terms in scenario.symbols},
        book=Book(next_order=scenario.first_order, next_deal=scenario.first_deal),
    )
    trade.book.add_deal(_deposit(trade))
    rules = [ActiveRule(rule=rule) for rule in scenario.rules]
    return BrokerState(
        scenario=scenario, start_ms=now_ms, trade=trade, transactions=TransactionLog(), rules=rules
    )


def save_state(path: Path, state: BrokerState) -> None:
    """Write the file atomically. Raises OSError."""
    temporary = path.with_name(path.name + ".part")
    with temporary.open("wb") as file:
        file.write(msgspec.json.encode(state))
        file.flush()
        os.fsync(file.fileno())
    replace(temporary, path)


def load_state(path: Path) -> BrokerState:
    """Return the state in a file. Raises StateError, or OSError where it cannot be read."""
    try:
        state = msgspec.json.decode(path.read_bytes(), type=BrokerState)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise StateError(
            f"state file {path} is no saved broker ({error}); start the broker without it"
        ) from None
    if state.version != VERSION:
        raise StateError(
            f"state file {path} has version {state.version}, not {VERSION}; start the broker without it"
        )
    return state


def _symbol(terms: SymbolTerms) -> SymbolInfo:
    shipped = SHIPPED[terms.like or terms.name]
    digits = shipped.digits if terms.digits is None else terms.digits
    point = Decimal(1).scaleb(-digits)
    filling = reduce(or_, (SymbolFilling[name] for name in terms.filling), SymbolFilling.NONE)
    orders = reduce(or_, (SymbolOrder[name] for name in terms.orders), SymbolOrder.NONE)
    expiration = reduce(or_, (SymbolExpiration[name] for name in terms.expiration), SymbolExpiration.NONE)
    if terms.negative_quotes:  # a price below 0 converts nothing
        profit = shipped.currency_profit
        shipped = msgspec.structs.replace(shipped, currency_base=profit, currency_margin=profit)
    return msgspec.structs.replace(
        shipped,
        name=terms.name,
        path=shipped.path.removesuffix(shipped.name) + terms.name,
        swap_long=_or(terms.swap_long, shipped.swap_long),
        swap_short=_or(terms.swap_short, shipped.swap_short),
        trade_stops_level=terms.stops_level,
        trade_freeze_level=terms.freeze_level,
        volume_min=_or(terms.volume_min, shipped.volume_min),
        volume_max=_or(terms.volume_max, shipped.volume_max),
        volume_step=_or(terms.volume_step, shipped.volume_step),
        volume_limit=terms.volume_limit,
        digits=digits,
        point=point,
        trade_tick_size=_or(terms.tick_size, shipped.trade_tick_size if terms.digits is None else point),
        trade_contract_size=_or(terms.contract_size, shipped.trade_contract_size),
        swap_mode=SymbolSwapMode[terms.swap_mode],
        swap_rollover3days=DAYS.index(terms.swap_triple) if terms.swap_triple else 0,
        trade_exemode=SymbolExecution[terms.execution],
        trade_mode=SymbolTradeMode[terms.trade_mode],
        filling_mode=filling,
        order_mode=orders,
        expiration_mode=expiration,
        order_gtc_mode=SymbolOrdersGtc[terms.orders_gtc],
        sessions=tuple(read_session(session) for session in terms.sessions),
        publishes_sessions=terms.publishes_sessions,
    )


def _or(term: Decimal | None, shipped: Decimal) -> Decimal:
    return shipped if term is None else term


def _first_quote(terms: SymbolTerms, now_ms: int) -> Tick:
    if not terms.quoted:
        return Tick(time_msc=0, bid=ZERO, ask=ZERO)
    if terms.bid is None or terms.ask is None:
        first = FIRST_QUOTES[terms.like or terms.name]
        if terms.digits is None:
            return msgspec.structs.replace(first, time_msc=now_ms)
        point = Decimal(1).scaleb(-terms.digits)
        # Rounded apart, so that there is a spread whatever the digits.
        bid, ask = first.bid.quantize(point, ROUND_FLOOR), first.ask.quantize(point, ROUND_CEILING)
        return Tick(time_msc=now_ms, bid=bid, ask=ask)
    return Tick(time_msc=now_ms, bid=terms.bid, ask=terms.ask)


def _deposit(trade: TradeState) -> Deal:
    """The first deal of every account: a change of the balance without an order."""
    return Deal(
        ticket=trade.book.deal_ticket(),
        order=0,
        time_msc=trade.now_ms,
        type=DealType.BALANCE,
        entry=DealEntry.IN,
        reason=DealReason.CLIENT,
        magic=0,
        position_id=0,
        symbol="",
        volume=ZERO,
        price=ZERO,
        profit=trade.terms.balance,
        comment="Initial deposit",
    )
