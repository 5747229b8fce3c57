"""Bursts, history, idle cost, start, and the commands of the command line."""

import asyncio
import contextlib
import os
import resource
import signal
import sqlite3
import subprocess
import time
from pathlib import Path
from typing import Final

import msgspec

from bench_parts.builds import Build, Site
from bench_parts.director import Director
from bench_parts.latency import directive

BURST_S: Final = 1800.0
WAITING_S: Final = 2.0
"""Seconds between the listing of many opens and that of a close."""
EVENTS_OF_OPEN: Final = 4
"""DIRECTIVE_RECEIVED, ORDER_PLACED, ORDER_FILLED, POSITION_OPENED."""
EVENTS_OF_CLOSE: Final = 4
"""DIRECTIVE_RECEIVED, ORDER_PLACED, ORDER_FILLED, POSITION_CLOSED."""
TEMPLATE: Final = "t-"
STARTED_S: Final = 5.0
"""Seconds after a start in which a sidecar is not idle yet."""
_TICKS: Final = os.sysconf("SC_CLK_TCK")


class Burst(msgspec.Struct, frozen=True, kw_only=True):
    """Result of a burst of opens that were listed at once."""

    opens: int
    first_fill_s: float
    """Seconds until the first ORDER_FILLED was posted."""
    all_s: float
    """Seconds until the last event was posted."""


async def burst(site: Site, director: Director, opens: int, prefix: str) -> Burst:
    """List so many opens at once and wait for all their events."""
    [terminal] = site.terminals
    terminal.fills = True
    before = len(director.events)
    began = time.perf_counter()
    director.issue([directive(f"{prefix}-{number:06}") for number in range(opens)])
    if not await director.until(before + EVENTS_OF_OPEN * opens, BURST_S):
        raise RuntimeError(f"{len(director.events) - before} events after {BURST_S:g} s")
    events = director.events[before:]
    first = next(event.at for event in events if event.event_type == "ORDER_FILLED")
    return Burst(opens=opens, first_fill_s=first - began, all_s=events[-1].at - began)


async def close_among_expired(site: Site, director: Director, expired: int, prefix: str) -> float:
    """Return the seconds from the listing of a close behind so many expired directives to the POST of its fill."""
    [terminal] = site.terminals
    terminal.fills = True
    before = len(director.events)
    director.issue([directive(f"{prefix}-open")])
    await director.until(before + EVENTS_OF_OPEN, BURST_S)
    before = len(director.events)
    late = [directive(f"{prefix}-{number:05}", lives_s=-60.0) for number in range(expired)]
    for each in late:
        each["issued_at"] = "2026-01-01T00:00:00.000Z"
    began = time.perf_counter()
    name = f"{prefix}-close"
    director.issue([*late, directive(name, action="CLOSE")])
    at = await _filled(director, before, name)
    await director.until(before + 2 * expired, BURST_S)
    return at - began


async def close_among_opens(site: Site, director: Director, opens: int, prefix: str) -> float:
    """Return the seconds from the listing of a close, WAITING_S behind so many opens, to the POST of its fill.

    The opens still wait then: the sidecar is left with them.
    """
    [terminal] = site.terminals
    terminal.fills = True
    before, opened, name = len(director.events), f"{prefix}-opened", f"{prefix}-close"
    director.issue([directive(opened)])
    await director.until(before + EVENTS_OF_OPEN, BURST_S)
    director.issue([directive(f"{prefix}-{number:05}") for number in range(opens)])
    await asyncio.sleep(WAITING_S)
    began, before = time.perf_counter(), len(director.events)
    director.issue([{**directive(name, action="CLOSE"), "target_directive_id": opened}])
    return await _filled(director, before, name) - began


async def _filled(director: Director, before: int, name: str) -> float:
    """Return the time at which the directive's fill was posted, behind so many events."""
    seen = before
    while True:
        for event in director.events[seen:]:
            if (event.directive_id, event.event_type) == (name, "ORDER_FILLED"):
                return event.at
        seen = len(director.events)
        if not await director.until(seen + 1, BURST_S):
            raise RuntimeError(f"the fill of {name} was not posted")


async def finished(site: Site, director: Director, trades: int) -> None:
    """Carry out so many opens and their closes: the template of a history."""
    [terminal] = site.terminals
    terminal.fills = True
    before = len(director.events)
    for number in range(trades):
        opened, closed = f"{TEMPLATE}{2 * number:06}", f"{TEMPLATE}{2 * number + 1:06}"
        director.issue([directive(opened)])
        before += EVENTS_OF_OPEN
        await director.until(before, BURST_S)
        director.issue([{**directive(closed, action="CLOSE"), "target_directive_id": opened}])
        before += EVENTS_OF_CLOSE
        await director.until(before, BURST_S)


def cpu_s(pid: int) -> float:
    """Return the processor seconds that a process has used."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


class Idle(msgspec.Struct, frozen=True, kw_only=True):
    """Cost of a sidecar while nothing happens."""

    percent: float
    """Share of a core."""
    wake_ups: float
    """Wake-ups of its threads a second."""


async def idle(site: Site, seconds: float) -> Idle:
    """Return the cost of the sidecar while nothing happens, after STARTED_S."""
    await asyncio.sleep(STARTED_S)
    (before_s, before), began = _threads(site.pid), time.perf_counter()
    await asyncio.sleep(seconds)
    (after_s, after), took = _threads(site.pid), time.perf_counter() - began
    return Idle(percent=100 * (after_s - before_s) / took, wake_ups=(after - before) / took)


def _threads(pid: int) -> tuple[float, int]:
    """Return the processor seconds, to a microsecond, and the wake-ups of the process's present threads."""
    seconds, waits = 0.0, 0
    for thread in Path(f"/proc/{pid}/task").iterdir():
        seconds += int((thread / "schedstat").read_text().split()[0]) / 1e9
        lines = (thread / "status").read_text().splitlines()
        waits += sum(int(line.split()[1]) for line in lines if line.startswith("voluntary"))
    return seconds, waits


class Ran(msgspec.Struct, frozen=True, kw_only=True):
    """Cost of one command."""

    seconds: float
    cpu_s: float
    peak_mb: float


def command(build: Build, site: Site | None, *words: str) -> Ran:
    """Run a command of the build and return its cost."""
    began = time.perf_counter()
    with open(os.devnull, "wb") as nothing:
        process = subprocess.Popen(
            build.command(*words),
            cwd=site.folder if site is not None else build.folder,
            env=build.environment,
            stdout=nothing,
            stderr=nothing,
        )
        _, _, usage = os.wait4(process.pid, 0)
        process.returncode = 0
    used: resource.struct_rusage = usage
    return Ran(
        seconds=time.perf_counter() - began,
        cpu_s=used.ru_utime + used.ru_stime,
        peak_mb=used.ru_maxrss / 1024,
    )


def bytes_of_tables(journal: Path) -> dict[str, int]:
    """Return the bytes of each table of a journal, its indexes included."""
    with contextlib.closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True)) as connection:
        rows = connection.execute(
            "SELECT m.tbl_name, sum(s.pgsize) FROM dbstat s JOIN sqlite_schema m ON m.name = s.name"
            " WHERE s.aggregate = 1 GROUP BY m.tbl_name ORDER BY 2 DESC"
        )
        return dict(rows.fetchall())


async def restart_after_crash(site: Site) -> float:
    """Kill the sidecar, start it again, and return the seconds until its terminal could work."""
    await site.stop(signal.SIGKILL)
    await site.start()
    return site.start_s
