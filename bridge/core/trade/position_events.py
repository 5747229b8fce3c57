"""Events for the Director about positions, and about deals that were reported. Subjects: see `events`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, assert_never

import msgspec

from bridge.core.director.contract import EventClass, EventType, ExecutionEvent
from bridge.core.link.messages import CommandKind
from bridge.core.link.report_identity import content_hash
from bridge.core.link.reports import DealReport
from bridge.core.trade.comparison import Difference, Thing
from bridge.core.trade.events import (
    CHANGED_MANUALLY,
    REVISION,
    filled,
    other,
    paid,
    system_error,
    ticket_text,
)
from bridge.core.trade.position_states import PositionOutput
from bridge.core.trade.records import Allocation, CommandRecord, NewEvent, PositionRecord
from bridge.core.units.decimals import ZERO, plain
from bridge.core.units.mt5_terms import DealEntry
from bridge.core.units.quoting import quoted


def position_event(
    output: PositionOutput,
    position: PositionRecord,
    deal: DealReport,
    allocation: Allocation,
    at: datetime,
    *,
    closing_directive_id: str | None = None,
) -> NewEvent:
    """Return the event of one output of the position table. `allocation` is the deal's for this lot.

    `closing_directive_id` names the directive whose command closed it; the event then names the opener as well.
    """
    # A position may be closed, filled further by what was left of its order, and closed again.
    closing = "" if output is PositionOutput.OPENED else f":{deal.ticket}"
    # Commands that share a position have a lot each; one directive has one command that opens.
    subject = f"position:{position.identifier}{closing}"
    if closing_directive_id is not None:
        # One deal may close the lots of several commands; each gives an event to the deal's own directive.
        subject = f"{subject}:{position.client_order_id}"
    body = ExecutionEvent(
        directive_id=closing_directive_id or position.directive_id,
        event_type=EventType.POSITION_OPENED,
        event_class=EventClass.SUCCESS,
        occurred_at=at,
        reported_by=position.officer,
        broker_order_id=ticket_text(deal.order),
        symbol=position.symbol,
        position_id=ticket_text(position.identifier),
    )
    match output:
        case PositionOutput.OPENED:
            changed = msgspec.structs.replace(
                filled(body, (allocation,)), stop_loss=position.stop_loss, take_profit=position.take_profit
            )
        case PositionOutput.REDUCED:
            changed = msgspec.structs.replace(
                filled(body, (allocation,)),
                event_type=EventType.ORDER_PARTIAL_FILL,
                entry="OUT",
                deal_id=ticket_text(deal.ticket),
                remaining_quantity=position.volume,
                close_reason=deal.reason,
            )
            subject = f"deal:{deal.ticket}"
        case PositionOutput.SL | PositionOutput.TP:
            sl = output is PositionOutput.SL
            changed = msgspec.structs.replace(
                filled(body, (allocation,)),
                event_type=EventType.SL_TRIGGERED if sl else EventType.TP_TRIGGERED,
                close_reason=deal.reason,
                stop_loss=position.stop_loss if sl else None,
                take_profit=None if sl else position.take_profit,
            )
        case PositionOutput.CLOSED:
            changed = msgspec.structs.replace(
                body,
                event_type=EventType.POSITION_CLOSED,
                opening_directive_id=other(position.directive_id, closing_directive_id),
                fill_price=position.price_close,
                fill_quantity=position.volume_out,
                commission=paid(position.commission),
                swap=position.swap,
                fee=paid(position.fee) or None,
                profit=position.profit,
                close_reason=deal.reason,
            )
        case _:
            assert_never(output)
    return NewEvent(event=changed, subject=subject)


def closed(position: PositionRecord, last: DealReport, at: datetime) -> NewEvent:
    """Return the POSITION_CLOSED of a position that its last deal left without volume, and that the broker shows no
    more."""
    nothing = Allocation(
        client_order_id=position.client_order_id,
        entry=last.entry,
        volume=ZERO,
        price=last.price,
        commission=ZERO,
        swap=ZERO,
        profit=ZERO,
        fee=ZERO,
    )
    return position_event(PositionOutput.CLOSED, position, last, nothing, at)


WRITTEN_OFF: Final = "WRITTEN_OFF"
"""Reason of a close that an operator stated."""


def written_off(position: PositionRecord, note: str, at: datetime, *, scan_key: str) -> NewEvent:
    """Return the POSITION_CLOSED of a position that the broker no longer has, and whose close no deal shows.

    `position` is the lot as it was open. There is no price and no quantity, and the money is what its known deals
    booked. `note` is the operator's statement, `scan_key` the report key of the scan that lacked it first.
    """
    booked = position.volume_out > 0
    return NewEvent(
        subject=f"position:{position.identifier}:{position.client_order_id}:without-deal:{scan_key}",
        event=ExecutionEvent(
            directive_id=position.directive_id,
            event_type=EventType.POSITION_CLOSED,
            event_class=EventClass.INFO,
            occurred_at=at,
            reported_by=position.officer,
            commission=paid(position.commission),
            error_code="CLOSED_WITHOUT_DEAL",
            error_message=(
                f"position {position.identifier}: {plain(position.volume)} lots are closed without a deal: the "
                f"broker no longer has them and shows no deal that closed them; an operator states: {note}"
            ),
            symbol=position.symbol,
            position_id=ticket_text(position.identifier),
            close_reason=WRITTEN_OFF,
            swap=position.swap or None,
            fee=paid(position.fee) or None,
            profit=position.profit if booked else None,
        ),
    )


def mismatch(officer: str, difference: Difference, scan_key: str, at: datetime) -> NewEvent:
    """Return the event of a difference from the broker that has lasted.

    `scan_key` is the report key of the scan that showed these values first.
    """
    new_event = system_error(
        officer,
        at,
        code=difference.code,
        # Double quotes, since the Director's people may read it on another platform.
        message=f"{difference.message}. Compare the account's history with "
        f"'execution-officer journal show {quoted(difference.directive_id, windows=True)}'",
        subject=f"book:{difference.thing}:{difference.number}:{difference.field}:{scan_key}",
        directive_id=difference.directive_id,
    )
    ticket = ticket_text(difference.number)
    about = {"position_id": ticket} if difference.thing is Thing.POSITION else {"broker_order_id": ticket}
    event = msgspec.structs.replace(new_event.event, symbol=difference.symbol, **about)
    return NewEvent(event=event, subject=new_event.subject)


def reallocated(
    position: PositionRecord,
    deal: DealReport,
    allocations: Sequence[Allocation],
    at: datetime,
    *,
    subject: str,
) -> NewEvent:
    """Return the event of a deal that was divided anew: an earlier deal in the position has become known.

    `allocations` are the lot's present ones of the deal; without any the deal no longer concerns it. The event has
    their money and the volume that is open now, and no quantity: it replaces what was emitted of the deal before.
    """
    event = _booked(
        ExecutionEvent(
            directive_id=position.directive_id,
            event_type=EventType.ORDER_FILLED,
            event_class=EventClass.INFO,
            occurred_at=at,
            reported_by=position.officer,
            action=REVISION,
            entry="IN" if deal.entry is DealEntry.IN else "OUT",
            remaining_quantity=position.volume,
        ),
        msgspec.structs.replace(
            deal,
            commission=sum((each.commission for each in allocations), ZERO),
            swap=sum((each.swap for each in allocations), ZERO),
            profit=sum((each.profit for each in allocations), ZERO),
            fee=sum((each.fee for each in allocations), ZERO),
        ),
    )
    return NewEvent(subject=f"deal:{deal.ticket}:{position.client_order_id}:{subject}", event=event)


def open_again(position: PositionRecord, by: DealReport, at: datetime) -> NewEvent:
    """Return the event of a lot that was reported as closed and is open: deal `by`, an earlier one, shows that."""
    new_event = system_error(
        position.officer,
        at,
        code="POSITION_OPEN_AGAIN",
        message=f"position {position.identifier} was reported as closed, and {position.volume} lots of it are "
        f"open: deal {by.ticket} before its close has become known",
        subject=f"position:{position.identifier}:{position.client_order_id}:open:{by.ticket}:"
        f"{content_hash(by)[:16]}",
        directive_id=position.directive_id,
    )
    event = msgspec.structs.replace(
        new_event.event,
        symbol=position.symbol,
        position_id=ticket_text(position.identifier),
        remaining_quantity=position.volume,
    )
    return NewEvent(event=event, subject=new_event.subject)


def reopened(position: PositionRecord, deal: DealReport, allocation: Allocation, at: datetime) -> NewEvent:
    """Return the event of a deal by which the server closed the position to open it anew, or opened it anew.

    It has the deal's money, and no quantity and no price: the position is open as before.
    """
    event = _booked(
        ExecutionEvent(
            directive_id=position.directive_id,
            event_type=EventType.ORDER_FILLED,
            event_class=EventClass.INFO,
            occurred_at=at,
            reported_by=position.officer,
            action=REVISION,
            close_reason=deal.reason,
        ),
        msgspec.structs.replace(
            deal,
            commission=allocation.commission,
            swap=allocation.swap,
            profit=allocation.profit,
            fee=allocation.fee,
        ),
    )
    return NewEvent(subject=f"deal:{deal.ticket}:{position.client_order_id}", event=event)


def levels_changed(position: PositionRecord, at: datetime) -> NewEvent:
    """Return the event of a position with other levels, which no directive of the Director requested."""
    return NewEvent(
        subject=f"position:{position.identifier}:levels:{position.levels_seen}",
        event=ExecutionEvent(
            directive_id=position.directive_id,
            event_type=EventType.ORDER_PLACED,
            event_class=EventClass.INFO,
            occurred_at=at,
            reported_by=position.officer,
            symbol=position.symbol,
            position_id=ticket_text(position.identifier),
            action=CHANGED_MANUALLY,
            stop_loss=position.stop_loss or ZERO,
            take_profit=position.take_profit or ZERO,
        ),
    )


def stop_missing(position: PositionRecord, asked: CommandRecord, at: datetime) -> NewEvent:
    """Return the event of a position without the stop loss that `asked`, the last such command, requested."""
    subject = f"position:{position.identifier}:stop"
    new_event = system_error(
        position.officer,
        at,
        code="STOP_MISSING",
        message=f"position {position.identifier} has no stop loss at the broker; "
        f"{asked.order.stop_loss} was requested. Set it, or close the position",
        # A stop that a MODIFY set is another one: it may be missing after the opener's was.
        subject=subject if asked.order.kind is CommandKind.OPEN else f"{subject}:{asked.client_order_id}",
        directive_id=position.directive_id,
    )
    emitted = msgspec.structs.replace(
        new_event.event,
        symbol=position.symbol,
        position_id=ticket_text(position.identifier),
        stop_loss=asked.order.stop_loss,
    )
    return NewEvent(event=emitted, subject=new_event.subject)


def accidental_reversal(command: CommandRecord, deal: DealReport, at: datetime, message: str) -> NewEvent:
    """Return the event of a CLOSE that came after its position was gone, and opened the other side."""
    return system_error(
        command.officer,
        at,
        code="ACCIDENTAL_REVERSAL",
        message=f"{message}. Nothing is opened in {deal.symbol} until an operator resumes "
        "(execution-officer resume)",
        subject=f"deal:{deal.ticket}",
        directive_id=command.directive_id,
    )


def deal_revised(
    officer: str, directive_id: str, deal: DealReport, at: datetime, *, again: int = 0
) -> NewEvent:
    """Return the event of a deal, already reported, for which the broker booked other costs or another profit.

    It has no quantity and no price: nothing more was filled. `again` counts how often it was booked just like this
    before.
    """
    return NewEvent(
        subject=_booked_anew(deal, again),
        event=_booked(
            ExecutionEvent(
                directive_id=directive_id,
                event_type=EventType.ORDER_FILLED,
                event_class=EventClass.INFO,
                occurred_at=at,
                reported_by=officer,
                action=REVISION,
            ),
            deal,
        ),
    )


def deal_annulled(
    officer: str,
    directive_id: str,
    deal: DealReport,
    before: DealReport,
    at: datetime,
    *,
    allocation: Allocation | None = None,
    opening_directive_id: str | None = None,
) -> NewEvent:
    """Return the event of a deal, already reported as a fill, that the broker annulled, with what is still booked.

    `allocation` is what the deal had closed of a lot, where the event is for the directive that opened it.
    """
    event = _booked(
        ExecutionEvent(
            directive_id=directive_id,
            event_type=EventType.BROKER_ERROR,
            event_class=EventClass.ERROR,
            occurred_at=at,
            reported_by=officer,
            entry="OUT" if allocation is not None else None,
            fill_price=before.price,
            fill_quantity=allocation.volume if allocation is not None else before.volume,
            opening_directive_id=opening_directive_id,
            error_code="DEAL_CANCELLED",
            error_message=f"the broker has annulled deal {deal.ticket} ({deal.type}); compare the account with "
            "the terminal",
        ),
        deal,
    )
    subject = _booked_anew(deal)
    return NewEvent(
        subject=f"{subject}:{allocation.client_order_id}" if allocation is not None else subject, event=event
    )


def _booked_anew(deal: DealReport, again: int = 0) -> str:
    """Return the subject: an amount may become again what it was before, and that is a new event."""
    subject = f"deal:{deal.ticket}:{content_hash(deal)[:16]}"
    return f"{subject}:{again}" if again else subject


def _booked(body: ExecutionEvent, deal: DealReport) -> ExecutionEvent:
    """Return the event with the deal and all that is booked for it."""
    return msgspec.structs.replace(
        body,
        symbol=deal.symbol,
        broker_order_id=ticket_text(deal.order),
        position_id=ticket_text(deal.position_id),
        deal_id=ticket_text(deal.ticket),
        commission=paid(deal.commission),
        fee=paid(deal.fee) or None,
        swap=deal.swap or None,
        profit=deal.profit or None,
    )
