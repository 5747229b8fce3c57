"""`execution-officer writeoff`: end a position that the broker no longer has and whose close no deal shows."""

from pathlib import Path

import click
import msgspec

from bridge.cli.options import config_option
from bridge.cli.owner import carry_out
from bridge.config import load
from bridge.core.units.decimals import plain
from bridge.journal.operator.writeoff import WrittenOff
from bridge.sidecar.operator.writeoff import WriteoffRequest


@click.command()
@click.argument("position", type=click.IntRange(1, 2**63 - 1))
@config_option
@click.option("--note", required=True, metavar="TEXT", help="How you know, for the audit and the Director.")
@click.option("--officer", metavar="ID", help="Officer, where several have a position with that number.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
def writeoff(position: int, config_path: Path, note: str, officer: str | None, yes: bool) -> None:
    """End POSITION in the journal: the broker no longer has it, and shows no deal that closed it.

    First ask the broker what became of it. A position that the last complete scan lists is refused, and so is any
    position while no scan of the present session is known.

    The Director gets POSITION_CLOSED with the code CLOSED_WITHOUT_DEAL: without a price, and with no other money
    than the position's known deals booked. Nothing is sent to the broker. A deal of the position that becomes known
    later counts, and is reported; a position that is shown again is open again.

    Exit status 18: no scan of the present session has listed what the broker has.
    """
    config = load(config_path)
    request = WriteoffRequest(position=position, note=note, officer=officer)
    found, by_sidecar = carry_out(config, msgspec.structs.replace(request, look=True))
    _show(found, by_sidecar=by_sidecar)
    if not yes:
        question = f"Did you ask the broker about position {position}? End it without a deal?"
        click.confirm(question, abort=True)
    done, _ = carry_out(config, msgspec.structs.replace(request, officer=found.officer))
    named = ", ".join(lot.directive_id for lot in done.lots)
    click.echo(f"{done.officer}: position {position} is closed without a deal, under {named}.")


def _show(found: WrittenOff, *, by_sidecar: bool) -> None:
    for lot in found.lots:
        click.echo(
            f"{found.officer}: the journal has {lot.side} {plain(lot.volume)} lots of {found.symbol} open in "
            f"position {found.position}, under {lot.directive_id}."
        )
    others = ", ".join(found.shown) or "nothing"
    click.echo(
        f"{found.officer}: the broker has no such position, by the scan of {found.scanned_at}; in {found.symbol} "
        f"it shows {others}."
    )
    if not by_sidecar:
        click.echo("No sidecar runs: what happened at the broker since that scan is not known.")
