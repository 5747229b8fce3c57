"""`execution-officer journal export`: rows for a spreadsheet or a program."""

import csv
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final, TextIO

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from bridge.cli.failure import Failure
from bridge.cli.journal.file import with_journal
from bridge.cli.journal.new_file import check_free, new_file
from bridge.cli.moments import DURATION, MOMENT
from bridge.cli.options import FILE
from bridge.clock import SystemClock
from bridge.console import is_console
from bridge.core.units.spreadsheet import harmless
from bridge.exits import ExitCode
from bridge.journal.views.exports import COLUMNS, Export, Kind, Row, Value, export
from bridge.journal.views.lists import Selection
from bridge.status.reading import journal_at

_STDOUT: Final = Path("-")
_FORMATS: Final = {".csv": "csv", ".ndjson": "ndjson", ".jsonl": "ndjson"}
"""Format of a file, by the end of its name."""
_encoder: Final = msgspec.json.Encoder(decimal_format="number")
_SHOW_EVERY: Final = 100
"""Rows after which the progress is shown anew."""

Write = Callable[[Row], object]


@click.command("export")
@click.argument("target", type=FILE, metavar="FILE")
@click.option(
    "--rows",
    "kind",
    type=click.Choice([kind.value for kind in Kind]),
    default=Kind.DIRECTIVES.value,
    show_default=True,
    help="One row for each of them.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(sorted(set(_FORMATS.values()))),
    help="Format of FILE.  [default: by the end of its name]",
)
@click.option("--officer", metavar="ID", help="Only this officer's.")
@click.option("--directive", "directive_id", metavar="ID", help="Only of this directive.")
@click.option("--symbol", metavar="NAME", help="Only in this symbol, by the Director's name.")
@click.option("--since", type=MOMENT, metavar="TIME", help="Only from then on (UTC).")
@click.option("--until", type=MOMENT, metavar="TIME", help="Only before then (UTC).")
@click.option("--last", type=DURATION, metavar="DURATION", help="Only of the last 30min, 2h or 7d.")
@click.option("--force", is_flag=True, help="Replace FILE where it exists.")
@with_journal
def export_rows(
    path: Path,
    target: Path,
    kind: str,
    form: str | None,
    officer: str | None,
    directive_id: str | None,
    symbol: str | None,
    since: datetime | None,
    until: datetime | None,
    last: timedelta | None,
    force: bool,
) -> None:
    """Write directives, events or deals to FILE, for a spreadsheet or a program. "-" is the standard output.

    A directive counts by the time of its receipt, an event by that of its creation, a deal by its own. The sidecar
    may run meanwhile; what comes after the beginning is left out. FILE has its name once it is complete.

    In CSV an apostrophe stands before a text that a spreadsheet could run as a formula.

    Example: execution-officer journal export --since 2026-11-01 --until 2026-12-01 november.csv
    """
    if since is not None and last is not None:
        raise click.UsageError("--since and --last exclude each other; give one of them.")
    wanted = Selection(
        officer=officer,
        directive_id=directive_id,
        symbol=symbol,
        since=SystemClock().now() - last if last is not None else since,
        until=until,
    )
    if wanted.since is not None and until is not None and wanted.since >= until:
        raise click.UsageError("the period ends before it begins; give --until a later time than --since.")
    form = form or _FORMATS.get(target.suffix.lower())
    if form is None:
        raise click.UsageError(
            f"the format of {target} is not known by its name; give --format csv or ndjson."
        )
    with journal_at(path) as db:
        made = export(db, Kind(kind), wanted)
        if target == _STDOUT:
            _write_out(made, form)
            return
        check_free(target, journal=path, force=force)
        rows = _nonempty(made, path)
        with new_file(target, journal=path, force=force) as file:
            count = _write(msgspec.structs.replace(made, rows=rows), form, file)
    click.echo(f"{target}: {count:,} {kind}, {target.stat().st_size:,} bytes.")


def _nonempty(made: Export, path: Path) -> Iterator[tuple[int, Row]]:
    """Return the rows. Raises Failure where there are none."""
    first = next(made.rows, None)
    if first is None:
        raise Failure(
            ExitCode.NOTHING_FOUND,
            f"no {made.kind} of the journal {path} are as the options say; nothing was written; give a longer "
            "period or other options, 'execution-officer journal list' shows what there is",
        )

    def rows() -> Iterator[tuple[int, Row]]:
        yield first
        yield from made.rows

    return rows()


def _write_out(made: Export, form: str) -> None:
    """Write to stdout. A reader that has enough, such as head, ends it."""
    try:
        _write(made, form, sys.stdout)
        sys.stdout.flush()
    except BrokenPipeError:
        # Python flushes stdout once more at the end. Open as long as the process.
        sys.stdout = open(os.devnull, "w", encoding="utf-8")


def _write(made: Export, form: str, file: TextIO) -> int:
    """Write the rows and return their number."""
    write = _csv_writer(made.kind, file) if form == "csv" else _json_writer(file)
    count = 0
    with closing(_Meter(made)) as meter:
        for place, row in made.rows:
            write(row)
            count += 1
            if count % _SHOW_EVERY == 0:
                meter.show(place, count)
    return count


def _csv_writer(kind: Kind, file: TextIO) -> Write:
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(COLUMNS[kind])
    return lambda row: writer.writerow([_cell(row[name]) for name in COLUMNS[kind]])


def _json_writer(file: TextIO) -> Write:
    return lambda row: file.write(_encoder.encode(row).decode() + "\n")


def _cell(value: Value) -> str:
    if value is None:
        return ""
    return format(value, "f") if isinstance(value, Decimal) else harmless(str(value))


class _Meter:
    """Progress on a terminal; nothing elsewhere. For deals, whose number is not known before, it counts."""

    def __init__(self, made: Export) -> None:
        self._total = made.last
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[count]} rows"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
            disable=not is_console(sys.stderr),
        )
        self._task = self._progress.add_task(made.kind.value, total=made.last or None, count=0)
        self._progress.start()

    def show(self, place: int, count: int) -> None:
        """Show how far it is."""
        self._progress.update(self._task, completed=place if self._total else count, count=count)

    def close(self) -> None:
        """Take the bar off the terminal."""
        self._progress.stop()
