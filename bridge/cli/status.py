"""`execution-officer status`: state of sidecar, terminals and journal, for operators and monitoring."""

from datetime import datetime
from pathlib import Path

import click
import msgspec

from bridge.cli.look import look
from bridge.cli.options import command_lines, config_option, json_option
from bridge.cli.tables import print_table, terminal_width, wrapped
from bridge.clock import SystemClock
from bridge.config import load
from bridge.exits import ExitCode
from bridge.status.overview import Report, headline, report_of, tables
from bridge.status.texts import printable


@click.command()
@config_option
@json_option
def status(config_path: Path, as_json: bool) -> ExitCode:
    """Show the state of sidecar, terminals and journal, whether the sidecar runs or not.

    Exit status 0: all is well. 13: an action is required; required actions and their remedies come first. 14: no
    sidecar runs, and no other action is required. An operator's halt and a closed market require no action.
    """
    config = load(config_path)
    shown = look(config)
    if shown.error is not None:
        raise shown.error
    report = report_of(shown, config.settings, command_lines(config_path))
    if as_json:
        click.echo(msgspec.json.encode(report))
    else:
        _show(report, SystemClock().now())
    if report.required_actions:
        return ExitCode.ATTENTION
    return ExitCode.OK if report.running else ExitCode.NOT_RUNNING


def _show(report: Report, now: datetime) -> None:
    width = terminal_width()
    _echo(headline(report, now), "", width)
    for required_action in report.required_actions:
        officer = f"{required_action.officer}: " if required_action.officer else ""
        click.echo()
        _echo(f"! {officer}{required_action.what}", "  ", width)
        _echo(f"  -> {required_action.remedy}", "     ", width)
    if any(required_action.code == "UNKNOWN" for required_action in report.required_actions):
        click.echo("  (WHAT: filled, rejected or cancelled)")
    for table in tables(report, now):
        if table.rows:
            click.echo()
            print_table(*table)


def _echo(text: str, indent: str, width: int | None) -> None:
    for line in wrapped(printable(text), indent, width):
        click.echo(line)
