"""The demo on the screen: a table that lives while the story is played, and the events afterwards."""

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
from demo_parts.journal import commands
from demo_parts.play import Play
from demo_parts.story import Act

PLAIN_WIDTH: Final = 132
"""Where nobody looks, or nobody says how wide it is."""
_PADDING: Final = (0, 1, 0, 0)
"""So that the last column has room for a sentence on a terminal of 100 columns."""
_STYLES: Final = {EventClass.ERROR: "red", EventClass.SUCCESS: "green", EventClass.INFO: ""}


class Display:
    """Writes to stdout."""

    def __init__(self) -> None:
        self._console = Console(width=None if sys.stdout.isatty() else PLAIN_WIDTH)

    def say(self, text: str) -> None:
        """One line. Not marked up and never broken: it may be a path or a command to be copied."""
        self._console.print(Text(text), soft_wrap=True)

    @contextmanager
    def following(self, play: Play) -> Iterator[Callable[[], None]]:
        """Show the play for as long as the context lasts; the function given shows what changed."""
        with Live(_progress(play), console=self._console) as live:
            yield lambda: live.update(_progress(play))
        if not self._console.is_terminal:
            # There, Live leaves the last line open.
            self._console.line()

    def show_events(self, play: Play) -> None:
        """What the Director received, in the order of arrival. Nothing where that is nothing."""
        if not play.emitted:
            return
        table = Table(
            title="What the Director received", title_justify="left", box=box.SIMPLE_HEAD, padding=_PADDING
        )
        for column in ("time (UTC)", "directive", "event", "class"):
            table.add_column(column, no_wrap=True)
        for column in ("price", "quantity"):
            table.add_column(column, no_wrap=True, justify="right")
        table.add_column("profit or error")
        for emitted in play.emitted:
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
        """Where the journal is, and how to look into it."""
        self.say(f"The journal is kept: {journal}")
        self.say("Beside it are the configuration, the link key and each process's log. To look into it:")
        for line in commands(journal, directive_id):
            self.say(f"  {line}")


def _progress(play: Play) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=_PADDING)
    table.add_column("directive", no_wrap=True)
    table.add_column("what it is", max_width=30)
    table.add_column("state", no_wrap=True)
    table.add_column("events so far")
    for act in play.acts:
        state, style = _state(play, act)
        table.add_row(
            act.directive_id, act.about, Text(state, style), ", ".join(play.heard(act.directive_id))
        )
    return table


def _state(play: Play, act: Act) -> tuple[str, str]:
    heard = play.heard(act.directive_id)
    if act.directive_id not in play.issued:
        return "not issued", "dim"
    if heard == act.expected:
        return "as expected", "green"
    if heard == act.expected[: len(heard)]:
        return f"{len(heard)} of {len(act.expected)}", "yellow"
    return "unexpected", "red"


def _number(value: Decimal | None) -> str:
    return "" if value is None else f"{value:f}"


def _outcome(event: ExecutionEvent) -> str:
    if event.error_code is not None:
        return f"{event.error_code}: {event.error_message}" if event.error_message else event.error_code
    return "" if event.profit is None else f"{event.profit:+f}"
