"""`execution-officer rebind`: lift a quarantine and accept another ledger, account or server name."""

from pathlib import Path

import click

from bridge.cli.confirmation import confirm
from bridge.cli.failure import Failure
from bridge.cli.operator import lost_orders
from bridge.cli.options import config_option
from bridge.cli.owner import carry_out
from bridge.config import Config, load
from bridge.exits import ExitCode
from bridge.sidecar.operator.rebind import RebindRequest
from bridge.sidecar.operator.recover import RecoverRequest


@click.command()
@config_option
@click.option("--officer", required=True, metavar="ID", help="Officer to rebind.")
@click.option("--account", is_flag=True, help="Forget its account too, so that another can be bound.")
@click.option(
    "--renamed-server", metavar="NAME", help="The account is the same, and its server has this name now."
)
@click.option("--login", type=int, metavar="N", help="With --renamed-server: login of that account.")
@click.option("--why", required=True, metavar="TEXT", help="What you found, for the audit.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
def rebind(
    config_path: Path,
    officer: str,
    account: bool,
    renamed_server: str | None,
    login: int | None,
    why: str,
    yes: bool,
) -> None:
    """Lift the quarantine of an officer.

    The next terminal's ledger is accepted, and with --account its account. With --renamed-server the account stays,
    with its positions and orders: the broker gave its server another name.

    The bridge quarantines an officer when its terminal's ledger and the journal do not match: one of them was
    lost or is an old copy. The broker may then have orders that the journal does not know; they are shown first,
    and 'execution-officer recover' adopts them. What waits to be sent is shown too: it is sent afterwards.

    A running sidecar ends the terminal's session; the terminal reconnects by itself.
    """
    config = load(config_path)
    if config.settings.officer(officer) is None:
        known = ", ".join(each.id for each in config.settings.officers)
        raise Failure(
            ExitCode.CONFIG, f'--officer: unknown officer "{officer}"; {config.source} has: {known}'
        )
    request = RebindRequest(
        officer=officer, account=account, renamed_server=renamed_server, login=login, why=why
    )
    _show(config, officer, account=account)
    if not yes:
        confirm(f"Did you compare the account of {officer} with the journal? Rebind it?")
    rebound, by_sidecar = carry_out(config, request)
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
    if rebound.renamed:
        click.echo(f"The account is {rebound.renamed} now; its positions, orders and event keys stay.")


def _show(config: Config, officer: str, *, account: bool) -> None:
    """Show what the journal lacks, what waits to be sent, and with another account what is still open."""
    found, _ = carry_out(config, RecoverRequest(officer=officer, last_scan=True))
    lost_orders.show(found.officers)
    for each in found.officers:
        lost_orders.show_inbox(each)
        if account and each.open_here:
            click.echo(
                f"{officer}: open in the journal: {', '.join(each.open_here)}. With another account the bridge can "
                "neither close nor report them; where the broker only renamed the server, use --renamed-server."
            )
