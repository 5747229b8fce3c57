"""From what happened to what the Director is told: the bodies of execution events.

Every event has a subject, which with officer, account, directive and event type makes its key. Subjects are
deterministic: the same happening, found again, makes the same key and so the same one event.

    what                                            subject
    anything of a directive as a whole              directive
    a command's order                               command:TOKEN
    a partial fill                                  deal:TICKET
    a position opened                               position:IDENTIFIER
    a position closed                               position:IDENTIFIER:TICKET of the deal that closed it
    the same, told to the directive that closed it  position:IDENTIFIER:TICKET:TOKEN of the command that opened it
    new levels of a position, not by a directive    position:IDENTIFIER:levels:NUMBER of the change
    its stop loss missing after the fill            position:IDENTIFIER:stop
    a deal that was booked anew                     deal:TICKET:HASH of its content
    a broker error, a connection, a trouble         the fact's key
"""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

import msgspec

from bridge.core.amounts import MAX_DECIMALS, ZERO, check_amount
from bridge.core.contract import EventClass, EventType, ExecutionEvent
from bridge.core.facts import ConnectionFact, DealFact, OrderFact, TroubleFact, content_hash, fact_key
from bridge.core.lifecycle import CommandOutput, PositionOutput
from bridge.core.protocol import CommandKind
from bridge.core.records import CommandRecord, Draft, PositionRecord, Share
from bridge.core.retcodes import describe

DIRECTIVE_SUBJECT: Final = "directive"
CHANGED_BY_HAND: Final = "CHANGED"
REVISION: Final = "REVISION"
"""Values of an event's `action` beside the kinds of commands."""


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


def withdrawn(officer: str, directive_id: str, at: datetime, *, opener: str | None = None) -> Draft:
    """A directive that was cancelled before anything was sent for it, or (with `opener`) the CANCEL that did it."""
    return Draft(
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
        opening_directive_id=opening_directive_id
        or _other(command.opening_directive_id, command.directive_id),
    )
    order = command.order
    match output:
        case CommandOutput.PLACED:
            changed = _placed(body, command)
        case CommandOutput.CHANGED:
            changed = msgspec.structs.replace(
                body,
                broker_order_id=_ticket(order.order),
                position_id=_ticket(order.position),
                event_type=EventType.ORDER_PLACED,
                action=str(order.kind),
                stop_loss=order.stop_loss,
                take_profit=order.take_profit,
                price=order.price,
                limit_price=order.limit_price,
            )
            if order.kind is CommandKind.CANCEL:
                changed = msgspec.structs.replace(changed, event_type=EventType.ORDER_CANCELLED)
        case CommandOutput.RESOLVED:
            # A fill that nobody saw has no price and no deal; `resolved_fill` says what a person says of it.
            changed = msgspec.structs.replace(body, event_type=EventType.ORDER_FILLED)
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
    share: Share,
    at: datetime,
    *,
    closing_directive_id: str | None = None,
) -> Draft:
    """One output of the position table as an event. `share` is the deal's part that concerns the position.

    `closing_directive_id` names the directive whose command closed it; the opener is then told beside it.
    """
    # A position may be closed, filled further by what was left of its order, and closed again.
    closing = "" if output is PositionOutput.OPENED else f":{deal.ticket}"
    # Where several commands share a position each has its own; one directive has one leg that opens.
    subject = f"position:{position.identifier}{closing}"
    if closing_directive_id is not None:
        # One deal may end the parts of several commands, and all of that is told to whose deal it was.
        subject = f"{subject}:{position.token}"
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
                _filled(body, (share,)), stop_loss=position.stop_loss, take_profit=position.take_profit
            )
        case PositionOutput.REDUCED:
            changed = msgspec.structs.replace(
                _filled(body, (share,)),
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
                _filled(body, (share,)),
                event_type=EventType.SL_TRIGGERED if sl else EventType.TP_TRIGGERED,
                close_reason=deal.reason,
                stop_loss=position.stop_loss if sl else None,
                take_profit=None if sl else position.take_profit,
            )
        case PositionOutput.CLOSED:
            changed = msgspec.structs.replace(
                body,
                event_type=EventType.POSITION_CLOSED,
                opening_directive_id=_other(position.directive_id, closing_directive_id),
                fill_price=position.price_close,
                fill_quantity=position.volume_out,
                commission=_paid(position.commission),
                swap=position.swap,
                fee=_paid(position.fee) or None,
                profit=position.profit,
                close_reason=deal.reason,
            )
    return Draft(event=changed, subject=subject)


def _placed(body: ExecutionEvent, command: CommandRecord) -> ExecutionEvent:
    order = command.order
    placed = msgspec.structs.replace(body, stop_loss=order.stop_loss, take_profit=order.take_profit)
    if not order.order_type.pending:
        return placed
    expires = datetime.fromtimestamp(order.expires_ms / 1000, UTC) if order.expires_ms else None
    return msgspec.structs.replace(
        placed,
        order_type=str(order.order_type),
        price=order.price,
        limit_price=order.limit_price,
        remaining_quantity=order.volume,
        order_expires_at=expires,
    )


def resolved_fill(command: CommandRecord, at: datetime, *, price: Decimal | None, quantity: Decimal) -> Draft:
    """An ORDER_FILLED by a person's word."""
    draft = command_event(CommandOutput.RESOLVED, command, at)
    told = msgspec.structs.replace(
        draft.event,
        event_class=EventClass.SUCCESS,
        fill_price=price,
        fill_quantity=quantity,
        error_message=command.message,
    )
    return Draft(event=told, subject=draft.subject)


def levels_changed(position: PositionRecord, at: datetime) -> Draft:
    """The levels of a position are others than before, and no directive of the Director asked for it."""
    return Draft(
        subject=f"position:{position.identifier}:levels:{position.levels_seen}",
        event=ExecutionEvent(
            directive_id=position.directive_id,
            event_type=EventType.ORDER_PLACED,
            event_class=EventClass.INFO,
            occurred_at=at,
            reported_by=position.officer,
            symbol=position.symbol,
            position_id=_ticket(position.identifier),
            action=CHANGED_BY_HAND,
            stop_loss=position.stop_loss or ZERO,
            take_profit=position.take_profit or ZERO,
        ),
    )


def order_changed(officer: str, directive_id: str, fact: OrderFact, at: datetime) -> Draft:
    """A pending order has another price, other levels or another expiry, and no directive asked for it."""
    return Draft(
        subject=fact_key(fact),
        event=ExecutionEvent(
            directive_id=directive_id,
            event_type=EventType.ORDER_PLACED,
            event_class=EventClass.INFO,
            occurred_at=at,
            reported_by=officer,
            symbol=fact.symbol,
            broker_order_id=_ticket(fact.ticket),
            action=CHANGED_BY_HAND,
            price=fact.price,
            limit_price=fact.limit_price,
            stop_loss=fact.stop_loss or ZERO,
            take_profit=fact.take_profit or ZERO,
            remaining_quantity=fact.volume_current,
        ),
    )


def stop_missing(position: PositionRecord, opener: CommandRecord, at: datetime) -> Draft:
    """The position stands at the broker without the stop loss that was asked for."""
    draft = system_error(
        position.officer,
        at,
        code="STOP_MISSING",
        message=f"position {position.identifier} has no stop loss at the broker; "
        f"{opener.order.stop_loss} was asked for. Set it, or close the position",
        subject=f"position:{position.identifier}:stop",
        directive_id=position.directive_id,
    )
    told = msgspec.structs.replace(
        draft.event,
        symbol=position.symbol,
        position_id=_ticket(position.identifier),
        stop_loss=opener.order.stop_loss,
    )
    return Draft(event=told, subject=draft.subject)


def accidental_reversal(command: CommandRecord, deal: DealFact, at: datetime, message: str) -> Draft:
    """A close came after its position was gone, and opened the other side."""
    return system_error(
        command.officer,
        at,
        code="ACCIDENTAL_REVERSAL",
        message=f"{message}. Nothing more is opened in {deal.symbol} until a person has looked "
        "(mt5-bridge resume)",
        subject=f"deal:{deal.ticket}",
        directive_id=command.directive_id,
    )


def deal_revised(officer: str, directive_id: str, deal: DealFact, before: DealFact, at: datetime) -> Draft:
    """The broker has booked other costs or another profit for a deal that was told already.

    Without quantity and price: nothing more was filled.
    """
    return Draft(
        subject=f"deal:{deal.ticket}:{content_hash(deal)[:16]}",
        event=ExecutionEvent(
            directive_id=directive_id,
            event_type=EventType.ORDER_FILLED,
            event_class=EventClass.INFO,
            occurred_at=at,
            reported_by=officer,
            symbol=deal.symbol,
            broker_order_id=_ticket(deal.order),
            position_id=_ticket(deal.position_id),
            deal_id=_ticket(deal.ticket),
            action=REVISION,
            commission=_paid(deal.commission),
            fee=_paid(deal.fee) or None,
            swap=deal.swap or None,
            profit=deal.profit or None,
        ),
    )


def deal_cancelled(officer: str, directive_id: str, deal: DealFact, before: DealFact, at: datetime) -> Draft:
    """The broker has annulled a deal that was told as a fill."""
    return Draft(
        subject=f"deal:{deal.ticket}:{content_hash(deal)[:16]}",
        event=ExecutionEvent(
            directive_id=directive_id,
            event_type=EventType.BROKER_ERROR,
            event_class=EventClass.ERROR,
            occurred_at=at,
            reported_by=officer,
            symbol=deal.symbol,
            broker_order_id=_ticket(before.order),
            position_id=_ticket(before.position_id),
            deal_id=_ticket(deal.ticket),
            fill_price=before.price,
            fill_quantity=before.volume,
            error_code="DEAL_CANCELLED",
            error_message=f"the broker has annulled deal {deal.ticket} ({deal.type}); compare the account by hand",
        ),
    )


def weighted_price(deals: Sequence[DealFact | Share]) -> Decimal | None:
    """The volume-weighted price of the deals; None where they have no volume."""
    volume = sum((deal.volume for deal in deals), ZERO)
    if not volume:
        return None
    if len({deal.price for deal in deals}) == 1:
        return deals[0].price
    exact = sum((deal.price * deal.volume for deal in deals), ZERO) / volume
    return check_amount(round(exact, MAX_DECIMALS).normalize())


def _other(directive_id: str, than: str | None) -> str | None:
    """The opening directive, where it is another than the one that the event is told under."""
    return directive_id if than and directive_id and directive_id != than else None


def _filled(body: ExecutionEvent, deals: Sequence[DealFact | Share]) -> ExecutionEvent:
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
