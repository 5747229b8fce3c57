"""`execution-officer rebind`: after a person has looked, let an officer go on with another ledger or account."""

from pathlib import Path

import click

from bridge.cli.failure import Failure
from bridge.cli.options import config_option
from bridge.cli.owner import carry_out
from bridge.config import load
from bridge.exits import ExitCode
from bridge.sidecar.operations import RebindRequest


@click.command()
@config_option
@click.option("--officer", required=True, metavar="ID", help="The officer.")
@click.option(
    "--account", is_flag=True, help="Forget its account too: the next terminal may be logged in to another."
)
@click.option("--why", required=True, metavar="TEXT", help="What you found, for the audit.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def rebind(config_path: Path, officer: str, account: bool, why: str, yes: bool) -> None:
    """Let an officer go on after a hold.

    Its terminal's present ledger is accepted, and with --account its present account.

    The bridge holds an officer when its terminal's ledger and the journal do not fit together: one of the two
    was lost, or is an old copy. Orders may then stand at the broker that the journal does not know. Compare the
    account's positions and history with 'execution-officer journal list' first.

    A sidecar that runs ends the terminal's session for it; the terminal comes back by itself.
    """
    config = load(config_path)
    if config.settings.officer(officer) is None:
        known = ", ".join(each.id for each in config.settings.officers)
        raise Failure(ExitCode.CONFIG, f"--officer {officer}: not in {config.source}, which has: {known}")
    if not yes:
        click.confirm(
            f"Have you compared the account of {officer} with the journal, and shall it go on?", abort=True
        )
    rebound, by_sidecar = carry_out(config, RebindRequest(officer=officer, account=account, why=why))
    click.echo(f"Hold lifted: {rebound.quarantine}." if rebound.quarantine else f"{officer} was not held.")
    click.echo("The ledger of the next terminal that connects is accepted.")
    if by_sidecar:
        click.echo("The session of its terminal is over; the terminal connects again by itself.")
    if rebound.account:
        click.echo(f"The account {rebound.account} is forgotten; the next terminal's account is bound.")
