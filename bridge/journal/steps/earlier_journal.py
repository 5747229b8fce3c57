"""Commands that an earlier journal of the officer may have sent: this one was made or restored since."""

from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec

from bridge.core.link.messages import CommandKind, Order
from bridge.core.settings import OfficerSettings
from bridge.core.trade.earlier_closes import EarlierClose, closed_by
from bridge.core.trade.lost_orders import LostOrder, order_of
from bridge.core.trade.planning import PlannedCommand
from bridge.core.trade.records import CommandRecord
from bridge.core.units import broker_time
from bridge.core.units.order_ids import OPENING, id_range, make_client_order_id
from bridge.journal.steps import lost_records
from bridge.journal.steps.sessions import offsets
from bridge.journal.steps.step import Step
from bridge.journal.tables import commands, directives, positions
from bridge.journal.tables.directives import Taken


def possible_send(step: Step, command: CommandRecord) -> Taken | None:
    """Return the directive of a command that an earlier journal may have sent; None where none can have.

    A change makes no order, and sent twice it does no more than once.
    """
    taken = directives.taken(step.connection, step.officer, command.directive_id)
    if taken is None or command.order.kind.changes:
        return None
    return taken if _is_possible(step, taken) else None


def _is_possible(step: Step, taken: Taken) -> bool:
    return taken.search_history or taken.id <= step.unbroken.last_id


def earlier_closes(step: Step, settings: OfficerSettings, directive_id: str) -> list[EarlierClose]:
    """Return the orders that an earlier journal has sent for a CLOSE, as the stored reports show them."""
    taken = directives.taken(step.connection, step.officer, directive_id)
    if taken is not None and not _is_possible(step, taken):
        return []
    lost_orders = _lost_orders(step, settings)
    to_utc = _to_utc(step)
    found = (_earlier_close(step, settings, directive_id, lost, to_utc) for lost in lost_orders)
    return [each for each in found if each is not None]


def earlier_open(step: Step, settings: OfficerSettings, directive_id: str) -> Order | None:
    """Return the order that an earlier journal has sent for an open, as reports show it; None without any."""
    own_id = make_client_order_id(settings.prefix, step.officer, directive_id, OPENING)
    lost = next((each for each in _lost_orders(step, settings) if each.client_order_id == own_id), None)
    if lost is None or commands.is_taken(step.connection, own_id):
        return None
    return order_of(lost, kind=CommandKind.OPEN, opener=0, to_utc=_to_utc(step))


def sent_orders(step: Step, settings: OfficerSettings, directive_id: str) -> list[PlannedCommand]:
    """Return the orders that an earlier journal has sent for a directive, as reports show them, whatever the
    directive's own content is."""
    opened = earlier_open(step, settings, directive_id)
    found = [] if opened is None else [PlannedCommand(opened)]
    return found + [
        PlannedCommand(each.order, each.opening_directive_id)
        for each in earlier_closes(step, settings, directive_id)
    ]


def _lost_orders(step: Step, settings: OfficerSettings) -> list[LostOrder]:
    if step.lost_orders is None:
        # Once in a step: it reads every report of ours.
        first, last = id_range(settings.prefix)
        step.lost_orders = lost_records.collect_sent(step.connection, step.account, first, last)
    return step.lost_orders


def _to_utc(step: Step) -> Callable[[int], datetime]:
    known = offsets(step) if step.lost_orders else []
    return lambda server_ms: broker_time.to_utc(server_ms, known, step.now)


def _earlier_close(
    step: Step,
    settings: OfficerSettings,
    directive_id: str,
    lost: LostOrder,
    to_utc: Callable[[int], datetime],
) -> EarlierClose | None:
    if commands.is_taken(step.connection, lost.client_order_id):
        return None
    openers = lost_records.openers(step.connection, step.account, lost, step.lost_orders or ())
    closed = closed_by(lost, directive_id, officer=step.officer, prefix=settings.prefix, openers=openers)
    if closed is None:
        return None
    position, opener = closed
    order = order_of(lost, kind=CommandKind.CLOSE, opener=opener, to_utc=to_utc)
    if order is None:
        return None
    return EarlierClose(
        order=msgspec.structs.replace(order, position=position, opener=opener),
        opening_directive_id=_opener(step, position, opener),
        sent_at=_sent_at(lost, to_utc),
    )


def _opener(step: Step, position: int, client_order_id: int) -> str:
    lots = positions.lots_in(step.connection, step.account, position)
    return next((lot.directive_id for lot in lots if lot.client_order_id == client_order_id), "")


def _sent_at(lost: LostOrder, to_utc: Callable[[int], datetime]) -> datetime | None:
    times: Sequence[int] = [
        *(deal.time_server_ms for deal in lost.deals),
        *(order.time_setup_server_ms for order in lost.orders),
    ]
    return to_utc(min(times)) if times else None
