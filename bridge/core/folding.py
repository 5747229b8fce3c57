"""Facts in; states, events and follow-ups out.

Folding is total: whatever a terminal reports has an outcome, and none of them stops what comes after. The
caller brings what the journal knows of the command and the position that a fact names, and writes back what
the outcome says. Nothing here is sent, stored or timed.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

import msgspec

from bridge.core import reporting
from bridge.core.amounts import ZERO
from bridge.core.contract import utc_text
from bridge.core.facts import (
    CommandFact,
    CommandStage,
    ConnectionFact,
    DealFact,
    Found,
    OrderFact,
    PositionFact,
    TroubleFact,
)
from bridge.core.lifecycle import (
    CommandInput,
    CommandState,
    PositionInput,
    step_command,
    step_position,
)
from bridge.core.protocol import CommandKind
from bridge.core.records import CommandRecord, Disposition, Draft, Outcome, PositionRecord
from bridge.core.retcodes import Verdict, describe, verdict
from bridge.core.terms import REASON_EXPERT, REASON_SL, REASON_SO, REASON_TP, DealEntry, OrderState

ABSENCES_NEEDED: Final = 2
"""How often nothing must have been found before an outcome is UNKNOWN."""


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """What surrounds every fact of one batch."""

    officer: str
    at: datetime
    """When it reached us."""
    to_utc: Callable[[int], datetime]
    """The UTC of a broker time in milliseconds."""
    grace: timedelta
    """How long an outcome may stay open before absence counts."""


def fold_command(fact: CommandFact, command: CommandRecord | None, scene: Scene) -> Outcome:
    """A stage that the terminal reports of a command."""
    if command is None:
        note = f"the terminal reports on token {fact.token}, of which this journal knows nothing"
        return Outcome(disposition=Disposition.QUARANTINED, note=note, hold=f"{note}; it may be an old copy")
    if fact.attempt > command.attempt:
        hold = f"the terminal had a dispatch of token {fact.token} that this journal has not; it may be an old copy"
        outcome = fold_command(fact, msgspec.structs.replace(command, attempt=fact.attempt), scene)
        return msgspec.structs.replace(outcome, hold=hold)
    known = msgspec.structs.replace(command, order_ticket=fact.order or command.order_ticket)
    match fact.stage:
        case CommandStage.RECEIVED:
            return Outcome(disposition=Disposition.APPLIED)
        case CommandStage.NOT_SENT:
            if fact.attempt < command.attempt:
                # It speaks of an earlier dispatch; a later one is under way.
                return Outcome(disposition=Disposition.APPLIED)
            final = fact.reason is None or not fact.reason.passing
            what = CommandInput.NOT_SENT_FINAL if final else CommandInput.NOT_SENT_PASSING
            code = str(fact.retcode) if fact.retcode else str(fact.reason or "NOT_SENT")
            known = msgspec.structs.replace(known, reason=code, message=fact.message)
        case CommandStage.SUBMITTED:
            what = CommandInput.SUBMITTED
        case CommandStage.RESULT:
            said = verdict(fact.retcode)
            what = {
                Verdict.ACCEPTED: CommandInput.ACCEPTED,
                Verdict.REFUSED: CommandInput.REFUSED,
                Verdict.OPEN: CommandInput.OUTCOME_OPEN,
            }[said]
            if said is not Verdict.ACCEPTED:
                message = (
                    f"{describe(fact.retcode)}: {fact.message}" if fact.message else describe(fact.retcode)
                )
                known = msgspec.structs.replace(known, reason=str(fact.retcode), message=message)
        case CommandStage.SETTLED:
            known = _count_absence(fact, known, scene)
            if known.absences < ABSENCES_NEEDED:
                return Outcome(disposition=Disposition.APPLIED, command=known)
            what = CommandInput.ABSENT
    return _advance(known, what, scene.at)


def _count_absence(fact: CommandFact, command: CommandRecord, scene: Scene) -> CommandRecord:
    """Absence counts once the grace time is over and the terminal was connected for as long."""
    waited = scene.at - (command.dispatched_at or scene.at)
    connected = timedelta(milliseconds=fact.connected_ms)
    if fact.found is not Found.NOTHING or min(waited, connected) < scene.grace:
        return command
    return msgspec.structs.replace(command, absences=command.absences + 1)


def fold_order(fact: OrderFact, command: CommandRecord | None, scene: Scene) -> Outcome:
    """An order on the broker's book, or in its history. `command` is the one whose token is its magic."""
    if command is None:
        return Outcome(disposition=Disposition.FOREIGN)
    if fact.reason in (REASON_SL, REASON_TP, REASON_SO):
        # The server's own order that closes the position; some bear the opener's token. Its deal tells.
        return Outcome(disposition=Disposition.FOREIGN)
    if contradiction := _contradiction(
        command, symbol=fact.symbol, side=fact.type, reason=fact.reason, position=fact.position_id
    ):
        return _quarantine(f"order {fact.ticket} bears token {command.token}, but {contradiction}")
    known = msgspec.structs.replace(command, order_ticket=fact.ticket)
    match fact.state:
        case OrderState.REJECTED:
            what = CommandInput.REFUSED
            if command.state is not CommandState.REJECTED:
                known = msgspec.structs.replace(
                    known, reason="ORDER_STATE_REJECTED", message="the order's state is REJECTED"
                )
        case OrderState.CANCELED | OrderState.EXPIRED:
            what = CommandInput.ORDER_GONE
        case _ if fact.time_done_server_ms and fact.volume_current:
            # Done with volume left: brokers differ in the state of an order whose remainder was dropped.
            what = CommandInput.ORDER_GONE
        case _:
            what = CommandInput.ORDER_SEEN
    done = scene.to_utc(fact.time_done_server_ms or fact.time_setup_server_ms)
    return _advance(known, what, done)


def fold_deal(
    fact: DealFact,
    *,
    command: CommandRecord | None,
    position: PositionRecord | None,
    command_deals: Sequence[DealFact],
    position_deals: Sequence[DealFact],
    scene: Scene,
) -> Outcome:
    """A deal. `command` is the one whose token is its magic, `position` the one with its position id; the
    deals are those applied to either before this one, without it."""
    if fact.side is None:
        if command is None and position is None:
            return Outcome(disposition=Disposition.FOREIGN)
        return _quarantine(f"deal {fact.ticket} of type {fact.type} concerns an order of ours")
    match fact.entry:
        case DealEntry.IN:
            if command is None:
                return Outcome(disposition=Disposition.FOREIGN)
            return _enter(fact, command, position, command_deals, position_deals, scene)
        case DealEntry.OUT | DealEntry.OUT_BY:
            if position is None:
                return Outcome(disposition=Disposition.PARKED)
            return _leave(fact, command, position, command_deals, position_deals, scene)
        case DealEntry.INOUT:
            if command is None and position is None:
                return Outcome(disposition=Disposition.FOREIGN)
            return _quarantine(f"deal {fact.ticket} reverses a position; netting accounts are not served yet")


def _enter(
    fact: DealFact,
    command: CommandRecord,
    position: PositionRecord | None,
    command_deals: Sequence[DealFact],
    position_deals: Sequence[DealFact],
    scene: Scene,
) -> Outcome:
    contradiction = _contradiction(
        command, symbol=fact.symbol, side=fact.type, reason=fact.reason, position=fact.position_id
    )
    if contradiction:
        return _quarantine(f"deal {fact.ticket} bears token {command.token}, but {contradiction}")
    filled, drafts = _fill(fact, command, command_deals, scene)
    held = position or PositionRecord(
        identifier=fact.position_id,
        officer=scene.officer,
        directive_id=command.directive_id,
        token=command.token,
        symbol=fact.symbol,
        side=command.order.side,
        stop_loss=command.order.stop_loss,
        take_profit=command.order.take_profit,
    )
    stepped = step_position(held.state, PositionInput.ENTERED)
    state, outputs = stepped if stepped else (held.state, ())
    at = scene.to_utc(fact.time_server_ms)
    opened_at = min(held.opened_at or at, at)
    held = summed(msgspec.structs.replace(held, state=state, opened_at=opened_at), [*position_deals, fact])
    drafts += [reporting.position_event(output, held, fact, at) for output in outputs]
    return Outcome(disposition=Disposition.APPLIED, command=filled, position=held, events=tuple(drafts))


def _leave(
    fact: DealFact,
    command: CommandRecord | None,
    position: PositionRecord,
    command_deals: Sequence[DealFact],
    position_deals: Sequence[DealFact],
    scene: Scene,
) -> Outcome:
    rest = position.volume - fact.volume
    if rest < 0:
        # A further opening deal is still on its way; this one waits for it.
        return Outcome(disposition=Disposition.PARKED)
    # SL and TP deals may bear the opener's token, and a close of the same position may be somebody else's.
    ours = (
        command is not None
        and command.order.kind is CommandKind.CLOSE
        and not _contradiction(
            command, symbol=fact.symbol, side=fact.type, reason=fact.reason, position=fact.position_id
        )
    )
    closer = command if ours else None
    drafts: list[Draft] = []
    filled: CommandRecord | None = None
    if closer is not None:
        filled, drafts = _fill(fact, closer, command_deals, scene, opener=position.directive_id)
    stepped = step_position(position.state, _leaving(fact, rest, ours))
    if stepped is None:
        return Outcome(disposition=Disposition.PARKED)
    at = scene.to_utc(fact.time_server_ms)
    after = summed(msgspec.structs.replace(position, state=stepped[0]), [*position_deals, fact])
    if rest == 0:
        after = msgspec.structs.replace(after, closed_at=at, close_reason=fact.reason)
    by = closer.directive_id if closer is not None else None
    drafts += [
        reporting.position_event(output, after, fact, at, closing_directive_id=by) for output in stepped[1]
    ]
    return Outcome(disposition=Disposition.APPLIED, command=filled, position=after, events=tuple(drafts))


def _leaving(fact: DealFact, rest: Decimal, ours: bool) -> PositionInput:
    if rest > 0:
        return PositionInput.REDUCED_BY_COMMAND if ours else PositionInput.REDUCED_OTHERWISE
    if ours:
        return PositionInput.CLOSED_BY_COMMAND
    return {REASON_SL: PositionInput.CLOSED_BY_SL, REASON_TP: PositionInput.CLOSED_BY_TP}.get(
        fact.reason, PositionInput.CLOSED_OTHERWISE
    )


def _fill(
    fact: DealFact,
    command: CommandRecord,
    command_deals: Sequence[DealFact],
    scene: Scene,
    opener: str | None = None,
) -> tuple[CommandRecord, list[Draft]]:
    """The command after one more of its deals, judged by the sum of them against its volume."""
    deals = [*command_deals, fact]
    filled = sum((deal.volume for deal in deals), ZERO)
    whole = filled >= command.order.volume
    state, outputs = step_command(command.state, CommandInput.FILL_WHOLE if whole else CommandInput.FILL_PART)
    after = msgspec.structs.replace(
        command, state=state, filled=filled, order_ticket=fact.order, position_id=fact.position_id
    )
    at = scene.to_utc(fact.time_server_ms)
    drafts = [
        reporting.command_event(output, after, at, deal=fact, deals=deals, opening_directive_id=opener)
        for output in outputs
    ]
    return after, drafts


def fold_position(fact: PositionFact, position: PositionRecord | None) -> Outcome:
    """A position as it stands at the broker. Its levels are taken over; its volume is the deals' to say."""
    if position is None:
        return Outcome(disposition=Disposition.FOREIGN)
    after = msgspec.structs.replace(position, stop_loss=fact.stop_loss, take_profit=fact.take_profit)
    return Outcome(disposition=Disposition.APPLIED, position=after)


def fold_connection(fact: ConnectionFact, scene: Scene) -> Outcome:
    """The terminal lost or regained its broker."""
    draft = reporting.connection_fact(scene.officer, fact, scene.at)
    return Outcome(disposition=Disposition.APPLIED, events=(draft,))


def fold_trouble(fact: TroubleFact, scene: Scene) -> Outcome:
    """Something at the terminal that a person must see."""
    draft = reporting.trouble_fact(scene.officer, fact, scene.at)
    return Outcome(disposition=Disposition.APPLIED, events=(draft,))


def expire_command(command: CommandRecord, at: datetime, *, waited_for: str) -> Outcome:
    """The command's time to live is over. Only one that was certainly not sent ends by it.

    `waited_for` says what keeps commands from being sent just now; empty where nothing does.
    """
    why = waited_for or command.message
    expired = f"expired at {utc_text(command.expires_at)} before it could be sent"
    late = msgspec.structs.replace(command, reason="EXPIRED", message=f"{expired}: {why}" if why else expired)
    outcome = _advance(late, CommandInput.EXPIRE, at)
    changed = outcome.command is not None and outcome.command.state is not command.state
    return outcome if changed else Outcome(disposition=Disposition.APPLIED)


def abandon(command: CommandRecord, at: datetime, *, code: str, message: str) -> Outcome:
    """A person's decision ends a command that was certainly not sent."""
    ended = msgspec.structs.replace(command, reason=code, message=message)
    return _advance(ended, CommandInput.NOT_SENT_FINAL, at)


def give_up(command: CommandRecord, at: datetime) -> Outcome:
    """Nobody has said what became of the command for too long: a person must know. Evidence still settles it."""
    return _advance(command, CommandInput.ABSENT, at)


def dispatch_command(command: CommandRecord, at: datetime) -> CommandRecord:
    """The command with one more dispatch. Raises IllegalTransitionError where it may have been sent."""
    state, _ = step_command(command.state, CommandInput.DISPATCH)
    return msgspec.structs.replace(
        command,
        state=state,
        attempt=command.attempt + 1,
        touched_at=at,
        dispatched_at=at,
        absences=0,
        # What an earlier attempt met says nothing about this one.
        reason="",
        message="",
    )


def summed(position: PositionRecord, deals: Sequence[DealFact]) -> PositionRecord:
    """The position with volumes, prices and money counted anew from all of its deals."""
    entering = [deal for deal in deals if deal.entry is DealEntry.IN]
    leaving = [deal for deal in deals if deal.entry is not DealEntry.IN]
    return msgspec.structs.replace(
        position,
        volume_in=sum((deal.volume for deal in entering), ZERO),
        volume_out=sum((deal.volume for deal in leaving), ZERO),
        price_open=reporting.weighted_price(entering),
        price_close=reporting.weighted_price(leaving),
        commission=sum((deal.commission for deal in deals), ZERO),
        swap=sum((deal.swap for deal in deals), ZERO),
        profit=sum((deal.profit for deal in deals), ZERO),
        fee=sum((deal.fee for deal in deals), ZERO),
    )


def _advance(command: CommandRecord, what: CommandInput, at: datetime) -> Outcome:
    state, outputs = step_command(command.state, what)
    after = msgspec.structs.replace(command, state=state)
    drafts = tuple(reporting.command_event(output, after, at) for output in outputs)
    return Outcome(disposition=Disposition.APPLIED, command=after, events=drafts)


def _contradiction(command: CommandRecord, *, symbol: str, side: str, reason: str, position: int) -> str:
    """Why this order or deal cannot be the command's, though it bears its token; empty where it can."""
    order = command.order
    if symbol != order.symbol:
        return f"its symbol is {symbol}, not {order.symbol}"
    if side != order.side:
        return f"its type is {side}, not {order.side}"
    if reason != REASON_EXPERT:
        return f"its reason is {reason}, not {REASON_EXPERT}"
    if order.kind is CommandKind.CLOSE and position != order.position:
        return f"its position is {position}, not {order.position}"
    return ""


def _quarantine(note: str) -> Outcome:
    return Outcome(disposition=Disposition.QUARANTINED, note=note)
