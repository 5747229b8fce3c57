"""Commands while the journal is locked, its disk is full, or this user may not read it. No sidecar runs."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import pytest

from bridge.exits import ExitCode
from bridge.sidecar import control_file
from tests.acceptance import commands
from tests.acceptance.command_line import CommandLine

PROMPT_S: Final = 10.0
"""Time within which a command answers, whatever another program does."""
START_S: Final = 20.0
"""Start of a new interpreter on a busy machine."""


@contextmanager
def lock(path: Path, *, reading: bool) -> Iterator[None]:
    """Another program that has the file locked: for writing, and with `reading` for reading too."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        if reading:
            other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        other.execute("PRAGMA user_version = 1")
        yield


@pytest.mark.parametrize(
    "words",
    [("status",), ("journal", "list"), ("journal", "verify"), ("halt",), ("flatten", "--yes")],
    ids=" ".join,
)
def test_command_on_a_journal_that_another_program_locks_ends_with_15_in_seconds(
    command_line: CommandLine, words: tuple[str, ...]
) -> None:
    with lock(command_line.journal, reading=True):
        began = time.monotonic()
        code = command_line.run(*words)
        took_s = time.monotonic() - began
    assert (code, took_s < PROMPT_S) == (ExitCode.JOURNAL_UNOPENED, True), (code, took_s)
    assert "cannot be opened now: SQLite says: database is locked" in command_line.stderr
    assert "restore" not in command_line.stderr
    assert command_line.halts() == []


@pytest.mark.parametrize("words", [("halt",), ("flatten", "--yes")], ids=" ".join)
def test_stop_on_a_journal_that_another_program_writes_is_refused_and_status_is_shown(
    command_line: CommandLine, words: tuple[str, ...]
) -> None:
    with lock(command_line.journal, reading=False):
        began = time.monotonic()
        code = command_line.run(*words)
        took_s = time.monotonic() - began
        assert (code, took_s < PROMPT_S) == (ExitCode.JOURNAL_UNOPENED, True), (code, took_s)
        assert command_line.run("status") == ExitCode.NOT_RUNNING
    assert command_line.run(*words) == ExitCode.OK


_WITHOUT_ROOM: Final = (
    "import resource, runpy, sys;"
    " resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY));"
    " sys.argv[0] = 'bridge'; runpy.run_module('bridge', run_name='__main__', alter_sys=True)"
)
"""A command for which no file grows, as on a full disk."""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit of a file's size")
@pytest.mark.parametrize(
    "words", [("run",), ("status",), ("halt",), ("flatten", "--yes"), ("recover",)], ids=" ".join
)
def test_command_on_a_full_disk_ends_with_15_and_the_next_one_works(
    command_line: CommandLine, words: tuple[str, ...]
) -> None:
    assert command_line.run("setup") == ExitCode.OK
    config = str(command_line.folder / "bridge.toml")
    before = command_line.journal.read_bytes()
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT_ROOM, words[0], "--config", config, *words[1:]],
        env={**commands.environment(), "KEY": "secret"},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert time.monotonic() - began < PROMPT_S + START_S
    assert done.returncode == ExitCode.JOURNAL_UNOPENED, done.stderr
    assert done.stderr.count("Error: ") == 1 and "make room on its disk" in done.stderr
    assert done.stdout == "" and command_line.journal.read_bytes() == before
    assert command_line.run("halt") == ExitCode.OK


@pytest.fixture
def readers_journal(command_line: CommandLine) -> Iterator[Path]:
    """A journal that its user may read, in a folder where it may write nothing."""
    command_line.journal.chmod(0o444)
    command_line.folder.chmod(0o555)
    yield command_line.journal
    command_line.folder.chmod(0o755)


def without_privileges() -> list[str]:
    """Return the words before a command that make root an ordinary user for files; skip where there are none."""
    if sys.platform == "win32":
        pytest.skip("file modes have no effect on Windows")
    if os.geteuid() != 0:
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("root may write everywhere, and setpriv is missing")
    return [setpriv, "--bounding-set=-dac_override,-dac_read_search"]


@pytest.mark.parametrize("command", ["list", "verify"])
def test_reader_without_the_right_to_write_to_the_folder_is_refused_with_the_reason(
    readers_journal: Path, command: str
) -> None:
    done = subprocess.run(
        [
            *without_privileges(),
            *(sys.executable, "-m", "bridge", "journal", "--path", str(readers_journal), command),
        ],
        env=commands.environment(),
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == ExitCode.JOURNAL_READ_ONLY, done.stderr
    assert "reading needs the right to write to the journal's folder" in done.stderr
    assert "restore nothing" in done.stderr


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away")
def test_status_of_a_user_who_may_not_ask_the_sidecar_does_not_call_it_well(
    command_line: CommandLine,
) -> None:
    """The control file and the lock file belong to another user, as a service's do."""
    control = control_file.control_path(command_line.journal)
    control.touch(0o600)
    beside = command_line.journal.with_name("journal.db.lock")
    beside.touch(0o600)
    for path in (control, beside):
        os.chown(path, 12_345, 12_345)
    done = subprocess.run(
        [
            *without_privileges(),
            *(sys.executable, "-m", "bridge", "status"),
            *("--config", str(command_line.folder / "bridge.toml"), "--json"),
        ],
        env=commands.environment(),
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == ExitCode.ATTENTION, done.stderr
    report = json.loads(done.stdout)
    [required_action] = report["required_actions"]
    assert (report["well"], required_action["code"]) == (False, "NO_ANSWER")
    assert "may own the journal, which this user cannot find out" in required_action["what"]
    assert "Permission denied; run the command as the user that runs the sidecar" in required_action["what"]
