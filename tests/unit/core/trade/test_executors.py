"""The one executor of a command: ages of dispatches, waits, and the answers that count."""

import pytest
from msgspec.structs import replace

from bridge.core.link.reports import CommandReport, CommandStage, Found, NotSentReason
from bridge.core.trade.command_states import CommandState
from bridge.core.trade.executors import HELD, KEPT, Dispatch, DispatchClock, answer_counts, longest_wait
from tests.unit.core.samples import CLIENT_ORDER_ID, stage

FIRST, SECOND = "a" * 32, "b" * 32
LEDGER, OTHER_LEDGER = "1" * 32, "2" * 32
MARGIN_S = 10.0
DISPATCH = Dispatch(
    client_order_id=CLIENT_ORDER_ID, instance_id=FIRST, ledger_id=LEDGER, deadline_s=5.0, age_s=0.0
)
NOT_SENT = replace(stage(CommandStage.NOT_SENT), reason=NotSentReason.NO_INTENT)
ABSENT = replace(stage(CommandStage.STATUS_REPLY), found=Found.NOTHING)


def counts(
    report: CommandReport, *, age_s: float, instance_id: str = SECOND, ledger_id: str = LEDGER
) -> bool:
    return answer_counts(
        report,
        replace(DISPATCH, age_s=age_s),
        instance_id=instance_id,
        ledger_id=ledger_id,
        margin_s=MARGIN_S,
    )


def test_age_is_counted_from_the_last_dispatch_of_this_process() -> None:
    clock = DispatchClock(100.0)
    clock.note(1, 105.0)
    clock.note(1, 110.0)
    assert clock.age_s(1, 112.5) == 2.5


def test_age_of_a_dispatch_by_an_earlier_process_is_counted_from_the_start() -> None:
    assert DispatchClock(100.0).age_s(1, 104.0) == 4.0


def test_forgotten_dispatch_is_older_than_any_wait() -> None:
    clock = DispatchClock(0.0)
    for client_order_id in range(1, KEPT + 1):
        clock.note(client_order_id, 1.0)
    clock.note(KEPT + 1, 5000.0)
    assert clock.age_s(1, 5000.0) == 5000.0
    assert clock.age_s(KEPT + 1, 5001.0) == 1.0


@pytest.mark.parametrize("report", [NOT_SENT, ABSENT, replace(NOT_SENT, reason=NotSentReason.TRADING_OFF)])
def test_denial_of_another_instance_counts_once_deadline_and_margin_are_over(report: CommandReport) -> None:
    assert not counts(report, age_s=14.999)
    assert counts(report, age_s=15.0)
    assert counts(report, age_s=0.0, instance_id=FIRST)


@pytest.mark.parametrize(
    "what", [CommandStage.RECEIVED, CommandStage.SUBMITTED, CommandStage.RESULT, CommandStage.STATUS_REPLY]
)
def test_evidence_of_another_instance_counts_at_once(what: CommandStage) -> None:
    assert counts(stage(what), age_s=0.0)


def test_missing_intent_in_another_ledger_never_counts() -> None:
    assert not counts(NOT_SENT, age_s=3600.0, ledger_id=OTHER_LEDGER)
    assert not counts(NOT_SENT, age_s=3600.0, ledger_id=OTHER_LEDGER, instance_id=FIRST)


def test_answer_about_a_command_that_was_never_dispatched_counts() -> None:
    assert answer_counts(NOT_SENT, None, instance_id=SECOND, ledger_id=OTHER_LEDGER, margin_s=MARGIN_S)


def test_takeover_waits_for_the_youngest_dispatch_of_another_instance() -> None:
    older, younger = replace(DISPATCH, age_s=9.0), replace(DISPATCH, client_order_id=2, age_s=3.0)
    assert longest_wait([older, younger], SECOND, MARGIN_S) == younger
    assert longest_wait([older, younger], FIRST, MARGIN_S) is None
    assert longest_wait([replace(DISPATCH, age_s=15.0)], SECOND, MARGIN_S) is None
    assert longest_wait([], SECOND, MARGIN_S) is None


def test_command_is_held_wherever_a_further_attempt_or_an_end_without_a_trade_could_follow() -> None:
    assert set(HELD) == {
        CommandState.DISPATCHED,
        CommandState.SUBMITTED,
        CommandState.UNRESOLVED,
        CommandState.UNKNOWN,
    }
