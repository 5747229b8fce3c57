"""`execution-officer dismiss`: a person has seen that the Director refused events, and leaves them."""

from pathlib import Path

import click

from bridge.cli.options import config_option, officer_option
from bridge.cli.owner import carry_out
from bridge.cli.retry import by_directive
from bridge.config import load
from bridge.sidecar.operations import DismissRequest


@click.command()
@click.argument("directive_ids", metavar="DIRECTIVE...", nargs=-1)
@config_option
@officer_option
@click.option("--note", required=True, metavar="TEXT", help="Why they may stay refused, for the audit.")
@click.option(
    "--all", "everything", is_flag=True, help="Every refused event, of whatever directive or of none."
)
def dismiss(
    directive_ids: tuple[str, ...], config_path: Path, officer: str | None, note: str, everything: bool
) -> None:
    """Mark the refused events of each DIRECTIVE, or --all, as seen.

    'execution-officer status' no longer counts them. They are kept:
    'execution-officer journal undelivered' still lists them, and
    'execution-officer retry DIRECTIVE' can still offer them.
    """
    if bool(directive_ids) is everything:
        raise click.UsageError("name directives, or give --all")
    request = DismissRequest(officer=officer, directives=list(directive_ids), note=note)
    done, _ = carry_out(load(config_path), request)
    if not done.events:
        click.echo("No event waits to be dismissed.")
    for line in by_directive(done):
        click.echo(f"{line}: dismissed.")
