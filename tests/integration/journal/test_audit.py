"""The audit's chain: rows are only appended, and a change of one is found."""

import sqlite3

import pytest

from bridge.journal.database import audit
from bridge.journal.tables.events import Delivery
from bridge.journal.views import lists

from .bench import OFFICER, JournalBench, directive
from .reports import deal, result, submitted


@pytest.fixture
def lived(joined: JournalBench) -> JournalBench:
    """A journal with a filled directive, a rejected one, and a delivered event."""
    [command] = joined.sent(directive(), directive("dir-2", quantity=-1))
    joined.report(submitted(command.order), result(command.order), deal(command.order))
    joined.journal.set_delivered([Delivery(joined.due()[0], "evt-1")], joined.now)
    return joined


def tampered(bench: JournalBench, *statements: str) -> str:
    """Return the first break of the chain after a change of the table without its triggers."""
    for trigger in ("audit_is_only_appended", "audit_is_never_changed", "audit_is_never_deleted"):
        bench.connection.execute(f"DROP TRIGGER {trigger}")
    for statement in statements:
        bench.connection.execute(statement)
    with lists.reading(bench.path) as db:
        return lists.verify(db).broken


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit SET body = 'other' WHERE seq = 2", "DELETE FROM audit WHERE seq = 2", "DELETE FROM audit"],
)
def test_audit_row_cannot_be_changed_or_deleted_by_sql(lived: JournalBench, statement: str) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        lived.connection.execute(statement)


def test_chain_of_a_whole_trade_holds(lived: JournalBench) -> None:
    with lists.reading(lived.path) as db:
        verdict = lists.verify(db)
    assert verdict.broken == ""
    assert verdict.rows == lived.rows("SELECT max(seq) FROM audit")[0][0] > 10


def test_every_decision_about_money_is_in_the_audit(lived: JournalBench) -> None:
    kinds = {kind for (kind,) in lived.rows("SELECT DISTINCT kind FROM audit")}
    assert kinds >= {
        "bound",
        "session",
        "directive",
        "planned",
        "dispatch",
        "report",
        "command",
        "event",
        "delivered",
    }


@pytest.mark.parametrize(
    "change",
    [
        "at = '2020-01-01T00:00:00.000Z'",
        "kind = 'other'",
        "officer = 'eo-009'",
        "directive_id = 'dir-9'",
        "subject = 'other'",
        "body = body || ' '",
        "prev = hash",
        "hash = prev",
    ],
    ids=lambda change: change.split()[0],
)
def test_changed_column_is_found(lived: JournalBench, change: str) -> None:
    assert tampered(lived, f"UPDATE audit SET {change} WHERE seq = 4") == "row 4 was changed"  # noqa: S608 - our own words


def test_changed_row_is_found_although_its_hash_and_the_next_rows_link_fit(lived: JournalBench) -> None:
    [(*row, prev)] = lived.rows(
        "SELECT seq, at, kind, officer, directive_id, subject, body || ' ', prev FROM audit WHERE seq = 4"
    )
    forged = audit.chain(prev, tuple(row))
    mended = (
        f"UPDATE audit SET body = body || ' ', hash = '{forged}' WHERE seq = 4",  # noqa: S608 - our own hash
        f"UPDATE audit SET prev = '{forged}' WHERE seq = 5",  # noqa: S608 - as above
    )
    assert tampered(lived, *mended) == "row 5 was changed"


def test_removed_row_is_found(lived: JournalBench) -> None:
    assert tampered(lived, "DELETE FROM audit WHERE seq = 4") == "row 4 is missing"


def test_removed_row_is_found_although_later_rows_were_renumbered(lived: JournalBench) -> None:
    moved = "UPDATE audit SET seq = -(seq - 1) WHERE seq > 4", "UPDATE audit SET seq = -seq WHERE seq < 0"
    assert tampered(lived, "DELETE FROM audit WHERE seq = 4", *moved) == "row 4 was changed"


def test_inserted_row_is_found(lived: JournalBench) -> None:
    room = "UPDATE audit SET seq = -(seq + 1) WHERE seq >= 4", "UPDATE audit SET seq = -seq WHERE seq < 0"
    copy = (
        "INSERT INTO audit SELECT 4, at, kind, officer, directive_id, subject, body, prev, hash FROM audit"
        " WHERE seq = 3"
    )
    assert tampered(lived, *room, copy) == "row 4 was changed"


def test_appended_row_with_a_wrong_hash_is_found(lived: JournalBench) -> None:
    last = lived.rows("SELECT max(seq) FROM audit")[0][0]
    forged = (
        "INSERT INTO audit SELECT seq + 1, at, kind, officer, directive_id, subject, body, hash, hash FROM audit"
        " ORDER BY seq DESC LIMIT 1"
    )
    assert tampered(lived, forged) == f"row {last + 1} was changed"


def test_timeline_has_the_steps_of_one_directive_in_order(lived: JournalBench) -> None:
    with lists.reading(lived.path) as db:
        kinds = [row.kind for row in lists.timeline(db, "dir-1", OFFICER)]
        assert lists.timeline(db, "dir-9") == []
    assert kinds[:4] == ["directive", "event", "planned", "dispatch"]
    assert kinds[-1] == "delivered"
