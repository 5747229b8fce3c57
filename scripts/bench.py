"""Speed of the bridge end to end, as ratios to floors of the same run, and to another revision.

    python scripts/bench.py                                    (inside the project's environment)
    python scripts/bench.py --against HEAD~20 --history 0 20000 --json

The sidecar runs as a process, with a Director and a terminal that answer at full speed. A floor is what no durable
bridge can be faster than: one commit with synchronous=FULL and one send. With --against the same measures are taken
of another revision, from a temporary worktree, one round of this and one of that in turn. Machines differ and are
shared: compare the ratios.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec
from bench_parts import latency, load
from bench_parts.builds import ROOT, Build, Site, revision
from bench_parts.director import Director
from bench_parts.report import Figures, plot, show
from rich.console import Console

CPU_OF_TRADE = "processor time of an open"
PARTS = ("latency", "burst", "close", "overtaking", "status", "idle", "start", "list", "help")
LATENCY_POLL_S = 0.1
BURST_POLL_S = 1.0
IDLE_POLL_S = 5.0
TEMPLATE_TRADES = 25
TABLES = 6
"""Largest tables of the journal that are shown."""
POSTS = 2_000
EXPIRED = 1_000
WIDTH = 150
"""Columns of the tables."""


class Latency:
    """Latency of one build: its sidecar, its Director, and its floors."""

    def __init__(self, folder: Path, build: Build, figures: Figures) -> None:
        self._folder = folder
        self._figures = figures
        self._director = Director()
        self.site = Site(build, folder, self._director, officers=1, poll_s=LATENCY_POLL_S)

    async def start(self) -> None:
        """Start, and carry out the template of a history."""
        await self._director.start()
        self.site.set_up()
        await self.site.start()
        await load.finished(self.site, self._director, TEMPLATE_TRADES)
        self._floors = latency.Floors(self._folder, self._director)

    async def lengthen(self, history: int) -> None:
        """Restart with so many directives in the journal."""
        if history:
            await self.site.stop()
            await self.site.lengthen(history)
            await self.site.start()

    async def round(self, history: int, name: str) -> None:
        """Measure one trade, and each floor once."""
        samples = self._figures.latency.setdefault(history, {})
        used = load.cpu_s(self.site.pid)
        trade = await latency.one_trade(self.site, self._director, name)
        for part in (trade, self._floors.send(), await self._floors.post()):
            for hop, seconds in part.items():
                samples.setdefault(hop, []).extend(seconds)
        samples.setdefault(CPU_OF_TRADE, []).append(load.cpu_s(self.site.pid) - used)

    async def finish(self, history: int, only: Sequence[str]) -> None:
        """Measure what needs the longest history, and stop."""
        figures, named = self._figures, f"{history} directives"
        figures.note("journal, bytes of a directive", self.site.journal.stat().st_size / max(history, 1))
        for table, size in list(load.bytes_of_tables(self.site.journal).items())[:TABLES]:
            figures.note(f"journal, bytes of a directive in {table}", size / max(history, 1))
        if "start" in only:
            seconds = await load.restart_after_crash(self.site)
            figures.note(f"start after kill -9, {named}, s", seconds)
        await self.site.stop()
        if "list" in only:
            ran = load.command(self.site.build, self.site, "journal", "list")
            figures.note(f"journal list, {named}, s", ran.seconds)
            figures.note(f"journal list, {named}, MB", ran.peak_mb)
        self._floors.close()
        self._director.stop()


async def measure_latency(
    folder: Path, builds: Sequence[Build], all_figures: Sequence[Figures], options: argparse.Namespace
) -> None:
    """Measure each hop with each length of history: one trade of one build, then one of the other."""
    sides = [
        Latency(folder / f"latency-{number}", build, figures)
        for number, (build, figures) in enumerate(zip(builds, all_figures, strict=True))
    ]
    for side in sides:
        await side.start()
    for history in options.history:
        for side in sides:
            await side.lengthen(history)
        for number in range(options.rounds):
            for side in sides:
                await side.round(history, f"n-{history}-{number}")
    for side in sides:
        await side.finish(options.history[-1], options.only)


async def measure_load(folder: Path, build: Build, figures: Figures, options: argparse.Namespace) -> None:
    """Measure a burst, a close among expired directives, idle cost, and two commands."""
    director = Director()
    await director.start()
    if {"burst", "close", "overtaking", "status"} & set(options.only):
        site = Site(build, folder / "burst", director, officers=1, poll_s=BURST_POLL_S)
        site.set_up()
        await site.start()
        if "burst" in options.only:
            rate = await latency.bare_posts(director, count=POSTS, connections=4)
            figures.note("bare POSTs a second", rate)
            used = load.cpu_s(site.pid)
            done = await load.burst(site, director, options.burst, f"b{options.burst}")
            figures.note(f"burst of {options.burst} opens, CPU s", load.cpu_s(site.pid) - used)
            figures.note(f"burst of {options.burst} opens, s", done.all_s)
            figures.note(f"burst of {options.burst} opens, first fill reported, s", done.first_fill_s)
            figures.note(
                "burst: multiple of bare POSTs", done.all_s * rate / (load.EVENTS_OF_OPEN * done.opens)
            )
        if "close" in options.only:
            seconds = await load.close_among_expired(site, director, EXPIRED, "x")
            figures.note(f"close behind {EXPIRED} expired, its fill reported, s", seconds)
        if "status" in options.only:
            figures.note("status beside the sidecar, s of CPU", load.command(build, site, "status").cpu_s)
        if "overtaking" in options.only:
            seconds = await load.close_among_opens(site, director, options.burst, "o")
            figures.note(f"close behind {options.burst} opens, its fill reported, s", seconds)
        await site.stop()
    if "idle" in options.only:
        for officers in (1, 5):
            site = Site(build, folder / f"idle{officers}", director, officers=officers, poll_s=IDLE_POLL_S)
            site.set_up()
            await site.start()
            idle = await load.idle(site, options.idle)
            figures.note(f"idle, {officers} officers, % of a core", idle.percent)
            figures.note(f"idle, {officers} officers, wake-ups a second", idle.wake_ups)
            await site.stop()
    if "help" in options.only:
        figures.note("--help, s of CPU", load.command(build, None, "--help").cpu_s)
    director.stop()


async def measure(builds: Sequence[Build], options: argparse.Namespace, console: Console) -> list[Figures]:
    """Take every measure of every build, in turn."""
    all_figures = [Figures(build=build.name) for build in builds]
    for turn in range(options.turns):
        console.print(f"turn {turn + 1} of {options.turns}")
        with tempfile.TemporaryDirectory() as folder:
            if "latency" in options.only:
                await measure_latency(Path(folder), builds, all_figures, options)
            for build, figures in zip(builds, all_figures, strict=True):
                await measure_load(Path(folder) / f"load-{build.name}", build, figures, options)
    return all_figures


def main() -> int:
    """Read the command line, measure, and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--against", metavar="REV", help="measure this revision too")
    parser.add_argument("--rounds", type=int, default=100, help="trades in each latency measure")
    parser.add_argument("--turns", type=int, default=1, help="repetitions of everything, the builds in turn")
    parser.add_argument("--burst", type=int, default=500, help="opens that are listed at once")
    parser.add_argument("--history", type=int, nargs="+", default=[0, 5_000], help="directives, ascending")
    parser.add_argument("--idle", type=float, default=20.0, help="seconds of each idle measure")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--json", action="store_true", help="print one JSON object instead")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="write latency against history as SVG")
    options = parser.parse_args()
    if options.rounds < 2:
        parser.error(f"--rounds is {options.rounds}, and a spread needs at least 2")
    console = Console(stderr=options.json, width=WIDTH)
    with contextlib.ExitStack() as stack:
        builds = [Build("this", ROOT)]
        if options.against:
            builds.append(stack.enter_context(revision(options.against)))
        all_figures = asyncio.run(measure(builds, options, console))
    if options.json:
        print(msgspec.json.encode(all_figures).decode())
    else:
        show(console, all_figures)
    if options.plot:
        plot(options.plot, all_figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
