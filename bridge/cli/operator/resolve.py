"""`execution-officer resolve`: state the outcome of a command that no evidence shows."""

from decimal import Decimal
from pathlib import Path
from typing import cast

import click

from bridge.cli.options import AMOUNT, LOTS, config_option
from bridge.cli.owner import carry_out
from bridge.config import load
from bridge.journal.operator.resolve import VERDICTS, Verdict
from bridge.sidecar.operator.resolve import ResolveRequest


@click.command()
@click.argument("directive_id")
@config_option
@click.option(
    "--as",
    "verdict",
    type=click.Choice(VERDICTS),
    required=True,
    help="Outcome that you found at the broker.",
)
@click.option("--note", required=True, metavar="TEXT", help="How you know, for the audit and the Director.")
@click.option("--officer", metavar="ID", help="Officer, where several have a directive with that id.")
@click.option("--client-order-id", type=int, metavar="N", help="Command, where several are unresolved.")
@click.option("--price", type=AMOUNT, metavar="P", help="Fill price, if known.")
@click.option("--quantity", type=LOTS, metavar="Q", help="Filled lots.  [default: all]")
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
    """State the outcome of an unresolved command of DIRECTIVE_ID.

    First look in the account's history for the order with the command's magic number, which
    'execution-officer status' shows. The outcome is reported to the Director. Nothing is sent to the broker, and
    evidence of the broker that arrives later overrules it.
    """
    request = ResolveRequest(
        directive_id=directive_id,
        verdict=cast(Verdict, verdict),  # click.Choice has checked it
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
