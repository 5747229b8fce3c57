"""Comparison with the broker: equal books give nothing, one changed field gives one difference, both ways."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.link.reports import OrderReport, PositionReport
from bridge.core.trade.comparison import (
    Difference,
    Field,
    OwnOrder,
    Thing,
    closable,
    compare_orders,
    compare_positions,
)
from bridge.core.trade.position_states import PositionState
from bridge.core.trade.records import CommandRecord, PositionRecord
from bridge.core.units.mt5_terms import OrderState, Side
from tests.unit.core.samples import OFFICER, OPEN

SYMBOLS = ("EURUSD", "GBPUSD", "XAUUSD")
LEVELS = st.none() | st.integers(1, 20_000).map(lambda points: Decimal(points) / 10_000)
VOLUMES = st.integers(1, 500).map(lambda hundredths: Decimal(hundredths) / 100)
IDS = st.integers(1, 2**40)


@st.composite
def lots(draw: st.DrawFn) -> list[PositionRecord]:
    """Open lots, each in a position of its own."""
    identifiers = draw(st.lists(IDS, unique=True, max_size=6))
    return [
        PositionRecord(
            identifier=identifier,
            officer=OFFICER,
            directive_id=f"dir-{number}",
            client_order_id=number + 1,
            symbol=draw(st.sampled_from(SYMBOLS)),
            side=draw(st.sampled_from(Side)),
            state=PositionState.OPEN,
            volume_in=draw(VOLUMES),
            stop_loss=draw(LEVELS),
            take_profit=draw(LEVELS),
        )
        for number, identifier in enumerate(identifiers)
    ]


def shown(lot: PositionRecord, **changes: Any) -> PositionReport:
    """The position as the broker shows it, equal to the lot but for the changes."""
    report = PositionReport(
        identifier=lot.identifier,
        ticket=lot.identifier,
        symbol=lot.symbol,
        side=lot.side,
        volume=lot.volume_by_deals,
        price_open=Decimal("1.1"),
        stop_loss=lot.stop_loss,
        take_profit=lot.take_profit,
        magic=lot.client_order_id,
    )
    return msgspec.structs.replace(report, **changes)


def opener(lot: PositionRecord) -> CommandRecord:
    """The command that opened the lot."""
    order = msgspec.structs.replace(OPEN.order, client_order_id=lot.client_order_id)
    return msgspec.structs.replace(OPEN, order=order, directive_id=lot.directive_id)


def compare(
    ours: Sequence[PositionRecord], theirs: Sequence[PositionReport], *, netting: bool = False
) -> list[Difference]:
    by_identifier = {each.identifier: each for each in theirs}
    commands = {lot.client_order_id: opener(lot) for lot in ours}
    return compare_positions(ours, by_identifier, commands, netting=netting)


@given(lots(), st.booleans())
def test_equal_positions_have_no_difference(ours: list[PositionRecord], netting: bool) -> None:
    assert compare(ours, [shown(lot) for lot in ours], netting=netting) == []


CHANGES: list[tuple[Field, dict[str, Any]]] = [
    (Field.SYMBOL, {"symbol": "EURUSD.r"}),
    (Field.VOLUME, {"volume": Decimal("0.001")}),
    (Field.VOLUME, {"volume": Decimal(900)}),
    (Field.LEVELS, {"stop_loss": Decimal(7)}),
    (Field.LEVELS, {"take_profit": Decimal(7)}),
]


@pytest.mark.parametrize(("field", "change"), CHANGES)
@given(lots().filter(bool), st.data())
def test_each_changed_field_of_the_broker_s_position_is_one_difference(
    field: Field, change: dict[str, Any], ours: list[PositionRecord], data: st.DataObject
) -> None:
    chosen = data.draw(st.sampled_from(ours))
    theirs = [shown(lot, **(change if lot is chosen else {})) for lot in ours]
    [found] = compare(ours, theirs)
    assert (found.thing, found.number, found.field) == (Thing.POSITION, chosen.identifier, field)
    assert (found.directive_id, found.shown, found.code) == (chosen.directive_id, True, "POSITION_MISMATCH")


@given(lots().filter(bool), st.data())
def test_other_side_is_one_difference(ours: list[PositionRecord], data: st.DataObject) -> None:
    chosen = data.draw(st.sampled_from(ours))
    for netting in (False, True):
        theirs = [shown(lot, side=lot.side.opposite if lot is chosen else lot.side) for lot in ours]
        [found] = compare(ours, theirs, netting=netting)
        assert (found.number, found.field) == (chosen.identifier, Field.SIDE)


@given(lots().filter(bool), st.data(), st.booleans())
def test_position_that_one_side_lacks_is_one_difference(
    ours: list[PositionRecord], data: st.DataObject, netting: bool
) -> None:
    chosen = data.draw(st.sampled_from(ours))
    rest = [lot for lot in ours if lot is not chosen]
    everything = [shown(lot) for lot in ours]
    [missing] = compare(ours, [shown(lot) for lot in rest], netting=netting)
    assert (missing.number, missing.field, missing.shown) == (chosen.identifier, Field.EXISTENCE, False)
    by_identifier = {each.identifier: each for each in everything}
    commands = {lot.client_order_id: opener(lot) for lot in ours}
    [orphan] = compare_positions(rest, by_identifier, commands, netting=netting)
    assert (orphan.number, orphan.field, orphan.code) == (chosen.identifier, Field.OWNER, "ORPHAN")
    # Somebody else's position is none of ours.
    assert compare_positions(rest, by_identifier, {}, netting=netting) == []


@given(lots().filter(bool), st.data())
def test_position_that_its_deals_have_closed_is_one_difference_where_it_is_shown(
    ours: list[PositionRecord], data: st.DataObject
) -> None:
    chosen = data.draw(st.sampled_from(ours))
    closed = msgspec.structs.replace(chosen, state=PositionState.CLOSED, volume_out=chosen.volume_in)
    journal = [closed if lot is chosen else lot for lot in ours]
    theirs = [shown(lot) for lot in ours]
    [found] = compare(journal, theirs)
    assert (found.number, found.field, found.shown) == (chosen.identifier, Field.EXISTENCE, True)
    # On a netting account the rest of the position may be anybody's.
    assert compare(journal, theirs, netting=True) == []
    # Taking the broker's volume changes nothing about the difference.
    taken = msgspec.structs.replace(closed, state=PositionState.OPEN, volume_corrected=chosen.volume_in)
    assert compare([taken if lot is chosen else lot for lot in ours], theirs) == [found]


def test_netted_position_may_hold_more_than_ours() -> None:
    lot = PositionRecord(
        identifier=1,
        officer=OFFICER,
        directive_id="dir-1",
        client_order_id=1,
        symbol="EURUSD",
        side=Side.BUY,
        state=PositionState.OPEN,
        volume_in=Decimal("0.3"),
    )
    assert compare([lot], [shown(lot, volume=Decimal(5))], netting=True) == []
    [found] = compare([lot], [shown(lot, volume=Decimal("0.2"))], netting=True)
    assert found.message == "the journal has 0.3 lots open in position 1, and the broker 0.2"


# Orders


@st.composite
def books(draw: st.DrawFn) -> dict[int, OrderReport]:
    """Orders on the book by ticket."""
    tickets = draw(st.lists(IDS, unique=True, max_size=5))
    return {
        ticket: OrderReport(
            ticket=ticket,
            state=OrderState.PLACED,
            type=draw(st.sampled_from(("BUY_LIMIT", "SELL_STOP"))),
            reason="EXPERT",
            magic=number + 1,
            symbol=draw(st.sampled_from(SYMBOLS)),
            volume_initial=Decimal(5),
            volume_current=draw(VOLUMES),
            price=Decimal("1.1"),
            stop_loss=draw(LEVELS),
            take_profit=draw(LEVELS),
        )
        for number, ticket in enumerate(tickets)
    }


def owned(book: dict[int, OrderReport]) -> dict[int, OwnOrder]:
    return {ticket: OwnOrder(report, f"dir-{report.magic}") for ticket, report in book.items()}


def placers(book: dict[int, OrderReport]) -> dict[int, CommandRecord]:
    return {
        report.magic: msgspec.structs.replace(OPEN, directive_id=f"dir-{report.magic}")
        for report in book.values()
    }


@given(books())
def test_equal_orders_have_no_difference(book: dict[int, OrderReport]) -> None:
    assert compare_orders(owned(book), book, placers(book)) == []


@pytest.mark.parametrize(
    ("field", "change"),
    [
        (Field.OWNER, {"magic": 77}),
        (Field.SYMBOL, {"symbol": "EURUSD.r"}),
        (Field.SIDE, {"type": "BUY_STOP"}),
        (Field.VOLUME, {"volume_current": Decimal(9)}),
        (Field.LEVELS, {"price": Decimal("1.2")}),
        (Field.LEVELS, {"limit_price": Decimal("1.2")}),
        (Field.LEVELS, {"stop_loss": Decimal(7)}),
        (Field.LEVELS, {"take_profit": Decimal(7)}),
        (Field.LEVELS, {"expires_server_ms": 5}),
    ],
)
@given(books().filter(bool), st.data())
def test_each_changed_field_of_the_broker_s_order_is_one_difference(
    field: Field, change: dict[str, Any], book: dict[int, OrderReport], data: st.DataObject
) -> None:
    ticket = data.draw(st.sampled_from(sorted(book)))
    theirs = {**book, ticket: msgspec.structs.replace(book[ticket], **change)}
    [found] = compare_orders(owned(book), theirs, placers(book))
    assert (found.thing, found.number, found.field, found.shown) == (Thing.ORDER, ticket, field, True)


@given(books().filter(bool), st.data())
def test_order_that_one_side_lacks_is_one_difference(
    book: dict[int, OrderReport], data: st.DataObject
) -> None:
    ticket = data.draw(st.sampled_from(sorted(book)))
    rest = {each: report for each, report in book.items() if each != ticket}
    [missing] = compare_orders(owned(book), rest, placers(book))
    assert (missing.number, missing.field, missing.shown) == (ticket, Field.EXISTENCE, False)
    [orphan] = compare_orders(owned(rest), book, placers(book))
    assert (orphan.number, orphan.field, orphan.code) == (ticket, Field.OWNER, "ORPHAN")
    assert compare_orders(owned(rest), book, {}) == []


# What is closed


@given(lots(), st.booleans())
def test_equal_positions_are_closed_as_the_journal_has_them(
    ours: list[PositionRecord], netting: bool
) -> None:
    theirs = {lot.identifier: shown(lot) for lot in ours}
    assert closable(ours, theirs, set(), netting=netting) == ours
    # Without a list of the broker's the journal counts, except for what the broker is known to lack.
    assert closable(ours, {}, set(), netting=netting) == ours
    assert closable(ours, {}, {lot.identifier for lot in ours}, netting=netting) == []


@given(lots().filter(bool), VOLUMES, st.booleans())
def test_shown_volume_of_a_hedged_position_is_closed_whole(
    ours: list[PositionRecord], volume: Decimal, closed: bool
) -> None:
    lot = ours[0]
    if closed:
        lot = msgspec.structs.replace(lot, state=PositionState.CLOSED, volume_out=lot.volume_in)
    theirs = {lot.identifier: shown(lot, volume=volume, symbol="EURUSD.r")}
    [found] = closable([lot], theirs, set(), netting=False)
    assert (found.volume, found.symbol, found.client_order_id) == (volume, "EURUSD.r", lot.client_order_id)


@given(lots().filter(bool))
def test_no_more_than_ours_of_a_netted_position_is_closed(ours: list[PositionRecord]) -> None:
    lot = ours[0]
    theirs = {lot.identifier: shown(lot, volume=Decimal(900), symbol="EURUSD.r")}
    [found] = closable([lot], theirs, set(), netting=True)
    assert (found.volume, found.symbol) == (lot.volume, "EURUSD.r")
    turned = {lot.identifier: shown(lot, side=lot.side.opposite)}
    assert closable([lot], turned, set(), netting=True) == []
