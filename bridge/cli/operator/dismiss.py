"""`execution-officer dismiss`: mark refused events as seen."""

from pathlib import Path

import click

from bridge.cli.operator.refused_events import by_directive
from bridge.cli.options import config_option, officer_option
from bridge.cli.owner import carry_out
from bridge.config import load
from bridge.sidecar.operator.dismiss import DismissRequest


@click.command()
@click.argument("directive_ids", metavar="DIRECTIVE...", nargs=-1)
@config_option
@officer_option
@click.option("--note", required=True, metavar="TEXT", help="Why they may stay refused, for the audit.")
@click.option("--all", "everything", is_flag=True, help="All refused events, with or without a directive.")
def dismiss(
    directive_ids: tuple[str, ...], config_path: Path, officer: str | None, note: str, everything: bool
) -> None:
    """Mark the refused events of each DIRECTIVE, or --all, as seen.

    'execution-officer status' no longer counts them. They are kept:
    'execution-officer journal undelivered' lists them, and
    'execution-officer retry DIRECTIVE' can offer them again.
    """
    if bool(directive_ids) is everything:
        both = "DIRECTIVE and --all exclude each other" if everything else "DIRECTIVE or --all is missing"
        raise click.UsageError(f"{both}; name directives, or give --all.")
    request = DismissRequest(officer=officer, directives=list(directive_ids), note=note)
    done, _ = carry_out(load(config_path), request)
    if not done.events:
        click.echo("There is no refused event to dismiss.")
    for line in by_directive(done):
        click.echo(f"{line}: dismissed.")
