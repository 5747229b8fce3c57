"""MODIFY and CANCEL commands, pending orders changed by manual trades, withdrawals and resolutions."""

from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest

from bridge.core.director.contract import EventType, OrderType
from bridge.core.link.messages import CommandKind, Order
from bridge.core.link.reports import CommandStage, Found, NotSentReason
from bridge.core.trade.apply_reports import apply_command, apply_order
from bridge.core.trade.command_states import CommandInput, CommandState, IllegalTransitionError
from bridge.core.trade.records import CommandRecord, Disposition, Outcome
from bridge.core.trade.retcodes import RETCODES, Verdict, verdict
from bridge.core.trade.transitions import (
    Resolution,
    abandon,
    apply_effect,
    dispatch_command,
    expire_command,
    give_up,
    resolve_command,
    withdraw,
)
from bridge.core.units.mt5_terms import OrderState, Side
from tests.unit.core.samples import CLIENT_ORDER_ID, GRACE, NOW, OPEN, ORDER, POSITION, SCENE, stage

S, E, I = CommandState, EventType, CommandInput  # noqa: E741 - as in the table itself

CHANGE_CLIENT_ORDER_ID = CLIENT_ORDER_ID + 5
MODIFY = CommandRecord(
    officer=OPEN.officer,
    directive_id="dir-modify",
    number=1,
    order=Order(
        client_order_id=CHANGE_CLIENT_ORDER_ID,
        kind=CommandKind.MODIFY,
        symbol="EURUSD",
        side=Side.BUY,
        position=POSITION,
        opener=CLIENT_ORDER_ID,
        stop_loss=Decimal("1.0940"),
    ),
    state=S.DISPATCHED,
    expires_at=NOW + timedelta(minutes=5),
    attempt=1,
    dispatched_at=NOW - GRACE,
    opening_directive_id="dir-open",
)
CANCEL = msgspec.structs.replace(
    MODIFY,
    directive_id="dir-cancel",
    order=msgspec.structs.replace(
        MODIFY.order, kind=CommandKind.CANCEL, position=0, order=8001, stop_loss=None
    ),
)
BOTH = pytest.mark.parametrize("command", [MODIFY, CANCEL], ids=["MODIFY", "CANCEL"])


def types(outcome: Outcome) -> list[str]:
    return [new_event.event.event_type for new_event in outcome.events]


def after(outcome: Outcome) -> CommandRecord:
    assert outcome.disposition is Disposition.APPLIED
    assert outcome.command is not None
    return outcome.command


def said(what: CommandStage, **fields: object) -> Outcome:
    """Return a stage of the MODIFY, as the terminal reports it."""
    report = msgspec.structs.replace(stage(what, client_order_id=CHANGE_CLIENT_ORDER_ID), **fields)
    return apply_command(report, MODIFY, SCENE)


@pytest.mark.parametrize("code", [*RETCODES, 0, 99_999])
def test_a_result_of_a_change_is_a_refusal_or_waits_to_be_seen(code: int) -> None:
    outcome = said(CommandStage.RESULT, retcode=code)
    if code == 10025:
        # No changes: the target is as requested already.
        expected = (S.DONE, [E.ORDER_PLACED])
    else:
        expected = {
            Verdict.ACCEPTED: (S.PLACED, []),
            Verdict.REFUSED: (S.REJECTED, [E.ORDER_REJECTED]),
            Verdict.OPEN: (S.UNRESOLVED, [E.BROKER_ERROR]),
        }[verdict(code)]
    assert (after(outcome).state, types(outcome)) == expected


@pytest.mark.parametrize("reason", list(NotSentReason))
def test_unsent_change_waits_again_or_ends(reason: NotSentReason) -> None:
    outcome = said(CommandStage.NOT_SENT, reason=reason, message="why")
    if reason is NotSentReason.NO_CHANGE:
        expected = (S.DONE, [E.ORDER_PLACED])
    elif reason.passing:
        expected = (S.PLANNED, [])
    else:
        expected = (S.NEVER_SENT, [E.ORDER_REJECTED])
    assert (after(outcome).state, types(outcome)) == expected


def test_no_change_is_no_answer_to_an_opening() -> None:
    report = msgspec.structs.replace(stage(CommandStage.NOT_SENT), reason=NotSentReason.NO_CHANGE)
    assert after(apply_command(report, OPEN, SCENE)).state is S.NEVER_SENT


@BOTH
def test_second_absence_ends_a_change_without_effect(command: CommandRecord) -> None:
    report = msgspec.structs.replace(
        stage(CommandStage.STATUS_REPLY, client_order_id=CHANGE_CLIENT_ORDER_ID),
        found=Found.NOTHING,
        connected_ms=30_000,
    )
    command = msgspec.structs.replace(command, state=S.UNRESOLVED)
    emitted = []
    for request_no in (1, 2, 3):
        outcome = apply_command(msgspec.structs.replace(report, request_no=request_no), command, SCENE)
        command = after(outcome)
        emitted.append(types(outcome))
    assert emitted == [[], [E.ORDER_REJECTED], []]
    assert (command.state, command.reason) == (S.REJECTED, "NO_EFFECT")


@BOTH
def test_nothing_but_a_planned_change_is_dispatched(command: CommandRecord) -> None:
    planned = msgspec.structs.replace(command, state=S.PLANNED)
    assert dispatch_command(planned, NOW).state is S.DISPATCHED
    for state in (S.DISPATCHED, S.SUBMITTED, S.PLACED, S.UNRESOLVED, S.UNKNOWN, S.DONE, S.REJECTED):
        with pytest.raises(IllegalTransitionError):
            dispatch_command(msgspec.structs.replace(command, state=state), NOW)


@BOTH
def test_a_change_that_was_not_sent_in_its_time_is_over(command: CommandRecord) -> None:
    planned = msgspec.structs.replace(command, state=S.PLANNED)
    outcome = expire_command(planned, NOW, waited_for="the terminal is silent")
    assert (after(outcome).state, types(outcome)) == (S.NEVER_SENT, [E.ORDER_REJECTED])
    assert expire_command(command, NOW, waited_for="") == Outcome(disposition=Disposition.APPLIED)


@BOTH
def test_a_change_of_which_nobody_speaks_is_unknown(command: CommandRecord) -> None:
    outcome = give_up(command, NOW)
    assert (after(outcome).state, types(outcome)) == (S.UNKNOWN, [E.SYSTEM_ERROR])


@pytest.mark.parametrize(
    ("command", "what", "emitted", "code"),
    [
        (MODIFY, I.EFFECT_SEEN, E.ORDER_PLACED, None),
        (CANCEL, I.EFFECT_SEEN, E.ORDER_CANCELLED, None),
        (MODIFY, I.TARGET_GONE, E.ORDER_REJECTED, "TARGET_GONE"),
        (CANCEL, I.TARGET_FILLED, E.ORDER_REJECTED, "TARGET_FILLED"),
    ],
)
def test_effect_on_the_target_ends_a_sent_change(
    command: CommandRecord, what: CommandInput, emitted: EventType, code: str | None
) -> None:
    sent = msgspec.structs.replace(command, state=S.SUBMITTED)
    outcome = apply_effect(sent, what, NOW)
    (new_event,) = outcome.events
    assert (new_event.event.event_type, new_event.event.error_code) == (emitted, code)
    assert new_event.event.opening_directive_id == "dir-open"
    assert after(outcome).state.over
    # Once.
    assert apply_effect(after(outcome), what, NOW).events == ()


# Pending orders


LIMIT = msgspec.structs.replace(
    OPEN, order=msgspec.structs.replace(OPEN.order, order_type=OrderType.LIMIT, price=Decimal("1.0800"))
)
ON_BOOK = msgspec.structs.replace(
    ORDER,
    type="BUY_LIMIT",
    price=Decimal("1.0800"),
    stop_loss=LIMIT.order.stop_loss,
    take_profit=LIMIT.order.take_profit,
    expires_server_ms=9,
)


@pytest.mark.parametrize("kind", ["BUY_LIMIT", "BUY_STOP", "BUY_STOP_LIMIT", "BUY"])
def test_a_pending_order_is_its_commands_by_client_order_id_and_side(kind: str) -> None:
    """A stop-limit order becomes a limit order by itself; only the side can never change."""
    outcome = apply_order(msgspec.structs.replace(ON_BOOK, type=kind), LIMIT, SCENE)
    assert (after(outcome).state, types(outcome)) == (S.PLACED, [E.ORDER_PLACED])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("price", Decimal("1.0790")),
        ("stop_loss", Decimal("1.06")),
        ("stop_loss", None),
        ("take_profit", Decimal("1.2")),
        ("expires_server_ms", 0),
    ],
)
def test_pending_order_changed_by_a_manual_trade_is_emitted(field: str, value: object) -> None:
    placed = msgspec.structs.replace(LIMIT, state=S.PLACED)
    seen = msgspec.structs.replace(ON_BOOK, **{field: value})
    outcome = apply_order(seen, placed, SCENE, before=ON_BOOK)
    assert [(new_event.event.event_type, new_event.event.action) for new_event in outcome.events] == [
        (E.ORDER_PLACED, "CHANGED")
    ]
    assert apply_order(seen, placed, SCENE, before=ON_BOOK, explained=True).events == ()
    # At the first sight it is held against what was asked; the expiry is the terminal's to fit to the symbol.
    first = apply_order(seen, placed, SCENE)
    assert [new_event.event.action for new_event in first.events] == (
        [] if field == "expires_server_ms" else ["CHANGED"]
    )
    assert apply_order(seen, placed, SCENE, explained=True).events == ()
    # What is off the book cannot be changed any more.
    gone = msgspec.structs.replace(seen, state=OrderState.CANCELED, time_done_server_ms=5)
    assert types(apply_order(gone, placed, SCENE, before=ON_BOOK)) == [E.ORDER_CANCELLED]


def test_partly_filled_pending_order_emits_no_change() -> None:
    placed = msgspec.structs.replace(LIMIT, state=S.PLACED)
    seen = msgspec.structs.replace(ON_BOOK, state=OrderState.PARTIAL, volume_current=Decimal("0.10"))
    assert apply_order(seen, placed, SCENE, before=ON_BOOK).events == ()


# Resolutions of an operator, and withdrawals


OPENED = msgspec.structs.replace(OPEN, order_ticket=8001)


@pytest.mark.parametrize("state", [S.UNRESOLVED, S.UNKNOWN])
@pytest.mark.parametrize(
    ("command", "resolution", "ends", "emitted"),
    [
        (OPENED, Resolution.FILLED, S.FILLED, E.ORDER_FILLED),
        (OPENED, Resolution.REJECTED, S.REJECTED, E.ORDER_REJECTED),
        (OPENED, Resolution.CANCELLED, S.CANCELLED, E.ORDER_CANCELLED),
        (MODIFY, Resolution.FILLED, S.DONE, E.ORDER_PLACED),
        (MODIFY, Resolution.REJECTED, S.REJECTED, E.ORDER_REJECTED),
        (MODIFY, Resolution.CANCELLED, S.REJECTED, E.ORDER_REJECTED),
        (CANCEL, Resolution.FILLED, S.DONE, E.ORDER_CANCELLED),
        (CANCEL, Resolution.REJECTED, S.REJECTED, E.ORDER_REJECTED),
    ],
)
def test_resolution_ends_a_command_of_open_outcome(
    state: CommandState,
    command: CommandRecord,
    resolution: Resolution,
    ends: CommandState,
    emitted: EventType,
) -> None:
    open_one = msgspec.structs.replace(command, state=state)
    outcome = resolve_command(open_one, resolution, NOW, note="seen at the broker", price=Decimal("1.1"))
    assert (after(outcome).state, types(outcome)) == (ends, [emitted])
    assert after(outcome).reason == "RESOLVED"
    assert after(outcome).message == "resolved by an operator: seen at the broker"
    (event,) = (new_event.event for new_event in outcome.events)
    if emitted is E.ORDER_FILLED:
        assert (event.fill_price, event.fill_quantity) == (Decimal("1.1"), Decimal("0.30"))


@pytest.mark.parametrize("resolution", list(Resolution))
@pytest.mark.parametrize("state", [each for each in S if each not in (S.UNRESOLVED, S.UNKNOWN, S.DONE)])
def test_a_persons_word_moves_nothing_that_is_known(state: CommandState, resolution: Resolution) -> None:
    known = msgspec.structs.replace(OPENED, state=state)
    outcome = resolve_command(known, resolution, NOW, note="x")
    assert outcome.events == ()
    assert outcome.command is None or outcome.command.state is state


def test_deal_after_a_resolution_as_rejected_still_counts() -> None:
    doubted = msgspec.structs.replace(OPENED, state=S.UNKNOWN)
    rejected = after(resolve_command(doubted, Resolution.REJECTED, NOW, note="not there"))
    accepted = apply_command(stage(CommandStage.RESULT, retcode=10009), rejected, SCENE)
    assert after(accepted).state is S.PLACED


@pytest.mark.parametrize(
    ("command", "ends", "emitted"),
    [
        (OPENED, S.CANCELLED, E.ORDER_CANCELLED),
        (MODIFY, S.NEVER_SENT, E.ORDER_REJECTED),
        (CANCEL, S.NEVER_SENT, E.ORDER_REJECTED),
    ],
)
def test_what_was_not_sent_can_be_taken_back(
    command: CommandRecord, ends: CommandState, emitted: EventType
) -> None:
    planned = msgspec.structs.replace(command, state=S.PLANNED)
    outcome = withdraw(planned, NOW, by="directive dir-cancel")
    assert (after(outcome).state, types(outcome)) == (ends, [emitted])
    assert after(outcome).reason == "WITHDRAWN"
    assert after(outcome).message == "cancelled by directive dir-cancel before it was sent"
    # What may have been sent stays as it is.
    assert withdraw(command, NOW, by="x").events == ()
    assert after(withdraw(command, NOW, by="x")).state is S.DISPATCHED


@pytest.mark.parametrize("command", [OPENED, MODIFY, CANCEL])
def test_a_limit_or_a_halt_ends_what_was_not_sent_with_its_reason(command: CommandRecord) -> None:
    planned = msgspec.structs.replace(command, state=S.PLANNED)
    outcome = abandon(planned, NOW, code="HALTED", message="news")
    assert after(outcome).state is S.NEVER_SENT
    (new_event,) = outcome.events
    assert (new_event.event.event_type, new_event.event.error_code, new_event.event.error_message) == (
        E.ORDER_REJECTED,
        "HALTED",
        "news",
    )


def test_no_changes_says_nothing_good_of_a_cancel() -> None:
    report = stage(CommandStage.RESULT, client_order_id=CANCEL.client_order_id, retcode=10025)
    outcome = apply_command(report, CANCEL, SCENE)
    assert (after(outcome).state, types(outcome)) == (S.REJECTED, [E.ORDER_REJECTED])
