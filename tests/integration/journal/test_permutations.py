"""Reports come late, twice and in any order: what the journal ends with is the same."""

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from bridge.core.link.messages import Order
from bridge.core.link.reports import AnyReport

from .conftest import InstallHook
from .desk import Desk, closing, directive
from .reports import DEAL, deal, leaving, result, seen, standing, submitted

STATES = (
    "SELECT client_order_id, state, filled, order_ticket, position_id,"
    " reason FROM commands ORDER BY client_order_id",
    "SELECT directive_id, state FROM directives ORDER BY id",
    "SELECT identifier, state, volume_in, volume_out, price_open, price_close, stop_loss, take_profit,"
    " commission, profit, close_reason, closed_at FROM positions",
    "SELECT ticket, client_order_id, disposition FROM deals ORDER BY ticket",
)
KEYS = "SELECT key FROM events ORDER BY key"
TYPES = "SELECT event_type, count(*) FROM events GROUP BY event_type"

Seen = list[list[tuple[Any, ...]]]


class Undone(Exception):
    """Rolls a step back."""


class Trial:
    """Folds reports to see what they come to, and undoes it."""

    def __init__(self, desk: Desk, install_hook: InstallHook) -> None:
        self._desk = desk
        self._install = install_hook

    @contextmanager
    def _looking(self, queries: Sequence[str]) -> Iterator[Seen]:
        found: Seen = []

        def look(name: str) -> None:
            if name == "journal.reports.before_commit":
                found.extend(self._desk.rows(query) for query in queries)
                raise Undone

        self._install(look)
        yield found

    def outcome(self, reports: Sequence[AnyReport], queries: Sequence[str]) -> Seen:
        """What the queries find after the reports."""
        with self._looking(queries) as found, pytest.raises(Undone):
            self._desk.report(*reports)
        return found

    def same_in_any_order(self, reports: Sequence[AnyReport], queries: Sequence[str]) -> Seen:
        """The one outcome of all permutations, each followed by all reports again. Fails where there are two."""
        first = self.outcome(reports, queries)
        for order in itertools.permutations(reports):
            assert self.outcome([*order, *reports], queries) == first, [
                type(report).__name__ for report in order
            ]
        return first


@pytest.fixture
def order(joined: Desk) -> Order:
    [command] = joined.sent(directive())
    return command.order


@pytest.fixture
def trial(joined: Desk, install_hook: InstallHook) -> Trial:
    return Trial(joined, install_hook)


def test_an_order_that_is_filled_and_stopped_out(order: Order, trial: Trial) -> None:
    story: list[AnyReport] = [submitted(order), result(order), seen(order), deal(order), leaving(order)]
    _, directives, [position], deals, keys = trial.same_in_any_order(story, [*STATES, KEYS])
    assert directives == [("dir-1", "FILLED")]
    assert position[1:4] == ("CLOSED", "0.3", "0.3")
    assert {row[-1] for row in deals} == {"APPLIED"}
    # Received, placed, filled, opened, stopped out, closed.
    assert len(keys) == 6


def test_an_order_that_is_filled_and_whose_position_stands_with_moved_levels(
    order: Order, trial: Trial
) -> None:
    story: list[AnyReport] = [
        submitted(order),
        result(order),
        deal(order),
        standing(order, stop_loss="1.0850"),
    ]
    _, _, [position], _, _ = trial.same_in_any_order(story, [*STATES, KEYS])
    assert position[6] == "1.0850"


def test_an_order_that_the_broker_refuses(order: Order, trial: Trial) -> None:
    story: list[AnyReport] = [submitted(order), result(order, 10019)]
    _, directives, _, _, keys = trial.same_in_any_order(story, [*STATES, KEYS])
    assert directives == [("dir-1", "REJECTED")]
    assert len(keys) == 2


def test_an_order_whose_answer_was_lost_ends_the_same(order: Order, trial: Trial) -> None:
    # Whether the broker error is told depends on whether it was known before the fill was.
    story: list[AnyReport] = [submitted(order), result(order, 10012), seen(order), deal(order)]
    _, directives, _, _ = trial.same_in_any_order(story, STATES)
    assert directives == [("dir-1", "FILLED")]


def test_an_order_that_is_filled_in_two_parts_and_stopped_out_whole(order: Order, trial: Trial) -> None:
    parts: list[AnyReport] = [deal(order, DEAL, volume="0.1"), deal(order, DEAL + 1, volume="0.2")]
    story: list[AnyReport] = [result(order), *parts, leaving(order)]
    # Which of the two is told as the part depends on which was known first.
    _, directives, [position], _, _ = trial.same_in_any_order(story, [*STATES, TYPES])
    assert directives == [("dir-1", "FILLED")]
    assert position[1:4] == ("CLOSED", "0.3", "0.3")


def test_a_close_by_directive(joined: Desk, order: Order, trial: Trial) -> None:
    joined.report(submitted(order), result(order), deal(order))
    [command] = joined.sent(closing())
    shut = command.order
    story: list[AnyReport] = [submitted(shut, mark=2), result(shut), deal(shut, DEAL + 1), standing(order)]
    _, directives, [position], _, keys = trial.same_in_any_order(story, [*STATES, KEYS])
    assert directives == [("dir-1", "FILLED"), ("dir-close", "FILLED")]
    assert position[1] == "CLOSED"
    assert len(keys) == 8
