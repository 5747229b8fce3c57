"""Order of the tests where several workers run them: the long ones first, waiting and computing at the same time.

pytest-xdist (`--dist worksteal`) gives each worker a part of the list; one that has finished takes from the
others. Tests that start processes mostly wait, so they are spread over all workers, the longest first, and those
that compute are mixed in between: otherwise the cores would idle at first, and one worker would run a long test at
the end. Heavy tests, of many processes, come one after another in the first workers: a few of them at the same time
take all cores, and every deadline passes. Without workers the order stays as it is.
"""

import os
from collections import deque
from collections.abc import Mapping, Sequence
from itertools import accumulate, repeat
from typing import Final

WAITING: Final[tuple[tuple[str, float], ...]] = (
    ("acceptance/test_demo.py", 30.0),
    ("acceptance/test_drill.py", 30.0),
    ("acceptance/test_random", 30.0),
    ("conformance/test_random", 30.0),
    ("conformance/test_switch_sets.py", 20.0),
    ("native/test_switches.py", 8.0),
    ("native/test_probe.py", 8.0),
    ("native/test_terminal_crashes.py", 8.0),
    ("native/test_sidecar_crashes.py", 6.0),
    ("conformance/", 6.0),
    ("acceptance/", 3.0),
    ("native/", 2.0),
    ("integration/sidecar/", 0.5),
    ("integration/test_", 0.5),
)
"""Seconds of a test that mostly waits, roughly, by the beginning of its path below `tests`; the first that fits."""


HEAVY: Final = (
    "acceptance/test_random",
    "conformance/test_random",
    "conformance/test_switch_sets.py",
    "conformance/test_copied",
)
"""Beginnings of the paths of tests that keep a core busy with many processes, or with one that is hurried."""
HEAVY_WORKERS: Final = 2
"""Workers that have them."""


def workers() -> int:
    """Return the number of workers of pytest-xdist; 1 where there are none."""
    return int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))


def arrange(paths: Sequence[str], workers: int) -> list[int]:
    """Return the places of the tests in the order in which they are to be listed.

    `paths` are their files below `tests`. In a worker's part the tests of one file keep their order.
    """
    places = range(len(paths))
    if workers < 2:
        return list(places)
    waiting = {place: seconds for place in places if (seconds := waiting_s(paths[place]))}
    longest_first = sorted(waiting, key=lambda place: (-waiting[place], place))
    parts = _parts(longest_first, waiting, paths, workers)
    computing = deque(place for place in places if place not in waiting)
    arranged: list[int] = []
    # As pytest-xdist divides: where it leaves a rest, the last parts are longer by one.
    for long_ones, left in zip(parts, range(workers, 0, -1), strict=True):
        size = (len(paths) - len(arranged)) // left
        beside = [computing.popleft() for _ in range(min(max(size - len(long_ones), 0), len(computing)))]
        progress = _progress(long_ones, [waiting[place] for place in long_ones])
        progress |= _progress(beside, [1.0] * len(beside))
        arranged += sorted(progress, key=lambda place: (progress[place], place in waiting, place))
    return arranged


def waiting_s(path: str) -> float:
    """Return the seconds of a test in that file that mostly waits; 0 for one that computes."""
    return next((seconds for begin, seconds in WAITING if path.startswith(begin)), 0.0)


def _parts(
    longest_first: Sequence[int], seconds: Mapping[int, float], paths: Sequence[str], workers: int
) -> list[list[int]]:
    """Return the waiting tests of each worker: the heavy ones first, each other where the least is waited for."""
    parts: list[list[int]] = [[] for _ in range(workers)]
    totals = [0.0] * workers
    heavy = [place for place in longest_first if paths[place].startswith(HEAVY)]
    others = [place for place in longest_first if not paths[place].startswith(HEAVY)]
    for place, among in [*zip(heavy, repeat(min(HEAVY_WORKERS, workers))), *zip(others, repeat(workers))]:
        worker = min(range(among), key=lambda number: (totals[number], number))
        parts[worker].append(place)
        totals[worker] += seconds[place]
    return parts


def _progress(places: Sequence[int], seconds: Sequence[float]) -> dict[int, float]:
    """Return for each place the part of all seconds that lies before it."""
    total = sum(seconds)
    before = accumulate(seconds, initial=0.0)
    return {place: passed / total for place, passed in zip(places, before, strict=False)}
