"""Deals where positions are netted: several commands, and strangers, share one position."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.director.contract import EventType
from bridge.core.link.reports import DealReport
from bridge.core.trade.command_states import CommandState
from bridge.core.trade.position_states import PositionState
from bridge.core.trade.records import CommandRecord
from bridge.core.units.mt5_terms import DealEntry, Side
from tests.unit.core.book import Book
from tests.unit.core.samples import CLOSE, DEAL_IN, OPEN, POSITION

E, S = EventType, CommandState
IN, OUT, INOUT = DealEntry.IN, DealEntry.OUT, DealEntry.INOUT


def opening(client_order_id: int, volume: str, side: Side = Side.BUY) -> CommandRecord:
    order = msgspec.structs.replace(
        OPEN.order,
        client_order_id=client_order_id,
        volume=Decimal(volume),
        side=side,
        stop_loss=None,
        take_profit=None,
    )
    return msgspec.structs.replace(OPEN, directive_id=f"open-{client_order_id}", order=order)


def closing(client_order_id: int, volume: str, opener: int, side: Side = Side.SELL) -> CommandRecord:
    order = msgspec.structs.replace(
        CLOSE.order, client_order_id=client_order_id, volume=Decimal(volume), opener=opener, side=side
    )
    return msgspec.structs.replace(
        CLOSE, directive_id=f"close-{client_order_id}", order=order, opening_directive_id=f"open-{opener}"
    )


def deal(ticket: int, entry: DealEntry, volume: str, *, by: int = 0, **changes: object) -> DealReport:
    """Return a deal of the command `by`, or of a manual trade."""
    plain = msgspec.structs.replace(
        DEAL_IN,
        ticket=ticket,
        order=ticket + 1000,
        type=Side.BUY if entry is IN else Side.SELL,
        entry=entry,
        magic=by,
        reason="EXPERT" if by else "CLIENT",
        volume=Decimal(volume),
        commission=Decimal(0),
    )
    return msgspec.structs.replace(plain, **changes)


def parts(book: Book) -> dict[int, str]:
    """Return the open volume by client order id."""
    return {client_order_id: str(part.volume) for (_, client_order_id), part in book.parts.items()}


def test_second_open_adds_a_lot_of_its_own() -> None:
    book = Book(opening(1, "0.3"), opening(2, "0.2"), netting=True)
    book.take([deal(1, IN, "0.3", by=1), deal(2, IN, "0.2", by=2)])
    assert parts(book) == {1: "0.3", 2: "0.2"}
    assert book.emitted == [
        ("open-1", E.ORDER_PLACED),
        ("open-1", E.ORDER_FILLED),
        ("open-1", E.POSITION_OPENED),
        ("open-2", E.ORDER_PLACED),
        ("open-2", E.ORDER_FILLED),
        ("open-2", E.POSITION_OPENED),
    ]
    opened = [new_event.event for new_event in book.events if new_event.event.event_type is E.POSITION_OPENED]
    assert [(event.position_id, event.fill_quantity) for event in opened] == [
        ("7001", Decimal("0.3")),
        ("7001", Decimal("0.2")),
    ]


def test_close_takes_the_lot_of_its_opener_only() -> None:
    book = Book(opening(1, "0.3"), opening(2, "0.2"), closing(3, "0.2", opener=2), netting=True)
    book.take([deal(1, IN, "0.3", by=1), deal(2, IN, "0.2", by=2)])
    emitted = len(book.emitted)
    book.take([deal(3, OUT, "0.2", by=3)])
    assert parts(book) == {1: "0.3", 2: "0.0"}
    assert book.parts[POSITION, 2].state is PositionState.CLOSED
    assert book.emitted[emitted:] == [
        ("close-3", E.ORDER_PLACED),
        ("close-3", E.ORDER_FILLED),
        ("close-3", E.POSITION_CLOSED),
    ]
    assert book.events[-1].event.opening_directive_id == "open-2"
    assert book.halted == []


def test_opposite_open_reduces_the_oldest_lot_and_is_filled() -> None:
    book = Book(opening(1, "0.3"), opening(2, "0.2"), opening(3, "0.4", Side.SELL), netting=True)
    book.take([deal(1, IN, "0.3", by=1), deal(2, IN, "0.2", by=2)])
    emitted = len(book.emitted)
    book.take([deal(3, OUT, "0.4", by=3)])
    assert parts(book) == {1: "0.0", 2: "0.1"}
    assert book.commands[3].state is S.FILLED
    # The volume it closed is in its own fill, in the end of a closed lot, and with the opener of a lot that stays.
    assert book.emitted[emitted:] == [
        ("open-3", E.ORDER_PLACED),
        ("open-3", E.ORDER_FILLED),
        ("open-3", E.POSITION_CLOSED),
        ("open-2", E.ORDER_PARTIAL_FILL),
    ]
    *_, closed, reduced = (new_event.event for new_event in book.events)
    assert closed.opening_directive_id == "open-1"
    assert (reduced.entry, reduced.fill_quantity, reduced.remaining_quantity) == (
        "OUT",
        Decimal("0.1"),
        Decimal("0.1"),
    )


def test_reversal_closes_every_lot_and_opens_the_rest() -> None:
    book = Book(opening(1, "0.3"), opening(2, "0.2"), opening(3, "0.9", Side.SELL), netting=True)
    book.take([deal(1, IN, "0.3", by=1), deal(2, IN, "0.2", by=2)])
    emitted = len(book.emitted)
    book.take([deal(3, INOUT, "0.9", by=3, profit=Decimal("5.00"), commission=Decimal("-0.90"))])
    assert parts(book) == {1: "0.0", 2: "0.0", 3: "0.4"}
    new = book.parts[POSITION, 3]
    assert (new.side, new.state, new.directive_id) == (Side.SELL, PositionState.OPEN, "open-3")
    assert [str(part.profit) for part in book.parts.values()] == ["3.00", "2.00", "0.00"]
    assert [str(part.commission) for part in book.parts.values()] == ["-0.30", "-0.20", "-0.40"]
    assert book.emitted[emitted:] == [
        ("open-3", E.ORDER_PLACED),
        ("open-3", E.ORDER_FILLED),
        ("open-3", E.POSITION_CLOSED),
        ("open-3", E.POSITION_CLOSED),
        ("open-3", E.POSITION_OPENED),
    ]
    closed = [new_event.event.opening_directive_id for new_event in book.events[emitted:]]
    assert closed[2:4] == ["open-1", "open-2"]
    # A reversal that was ordered is none by accident.
    assert book.halted == []


@pytest.mark.parametrize(("reason", "first"), [("SL", E.SL_TRIGGERED), ("TP", E.TP_TRIGGERED)])
def test_stop_of_a_shared_position_is_emitted_to_each_opener(reason: str, first: EventType) -> None:
    book = Book(opening(1, "0.3"), opening(2, "0.2"), netting=True)
    book.take([deal(1, IN, "0.3", by=1), deal(2, IN, "0.2", by=2)])
    emitted = len(book.emitted)
    book.take([deal(3, OUT, "0.5", reason=reason, profit=Decimal("-5.00"))])
    assert book.emitted[emitted:] == [
        ("open-1", first),
        ("open-1", E.POSITION_CLOSED),
        ("open-2", first),
        ("open-2", E.POSITION_CLOSED),
    ]
    closed = [
        new_event.event
        for new_event in book.events[emitted:]
        if new_event.event.event_type is E.POSITION_CLOSED
    ]
    assert [(event.fill_quantity, event.profit) for event in closed] == [
        (Decimal("0.3"), Decimal("-3.00")),
        (Decimal("0.2"), Decimal("-2.00")),
    ]


def test_foreign_volume_is_counted_and_never_emitted() -> None:
    book = Book(opening(1, "0.3"), netting=True)
    book.take([deal(1, IN, "0.5"), deal(2, IN, "0.3", by=1), deal(3, OUT, "0.4")])
    assert (parts(book), book.foreign(POSITION)) == ({1: "0.3"}, Decimal("0.1"))
    assert {directive for directive, _ in book.emitted} == {"open-1"}
    # More than is theirs is ours.
    book.take([deal(4, OUT, "0.2")])
    assert (parts(book), book.foreign(POSITION)) == ({1: "0.2"}, Decimal("0.0"))
    assert book.emitted[-1] == ("open-1", E.ORDER_PARTIAL_FILL)
    assert book.events[-1].event.fill_quantity == Decimal("0.1")
    assert book.events[-1].event.remaining_quantity == Decimal("0.2")


def test_manual_reversal_closes_ours_and_opens_a_foreign_position() -> None:
    book = Book(opening(1, "0.3"), netting=True)
    book.take([deal(1, IN, "0.3", by=1), deal(2, INOUT, "1.0")])
    assert (parts(book), book.foreign(POSITION)) == ({1: "0.0"}, Decimal("0.7"))
    assert book.emitted[-1] == ("open-1", E.POSITION_CLOSED)
    assert book.halted == []


@pytest.mark.parametrize("late", ["gone", "smaller"])
def test_a_close_that_came_too_late_halts_the_symbol_and_is_raised(late: str) -> None:
    """The position was closed, wholly or in part, while the close was on its way: it opened the other side."""
    book = Book(opening(1, "0.3"), closing(2, "0.3", opener=1), netting=True)
    book.take([deal(1, IN, "0.3", by=1)])
    if late == "gone":
        book.take([deal(2, OUT, "0.3", reason="SL")])
        reversed_into = deal(3, IN, "0.3", by=2, type="SELL", position_id=7002)
        opened, volume = (7002, 2), "0.3"
    else:
        book.take([deal(2, OUT, "0.1")])
        reversed_into = deal(3, INOUT, "0.3", by=2)
        opened, volume = (POSITION, 2), "0.1"
    emitted = len(book.emitted)
    book.take([reversed_into])
    assert book.commands[2].state is S.FILLED
    part = book.parts[opened]
    assert (part.side, str(part.volume), part.directive_id) == (Side.SELL, volume, "close-2")
    assert ("close-2", E.SYSTEM_ERROR) in book.emitted[emitted:]
    assert ("close-2", E.POSITION_OPENED) in book.emitted[emitted:]
    (why,) = book.halted
    assert why == ("deal 3 was to close position 7001, which was gone by then; it opened SELL volume instead")
    (error,) = (new_event.event for new_event in book.events if new_event.event.event_type is E.SYSTEM_ERROR)
    assert error.error_code == "ACCIDENTAL_REVERSAL"
    assert error.error_message is not None and "execution-officer resume" in error.error_message


def test_opening_deal_of_a_close_on_another_position_is_unusable() -> None:
    book = Book(opening(1, "0.3"), closing(2, "0.3", opener=1), netting=True)
    book.take([deal(1, IN, "0.3", by=1, position_id=7009), deal(2, OUT, "0.3", by=2, position_id=7009)])
    # It is no close of ours: its client order id is on a position that it never named.
    assert book.commands[2].state is S.DISPATCHED
    assert parts(book) == {1: "0.0"}
    assert book.emitted[-1] == ("open-1", E.POSITION_CLOSED)


def test_a_closing_deal_waits_until_as_much_was_put_on_and_is_then_shared_out() -> None:
    book = Book(opening(1, "0.3"), opening(2, "0.2"), netting=True)
    stop = deal(3, OUT, "0.5", reason="SL")
    book.take([stop, deal(2, IN, "0.2", by=2)])
    assert book.parked == [stop]
    book.take([deal(1, IN, "0.3", by=1)])
    assert book.parked == []
    assert parts(book) == {1: "0.0", 2: "0.0"}


def test_parked_deal_counts_as_foreign_once_all_is_known() -> None:
    book = Book(opening(1, "0.3"), netting=True)
    book.take([deal(1, IN, "0.3", by=1), deal(2, OUT, "0.8", reason="SL")])
    assert parts(book) == {1: "0.3"}
    book.complete()
    assert (parts(book), book.parked) == ({1: "0.0"}, [])
    assert book.emitted[-2:] == [("open-1", E.SL_TRIGGERED), ("open-1", E.POSITION_CLOSED)]
    assert book.events[-1].event.fill_quantity == Decimal("0.3")


def test_late_closing_deal_takes_nothing_that_was_opened_after_it() -> None:
    book = Book(opening(1, "0.3"), opening(2, "0.3"), netting=True)
    book.take([deal(1, IN, "0.3", by=1), deal(5, IN, "0.3", by=2), deal(3, OUT, "0.3", reason="SO")])
    assert parts(book) == {1: "0.0", 2: "0.3"}


STORY = [
    deal(1, IN, "0.3", by=1),
    deal(2, IN, "0.5"),
    deal(3, IN, "0.2", by=2),
    deal(4, OUT, "0.2", by=3, profit=Decimal("2.01")),
    deal(5, OUT, "0.4", profit=Decimal("4.00")),
    deal(6, OUT, "0.3", reason="SL", profit=Decimal("-3.33"), commission=Decimal("-0.07")),
]
"""Ours 0.3, theirs 0.5, ours 0.2; a close of the last, 0.4 by hand, and a stop that leaves 0.1."""


def netted(reports: Sequence[DealReport]) -> Book:
    book = Book(opening(1, "0.3"), opening(2, "0.2"), closing(3, "0.2", opener=2), netting=True)
    return book.take(reports).complete()


def test_in_the_order_of_its_deals_each_allocation_is_where_it_belongs() -> None:
    book = netted(STORY)
    assert (parts(book), book.foreign(POSITION)) == ({1: "0.0", 2: "0.0"}, Decimal("0.1"))
    assert [str(part.profit) for part in book.parts.values()] == ["-3.33", "2.01"]


@given(st.permutations(STORY), st.lists(st.sampled_from(STORY), max_size=3))
def test_in_any_order_volume_and_money_are_all_there(
    reports: list[DealReport], again: list[DealReport]
) -> None:
    book = netted([*reports, *again])
    assert book.parked == []
    assert {command.state for command in book.commands.values()} == {S.FILLED}
    for part in book.parts.values():
        assert 0 <= part.volume <= part.volume_in
    # Net of all the deals.
    ours = sum((part.volume for part in book.parts.values()), Decimal(0))
    assert ours + book.foreign(POSITION) == Decimal("0.1")
    emitted = [event_type for _, event_type in book.emitted]
    assert emitted.count(E.POSITION_OPENED) == 2
    assert (book.quarantined, book.halted) == ([], [])
