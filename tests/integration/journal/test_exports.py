"""Rows for other programs: each directive, event and part of a deal."""

import tracemalloc
from datetime import timedelta
from decimal import Decimal

import pytest

from bridge.core.director.contract import utc_text
from bridge.journal.views.exports import COLUMNS, Kind, Row, export
from bridge.journal.views.lists import Selection, reading

from .bench import NOW, OFFICER, OTHER, JournalBench, directive
from .reports import DEAL

ANY = Selection()


def rows(bench: JournalBench, kind: Kind, wanted: Selection = ANY, *, page: int = 2) -> list[Row]:
    with reading(bench.path) as db:
        found = [row for _, row in export(db, kind, wanted, page=page).rows]
    assert all(tuple(row) == COLUMNS[kind] for row in found)
    return found


def ids(found: list[Row]) -> list[object]:
    return [row["directive_id"] for row in found]


def test_directive_has_its_fill_slippage_and_times(traded: JournalBench) -> None:
    [row, *_] = rows(traded, Kind.DIRECTIVES)
    assert (row["directive_id"], row["state"], row["quantity"], row["price"]) == (
        "dir-1",
        "FILLED",
        Decimal("0.3"),
        Decimal("1.094"),
    )
    assert (row["fill_quantity"], row["fill_price"]) == (Decimal("0.3"), Decimal("1.0952"))
    assert (row["slippage"], row["slippage_points"]) == (Decimal("0.0012"), Decimal(120))
    assert (row["seconds_to_dispatch"], row["seconds_to_answer"]) == (0.0, 1.0)


def test_money_counts_once_over_all_directives(traded: JournalBench) -> None:
    """The close has its own deal's costs; a stop loss, which no directive made, counts for the opener."""
    found = rows(traded, Kind.DIRECTIVES)
    assert [(row["directive_id"], row["commission"], row["profit"]) for row in found] == [
        ("dir-1", Decimal("-1.40"), Decimal(0)),
        ("dir-close", Decimal("-0.70"), Decimal("12.30")),
        ("dir-2", Decimal("-1.40"), Decimal("-1.50")),
    ]
    deals = rows(traded, Kind.DEALS)
    for column in ("commission", "profit", "swap", "fee"):
        of_directives, of_deals = (
            sum((Decimal(str(row[column])) for row in each), Decimal(0)) for each in (found, deals)
        )
        assert of_directives == of_deals


def test_part_of_a_deal_names_both_directives(traded: JournalBench) -> None:
    found = [
        (row["deal_ticket"], row["directive_id"], row["opening_directive_id"])
        for row in rows(traded, Kind.DEALS)
    ]
    assert found == [
        (DEAL, "dir-1", "dir-1"),
        (DEAL + 1, "dir-1", "dir-1"),
        (DEAL + 2, "dir-close", "dir-1"),
        (DEAL + 3, "dir-2", "dir-2"),
        (DEAL + 100, "dir-2", "dir-2"),
    ]


def test_event_has_its_fields_with_their_digits(traded: JournalBench) -> None:
    found = [row for row in rows(traded, Kind.EVENTS) if row["event_type"] == "ORDER_FILLED"]
    assert found[0]["fill_price"] == Decimal("1.0952")
    assert str(found[1]["fill_price"]) == "1.0950"
    assert {row["state"] for row in found} == {"queued"}


@pytest.mark.parametrize("kind", list(Kind))
def test_rows_are_the_same_at_any_size_of_a_page(traded: JournalBench, kind: Kind) -> None:
    assert rows(traded, kind, page=1) == rows(traded, kind, page=500) != []


def test_rows_of_a_directive_a_symbol_a_period_and_an_officer(traded: JournalBench) -> None:
    traded.take(directive("dir-other", symbol="GBPUSD"), officer=OTHER)
    directives = Kind.DIRECTIVES
    assert ids(rows(traded, directives, Selection(directive_id="dir-2"))) == ["dir-2"]
    assert ids(rows(traded, directives, Selection(symbol="GBPUSD"))) == ["dir-2", "dir-other"]
    assert ids(rows(traded, directives, Selection(officer=OFFICER, symbol="GBPUSD"))) == ["dir-2"]
    later = NOW + timedelta(seconds=61)
    assert ids(rows(traded, directives, Selection(until=later))) == ["dir-1"]
    assert ids(rows(traded, directives, Selection(since=later))) == ["dir-close", "dir-2", "dir-other"]
    deals = rows(traded, Kind.DEALS, Selection(directive_id="dir-1"))
    assert [row["deal_ticket"] for row in deals] == [DEAL, DEAL + 1, DEAL + 2]
    assert len(rows(traded, Kind.DEALS, Selection(symbol="GBPUSD"))) == 2
    assert {row["directive_id"] for row in rows(traded, Kind.EVENTS, Selection(symbol="GBPUSD"))} == {
        "dir-2",
        "dir-other",
    }
    begin = rows(traded, Kind.EVENTS, Selection(until=NOW + timedelta(milliseconds=1)))
    assert {row["created_at"] for row in begin} == {utc_text(NOW)}


def test_rows_that_come_after_the_beginning_are_left_out(bench: JournalBench) -> None:
    bench.take(directive("dir-1"))
    with reading(bench.path) as db:
        made = [export(db, kind, ANY, page=1) for kind in (Kind.DIRECTIVES, Kind.EVENTS)]
        bench.take(directive("dir-2"))
        assert [ids([row for _, row in each.rows]) for each in made] == [["dir-1"], ["dir-1"]]


def test_invalid_directive_has_its_error(bench: JournalBench) -> None:
    bench.take(directive("dir-bad", quantity=-1))
    [row] = rows(bench, Kind.DIRECTIVES)
    assert (row["state"], row["quantity"], row["fill_price"]) == ("REJECTED", None, None)
    assert "quantity -1" in str(row["error_message"])


def test_memory_does_not_grow_with_the_journal(bench: JournalBench) -> None:
    def peak() -> int:
        with reading(bench.path) as db:
            tracemalloc.start()
            assert sum(1 for _ in export(db, Kind.DIRECTIVES, ANY, page=50).rows)
            (_, traced) = tracemalloc.get_traced_memory()
            tracemalloc.stop()
        return traced

    def most() -> int:
        # What other threads take meanwhile, and garbage that waits for its collector, is traced as well.
        return min(peak() for _ in range(5))

    bench.take(*(directive(f"dir-{number}") for number in range(200)))
    most()  # the first run also makes what stays, such as compiled statements
    before = most()
    bench.take(*(directive(f"more-{number}") for number in range(2_000)))
    assert most() < before * 1.5
