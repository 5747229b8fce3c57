"""Hunt with the simulation of the whole system, or repeat one of its runs.

    python scripts/simulate.py --seed 17              (inside the project's environment) one run, exactly as it was
    python scripts/simulate.py --seed 17 --trace      with everything that happened
    python scripts/simulate.py --seed 17 --shrink     the fewest acts with which it still fails, as a story
    python scripts/simulate.py --minutes 10           run after run on all cores; every failing seed is printed
    python scripts/simulate.py --minutes 10 --first 100000
    python scripts/simulate.py --minutes 10 --mutants   each error of tests/simulation/mutants.toml must be found

Exit status 1 where a run has a violation.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import structlog
from structlog.typing import EventDict, WrappedLogger

from tests.simulation.mutants import hunt, listed
from tests.simulation.run import Result, run
from tests.simulation.shrink import shrink
from tests.simulation.story import Story, draw

PROGRESS_S = 10.0


def main() -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--seed", type=int, help="run this seed alone")
    parser.add_argument("--shrink", action="store_true", help="shrink the run of --seed")
    parser.add_argument("--trace", action="store_true", help="print the trace of --seed")
    parser.add_argument("--minutes", type=float, help="hunt for so long")
    parser.add_argument("--first", type=int, help="first seed of the hunt; default: a random one")
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count(), help="processes; default: one for each core"
    )
    parser.add_argument(
        "--terminal",
        choices=["expert", "reference"],
        help="all terminals run the Expert Advisor, or none does; default: by the seed",
    )
    parser.add_argument("--stop", action="store_true", help="end the hunt with the first violation")
    parser.add_argument(
        "--mutants", metavar="WORD", nargs="?", const="", help="hunt for each mutant whose name has the word"
    )
    options = parser.parse_args()
    # Its terminals log by themselves; the trace has what matters.
    structlog.configure(processors=[_drop])
    expert = None if options.terminal is None else options.terminal == "expert"
    if options.seed is not None:
        return _repeat(draw(options.seed, expert=expert), shrunk=options.shrink, trace=options.trace)
    if options.minutes is None:
        parser.error("give --seed or --minutes")
    if options.mutants is not None:
        return _hunt_mutants(options.mutants, options.minutes, options.jobs)
    first = options.first if options.first is not None else random.SystemRandom().randrange(10**6, 10**9)
    return _hunt(options.minutes * 60, first, options.jobs, expert=expert, stop=options.stop)


def _drop(_: WrappedLogger, __: str, ___: EventDict) -> EventDict:
    raise structlog.DropEvent


def _repeat(story: Story, *, shrunk: bool, trace: bool) -> int:
    if shrunk:
        story = shrink(story, lambda text: print(text, file=sys.stderr))
    result = run(story, keep=True)
    print(story.spell())
    if trace:
        print(*result.trace, sep="\n")
    print(f"trace {result.digest}")
    print(*(f"violation: {each}" for each in result.violations), sep="\n")
    return 1 if result.violations else 0


def _hunt_mutants(word: str, minutes: float, jobs: int) -> int:
    """Hunt for each mutant for so long at most."""
    missed = 0
    for found in hunt(tuple(each for each in listed() if word in each.name), minutes, jobs=jobs):
        where = f"seed {found.seed}, {found.seconds:.0f} s" if found.seed is not None else "NOT FOUND"
        missed += found.seed is None
        print(f"{found.mutant.name}: {where}", f"    {found.violation}", sep="\n", flush=True)
    print(f"mutants that were not found: {missed}")
    return 1 if missed else 0


def _hunt(seconds: float, first: int, jobs: int, *, expert: bool | None, stop: bool) -> int:
    began = time.monotonic()
    seeds, lives, shown = 0, 0, began
    failed: list[Result] = []
    faults: Counter[str] = Counter()

    def within() -> Iterator[int]:
        for seed in count(first):
            if time.monotonic() - began > seconds or (stop and failed):
                return
            yield seed

    print(f"seeds from {first}, {jobs} processes", flush=True)
    with multiprocessing.Pool(jobs, initializer=_begin) as pool:
        for result in _mapped(pool, within(), jobs, expert):
            seeds, lives = seeds + 1, lives + result.directives
            faults.update(result.counts)
            if result.violations:
                failed.append(result)
                print(f"seed {result.seed}:", *result.violations[:5], sep="\n    ", flush=True)
                if stop:
                    break
            now = time.monotonic()
            if now - shown > PROGRESS_S:
                shown = now
                rate = lives * 60 / (now - began)
                print(
                    f"{now - began:6.0f} s  {seeds} runs, {lives} directive lives ({rate:.0f} a minute),"
                    f" {faults.total()} faults, {len(failed)} runs with a violation",
                    flush=True,
                )
    took, used = time.monotonic() - began, _cpu_s()
    print(f"runs {seeds}, directive lives {lives}, {lives * 60 / took:.0f} a minute")
    print(f"processor time {used:.0f} s: {lives * 60 / used:.0f} directive lives in a minute of one core")
    print(*(f"  {number:6}  {kind}" for kind, number in faults.most_common()), sep="\n")
    print(f"runs with a violation: {len(failed)}", *(each.seed for each in failed))
    return 1 if failed else 0


def _mapped(
    pool: multiprocessing.pool.Pool, seeds: Iterator[int], jobs: int, expert: bool | None
) -> Iterator[Result]:
    """Yield the results as they come, with few seeds under way: a pool would draw all of them at once."""
    waiting = [pool.apply_async(_one, (seed, expert)) for seed in islice(seeds, jobs * 2)]
    while waiting:
        yield waiting.pop(0).get()
        waiting += [pool.apply_async(_one, (seed, expert)) for seed in islice(seeds, 1)]


def _begin() -> None:
    structlog.configure(processors=[_drop])


def _one(seed: int, expert: bool | None) -> Result:
    return run(draw(seed, expert=expert))


def _cpu_s() -> float:
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


if __name__ == "__main__":
    sys.exit(main())
