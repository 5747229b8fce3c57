"""`execution-officer resolve`: a person says what became of a command that nobody else can settle."""

from decimal import Decimal
from pathlib import Path
from typing import cast

import click

from bridge.cli.options import AMOUNT, LOTS, config_option
from bridge.cli.owner import carry_out
from bridge.config import load
from bridge.journal.operator.resolve import WORDS, Word
from bridge.sidecar.operations import ResolveRequest


@click.command()
@click.argument("directive_id")
@config_option
@click.option(
    "--as",
    "verdict",
    type=click.Choice(WORDS),
    required=True,
    help="What you found at the broker: it was filled, refused, or taken and cancelled.",
)
@click.option("--note", required=True, metavar="TEXT", help="How you know, for the audit and the Director.")
@click.option("--officer", metavar="ID", help="Where two officers have a directive of that id.")
@click.option("--client-order-id", type=int, metavar="N", help="Which command, where several are in doubt.")
@click.option(
    "--price", type=AMOUNT, metavar="P", help="The price at which it was filled, where you know it."
)
@click.option("--quantity", type=LOTS, metavar="Q", help="The lots that were filled; without it all of them.")
def resolve(
    directive_id: str,
    config_path: Path,
    verdict: str,
    note: str,
    officer: str | None,
    client_order_id: int | None,
    price: Decimal | None,
    quantity: Decimal | None,
) -> None:
    """End a command of DIRECTIVE_ID whose outcome is unknown.

    Look for the order by its magic number in the account's history first: 'execution-officer status' names it. The
    Director is told what you say. Nothing is sent to the broker; and should the broker's own evidence turn up
    later, it counts.
    """
    request = ResolveRequest(
        directive_id=directive_id,
        verdict=cast(Word, verdict),  # the choices are its words
        note=note,
        officer=officer,
        client_order_id=client_order_id,
        price=price,
        quantity=quantity,
    )
    done, _ = carry_out(load(config_path), request)
    click.echo(
        f"{done.officer}: command {done.client_order_id} of {done.directive_id} was {done.before}, is {done.after}."
    )
