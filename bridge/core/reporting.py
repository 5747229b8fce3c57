"""From what happened to what the Director is told: the bodies of execution events.

Every event has a subject, which with officer, account, directive and event type makes its key. Subjects are
deterministic: the same happening, found again, makes the same key and so the same one event.

    what                                            subject
    anything of a directive as a whole              directive
    a command's order                               command:TOKEN
    a partial fill                                  deal:TICKET
    a position opened                               position:IDENTIFIER
    a position closed                               position:IDENTIFIER:TICKET of the deal that closed it
    a broker error, a connection, a trouble         the fact's key
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from bridge.core.amounts import MAX_DECIMALS, ZERO, check_amount
from bridge.core.contract import EventClass, EventType, ExecutionEvent
from bridge.core.facts import ConnectionFact, DealFact, TroubleFact, fact_key
from bridge.core.lifecycle import CommandOutput, PositionOutput
from bridge.core.records import CommandRecord, Draft, PositionRecord
from bridge.core.retcodes import describe

DIRECTIVE_SUBJECT = "directive"


def event_key(*, officer: str, server: str, login: int, draft: Draft) -> str:
    """The Idempotency-Key: SHA-256, in hex, over officer, account, directive, event type and subject."""
    parts = [officer, server, login, draft.event.directive_id, draft.event.event_type, draft.subject]
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()


def received(officer: str, directive_id: str, at: datetime) -> Draft:
    """The directive is in the journal."""
    return _draft(
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
) -> Draft:
    """A directive that nothing is sent for."""
    return _draft(
        subject,
        directive_id=directive_id,
        event_type=EventType.ORDER_REJECTED,
        event_class=EventClass.ERROR,
        occurred_at=at,
        reported_by=officer,
        error_code=code,
        error_message=message,
    )


def system_error(
    officer: str, at: datetime, *, code: str, message: str, subject: str, directive_id: str | None = None
) -> Draft:
    """Something on our side that a person must see."""
    return _draft(
        subject,
        directive_id=directive_id,
        event_type=EventType.SYSTEM_ERROR,
        event_class=EventClass.ERROR,
        occurred_at=at,
        reported_by=officer,
        error_code=code,
        error_message=message,
    )


def connection(officer: str, at: datetime, *, up: bool, code: str, message: str, subject: str) -> Draft:
    """The broker, or the terminal, is gone or back."""
    return _draft(
        subject,
        directive_id=None,
        event_type=EventType.CONNECTION_RESTORED if up else EventType.CONNECTION_LOST,
        event_class=EventClass.INFO if up else EventClass.ERROR,
        occurred_at=at,
        reported_by=officer,
        error_code=None if up else code,
        error_message=message or None,
    )


def connection_fact(officer: str, fact: ConnectionFact, at: datetime) -> Draft:
    return connection(
        officer, at, up=fact.up, code="BROKER_DISCONNECTED", message=fact.message, subject=fact_key(fact)
    )


def trouble_fact(officer: str, fact: TroubleFact, at: datetime) -> Draft:
    return system_error(officer, at, code=fact.code, message=fact.message, subject=fact_key(fact))


def command_event(
    output: CommandOutput,
    command: CommandRecord,
    at: datetime,
    *,
    deal: DealFact | None = None,
    deals: Sequence[DealFact] = (),
    opening_directive_id: str | None = None,
) -> Draft:
    """One output of the command table as an event.

    `deal` is the deal at hand for a partial fill, `deals` all of the command's deals for a complete one.
    """
    subject = f"command:{command.token}"
    body = ExecutionEvent(
        directive_id=command.directive_id,
        event_type=EventType.ORDER_PLACED,
        event_class=EventClass.INFO,
        occurred_at=at,
        reported_by=command.officer,
        broker_order_id=_ticket(command.order_ticket),
        symbol=command.order.symbol,
        position_id=_ticket(command.position_id),
        opening_directive_id=opening_directive_id,
    )
    match output:
        case CommandOutput.PLACED:
            changed = msgspec.structs.replace(
                body, stop_loss=command.order.stop_loss, take_profit=command.order.take_profit
            )
        case CommandOutput.PART_FILLED:
            fill = (deal,) if deal else ()
            changed = msgspec.structs.replace(
                _filled(body, fill),
                event_type=EventType.ORDER_PARTIAL_FILL,
                deal_id=_ticket(deal.ticket) if deal else None,
                remaining_quantity=max(command.order.volume - command.filled, ZERO),
            )
            subject = f"deal:{deal.ticket}" if deal else subject
        case CommandOutput.FILLED:
            changed = msgspec.structs.replace(_filled(body, deals), event_type=EventType.ORDER_FILLED)
        case CommandOutput.NEVER_SENT | CommandOutput.REFUSED:
            changed = _troubled(body, EventType.ORDER_REJECTED, command)
        case CommandOutput.CANCELLED:
            changed = msgspec.structs.replace(
                body,
                event_type=EventType.ORDER_CANCELLED,
                remaining_quantity=max(command.order.volume - command.filled, ZERO),
            )
        case CommandOutput.BROKER_ERROR:
            changed = _troubled(body, EventType.BROKER_ERROR, command)
            subject = f"command:{command.token}:{command.attempt}"
        case CommandOutput.UNKNOWN:
            changed = msgspec.structs.replace(
                body,
                event_type=EventType.SYSTEM_ERROR,
                event_class=EventClass.ERROR,
                error_code="UNKNOWN_OUTCOME",
                error_message=(
                    "the order may have been sent; neither the terminal's ledger nor the broker shows what became "
                    "of it. It is not sent again. Look at the account's history for magic "
                    f"{command.token}"
                ),
            )
    return Draft(event=changed, subject=subject)


def position_event(
    output: PositionOutput,
    position: PositionRecord,
    deal: DealFact,
    at: datetime,
    *,
    closing_directive_id: str | None = None,
) -> Draft:
    """One output of the position table as an event.

    `closing_directive_id` names the directive whose command closed it; the opener is then told beside it.
    """
    # A position may be closed, filled further by what was left of its order, and closed again.
    closing = "" if output is PositionOutput.OPENED else f":{deal.ticket}"
    subject = f"position:{position.identifier}{closing}"
    body = ExecutionEvent(
        directive_id=closing_directive_id or position.directive_id,
        event_type=EventType.POSITION_OPENED,
        event_class=EventClass.SUCCESS,
        occurred_at=at,
        reported_by=position.officer,
        broker_order_id=_ticket(deal.order),
        symbol=position.symbol,
        position_id=_ticket(position.identifier),
    )
    match output:
        case PositionOutput.OPENED:
            changed = msgspec.structs.replace(
                _filled(body, (deal,)), stop_loss=position.stop_loss, take_profit=position.take_profit
            )
        case PositionOutput.REDUCED:
            changed = msgspec.structs.replace(
                _filled(body, (deal,)),
                event_type=EventType.ORDER_PARTIAL_FILL,
                entry="OUT",
                deal_id=_ticket(deal.ticket),
                remaining_quantity=position.volume,
                close_reason=deal.reason,
            )
            subject = f"deal:{deal.ticket}"
        case PositionOutput.SL | PositionOutput.TP:
            sl = output is PositionOutput.SL
            changed = msgspec.structs.replace(
                _filled(body, (deal,)),
                event_type=EventType.SL_TRIGGERED if sl else EventType.TP_TRIGGERED,
                close_reason=deal.reason,
                stop_loss=position.stop_loss if sl else None,
                take_profit=None if sl else position.take_profit,
            )
        case PositionOutput.CLOSED:
            changed = msgspec.structs.replace(
                body,
                event_type=EventType.POSITION_CLOSED,
                opening_directive_id=position.directive_id if closing_directive_id else None,
                fill_price=position.price_close,
                fill_quantity=position.volume_out,
                commission=_paid(position.commission),
                swap=position.swap,
                fee=_paid(position.fee) or None,
                profit=position.profit,
                close_reason=deal.reason,
            )
    return Draft(event=changed, subject=subject)


def weighted_price(deals: Sequence[DealFact]) -> Decimal | None:
    """The volume-weighted price of the deals; None where they have no volume."""
    volume = sum((deal.volume for deal in deals), ZERO)
    if not volume:
        return None
    if len({deal.price for deal in deals}) == 1:
        return deals[0].price
    exact = sum((deal.price * deal.volume for deal in deals), ZERO) / volume
    return check_amount(round(exact, MAX_DECIMALS).normalize())


def _filled(body: ExecutionEvent, deals: Sequence[DealFact]) -> ExecutionEvent:
    return msgspec.structs.replace(
        body,
        event_class=EventClass.SUCCESS,
        fill_price=weighted_price(deals),
        fill_quantity=sum((deal.volume for deal in deals), ZERO),
        commission=_paid(sum((deal.commission for deal in deals), ZERO)),
        fee=_paid(sum((deal.fee for deal in deals), ZERO)) or None,
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


def _paid(booked: Decimal) -> Decimal:
    """The broker books what is paid as negative; the contract reports it as positive."""
    return -booked if booked else ZERO


def _ticket(ticket: int) -> str | None:
    return str(ticket) if ticket else None


def _draft(
    subject: str,
    *,
    directive_id: str | None,
    event_type: EventType,
    event_class: EventClass,
    occurred_at: datetime,
    reported_by: str,
    error_code: str | None = None,
    error_message: str | None = None,
) -> Draft:
    return Draft(
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
