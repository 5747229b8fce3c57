"""Events for the Director about directives, commands and connections: their bodies and subjects.

Every event has a subject, which with officer, account, directive and event type makes its key. Subjects are
deterministic: an occurrence that is found again makes the same key, and so the same one event.

    occurrence                                      subject
    any of a directive as a whole                   directive
    the same, ordered by an operator                directive:ID, since its event names no directive
    a command's order                               command:CLIENT_ORDER_ID
    refused, ordered by an operator                 refused:ID:order:TICKET:CODE, or
                                                    refused:ID:position:IDENTIFIER:OPENER:CODE, by the opener's id
    a partial fill                                  deal:TICKET
    a position opened                               position:IDENTIFIER
    a position closed                               position:IDENTIFIER:TICKET of the deal that closed it
    the same, to the directive that closed it       position:IDENTIFIER:TICKET:client order id of the opener
    new levels of a position, not by a directive    position:IDENTIFIER:levels:NUMBER of the change
    a pending order changed, not by a directive     order:TICKET:changed:NUMBER of the sighting
    its stop loss missing after the fill            position:IDENTIFIER:stop
    a deal that was booked anew, or annulled        deal:TICKET:HASH of its content
    the same, as it was booked before               deal:TICKET:HASH:NUMBER of the times before
    annulled, to the opener of a lot that it closed deal:TICKET:HASH:client order id of the opener
    a broker error, a connection, a trouble         the report's key
    a directive that waits for a closed market      waits:ID
    the broker connected, by the next instance      the report's key:over
    a position or order that differs at the broker  book:position or order:NUMBER:FIELD:KEY of the scan that showed
                                                    these values first
    a position that the server opened anew          deal:TICKET:client order id of the opener
    a deal that was divided anew                    deal:TICKET:client order id of the opener:after:TICKET:HASH
                                                    of the earlier deal
    a lot that is open after all                    position:IDENTIFIER:client order id of the opener:open:TICKET:
                                                    HASH of the earlier deal
    more volume than a command ordered              command:CLIENT_ORDER_ID:volume:LOTS
    a record under an unknown id of ours            unknown:CLIENT_ORDER_ID
    the terminal is gone or back                    link:HASH of the audit row that notes it
    a quarantined officer                           quarantine:HASH of the audit row that notes it
    a trouble of the clock or the journal           trouble:WHICH:NAME that was drawn for it
    a silent Director                               its directive's id: operator:silence:NAME that was drawn for it
    a flatten that was given up                     flatten:ID of its last directive
    a broker's clock that changed unseen            clock:HASH of the audit row that notes the new offset

No subject holds a time or a count of the journal's own: a restored old copy of it would use one twice, and the
Director would take a new event for a repeated one.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final, assert_never

import msgspec

from bridge.core.director.contract import OPERATOR_PREFIX, EventClass, EventType, ExecutionEvent, utc_text
from bridge.core.link.messages import CommandKind
from bridge.core.link.report_identity import report_key
from bridge.core.link.reports import ConnectionReport, DealReport, OrderReport, TroubleReport
from bridge.core.trade.command_states import CommandInput, CommandOutput
from bridge.core.trade.records import Allocation, CommandRecord, NewEvent
from bridge.core.trade.retcodes import describe
from bridge.core.units.clock import utc_of_ms
from bridge.core.units.decimals import MAX_DECIMALS, ZERO, check_amount

DIRECTIVE_SUBJECT: Final = "directive"
CHANGED_MANUALLY: Final = "CHANGED"
REVISION: Final = "REVISION"
"""Values of an event's `action` beside the command kinds."""
ROUND: Final = ":rest"
"""Suffix of a flatten's id in the ids of the rounds that follow it."""
_ENDED_ON_REQUEST: Final = ("RESOLVED", "WITHDRAWN", "WRITTEN_OFF")
"""Reasons of commands that an operator or another directive ended."""


def event_key(*, officer: str, server: str, login: int, new_event: NewEvent) -> str:
    """Return the Idempotency-Key: SHA-256, in hex, over officer, account, directive, event type and subject.

    An event of a directive as a whole has no account: the directive may come before the officer is bound to one.
    """
    whole = new_event.subject == DIRECTIVE_SUBJECT
    fields = [
        officer,
        "" if whole else server,
        0 if whole else login,
        new_event.event.directive_id,
        new_event.event.event_type,
        new_event.subject,
    ]
    return hashlib.sha256(msgspec.json.encode(fields)).hexdigest()


def received(officer: str, directive_id: str, at: datetime) -> NewEvent:
    """Return the event of a directive that was journaled."""
    return _new_event(
        DIRECTIVE_SUBJECT,
        directive_id=directive_id,
        event_type=EventType.DIRECTIVE_RECEIVED,
        event_class=EventClass.INFO,
        occurred_at=at,
        reported_by=officer,
    )


def rejected(
    officer: str,
    directive_id: str | None,
    at: datetime,
    *,
    code: str,
    message: str,
    subject: str = DIRECTIVE_SUBJECT,
) -> NewEvent:
    """Return the event of a directive for which nothing is sent."""
    return _new_event(
        subject,
        directive_id=directive_id,
        event_type=EventType.ORDER_REJECTED,
        event_class=EventClass.ERROR,
        occurred_at=at,
        reported_by=officer,
        error_code=code,
        error_message=message,
    )


def withdrawn(officer: str, directive_id: str, at: datetime, *, opener: str | None = None) -> NewEvent:
    """Return the event of a directive that was cancelled before anything was sent; with `opener`, of its CANCEL."""
    return NewEvent(
        subject=DIRECTIVE_SUBJECT,
        event=ExecutionEvent(
            directive_id=directive_id,
            event_type=EventType.ORDER_CANCELLED,
            event_class=EventClass.INFO,
            occurred_at=at,
            reported_by=officer,
            opening_directive_id=opener,
        ),
    )


def system_error(
    officer: str, at: datetime, *, code: str, message: str, subject: str, directive_id: str | None = None
) -> NewEvent:
    """Return the event of a trouble on the bridge's side that an operator must see."""
    return _new_event(
        subject,
        directive_id=directive_id,
        event_type=EventType.SYSTEM_ERROR,
        event_class=EventClass.ERROR,
        occurred_at=at,
        reported_by=officer,
        error_code=code,
        error_message=message,
    )


def connection(officer: str, at: datetime, *, up: bool, code: str, message: str, subject: str) -> NewEvent:
    """Return the event of a broker or terminal that is gone or back."""
    return _new_event(
        subject,
        directive_id=None,
        event_type=EventType.CONNECTION_RESTORED if up else EventType.CONNECTION_LOST,
        event_class=EventClass.INFO if up else EventClass.ERROR,
        occurred_at=at,
        reported_by=officer,
        error_code=None if up else code,
        error_message=message or None,
    )


def connection_report(officer: str, report: ConnectionReport, at: datetime) -> NewEvent:
    """Return the event of a connection report."""
    return connection(
        officer,
        at,
        up=report.up,
        code="BROKER_DISCONNECTED",
        message=report.message,
        subject=report_key(report),
    )


def trouble_report(officer: str, report: TroubleReport, at: datetime) -> NewEvent:
    """Return the event of a trouble report."""
    return system_error(officer, at, code=report.code, message=report.message, subject=report_key(report))


def command_event(
    output: CommandOutput,
    command: CommandRecord,
    at: datetime,
    *,
    deal: DealReport | None = None,
    deals: Sequence[DealReport] = (),
    opening_directive_id: str | None = None,
) -> NewEvent:
    """Return the event of one output of a command table.

    `deal` is the deal of a partial fill, `deals` are all of the command's deals for a complete one.
    """
    subject = f"command:{command.client_order_id}"
    body = ExecutionEvent(
        directive_id=command.directive_id,
        event_type=EventType.ORDER_PLACED,
        event_class=EventClass.INFO,
        occurred_at=at,
        reported_by=command.officer,
        broker_order_id=ticket_text(command.order_ticket),
        symbol=command.order.symbol,
        position_id=ticket_text(command.position_id),
        opening_directive_id=opening_directive_id
        or other(command.opening_directive_id, command.directive_id),
    )
    order = command.order
    match output:
        case CommandOutput.PLACED:
            changed = _placed(body, command)
        case CommandOutput.CHANGED:
            changed = msgspec.structs.replace(
                body,
                broker_order_id=ticket_text(order.order),
                position_id=ticket_text(order.position),
                event_type=EventType.ORDER_PLACED,
                action=str(order.kind),
                stop_loss=order.stop_loss,
                take_profit=order.take_profit,
                price=order.price,
                limit_price=order.limit_price,
                error_message=_end_message(command),
            )
            if order.kind is CommandKind.CANCEL:
                changed = msgspec.structs.replace(changed, event_type=EventType.ORDER_CANCELLED)
        case CommandOutput.RESOLVED:
            # A fill without a report has no price and no deal; `resolved_fill` adds what the operator found.
            changed = msgspec.structs.replace(body, event_type=EventType.ORDER_FILLED)
        case CommandOutput.PART_FILLED:
            fill = (deal,) if deal else ()
            changed = msgspec.structs.replace(
                filled(body, fill),
                event_type=EventType.ORDER_PARTIAL_FILL,
                deal_id=ticket_text(deal.ticket) if deal else None,
                remaining_quantity=max(command.order.volume - command.filled, ZERO),
            )
            subject = f"deal:{deal.ticket}" if deal else subject
        case CommandOutput.FILLED:
            changed = msgspec.structs.replace(filled(body, deals), event_type=EventType.ORDER_FILLED)
        case CommandOutput.NEVER_SENT | CommandOutput.REFUSED:
            changed = _troubled(body, EventType.ORDER_REJECTED, command)
            if command.directive_id.startswith(OPERATOR_PREFIX):
                subject = _refused_again(command)
        case CommandOutput.CANCELLED:
            changed = msgspec.structs.replace(
                body,
                event_type=EventType.ORDER_CANCELLED,
                remaining_quantity=max(command.order.volume - command.filled, ZERO),
                error_message=_end_message(command),
            )
        case CommandOutput.BROKER_ERROR:
            changed = _troubled(body, EventType.BROKER_ERROR, command)
            subject = f"command:{command.client_order_id}:{command.attempt}"
        case CommandOutput.WAITS:
            changed = _waiting(body, command)
            # Once for a directive, however many commands and tries it has.
            subject = f"waits:{command.directive_id}"
        case CommandOutput.UNKNOWN:
            changed = msgspec.structs.replace(
                body,
                event_type=EventType.SYSTEM_ERROR,
                event_class=EventClass.ERROR,
                error_code="UNKNOWN_OUTCOME",
                error_message=_unknown_message(command),
            )
        case _:
            assert_never(output)
    return NewEvent(event=changed, subject=subject)


def _waiting(body: ExecutionEvent, command: CommandRecord) -> ExecutionEvent:
    """Return the event of a command that waits for a closed market. Nothing has failed yet."""
    troubled = _troubled(body, EventType.BROKER_ERROR, command)
    until = utc_text(command.expires_at)
    waits = f"{troubled.error_message}; it is sent once the market is open, by {until} at the latest"
    return msgspec.structs.replace(troubled, event_class=EventClass.INFO, error_message=waits)


def _unknown_message(command: CommandRecord) -> str:
    if command.reason == CommandInput.ID_FOUND:
        return command.message
    return (
        "the order may have been sent; neither the terminal's ledger nor the broker shows what became "
        f"of it. It is not sent again. Look at the account's history for magic {command.client_order_id}"
    )


def _refused_again(command: CommandRecord) -> str:
    """Return the subject of a refusal of an operator's order, the same for every try.

    Such an order is tried again for as long as a week, each time by another command. The broker's reason is
    reported once for each position and order: over a weekend with closed markets, not every five minutes.
    """
    order, ordered = command.order, command.directive_id.partition(ROUND)[0]
    target = f"order:{order.order}" if order.order else f"position:{order.position}:{order.opener}"
    return f"refused:{ordered}:{target}:{command.reason}"


def _end_message(command: CommandRecord) -> str | None:
    """Return the message of a command that was ended on request; None where the broker's evidence ended it."""
    return (command.message or None) if command.reason in _ENDED_ON_REQUEST else None


def _placed(body: ExecutionEvent, command: CommandRecord) -> ExecutionEvent:
    order = command.order
    placed = msgspec.structs.replace(body, stop_loss=order.stop_loss, take_profit=order.take_profit)
    if not order.order_type.pending:
        return placed
    expires = utc_of_ms(order.expires_ms) if order.expires_ms else None
    return msgspec.structs.replace(
        placed,
        order_type=str(order.order_type),
        price=order.price,
        limit_price=order.limit_price,
        remaining_quantity=order.volume,
        order_expires_at=expires,
    )


def resolved_fill(
    command: CommandRecord, at: datetime, *, price: Decimal | None, quantity: Decimal
) -> NewEvent:
    """Return the ORDER_FILLED of a command that an operator resolved as filled."""
    new_event = command_event(CommandOutput.RESOLVED, command, at)
    emitted = msgspec.structs.replace(
        new_event.event,
        event_class=EventClass.SUCCESS,
        fill_price=price,
        fill_quantity=quantity,
        error_message=command.message,
    )
    return NewEvent(event=emitted, subject=new_event.subject)


def order_changed(
    officer: str, directive_id: str, report: OrderReport, sighting: int, at: datetime
) -> NewEvent:
    """Return the event of a pending order with other terms, which no directive requested."""
    return NewEvent(
        subject=f"order:{report.ticket}:changed:{sighting}",
        event=ExecutionEvent(
            directive_id=directive_id,
            event_type=EventType.ORDER_PLACED,
            event_class=EventClass.INFO,
            occurred_at=at,
            reported_by=officer,
            symbol=report.symbol,
            broker_order_id=ticket_text(report.ticket),
            action=CHANGED_MANUALLY,
            price=report.price,
            limit_price=report.limit_price,
            stop_loss=report.stop_loss or ZERO,
            take_profit=report.take_profit or ZERO,
            remaining_quantity=report.volume_current,
        ),
    )


def weighted_price(deals: Sequence[DealReport | Allocation]) -> Decimal | None:
    """Return the volume-weighted price of the deals; None where they have no volume."""
    deals = [deal for deal in deals if deal.volume]
    volume = sum((deal.volume for deal in deals), ZERO)
    if not volume:
        return None
    if len({deal.price for deal in deals}) == 1:
        return deals[0].price
    exact = sum((deal.price * deal.volume for deal in deals), ZERO) / volume
    return check_amount(round(exact, MAX_DECIMALS).normalize())


def other(directive_id: str, than: str | None) -> str | None:
    """Return the opening directive, where it is another than the directive of the event."""
    return directive_id if than and directive_id and directive_id != than else None


def filled(body: ExecutionEvent, deals: Sequence[DealReport | Allocation]) -> ExecutionEvent:
    """Return the event with price, quantity and costs of the deals or allocations."""
    return msgspec.structs.replace(
        body,
        event_class=EventClass.SUCCESS,
        fill_price=weighted_price(deals),
        fill_quantity=sum((deal.volume for deal in deals), ZERO),
        commission=paid(sum((deal.commission for deal in deals), ZERO)),
        fee=paid(sum((deal.fee for deal in deals), ZERO)) or None,
    )


def _troubled(body: ExecutionEvent, event_type: EventType, command: CommandRecord) -> ExecutionEvent:
    return msgspec.structs.replace(
        body,
        event_type=event_type,
        event_class=EventClass.ERROR,
        error_code=command.reason,
        error_message=command.message
        or (describe(int(command.reason)) if command.reason.isdigit() else None),
    )


def paid(booked: Decimal) -> Decimal:
    """Return costs as the contract reports them, positive; the broker books them as negative."""
    return -booked if booked else ZERO


def ticket_text(ticket: int) -> str | None:
    """Return a ticket as events carry it; None for 0."""
    return str(ticket) if ticket else None


def _new_event(
    subject: str,
    *,
    directive_id: str | None,
    event_type: EventType,
    event_class: EventClass,
    occurred_at: datetime,
    reported_by: str,
    error_code: str | None = None,
    error_message: str | None = None,
) -> NewEvent:
    return NewEvent(
        subject=subject,
        event=ExecutionEvent(
            directive_id=directive_id,
            event_type=event_type,
            event_class=event_class,
            occurred_at=occurred_at,
            reported_by=reported_by,
            error_code=error_code,
            error_message=error_message,
        ),
    )
