"""Reports in any order, any number of times: the end is the same."""

import itertools
from collections.abc import Sequence
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.director.contract import EventType
from bridge.core.link.reports import AnyReport, CommandStage, DealReport
from bridge.core.trade.command_states import CommandState
from bridge.core.trade.position_states import PositionState
from bridge.core.trade.records import PositionRecord
from bridge.core.units.decimals import ZERO
from bridge.core.units.mt5_terms import OrderState
from tests.unit.core.book import Book
from tests.unit.core.samples import CLIENT_ORDER_ID, CLOSE, DEAL_IN, DEAL_OUT, OPEN, ORDER, POSITION, stage

E = EventType


def entering(*hundredths: int) -> list[DealReport]:
    return [
        msgspec.structs.replace(
            DEAL_IN,
            ticket=9001 + number,
            volume=Decimal(each) / 100,
            price=Decimal("1.0950") + Decimal(number) / 10_000,
        )
        for number, each in enumerate(hundredths)
    ]


def order(state: OrderState, left: str = "0") -> AnyReport:
    return msgspec.structs.replace(ORDER, state=state, volume_current=Decimal(left))


SENT: list[AnyReport] = [
    stage(CommandStage.RECEIVED),
    stage(CommandStage.SUBMITTED),
    stage(CommandStage.RESULT, retcode=10009),
]
LOST_ANSWER: list[AnyReport] = [stage(CommandStage.SUBMITTED), stage(CommandStage.RESULT, retcode=10012)]


@st.composite
def arrivals(draw: st.DrawFn, reports: Sequence[AnyReport]) -> list[AnyReport]:
    """All of the reports in any order, some of them more than once."""
    repeated = draw(st.lists(st.sampled_from(reports), max_size=4))
    return draw(st.permutations([*reports, *repeated]))


def money(position: PositionRecord) -> PositionRecord:
    """A position without what only the first of several deals can say."""
    return msgspec.structs.replace(position, opened_at=None)


@given(
    st.sampled_from([(30,), (10, 20), (10, 10, 10), (1, 2, 27)]).flatmap(
        lambda parts: arrivals(
            [*SENT, order(OrderState.PLACED, "0.30"), order(OrderState.FILLED), *entering(*parts)]
        )
    )
)
def test_an_open_ends_filled_with_the_same_position_and_the_same_final_events(
    reports: list[AnyReport],
) -> None:
    deals = {report.ticket: report for report in reports if isinstance(report, DealReport)}
    book = Book(OPEN).take(reports)
    straight = Book(OPEN).take([*SENT, *(deals[ticket] for ticket in sorted(deals))])
    assert book.commands[CLIENT_ORDER_ID].state is CommandState.FILLED
    assert book.commands[CLIENT_ORDER_ID] == straight.commands[CLIENT_ORDER_ID]
    assert money(book.positions[POSITION]) == money(straight.positions[POSITION])
    # Which deals were partial fills depends on which came last; how many does not.
    partial = [new_event for new_event in book.events if new_event.event.event_type is E.ORDER_PARTIAL_FILL]
    assert len(partial) == len(deals) - 1
    final = {key for key in straight.keys if key[1] != E.ORDER_PARTIAL_FILL}
    assert {key for key in book.keys if key[1] != E.ORDER_PARTIAL_FILL} == final
    assert book.emitted[0][1] == E.ORDER_PLACED
    assert (book.quarantined, book.held, book.parked) == ([], [], [])
    (whole,) = (new_event.event for new_event in book.events if new_event.event.event_type is E.ORDER_FILLED)
    assert whole.fill_quantity == Decimal("0.30")
    assert whole.fill_price == book.positions[POSITION].price_open


@given(arrivals([*LOST_ANSWER, order(OrderState.FILLED), *entering(10, 20)]))
def test_lost_answer_ends_filled_by_evidence_without_a_rejection(
    reports: list[AnyReport],
) -> None:
    book = Book(OPEN).take(reports)
    assert book.commands[CLIENT_ORDER_ID].state is CommandState.FILLED
    emitted = [event_type for _, event_type in book.emitted]
    assert E.ORDER_REJECTED not in emitted
    assert emitted.count(E.ORDER_FILLED) == emitted.count(E.POSITION_OPENED) == 1


@given(arrivals([*SENT, order(OrderState.CANCELED, "0.10"), *entering(5, 15)]))
def test_a_remainder_that_is_cancelled_ends_cancelled_with_every_fill_emitted(
    reports: list[AnyReport],
) -> None:
    book = Book(OPEN).take(reports)
    command = book.commands[CLIENT_ORDER_ID]
    assert (command.state, command.filled) == (CommandState.CANCELLED, Decimal("0.20"))
    assert book.keys == {
        ("dir-open", E.ORDER_PLACED, f"command:{CLIENT_ORDER_ID}"),
        ("dir-open", E.ORDER_PARTIAL_FILL, "deal:9001"),
        ("dir-open", E.ORDER_PARTIAL_FILL, "deal:9002"),
        ("dir-open", E.ORDER_CANCELLED, f"command:{CLIENT_ORDER_ID}"),
        ("dir-open", E.POSITION_OPENED, f"position:{POSITION}"),
    }


@given(
    arrivals(
        [stage(CommandStage.SUBMITTED), stage(CommandStage.RESULT, retcode=10019), order(OrderState.REJECTED)]
    )
)
def test_a_refusal_ends_rejected_and_is_emitted_once(reports: list[AnyReport]) -> None:
    book = Book(OPEN).take(reports)
    assert book.commands[CLIENT_ORDER_ID].state is CommandState.REJECTED
    assert book.emitted == [("dir-open", E.ORDER_REJECTED)]


CLOSED_BY_COMMAND = msgspec.structs.replace(DEAL_OUT, volume=Decimal("0.30"))
OWN_CLOSE: list[AnyReport] = [
    stage(CommandStage.SUBMITTED, client_order_id=CLOSE.client_order_id),
    stage(CommandStage.RESULT, client_order_id=CLOSE.client_order_id, retcode=10009),
    CLOSED_BY_COMMAND,
]


@given(arrivals([*SENT, *entering(10, 20), *OWN_CLOSE]))
def test_an_open_and_its_close_by_a_directive_end_the_same(reports: list[AnyReport]) -> None:
    book = Book(OPEN, CLOSE).take(reports)
    assert {command.state for command in book.commands.values()} == {CommandState.FILLED}
    position = book.positions[POSITION]
    assert (position.state, position.volume, position.close_reason) == (PositionState.CLOSED, ZERO, "EXPERT")
    assert position.profit == Decimal("6.00")
    assert book.parked == []
    emitted = [each for each in book.emitted if each[1] != E.ORDER_PARTIAL_FILL]
    assert sorted(emitted) == sorted(
        [
            ("dir-open", E.ORDER_PLACED),
            ("dir-open", E.ORDER_FILLED),
            ("dir-open", E.POSITION_OPENED),
            ("dir-close", E.ORDER_PLACED),
            ("dir-close", E.ORDER_FILLED),
            ("dir-close", E.POSITION_CLOSED),
        ]
    )
    assert emitted.index(("dir-open", E.POSITION_OPENED)) < emitted.index(("dir-close", E.POSITION_CLOSED))


@pytest.mark.parametrize(
    ("reason", "emitted"),
    [
        ("SL", [E.SL_TRIGGERED, E.POSITION_CLOSED]),
        ("TP", [E.TP_TRIGGERED, E.POSITION_CLOSED]),
        ("SO", [E.POSITION_CLOSED]),
        ("CLIENT", [E.POSITION_CLOSED]),
    ],
)
def test_close_found_later_is_emitted_once_in_every_order(reason: str, emitted: list[EventType]) -> None:
    out = msgspec.structs.replace(DEAL_OUT, magic=0, reason=reason)
    for reports in itertools.permutations([*entering(10, 20), out, out]):
        book = Book(OPEN).take(reports)
        assert [
            each for each in book.emitted if each[1] in (E.SL_TRIGGERED, E.TP_TRIGGERED, E.POSITION_CLOSED)
        ] == [("dir-open", each) for each in emitted]
        assert book.positions[POSITION].state is PositionState.CLOSED
        assert book.parked == []


def test_a_close_that_comes_before_its_open_waits_for_it() -> None:
    book = Book(OPEN, CLOSE).take([CLOSED_BY_COMMAND])
    assert (book.parked, book.events, book.positions) == ([CLOSED_BY_COMMAND], [], {})
    book.take([entering(10)[0]])
    assert book.parked == [CLOSED_BY_COMMAND]
    book.take([entering(10, 20)[1]])
    assert book.parked == []
    assert book.emitted[-1] == ("dir-close", E.POSITION_CLOSED)


@given(
    arrivals(
        [
            *entering(10, 20),
            *(
                msgspec.structs.replace(
                    DEAL_OUT, ticket=9101 + number, magic=0, reason="CLIENT", volume=Decimal(each) / 100
                )
                for number, each in enumerate((10, 20))
            ),
        ]
    )
)
def test_the_last_word_on_a_position_closed_in_parts_is_its_final_totals(reports: list[AnyReport]) -> None:
    """Also where a part of the closing overtakes a part of the opening."""
    book = Book(OPEN).take(reports)
    position = book.positions[POSITION]
    assert (position.state, position.volume) == (PositionState.CLOSED, ZERO)
    *_, closed = (
        new_event.event for new_event in book.events if new_event.event.event_type is E.POSITION_CLOSED
    )
    assert closed.fill_quantity == Decimal("0.30")
    assert closed.profit == position.profit


def test_a_repeated_deal_counts_once() -> None:
    (deal,) = entering(30)
    book = Book(OPEN).take([deal, deal, msgspec.structs.replace(deal, price=Decimal("1.09500"))])
    assert book.positions[POSITION].volume_in == Decimal("0.30")
    assert len(book.events) == 3
