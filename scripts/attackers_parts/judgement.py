"""Judgement of what was measured, and the table of it."""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec
from rich.console import Console
from rich.table import Table

MOST_HALT_S: Final = 5.0
MOST_MEMORY_MB: Final = 50.0
MOST_TIMES: Final = 2.0
TRIES: Final = 2


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """Figures with one kind of neighbour, or with none."""

    kind: str
    order_s: float
    """Median time from the directive's issue to ORDER_FILLED at the Director."""
    halt_s: float
    """Time of a halt over the control endpoint, without the start of a process."""
    hello_s: float
    """Time from a newcomer's connection to the answer to its hello, tries again included."""
    memory_mb: float | None
    """Largest resident memory of the sidecar; None where the system does not show it."""
    descriptors: int | None
    cpu: float | None
    """CPU seconds of the sidecar by second."""
    log_lines: int


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """Figures with one kind of neighbour, beside those without one."""

    attacked: Measured
    quiet_s: float
    """Time of an order without a neighbour, from just before and just after."""
    quiet_mb: float | None
    """Memory before the first neighbour, so that what each kind leaves behind adds up."""

    @property
    def times(self) -> float:
        """Time of an order as a multiple of the quiet one."""
        return self.attacked.order_s / self.quiet_s

    def problems(self) -> list[str]:
        """Return what is worse than it may be."""
        found = []
        if self.times > MOST_TIMES:
            found.append(f"an order takes {self.times:.1f} times as long")
        if self.attacked.halt_s > MOST_HALT_S:
            found.append(f"halt takes {self.attacked.halt_s:.1f} s")
        if self.attacked.memory_mb is not None and self.quiet_mb is not None:
            more = self.attacked.memory_mb - self.quiet_mb
            if more > MOST_MEMORY_MB:
                found.append(f"{more:.0f} MB more memory")
        return found


def first_borne(measure: Callable[[], Compared]) -> Compared:
    """Return the first measurement without a problem of at most TRIES, else the last.

    Another program on the machine can double the time of an order for a while; a neighbour does so each time.
    """
    for _ in range(TRIES - 1):
        if not (found := measure()).problems():
            return found
    return measure()


def as_json(quiet: Measured, rows: Sequence[Compared]) -> str:
    """Return one JSON object of everything."""
    answer = {
        "quiet": quiet,
        "attacked": [
            {**msgspec.to_builtins(row.attacked), "quiet_order_s": row.quiet_s, "problems": row.problems()}
            for row in rows
        ],
    }
    return msgspec.json.encode(answer).decode()


def show(quiet: Measured, rows: Sequence[Compared]) -> None:
    """Print the table."""
    table = Table(
        "neighbour", "order", "times", "halt", "hello", "memory", "descriptors", "CPU", "log lines", ""
    )
    table.add_row(*_cells(quiet, ""), "")
    for row in rows:
        table.add_row(*_cells(row.attacked, f"{row.times:.1f}"), "; ".join(row.problems()) or "ok")
    Console(width=150).print(table)


def _cells(row: Measured, times: str) -> tuple[str, ...]:
    return (
        row.kind,
        f"{row.order_s * 1000:.0f} ms",
        times,
        f"{row.halt_s:.1f} s",
        f"{row.hello_s:.2f} s",
        "-" if row.memory_mb is None else f"{row.memory_mb:.0f} MB",
        "-" if row.descriptors is None else str(row.descriptors),
        "-" if row.cpu is None else f"{row.cpu:.0%}",
        str(row.log_lines),
    )
