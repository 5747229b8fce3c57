"""`execution-officer resume`: open again."""

from pathlib import Path

import click

from bridge.cli.options import config_option, officer_option
from bridge.cli.owner import carry_out
from bridge.config import load
from bridge.sidecar.operations import ResumeRequest


@click.command()
@config_option
@officer_option
@click.option(
    "--symbol",
    metavar="NAME",
    help="Lift only the halt of this one. '' lifts only that of the whole officer.",
)
@click.option("--why", default="", metavar="TEXT", help="The reason, for the audit.")
def resume(config_path: Path, officer: str | None, symbol: str | None, why: str) -> None:
    """Lift halts: those of 'execution-officer halt' and 'flatten', and those that the bridge has set by itself.

    A hold is no halt: see 'execution-officer rebind'.
    """
    done, _ = carry_out(load(config_path), ResumeRequest(officer=officer, symbol=symbol, why=why))
    if not done.halts:
        click.echo("Nothing was halted.")
    for each in done.halts:
        reason = f" ({each.why})" if each.why else ""
        click.echo(
            f"{each.officer}: the halt of {each.symbol or 'everything'} since {each.since}{reason} is lifted."
        )
