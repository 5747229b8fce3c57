"""A journal that is missing, damaged, foreign, newer, used twice or an old copy, and a lost ledger."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from bridge.core.director.contract import EventType, utc_text
from bridge.exits import ExitCode
from bridge.journal.database import file
from tests.rig.rig import OPENED, REFUSED, Rig
from tests.rig.world import OFFICER

SIDE_FILES: Final = ("-wal", "-shm")


def _remove(path: Path) -> None:
    path.unlink()


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _garbage(path: Path) -> None:
    path.write_bytes(b"not a database, whatever its name says\n" * 300)


def _damage(path: Path) -> None:
    """Overwrite one page in the middle with 0xff bytes."""
    whole = bytearray(path.read_bytes())
    whole[8192:12288] = b"\xff" * 4096
    path.write_bytes(whole)


def _foreign(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")


def _newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
            " VALUES ('bridge', '9999_from_the_future', '2099-01-01')"
        )


@pytest.mark.parametrize(
    ("harm", "code"),
    [
        (_remove, ExitCode.JOURNAL_MISSING),
        (_empty, ExitCode.JOURNAL_DAMAGED),
        (_garbage, ExitCode.JOURNAL_DAMAGED),
        (_damage, ExitCode.JOURNAL_DAMAGED),
        (_foreign, ExitCode.JOURNAL_DAMAGED),
        (_newer, ExitCode.JOURNAL_NEWER),
    ],
    ids=["missing", "empty", "garbage", "damaged", "foreign", "newer"],
)
def test_unusable_journal_is_refused_with_its_exit_status_and_left_unchanged(
    rig: Rig, harm: Callable[[Path], None], code: ExitCode
) -> None:
    journal = rig.journal.path
    harm(journal)
    before = journal.read_bytes() if journal.exists() else None
    run = rig.bridge("run", "--config", str(rig.config_path))
    assert run.exited() == code
    assert any(line.startswith("Error: ") and str(journal) in line for line in run.log)
    assert (journal.read_bytes() if journal.exists() else None) == before


def _lengthen(path: Path) -> None:
    """Make the file so long that it is checked behind the start, by a table of another tool."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE pad (bytes BLOB)")
        connection.execute("INSERT INTO pad VALUES (zeroblob(:bytes))", {"bytes": file.LONG_BYTES})


def test_long_journal_is_checked_behind_the_start(rig: Rig) -> None:
    _lengthen(rig.journal.path)
    rig.start()
    rig.open()
    rig.sidecar.logged("journal_checked")


def test_damage_that_is_found_behind_the_start_ends_the_sidecar(rig: Rig) -> None:
    rig.start()
    rig.open()
    rig.stop()
    _lengthen(rig.journal.path)
    with closing(sqlite3.connect(rig.journal.path)) as connection, connection:
        connection.execute("UPDATE commands SET symbol = 'GBPUSD'")
    run = rig.bridge("run", "--config", str(rig.config_path))
    run.logged("sidecar_starting")
    assert run.exited() == ExitCode.JOURNAL_DAMAGED
    assert any(line.startswith("Error: ") and "differs from its table" in line for line in run.log)
    # A damaged journal cannot be compared with the Director's events: skip the invariant.
    rig.sidecars = 0


def test_journal_with_a_changed_audit_row_is_refused(rig: Rig) -> None:
    rig.start()
    rig.open()
    rig.stop()
    with closing(sqlite3.connect(rig.journal.path)) as connection, connection:
        connection.execute("DROP TRIGGER audit_is_never_changed")
        connection.execute("UPDATE audit_rows SET body = replace(body, 'EURUSD', 'GBPUSD')")
    run = rig.bridge("run", "--config", str(rig.config_path))
    assert run.exited() == ExitCode.JOURNAL_DAMAGED
    verify = rig.bridge("journal", "--config", str(rig.config_path), "verify")
    assert verify.exited() == ExitCode.CHAIN_BROKEN
    # A damaged journal cannot be compared with the Director's events: skip the invariant.
    rig.sidecars = 0


def test_journal_with_a_replication_tools_tables_and_a_persons_view_is_used(rig: Rig) -> None:
    with closing(sqlite3.connect(rig.journal.path)) as connection, connection:
        connection.execute("CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER)")
        connection.execute("CREATE VIEW mine AS SELECT officer, symbol FROM open_positions")
    rig.start()
    found = rig.sidecar.logged("journal_has_foreign_objects")
    assert found["objects"] == ["table _litestream_seq", "view mine"]
    rig.open()
    verify = rig.bridge("journal", "--config", str(rig.config_path), "verify")
    assert verify.exited() == ExitCode.OK
    assert any("left alone: table _litestream_seq, view mine" in line for line in verify.log)


def test_second_sidecar_on_the_same_journal_is_refused(rig: Rig) -> None:
    rig.start()
    second = rig.bridge("run", "--config", str(rig.config_path))
    assert second.exited() == ExitCode.JOURNAL_LOCKED
    rig.open()


def _expect_no_send(rig: Rig, sends: int) -> None:
    """Issue a directive that expires soon, and check that it was never sent although it could have been."""
    soon = utc_text(datetime.now(UTC) + timedelta(seconds=1.5))
    _, rejected = rig.emitted(rig.issue("OPEN_LONG", expires_at=soon), *REFUSED)
    assert rejected.code == "EXPIRED"
    assert "the officer is quarantined" in rejected.body["error_message"]
    assert len(rig.broker.sends()) == sends


def _restore(rig: Rig, backup: Path) -> None:
    for suffix in SIDE_FILES:
        rig.journal.path.with_name(rig.journal.path.name + suffix).unlink(missing_ok=True)
    shutil.copy(backup, rig.journal.path)
    rig.journal_restored = True


def test_old_copy_of_the_journal_quarantines_the_officer_until_rebind(
    rig: Rig,
) -> None:
    rig.start()
    rig.open()
    backup = rig.folder / "backup.db"
    rig.journal.copy_to(backup)
    directive_id = rig.open("OPEN_SHORT")
    assert rig.sidecar.terminate() == 0
    _restore(rig, backup)
    rig.start_sidecar()
    rig.emitted_besides(EventType.SYSTEM_ERROR, "QUARANTINED")
    # The Director lists the directive again, since the restored journal does not contain it.
    issued = utc_text(datetime.now(UTC))
    rig.director.issue(OFFICER, _again(directive_id, issued))
    rig.director.wait(
        "waited for the second DIRECTIVE_RECEIVED",
        lambda events: any(e.directive_id == directive_id and e.deliveries > 1 for e in events),
    )
    _expect_no_send(rig, sends=2)
    # After the operator's rebind the order is found, and not sent again.
    assert rig.sidecar.terminate() == 0
    assert "Quarantine lifted" in _rebind(rig)
    rig.start_sidecar()
    rig.sidecar.logged("event_delivered", directive=directive_id, event_type=EventType.POSITION_OPENED)
    rig.emitted(directive_id, *OPENED)
    assert len(rig.broker.sends()) == 2
    # From here on the journal is complete again.
    rig.journal_restored = False
    rig.answers_lost = True


def _rebind(rig: Rig) -> str:
    """Rebind as an operator who compared the account; return the command's output."""
    rebind = ["rebind", "--config", str(rig.config_path), "--officer", OFFICER, "--why", "compared", "--yes"]
    process = rig.bridge(*rebind)
    assert process.exited() == 0, process.log
    return "\n".join(process.log)


def _again(directive_id: str, issued_at: str) -> dict[str, object]:
    return {
        "directive_id": directive_id,
        "symbol": "EURUSD",
        "action": "OPEN_SHORT",
        "order_type": "MARKET",
        "quantity": 0.01,
        "issued_at": issued_at,
    }


def test_deleted_write_ahead_log_quarantines_the_officer(rig: Rig) -> None:
    rig.start()
    rig.open()
    rig.sidecar.kill()
    for suffix in SIDE_FILES:
        rig.journal.path.with_name(rig.journal.path.name + suffix).unlink()
    rig.journal_restored = True
    rig.start_sidecar()
    rig.emitted_besides(EventType.SYSTEM_ERROR, "QUARANTINED")
    _expect_no_send(rig, sends=1)
    rig.unsettled = "the officer is held"


def test_lost_ledger_quarantines_the_officer_until_rebind(rig: Rig) -> None:
    rig.start()
    rig.open()
    assert rig.terminal.terminate() == 0
    rig.ledger().unlink()
    rig.start_terminal()
    held = rig.emitted_besides(EventType.SYSTEM_ERROR, "QUARANTINED")
    assert "another ledger" in held.body["error_message"]
    _expect_no_send(rig, sends=1)
    stdout = _rebind(rig)
    assert "Quarantine lifted" in stdout and "The session of its terminal has ended" in stdout
    rig.emitted(rig.issue("OPEN_LONG"), *OPENED)
    assert len(rig.broker.sends()) == 2
