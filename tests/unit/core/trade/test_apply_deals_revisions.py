"""A deal that counts already, booked anew: other money, or annulled."""

from decimal import Decimal

import msgspec

from bridge.core.director.contract import EventType
from bridge.core.link.reports import DealReport
from bridge.core.trade.command_states import CommandState
from bridge.core.trade.position_states import PositionState
from tests.unit.core.book import Book
from tests.unit.core.samples import CLIENT_ORDER_ID, CLOSE, DEAL_IN, DEAL_OUT, NOW, OPEN, POSITION
from tests.unit.core.trade.test_apply_deals_netting import IN, OUT, closing, deal, opening

E = EventType


def annulled(report: DealReport) -> DealReport:
    return msgspec.structs.replace(
        report, type=f"{report.type}_CANCELED", commission=Decimal(0), profit=Decimal(0), swap=Decimal(0)
    )


def test_a_late_commission_corrects_the_sums_and_is_emitted_once_without_a_fill() -> None:
    book = Book(OPEN).take([DEAL_IN])
    emitted = len(book.events)
    late = msgspec.structs.replace(DEAL_IN, commission=Decimal("-0.45"), fee=Decimal("-0.05"))
    book.take([late, late])
    part = book.positions[POSITION]
    assert (part.commission, part.fee, part.volume) == (Decimal("-0.45"), Decimal("-0.05"), Decimal("0.30"))
    (new_event,) = book.events[emitted:]
    event = new_event.event
    assert (event.event_type, event.action, event.directive_id) == (E.ORDER_FILLED, "REVISION", "dir-open")
    assert (event.deal_id, event.commission, event.fee) == ("9001", Decimal("0.45"), Decimal("0.05"))
    assert (event.fill_price, event.fill_quantity) == (None, None)
    assert book.commands[CLIENT_ORDER_ID].state is CommandState.FILLED


def test_a_revision_of_a_close_is_emitted_to_the_directive_that_closed() -> None:
    book = Book(OPEN, CLOSE).take([DEAL_IN, DEAL_OUT])
    book.take([msgspec.structs.replace(DEAL_OUT, profit=Decimal("5.50"))])
    assert book.emitted[-1] == ("dir-close", E.ORDER_FILLED)
    assert book.events[-1].event.profit == Decimal("5.50")
    part = book.positions[POSITION]
    assert (part.profit, part.state) == (Decimal("5.50"), PositionState.CLOSED)


def test_a_revision_of_a_stop_is_emitted_to_every_opener_that_it_ended() -> None:
    book = Book(opening(1, "0.3"), opening(2, "0.2"), netting=True)
    stop = deal(3, OUT, "0.5", reason="SL", profit=Decimal("-5.00"))
    book.take([deal(1, IN, "0.3", by=1), deal(2, IN, "0.2", by=2), stop])
    emitted = len(book.emitted)
    book.take([msgspec.structs.replace(stop, profit=Decimal("-6.00"))])
    assert book.emitted[emitted:] == [("open-1", E.ORDER_FILLED), ("open-2", E.ORDER_FILLED)]
    assert [str(part.profit) for part in book.parts.values()] == ["-3.60", "-2.40"]


def test_an_annulled_opening_leaves_nothing_open_and_is_raised() -> None:
    book = Book(OPEN).take([DEAL_IN, annulled(DEAL_IN)])
    part = book.positions[POSITION]
    assert (part.volume, part.state) == (Decimal(0), PositionState.CLOSED)
    assert (part.close_reason, part.closed_at) == ("CANCELLED", NOW)
    event = book.events[-1].event
    assert (event.event_type, event.error_code) == (E.BROKER_ERROR, "DEAL_CANCELLED")
    assert (event.fill_quantity, event.fill_price) == (Decimal("0.30"), Decimal("1.0951"))
    # A fill that was emitted stays: the Director decides what follows.
    assert book.commands[CLIENT_ORDER_ID].state is CommandState.FILLED


def test_an_annulled_opening_of_which_a_part_was_closed_leaves_nothing_open_either() -> None:
    part_out = msgspec.structs.replace(DEAL_OUT, volume=Decimal("0.10"), magic=0, reason="CLIENT")
    book = Book(OPEN).take([DEAL_IN, part_out, annulled(DEAL_IN)])
    assert book.positions[POSITION].state is PositionState.CLOSED


def test_an_annulled_close_gives_back_what_it_took_off() -> None:
    part_out = msgspec.structs.replace(DEAL_OUT, volume=Decimal("0.10"), magic=0, reason="CLIENT")
    book = Book(OPEN).take([DEAL_IN, part_out])
    assert book.positions[POSITION].volume == Decimal("0.20")
    book.take([annulled(part_out)])
    part = book.positions[POSITION]
    assert (part.volume, part.profit, part.state) == (Decimal("0.30"), Decimal(0), PositionState.OPEN)
    assert book.emitted[-1] == ("dir-open", E.BROKER_ERROR)


def test_lot_of_an_annulled_close_is_open_again() -> None:
    book = Book(OPEN, CLOSE).take([DEAL_IN, DEAL_OUT, annulled(DEAL_OUT)])
    part = book.positions[POSITION]
    assert (part.volume, part.state) == (Decimal("0.30"), PositionState.OPEN)
    assert (part.closed_at, part.close_reason, part.price_close) == (None, "", None)
    emitted = len(book.emitted)
    book.take([msgspec.structs.replace(DEAL_OUT, ticket=9100, order=8100, magic=0, reason="SL")])
    assert book.emitted[emitted:] == [("dir-open", E.SL_TRIGGERED), ("dir-open", E.POSITION_CLOSED)]


def test_an_annulled_close_that_came_too_late_names_the_directive_that_it_was_to_close() -> None:
    book = Book(opening(1, "0.3"), closing(2, "0.3", opener=1), netting=True)
    reversed_into = deal(3, IN, "0.3", by=2, type="SELL", position_id=7002)
    book.take([deal(1, IN, "0.3", by=1), deal(2, OUT, "0.3", reason="SL"), reversed_into])
    book.take([annulled(reversed_into)])
    event = book.events[-1].event
    assert (event.directive_id, event.error_code) == ("close-2", "DEAL_CANCELLED")
    assert event.opening_directive_id == "open-1"


def test_annulled_foreign_deal_is_uncounted_and_not_emitted() -> None:
    book = Book(opening(1, "0.3"), netting=True)
    theirs = deal(1, IN, "0.5")
    book.take([theirs, deal(2, IN, "0.3", by=1)])
    emitted = len(book.emitted)
    book.take([annulled(theirs)])
    assert book.emitted[emitted:] == []
    assert book.parts[POSITION, 1].volume == Decimal("0.3")
