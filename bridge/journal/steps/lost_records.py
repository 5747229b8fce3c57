"""Records that bear an id of ours without a command, as the lost orders that they show. Reads only."""

import sqlite3
from collections.abc import Sequence

import msgspec

from bridge.core.link.messages import CommandKind
from bridge.core.link.report_identity import borne_id
from bridge.core.link.reports import (
    AnyReport,
    CommandReport,
    DealReport,
    OrderReport,
    PositionReport,
    decode_report,
)
from bridge.core.trade.lost_orders import LostOrder, kind_of
from bridge.core.units.mt5_terms import REASON_EXPERT, Side
from bridge.core.units.order_ids import id_range
from bridge.journal.tables import broker_positions, dismissed_orders, positions, reports
from bridge.journal.tables.values import Account


class OpenThing(msgspec.Struct, frozen=True, kw_only=True):
    """Position or order of a lost order that the broker has open now."""

    number: int
    """Position identifier, or order ticket."""
    symbol: str
    order: bool
    """An order on the book, and not a position."""


def open_things(connection: sqlite3.Connection, account: Account, prefix: int) -> list[OpenThing]:
    """Return what lost orders with that prefix have open at the broker, positions first."""
    shown = broker_positions.load_all(connection, account)
    lost_orders = collect(connection, account, *id_range(prefix))
    opened = {
        identifier
        for lost in lost_orders
        if kind_of(lost) is not CommandKind.CLOSE
        for identifier in lost.position_ids & shown.keys()
    }
    return [
        *(OpenThing(number=each, symbol=shown[each].report.symbol, order=False) for each in sorted(opened)),
        *(
            OpenThing(number=order.ticket, symbol=order.symbol, order=True)
            for lost in lost_orders
            for order in lost.orders
            if not order.off_the_book
        ),
    ]


def collect(connection: sqlite3.Connection, account: Account, first: int, last: int) -> list[LostOrder]:
    """Return what bears an id of ours and has no command, and open positions of ours that no lot is known of."""
    by_id = _without_command(connection, account, first, last)
    # Those that are open at the broker: the cost does not grow with the history.
    for identifier in sorted(broker_positions.load_all(connection, account)):
        position = reports.latest_position(connection, account, identifier)
        if position is None or not first <= borne_id(position) <= last:
            continue
        found = by_id.setdefault(borne_id(position), [])
        if position not in found and not positions.lots_in(connection, account, identifier):
            found.append(position)
    return _lost_orders(connection, account, by_id)


def collect_sent(connection: sqlite3.Connection, account: Account, first: int, last: int) -> list[LostOrder]:
    """Return what bears an id of ours and has no command. Positions of which nothing else is known are left out."""
    return _lost_orders(connection, account, _without_command(connection, account, first, last))


def _without_command(
    connection: sqlite3.Connection, account: Account, first: int, last: int
) -> dict[int, list[AnyReport]]:
    by_id: dict[int, list[AnyReport]] = {}
    for stored in reports.lost(connection, account, first, last):
        report = decode_report(stored.body.encode())
        by_id.setdefault(borne_id(report), []).append(report)
    return by_id


def _lost_orders(
    connection: sqlite3.Connection, account: Account, by_id: dict[int, list[AnyReport]]
) -> list[LostOrder]:
    if not by_id:
        return []
    open_now = set(broker_positions.load_all(connection, account))
    dismissed = dismissed_orders.all_ids(connection, account.officer)
    collected = [_lost_order(each, by_id[each], open_now) for each in sorted(by_id) if each not in dismissed]
    return [each for each in collected if each.stages or each.deals or each.orders or each.positions]


def _lost_order(client_order_id: int, found: Sequence[AnyReport], open_now: set[int]) -> LostOrder:
    seen = {report.ticket: report for report in found if isinstance(report, OrderReport)}
    deals = [report for report in found if isinstance(report, DealReport)]
    return LostOrder(
        client_order_id=client_order_id,
        stages=tuple(report for report in found if isinstance(report, CommandReport)),
        deals=tuple(sorted(deals, key=lambda deal: deal.ticket)),
        # The server's own order that closes a position may bear the id of the one that opened it.
        orders=tuple(
            order
            for order in seen.values()
            if order.reason == REASON_EXPERT and order.type.partition("_")[0] in Side.__members__
        ),
        positions=tuple(
            report for report in found if isinstance(report, PositionReport) and report.identifier in open_now
        ),
    )


def openers(
    connection: sqlite3.Connection, account: Account, lost: LostOrder, collected: Sequence[LostOrder]
) -> set[int]:
    """Return the client order ids that may have opened what the lost order closes."""
    lots = [
        lot.client_order_id
        for identifier in lost.position_ids
        for lot in positions.lots_in(connection, account, identifier)
    ]
    return {*lots, *(each.client_order_id for each in collected if each.position_ids & lost.position_ids)}
