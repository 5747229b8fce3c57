"""A shared commit outlives a power failure: what left the process is in the journal, and no step is there in part.

The system calls of a process are traced whose steps share commits. A power failure keeps every write up to the last
sync of its file, and any of those after it.
"""

import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from bridge.journal.database import file

STRACE: Final = shutil.which("strace")
TRACE_S: Final = 300
STEPS: Final = 24
CUTS: Final = 60

PROGRAM: Final = """
import asyncio, os, sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from bridge.core.settings import DirectorSettings, OfficerSettings, Settings
from bridge.journal.database.thread import JournalThread
from bridge.journal.journal import opened

settings = Settings(director=DirectorSettings(url="http://127.0.0.1:1"), officers=[OfficerSettings(id="eo-001")])

def emit(journal, number):
    # Two events in one step: it is there whole, or not at all.
    for half in "ab":
        name = f"{number}{half}"
        journal.emit_trouble("eo-001", "CODE", name, name, datetime.now(UTC))

async def leave(thread, journal, number):
    await thread.run(partial(emit, journal, number))
    os.write(left, f"left {number};".encode())

async def main():
    with opened(Path(sys.argv[1]), settings) as journal:
        thread = JournalThread(journal.together)
        os.write(left, b"begun;")
        for first in range(0, int(sys.argv[2]), 6):
            with thread.gathering():
                tasks = [asyncio.create_task(leave(thread, journal, first + each)) for each in range(6)]
                # Each task submits its step in its first turn.
                await asyncio.sleep(0)
            await asyncio.gather(*tasks)
        thread.close()
        os.write(left, b"over;")

left = os.open(sys.argv[3], os.O_WRONLY | os.O_CREAT)
asyncio.run(main())
"""

_CALL: Final = re.compile(
    r"^\d+ +(?P<name>pwrite64|write|fsync|fdatasync|ftruncate)\(\d+<(?P<path>[^>]*)>"
    r'(?:, "(?P<data>(?:\\x[0-9a-f]{2})*)"(?P<short>\.\.\.)?, \d+(?:, (?P<offset>\d+))?|, (?P<length>\d+))?\)'
    r" += \d+"
)


class Call(NamedTuple):
    """One system call on one file."""

    name: str
    path: str
    data: bytes
    offset: int


def _calls(trace: str) -> Iterator[Call]:
    """Return the calls in the order of their ends: a call that others interrupt in the trace is joined."""
    unfinished: dict[str, str] = {}
    for line in trace.splitlines():
        pid = line.split(" ", 1)[0]
        if line.endswith("<unfinished ...>"):
            unfinished[pid] = line.removesuffix("<unfinished ...>").rstrip()
            continue
        if resumed := re.match(r"^\d+ +<\.\.\. \w+ resumed>(.*)$", line):
            line = unfinished.pop(pid) + resumed[1]
        found = _CALL.match(line)
        if found is None:
            continue
        assert not found["short"], "the trace has no whole data"
        path, data = (bytes.fromhex((found[part] or "").replace("\\x", "")) for part in ("path", "data"))
        yield Call(found["name"], os.fsdecode(path), data, int(found["offset"] or found["length"] or 0))


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Call]]:
    """Journal as it was before, and the calls of a process that has committed STEPS steps in groups."""
    if STRACE is None:
        pytest.skip("strace is not installed")
    folder = tmp_path_factory.mktemp("traced")
    journal, before, out, trace = (folder / name for name in ("journal.db", "before.db", "left", "trace"))
    file.create(journal)
    shutil.copy(journal, before)
    names = "trace=pwrite64,write,fsync,fdatasync,ftruncate"
    command = [STRACE, "-f", "-y", "-xx", "-s", "100000", "-e", names, "-o", str(trace)]
    program = [sys.executable, "-c", PROGRAM, str(journal), str(STEPS), str(out)]
    done = subprocess.run([*command, *program], timeout=TRACE_S, capture_output=True, text=True)
    if "ptrace" in done.stderr and not out.exists():
        pytest.skip("this system does not let it trace")
    assert done.returncode == 0, done.stderr
    return before, list(_calls(trace.read_text()))


def _after_power_failure(
    before: Path, calls: list[Call], folder: Path, *, kept: random.Random | None
) -> set[str]:
    """Return the messages in the journal where the power fails after these calls.

    Of the writes since a file's last sync, those stay that `kept` draws; None: none of them.
    """
    folder.mkdir()
    path = folder / "journal.db"
    shutil.copy(before, path)
    for name in ("journal.db", "journal.db-wal"):
        own = [call for call in calls if Path(call.path).name == name]
        synced = max((number for number, call in enumerate(own) if call.name.endswith("sync")), default=-1)
        content = bytearray(path.with_name(name).read_bytes() if path.with_name(name).exists() else b"")
        for number, call in enumerate(own):
            if call.name == "ftruncate":
                content = content[: call.offset].ljust(call.offset, b"\0")
            elif call.name == "pwrite64" and (number < synced or (kept is not None and kept.random() < 0.5)):
                content = content.ljust(call.offset, b"\0")
                content[call.offset : call.offset + len(call.data)] = call.data
        path.with_name(name).write_bytes(content)
    with file.open_reader(path) as reader:
        return {row[0] for row in reader.execute("SELECT json_extract(body, '$.error_message') FROM events")}


def _left(calls: list[Call]) -> set[int]:
    """Return the numbers of the steps whose results have left the process."""
    return {int(number) for call in calls for number in re.findall(rb"left (\d+);", call.data)}


def _span(calls: list[Call]) -> tuple[int, int]:
    """Return the numbers of the calls between which steps were committed."""
    marks = [number for number, call in enumerate(calls) if call.data in (b"begun;", b"over;")]
    return marks[0], marks[1]


def test_result_of_a_shared_commit_leaves_after_the_sync(
    calls: tuple[Path, list[Call]], tmp_path: Path
) -> None:
    before, traced = calls
    assert _left(traced) == set(range(STEPS))
    syncs = [call for call in traced[slice(*_span(traced))] if call.name.endswith("sync")]
    assert len(syncs) < STEPS, "no step has shared a commit"
    for number, call in enumerate(traced):
        if call.data.startswith(b"left "):
            messages = _after_power_failure(before, traced[:number], tmp_path / str(number), kept=None)
            [step] = _left([call])
            assert {f"{step}a", f"{step}b"} <= messages


@pytest.mark.parametrize("seed", range(CUTS))
def test_power_failure_leaves_whole_steps_and_all_that_left(
    calls: tuple[Path, list[Call]], tmp_path: Path, seed: int
) -> None:
    before, traced = calls
    drawn = random.Random(seed)  # noqa: S311 - reproducible
    cut = drawn.randint(*_span(traced))
    messages = _after_power_failure(before, traced[:cut], tmp_path / "cut", kept=drawn)
    whole = {number for number in range(STEPS) if {f"{number}a", f"{number}b"} <= messages}
    assert messages == {f"{number}{half}" for number in whole for half in "ab"}
    assert _left(traced[:cut]) <= whole
