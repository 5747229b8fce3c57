"""Pages as HTML: one template for each, and one for every table. What others wrote is escaped."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

import jinja2
from markupsafe import Markup

from bridge.core.director.contract import utc_text
from bridge.status.holders import TITLE, Held
from bridge.status.overview import Table, headline, tables
from bridge.status.texts import clock_time, printable, seconds_text
from bridge.web.command_forms import Form
from bridge.web.snapshot import Snapshot

DIRECTIVE: Final = "directive"
OFFICER: Final = "officer"
MOST_TABLES: Final = 20
"""More than the first page has."""

_TEMPLATES: Final = jinja2.Environment(
    loader=jinja2.PackageLoader("bridge.web"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    # What others wrote is on one line, and without characters that turn the direction of the text.
    finalize=lambda value: printable(value) if type(value) is str else value,
    trim_blocks=True,
    lstrip_blocks=True,
)
_PARTS: Final[Any] = _TEMPLATES.get_template("parts.html").module
"""Macros of the parts: each returns Markup, in which every value is escaped."""


class Entry(NamedTuple):
    """Entry of the menu of commands."""

    path: str
    title: str


class Cell(NamedTuple):
    """Cell of a table: its text, and the page that it leads to; empty for none."""

    column: str
    text: str
    link: str


class Grid(NamedTuple):
    """Table without its empty columns."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]


def sections(seen: Snapshot, recent: Sequence[Table]) -> dict[str, Markup]:
    """Return the parts of the first page by their ids, each to be replaced on its own.

    Their ids are always the same: a table that has no rows, or cannot be read, is an empty part.
    """
    now = datetime.fromtimestamp(seen.now_s, UTC)
    parts = {"state": _PARTS.state(seen.report, headline(seen.report, now))}
    parts |= {f"table-{number}": Markup() for number in range(MOST_TABLES)}
    for number, table in enumerate([*tables(seen.report, now), *recent]):
        parts[f"table-{number}"] = _PARTS.table(grid(table)) if table.rows else Markup()
    return parts


class Templates:
    """Whole pages."""

    def __init__(self, menu: Sequence[Entry]) -> None:
        """`menu`: the commands that can be given here."""
        self._menu = menu

    def first_page(self, parts: Mapping[str, Markup], seen: Snapshot) -> str:
        """Return the first page."""
        return self._render("first.html", parts=parts, title=title(seen), time=time_text(seen.now_s))

    def table_page(self, head: str, found: Sequence[Table], query: str = "", way: Sequence[Held] = ()) -> str:
        """Return a page of tables. `query`: text of the search. `way`: who had a directive when, for a picture."""
        grids = [grid(table) for table in found]
        picture = _PARTS.way(TITLE, way, clock_time, seconds_text) if way else ""
        return self._render("tables.html", title=head, grids=grids, query=query, picture=picture)

    def form_page(self, form: Form, given: Mapping[str, str], problem: str = "") -> str:
        """Return the form of a command, filled in with what was given, and the reason for which it was refused."""
        return self._render("form.html", title=form.title, form=form, given=given, problem=problem)

    def question_page(self, head: str, sentences: Iterable[str], confirmation: str) -> str:
        """Return the second question. `confirmation`: id of the command that waits."""
        return self._render("question.html", title=head, sentences=sentences, confirmation=confirmation)

    def answer_page(self, head: str, sentences: Iterable[str]) -> str:
        """Return what became of a command."""
        return self._render("answer.html", title=head, sentences=sentences)

    def _render(self, template: str, **values: object) -> str:
        return _TEMPLATES.get_template(template).render({"query": "", "menu": self._menu} | values)


def title(seen: Snapshot) -> str:
    """Return the title of the first page, which a person sees of a page in the background."""
    count = len(seen.report.required_actions)
    return f"({count}) execution-officer" if count else "execution-officer"


def time_text(now_s: float) -> str:
    """Return a time as the page shows it."""
    return clock_time(utc_text(datetime.fromtimestamp(now_s, UTC)), fraction=False)


def grid(table: Table) -> Grid:
    """Return a table for the template: without columns that are empty, and with links to directives."""
    shown = [number for number in range(len(table.columns)) if any(row[number] for row in table.rows)]
    columns = [table.columns[number] for number in shown]
    link = _links(table.columns)
    rows = [
        [Cell(table.columns[number], row[number], link(number, row)) for number in shown]
        for row in table.rows
    ]
    return Grid(table.title, columns, rows)


def _links(columns: Sequence[str]) -> Callable[[int, Sequence[str]], str]:
    """Return the function that gives the link of a cell, by its number and its row."""
    if DIRECTIVE not in columns or OFFICER not in columns:
        return lambda number, row: ""
    directive, officer = columns.index(DIRECTIVE), columns.index(OFFICER)

    def link(number: int, row: Sequence[str]) -> str:
        if number != directive or not row[directive]:
            return ""
        return f"/directive?{urlencode({'officer': row[officer], 'id': row[directive]})}"

    return link
