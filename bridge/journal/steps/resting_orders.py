"""Orders of ours that rest on the broker's book: pending ones, and the rests of market orders.

An exchange fills a market order as far as there is volume. Where the symbol has no other filling than RETURN, the
rest stays on the book, and may be filled at any time.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

from bridge.core.director.contract import OPERATOR_PREFIX, Directive
from bridge.core.link.reports import SymbolReport
from bridge.core.trade import planning
from bridge.core.trade.precedence import Earlier
from bridge.core.trade.records import OrderRecord
from bridge.journal.database.words import OwnAction
from bridge.journal.steps.own_directives import add_own
from bridge.journal.steps.step import Step
from bridge.journal.tables import commands, directives, officers, orders
from bridge.journal.tables.directives import OwnDirective, Waiting

RESTING_AFTER: Final = timedelta(seconds=2)
"""Time after its dispatch from which a market order on the book rests: it is filled at once or waits for volume."""
SHOWN_AFTER: Final = timedelta(seconds=10)
"""Time after a change's dispatch from which a completed scan has read its order since the broker accepted it."""


def resting_orders(step: Step) -> list[OrderRecord]:
    """Return the orders on the book that a cancel can take off it, oldest first."""
    return orders.resting(step.connection, step.account, _resting_since(step))


def unsettled_symbols(step: Step, before_id: int) -> set[str]:
    """Return the symbols in which a command of a directive before that place may still change what there is.

    An order that rests holds nothing up. A change that the broker has accepted holds up what follows until its
    order is reported as changed, or until a scan shows that it is not.
    """
    return commands.unsettled_symbols(
        step.connection,
        step.account,
        before_id,
        resting_since=_resting_since(step),
        shown_since=_shown_since(step),
    )


def unsettled(step: Step, before_id: int, symbol: str, target: str | None) -> list[Earlier]:
    """Return the commands in the broker's symbol of directives before that place that may still change what there
    is. `target` is the directive that another is about."""
    return commands.unsettled(
        step.connection,
        step.account,
        before_id,
        symbol=symbol,
        target=target,
        now=step.earliest,
        resting_since=_resting_since(step),
        shown_since=_shown_since(step),
    )


def remove_rests(step: Step, item: Waiting, directive: Directive, terms: SymbolReport) -> bool:
    """Order the removal of the rests of market orders that a CLOSE of everything is about.

    Return True while the CLOSE must wait for that: what is filled until then is closed as well. A removal that
    failed is not repeated for the same CLOSE, which then closes what is filled.
    """
    rests = planning.rests_to_remove(directive, terms, resting_orders(step))
    under_way = [_remove(step, item, order) for order in rests]
    return any(under_way)


def has_removed_rests(step: Step, item: Waiting) -> bool:
    """Return True where the rest of a market order was removed for the CLOSE."""
    return directives.has_done_awaited(step.connection, step.officer, item.directive_id, item.id)


def _remove(step: Step, item: Waiting, order: OrderRecord) -> bool:
    """Return True while the removal of the order is under way."""
    first = f"{OPERATOR_PREFIX}rest:{order.ticket}"
    before = directives.series(step.connection, step.officer, first)
    if before and not before[-1].state.over:
        return True
    if before and before[-1].received_at >= item.received_at:
        return False
    return add_own(
        step,
        OwnDirective(
            directive_id=f"{first}:{len(before) + 1}" if before else first,
            action=OwnAction.CANCEL_ORDER,
            why=f"directive {item.directive_id} closes its position",
            order=order.ticket,
            awaited_by=item.directive_id,
        ),
    )


def _resting_since(step: Step) -> datetime:
    # While the clock is not trusted, less time may have passed than it says.
    return step.earliest - RESTING_AFTER


def _shown_since(step: Step) -> datetime:
    scanned_at = officers.load_or_add(step.connection, step.officer).scanned_at
    return datetime.min.replace(tzinfo=UTC) if scanned_at is None else scanned_at - SHOWN_AFTER
