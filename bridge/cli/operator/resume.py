"""`execution-officer resume`: lift halts."""

from pathlib import Path

import click

from bridge.cli.options import config_option, officer_option
from bridge.cli.owner import carry_out
from bridge.config import load
from bridge.sidecar.operator.resume import ResumeRequest


@click.command()
@config_option
@officer_option
@click.option("--symbol", metavar="NAME", help="Only this symbol's halt; '' for only the officer's own.")
@click.option("--why", default="", metavar="TEXT", help="Reason, for the audit.")
def resume(config_path: Path, officer: str | None, symbol: str | None, why: str) -> None:
    """Lift halts, those of 'halt' and 'flatten' and those that the bridge set by itself.

    A quarantine is not a halt; 'execution-officer rebind' lifts it.
    """
    done, _ = carry_out(load(config_path), ResumeRequest(officer=officer, symbol=symbol, why=why))
    if not done.halts:
        click.echo("Nothing was halted.")
    for each in done.halts:
        what = each.symbol or "all symbols"
        reason = f" ({each.why})" if each.why else ""
        click.echo(f"{each.officer}: the halt for {what} since {each.since}{reason} is lifted.")
