"""Files that root's commands make belong to the user of the service, which could not open them otherwise."""

import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bridge.exits import ExitCode
from bridge.journal.database import file, lock, rescue
from bridge.sidecar.control_socket import ControlSocket
from tests.acceptance.command_line import CommandLine

SERVICE = 12_345

pytestmark = pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() != 0, reason="only root can give files away"
)


@pytest.fixture
def services(without_journal: CommandLine) -> Iterator[CommandLine]:
    """A folder of the service's user, without a journal; root gives the commands."""
    folder = without_journal.folder
    os.chown(folder, SERVICE, SERVICE)
    yield without_journal
    os.chown(folder, 0, 0)


def owners(folder: Path) -> dict[str, tuple[int, int]]:
    return {
        each.name: (each.stat().st_uid, each.stat().st_gid)
        for each in folder.rglob("*")
        if each.name != "bridge.toml"
    }


def test_set_up_by_root_makes_files_of_the_folders_owner(services: CommandLine) -> None:
    assert services.run("setup") == ExitCode.OK
    assert owners(services.folder) == {
        "journal.db": (SERVICE, SERVICE),
        "eo-001.linkkey": (SERVICE, SERVICE),
        "eo-002.linkkey": (SERVICE, SERVICE),
    }


def test_folders_that_set_up_makes_belong_to_the_owner_of_the_one_above(services: CommandLine) -> None:
    config = services.folder / "bridge.toml"
    config.write_text(config.read_text() + '[journal]\npath = "a/b/journal.db"\n')
    assert services.run("setup") == ExitCode.OK
    assert set(owners(services.folder).values()) == {(SERVICE, SERVICE)}
    assert set(owners(services.folder)) >= {"a", "b", "journal.db", "eo-001.linkkey"}


def test_root_owns_what_it_makes_in_a_folder_of_its_own(without_journal: CommandLine) -> None:
    assert without_journal.run("setup") == ExitCode.OK
    assert set(owners(without_journal.folder).values()) == {(0, os.getegid())}


def test_files_of_an_open_journal_belong_to_the_journals_owner(services: CommandLine) -> None:
    assert services.run("setup") == ExitCode.OK
    assert services.run("halt") == ExitCode.OK
    with lock.locked(services.journal):
        connection = file.open_writer(services.journal)
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
            control = ControlSocket(services.journal, 0, now=datetime.now(UTC))
            try:
                found = owners(services.folder)
            finally:
                control.close()
            saved = rescue.rescue(connection, services.journal, datetime.now(UTC))
        finally:
            connection.close()
    assert saved is not None
    assert saved.stat().st_uid == SERVICE
    assert {"journal.db-wal", "journal.db-shm", "journal.db.lock", "journal.db.control"} <= set(found)
    assert set(found.values()) == {(SERVICE, SERVICE)}


def test_backup_by_root_belongs_to_the_owner_of_its_folder(services: CommandLine) -> None:
    services.run("setup")
    target = services.folder / "copy.db"
    assert (
        services.run_plain("journal", "--path", str(services.journal), "backup", str(target)) == ExitCode.OK
    )
    assert (target.stat().st_uid, target.stat().st_gid) == (SERVICE, SERVICE)


def test_lock_file_that_is_a_name_of_another_file_is_not_given_away(services: CommandLine) -> None:
    """The owner of the folder could make it a name of any file, and root would give that file away."""
    services.run("setup")
    os.chown(services.journal, SERVICE, SERVICE)
    other = services.folder / "other"
    other.write_text("of root")
    (services.folder / "journal.db.lock").hardlink_to(other)
    services.run("halt")
    assert (other.stat().st_uid, other.read_text()) == (0, "of root")
