"""The disk that forgets: what SQLite has synced survives a power failure, and nothing else must."""

import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from tests.simulation.disk import DISK, is_supported

COMMITS = 8


@pytest.mark.skipif(not is_supported(), reason="SQLite is a part of this Python, and cannot be reached")
@pytest.mark.parametrize("synchronous", ["FULL", "NORMAL"])
def test_power_failure_loses_commits_only_where_they_are_not_synced(tmp_path: Path, synchronous: str) -> None:
    kept = {_commits_after_power_failure(tmp_path / f"{seed}.db", synchronous, seed) for seed in range(12)}
    if synchronous == "FULL":
        assert kept == {COMMITS}
    else:
        assert min(kept) < COMMITS


def _commits_after_power_failure(path: Path, synchronous: str, seed: int) -> int:
    """Return the number of rows, each of its own commit, that the disk has after the power failed."""
    with DISK.mounted():
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("CREATE TABLE numbers (number INTEGER)")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.execute(f"PRAGMA synchronous = {synchronous}")
            for number in range(COMMITS):
                connection.execute("INSERT INTO numbers VALUES (?)", (number,))
            left = DISK.contents(path, power_fails=Random(seed))  # noqa: S311 - chosen to be repeated
    for name in ("", "-wal", "-shm"):
        path.with_name(path.name + name).unlink(missing_ok=True)
    for file, content in left.items():
        file.write_bytes(content)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        rows = [number for (number,) in connection.execute("SELECT number FROM numbers ORDER BY number")]
    assert rows == list(range(len(rows)))
    return len(rows)
