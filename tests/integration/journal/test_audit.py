"""The audit's chain: rows are added and nothing else, and whoever changes one is found."""

import sqlite3

import pytest

from bridge.journal.database import audit
from bridge.journal.views import lists

from .desk import OFFICER, Desk, directive
from .reports import deal, result, submitted


@pytest.fixture
def lived(joined: Desk) -> Desk:
    """A journal with a filled directive, a rejected one, and a delivered event."""
    [command] = joined.sent(directive(), directive("dir-2", quantity=-1))
    joined.report(submitted(command.order), result(command.order), deal(command.order))
    joined.journal.set_delivered(joined.due()[0], "evt-1", joined.now)
    return joined


def tampered(desk: Desk, *statements: str) -> str:
    """Where the chain breaks after somebody has worked on the table without its guards."""
    for trigger in ("audit_is_never_changed", "audit_is_never_deleted"):
        desk.connection.execute(f"DROP TRIGGER {trigger}")
    for statement in statements:
        desk.connection.execute(statement)
    with lists.reading(desk.path) as db:
        return lists.verify(db).broken


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit SET body = 'other' WHERE seq = 2", "DELETE FROM audit WHERE seq = 2", "DELETE FROM audit"],
)
def test_the_file_itself_refuses_to_change_or_remove_a_row(lived: Desk, statement: str) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        lived.connection.execute(statement)


def test_the_chain_of_a_whole_life_holds(lived: Desk) -> None:
    with lists.reading(lived.path) as db:
        verdict = lists.verify(db)
    assert verdict.broken == ""
    assert verdict.rows == lived.rows("SELECT max(seq) FROM audit")[0][0] > 10


def test_what_money_depends_on_is_in_the_audit(lived: Desk) -> None:
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
def test_a_changed_field_is_found(lived: Desk, change: str) -> None:
    assert tampered(lived, f"UPDATE audit SET {change} WHERE seq = 4") == "row 4 was changed"  # noqa: S608


def test_a_changed_row_is_found_although_its_hash_and_the_link_to_it_were_mended(lived: Desk) -> None:
    [(*row, prev)] = lived.rows(
        "SELECT seq, at, kind, officer, directive_id, subject, body || ' ', prev FROM audit WHERE seq = 4"
    )
    forged = audit.chain(prev, tuple(row))
    mended = (
        f"UPDATE audit SET body = body || ' ', hash = '{forged}' WHERE seq = 4",  # noqa: S608 - our own hash
        f"UPDATE audit SET prev = '{forged}' WHERE seq = 5",  # noqa: S608 - as above
    )
    assert tampered(lived, *mended) == "row 5 was changed"


def test_a_removed_row_is_found(lived: Desk) -> None:
    assert tampered(lived, "DELETE FROM audit WHERE seq = 4") == "row 4 is missing"


def test_a_removed_row_is_found_although_the_rest_was_moved_up(lived: Desk) -> None:
    moved = "UPDATE audit SET seq = -(seq - 1) WHERE seq > 4", "UPDATE audit SET seq = -seq WHERE seq < 0"
    assert tampered(lived, "DELETE FROM audit WHERE seq = 4", *moved) == "row 4 was changed"


def test_an_inserted_row_is_found(lived: Desk) -> None:
    room = "UPDATE audit SET seq = -(seq + 1) WHERE seq >= 4", "UPDATE audit SET seq = -seq WHERE seq < 0"
    copy = (
        "INSERT INTO audit SELECT 4, at, kind, officer, directive_id, subject, body, prev, hash FROM audit"
        " WHERE seq = 3"
    )
    assert tampered(lived, *room, copy) == "row 4 was changed"


def test_a_row_put_at_the_end_is_found(lived: Desk) -> None:
    last = lived.rows("SELECT max(seq) FROM audit")[0][0]
    forged = (
        "INSERT INTO audit SELECT seq + 1, at, kind, officer, directive_id, subject, body, hash, hash FROM audit"
        " ORDER BY seq DESC LIMIT 1"
    )
    assert tampered(lived, forged) == f"row {last + 1} was changed"


def test_a_timeline_tells_one_directives_steps_in_order(lived: Desk) -> None:
    with lists.reading(lived.path) as db:
        kinds = [row.kind for row in lists.timeline(db, "dir-1", OFFICER)]
        assert lists.timeline(db, "dir-9") == []
    assert kinds[:4] == ["directive", "event", "planned", "dispatch"]
    assert kinds[-1] == "delivered"
