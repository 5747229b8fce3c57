"""`execution-officer halt`: open nothing more."""

from pathlib import Path

import click

from bridge.cli.options import config_option, officer_option
from bridge.cli.owner import carry_out
from bridge.config import load
from bridge.sidecar.operations import HaltRequest


@click.command()
@config_option
@officer_option
@click.option(
    "--symbol", default="", metavar="NAME", help="Only this one, as the Director or the broker calls it."
)
@click.option("--why", default="", metavar="TEXT", help="The reason: for the audit, and in each refusal.")
def halt(config_path: Path, officer: str | None, symbol: str, why: str) -> None:
    """Open nothing more, until 'execution-officer resume'.

    What would open is refused (ORDER_REJECTED). Positions stay, and their stops; closes and cancels go on. It
    holds across restarts, and works whether the sidecar runs or not.
    """
    request = HaltRequest(officer=officer, symbol=symbol, why=why)
    done, _ = carry_out(load(config_path), request)
    for each in done.halts:
        what = each.symbol or "everything"
        click.echo(f"{each.officer}: opens are halted for {what} since {each.since}{_because(each.why)}.")


def _because(why: str) -> str:
    return f" ({why})" if why else ""
