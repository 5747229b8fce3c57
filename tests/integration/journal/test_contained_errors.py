"""A report or directive on which the bridge fails holds up nothing behind it."""

import sqlite3
from contextlib import closing as closed

import pytest

from .bench import OFFICER, JournalBench, cancel, directive, limit
from .reports import DEAL, deal, result, scan, submitted


def refuse(bench: JournalBench, table: str, condition: str) -> None:
    """Let inserts into the table fail where the condition holds, as a defect of the bridge would."""
    with closed(sqlite3.connect(bench.path)) as connection:
        connection.execute(
            f"CREATE TRIGGER odd BEFORE INSERT ON {table} WHEN {condition}"
            " BEGIN SELECT RAISE(ABORT, 'odd'); END"
        )


def test_report_on_which_the_bridge_fails_is_kept_and_the_next_ones_count(joined: JournalBench) -> None:
    [first, second] = joined.sent(directive(), directive("dir-2"))
    refuse(joined, "positions", "NEW.directive_id = 'dir-1'")
    applied = joined.report(
        submitted(first.order),
        deal(first.order),
        submitted(second.order, mark=2),
        result(second.order),
        deal(second.order, DEAL + 1, position_id=77),
        scan(1),
    )
    assert (applied.acked, applied.quarantined, applied.scanned) == (6, 1, True)
    assert joined.command_state(first.order.client_order_id) == "SUBMITTED"
    assert joined.rows(
        "SELECT count(*) FROM deals WHERE client_order_id = ?", first.order.client_order_id
    ) == [(0,)]
    assert joined.directive_state("dir-2") == "FILLED"
    assert [event["error_code"] for event in joined.bodies("SYSTEM_ERROR")] == ["REPORT_UNUSABLE"]


def test_directive_on_which_the_bridge_fails_is_rejected_alone(joined: JournalBench) -> None:
    refuse(joined, "commands", "NEW.directive_id = 'dir-1'")
    joined.planned(directive(), directive("dir-2"))
    assert joined.directive_state() == "REJECTED"
    assert joined.emitted() == ["DIRECTIVE_RECEIVED", "ORDER_REJECTED"]
    [emitted] = joined.bodies("ORDER_REJECTED")
    assert emitted["error_code"] == "INTERNAL_ERROR"
    assert joined.directive_state("dir-2") == "WORKING"


def test_directive_whose_intake_fails_is_rejected_alone(joined: JournalBench) -> None:
    refuse(joined, "directives", "NEW.directive_id = 'dir-1' AND NEW.state = 'RECEIVED'")
    joined.take(directive(), directive("dir-2"))
    assert joined.directive_state() == "REJECTED"
    assert joined.emitted() == ["DIRECTIVE_RECEIVED", "ORDER_REJECTED"]
    [emitted] = joined.bodies("ORDER_REJECTED")
    assert emitted["error_code"] == "INTERNAL_ERROR"
    assert joined.directive_state("dir-2") == "RECEIVED"


@pytest.mark.parametrize("state", ["PLANNED", "FILLED"])
def test_command_changed_without_an_audit_row_is_refused(joined: JournalBench, state: str) -> None:
    joined.sent(directive())
    joined.close()
    with closed(sqlite3.connect(joined.path)) as connection, connection:
        connection.execute("UPDATE commands SET state = ?", (state,))
    with pytest.raises(Exception, match=rf"is {state}, and its last audit row says DISPATCHED"):
        joined.open()


@pytest.mark.parametrize("where", ["halt", "cancel", "expiry"])
def test_waiting_directive_that_cannot_be_read_is_rejected_alone(joined: JournalBench, where: str) -> None:
    joined.take(directive(), directive("dir-2"))
    joined.connection.execute("UPDATE directives SET typed = '{}' WHERE directive_id = 'dir-1'")
    match where:
        case "halt":
            joined.journal.halt(OFFICER, joined.now, symbol="GBPUSD", why="news")
        case "cancel":
            joined.take(cancel("dir-cancel", "dir-1"))
        case "expiry":
            joined.later(600)
    sent = joined.advance()
    assert joined.directive_state() == "REJECTED"
    assert joined.bodies("ORDER_REJECTED")[0]["error_code"] == "INTERNAL_ERROR"
    assert [command.order.comment for command in sent] == ([] if where == "expiry" else ["dir-2"])
    assert joined.directive_state("dir-2") == ("EXPIRED" if where == "expiry" else "WORKING")


def test_waiting_cancels_withdraw_each_its_own_target(joined: JournalBench) -> None:
    joined.take(*(limit(f"dir-{number}") for number in range(3)))
    joined.take(cancel("cancel-0", "dir-0"), cancel("cancel-2", "dir-2"), cancel("cancel-again", "dir-0"))
    joined.look(ready=False)
    states = dict(joined.rows("SELECT directive_id, state FROM directives"))
    assert [states[f"dir-{number}"] for number in range(3)] == ["CANCELLED", "RECEIVED", "CANCELLED"]
    assert (states["cancel-0"], states["cancel-2"], states["cancel-again"]) == ("DONE", "DONE", "RECEIVED")
