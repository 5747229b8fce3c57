"""`execution-officer status`: state of sidecar, terminals and journal, for operators and monitoring."""

import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import click
import msgspec

from bridge.cli.look import look
from bridge.cli.options import command_lines, config_option, json_option
from bridge.cli.tables import table_lines, terminal_width, wrapped
from bridge.clock import SystemClock
from bridge.config import Config, load
from bridge.console import is_console
from bridge.core.director.contract import utc_text
from bridge.exits import ExitCode
from bridge.status.command_lines import CommandLines
from bridge.status.overview import Report, headline, report_of, tables
from bridge.status.texts import clock_time, printable


@click.command()
@config_option
@json_option
@click.option("--watch", is_flag=True, help="Show it anew every two seconds until Ctrl-C.")
def status(config_path: Path, as_json: bool, watch: bool) -> ExitCode:
    """Show the state of sidecar, terminals and journal, whether the sidecar runs or not.

    Exit status 0: all is well. 13: an action is required; required actions and their remedies come first. 14: no
    sidecar runs, and no other action is required. An operator's halt and a closed market require no action.
    """
    config = load(config_path)
    lines = command_lines(config_path)
    if watch:
        if as_json:
            raise click.UsageError("--watch and --json exclude each other; give one of them.")
        if not is_console(sys.stdout):
            raise click.UsageError(
                "--watch needs a terminal, and stdout is none; leave it out, or give --json."
            )
        # Not at the top: it is not needed without the option.
        from bridge.cli.status_watch import watch as show_until_stopped

        show_until_stopped(lambda columns: _screen(config, lines, columns))
        return ExitCode.OK
    shown = look(config)
    if shown.error is not None:
        raise shown.error
    report = report_of(shown, config.settings, lines)
    if as_json:
        click.echo(msgspec.json.encode(report))
    else:
        for line in _lines(report, SystemClock().now(), terminal_width()):
            click.echo(line)
    if report.required_actions:
        return ExitCode.ATTENTION
    return ExitCode.OK if report.running else ExitCode.NOT_RUNNING


def _screen(config: Config, lines: CommandLines, columns: int) -> list[str]:
    """Return the lines of the present state, under the time."""
    now = SystemClock().now()
    time = f"{clock_time(utc_text(now), fraction=False)} UTC   Ctrl-C ends this"
    shown = look(config)
    if shown.error is not None:
        return [time, *wrapped(printable(f"! {shown.error}"), "  ", columns)]
    return [time, *map(click.unstyle, _lines(report_of(shown, config.settings, lines), now, columns))]


def _lines(report: Report, now: datetime, width: int | None) -> Iterator[str]:
    """Yield the lines of a report. `width`: columns of the terminal; None: nothing is wrapped."""
    yield from wrapped(printable(headline(report, now)), "", width)
    for required_action in report.required_actions:
        officer = f"{required_action.officer}: " if required_action.officer else ""
        yield ""
        yield from wrapped(printable(f"! {officer}{required_action.what}"), "  ", width)
        yield from wrapped(printable(f"  -> {required_action.remedy}"), "     ", width)
    if any(required_action.code == "UNKNOWN" for required_action in report.required_actions):
        yield "  (WHAT: filled, rejected or cancelled)"
    for table in tables(report, now):
        if table.rows:
            yield ""
            yield printable(table.title)
            head, *rows = table_lines(table.columns, table.rows, width)
            yield click.style(head, bold=True)
            yield from rows
