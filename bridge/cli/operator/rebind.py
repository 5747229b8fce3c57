"""`execution-officer rebind`: lift a quarantine and accept another ledger or account."""

from pathlib import Path

import click

from bridge.cli.failure import Failure
from bridge.cli.options import config_option
from bridge.cli.owner import carry_out
from bridge.config import load
from bridge.exits import ExitCode
from bridge.sidecar.operator.rebind import RebindRequest


@click.command()
@config_option
@click.option("--officer", required=True, metavar="ID", help="Officer to rebind.")
@click.option("--account", is_flag=True, help="Forget its account too, so that another can be bound.")
@click.option("--why", required=True, metavar="TEXT", help="What you found, for the audit.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
def rebind(config_path: Path, officer: str, account: bool, why: str, yes: bool) -> None:
    """Lift the quarantine of an officer.

    The next terminal's ledger is accepted, and with --account its account.

    The bridge quarantines an officer when its terminal's ledger and the journal do not match: one of them was
    lost or is an old copy. The broker may then have orders that the journal does not know. First compare the
    account's positions and history with 'execution-officer journal list'.

    A running sidecar ends the terminal's session; the terminal reconnects by itself.
    """
    config = load(config_path)
    if config.settings.officer(officer) is None:
        known = ", ".join(each.id for each in config.settings.officers)
        raise Failure(
            ExitCode.CONFIG, f'--officer: unknown officer "{officer}"; {config.source} has: {known}'
        )
    if not yes:
        click.confirm(f"Did you compare the account of {officer} with the journal? Rebind it?", abort=True)
    rebound, by_sidecar = carry_out(config, RebindRequest(officer=officer, account=account, why=why))
    click.echo(
        f"Quarantine lifted: {rebound.quarantine}."
        if rebound.quarantine
        else f"{officer} was not quarantined."
    )
    click.echo("The ledger of the next terminal that connects is accepted.")
    if by_sidecar:
        click.echo("The session of its terminal has ended; the terminal reconnects by itself.")
    if rebound.account:
        click.echo(f"The account {rebound.account} is forgotten; the next terminal's account is bound.")
