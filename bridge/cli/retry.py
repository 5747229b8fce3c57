"""`execution-officer retry`: offer events that the Director refused for good once more."""

from pathlib import Path

import click

from bridge.cli.options import config_option, officer_option
from bridge.cli.owner import carry_out
from bridge.cli.tables import printable
from bridge.config import load
from bridge.sidecar.operations import Refused, RetryRequest


@click.command()
@click.argument("directive_ids", metavar="[DIRECTIVE]...", nargs=-1)
@config_option
@officer_option
def retry(directive_ids: tuple[str, ...], config_path: Path, officer: str | None) -> None:
    """Offer the events that the Director refused for good once more.

    All of them that nobody dismissed; or those of each DIRECTIVE, dismissed or not. They go out with the body and
    the key that they had, in their order, before what is still queued of their directive. Later events of it that
    were delivered meanwhile stay delivered: the Director then hears of the earlier ones last.
    """
    request = RetryRequest(officer=officer, directives=list(directive_ids))
    done, by_sidecar = carry_out(load(config_path), request)
    if not done.events:
        click.echo("No event waits to be retried.")
        return
    for line in by_directive(done):
        click.echo(f"{line}: offered once more.")
    if not by_sidecar:
        click.echo("No sidecar runs: they go out when it runs next ('execution-officer run').")


def by_directive(done: Refused) -> list[str]:
    """The events in words, a line for each directive."""
    found: dict[tuple[str, str | None], list[str]] = {}
    for event in done.events:
        found.setdefault((event.officer, event.directive_id), []).append(event.event_type)
    return [
        printable(f"{officer}: {directive_id or 'of no directive'}: {', '.join(types)}")
        for (officer, directive_id), types in found.items()
    ]
