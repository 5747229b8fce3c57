"""A row with a word that no enum has is refused by name, and never acted on."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bridge.core.link.messages import Order
from bridge.journal.database import audit, file, words
from bridge.journal.database.errors import JournalUnknownWordError
from bridge.journal.database.words import AuditKind, UnknownWordError
from bridge.journal.journal import opened
from bridge.journal.tables.halts import ALL

from .bench import NOW, OFFICER, JournalBench, directive, settings
from .reports import deal, result, submitted

NEW = "NEW_WORD"


def insert(connection: sqlite3.Connection, table: str, changes: dict[str, str]) -> None:
    """Insert a row whose words are all known, but for the changes."""
    values: dict[str, object] = {}
    for column in connection.execute(f"PRAGMA table_info({table})"):
        known = (table, column["name"]) in words.STORED
        plain = sorted(words.allowed(table, column["name"]))[0] if known else "1"
        values[column["name"]] = {"TEXT": plain, "BLOB": b"1"}.get(column["type"], 1)
    values |= changes
    names, marks = ", ".join(values), ", ".join(f":{name}" for name in values)
    connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", values)  # noqa: S608 - names of columns


@pytest.mark.parametrize(("table", "column"), [each for each in words.STORED if each[0] != "audit_rows"])
def test_journal_with_an_unknown_word_is_refused_by_name_and_left_as_it_is(
    tmp_path: Path, table: str, column: str
) -> None:
    path = tmp_path / "journal.db"
    file.create(path)
    with closing(file.connect(path)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        # The kind of a report is the beginning of its key.
        if table == "reports":
            insert(
                connection, table, {"key": f"{NEW}:1"} if column == "kind" else {"key": "deal:1", column: NEW}
            )
        else:
            insert(connection, table, {column: NEW})
    before = path.read_bytes()
    with pytest.raises(JournalUnknownWordError, match=f'{table}.{column} "{NEW}" is unknown to this version'):
        file.check(path)
    with pytest.raises(JournalUnknownWordError), opened(path, settings()):
        pytest.fail("it was opened")
    assert path.read_bytes() == before


def test_journal_with_an_unknown_kind_of_audit_row_is_refused_by_name(
    bench: JournalBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = (1, "2026-01-05T10:00:00.000Z", NEW, OFFICER, None, None, "x", "")
    at_ms = int(NOW.timestamp() * 1000)
    hashed = bytes.fromhex(audit.chain(audit.GENESIS, row))
    values = (1, at_ms, NEW, OFFICER, None, None, "x", "", hashed)
    bench.connection.execute("INSERT INTO audit_rows VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
    bench.close()
    with pytest.raises(
        JournalUnknownWordError, match=f'audit_rows.kind "{NEW}" .* supported: .*{AuditKind.BOUND}'
    ):
        file.check(bench.path)


@pytest.fixture
def order(joined: JournalBench) -> Order:
    """The order of a command that was sent."""
    [command] = joined.sent(directive())
    return command.order


@pytest.mark.parametrize("column", ["kind", "order_type", "side", "state"])
def test_report_about_a_command_with_an_unknown_word_is_kept_and_raised(
    joined: JournalBench, order: Order, column: str
) -> None:
    joined.connection.execute(f"UPDATE commands SET {column} = ?", (NEW,))  # noqa: S608 - a name of a column
    before = joined.rows("SELECT * FROM commands")
    assert joined.report(submitted(order), result(order), deal(order)).quarantined == 3
    assert joined.rows("SELECT * FROM commands") == before
    assert joined.rows("SELECT * FROM positions") == []
    errors = joined.bodies("SYSTEM_ERROR")
    assert [each["error_code"] for each in errors] == ["REPORT_UNUSABLE"] * 3
    assert all(f'commands.{column} "{NEW}" is unknown' in each["error_message"] for each in errors)


@pytest.mark.parametrize("column", ["kind", "order_type", "side"])
def test_planned_command_with_an_unknown_word_is_not_sent(joined: JournalBench, column: str) -> None:
    joined.planned(directive())
    joined.connection.execute(f"UPDATE commands SET {column} = ?", (NEW,))  # noqa: S608 - a name of a column
    with pytest.raises(UnknownWordError, match=f'commands.{column} "{NEW}"'):
        joined.look()


def test_command_in_an_unknown_state_is_not_sent(joined: JournalBench, order: Order) -> None:
    joined.connection.execute("UPDATE commands SET state = ?", (NEW,))
    joined.later(3600)
    assert joined.advance() == []
    assert joined.request_status(first=True) == []
    assert joined.command_state(order.client_order_id) == NEW


@pytest.mark.parametrize("column", ["side", "state"])
def test_deal_of_a_position_with_an_unknown_word_is_kept_and_raised(
    joined: JournalBench, order: Order, column: str
) -> None:
    joined.report(submitted(order), result(order), deal(order, volume="0.1"))
    joined.connection.execute(f"UPDATE positions SET {column} = ?", (NEW,))  # noqa: S608 - a name of a column
    assert joined.report(deal(order, 9002, volume="0.2")).quarantined == 1
    [error] = joined.bodies("SYSTEM_ERROR")
    assert f'positions.{column} "{NEW}" is unknown' in error["error_message"]


def test_deal_of_a_position_with_an_unknown_allocation_is_kept_and_raised(
    joined: JournalBench, order: Order
) -> None:
    joined.report(submitted(order), result(order), deal(order, volume="0.1"))
    joined.connection.execute("UPDATE allocations SET entry = ?", (NEW,))
    assert joined.report(deal(order, 9002, volume="0.2")).quarantined == 1
    [error] = joined.bodies("SYSTEM_ERROR")
    assert f'allocations.entry "{NEW}" is unknown' in error["error_message"]


def test_report_after_one_with_an_unknown_disposition_is_kept_and_raised(
    joined: JournalBench, order: Order
) -> None:
    joined.report(submitted(order))
    joined.connection.execute("UPDATE reports SET disposition = ?", (NEW,))
    assert joined.report(submitted(order)).quarantined == 1
    [error] = joined.bodies("SYSTEM_ERROR")
    assert f'reports.disposition "{NEW}" is unknown' in error["error_message"]


def test_own_directive_with_an_unknown_action_is_rejected_and_closes_nothing(
    joined: JournalBench, order: Order
) -> None:
    joined.report(submitted(order), result(order), deal(order))
    done = joined.journal.flatten(OFFICER, joined.now, nonce="0f" * 8, why="x")
    joined.connection.execute("UPDATE directives SET typed = replace(body, '\"FLATTEN\"', '\"ERASE\"')")
    assert joined.advance() == []
    assert joined.directive_state(done.directive_id) == "REJECTED"
    [rejected] = [each for each in joined.bodies("ORDER_REJECTED") if each.get("directive_id") is None]
    assert "ERASE" in rejected["error_message"]


def test_directive_with_an_unknown_action_is_rejected_and_sends_nothing(joined: JournalBench) -> None:
    joined.take(directive())
    joined.connection.execute("UPDATE directives SET typed = replace(body, 'OPEN_LONG', 'OPEN_WIDE')")
    assert joined.advance() == []
    assert joined.directive_state() == "REJECTED"
    [rejected] = joined.bodies("ORDER_REJECTED")
    assert "OPEN_WIDE" in rejected["error_message"]


def test_directive_of_an_unknown_origin_stops_the_dispatch(joined: JournalBench) -> None:
    joined.take(directive())
    joined.connection.execute("UPDATE directives SET origin = ?", (NEW,))
    with pytest.raises(UnknownWordError, match=f'directives.origin "{NEW}"'):
        joined.look()


@pytest.mark.parametrize("column", ["margin_mode", "trade_mode"])
def test_session_of_an_officer_with_an_unknown_word_is_not_opened(joined: JournalBench, column: str) -> None:
    joined.connection.execute(f"UPDATE officers SET {column} = ?", (NEW,))  # noqa: S608 - a name of a column
    with pytest.raises(UnknownWordError, match=f'officers.{column} "{NEW}"'):
        joined.try_join()
    assert joined.rows("SELECT count(*) FROM sessions") == [(1,)]


def test_halt_by_an_unknown_author_stays_in_force(bench: JournalBench) -> None:
    bench.journal.halt(OFFICER, NOW, symbol=ALL, why="news")
    bench.connection.execute("UPDATE halts SET set_by = ?", (NEW,))
    with pytest.raises(UnknownWordError, match=f'halts.set_by "{NEW}"'):
        bench.journal.resume(OFFICER, NOW, symbol=None, why="x")
    assert bench.rows("SELECT count(*) FROM halts") == [(1,)]


def test_event_in_an_unknown_state_is_not_posted(bench: JournalBench) -> None:
    bench.take(directive())
    bench.connection.execute("UPDATE events SET state = ?", (NEW,))
    assert bench.due() == []
