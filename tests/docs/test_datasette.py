"""Canned queries of Datasette: right by themselves, and in the real Datasette beside a journal in use."""

import importlib.util
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import pytest

from bridge.journal.database.file import open_reader
from bridge.journal.views import lists
from bridge.journal.views.exports import Kind, export
from bridge.journal.views.lists import Selection
from tests.integration.journal.bench import JournalBench, directive, settings
from tests.integration.journal.reports import deal, result, submitted
from tests.integration.journal.stories import trade

METADATA: Final = Path(__file__).parents[2] / "docs" / "datasette.json"
QUERIES: Final[dict[str, dict[str, Any]]] = json.loads(METADATA.read_text(encoding="utf-8"))["databases"][
    "journal"
]["queries"]
VALUES: Final = {"timeline": {"directive_id": "dir-1"}}
"""Values of the parameters of queries that have some."""
MISSING: Final = importlib.util.find_spec("datasette") is None
START_S: Final = 120


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Path]:
    """A journal in use, whose content is in its write-ahead log: two positions, one more open, a rejection."""
    path = tmp_path / "journal.db"
    with closing(JournalBench(path, settings())) as bench:
        bench.join()
        trade(bench)
        [opening] = bench.sent(directive("dir-3", price=1.0955))
        bench.report(submitted(opening.order, mark=4), result(opening.order, ticket=8005))
        bench.report(deal(opening.order, 9_300, position_id=7003, order=8005))
        bench.take(directive("dir-bad", quantity=-1))
        yield path


def rows(path: Path, name: str) -> list[dict[str, Any]]:
    """Return the rows of a canned query, in SQLite itself."""
    with open_reader(path) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(QUERIES[name]["sql"], VALUES.get(name, {}))]


def test_timeline_and_undelivered_are_those_of_the_commands(journal: Path) -> None:
    with lists.reading(journal) as db:
        steps = [each.seq for each in lists.timeline(db, "dir-1")]
        waiting = [each.id for each in lists.undelivered(db)]
    assert [row["seq"] for row in rows(journal, "timeline")] == steps != []
    assert [row["id"] for row in rows(journal, "undelivered")] == waiting != []


def test_open_position_is_shown_with_its_directive(journal: Path) -> None:
    [position] = rows(journal, "positions")
    assert (position["directive_id"], position["symbol"], position["volume_in"]) == ("dir-3", "EURUSD", "0.3")


def test_slippage_is_that_of_the_export(journal: Path) -> None:
    with lists.reading(journal) as db:
        exported = {
            row["directive_id"]: float(str(row["slippage"]))
            for _, row in export(db, Kind.DIRECTIVES, Selection()).rows
            if row["slippage"] is not None
        }
    found = {row["directive_id"]: row["slippage"] for row in rows(journal, "slippage")}
    assert found == pytest.approx(exported)
    assert list(found) == ["dir-3", "dir-1"]
    assert found["dir-3"] < 0 < found["dir-1"]


def test_daily_summary_adds_up_what_the_export_has(journal: Path) -> None:
    summary = rows(journal, "daily_summary")
    with lists.reading(journal) as db:
        deals = [row for _, row in export(db, Kind.DEALS, Selection()).rows]
    for column in ("profit", "commission"):
        exact = sum((Decimal(str(row[column])) for row in deals), Decimal(0))
        assert sum(row[column] for row in summary) == pytest.approx(float(exact))
    assert [(row["day"], row["symbol"], row["deals"]) for row in summary] == [
        ("2026-01-05", "EURUSD", 4),
        ("2026-01-05", "GBPUSD", 2),
    ]


def test_rejection_is_counted_with_its_message(journal: Path) -> None:
    [rejection] = rows(journal, "rejections")
    assert rejection["events"] == 1 and "quantity -1" in rejection["message"]


@pytest.mark.skipif(MISSING, reason="Datasette is not installed: pip install datasette")
@pytest.mark.parametrize("name", QUERIES)
def test_datasette_answers_each_query_beside_the_journal_in_use(
    journal: Path, name: str, tmp_path: Path
) -> None:
    parameters = urlencode({**VALUES.get(name, {}), "_shape": "array"})
    command = [sys.executable, "-m", "datasette", str(journal), "--metadata", str(METADATA)]
    done = subprocess.run(
        [*command, "--get", f"/journal/{name}.json?{parameters}"],
        capture_output=True,
        text=True,
        timeout=START_S,
        env={**os.environ, "HOME": str(tmp_path)},
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == rows(journal, name) != []
