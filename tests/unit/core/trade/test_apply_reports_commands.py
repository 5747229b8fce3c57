"""Stages of a command and states of its order, applied one at a time."""

from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest

from bridge.core.director.contract import EventType
from bridge.core.link.reports import CommandStage, Found, NotSentReason
from bridge.core.trade.apply_reports import ABSENCES_NEEDED, apply_command, apply_order
from bridge.core.trade.command_states import CommandState, IllegalTransitionError
from bridge.core.trade.records import CommandRecord, Disposition, Outcome
from bridge.core.trade.retcodes import RETCODES, Verdict, verdict
from bridge.core.trade.transitions import dispatch_command, expire_command
from bridge.core.units.mt5_terms import OrderState
from tests.unit.core.samples import CLIENT_ORDER_ID, CLOSE, GRACE, NOW, OFFICER, OPEN, ORDER, SCENE, stage

S, E = CommandState, EventType


def types(outcome: Outcome) -> list[str]:
    return [new_event.event.event_type for new_event in outcome.events]


def after(outcome: Outcome) -> CommandRecord:
    assert outcome.disposition is Disposition.APPLIED
    assert outcome.command is not None
    return outcome.command


@pytest.mark.parametrize("code", [*RETCODES, 0, 10005, 10037, 99_999])
def test_a_result_ends_as_its_code_says_and_leaves_the_rest_open(code: int) -> None:
    outcome = apply_command(stage(CommandStage.RESULT, retcode=code), OPEN, SCENE)
    state, emitted = {
        Verdict.ACCEPTED: (S.PLACED, E.ORDER_PLACED),
        Verdict.REFUSED: (S.REJECTED, E.ORDER_REJECTED),
        Verdict.OPEN: (S.UNRESOLVED, E.BROKER_ERROR),
    }[verdict(code)]
    assert after(outcome).state is state
    assert types(outcome) == [emitted]
    error = outcome.events[0].event.error_code
    assert error == (None if state is S.PLACED else str(code))


def test_a_refusal_names_code_and_the_brokers_words() -> None:
    report = msgspec.structs.replace(stage(CommandStage.RESULT, retcode=10019), message="not enough money")
    (new_event,) = apply_command(report, OPEN, SCENE).events
    assert new_event.event.error_message == "NO_MONEY (10019): not enough money"


def test_a_result_brings_the_orders_ticket_and_silence_does_not_take_it_away() -> None:
    report = msgspec.structs.replace(stage(CommandStage.RESULT, retcode=10009), order=8001)
    placed = after(apply_command(report, OPEN, SCENE))
    assert placed.order_ticket == 8001
    again = after(apply_command(stage(CommandStage.SUBMITTED), placed, SCENE))
    assert again.order_ticket == 8001


def test_received_changes_nothing() -> None:
    assert apply_command(stage(CommandStage.RECEIVED), OPEN, SCENE) == Outcome(
        disposition=Disposition.APPLIED
    )


def test_submitted_means_that_the_broker_may_have_it() -> None:
    assert after(apply_command(stage(CommandStage.SUBMITTED), OPEN, SCENE)).state is S.SUBMITTED


@pytest.mark.parametrize("reason", [*NotSentReason, None])
def test_what_was_not_sent_waits_again_or_is_over(reason: NotSentReason | None) -> None:
    report = msgspec.structs.replace(stage(CommandStage.NOT_SENT), reason=reason, message="why")
    outcome = apply_command(report, OPEN, SCENE)
    passing = reason is not None and reason.passing
    assert after(outcome).state is (S.PLANNED if passing else S.NEVER_SENT)
    assert types(outcome) == ([] if passing else [E.ORDER_REJECTED])
    if not passing:
        event = outcome.events[0].event
        assert (event.error_code, event.error_message) == (reason or "NOT_SENT", "why")


def test_what_order_check_refused_names_its_code() -> None:
    report = msgspec.structs.replace(
        stage(CommandStage.NOT_SENT, retcode=10014), reason=NotSentReason.CHECK, message=""
    )
    event = apply_command(report, OPEN, SCENE).events[0].event
    assert (event.error_code, event.error_message) == ("10014", "INVALID_VOLUME (10014)")


@pytest.mark.parametrize("reason", [NotSentReason.LATE, NotSentReason.INPUTS])
def test_not_sent_of_an_earlier_dispatch_says_nothing_of_a_later_one(reason: NotSentReason) -> None:
    again = msgspec.structs.replace(OPEN, attempt=2)
    report = msgspec.structs.replace(stage(CommandStage.NOT_SENT, attempt=1), reason=reason)
    assert apply_command(report, again, SCENE) == Outcome(disposition=Disposition.APPLIED)


@pytest.mark.parametrize("what", list(CommandStage))
def test_unknown_client_order_id_is_kept_and_quarantines_the_officer(what: CommandStage) -> None:
    outcome = apply_command(stage(what), None, SCENE)
    assert outcome.disposition is Disposition.UNUSABLE
    assert str(CLIENT_ORDER_ID) in outcome.note and str(CLIENT_ORDER_ID) in outcome.quarantine
    assert (outcome.command, outcome.events) == (None, ())


@pytest.mark.parametrize("what", list(CommandStage))
def test_unknown_attempt_is_applied_and_quarantines_the_officer(
    what: CommandStage,
) -> None:
    """The journal is an old copy: the terminal was given more than it remembers."""
    forgotten = msgspec.structs.replace(OPEN, state=S.PLANNED, attempt=0)
    outcome = apply_command(stage(what, retcode=10009), forgotten, SCENE)
    assert outcome.disposition is Disposition.APPLIED
    assert "old copy" in outcome.quarantine
    state = {CommandStage.SUBMITTED: S.SUBMITTED, CommandStage.RESULT: S.PLACED}.get(what)
    assert state is None or after(outcome).state is state


def status_reply(connected: timedelta, found: Found = Found.NOTHING) -> CommandRecord:
    report = msgspec.structs.replace(
        stage(CommandStage.STATUS_REPLY), found=found, connected_ms=int(connected.total_seconds() * 1000)
    )
    return after(apply_command(report, dispatched(GRACE), SCENE))


def dispatched(ago: timedelta) -> CommandRecord:
    return msgspec.structs.replace(OPEN, dispatched_at=NOW - ago)


MS = timedelta(milliseconds=1)


@pytest.mark.parametrize(
    ("waited", "connected", "counts"),
    [
        (GRACE, GRACE, True),
        (GRACE - MS, GRACE, False),
        (GRACE, GRACE - MS, False),
        (10 * GRACE, 10 * GRACE, True),
        (timedelta(0), 10 * GRACE, False),
        (10 * GRACE, timedelta(0), False),
    ],
)
def test_absence_counts_once_both_waits_are_over(
    waited: timedelta, connected: timedelta, counts: bool
) -> None:
    report = msgspec.structs.replace(
        stage(CommandStage.STATUS_REPLY),
        found=Found.NOTHING,
        connected_ms=int(connected.total_seconds() * 1000),
    )
    outcome = apply_command(report, dispatched(waited), SCENE)
    assert (after(outcome).absences, after(outcome).state) == (int(counts), S.DISPATCHED)
    assert outcome.events == ()


@pytest.mark.parametrize("found", [Found.UNSEARCHED, None])
def test_what_was_not_searched_is_no_absence(found: Found | None) -> None:
    report = msgspec.structs.replace(stage(CommandStage.STATUS_REPLY), found=found, connected_ms=10**9)
    assert after(apply_command(report, dispatched(10 * GRACE), SCENE)).absences == 0


def test_a_command_whose_dispatch_time_is_unknown_is_never_absent() -> None:
    report = msgspec.structs.replace(
        stage(CommandStage.STATUS_REPLY), found=Found.NOTHING, connected_ms=10**9
    )
    command = msgspec.structs.replace(OPEN, dispatched_at=None, absences=ABSENCES_NEEDED - 1)
    assert after(apply_command(report, command, SCENE)).state is S.DISPATCHED


@pytest.mark.parametrize("state", [S.DISPATCHED, S.SUBMITTED, S.UNRESOLVED, S.PLACED])
def test_second_absence_makes_the_outcome_unknown_once(state: CommandState) -> None:
    command = msgspec.structs.replace(dispatched(GRACE), state=state)
    report = msgspec.structs.replace(
        stage(CommandStage.STATUS_REPLY), found=Found.NOTHING, connected_ms=30_000
    )
    emitted = []
    for request_no in (1, 2, 3):
        outcome = apply_command(msgspec.structs.replace(report, request_no=request_no), command, SCENE)
        command = after(outcome)
        emitted.append(types(outcome))
    assert emitted == [[], [E.SYSTEM_ERROR], []]
    assert command.state is S.UNKNOWN


def test_a_new_dispatch_forgets_the_absences_of_the_one_before() -> None:
    planned = msgspec.structs.replace(OPEN, state=S.PLANNED, absences=1)
    again = dispatch_command(planned, NOW)
    assert (again.state, again.attempt, again.absences) == (S.DISPATCHED, 2, 0)
    assert again.dispatched_at == again.touched_at == NOW


@pytest.mark.parametrize("state", [each for each in CommandState if each is not S.PLANNED])
def test_nothing_but_a_planned_command_is_dispatched(state: CommandState) -> None:
    with pytest.raises(IllegalTransitionError):
        dispatch_command(msgspec.structs.replace(OPEN, state=state), NOW)


@pytest.mark.parametrize(
    ("waited_for", "message", "why"),
    [
        ("the terminal is silent", "the market is closed", ": the terminal is silent"),
        ("", "the market is closed", ": the market is closed"),
        ("", "", ""),
    ],
)
def test_unsent_command_expires_with_the_reason_of_its_wait(waited_for: str, message: str, why: str) -> None:
    planned = msgspec.structs.replace(OPEN, state=S.PLANNED, message=message)
    outcome = expire_command(planned, NOW, waited_for=waited_for)
    assert after(outcome).state is S.NEVER_SENT
    (new_event,) = outcome.events
    assert (new_event.event.event_type, new_event.event.error_code) == (E.ORDER_REJECTED, "EXPIRED")
    assert (
        new_event.event.error_message == f"expired at 2026-01-04T10:05:00.000Z before it could be sent{why}"
    )


@pytest.mark.parametrize("state", [each for each in CommandState if each not in (S.PLANNED, S.DONE)])
def test_what_may_have_been_sent_does_not_expire(state: CommandState) -> None:
    command = msgspec.structs.replace(OPEN, state=state)
    assert expire_command(command, NOW, waited_for="") == Outcome(disposition=Disposition.APPLIED)


@pytest.mark.parametrize("state", list(OrderState))
def test_an_order_of_ours_says_where_its_command_stands(state: OrderState) -> None:
    outcome = apply_order(msgspec.structs.replace(ORDER, state=state), OPEN, SCENE)
    stands, emitted = {
        OrderState.CANCELED: (S.CANCELLED, [E.ORDER_PLACED, E.ORDER_CANCELLED]),
        OrderState.EXPIRED: (S.CANCELLED, [E.ORDER_PLACED, E.ORDER_CANCELLED]),
        OrderState.REJECTED: (S.REJECTED, [E.ORDER_REJECTED]),
    }.get(state, (S.PLACED, [E.ORDER_PLACED]))
    assert (after(outcome).state, types(outcome)) == (stands, emitted)
    assert after(outcome).order_ticket == 8001
    assert {new_event.event.broker_order_id for new_event in outcome.events} == {"8001"}
    assert {new_event.event.reported_by for new_event in outcome.events} == {OFFICER}


@pytest.mark.parametrize(
    ("left", "stands"), [("0.10", S.CANCELLED), ("0", S.PLACED)], ids=["a rest was dropped", "all was filled"]
)
@pytest.mark.parametrize("state", [OrderState.PARTIAL, OrderState.FILLED])
def test_an_order_that_is_done_with_volume_left_is_gone_whatever_its_state(
    state: OrderState, left: str, stands: CommandState
) -> None:
    done = msgspec.structs.replace(
        ORDER, state=state, time_done_server_ms=ORDER.time_setup_server_ms, volume_current=Decimal(left)
    )
    assert after(apply_order(done, OPEN, SCENE)).state is stands


def test_an_order_is_dated_by_the_broker_in_utc() -> None:
    done = msgspec.structs.replace(ORDER, time_done_server_ms=ORDER.time_setup_server_ms + 5000)
    assert apply_order(ORDER, OPEN, SCENE).events[0].event.occurred_at == NOW
    assert apply_order(done, OPEN, SCENE).events[0].event.occurred_at == NOW + timedelta(seconds=5)


def test_an_order_without_a_command_is_somebody_elses() -> None:
    assert apply_order(ORDER, None, SCENE) == Outcome(disposition=Disposition.FOREIGN)


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("symbol", "GBPUSD", "its symbol is GBPUSD, not EURUSD"),
        ("type", "SELL", "its type is SELL, not BUY"),
        ("type", "SELL_LIMIT", "its type is SELL_LIMIT, not BUY"),
        ("type", "CLOSE_BY", "its type is CLOSE_BY, not BUY"),
        ("reason", "CLIENT", "its reason is CLIENT, not EXPERT"),
    ],
)
def test_order_that_contradicts_its_command_is_unusable(field: str, value: str, says: str) -> None:
    outcome = apply_order(msgspec.structs.replace(ORDER, **{field: value}), OPEN, SCENE)
    assert outcome.disposition is Disposition.UNUSABLE
    assert says in outcome.note
    assert (outcome.command, outcome.events) == (None, ())


def test_the_order_of_a_close_that_came_too_late_bears_the_number_of_what_it_opened_on_a_netting_account() -> (
    None
):
    order = msgspec.structs.replace(ORDER, magic=CLOSE.client_order_id, type="SELL", position_id=7002)
    assert apply_order(order, CLOSE, SCENE).disposition is Disposition.UNUSABLE
    netted = apply_order(order, CLOSE, SCENE, netting=True)
    assert (netted.disposition, after(netted).order_ticket) == (Disposition.APPLIED, 8001)


@pytest.mark.parametrize("reason", ["SL", "TP", "SO"])
def test_order_of_a_stop_is_foreign_without_an_alarm(reason: str) -> None:
    """Servers let it bear the position's magic, which is the opener's client order id."""
    stop = msgspec.structs.replace(
        ORDER, ticket=8101, type="SELL", reason=reason, position_id=7001, state=OrderState.FILLED
    )
    outcome = apply_order(stop, msgspec.structs.replace(OPEN, state=S.FILLED), SCENE)
    assert outcome.disposition is not Disposition.UNUSABLE
    assert (outcome.command, outcome.events) == (None, ())


@pytest.mark.parametrize("side", ["SELL", "BUY"])
def test_order_of_the_server_that_reopens_a_position_is_foreign_without_an_alarm(side: str) -> None:
    """A server may let it bear the position's magic. An order of a program has the reason EXPERT."""
    reopening = msgspec.structs.replace(
        ORDER, ticket=8101, type=side, reason="CLIENT", position_id=7001, state=OrderState.FILLED
    )
    filled = msgspec.structs.replace(OPEN, state=S.FILLED, order_ticket=7001)
    assert apply_order(reopening, filled, SCENE) == Outcome(disposition=Disposition.FOREIGN)
    by_a_program = msgspec.structs.replace(reopening, type="SELL", reason="EXPERT")
    assert apply_order(by_a_program, filled, SCENE).disposition is Disposition.UNUSABLE


@pytest.mark.parametrize(
    "before",
    [
        msgspec.structs.replace(stage(CommandStage.NOT_SENT), reason=NotSentReason.LATE, message="too late"),
        stage(CommandStage.RESULT, retcode=10012),
    ],
    ids=["a late dispatch", "a lost answer"],
)
def test_a_refusal_seen_at_the_broker_is_not_emitted_with_the_reason_of_something_else(
    before: object,
) -> None:
    assert isinstance(before, type(stage(CommandStage.RESULT)))
    command = after(apply_command(before, OPEN, SCENE))
    if command.state is S.PLANNED:
        command = dispatch_command(command, NOW)
    (new_event,) = apply_order(
        msgspec.structs.replace(ORDER, state=OrderState.REJECTED), command, SCENE
    ).events
    assert new_event.event.event_type is E.ORDER_REJECTED
    assert new_event.event.error_code == "ORDER_STATE_REJECTED"


def test_activated_stop_limit_order_emits_no_change() -> None:
    """The server turns it into the limit order that it stands for."""
    waiting = msgspec.structs.replace(
        ORDER,
        state=OrderState.PLACED,
        type="BUY_STOP_LIMIT",
        price=Decimal("1.1000"),
        limit_price=Decimal("1.0990"),
        volume_current=ORDER.volume_initial,
        time_done_server_ms=0,
    )
    woken = msgspec.structs.replace(waiting, type="BUY_LIMIT", price=Decimal("1.0990"), limit_price=None)
    placed = msgspec.structs.replace(OPEN, state=S.PLACED)
    assert types(apply_order(woken, placed, SCENE, before=waiting)) == []
    moved = msgspec.structs.replace(woken, price=Decimal("1.0980"))
    assert types(apply_order(moved, placed, SCENE, before=waiting)) == [E.ORDER_PLACED]
