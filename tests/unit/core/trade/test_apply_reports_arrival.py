"""Facts in any order, any number of times: the end is the same."""

import itertools
from collections.abc import Sequence
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.director.contract import EventType
from bridge.core.link.reports import AnyFact, CommandStage, DealFact
from bridge.core.trade.command_states import CommandState, PositionState
from bridge.core.trade.records import PositionRecord
from bridge.core.units.decimals import ZERO
from bridge.core.units.mt5_terms import OrderState
from tests.unit.core.book import Book
from tests.unit.core.samples import CLOSE, DEAL_IN, DEAL_OUT, OPEN, ORDER, POSITION, TOKEN, stage

E = EventType


def entering(*hundredths: int) -> list[DealFact]:
    return [
        msgspec.structs.replace(
            DEAL_IN,
            ticket=9001 + number,
            volume=Decimal(each) / 100,
            price=Decimal("1.0950") + Decimal(number) / 10_000,
        )
        for number, each in enumerate(hundredths)
    ]


def order(state: OrderState, left: str = "0") -> AnyFact:
    return msgspec.structs.replace(ORDER, state=state, volume_current=Decimal(left))


SENT: list[AnyFact] = [
    stage(CommandStage.RECEIVED),
    stage(CommandStage.SUBMITTED),
    stage(CommandStage.RESULT, retcode=10009),
]
LOST_ANSWER: list[AnyFact] = [stage(CommandStage.SUBMITTED), stage(CommandStage.RESULT, retcode=10012)]


@st.composite
def arrivals(draw: st.DrawFn, facts: Sequence[AnyFact]) -> list[AnyFact]:
    """All of the facts in any order, some of them more than once."""
    repeated = draw(st.lists(st.sampled_from(facts), max_size=4))
    return draw(st.permutations([*facts, *repeated]))


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
def test_an_open_ends_filled_with_the_same_position_and_the_same_final_events(facts: list[AnyFact]) -> None:
    deals = {fact.ticket: fact for fact in facts if isinstance(fact, DealFact)}
    book = Book(OPEN).take(facts)
    straight = Book(OPEN).take([*SENT, *(deals[ticket] for ticket in sorted(deals))])
    assert book.commands[TOKEN].state is CommandState.FILLED
    assert book.commands[TOKEN] == straight.commands[TOKEN]
    assert money(book.positions[POSITION]) == money(straight.positions[POSITION])
    # Which deals were partial fills depends on which came last; how many does not.
    partial = [draft for draft in book.events if draft.event.event_type is E.ORDER_PARTIAL_FILL]
    assert len(partial) == len(deals) - 1
    final = {key for key in straight.keys if key[1] != E.ORDER_PARTIAL_FILL}
    assert {key for key in book.keys if key[1] != E.ORDER_PARTIAL_FILL} == final
    assert book.told[0][1] == E.ORDER_PLACED
    assert (book.quarantined, book.held, book.parked) == ([], [], [])
    (whole,) = (draft.event for draft in book.events if draft.event.event_type is E.ORDER_FILLED)
    assert whole.fill_quantity == Decimal("0.30")
    assert whole.fill_price == book.positions[POSITION].price_open


@given(arrivals([*LOST_ANSWER, order(OrderState.FILLED), *entering(10, 20)]))
def test_a_lost_answer_ends_filled_by_evidence_and_is_never_told_as_a_rejection(facts: list[AnyFact]) -> None:
    book = Book(OPEN).take(facts)
    assert book.commands[TOKEN].state is CommandState.FILLED
    told = [event_type for _, event_type in book.told]
    assert E.ORDER_REJECTED not in told
    assert told.count(E.ORDER_FILLED) == told.count(E.POSITION_OPENED) == 1


@given(arrivals([*SENT, order(OrderState.CANCELED, "0.10"), *entering(5, 15)]))
def test_a_remainder_that_is_cancelled_ends_cancelled_with_every_fill_told(facts: list[AnyFact]) -> None:
    book = Book(OPEN).take(facts)
    command = book.commands[TOKEN]
    assert (command.state, command.filled) == (CommandState.CANCELLED, Decimal("0.20"))
    assert book.keys == {
        ("dir-open", E.ORDER_PLACED, f"command:{TOKEN}"),
        ("dir-open", E.ORDER_PARTIAL_FILL, "deal:9001"),
        ("dir-open", E.ORDER_PARTIAL_FILL, "deal:9002"),
        ("dir-open", E.ORDER_CANCELLED, f"command:{TOKEN}"),
        ("dir-open", E.POSITION_OPENED, f"position:{POSITION}"),
    }


@given(
    arrivals(
        [stage(CommandStage.SUBMITTED), stage(CommandStage.RESULT, retcode=10019), order(OrderState.REJECTED)]
    )
)
def test_a_refusal_ends_rejected_and_is_told_once(facts: list[AnyFact]) -> None:
    book = Book(OPEN).take(facts)
    assert book.commands[TOKEN].state is CommandState.REJECTED
    assert book.told == [("dir-open", E.ORDER_REJECTED)]


CLOSED_BY_COMMAND = msgspec.structs.replace(DEAL_OUT, volume=Decimal("0.30"))
OWN_CLOSE: list[AnyFact] = [
    stage(CommandStage.SUBMITTED, token=CLOSE.token),
    stage(CommandStage.RESULT, token=CLOSE.token, retcode=10009),
    CLOSED_BY_COMMAND,
]


@given(arrivals([*SENT, *entering(10, 20), *OWN_CLOSE]))
def test_an_open_and_its_close_by_a_directive_end_the_same(facts: list[AnyFact]) -> None:
    book = Book(OPEN, CLOSE).take(facts)
    assert {command.state for command in book.commands.values()} == {CommandState.FILLED}
    position = book.positions[POSITION]
    assert (position.state, position.volume, position.close_reason) == (PositionState.CLOSED, ZERO, "EXPERT")
    assert position.profit == Decimal("6.00")
    assert book.parked == []
    told = [each for each in book.told if each[1] != E.ORDER_PARTIAL_FILL]
    assert sorted(told) == sorted(
        [
            ("dir-open", E.ORDER_PLACED),
            ("dir-open", E.ORDER_FILLED),
            ("dir-open", E.POSITION_OPENED),
            ("dir-close", E.ORDER_PLACED),
            ("dir-close", E.ORDER_FILLED),
            ("dir-close", E.POSITION_CLOSED),
        ]
    )
    assert told.index(("dir-open", E.POSITION_OPENED)) < told.index(("dir-close", E.POSITION_CLOSED))


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("SL", [E.SL_TRIGGERED, E.POSITION_CLOSED]),
        ("TP", [E.TP_TRIGGERED, E.POSITION_CLOSED]),
        ("SO", [E.POSITION_CLOSED]),
        ("CLIENT", [E.POSITION_CLOSED]),
    ],
)
def test_what_closed_while_nobody_looked_is_found_and_told_once_in_every_order(
    reason: str, told: list[EventType]
) -> None:
    out = msgspec.structs.replace(DEAL_OUT, magic=0, reason=reason)
    for facts in itertools.permutations([*entering(10, 20), out, out]):
        book = Book(OPEN).take(facts)
        assert [
            each for each in book.told if each[1] in (E.SL_TRIGGERED, E.TP_TRIGGERED, E.POSITION_CLOSED)
        ] == [("dir-open", each) for each in told]
        assert book.positions[POSITION].state is PositionState.CLOSED
        assert book.parked == []


def test_a_close_that_comes_before_its_open_waits_for_it() -> None:
    book = Book(OPEN, CLOSE).take([CLOSED_BY_COMMAND])
    assert (book.parked, book.events, book.positions) == ([CLOSED_BY_COMMAND], [], {})
    book.take([entering(10)[0]])
    assert book.parked == [CLOSED_BY_COMMAND]
    book.take([entering(10, 20)[1]])
    assert book.parked == []
    assert book.told[-1] == ("dir-close", E.POSITION_CLOSED)


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
def test_the_last_word_on_a_position_closed_in_parts_is_its_final_totals(facts: list[AnyFact]) -> None:
    """Also where a part of the closing overtakes a part of the opening."""
    book = Book(OPEN).take(facts)
    position = book.positions[POSITION]
    assert (position.state, position.volume) == (PositionState.CLOSED, ZERO)
    *_, closed = (draft.event for draft in book.events if draft.event.event_type is E.POSITION_CLOSED)
    assert closed.fill_quantity == Decimal("0.30")
    assert closed.profit == position.profit


def test_a_repeated_deal_counts_once() -> None:
    (deal,) = entering(30)
    book = Book(OPEN).take([deal, deal, msgspec.structs.replace(deal, price=Decimal("1.09500"))])
    assert book.positions[POSITION].volume_in == Decimal("0.30")
    assert len(book.events) == 3
