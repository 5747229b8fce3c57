"""Order of the tests: each once, long ones first in every worker, and tests that compute beside those that wait."""

import pytest

from tests.order import arrange, waiting_s

HEAVY = ["conformance/test_switch_sets.py"] * 5
LONG = ["acceptance/test_demo.py"] * 8
SHORT = ["native/test_life.py"] * 40
COMPUTING = ["unit/core/units/test_decimals.py"] * 400
PATHS = [*COMPUTING[:200], *SHORT, *COMPUTING[200:], *LONG]
WITH_HEAVY = [*PATHS, *HEAVY]


def parts(workers: int, paths: list[str] = PATHS) -> list[list[int]]:
    """Return the places that pytest-xdist gives to each worker."""
    places = arrange(paths, workers)
    assert sorted(places) == list(range(len(paths)))
    given: list[list[int]] = []
    for left in range(workers, 0, -1):
        size = len(places) // left
        given.append(places[:size])
        del places[:size]
    return given


@pytest.mark.parametrize("workers", [2, 3, 4, 7])
def test_worker_runs_the_tests_of_one_file_in_their_order(workers: int) -> None:
    for part in parts(workers):
        for path in set(PATHS):
            of_file = [place for place in part if PATHS[place] == path]
            assert of_file == sorted(of_file)


@pytest.mark.parametrize("workers", [2, 3, 4, 7])
def test_every_worker_begins_with_long_tests_and_computes_beside_them(workers: int) -> None:
    for part in parts(workers):
        here = [PATHS[place] for place in part]
        last_long = max(index for index, path in enumerate(here) if path == LONG[0])
        first_short = min((index for index, path in enumerate(here) if path == SHORT[0]), default=len(here))
        assert abs(here.count(LONG[0]) - len(LONG) / workers) < 1
        assert last_long < first_short
        assert 0 < here[:first_short].count(COMPUTING[0]) <= here.count(COMPUTING[0])


@pytest.mark.parametrize("workers", [3, 4, 7])
def test_two_workers_begin_with_the_heavy_tests(workers: int) -> None:
    counts = []
    for part in parts(workers, WITH_HEAVY):
        here = [WITH_HEAVY[place] for place in part]
        counts.append(here.count(HEAVY[0]))
        waiting = [path for path in here if waiting_s(path)]
        assert all(path == HEAVY[0] for path in waiting[: counts[-1]])
    assert counts == [3, 2, *[0] * (workers - 2)]


def test_order_stays_without_workers() -> None:
    assert arrange(PATHS, 1) == list(range(len(PATHS)))


def test_no_tests_are_arranged_to_none() -> None:
    assert arrange([], 4) == []


def test_longer_beginning_of_a_path_counts_first() -> None:
    assert waiting_s("conformance/test_switch_sets.py") > waiting_s("conformance/test_trading.py") > 0
    assert waiting_s("unit/test_keys.py") == 0
