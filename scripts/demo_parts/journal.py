"""The journal after the run, read with `execution-officer journal` as an operator reads it."""

import subprocess
import sys
import sysconfig
from pathlib import Path

import msgspec

from bridge.core.units.quoting import joined
from demo_parts.deadline import Deadline
from demo_parts.process import bridge_command


class JournalFailedError(Exception):
    """`execution-officer journal` failed."""


class JournalRow(msgspec.Struct, frozen=True):
    """One directive in the output of `journal list --json`."""

    directive_id: str
    state: str
    events: int
    undelivered: int


def read_journal(path: Path, deadline: Deadline) -> dict[str, JournalRow]:
    """Return the journal's directives by id. Raises JournalFailedError, and the errors of `deadline`."""
    left_s = deadline.left()
    command = bridge_command("journal", "--path", str(path), "list", "--json")
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=left_s)
    except subprocess.TimeoutExpired as error:
        raise JournalFailedError(f"the journal was not read within {left_s:.0f} s") from error
    if done.returncode:
        raise JournalFailedError(
            f"the journal was not read: {done.stderr.decode('utf-8', 'replace').strip()}"
        )
    rows = msgspec.json.decode(done.stdout, type=list[JournalRow])
    return {row.directive_id: row for row in rows}


def commands(path: Path, directive_id: str) -> list[str]:
    """Return command lines that read the journal, each ready to be pasted into a shell."""
    program = _program()
    base = [*program, "journal", "--path", str(path)]
    return [_line([*base, *rest]) for rest in (["list"], ["show", directive_id], ["undelivered"], ["verify"])]


def _program() -> list[str]:
    """Return `execution-officer` with its folder: the environment may not be active in the user's shell."""
    for name in ("execution-officer", "execution-officer.exe"):
        found = Path(sysconfig.get_path("scripts")) / name
        if found.exists():
            return [str(found)]
    return [sys.executable, "-m", "bridge"]


def _line(command: list[str]) -> str:
    return joined(command, windows=sys.platform == "win32")
