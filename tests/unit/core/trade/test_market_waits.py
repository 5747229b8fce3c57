"""Waits for a closed market: who waits, until when, and what takes the place of a refused command."""

import itertools
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.link.messages import CommandKind
from bridge.core.link.reports import CommandReport, CommandStage, NotSentReason, TradeSession
from bridge.core.trade.apply_reports import apply_command
from bridge.core.trade.command_states import CommandState, table_of
from bridge.core.trade.directive_states import CommandProgress, DirectiveState, directive_state
from bridge.core.trade.market_waits import (
    LONGEST_PAUSE,
    MOST_APART,
    PAUSE,
    Wait,
    may_wait,
    next_opening,
    put_off,
    successor,
    target_of,
)
from bridge.core.trade.records import CommandRecord
from bridge.core.trade.retcodes import RETCODES
from bridge.core.units.mt5_retcodes import Retcode
from bridge.core.units.order_ids import OPENING, order_target, position_target
from tests.unit.core.samples import CLOSE, NOW, OPEN, SCENE
from tests.unit.core.trade.test_totality import command_of

CLOSED = Retcode.MARKET_CLOSED
KINDS = list(CommandKind)


def report(command: CommandRecord, stage: CommandStage, retcode: int = CLOSED) -> CommandReport:
    reason = NotSentReason.CHECK if stage is CommandStage.NOT_SENT else None
    return CommandReport(
        client_order_id=command.client_order_id,
        attempt=command.attempt,
        stage=stage,
        reason=reason,
        retcode=retcode,
        message="Market closed",
    )


def waits(
    kind: CommandKind,
    stage: CommandStage = CommandStage.RESULT,
    *,
    state: CommandState = CommandState.SUBMITTED,
    opens_wait: bool = True,
    retcode: int = CLOSED,
    directive_id: str = "dir-1",
    left: timedelta = timedelta(minutes=1),
) -> bool:
    command = msgspec.structs.replace(
        command_of(kind, state), directive_id=directive_id, expires_at=NOW + left
    )
    return may_wait(report(command, stage, retcode), command, opens_wait=opens_wait, at=NOW)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind is not CommandKind.OPEN])
@pytest.mark.parametrize("stage", [CommandStage.RESULT, CommandStage.NOT_SENT])
def test_close_change_and_cancel_wait_whoever_found_the_market_closed(
    kind: CommandKind, stage: CommandStage
) -> None:
    assert waits(kind, stage, opens_wait=False)


@pytest.mark.parametrize(
    ("stage", "opens_wait", "waiting"),
    [
        (CommandStage.NOT_SENT, True, True),
        (CommandStage.NOT_SENT, False, False),
        # Its one id must show whether it was sent.
        (CommandStage.RESULT, True, False),
        (CommandStage.RESULT, False, False),
    ],
)
def test_open_waits_where_it_was_not_sent_and_the_setting_says_so(
    stage: CommandStage, opens_wait: bool, waiting: bool
) -> None:
    assert waits(CommandKind.OPEN, stage, opens_wait=opens_wait) is waiting


def test_open_that_was_submitted_does_not_wait() -> None:
    command = msgspec.structs.replace(command_of(CommandKind.OPEN), state=CommandState.PLANNED)
    found = report(command, CommandStage.NOT_SENT)
    assert may_wait(found, command, opens_wait=True, at=NOW, submitted=False)
    assert not may_wait(found, command, opens_wait=True, at=NOW, submitted=True)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("retcode", [code for code in RETCODES if code != CLOSED])
def test_no_other_return_code_waits(kind: CommandKind, retcode: int) -> None:
    assert not waits(kind, retcode=retcode) and not waits(kind, CommandStage.NOT_SENT, retcode=retcode)


def test_nothing_waits_beyond_its_life_nor_a_flatten_nor_an_outcome_that_was_open() -> None:
    assert not waits(CommandKind.CLOSE, left=timedelta(0))
    assert not waits(CommandKind.CLOSE, directive_id="operator:flatten:2026-01-05T10:00:00Z:aa:rest:2")
    assert waits(CommandKind.CLOSE, directive_id="operator:stop:7001")
    for state in table_of(CommandKind.CLOSE):
        early = (CommandState.PLANNED, CommandState.DISPATCHED, CommandState.SUBMITTED)
        assert waits(CommandKind.CLOSE, state=state) is (state in early)


# The next try


def test_pause_doubles_up_to_its_cap() -> None:
    command, pauses = CLOSE, []
    for _ in range(6):
        command = put_off(command, NOW, None)
        assert command.not_before is not None
        pauses.append(command.not_before - NOW)
    assert pauses == [PAUSE, 2 * PAUSE, 4 * PAUSE, 8 * PAUSE, LONGEST_PAUSE, LONGEST_PAUSE]


def test_next_try_is_at_the_opening_and_a_refusal_there_counts_anew() -> None:
    for _ in range(5):
        command = put_off(CLOSE, NOW, NOW + timedelta(minutes=3))
    assert (command.not_before, command.closed_tries) == (NOW + timedelta(minutes=3), 0)
    assert put_off(command, NOW, None).not_before == NOW + PAUSE


def test_sessions_that_may_be_wrong_put_a_try_off_by_a_bounded_time() -> None:
    assert put_off(CLOSE, NOW, NOW + timedelta(days=2)).not_before == NOW + MOST_APART


@given(st.integers(0, 200), st.one_of(st.none(), st.timedeltas(timedelta(-1), timedelta(9))))
def test_next_try_is_always_later_and_never_far_away(tries: int, opens_in: timedelta | None) -> None:
    before = msgspec.structs.replace(CLOSE, closed_tries=tries)
    after = put_off(before, NOW, None if opens_in is None else NOW + opens_in).not_before
    assert after is not None and NOW < after <= NOW + MOST_APART


# Sessions


def sunday(days: int = 0, **time: int) -> int:
    """Return a broker time in ms, so long after the Sunday on which 4 January 2026 began."""
    begin = datetime(2026, 1, 4, tzinfo=UTC) + timedelta(days=days, **time)
    return int(begin.timestamp() * 1000)


WEEK = [TradeSession(day=day, from_s=300, to_s=86_400) for day in range(1, 6)]
"""Monday to Friday, from 00:05."""
NIGHTS = [TradeSession(day=day, from_s=22 * 3600, to_s=30 * 3600) for day in range(5)]
"""Sunday to Thursday, 22:00 to 06:00."""


@pytest.mark.parametrize(
    ("sessions", "at", "opens"),
    [
        (WEEK, sunday(hours=12), sunday(1, minutes=5)),
        (WEEK, sunday(1, minutes=5), None),
        (WEEK, sunday(1, minutes=4, seconds=59), sunday(1, minutes=5)),
        (WEEK, sunday(6), sunday(8, minutes=5)),
        (WEEK, sunday(5, hours=23, minutes=59), None),
        (NIGHTS, sunday(1, hours=5, minutes=59), None),
        (NIGHTS, sunday(1, hours=6), sunday(1, hours=22)),
        (NIGHTS, sunday(5, hours=6), sunday(7, hours=22)),
        ([TradeSession(day=3, from_s=0, to_s=60)], sunday(3, minutes=1), sunday(10)),
        ([], sunday(), None),
    ],
)
def test_next_opening_by_the_sessions(sessions: list[TradeSession], at: int, opens: int | None) -> None:
    assert next_opening(sessions, at) == opens


@given(
    st.lists(
        st.builds(
            TradeSession,
            day=st.integers(0, 6),
            from_s=st.integers(0, 86_399),
            to_s=st.integers(86_400, 172_800),
        ),
        min_size=1,
        max_size=9,
    ),
    st.integers(0, 14 * 86_400_000),
)
def test_market_is_open_at_the_next_opening_and_closed_until_then(
    sessions: list[TradeSession], after: int
) -> None:
    at = sunday() + after
    opens = next_opening(sessions, at)
    if opens is not None:
        assert at < opens <= at + 7 * 86_400_000
        assert next_opening(sessions, opens) is None
        assert next_opening(sessions, opens - 1000) == opens


# Transitions


@pytest.mark.parametrize("kind", KINDS)
def test_every_state_takes_a_closed_market_and_dispatches_nothing_by_it(kind: CommandKind) -> None:
    wait = Wait(NOW + timedelta(minutes=5))
    for state, stage in itertools.product(table_of(kind), [CommandStage.RESULT, CommandStage.NOT_SENT]):
        command = command_of(kind, state)
        outcome = apply_command(report(command, stage), command, SCENE, wait=wait)
        after = outcome.command or command
        assert after.state is not CommandState.DISPATCHED or state is CommandState.DISPATCHED
        if after.state is CommandState.REPLACED:
            # Its order will never be sent again; the successor's time is noted.
            assert state is CommandState.REPLACED or after.not_before == NOW + timedelta(minutes=5)
        refusals = [event.event.event_type for event in outcome.events]
        assert "ORDER_REJECTED" not in refusals or state in (
            CommandState.PLACED,
            CommandState.UNRESOLVED,
            CommandState.UNKNOWN,
        )


@pytest.mark.parametrize("kind", KINDS)
def test_command_that_was_not_sent_waits_itself(kind: CommandKind) -> None:
    command = command_of(kind, CommandState.DISPATCHED)
    outcome = apply_command(report(command, CommandStage.NOT_SENT), command, SCENE, wait=Wait())
    assert outcome.command is not None
    assert outcome.command.state is CommandState.PLANNED
    assert outcome.command.not_before == NOW + PAUSE
    [emitted] = outcome.events
    assert (emitted.event.event_type, emitted.event.event_class) == ("BROKER_ERROR", "INFO")
    assert emitted.event.error_code == str(CLOSED)
    assert emitted.subject == f"waits:{command.directive_id}"


def test_wait_is_reported_with_one_subject_for_all_commands_and_tries() -> None:
    subjects = set()
    for kind, stage in itertools.product(KINDS, [CommandStage.RESULT, CommandStage.NOT_SENT]):
        command = command_of(kind, CommandState.DISPATCHED)
        outcome = apply_command(report(command, stage), command, SCENE, wait=Wait())
        subjects |= {event.subject for event in outcome.events}
    assert subjects == {f"waits:{OPEN.directive_id}"}


def test_without_a_wait_a_closed_market_is_a_refusal() -> None:
    for kind in KINDS:
        command = command_of(kind, CommandState.SUBMITTED)
        outcome = apply_command(report(command, CommandStage.RESULT), command, SCENE)
        assert outcome.command is not None and outcome.command.state is CommandState.REJECTED


# Successors


def test_successor_has_an_id_of_its_own_and_what_is_left_to_do() -> None:
    refused = put_off(
        msgspec.structs.replace(
            CLOSE, state=CommandState.REPLACED, filled=Decimal("0.10"), attempt=3, reason="10018"
        ),
        NOW,
        None,
    )
    after = successor(refused, 77, 2)
    assert (after.client_order_id, after.number, after.order.volume) == (77, 2, Decimal("0.20"))
    assert (after.state, after.attempt, after.dispatched_at) == (CommandState.PLANNED, 0, None)
    assert (after.not_before, after.closed_tries, after.reason) == (NOW + PAUSE, 1, "10018")
    assert after.expires_at == refused.expires_at
    same = msgspec.structs.replace(
        after.order, client_order_id=refused.client_order_id, volume=refused.order.volume
    )
    assert same == refused.order
    assert successor(refused, 77, 2, Decimal("0.05")).order.volume == Decimal("0.05")


def test_target_of_an_order_is_the_one_that_its_id_was_made_of() -> None:
    close, modify, cancel = (command_of(kind).order for kind in KINDS if kind is not CommandKind.OPEN)
    close = msgspec.structs.replace(close, opener=99)
    assert target_of(command_of(CommandKind.OPEN).order) == OPENING
    assert target_of(close) == position_target(close.position, 99)
    assert target_of(msgspec.structs.replace(modify, opener=99)) == position_target(modify.position)
    assert target_of(cancel) == order_target(cancel.order)


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([CommandState.REPLACED], DirectiveState.WORKING),
        ([CommandState.REPLACED, CommandState.PLANNED], DirectiveState.WORKING),
        ([CommandState.REPLACED, CommandState.REPLACED, CommandState.FILLED], DirectiveState.FILLED),
        ([CommandState.REPLACED, CommandState.DONE], DirectiveState.DONE),
        ([CommandState.REPLACED, CommandState.REJECTED], DirectiveState.REJECTED),
        ([CommandState.FILLED, CommandState.REPLACED, CommandState.FILLED], DirectiveState.FILLED),
    ],
)
def test_directive_goes_by_the_successors(states: list[CommandState], expected: DirectiveState) -> None:
    progress = [CommandProgress(state, filled=state is CommandState.FILLED) for state in states]
    assert directive_state(progress) is expected
