"""`execution-officer flatten`: close all positions, cancel all pending orders, and halt."""

import math
import secrets
from pathlib import Path

import click

from bridge.cli.asking import live
from bridge.cli.confirmation import confirm
from bridge.cli.control_client import NoAnswerError, NobodyThereError, NotAskedError
from bridge.cli.operator.flatten_wait import wait
from bridge.cli.operator.not_stored import show_not_stored
from bridge.cli.options import command_lines, config_option, officer_option
from bridge.cli.owner import carry_out
from bridge.config import Config, load
from bridge.exits import ExitCode
from bridge.sidecar.control_file import ControlFileError
from bridge.sidecar.operator.flatten import FlattenRequest, Flattens


@click.command()
@config_option
@officer_option
@click.option(
    "--symbol", default="", metavar="NAME", help="Only this symbol; the Director's or broker's name."
)
@click.option("--why", default="", metavar="TEXT", help="Reason, for the audit.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@click.option(
    "--wait",
    "wait_s",
    is_flag=False,
    flag_value=math.inf,
    default=None,
    type=click.FloatRange(min=0),
    metavar="[SECONDS]",
    help="Return when the flatten has ended, with its outcome; at the latest after SECONDS.",
)
def flatten(
    config_path: Path, officer: str | None, symbol: str, why: str, yes: bool, wait_s: float | None
) -> ExitCode:
    """Close all positions and cancel all pending orders of the bridge, and halt.

    Opens are refused until 'execution-officer resume'. Manual trades are not touched. While no sidecar runs or a
    terminal is not connected, its closes wait and are sent when it is back.

    With --symbol, it closes, cancels and halts in that symbol alone.

    With --wait, exit status 0: everything is closed and cancelled. 23: the time is over, and the flatten goes on.
    24: it ended early, and something may be left. Ctrl-C ends the waiting alone.

    \b
    Example:
      execution-officer flatten --symbol EURUSD --yes --wait 60 --why "news at ten"
    """
    config = load(config_path)
    officers = officer or ", ".join(each.id for each in config.settings.officers)
    if not yes:
        where = f" in {symbol}" if symbol else ""
        confirm(f"Close all positions and cancel all pending orders of {officers}{where}?")
    request = FlattenRequest(officer=officer, symbol=symbol, why=why, nonce=secrets.token_hex(8))
    done, by_sidecar = carry_out(config, request)
    lines = command_lines(config_path)
    only = lines.option("--symbol", symbol)
    for each in done.flattens:
        click.echo(f"{each.officer}: to be closed and cancelled by directive {each.directive_id}.")
        click.echo(
            f"{each.officer}: opens{f' in {symbol}' if symbol else ''} are halted until "
            f"'{lines.of_officer('resume', each.officer)}{only}'."
        )
    show_not_stored(done.not_stored)
    if by_sidecar and not done.not_stored:
        _show_blocked(config, done)
    elif not by_sidecar:
        click.echo("No sidecar runs: the closes are sent after the next 'execution-officer run'.")
    if wait_s is None:
        return ExitCode.OK
    return wait(config, done.flattens, symbol, None if math.isinf(wait_s) else wait_s)


def _show_blocked(config: Config, done: Flattens) -> None:
    """Print why nothing can be sent now: the operator must not leave in the belief that closes are under way."""
    try:
        status = live(config)
    except (NobodyThereError, NotAskedError, NoAnswerError, ControlFileError) as error:
        click.echo(f"Progress is unknown ({error}); see 'execution-officer status'.")
        return
    flattened = {each.officer for each in done.flattens}
    for officer in status.officers:
        if officer.officer in flattened and officer.blocked:
            click.echo(
                f"{officer.officer}: nothing can be sent now: {officer.blocked}. The closes are sent once it can."
            )
