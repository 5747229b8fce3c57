"""`execution-officer recover`: find, adopt or take over orders that the journal lacks."""

from pathlib import Path
from typing import Final

import click
import msgspec

from bridge.cli.confirmation import confirm
from bridge.cli.operator import lost_orders
from bridge.cli.options import config_option, json_option, officer_option
from bridge.cli.owner import carry_out
from bridge.config import Config, load
from bridge.core.link.messages import CommandKind
from bridge.exits import ExitCode
from bridge.journal.operator.lost_orders import Listed
from bridge.journal.operator.recover import Adoption
from bridge.sidecar.operator.recover import Recovered, RecoverRequest

MOST_AT_ONCE: Final = 200
"""Most lost orders of one request: each is applied in one transaction."""


@click.command()
@config_option
@officer_option
@click.option("--adopt", is_flag=True, help="Give the journal back those whose directive is known.")
@click.option("--dismiss", is_flag=True, help="Take over those that --client-order-id names: they are yours.")
@click.option(
    "--client-order-id",
    "client_order_ids",
    type=int,
    multiple=True,
    metavar="N",
    help="Only this lost order.",
)
@click.option("--directive", metavar="ID", help="Adopt the one lost order under this directive.")
@click.option("--report-past", is_flag=True, help="Report to the Director what happened before, too.")
@click.option("--last-scan", is_flag=True, help="Work with the last scan of the journal, without a terminal.")
@click.option("--why", default="", metavar="TEXT", help="Reason, for the audit.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@json_option
def recover(
    config_path: Path,
    officer: str | None,
    adopt: bool,
    dismiss: bool,
    client_order_ids: tuple[int, ...],
    directive: str | None,
    report_past: bool,
    last_scan: bool,
    why: str,
    yes: bool,
    as_json: bool,
) -> ExitCode:
    """Show the orders of ours that the journal lacks, after a loss.

    A journal that was restored from a backup, or made anew, lacks the orders that were sent since. They bear the
    officer's order id prefix, at the broker or in the terminal's ledger. The directive of each is found by its id;
    with --adopt the journal gets it back: it can be closed, and what happens to it is reported under its directive.

    What happened before is not reported to the Director again, unless --report-past: the events then have the same
    Idempotency-Key as before.

    Exit status 0: nothing is lacking. 16: something is.
    """
    config = load(config_path)
    request = RecoverRequest(
        officer=officer,
        adopt=adopt,
        dismiss=dismiss,
        client_order_ids=list(client_order_ids),
        directive_id=directive,
        report_past=report_past,
        last_scan=last_scan,
        why=why,
    )
    if (adopt or dismiss) and officer is None and len(config.settings.officers) == 1:
        request = msgspec.structs.replace(request, officer=config.settings.officers[0].id)
    if adopt or dismiss:
        request = _confirmed(config, request, ask=not yes, show=not as_json)
    done, by_sidecar = _carried_out(config, request)
    if as_json:
        click.echo(msgspec.json.encode(done))
    else:
        _show(done, request, by_sidecar=by_sidecar)
    left = any(each.orders for each in done.officers)
    return ExitCode.UNADOPTED if left else ExitCode.OK


def _carried_out(config: Config, request: RecoverRequest) -> tuple[Recovered, bool]:
    """Have the request performed, a bounded number of orders at a time."""
    ids, adopted, postponed, dismissed = request.client_order_ids, list[int](), list[int](), list[int]()
    known: list[Adoption] = []
    while True:
        portion = msgspec.structs.replace(request, client_order_ids=ids[:MOST_AT_ONCE])
        done, by_sidecar = carry_out(config, portion)
        adopted += done.adopted
        postponed += done.postponed
        known += done.known
        dismissed += done.dismissed
        ids = ids[MOST_AT_ONCE:]
        if not ids:
            whole = msgspec.structs.replace(
                done, adopted=adopted, postponed=postponed, known=known, dismissed=dismissed
            )
            return whole, by_sidecar


def _confirmed(config: Config, request: RecoverRequest, *, ask: bool, show: bool) -> RecoverRequest:
    """Show what is meant and ask for confirmation. Return the request for exactly what was shown."""
    if request.officer is None or (request.directive_id is not None and len(request.client_order_ids) != 1):
        # Refused with the reason.
        return request
    looking = msgspec.structs.replace(
        request, adopt=False, dismiss=False, client_order_ids=[], directive_id=None
    )
    found, _ = carry_out(config, looking)
    # A close needs the lot that it is about: what opens comes first.
    in_order = sorted(_all(found), key=lambda each: each.kind != CommandKind.OPEN)
    ids = request.client_order_ids or [
        each.client_order_id for each in in_order if each.directive_id and each.kind and request.adopt
    ]
    if not ids and request.adopt:
        return looking
    if show and ask:
        lost_orders.show(found.officers)
    if ask:
        verb = "Adopt" if request.adopt else "Take over"
        count = "1 order" if len(ids) == 1 else f"{len(ids)} orders"
        confirm(f"Did you compare the account of {request.officer}? {verb} {count}?")
    return msgspec.structs.replace(request, client_order_ids=ids)


def _all(found: Recovered) -> list[Listed]:
    return [order for each in found.officers for order in each.orders]


def _show(done: Recovered, request: RecoverRequest, *, by_sidecar: bool) -> None:
    for each in done.adopted:
        click.echo(f"{request.officer}: {each} is adopted.")
    for taken in done.known:
        click.echo(
            f"{request.officer}: {taken.client_order_id} is in the journal already, under directive "
            f"{taken.directive_id}; nothing was changed."
        )
    for each in done.postponed:
        click.echo(
            f"{request.officer}: the position of {each} is older than the history that was read. The terminal "
            "reads more now: adopt it again in a moment. Where the broker has no such history, take it over."
        )
    for each in done.dismissed:
        click.echo(f"{request.officer}: {each} is yours now; the bridge does nothing with it.")
    lost_orders.show(done.officers)
    if not by_sidecar:
        click.echo("No sidecar runs: what happened at the broker since that scan is not in this list.")
    if any(order.directive_id for order in _all(done)):
        click.echo("Adopt them with 'execution-officer recover --adopt'.")
    if any(not order.directive_id for order in _all(done)):
        click.echo(
            "Without a directive: adopt one with --adopt --client-order-id MAGIC --directive ID, or take it over "
            "with --dismiss --client-order-id MAGIC."
        )
