"""Backups in a folder: names, and those that are not needed any more."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bridge.journal.database.backup_folder import Retention, file_in, superfluous

NOW = datetime(2026, 12, 1, 4, 0, tzinfo=UTC)
JOURNAL = Path("/srv/eo/journal.db")
FOLDER = Path("/backup")
DAYS = (0, 1, 2, 10, 40)
MADE = [file_in(FOLDER, JOURNAL, NOW - timedelta(days=days)) for days in DAYS]
OTHERS = [
    FOLDER / "journal.db",
    FOLDER / "journal-mine.db",
    FOLDER / "other-20200101T000000Z.db",
    FOLDER / "journal-20200101T000000Z.db-wal",
    FOLDER / "journal-20209901T000000Z.db",
]


def test_backup_is_named_by_its_time_in_utc() -> None:
    assert file_in(FOLDER, JOURNAL, NOW) == FOLDER / "journal-20261201T040000Z.db"


@pytest.mark.parametrize(
    ("keep", "removed"),
    [
        (Retention(), []),
        (Retention(newest=2), [40, 10, 2]),
        (Retention(days=7), [40, 10]),
        (Retention(newest=4, days=7), [40]),
        (Retention(newest=1, days=30), [40]),
        (Retention(newest=9), []),
    ],
)
def test_backup_that_no_rule_keeps_is_removed(keep: Retention, removed: list[int]) -> None:
    wanted = [MADE[DAYS.index(days)] for days in removed]
    assert superfluous([*OTHERS, *MADE], JOURNAL, keep, NOW) == wanted


def test_backup_of_a_wrong_clock_takes_no_place_of_a_newer_one() -> None:
    ahead = file_in(FOLDER, JOURNAL, NOW + timedelta(days=900))
    assert superfluous([ahead, *MADE], JOURNAL, Retention(newest=1), NOW) == MADE[:0:-1]
