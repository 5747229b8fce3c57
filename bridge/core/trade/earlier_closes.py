"""Closes that an earlier journal of the officer has sent for a directive, and what is left of the directive then.

A CLOSE that the Director lists again after a loss is about other positions than before: those that it closed are
gone, and others were opened since. So it is planned into the orders that it had, and beyond them into closes of
what was open before the first of them, up to its quantity. Their records are the evidence of those orders; only the
rest is sent.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from bridge.core.director.contract import Directive
from bridge.core.director.problem import Problem
from bridge.core.link.messages import CommandKind, Order
from bridge.core.link.reports import SymbolReport
from bridge.core.settings import OfficerSettings
from bridge.core.trade.lost_orders import SALTS, LostOrder
from bridge.core.trade.planning import ClientOrderIds, PlannedCommand, plan_close
from bridge.core.trade.records import PositionRecord
from bridge.core.units.decimals import ZERO
from bridge.core.units.order_ids import make_client_order_id, position_target


class EarlierClose(msgspec.Struct, frozen=True):
    """Order of a CLOSE that was sent before the loss."""

    order: Order
    opening_directive_id: str
    """Directive that opened what it closed; empty where that is not known."""
    sent_at: datetime | None
    """Time of its first record at the broker; None where only the ledger has it."""


def closed_by(
    lost: LostOrder, directive_id: str, *, officer: str, prefix: int, openers: Iterable[int]
) -> tuple[int, int] | None:
    """Return the position and the opener that the lost order closed for the directive; None where it did not.

    `openers` are the client order ids that may have opened the position.
    """
    request = lost.request
    if request is not None and request.kind is not CommandKind.CLOSE:
        return None
    if request is None and not (lost.deals or lost.orders):
        return None
    given = {request.opener} if request is not None else set(openers)
    for position in sorted(lost.position_ids):
        for opener in sorted(given - {0}):
            for salt in range(SALTS):
                target = position_target(position, opener)
                if make_client_order_id(prefix, officer, directive_id, target, salt) == lost.client_order_id:
                    return position, opener
    return None


def plan_rest(
    directive: Directive,
    settings: OfficerSettings,
    terms: SymbolReport,
    positions: Iterable[PositionRecord],
    client_order_ids: ClientOrderIds,
    earlier: Sequence[EarlierClose],
) -> list[PlannedCommand]:
    """Return the commands of a CLOSE of which `earlier` was sent before a loss: those orders, and what is left.

    `positions` are as for `planning.plan_close`.
    """
    sent = [PlannedCommand(each.order, each.opening_directive_id) for each in earlier]
    rest = rest_of(directive, earlier)
    if rest is None:
        return sent
    planned = plan_close(rest, settings, terms, lots_of_rest(positions, earlier), client_order_ids)
    return sent if isinstance(planned, Problem) else [*sent, *planned]


def rest_of(directive: Directive, earlier: Sequence[EarlierClose]) -> Directive | None:
    """Return the directive without the quantity that was ordered before; None where nothing is left of it."""
    if directive.quantity is None:
        return directive
    left = directive.quantity - sum((each.order.volume for each in earlier), ZERO)
    return msgspec.structs.replace(directive, quantity=left) if left > 0 else None


def lots_of_rest(lots: Iterable[PositionRecord], earlier: Sequence[EarlierClose]) -> list[PositionRecord]:
    """Return the lots that the rest may close: none that was closed before, or opened since."""
    closed = {(each.order.position, each.order.opener) for each in earlier}
    first = min((each.sent_at for each in earlier if each.sent_at is not None), default=None)
    return [
        lot
        for lot in lots
        if (lot.identifier, lot.client_order_id) not in closed
        and (first is None or lot.opened_at is None or lot.opened_at <= first)
    ]
