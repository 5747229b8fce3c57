"""Commands for which the terminal is to search the broker's history: an earlier journal may have sent them."""

import json
from datetime import timedelta

import pytest

from bridge.core.link.messages import CommandKind, LedgerIdentity
from bridge.core.link.reports import CommandStage, NotSentReason
from bridge.core.trade.earlier_sends import MARGIN
from bridge.core.units.clock_trust import ClockUncertainty

from .bench import LEDGER, NOW, OFFICER, OPEN_S, JournalBench, cancel, closing, directive, limit, server_ms
from .reports import DEAL, booked, deal, not_sent, result, seen, stage, standing, submitted

LATE = "2026-01-05T23:00:00Z"
SEARCHED_MS = server_ms(NOW - MARGIN)
"""Start of the search for a directive that was issued now."""


def searches(bench: JournalBench) -> list[int]:
    """Return the starts of the searches of the commands that may be sent."""
    return [command.search_from_server_ms for command in bench.advance()]


def taken(bench: JournalBench, *items: str, first_listing: bool = False) -> list[int]:
    bench.take(*items, first_listing=first_listing)
    return searches(bench)


def test_directive_issued_while_the_journal_is_open_needs_no_search(joined: JournalBench) -> None:
    assert taken(joined, directive()) == [0]


def test_directive_of_the_first_listing_is_searched(joined: JournalBench) -> None:
    assert taken(joined, directive(), first_listing=True) == [SEARCHED_MS]
    assert taken(joined, directive("dir-2")) == [0]


@pytest.mark.parametrize(
    ("early_s", "searched"), [(0, False), (OPEN_S - 31, False), (OPEN_S - 29, True), (86_400, True)]
)
def test_directive_issued_before_the_journal_was_opened_is_searched(
    joined: JournalBench, early_s: float, searched: bool
) -> None:
    issued_at = NOW - timedelta(seconds=early_s)
    expected = server_ms(issued_at - MARGIN) if searched else 0
    assert taken(joined, directive(issued_at=issued_at.isoformat())) == [expected]


def test_clock_that_is_not_trusted_counts_at_its_latest(joined: JournalBench) -> None:
    joined.uncertainty = ClockUncertainty(later=timedelta(seconds=OPEN_S))
    assert taken(joined, directive(expires_at=LATE)) == [SEARCHED_MS]


def test_directive_that_was_taken_in_before_the_start_is_searched(joined: JournalBench) -> None:
    joined.take(directive(expires_at=LATE))
    joined.planned(directive("dir-2", expires_at=LATE))
    joined.close()
    joined.open()
    joined.join()
    joined.later(OPEN_S)
    assert searches(joined) == [SEARCHED_MS, SEARCHED_MS]
    issued_at = joined.now.isoformat()
    joined.take(directive("dir-3", issued_at=issued_at, expires_at=LATE))
    assert searches(joined) == [0]


def test_directive_in_the_inbox_is_searched_after_a_rebind(joined: JournalBench) -> None:
    joined.take(directive())
    joined.planned(directive("dir-2"))
    joined.journal.rebind(OFFICER, joined.now, account=False, why="another ledger")
    joined.join(ledger=LedgerIdentity(id="2e" * 16, mark=0))
    assert searches(joined) == [SEARCHED_MS, SEARCHED_MS]
    assert taken(joined, directive("dir-3")) == [0]


def test_absurd_time_of_issue_searches_the_whole_history(joined: JournalBench) -> None:
    assert taken(joined, directive(issued_at="1970-01-01T00:00:00Z")) == [1]


def test_attempt_after_a_search_that_failed_is_searched_again(joined: JournalBench) -> None:
    joined.take(directive(), first_listing=True)
    [command] = joined.advance()
    joined.report(not_sent(command.order, NotSentReason.UNSEARCHED))
    assert joined.directive_state() == "WORKING"
    assert joined.emitted() == ["DIRECTIVE_RECEIVED"]
    joined.later(10)
    [again] = joined.advance()
    assert (again.attempt, again.search_from_server_ms) == (2, SEARCHED_MS)


def test_status_request_of_a_searched_command_begins_as_early(joined: JournalBench) -> None:
    joined.take(directive(), first_listing=True)
    [command] = joined.advance()
    joined.report(submitted(command.order))
    [question] = joined.request_status(first=True)
    assert question.item.since_server_ms == SEARCHED_MS


def test_close_is_searched_and_a_change_is_not(joined: JournalBench) -> None:
    [opened] = joined.sent(directive(), limit())[:1]
    joined.report(result(opened.order), deal(opened.order))
    [order] = [command.order for command in joined.advance()] or [joined.order("dir-limit")]
    joined.report(booked(order, ticket=8500))
    joined.take(closing(target_directive_id="dir-1"), first_listing=True)
    [close] = joined.advance()
    assert (close.order.kind, close.search_from_server_ms) == (CommandKind.CLOSE, SEARCHED_MS)
    joined.report(deal(close.order, DEAL + 1))
    joined.take(cancel("dir-cancel", "dir-limit"), first_listing=True)
    [gone] = joined.advance()
    assert (gone.order.kind, gone.search_from_server_ms) == (CommandKind.CANCEL, 0)


def test_flatten_is_not_searched_before_a_restart(joined: JournalBench) -> None:
    [opened] = joined.sent(directive())
    joined.report(deal(opened.order))
    joined.journal.flatten(OFFICER, joined.now, nonce="1", why="test")
    assert searches(joined) == [0]


# Records that the search has found


def test_command_found_at_the_broker_takes_its_state_from_the_records(joined: JournalBench) -> None:
    joined.take(directive(), first_listing=True)
    [command] = joined.advance()
    order = command.order
    joined.report(deal(order), seen(order), standing(order), stage(CommandStage.FOUND, order))
    assert joined.command_state(order.client_order_id) == "FILLED"
    assert joined.emitted() == ["DIRECTIVE_RECEIVED", "ORDER_PLACED", "ORDER_FILLED", "POSITION_OPENED"]
    joined.later(60)
    assert joined.advance() == []


def test_command_found_at_the_broker_with_records_of_another_order_is_unknown(joined: JournalBench) -> None:
    joined.take(directive(), first_listing=True)
    [command] = joined.advance()
    order = command.order
    joined.report(deal(order, symbol="GBPUSD"), stage(CommandStage.FOUND, order))
    assert joined.command_state(order.client_order_id) == "UNKNOWN"
    assert [body["error_code"] for body in joined.bodies("SYSTEM_ERROR")] == [
        "REPORT_UNUSABLE",
        "UNKNOWN_OUTCOME",
    ]
    [raised] = [body for body in joined.bodies("SYSTEM_ERROR") if body["error_code"] == "UNKNOWN_OUTCOME"]
    assert "do not fit this order" in raised["error_message"]
    joined.later(60)
    assert joined.advance() == []


def test_search_is_stored_with_the_directive(joined: JournalBench) -> None:
    joined.take(directive(), first_listing=True)
    joined.take(directive("dir-2"))
    assert joined.rows("SELECT directive_id, search_history FROM directives") == [("dir-1", 1), ("dir-2", 0)]
    assert json.loads(directive())["issued_at"] == "2026-01-05T10:00:00Z"
    assert joined.rows("SELECT ledger_id FROM officers WHERE officer = ?", OFFICER) == [(LEDGER,)]
