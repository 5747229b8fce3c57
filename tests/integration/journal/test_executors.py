"""One executor for each command: takeovers, and answers of other instances, before and after its deadline."""

from datetime import timedelta

import pytest

from bridge.core.link.messages import LedgerIdentity, Order, RefusalCode
from bridge.core.link.reports import NotSentReason
from bridge.core.settings import LinkSettings
from bridge.journal.steps.sessions import NotOpened, Opened

from .bench import INSTANCE_ID, LEDGER, JournalBench, closing, directive, settings
from .conftest import MakeBench
from .reports import absent, deal, not_sent, submitted

COPY = "c0" * 16
"""Instance that runs from a copy of the first one's terminal folder: its ledger has the same id."""
NO_INTENT = NotSentReason.NO_INTENT
LINK = settings().link
WINDOW_S = LINK.command_deadline_s + LINK.takeover_margin_s


@pytest.fixture
def order(joined: JournalBench) -> Order:
    """The order of one command that is with the first instance."""
    [command] = joined.sent(directive())
    return command.order


def admit_behind_the_journal(bench: JournalBench, instance_id: str) -> None:
    """Open an epoch of another instance as a sidecar without a rule for takeovers would."""
    bench.epoch = bench.connection.execute(
        "INSERT INTO sessions (officer, instance_id, ledger_id, program, opened_at)"
        " SELECT officer, ?, ledger_id, program, opened_at FROM sessions RETURNING epoch",
        (instance_id,),
    ).fetchone()["epoch"]
    bench.connection.commit()


def refusal(bench: JournalBench, instance_id: str = COPY) -> NotOpened:
    refused = bench.try_join(instance_id=instance_id)
    assert isinstance(refused, NotOpened)
    return refused


def test_other_instance_is_not_admitted_before_deadline_and_margin_of_a_command(
    joined: JournalBench, order: Order
) -> None:
    for waited_s in (0, 4.6, WINDOW_S - 4.6 - 0.001):
        joined.later(waited_s)
        refused = refusal(joined)
        assert refused.code is RefusalCode.TAKEOVER
        assert str(order.client_order_id) in refused.message
    joined.later(0.001)
    assert isinstance(joined.try_join(instance_id=COPY), Opened)


def test_other_instance_is_admitted_at_once_where_no_command_can_be_executed(joined: JournalBench) -> None:
    assert isinstance(joined.try_join(instance_id=COPY), Opened)


def test_other_instance_is_admitted_at_once_after_the_outcome_is_known(
    joined: JournalBench, order: Order
) -> None:
    joined.report(submitted(order), deal(order))
    assert isinstance(joined.try_join(instance_id=COPY), Opened)


def test_same_instance_is_admitted_at_any_time(joined: JournalBench, order: Order) -> None:
    assert isinstance(joined.try_join(), Opened)


def test_missing_intent_of_another_instance_does_not_count_before_deadline_and_margin(
    joined: JournalBench, order: Order
) -> None:
    admit_behind_the_journal(joined, COPY)
    joined.later(WINDOW_S - 0.001)
    assert joined.request_status(first=True, instance_id=COPY) == []
    joined.report(not_sent(order, NO_INTENT))
    assert joined.command_state(order.client_order_id) == "DISPATCHED"
    assert joined.advance(instance_id=COPY) == []
    joined.later(0.001)
    [question] = joined.request_status(instance_id=COPY)
    assert question.item.order == order
    joined.report(not_sent(order, NO_INTENT))
    assert joined.command_state(order.client_order_id) == "PLANNED"
    [again] = joined.advance(instance_id=COPY)
    assert (again.attempt, again.order) == (2, order)


@pytest.mark.parametrize("reason", [each for each in NotSentReason if each is not NO_INTENT])
def test_no_refusal_of_another_instance_counts_before_deadline_and_margin(
    joined: JournalBench, order: Order, reason: NotSentReason
) -> None:
    admit_behind_the_journal(joined, COPY)
    joined.report(not_sent(order, reason))
    assert joined.command_state(order.client_order_id) == "DISPATCHED"
    assert "ORDER_REJECTED" not in joined.emitted()


def test_evidence_from_another_instance_counts_at_once(joined: JournalBench, order: Order) -> None:
    admit_behind_the_journal(joined, COPY)
    joined.report(deal(order))
    assert joined.directive_state() == "FILLED"


def test_own_missing_intent_counts_in_a_new_epoch_at_once(joined: JournalBench, order: Order) -> None:
    joined.join()
    assert len(joined.request_status(first=True)) == 1
    joined.report(not_sent(order, NO_INTENT))
    assert joined.command_state(order.client_order_id) == "PLANNED"


def test_instance_that_comes_back_after_another_took_its_place_quarantines_the_officer(
    joined: JournalBench,
) -> None:
    joined.join(instance_id=COPY)
    for _ in range(2):
        refused = refusal(joined, INSTANCE_ID)
        assert refused.code is RefusalCode.SUPERSEDED
        assert "copied terminal folder" in refused.message and "attach" in refused.remedy
    assert "copied terminal folder" in joined.quarantine()
    assert [event["error_code"] for event in joined.bodies("SYSTEM_ERROR")] == ["QUARANTINED"]
    assert joined.sent(directive()) == []


def named(*instances: str, mark: int = 0) -> LedgerIdentity:
    return LedgerIdentity(id=LEDGER, mark=mark, instances=list(instances))


def test_ledger_that_lacks_the_last_sessions_instance_is_a_copy(bench: JournalBench) -> None:
    older, newer, copy = "1" * 32, "2" * 32, "3" * 32
    bench.join(instance_id=older, ledger=named(older))
    bench.join(instance_id=newer, ledger=named(older, newer))
    assert "copied terminal folder" in bench.join(instance_id=copy, ledger=named(older, copy)).quarantine


def test_ledger_with_loads_that_no_sidecar_admitted_goes_on(bench: JournalBench) -> None:
    first, refused, last = "1" * 32, "2" * 32, "3" * 32
    bench.join(instance_id=first, ledger=named(first))
    assert bench.join(instance_id=last, ledger=named(first, refused, last)).quarantine == ""


def test_load_that_its_ledger_does_not_name_need_not_be_continued(bench: JournalBench) -> None:
    """The disk was full: the terminal could not write that it works with the ledger, and sends nothing."""
    first, unnoted, last = "1" * 32, "2" * 32, "3" * 32
    bench.join(instance_id=first, ledger=named(first))
    bench.join(instance_id=unnoted, ledger=named(first))
    assert bench.join(instance_id=last, ledger=named(first, last)).quarantine == ""


def test_rebind_accepts_the_copy_and_forgets_the_other(bench: JournalBench) -> None:
    first, copy = "1" * 32, "2" * 32
    bench.join(instance_id=first, ledger=named(first))
    bench.join(instance_id=copy, ledger=named(copy))
    bench.journal.rebind(bench.officer, bench.now, account=False, why="the first one is deleted")
    assert bench.join(instance_id=copy, ledger=named(copy)).quarantine == ""
    assert bench.join(instance_id="3" * 32, ledger=named(copy, "3" * 32)).quarantine == ""


def test_wall_clock_that_jumps_ends_no_wait(joined: JournalBench, order: Order) -> None:
    joined.now += timedelta(days=1)
    assert refusal(joined).code is RefusalCode.TAKEOVER
    joined.now -= timedelta(days=2)
    joined.monotonic_s += WINDOW_S
    assert isinstance(joined.try_join(instance_id=COPY), Opened)


def test_restarted_sidecar_counts_from_its_own_start(joined: JournalBench, order: Order) -> None:
    joined.later(3600)
    joined.close()
    joined.monotonic_s = -500.0
    joined.open()
    assert refusal(joined).code is RefusalCode.TAKEOVER
    joined.later(WINDOW_S - 0.001)
    assert refusal(joined).code is RefusalCode.TAKEOVER
    joined.later(0.001)
    assert isinstance(joined.try_join(instance_id=COPY), Opened)


def test_further_attempt_begins_a_wait_of_its_own(joined: JournalBench, order: Order) -> None:
    joined.later(WINDOW_S)
    joined.report(not_sent(order, NotSentReason.OFFLINE))
    joined.later(5)
    [again] = joined.advance()
    assert again.attempt == 2
    assert refusal(joined).code is RefusalCode.TAKEOVER


def test_command_near_its_expiry_is_waited_for_no_longer_than_that(joined: JournalBench) -> None:
    joined.later(299)
    [command] = joined.sent(directive())
    assert command.deadline_ms == 1000 + 1000
    joined.later(1 + LINK.takeover_margin_s)
    assert isinstance(joined.try_join(instance_id=COPY), Opened)


def test_longest_wait_of_several_commands_counts(joined: JournalBench, order: Order) -> None:
    joined.later(3)
    joined.report(submitted(order), deal(order))
    [close] = joined.sent(closing())
    joined.later(WINDOW_S - 0.001)
    assert str(close.order.client_order_id) in refusal(joined).message


def test_absence_that_another_instance_finds_too_early_does_not_count(make_bench: MakeBench) -> None:
    bench = make_bench(settings(link=LinkSettings(unknown_grace_s=0.5)))
    bench.join()
    [command] = bench.sent(directive())
    admit_behind_the_journal(bench, COPY)
    for request_no, (wait_s, state) in enumerate(
        [(1, "DISPATCHED"), (1, "DISPATCHED"), (WINDOW_S - 2, "DISPATCHED"), (1, "UNKNOWN")], start=1
    ):
        bench.later(wait_s)
        bench.report(absent(command.order, request_no=request_no))
        assert bench.command_state(command.order.client_order_id) == state
