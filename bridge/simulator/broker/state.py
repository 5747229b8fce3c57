"""The broker's whole state as one JSON file, so that its process can be stopped and started again."""

import os
from decimal import Decimal
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from bridge.core.units.decimals import ZERO
from bridge.simulator.broker.api import SendRecord
from bridge.simulator.broker.book.book import Book
from bridge.simulator.broker.book.trade_state import Desk
from bridge.simulator.broker.book.transactions import Tape
from bridge.simulator.broker.faults import ActiveRule
from bridge.simulator.broker.market.hours import read_session
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
    SymbolTradeMode,
    Tick,
)

VERSION: Final = 1


class StateError(ValueError):
    """The file is no saved broker, or one of another version."""


class State(Struct, kw_only=True):
    """All of it. `desk` is the truth; `seen` is what the terminal sees while it is disconnected, else None.
    `pinned` names the symbols that a test quotes."""

    version: int = VERSION
    scenario: Scenario
    start_ms: int
    desk: Desk
    tape: Tape
    rules: list[ActiveRule]
    pinned: set[str] = set()
    sends: list[SendRecord] = []
    seen: Desk | None = None


def new_state(scenario: Scenario, now_ms: int) -> State:
    """A broker's first moment, in server milliseconds: the account has been opened and the deposit paid
    in."""
    desk = Desk(
        terms=scenario.account,
        now_ms=now_ms,
        symbols={terms.name: _symbol(terms) for terms in scenario.symbols},
        commissions={terms.name: terms.commission for terms in scenario.symbols},
        quotes={terms.name: _first_quote(terms, now_ms) for terms in scenario.symbols},
        book=Book(next_order=scenario.first_order, next_deal=scenario.first_deal),
    )
    desk.book.add_deal(_deposit(desk))
    rules = [ActiveRule(rule=rule) for rule in scenario.rules]
    return State(scenario=scenario, start_ms=now_ms, desk=desk, tape=Tape(), rules=rules)


def save_state(path: Path, state: State) -> None:
    """Write the file whole or not at all. Raises OSError."""
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        file.write(msgspec.json.encode(state))
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def load_state(path: Path) -> State:
    """The state in a file. Raises StateError, or OSError where it cannot be read."""
    try:
        state = msgspec.json.decode(path.read_bytes(), type=State)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise StateError(f"state file {path}: {error}. Remedy: start the broker without it.") from None
    if state.version != VERSION:
        remedy = "start the broker without it"
        raise StateError(f"state file {path}: version {state.version}, not {VERSION}. Remedy: {remedy}.")
    return state


def _symbol(terms: SymbolTerms) -> SymbolInfo:
    shipped = SHIPPED[terms.like or terms.name]
    filling = reduce(or_, (SymbolFilling[name] for name in terms.filling), SymbolFilling.NONE)
    orders = reduce(or_, (SymbolOrder[name] for name in terms.orders), SymbolOrder.NONE)
    expiration = reduce(or_, (SymbolExpiration[name] for name in terms.expiration), SymbolExpiration.NONE)
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
        trade_tick_size=_or(terms.tick_size, shipped.trade_tick_size),
        trade_exemode=SymbolExecution[terms.execution],
        trade_mode=SymbolTradeMode[terms.trade_mode],
        filling_mode=filling,
        order_mode=orders,
        expiration_mode=expiration,
        order_gtc_mode=SymbolOrdersGtc[terms.orders_gtc],
        sessions=tuple(read_session(session) for session in terms.sessions),
    )


def _or(term: Decimal | None, shipped: Decimal) -> Decimal:
    return shipped if term is None else term


def _first_quote(terms: SymbolTerms, now_ms: int) -> Tick:
    if not terms.quoted:
        return Tick(time_msc=0, bid=ZERO, ask=ZERO)
    if terms.bid is None or terms.ask is None:
        return msgspec.structs.replace(FIRST_QUOTES[terms.like or terms.name], time_msc=now_ms)
    return Tick(time_msc=now_ms, bid=terms.bid, ask=terms.ask)


def _deposit(desk: Desk) -> Deal:
    """History of every account begins with a deal that is nobody's trade."""
    return Deal(
        ticket=desk.book.deal_ticket(),
        order=0,
        time_msc=desk.now_ms,
        type=DealType.BALANCE,
        entry=DealEntry.IN,
        reason=DealReason.CLIENT,
        magic=0,
        position_id=0,
        symbol="",
        volume=ZERO,
        price=ZERO,
        profit=desk.terms.balance,
        comment="Initial deposit",
    )
