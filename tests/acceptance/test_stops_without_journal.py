"""Halt, flatten, status and the end of a running sidecar whose journal cannot be written, or is gone."""

import json
import os
import shutil
import signal
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from bridge.core.director.contract import EventType
from bridge.exits import ExitCode
from bridge.sidecar import control_file
from tests.rig.deadline import Deadline
from tests.rig.rig import OPENED, REFUSED, Rig
from tests.rig.world import OFFICER

_START_S: Final = 55.0 if sys.platform == "win32" else 10.0
"""Start of a process on a busy machine: on Windows a new interpreter."""
PROMPT_S: Final = 5.0 + _START_S
"""Time within which a command is answered."""
SOON_S: Final = 20.0
"""Time within which a sidecar ends, whatever holds the journal."""


@contextmanager
def lock(rig: Rig) -> Iterator[sqlite3.Connection]:
    """Another program that has locked the journal for writing."""
    with closing(sqlite3.connect(rig.journal.path, isolation_level=None, timeout=20)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield other
        if other.in_transaction:
            other.execute("ROLLBACK")


def command(rig: Rig, *words: str, code: ExitCode = ExitCode.OK) -> str:
    """Run an operator's command, which must be answered promptly, and return its output."""
    began = time.monotonic()
    process = rig.bridge(words[0], "--config", str(rig.config_path), *words[1:])
    assert process.exited() == code, process.log
    took_s = time.monotonic() - began
    assert took_s < PROMPT_S, f"{words[0]} took {took_s:.1f} s"
    return "\n".join(process.log)


def status(rig: Rig, *, code: ExitCode) -> dict[str, Any]:
    report = json.loads(command(rig, "status", "--json", code=code).splitlines()[-1])
    assert isinstance(report, dict)
    return report


def codes(report: dict[str, Any]) -> list[str]:
    return [each["code"] for each in report["required_actions"]]


def test_halt_counts_at_once_while_the_journal_is_locked_and_is_stored_afterwards(rig: Rig) -> None:
    rig.start()
    with lock(rig):
        directive_id = rig.issue("OPEN_LONG")
        stdout = command(rig, "halt", "--why", "news at ten")
        assert f"{OFFICER}: opens are halted for all symbols since" in stdout
        assert "not in the journal yet: another program locks the journal" in stdout
        report = status(rig, code=ExitCode.ATTENTION)
        assert "HALT_NOT_STORED" in codes(report)
        assert rig.journal.rows("SELECT * FROM halts") == []
    _, refused = rig.emitted(directive_id, *REFUSED)
    assert "news at ten" in str(refused.body)
    assert [row["why"] for row in rig.journal.rows("SELECT why FROM halts")] == ["news at ten"]
    assert len(rig.broker.sends()) == 0
    assert codes(status(rig, code=ExitCode.OK)) == []


def test_flatten_counts_at_once_while_the_journal_is_locked_and_closes_afterwards(rig: Rig) -> None:
    rig.start()
    opening = rig.open()
    with lock(rig):
        stdout = command(rig, "flatten", "--yes", "--why", "off")
        assert f"{OFFICER}: to be closed and cancelled by directive operator:flatten:" in stdout
        assert "not in the journal yet" in stdout
    rig.emitted(opening, *OPENED, EventType.POSITION_CLOSED)
    assert rig.broker.positions() == []


def test_stop_while_the_journal_is_locked_takes_seconds_and_loses_nothing(rig: Rig) -> None:
    rig.start()
    opening = rig.open()
    # An acceptance that could not be stored any more would have its event posted again.
    deadline = Deadline()
    while rig.journal.rows("SELECT 1 FROM events WHERE state = 'queued'"):
        assert not deadline.over, rig.sidecar.log
        rig.sidecar.any_line(since=rig.sidecar.mark, within=0.1)
    with lock(rig):
        waiting = rig.issue("OPEN_SHORT", symbol="GBPUSD")
        began = time.monotonic()
        assert rig.sidecar.terminate() == ExitCode.OK
        assert time.monotonic() - began < SOON_S
    rig.start_sidecar()
    rig.emitted(waiting, *OPENED)
    rig.emitted(opening, *OPENED)
    assert len(rig.broker.sends()) == 2


def test_stop_with_a_halt_that_could_not_be_stored_says_that_it_is_lost(rig: Rig) -> None:
    rig.start()
    with lock(rig):
        command(rig, "halt")
        rig.sidecar.send(signal.SIGTERM)
        assert rig.sidecar.exited(SOON_S) == ExitCode.HALT_LOST
        rig.sidecar.line(f"these halts are lost: {OFFICER} (all symbols)")
    rig.start_sidecar()
    rig.open()


# A control file that cannot be written


def test_sidecar_that_no_command_could_reach_does_not_start(rig: Rig) -> None:
    control_file.control_path(rig.journal.path).mkdir()
    run = rig.bridge("run", "--config", str(rig.config_path))
    assert run.exited() == ExitCode.CONTROL_FILE
    assert any("without it no command would reach the sidecar" in line for line in run.log)
    assert not any("sidecar starting" in line for line in run.log)


def test_status_of_a_running_sidecar_without_control_file_requires_action(rig: Rig) -> None:
    rig.start()
    path = control_file.control_path(rig.journal.path)
    # A folder in its place: it cannot be written again.
    path.unlink()
    path.mkdir()
    report = status(rig, code=ExitCode.ATTENTION)
    assert (report["running"], codes(report)) == (False, ["NO_ANSWER"])
    assert "a process owns the journal" in report["required_actions"][0]["what"]
    assert "halt was not done" in command(rig, "halt", code=ExitCode.JOURNAL_LOCKED)
    rig.sidecar.logged("control_file_not_written")
    mark = rig.sidecar.mark
    path.rmdir()
    # The sidecar writes it again by itself.
    rig.sidecar.logged("control_listening", since=mark)
    command(rig, "halt")


# A journal that is removed or replaced


def _remove(path: Path) -> None:
    path.unlink()


def _replace(path: Path) -> None:
    """Put an older copy in its place, as a restored backup is."""
    copy = path.with_name("copy.db")
    shutil.copy(path, copy)
    os.replace(copy, path)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps an open file where it is")
@pytest.mark.parametrize("harm", [_remove, _replace])
def test_journal_that_is_gone_under_the_sidecar_is_noticed_and_nothing_is_sent(
    rig: Rig, harm: Callable[[Path], None]
) -> None:
    rig.start()
    rig.open()
    # The last delivery may not be noted in the journal yet, and is repeated from the rescued one.
    rig.answers_lost = True
    harm(rig.journal.path)
    # At once, before the sidecar has done anything else.
    report = status(rig, code=ExitCode.ATTENTION)
    assert codes(report)[0] == "JOURNAL_LOST"
    assert report["well"] is False
    rig.sidecar.logged("journal_lost")
    emitted = rig.emitted_besides(EventType.SYSTEM_ERROR, "JOURNAL_LOST")
    assert "start the sidecar again" in str(emitted.body["error_message"])
    rescued = rig.sidecar.logged("journal_rescued")["file"]
    assert f"its content is in {rescued}" in str(emitted.body["error_message"])
    assert rescued in status(rig, code=ExitCode.ATTENTION)["required_actions"][0]["remedy"]
    waiting = rig.issue("OPEN_LONG")
    refused = command(rig, "flatten", "--yes", code=ExitCode.FAILED)
    assert "flatten was not done" in refused and "flatten button" in refused
    assert "HALT_NOT_STORED" not in codes(status(rig, code=ExitCode.ATTENTION))
    began = time.monotonic()
    assert rig.sidecar.terminate() == ExitCode.OK
    assert time.monotonic() - began < SOON_S
    assert len(rig.broker.sends()) == 1
    # The content was saved, and takes the journal's place: nothing is lost.
    for suffix in ("-wal", "-shm"):
        rig.journal.path.with_name(rig.journal.path.name + suffix).unlink(missing_ok=True)
    os.replace(rescued, rig.journal.path)
    rig.start_sidecar()
    rig.emitted(waiting, *OPENED)
    assert len(rig.broker.sends()) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps an open file where it is")
def test_halt_counts_while_the_journal_is_gone_and_the_stop_says_that_it_is_lost(rig: Rig) -> None:
    rig.start()
    aside = rig.journal.path.with_name("aside.db")
    rig.journal.path.rename(aside)
    stdout = command(rig, "halt", "--why", "news at ten")
    assert f"{OFFICER}: opens are halted for all symbols since" in stdout
    assert "was removed while the sidecar ran" in stdout and "before the next start" in stdout
    # The symbol cannot be compared with those of the journal.
    assert "could not be checked" in command(rig, "halt", "--symbol", "EURUSD")
    report = status(rig, code=ExitCode.ATTENTION)
    assert codes(report)[:3] == ["JOURNAL_LOST", "HALT_NOT_STORED", "HALT_NOT_STORED"]
    assert "give the command again" in report["required_actions"][1]["remedy"]
    rig.sidecar.send(signal.SIGTERM)
    assert rig.sidecar.exited(SOON_S) == ExitCode.HALT_LOST
    rig.sidecar.line(
        f"these halts are lost: {OFFICER} (all symbols), {OFFICER} (EURUSD); put the journal back"
    )
    # Nothing but the loss was logged.
    assert not any("stops_not_stored" in line for line in rig.sidecar.log)
    aside.rename(rig.journal.path)
    command(rig, "halt", "--why", "news at ten")
    rig.start_sidecar()
    _, refused = rig.emitted(rig.issue("OPEN_LONG"), *REFUSED)
    assert "news at ten" in str(refused.body)
    assert rig.broker.sends() == []
