"""`execution-officer flatten`: close and cancel everything, and open nothing more."""

import secrets
from pathlib import Path

import click

from bridge.cli.options import config_option, officer_option
from bridge.cli.owner import NoAnswerError, NobodyThereError, carry_out, live
from bridge.config import Config, load
from bridge.sidecar.operations import FlattenRequest, Flattens


@click.command()
@config_option
@officer_option
@click.option("--why", default="", metavar="TEXT", help="The reason, for the audit.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def flatten(config_path: Path, officer: str | None, why: str, yes: bool) -> None:
    """Close all positions and cancel all pending orders that the bridge opened, and halt.

    Nothing is opened again until 'execution-officer resume'. Positions that somebody else opened are left alone.
    Where no sidecar runs, or its terminal is away, the closes go out when it is back.
    """
    config = load(config_path)
    whose = officer or ", ".join(each.id for each in config.settings.officers)
    if not yes:
        click.confirm(f"Close all positions and cancel all pending orders of {whose}?", abort=True)
    request = FlattenRequest(officer=officer, why=why, nonce=secrets.token_hex(8))
    done, by_sidecar = carry_out(config, request)
    for each in done.flattens:
        click.echo(f"{each.officer}: to be closed and cancelled by directive {each.directive_id}.")
        click.echo(
            f"{each.officer}: opens are halted until 'execution-officer resume --officer {each.officer}'."
        )
    if by_sidecar:
        _say_what_is_in_the_way(config, done)
    else:
        click.echo("No sidecar runs: the closes go out when it runs next ('execution-officer run').")


def _say_what_is_in_the_way(config: Config, done: Flattens) -> None:
    """A person who flattens must not walk away while nothing is sent."""
    try:
        stands = live(config)
    except (NobodyThereError, NoAnswerError) as error:
        click.echo(f"How it goes on is not known ({error}): see 'execution-officer status'.")
        return
    flattened = {each.officer for each in done.flattens}
    for officer in stands.officers:
        if officer.officer in flattened and officer.blocked:
            click.echo(
                f"{officer.officer}: nothing can be sent now: {officer.blocked}. It goes out once it can."
            )
