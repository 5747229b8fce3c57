"""`execution-officer journal report`: tables on the terminal, and a page for the browser."""

from pathlib import Path

import click
import msgspec

from bridge.cli.failure import Failure
from bridge.cli.journal.file import with_journal
from bridge.cli.journal.new_file import check_free, new_file
from bridge.cli.journal.period import period
from bridge.cli.journal.report_page import page
from bridge.cli.journal.report_tables import tables
from bridge.cli.options import FILE, json_option
from bridge.cli.tables import print_table
from bridge.clock import SystemClock
from bridge.exits import ExitCode
from bridge.journal.views.report import report
from bridge.status.reading import journal_at


@click.command("report")
@click.argument("moment", metavar="[DATE]", required=False)
@click.option("--day", "unit", flag_value="day", default=True, help="Of one day of UTC.  [default]")
@click.option("--week", "unit", flag_value="week", help="Of the week with DATE, Monday to Sunday.")
@click.option("--month", "unit", flag_value="month", help="Of the month with DATE.")
@click.option("--officer", metavar="ID", help="Only this officer's.")
@click.option("--html", type=FILE, metavar="FILE", help="Write a page with plots to FILE, too.")
@click.option("--force", is_flag=True, help="Replace FILE where it exists.")
@json_option
@with_journal
def report_period(
    path: Path,
    moment: str | None,
    unit: str,
    officer: str | None,
    html: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Report on a day, a week or a month: directives, fills, slippage, times, rejections, money.

    DATE is a date of UTC, such as 2026-11-30, or 2026-11; without it today's. Directives count by their receipt,
    deals by their own time. The sidecar may run meanwhile. FILE is one page without scripts or outside parts.

    Example: execution-officer journal report --week 2026-11-30 --html week.html
    """
    wanted = period(unit, moment, SystemClock().now().date())
    if html is not None:
        check_free(html, journal=path, force=force)
    with journal_at(path) as db:
        made = report(db, wanted.since, wanted.until, officer)
    if made.empty:
        raise Failure(
            ExitCode.NOTHING_FOUND,
            f"the journal {path} has nothing of {wanted.name}{f' of officer {officer}' if officer else ''}; "
            "give another date, 'execution-officer journal list' shows what there is",
        )
    if html is not None:
        with new_file(html, journal=path, force=force) as file:
            file.write(page(made, wanted.name))
    if as_json:
        click.echo(msgspec.json.encode(made))
        return
    click.echo(f"Report of {wanted.name}, in UTC")
    for table in tables(made):
        click.echo()
        print_table(table.title, table.columns, table.rows)
    if html is not None:
        click.echo(f"\n{html}: {html.stat().st_size:,} bytes.")
