"""`execution-officer retry`: offer events again that the Director refused for good."""

from pathlib import Path

import click

from bridge.cli.operator.refused_events import by_directive
from bridge.cli.options import config_option, officer_option
from bridge.cli.owner import carry_out
from bridge.config import load
from bridge.sidecar.operator.retry import RetryRequest


@click.command()
@click.argument("directive_ids", metavar="[DIRECTIVE]...", nargs=-1)
@config_option
@officer_option
def retry(directive_ids: tuple[str, ...], config_path: Path, officer: str | None) -> None:
    """Offer events again that the Director refused for good.

    Without DIRECTIVE: all that were not dismissed. With DIRECTIVE: its events, dismissed or not. They are posted
    with the same body and key as before, in order, before events of the same directive that are still queued.
    Later events of a directive that were delivered meanwhile stay delivered, so the Director then receives the
    earlier ones last.
    """
    request = RetryRequest(officer=officer, directives=list(directive_ids))
    done, by_sidecar = carry_out(load(config_path), request)
    if not done.events:
        click.echo("There is no refused event to retry.")
        return
    for line in by_directive(done):
        click.echo(f"{line}: queued again.")
    if not by_sidecar:
        click.echo("No sidecar runs: they are posted after the next 'execution-officer run'.")
