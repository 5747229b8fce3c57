"""Tables on stdout, and the texts of their cells."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

_PLAIN_WIDTH = 1000


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table. Cells are text, never markup: a Director wrote some of them."""
    console = Console()
    if not console.is_terminal:
        # Not for a terminal: lines are not wrapped, so that scripts can read them.
        console = Console(width=_PLAIN_WIDTH)
    table = Table(title=Text(title), title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    console.print(table)


def printable(text: str) -> str:
    """Return the text on one line, without characters that control a terminal."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)


def ago(moment: str | None, now: datetime) -> str:
    """Return the time since a moment in its two largest units; empty for None."""
    if moment is None:
        return ""
    seconds = max(int((now - datetime.fromisoformat(moment)).total_seconds()), 0)
    for unit, size, below, smaller in (("d", 86_400, "h", 3600), ("h", 3600, "min", 60)):
        if seconds >= size:
            return f"{seconds // size} {unit} {seconds % size // smaller} {below}"
    return f"{seconds // 60} min" if seconds >= 60 else f"{seconds} s"
