"""A committed step survives a power cut."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .bench import JournalBench

STRACE = shutil.which("strace")
COMMITS = 5

PROGRAM = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from bridge.core.settings import DirectorSettings, OfficerSettings, Settings
from bridge.journal import database
from bridge.journal.journal import Journal, opened
path = Path(sys.argv[1])
settings = Settings(director=DirectorSettings(url="http://127.0.0.1:1"), officers=[OfficerSettings(id="eo-001")])
with opened(path, settings) as journal:
    for number in range(int(sys.argv[2])):
        journal.emit_trouble("eo-001", "CODE", "message", str(number), datetime.now(UTC))
"""


def test_writer_uses_wal_with_synchronous_full(bench: JournalBench) -> None:
    assert bench.rows("PRAGMA journal_mode") == [("wal",)]
    assert bench.rows("PRAGMA synchronous") == [(2,)]
    assert bench.rows("PRAGMA foreign_keys") == [(1,)]


def _syncs(path: Path, commits: int) -> int:
    """Return how often a process that commits so many steps calls fsync on the journal's files."""
    assert STRACE is not None
    trace = path.with_suffix(f".{commits}.trace")
    command = [STRACE, "-f", "-y", "-e", "trace=fsync,fdatasync", "-o", str(trace)]
    program = [sys.executable, "-c", PROGRAM, str(path), str(commits)]
    subprocess.run([*command, *program], check=True, timeout=120, capture_output=True)
    return sum(path.name in line for line in trace.read_text().splitlines())


def _can_trace() -> bool:
    if STRACE is None:
        return False
    return subprocess.run([STRACE, "-o", os.devnull, sys.executable, "-c", ""], timeout=60).returncode == 0


def test_every_commit_calls_fsync(bench: JournalBench) -> None:
    if not _can_trace():
        pytest.skip("strace is not installed, or this system does not let it trace")
    bench.close()
    base = _syncs(bench.path, 0)
    assert _syncs(bench.path, COMMITS) - base >= COMMITS
