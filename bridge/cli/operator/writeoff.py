"""`execution-officer writeoff`: end what the broker no longer has and whose end no record shows."""

from pathlib import Path

import click
import msgspec

from bridge.cli.confirmation import confirm
from bridge.cli.options import config_option
from bridge.cli.owner import carry_out
from bridge.config import load
from bridge.core.trade.comparison import Thing
from bridge.core.units.decimals import plain
from bridge.journal.operator.writeoff import WrittenOff
from bridge.sidecar.operator.writeoff import WriteoffRequest


@click.command()
@click.argument("number", metavar="POSITION", type=click.IntRange(1, 2**63 - 1))
@config_option
@click.option("--order", is_flag=True, help="POSITION is the ticket of a pending order.")
@click.option("--note", required=True, metavar="TEXT", help="How you know, for the audit and the Director.")
@click.option("--officer", metavar="ID", help="Officer, where several have one with that number.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
def writeoff(number: int, config_path: Path, order: bool, note: str, officer: str | None, yes: bool) -> None:
    """End POSITION in the journal: the broker no longer has it, and shows no deal that closed it.

    First ask the broker what became of it. A position that the last complete scan lists is refused, and so is any
    position while no scan of the present session is known.

    The Director gets POSITION_CLOSED with the code CLOSED_WITHOUT_DEAL: without a price, and with no other money
    than the position's known deals booked. Nothing is sent to the broker. A deal of the position that becomes known
    later counts, and is reported; a position that is shown again is open again.

    With --order the same for a pending order: the Director gets ORDER_CANCELLED with the reason.

    Exit status 18: no scan of the present session has listed what the broker has.
    """
    config = load(config_path)
    request = WriteoffRequest(number=number, order=order, note=note, officer=officer)
    found, by_sidecar = carry_out(config, msgspec.structs.replace(request, look=True))
    _show(found, by_sidecar=by_sidecar)
    without = "deal" if found.thing is Thing.POSITION else "record"
    if not yes:
        question = f"Did you ask the broker about {found.thing} {number}? End it without a {without}?"
        confirm(question)
    done, _ = carry_out(config, msgspec.structs.replace(request, officer=found.officer))
    named = ", ".join(lot.directive_id for lot in done.lots)
    ended = "closed" if done.thing is Thing.POSITION else "ended"
    click.echo(f"{done.officer}: {done.thing} {number} is {ended} without a {without}, under {named}.")


def _show(found: WrittenOff, *, by_sidecar: bool) -> None:
    for lot in found.lots:
        click.echo(
            f"{found.officer}: the journal has {lot.side} {plain(lot.volume)} lots of {found.symbol} open in "
            f"{found.thing} {found.number}, under {lot.directive_id}."
        )
    others = ", ".join(found.shown) or "nothing"
    click.echo(
        f"{found.officer}: the broker has no such {found.thing}, by the scan of {found.scanned_at}; in "
        f"{found.symbol} it shows {others}."
    )
    if not by_sidecar:
        click.echo("No sidecar runs: what happened at the broker since that scan is not known.")
