"""`execution-officer doctor`: every check of an installation, each with the value seen and the remedy."""

from pathlib import Path

import click
import msgspec

from bridge import __version__
from bridge.cli.doctor import installation
from bridge.cli.doctor.examination import examine
from bridge.cli.doctor.finding import Finding, exit_status
from bridge.cli.doctor.lines import lines
from bridge.cli.doctor.observing import observe
from bridge.cli.options import FILE, command_lines, config_option, json_option
from bridge.cli.tables import terminal_width
from bridge.config import ConfigError, load
from bridge.exits import ExitCode


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Answer of --json."""

    version: str
    exit_status: int
    findings: list[Finding]


@click.command()
@config_option
@click.option(
    "--api-key-file",
    type=FILE,
    metavar="FILE",
    help="File of the Director's API key, as for 'run': in place of the configuration's.",
)
@json_option
def doctor(config_path: Path, api_key_file: Path | None, as_json: bool) -> ExitCode:
    """Check everything that trading needs, and show the remedy of what is wrong.

    Configuration, keys, Director, journal and disk, sidecar, terminals and work under way. Nothing is changed; the
    Director is polled once for each officer. What cannot be looked at is never called ok.

    Exit status 0: every check is ok. 13: a warning, or something is wrong. 14: no sidecar runs, and all else that
    can be seen without one is ok.
    """
    try:
        findings = examine(observe(load(config_path), command_lines(config_path), api_key_file))
    except ConfigError as error:
        findings = list(installation.refused_configuration(error))
    status = exit_status(findings)
    if as_json:
        report = Report(version=__version__, exit_status=status, findings=findings)
        click.echo(msgspec.json.encode(report))
    else:
        for line in lines(findings, terminal_width()):
            click.echo(line)
    return status
