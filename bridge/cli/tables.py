"""Tables on stdout.

A table fits the terminal without cutting a word: what has no room in a row stands beneath it. Elsewhere each row is
one line, so that scripts can read it.
"""

import re
import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import click
from rich.cells import cell_len

from bridge.console import is_console
from bridge.status.texts import printable

_GAP: Final = "  "
_INDENT: Final = " " * 4
_LEAST_WIDTH: Final = 40
_KEPT: Final = "\x00"
"""Blank at which no line is divided. No printable text has it."""
_COMMAND_LINE: Final = re.compile(
    r"""'execution-officer [^']*'|execution-officer (?:'[^']*'|"[^"]*"|[^'"),;])*"""
)
"""Command line in a text: between quotes, or up to its end."""
NUMBER: Final = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)
"""Text of a cell that stands at the right, where all of its column are numbers."""


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table under its title."""
    click.echo(printable(title))
    print_rows(columns, list(rows))


def print_rows(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table without a title; nothing where it has no rows.

    Cells are text, never markup: a Director wrote some of them.
    """
    if not rows:
        return
    head, *lines = table_lines(columns, rows, terminal_width())
    click.secho(head, bold=True)
    for line in lines:
        click.echo(line)


def terminal_width() -> int | None:
    """Return the number of columns of the terminal; None where stdout is none."""
    return shutil.get_terminal_size().columns if is_console(sys.stdout) else None


def table_lines(columns: Sequence[str], rows: Sequence[Sequence[str]], width: int | None) -> Iterator[str]:
    """Yield the heads and the lines of a table. `width`: columns of the terminal; None: nothing is wrapped.

    A column without content is left out. While the rest is too wide, the widest column but the first is shown
    beneath the rows, under its name.
    """
    cells = [[printable(cell) for cell in row] for row in rows]
    beside = [number for number in range(len(columns)) if not number or any(row[number] for row in cells)]
    widths = [max(map(cell_len, texts)) for texts in zip(columns, *cells, strict=True)]
    beneath: list[int] = []
    while width is not None and len(beside) > 1 and _total(widths, beside) > width:
        widest = max(beside[1:], key=lambda number: (widths[number], number))
        beside.remove(widest)
        beneath.append(widest)
    numeric = {number for number in beside if all(NUMBER.fullmatch(row[number] or "0") for row in cells)}

    def line(texts: Sequence[str]) -> str:
        padded = (
            _padded(texts[number], widths[number], right=number in numeric and bool(cells))
            for number in beside
        )
        return _GAP.join(padded).rstrip()

    yield line(columns)
    for row in cells:
        yield line(row)
        for number in sorted(beneath):
            if row[number]:
                yield from wrapped(f"{_INDENT}{columns[number]}: {row[number]}", _INDENT * 2, width)


def _total(widths: Sequence[int], numbers: Sequence[int]) -> int:
    return sum(widths[number] for number in numbers) + len(_GAP) * (len(numbers) - 1)


def _padded(text: str, width: int, *, right: bool) -> str:
    room = " " * (width - cell_len(text))
    return room + text if right else text + room


def wrapped(text: str, indent: str, width: int | None) -> list[str]:
    """Divide a text into lines, between words alone: a path or an address that is longer than a line stays whole.

    So does a command line: half of one, copied into a shell, would be another command.

    `indent`: of the second line and all others. `width`: columns of the terminal; None: nothing is divided.
    """
    if width is None:
        return [text]
    lines = textwrap.wrap(
        _COMMAND_LINE.sub(lambda found: found[0].rstrip().replace(" ", _KEPT) + _trailing(found[0]), text),
        max(width, _LEAST_WIDTH),
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
        drop_whitespace=True,
    )
    return [line.replace(_KEPT, " ") for line in lines]


def _trailing(text: str) -> str:
    return text[len(text.rstrip()) :]
