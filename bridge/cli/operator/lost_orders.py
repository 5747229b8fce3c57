"""Presentation of lost orders, for the commands `recover` and `rebind`."""

from collections.abc import Iterator, Sequence

import click

from bridge.cli.tables import print_table
from bridge.journal.operator.lost_orders import Listed, LostOrders
from bridge.status.texts import printable


def show(officers: Sequence[LostOrders]) -> None:
    """Print the lost orders of each officer."""
    for each in officers:
        as_of = f", by the scan of {each.scanned_at}" if each.scanned_at else ""
        if not each.orders:
            click.echo(printable(f"{each.officer}: the journal lacks no order of ours{as_of}."))
            continue
        print_table(
            f"{each.officer}: orders of ours that the journal lacks{as_of}",
            ("directive", "found by", "state", "order", "ticket", "position", "magic", "comment", "since"),
            [tuple(_cells(order)) for order in each.orders],
        )


def _cells(order: Listed) -> Iterator[str]:
    yield order.directive_id or "not known"
    yield order.found_by
    yield order.state
    yield " ".join(part for part in (order.kind, order.side, order.volume, order.symbol) if part)
    yield str(order.order_ticket or "")
    yield str(order.position_id or "")
    yield str(order.client_order_id)
    yield order.comment
    yield order.at


def show_inbox(each: LostOrders) -> None:
    """Print the directives and commands that wait to be sent."""
    if not each.waiting:
        click.echo(printable(f"{each.officer}: nothing waits to be sent."))
        return
    print_table(
        f"{each.officer}: what waits to be sent",
        ("directive", "order", "since"),
        [(item.directive_id, item.what, item.since) for item in each.waiting],
    )
