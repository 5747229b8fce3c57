"""`execution-officer status --watch`: the state, drawn anew until Ctrl-C, on one screen."""

import shutil
import time
from collections.abc import Callable, Sequence
from typing import Final

from rich.cells import cell_len, set_cell_size

EVERY_S: Final = 2.0
"""Seconds between two looks."""
_LEAST_LINES: Final = 3

Draw = Callable[[int], Sequence[str]]
"""Looks, and returns the lines of a screen with so many columns."""


def watch(draw: Draw, *, every_s: float = EVERY_S, pause: Callable[[float], None] = time.sleep) -> None:
    """Show what `draw` returns until Ctrl-C. What was on the terminal before is there again afterwards."""
    # Not at the top: rich takes a tenth of a second, which a plain status need not wait for.
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    console = Console(highlight=False)
    try:
        # It draws over the last screen and clears nothing, so that nothing flickers.
        with Live(console=console, screen=True, auto_refresh=False, redirect_stdout=False) as live:
            while True:
                size = shutil.get_terminal_size()
                lines = on_one_screen(draw(size.columns), size.columns, size.lines)
                # Text, never markup: a Director wrote some of it.
                live.update(Text("\n".join(lines), no_wrap=True), refresh=True)
                pause(every_s)
    except KeyboardInterrupt:
        return


def on_one_screen(lines: Sequence[str], columns: int, rows: int) -> list[str]:
    """Return the lines that a screen has room for; a last one counts those that are left out.

    A line that is too long, such as a command line, goes on in the next row.
    """
    parts = [part for line in lines for part in _parts(line, columns)]
    rows = max(rows, _LEAST_LINES)
    if len(parts) <= rows:
        return parts
    left_out = f"... {len(parts) - rows + 1} more lines: execution-officer status"
    return [*parts[: rows - 1], *_parts(left_out, columns)[:1]]


def _parts(line: str, columns: int) -> list[str]:
    parts = []
    while cell_len(line) > columns:
        part = set_cell_size(line, columns).rstrip() or line[:1]
        parts.append(part)
        line = line[len(part) :].lstrip()
    return [*parts, line]
