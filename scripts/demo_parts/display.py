"""Output of the demo: a table that is updated while the cases run, and the events afterwards."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC
from decimal import Decimal
from pathlib import Path
from typing import Final

from rich import box
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from bridge.core.director.contract import EventClass, ExecutionEvent
from demo_parts.cases import Case
from demo_parts.journal import commands
from demo_parts.runner import Runner

PLAIN_WIDTH: Final = 132
"""Columns, where the output is no terminal or the terminal does not state its width."""
_PADDING: Final = (0, 1, 0, 0)
"""Padding that leaves the last column room for a sentence on a terminal of 100 columns."""
_STYLES: Final = {EventClass.ERROR: "red", EventClass.SUCCESS: "green", EventClass.INFO: ""}


class Display:
    """Display on stdout."""

    def __init__(self) -> None:
        self._console = Console(width=None if sys.stdout.isatty() else PLAIN_WIDTH)

    def say(self, text: str) -> None:
        """Print one line, without markup and never broken: it may be a path or a command to be copied."""
        self._console.print(Text(text), soft_wrap=True)

    @contextmanager
    def following(self, runner: Runner) -> Iterator[Callable[[], None]]:
        """Show the progress while the context lasts; the function yielded updates it."""
        with Live(_progress(runner), console=self._console) as live:
            yield lambda: live.update(_progress(runner))
        if not self._console.is_terminal:
            # Without a terminal, Live does not end the last line.
            self._console.line()

    def show_events(self, runner: Runner) -> None:
        """Print the events that the Director received, in the order of arrival; nothing if there are none."""
        if not runner.emitted:
            return
        table = Table(
            title="What the Director received", title_justify="left", box=box.SIMPLE_HEAD, padding=_PADDING
        )
        for column in ("time (UTC)", "directive", "event", "class"):
            table.add_column(column, no_wrap=True)
        for column in ("price", "quantity"):
            table.add_column(column, no_wrap=True, justify="right")
        table.add_column("profit or error")
        for emitted in runner.emitted:
            event = emitted.event
            table.add_row(
                event.occurred_at.astimezone(UTC).strftime("%H:%M:%S.%f")[:-3],
                Text(event.directive_id or "-"),
                event.event_type,
                Text(event.event_class, _STYLES[event.event_class]),
                _number(event.fill_price),
                _number(event.fill_quantity),
                Text(_outcome(event)),
            )
        self._console.print(table)

    def show_kept(self, journal: Path, directive_id: str) -> None:
        """Print the place of the journal, and the commands that read it."""
        self.say(f"The journal is kept: {journal}")
        self.say("Beside it are the configuration, the link key and each process's log. To look into it:")
        for line in commands(journal, directive_id):
            self.say(f"  {line}")


def _progress(runner: Runner) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=_PADDING)
    table.add_column("directive", no_wrap=True)
    table.add_column("what it is", max_width=30)
    table.add_column("state", no_wrap=True)
    table.add_column("events so far")
    for case in runner.cases:
        state, style = _state(runner, case)
        table.add_row(
            case.directive_id, case.about, Text(state, style), ", ".join(runner.received(case.directive_id))
        )
    return table


def _state(runner: Runner, case: Case) -> tuple[str, str]:
    received = runner.received(case.directive_id)
    if case.directive_id not in runner.issued:
        return "not issued", "dim"
    if received == case.expected:
        return "as expected", "green"
    if received == case.expected[: len(received)]:
        return f"{len(received)} of {len(case.expected)}", "yellow"
    return "unexpected", "red"


def _number(value: Decimal | None) -> str:
    return "" if value is None else f"{value:f}"


def _outcome(event: ExecutionEvent) -> str:
    if event.error_code is not None:
        return f"{event.error_code}: {event.error_message}" if event.error_message else event.error_code
    return "" if event.profit is None else f"{event.profit:+f}"
