"""Reports come late, twice and in any order: the journal's final state is the same."""

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from bridge.core.link.messages import Order
from bridge.core.link.reports import AnyReport

from .bench import JournalBench, closing, directive
from .conftest import InstallHook
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
    """Error that rolls a step back."""


class Trial:
    """Applies reports, notes the result, and undoes them."""

    def __init__(self, bench: JournalBench, install_hook: InstallHook) -> None:
        self._bench = bench
        self._install = install_hook

    @contextmanager
    def _looking(self, queries: Sequence[str]) -> Iterator[Seen]:
        found: Seen = []

        def look(name: str) -> None:
            if name == "journal.reports.before_commit":
                found.extend(self._bench.rows(query) for query in queries)
                raise Undone

        self._install(look)
        yield found

    def outcome(self, reports: Sequence[AnyReport], queries: Sequence[str]) -> Seen:
        """Return the results of the queries after the reports."""
        with self._looking(queries) as found, pytest.raises(Undone):
            self._bench.report(*reports)
        return found

    def same_in_any_order(self, reports: Sequence[AnyReport], queries: Sequence[str]) -> Seen:
        """Return the one result of all permutations, each with all reports repeated. Fails where there are two."""
        first = self.outcome(reports, queries)
        for order in itertools.permutations(reports):
            assert self.outcome([*order, *reports], queries) == first, [
                type(report).__name__ for report in order
            ]
        return first


@pytest.fixture
def order(joined: JournalBench) -> Order:
    [command] = joined.sent(directive())
    return command.order


@pytest.fixture
def trial(joined: JournalBench, install_hook: InstallHook) -> Trial:
    return Trial(joined, install_hook)


def test_filled_and_stopped_out_in_any_order(order: Order, trial: Trial) -> None:
    story: list[AnyReport] = [submitted(order), result(order), seen(order), deal(order), leaving(order)]
    _, directives, [position], deals, keys = trial.same_in_any_order(story, [*STATES, KEYS])
    assert directives == [("dir-1", "FILLED")]
    assert position[1:4] == ("CLOSED", "0.3", "0.3")
    assert {row[-1] for row in deals} == {"APPLIED"}
    # Received, placed, filled, opened, stopped out, closed.
    assert len(keys) == 6


def test_filled_with_changed_levels_in_any_order(order: Order, trial: Trial) -> None:
    story: list[AnyReport] = [
        submitted(order),
        result(order),
        deal(order),
        standing(order, stop_loss="1.0850"),
    ]
    _, _, [position], _, _ = trial.same_in_any_order(story, [*STATES, KEYS])
    assert position[6] == "1.0850"


def test_refused_by_the_broker_in_any_order(order: Order, trial: Trial) -> None:
    story: list[AnyReport] = [submitted(order), result(order, 10019)]
    _, directives, _, _, keys = trial.same_in_any_order(story, [*STATES, KEYS])
    assert directives == [("dir-1", "REJECTED")]
    assert len(keys) == 2


def test_filled_with_a_lost_answer_in_any_order(order: Order, trial: Trial) -> None:
    # The broker error is emitted only where it was known before the fill.
    story: list[AnyReport] = [submitted(order), result(order, 10012), seen(order), deal(order)]
    _, directives, _, _ = trial.same_in_any_order(story, STATES)
    assert directives == [("dir-1", "FILLED")]


def test_filled_by_two_deals_and_stopped_out_in_any_order(order: Order, trial: Trial) -> None:
    parts: list[AnyReport] = [deal(order, DEAL, volume="0.1"), deal(order, DEAL + 1, volume="0.2")]
    story: list[AnyReport] = [result(order), *parts, leaving(order)]
    # The deal that was known first is emitted as the partial fill.
    _, directives, [position], _, _ = trial.same_in_any_order(story, [*STATES, TYPES])
    assert directives == [("dir-1", "FILLED")]
    assert position[1:4] == ("CLOSED", "0.3", "0.3")


def test_closed_by_a_directive_in_any_order(joined: JournalBench, order: Order, trial: Trial) -> None:
    joined.report(submitted(order), result(order), deal(order))
    [command] = joined.sent(closing())
    shut = command.order
    story: list[AnyReport] = [submitted(shut, mark=2), result(shut), deal(shut, DEAL + 1), standing(order)]
    _, directives, [position], _, keys = trial.same_in_any_order(story, [*STATES, KEYS])
    assert directives == [("dir-1", "FILLED"), ("dir-close", "FILLED")]
    assert position[1] == "CLOSED"
    assert len(keys) == 8
