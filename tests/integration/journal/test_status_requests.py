"""Status requests for unresolved commands, and the conclusions from their replies."""

import pytest

from bridge.core.link.messages import LedgerIdentity, Order
from bridge.core.link.reports import Found, NotSentReason

from .bench import LEDGER, OTHER_LEDGER, JournalBench, directive, server_ms
from .reports import absent, deal, not_sent, result, submitted

NO_INTENT = NotSentReason.NO_INTENT
STATUS_REQUEST_S = 5.0
DEADLINE_S = 5.0
GRACE_S = 30.0


@pytest.fixture
def order(joined: JournalBench) -> Order:
    """The order of one command that is with the terminal."""
    [command] = joined.sent(directive())
    return command.order


def unknown(bench: JournalBench, order: Order) -> None:
    """Let two status replies find nothing."""
    bench.later(GRACE_S)
    bench.report(absent(order, request_no=101), absent(order, request_no=102))
    assert bench.command_state(order.client_order_id) == "UNKNOWN"


def test_new_session_sends_status_requests_at_once_with_the_time_to_search(
    joined: JournalBench, order: Order
) -> None:
    joined.join()
    joined.later(1)
    [question] = joined.request_status(first=True)
    item = question.item
    assert (question.epoch, item.attempt, item.request_no, item.ledger) == (2, 1, 1, LEDGER)
    assert item.order == order
    assert item.since_server_ms == server_ms() - 3_600_000
    [again] = joined.request_status(first=True)
    assert again.item.request_no == 2
    assert joined.rows("SELECT request_no FROM commands") == [(2,)]


def test_later_status_requests_come_at_growing_distances(joined: JournalBench, order: Order) -> None:
    distances: list[float] = []
    waited = 0.0
    while len(distances) < 8:
        joined.later(1)
        waited += 1
        if joined.request_status():
            distances.append(waited)
            waited = 0.0
    doublings = [1, 2, 4, 8, 16, 32, 64, 64]
    assert distances == [STATUS_REQUEST_S * times + DEADLINE_S for times in doublings]


def test_disconnected_broker_gets_status_requests_only_in_a_new_session(
    joined: JournalBench, order: Order
) -> None:
    joined.later(3600)
    assert joined.request_status(broker_connected=False) == []
    [question] = joined.request_status()  # as soon as it is back, and no later question's distance has grown
    assert question.item.request_no == 1
    assert len(joined.request_status(first=True, broker_connected=False)) == 1


def test_unresolved_command_is_requested_sooner(joined: JournalBench, order: Order) -> None:
    joined.report(submitted(order), result(order, 10012))
    joined.later(STATUS_REQUEST_S - 0.001)
    assert joined.request_status() == []
    joined.later(0.001)
    assert len(joined.request_status()) == 1


def test_finished_command_is_not_requested(joined: JournalBench, order: Order) -> None:
    joined.report(deal(order))
    joined.later(3600)
    assert joined.request_status() == joined.request_status(first=True) == []


def test_unknown_command_is_requested_only_at_the_start_of_a_session(
    joined: JournalBench, order: Order
) -> None:
    unknown(joined, order)
    joined.later(100_000)
    assert joined.request_status() == []
    assert len(joined.request_status(first=True)) == 1


def test_intact_ledger_without_the_intent_allows_another_dispatch(joined: JournalBench, order: Order) -> None:
    joined.join()
    joined.report(not_sent(order, NO_INTENT))
    joined.later(1)
    [again] = joined.advance()
    assert (again.epoch, again.attempt, again.order) == (2, 2, order)


def test_missing_intent_in_another_ledger_proves_nothing(joined: JournalBench, order: Order) -> None:
    joined.join(ledger=LedgerIdentity(id=OTHER_LEDGER, mark=0))
    joined.report(not_sent(order, NO_INTENT))
    assert joined.command_state(order.client_order_id) == "DISPATCHED"
    # Even once an operator has accepted the new ledger.
    joined.connection.execute("UPDATE officers SET quarantine = ''")
    joined.later(60)
    assert joined.advance() == []


def test_status_request_names_the_ledger_of_the_dispatch_after_a_rebind(
    joined: JournalBench, order: Order
) -> None:
    joined.join(ledger=LedgerIdentity(id=OTHER_LEDGER, mark=0))
    joined.journal.rebind(joined.officer, joined.now, account=False, why="the disk was lost")
    joined.join(ledger=LedgerIdentity(id=OTHER_LEDGER, mark=0))
    assert joined.rows("SELECT ledger_id FROM officers") == [(OTHER_LEDGER,)]
    [question] = joined.request_status(first=True)
    assert (question.item.order, question.item.ledger) == (order, LEDGER)


def test_missing_intent_in_the_right_ledger_counts_after_another_ledgers(
    joined: JournalBench, order: Order
) -> None:
    joined.join(ledger=LedgerIdentity(id=OTHER_LEDGER, mark=0))
    joined.report(not_sent(order, NO_INTENT))
    joined.join(ledger=LedgerIdentity(id=LEDGER, mark=0))
    joined.report(not_sent(order, NO_INTENT))
    assert joined.command_state(order.client_order_id) == "PLANNED"


def test_two_absences_after_the_grace_time_make_the_command_unknown_once(
    joined: JournalBench, order: Order
) -> None:
    joined.report(submitted(order))
    joined.later(GRACE_S)
    joined.report(absent(order, request_no=1))
    assert joined.directive_state() == "WORKING"
    joined.report(absent(order, request_no=2))
    joined.report(absent(order, request_no=3))
    assert joined.directive_state() == "UNKNOWN"
    assert [event["error_code"] for event in joined.bodies("SYSTEM_ERROR")] == ["UNKNOWN_OUTCOME"]


def test_repeated_status_reply_is_one_absence(joined: JournalBench, order: Order) -> None:
    joined.later(GRACE_S)
    joined.report(absent(order, request_no=1))
    joined.report(absent(order, request_no=1))
    assert joined.command_state(order.client_order_id) == "DISPATCHED"


@pytest.mark.parametrize(
    ("waited_s", "connected_ms", "found"),
    [
        (GRACE_S - 0.001, 3_600_000, Found.NOTHING),
        (GRACE_S, int(GRACE_S * 1000) - 1, Found.NOTHING),
        (GRACE_S, 3_600_000, Found.UNSEARCHED),
    ],
)
def test_early_or_unsearched_status_reply_does_not_count(
    joined: JournalBench, order: Order, waited_s: float, connected_ms: int, found: Found
) -> None:
    joined.later(waited_s)
    for request_no in range(1, 5):
        joined.report(absent(order, request_no=request_no, connected_ms=connected_ms, found=found))
    assert joined.command_state(order.client_order_id) == "DISPATCHED"


def test_unknown_command_is_never_sent_again(joined: JournalBench, order: Order) -> None:
    unknown(joined, order)
    joined.join()
    joined.report(not_sent(order, NO_INTENT))
    joined.later(60)
    assert joined.advance() == []
    assert joined.directive_state() == "REJECTED"


def test_later_report_resolves_an_unknown_command(joined: JournalBench, order: Order) -> None:
    unknown(joined, order)
    joined.report(deal(order))
    assert joined.directive_state() == "FILLED"
    assert joined.emitted()[-3:] == ["ORDER_PLACED", "ORDER_FILLED", "POSITION_OPENED"]


@pytest.mark.parametrize("emitted", [False, True])
def test_ledger_that_denies_its_own_reported_intent_is_not_trusted(
    joined: JournalBench, order: Order, emitted: bool
) -> None:
    if emitted:
        joined.report(submitted(order))
    unknown(joined, order)
    joined.report(not_sent(order, NO_INTENT))
    assert joined.command_state(order.client_order_id) == ("UNKNOWN" if emitted else "NEVER_SENT")
    assert joined.emitted().count("ORDER_REJECTED") == (0 if emitted else 1)
