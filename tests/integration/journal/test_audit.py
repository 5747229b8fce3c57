"""The audit's chain: rows are only appended, and a change of one is found."""

import sqlite3
from itertools import pairwise

import pytest

from bridge.journal.database import audit
from bridge.journal.database.words import AuditKind
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
    bench.connection.execute("PRAGMA foreign_keys = OFF")
    for statement in statements:
        bench.connection.execute(statement)
    with lists.reading(bench.path) as db:
        return lists.verify(db).broken


def tampered_and_mended(bench: JournalBench, statement: str) -> str:
    """Return the first break after the change, which is undone then."""
    triggers = bench.rows("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    bench.connection.execute("BEGIN")
    for name, _ in triggers:
        bench.connection.execute(f"DROP TRIGGER {name}")
    bench.connection.execute(statement)
    found = bench.chain_break()
    bench.connection.execute("ROLLBACK")
    return found


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_rows SET body = 'other' WHERE seq = 2",
        "DELETE FROM audit_rows WHERE seq = 2",
        "DELETE FROM audit_rows",
    ],
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
        "at_ms = at_ms + 1",
        "code = 'other'",
        "officer = 'eo-009'",
        "directive = 1",
        "subject = 'other'",
        "body = body || ' '",
        "hash = zeroblob(32)",
    ],
    ids=lambda change: change.split()[0],
)
def test_changed_column_is_found(lived: JournalBench, change: str) -> None:
    assert tampered(lived, f"UPDATE audit_rows SET {change} WHERE seq = 4") == "row 4 was changed"  # noqa: S608 - our own words


@pytest.mark.parametrize("kind", list(AuditKind))
def test_changed_reference_is_found(lived: JournalBench, kind: AuditKind) -> None:
    for change in ("content = content + 1", "directive = 3 - directive", "subject = 'x'", "body = 'x'"):
        [(seq,)] = lived.rows("SELECT coalesce(max(seq), 0) FROM audit WHERE kind = ?", kind)
        column = change.split()[0]
        if seq and lived.rows(f"SELECT 1 FROM audit_rows WHERE seq = ? AND {column} IS NOT NULL", seq):  # noqa: S608 - a name
            assert tampered_and_mended(lived, f"UPDATE audit_rows SET {change} WHERE seq = {seq}").startswith(  # noqa: S608 - as above
                f"row {seq} was changed"
            )


@pytest.mark.parametrize(
    ("statement", "kind", "named"),
    [
        ("UPDATE directives SET raw = raw || ' ' WHERE id = 1", "directive", "directives dir-1"),
        ("UPDATE commands SET rest = rest || ' '", "planned", "commands "),
        ("UPDATE reports SET body = body || ' ' WHERE id = 1", "report", "reports 1"),
        ("UPDATE reports SET key = key || ' ' WHERE id = 1", "report", "reports 1"),
        ("DELETE FROM reports WHERE id = 1", "report", "reports 1"),
        ("UPDATE events SET rest = ',' || rest WHERE id = 1", "event", "events 1"),
        ("DELETE FROM events WHERE id = 1", "event", "events 1"),
    ],
)
def test_change_of_what_a_row_is_about_is_found_by_name(
    lived: JournalBench, statement: str, kind: str, named: str
) -> None:
    [(seq,)] = lived.rows("SELECT min(seq) FROM audit WHERE kind = ?", kind)
    found = tampered(lived, statement)
    assert found.startswith(f"row {seq} was changed, or differs from its table: {named}")


def test_audit_repeats_no_text_of_another_table(lived: JournalBench) -> None:
    repeated = lived.rows(
        "SELECT kind FROM audit_rows WHERE body IS NOT NULL AND body IN (SELECT body FROM reports UNION ALL"
        " SELECT body FROM events UNION ALL SELECT body FROM commands UNION ALL SELECT raw FROM directives)"
    )
    assert repeated == []


def test_changed_row_is_found_although_its_hash_and_the_next_rows_link_fit(lived: JournalBench) -> None:
    [(*row, prev)] = lived.rows(
        "SELECT seq, at, kind, officer, directive_id, content, subject, body || ' ', prev FROM audit WHERE seq = 4"
    )
    forged = audit.chain(prev, tuple(row))
    mended = f"UPDATE audit_rows SET body = body || ' ', hash = x'{forged}' WHERE seq = 4"  # noqa: S608 - our own hash
    assert tampered(lived, mended).startswith("row 5 was changed")


def test_view_shows_the_hashes_in_hex_each_beside_the_one_before(lived: JournalBench) -> None:
    rows = lived.rows("SELECT * FROM audit ORDER BY seq")
    assert rows[0][8] == audit.GENESIS
    for (*fields, prev, hashed), following in pairwise(rows):
        assert audit.chain(prev, tuple(fields)) == hashed == following[8]


def test_removed_row_is_found(lived: JournalBench) -> None:
    assert tampered(lived, "DELETE FROM audit_rows WHERE seq = 4") == "row 4 is missing"


def test_removed_row_is_found_although_later_rows_were_renumbered(lived: JournalBench) -> None:
    moved = (
        "UPDATE audit_rows SET seq = -(seq - 1) WHERE seq > 4",
        "UPDATE audit_rows SET seq = -seq WHERE seq < 0",
    )
    found = tampered(lived, "DELETE FROM audit_rows WHERE seq = 4", *moved)
    assert found.startswith("row 4 was changed")


def test_inserted_row_is_found(lived: JournalBench) -> None:
    room = (
        "UPDATE audit_rows SET seq = -(seq + 1) WHERE seq >= 4",
        "UPDATE audit_rows SET seq = -seq WHERE seq < 0",
    )
    copy = (
        "INSERT INTO audit_rows SELECT 4, at_ms, code, officer, directive, content, subject, body, hash"
        " FROM audit_rows WHERE seq = 3"
    )
    assert tampered(lived, *room, copy) == "row 4 was changed"


def test_appended_row_with_a_wrong_hash_is_found(lived: JournalBench) -> None:
    last = lived.rows("SELECT max(seq) FROM audit")[0][0]
    forged = (
        "INSERT INTO audit_rows SELECT seq + 1, at_ms, code, officer, directive, content, subject, body, hash"
        " FROM audit_rows ORDER BY seq DESC LIMIT 1"
    )
    assert tampered(lived, forged).startswith(f"row {last + 1} was changed")


def test_timeline_has_the_steps_of_one_directive_in_order(lived: JournalBench) -> None:
    with lists.reading(lived.path) as db:
        kinds = [row.kind for row in lists.timeline(db, "dir-1", OFFICER)]
        assert lists.timeline(db, "dir-9") == []
    assert kinds[:4] == ["directive", "event", "planned", "dispatch"]
    assert kinds[-1] == "delivered"
