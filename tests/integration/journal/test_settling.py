"""What became of a command in doubt: how it is asked, and what the answers prove."""

import pytest

from bridge.core.link.messages import LedgerIdentity, Order
from bridge.core.link.reports import Found, NotSentReason

from .desk import LEDGER, OTHER_LEDGER, Desk, directive, server_ms
from .reports import absent, deal, not_sent, result, submitted

NO_INTENT = NotSentReason.NO_INTENT
STATUS_REQUEST_S = 5.0
DEADLINE_S = 5.0
GRACE_S = 30.0


@pytest.fixture
def order(joined: Desk) -> Order:
    """The order of one command that is with the terminal."""
    [command] = joined.sent(directive())
    return command.order


def unknown(desk: Desk, order: Order) -> None:
    """Twice nothing is found."""
    desk.later(GRACE_S)
    desk.report(absent(order, request_no=101), absent(order, request_no=102))
    assert desk.command_state(order.client_order_id) == "UNKNOWN"


def test_a_new_session_asks_at_once_and_tells_where_to_look(joined: Desk, order: Order) -> None:
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


def test_later_questions_come_at_growing_distances(joined: Desk, order: Order) -> None:
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


def test_while_the_broker_is_away_only_a_new_session_asks(joined: Desk, order: Order) -> None:
    joined.later(3600)
    assert joined.request_status(broker_connected=False) == []
    [question] = joined.request_status()  # as soon as it is back, and no later question's distance has grown
    assert question.item.request_no == 1
    assert len(joined.request_status(first=True, broker_connected=False)) == 1


def test_one_whose_outcome_is_open_is_asked_about_sooner(joined: Desk, order: Order) -> None:
    joined.report(submitted(order), result(order, 10012))
    joined.later(STATUS_REQUEST_S - 0.001)
    assert joined.request_status() == []
    joined.later(0.001)
    assert len(joined.request_status()) == 1


def test_what_is_over_is_not_asked_about(joined: Desk, order: Order) -> None:
    joined.report(deal(order))
    joined.later(3600)
    assert joined.request_status() == joined.request_status(first=True) == []


def test_what_is_unknown_is_asked_about_at_a_sessions_start_alone(joined: Desk, order: Order) -> None:
    unknown(joined, order)
    joined.later(100_000)
    assert joined.request_status() == []
    assert len(joined.request_status(first=True)) == 1


def test_a_whole_ledger_without_the_intent_lets_it_go_out_again(joined: Desk, order: Order) -> None:
    joined.join()
    joined.report(not_sent(order, NO_INTENT))
    joined.later(1)
    [again] = joined.advance()
    assert (again.epoch, again.attempt, again.order) == (2, 2, order)


def test_the_silence_of_another_ledger_proves_nothing(joined: Desk, order: Order) -> None:
    joined.join(ledger=LedgerIdentity(id=OTHER_LEDGER, mark=0))
    joined.report(not_sent(order, NO_INTENT))
    assert joined.command_state(order.client_order_id) == "DISPATCHED"
    # Even once a person has accepted the new ledger.
    joined.connection.execute("UPDATE officers SET quarantine = ''")
    joined.later(60)
    assert joined.advance() == []


def test_a_question_names_the_ledger_that_the_command_went_to_whatever_a_person_accepted_since(
    joined: Desk, order: Order
) -> None:
    joined.join(ledger=LedgerIdentity(id=OTHER_LEDGER, mark=0))
    joined.journal.rebind(joined.officer, joined.now, account=False, why="the disk was lost")
    joined.join(ledger=LedgerIdentity(id=OTHER_LEDGER, mark=0))
    assert joined.rows("SELECT ledger_id FROM officers") == [(OTHER_LEDGER,)]
    [question] = joined.request_status(first=True)
    assert (question.item.order, question.item.ledger) == (order, LEDGER)


def test_the_right_ledgers_silence_counts_although_another_said_the_same_before(
    joined: Desk, order: Order
) -> None:
    joined.join(ledger=LedgerIdentity(id=OTHER_LEDGER, mark=0))
    joined.report(not_sent(order, NO_INTENT))
    joined.join(ledger=LedgerIdentity(id=LEDGER, mark=0))
    joined.report(not_sent(order, NO_INTENT))
    assert joined.command_state(order.client_order_id) == "PLANNED"


def test_nothing_found_twice_after_the_grace_time_is_unknown_and_emitted_once(
    joined: Desk, order: Order
) -> None:
    joined.report(submitted(order))
    joined.later(GRACE_S)
    joined.report(absent(order, request_no=1))
    assert joined.directive_state() == "WORKING"
    joined.report(absent(order, request_no=2))
    joined.report(absent(order, request_no=3))
    assert joined.directive_state() == "UNKNOWN"
    assert [event["error_code"] for event in joined.bodies("SYSTEM_ERROR")] == ["UNKNOWN_OUTCOME"]


def test_one_answer_that_comes_twice_is_one_absence(joined: Desk, order: Order) -> None:
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
def test_nothing_found_too_early_or_unsearched_does_not_count(
    joined: Desk, order: Order, waited_s: float, connected_ms: int, found: Found
) -> None:
    joined.later(waited_s)
    for request_no in range(1, 5):
        joined.report(absent(order, request_no=request_no, connected_ms=connected_ms, found=found))
    assert joined.command_state(order.client_order_id) == "DISPATCHED"


def test_what_is_unknown_never_goes_out_again(joined: Desk, order: Order) -> None:
    unknown(joined, order)
    joined.join()
    joined.report(not_sent(order, NO_INTENT))
    joined.later(60)
    assert joined.advance() == []
    assert joined.directive_state() == "REJECTED"


def test_evidence_status_requests_what_was_unknown(joined: Desk, order: Order) -> None:
    unknown(joined, order)
    joined.report(deal(order))
    assert joined.directive_state() == "FILLED"
    assert joined.emitted()[-3:] == ["ORDER_PLACED", "ORDER_FILLED", "POSITION_OPENED"]


@pytest.mark.parametrize("emitted", [False, True])
def test_a_ledger_that_denies_an_intent_it_emitted_of_is_not_believed(
    joined: Desk, order: Order, emitted: bool
) -> None:
    if emitted:
        joined.report(submitted(order))
    unknown(joined, order)
    joined.report(not_sent(order, NO_INTENT))
    assert joined.command_state(order.client_order_id) == ("UNKNOWN" if emitted else "NEVER_SENT")
    assert joined.emitted().count("ORDER_REJECTED") == (0 if emitted else 1)
