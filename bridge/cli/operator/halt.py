"""`execution-officer halt`: refuse opens."""

from pathlib import Path

import click

from bridge.cli.operator.not_stored import show_not_stored
from bridge.cli.options import config_option, officer_option
from bridge.cli.owner import carry_out
from bridge.config import load
from bridge.sidecar.operator.halt import HaltRequest


@click.command()
@config_option
@officer_option
@click.option(
    "--symbol", default="", metavar="NAME", help="Only this symbol; the Director's or broker's name."
)
@click.option("--why", default="", metavar="TEXT", help="Reason, for the audit and for each refusal.")
def halt(config_path: Path, officer: str | None, symbol: str, why: str) -> None:
    """Refuse opens until 'execution-officer resume'.

    A directive that would open is rejected (ORDER_REJECTED). Positions and their stops stay; closes, changes and
    cancels continue. A halt survives restarts and can be set while no sidecar runs.
    """
    request = HaltRequest(officer=officer, symbol=symbol, why=why)
    done, _ = carry_out(load(config_path), request)
    for each in done.halts:
        what = each.symbol or "all symbols"
        reason = f" ({each.why})" if each.why else ""
        click.echo(f"{each.officer}: opens are halted for {what} since {each.since}{reason}.")
    show_not_stored(done.not_stored)
