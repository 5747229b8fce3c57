"""Holders of a directive: the order, the times, and the bars."""

import msgspec
from msgspec.structs import replace

from bridge.core.director.contract import Directive
from bridge.journal.views.executions import Execution
from bridge.status.holders import BAR, held, holders_table
from bridge.web.rendering import Templates
from tests.integration.journal.bench import directive

WHOLE = Execution(
    directive=msgspec.json.decode(directive("dir-1"), type=Directive),
    dispatched_at="2026-01-05T10:00:01.500Z",
    answered_at="2026-01-05T10:00:03.500Z",
    reported_at="2026-01-05T10:00:04.000Z",
)
RECEIVED = "2026-01-05T10:00:01.000Z"


def test_directive_passes_from_the_director_to_the_terminal_and_back() -> None:
    table = holders_table(held(RECEIVED, WHOLE))
    assert [tuple(row) for row in table.rows] == [
        ("Director", "2026-01-05 10:00:00.000", "1.0 s", "######.................."),
        ("sidecar", "2026-01-05 10:00:01.000", "500 ms", "......###..............."),
        ("terminal and broker", "2026-01-05 10:00:01.500", "2.0 s", ".........############..."),
        ("sidecar", "2026-01-05 10:00:03.500", "500 ms", ".....................###"),
    ]


def test_directive_that_was_refused_stays_with_the_sidecar_until_that_is_reported() -> None:
    refused = replace(WHOLE, dispatched_at=None, answered_at=None)
    assert [(each.holder, each.seconds) for each in held(RECEIVED, refused)] == [
        ("Director", 1.0),
        ("sidecar", 3.0),
    ]


def test_clock_of_the_director_that_is_ahead_takes_no_time_away() -> None:
    ahead = held("2026-01-05T09:59:59.000Z", WHOLE)
    assert ahead[0].seconds == 0
    assert abs(sum(each.part for each in ahead) - 1) < 1e-9


def test_way_that_has_just_begun_has_no_bars() -> None:
    assert held(RECEIVED, Execution()) == []
    at_once = replace(WHOLE, dispatched_at=None, answered_at=None, reported_at=None)
    [one] = held("2026-01-05T10:00:00.000Z", at_once)
    assert (one.seconds, len(holders_table([one]).rows[0][3])) == (0, BAR)


def test_picture_of_the_page_has_a_bar_and_its_part_in_words_for_each() -> None:
    page = Templates([]).table_page("Directive dir-1", [], "", held(RECEIVED, WHOLE))
    assert page.count("<svg") == page.count('class="part"') == 4
    assert 'aria-label="50 %"' in page
    assert 'x="371" y="0" width="505"' in page
