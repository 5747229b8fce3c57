"""Reports about commands and orders in; states, events and follow-ups out. Deals have a module of their own.

Folding is total: whatever a terminal reports has an outcome, and none of them stops what comes after. The
caller brings what the journal knows of the command and the position that a report names, and writes back what
the outcome says. Nothing here is sent, stored or timed.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

import msgspec

from bridge.core.director.contract import utc_text
from bridge.core.link.messages import CommandKind, Order
from bridge.core.link.reports import (
    CommandReport,
    CommandStage,
    ConnectionReport,
    Found,
    NotSentReason,
    OrderReport,
    PositionReport,
    TroubleReport,
)
from bridge.core.trade import events, position_events
from bridge.core.trade.amend_states import ChangeInput, step_change
from bridge.core.trade.command_states import CommandInput, CommandOutput, CommandState, step_command
from bridge.core.trade.records import CommandRecord, Disposition, NewEvent, Outcome, PositionRecord
from bridge.core.trade.retcodes import RETCODE_NO_CHANGES, Verdict, describe, verdict
from bridge.core.units.mt5_terms import REASON_EXPERT, REASON_SL, REASON_SO, REASON_TP, OrderState

RESOLVED: Final = "RESOLVED"
"""The reason of a command that a person ended."""

ABSENCES_NEEDED: Final = 2
"""How often nothing must have been found before an outcome is UNKNOWN."""


class Resolution(StrEnum):
    """What a person says of a command whose outcome is open."""

    FILLED = "filled"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """What surrounds every report of one batch."""

    officer: str
    at: datetime
    """When it reached us."""
    to_utc: Callable[[int], datetime]
    """The UTC of a broker time in milliseconds."""
    grace: timedelta
    """How long an outcome may stay open before absence counts."""


def apply_command(
    report: CommandReport, command: CommandRecord | None, scene: Scene, *, submitted: bool = False
) -> Outcome:
    """A stage that the terminal reports of a command. `submitted`: it told of this attempt's intent before."""
    if command is None:
        note = f"the terminal reports on token {report.client_order_id}, of which this journal knows nothing"
        return Outcome(
            disposition=Disposition.UNUSABLE, note=note, quarantine=f"{note}; it may be an old copy"
        )
    if report.attempt > command.attempt:
        quarantine = (
            f"the terminal had a dispatch of command {report.client_order_id} that this journal has not; "
            "it may be an old copy"
        )
        caught_up = msgspec.structs.replace(command, attempt=report.attempt)
        outcome = apply_command(report, caught_up, scene, submitted=submitted)
        return msgspec.structs.replace(outcome, quarantine=quarantine)
    known = msgspec.structs.replace(command, order_ticket=report.order or command.order_ticket)
    match report.stage:
        case CommandStage.RECEIVED:
            return Outcome(disposition=Disposition.APPLIED)
        case CommandStage.NOT_SENT:
            if report.attempt < command.attempt:
                # It speaks of an earlier dispatch; a later one is under way.
                return Outcome(disposition=Disposition.APPLIED)
            if submitted and command.state is CommandState.UNKNOWN:
                # An intent and its denial contradict each other: the person who was told of it must look.
                return Outcome(disposition=Disposition.APPLIED)
            if command.order.kind.changes and report.reason is NotSentReason.NO_CHANGE:
                return advance_change(known, ChangeInput.EFFECT_SEEN, scene.at)
            final = report.reason is None or not report.reason.passing
            what = CommandInput.NOT_SENT_FINAL if final else CommandInput.NOT_SENT_PASSING
            code = str(report.retcode) if report.retcode else str(report.reason or "NOT_SENT")
            known = msgspec.structs.replace(known, reason=code, message=report.message)
        case CommandStage.SUBMITTED:
            what = CommandInput.SUBMITTED
        case CommandStage.RESULT:
            if command.order.kind is CommandKind.MODIFY and report.retcode == RETCODE_NO_CHANGES:
                return advance_change(known, ChangeInput.EFFECT_SEEN, scene.at)
            said = verdict(report.retcode)
            what = {
                Verdict.ACCEPTED: CommandInput.ACCEPTED,
                Verdict.REFUSED: CommandInput.REFUSED,
                Verdict.OPEN: CommandInput.OUTCOME_OPEN,
            }[said]
            if said is not Verdict.ACCEPTED:
                message = (
                    f"{describe(report.retcode)}: {report.message}"
                    if report.message
                    else describe(report.retcode)
                )
                known = msgspec.structs.replace(known, reason=str(report.retcode), message=message)
        case CommandStage.STATUS_REPLY:
            known = _count_absence(report, known, scene)
            if known.absences < ABSENCES_NEEDED:
                return Outcome(disposition=Disposition.APPLIED, command=known)
            if command.order.kind.changes:
                message = "the broker does not show the target as it was to become"
                known = msgspec.structs.replace(known, reason="NO_EFFECT", message=message)
                return advance_change(known, ChangeInput.NO_EFFECT, scene.at)
            what = CommandInput.ABSENT
    return advance(known, what, scene.at)


def _count_absence(report: CommandReport, command: CommandRecord, scene: Scene) -> CommandRecord:
    """Absence counts once the grace time is over and the terminal was connected for as long."""
    waited = scene.at - (command.dispatched_at or scene.at)
    connected = timedelta(milliseconds=report.connected_ms)
    if report.found is not Found.NOTHING or min(waited, connected) < scene.grace:
        return command
    return msgspec.structs.replace(command, absences=command.absences + 1)


def apply_order(
    report: OrderReport,
    command: CommandRecord | None,
    scene: Scene,
    *,
    before: OrderReport | None = None,
    explained: bool = False,
    netting: bool = False,
    sighting: int = 0,
) -> Outcome:
    """An order on the broker's book, or in its history. `command` is the one whose token is its magic.

    `before` is the order as it was seen last; at the first sight it is held against what was asked.
    `explained`: a MODIFY under way wanted it as it is seen now.
    `netting`: a close that came too late opened something, and its order bears that position's number.
    `sighting` counts how often it was seen otherwise than the time before.
    """
    if command is None:
        return Outcome(disposition=Disposition.FOREIGN)
    if report.reason in (REASON_SL, REASON_TP, REASON_SO):
        # The server's own order that closes the position; some bear the opener's token. Its deal tells.
        return Outcome(disposition=Disposition.FOREIGN)
    position = command.order.position if netting else report.position_id
    if found := contradiction(
        command, symbol=report.symbol, type=report.type, reason=report.reason, position=position
    ):
        return quarantine(f"order {report.ticket} bears token {command.client_order_id}, but {found}")
    known = msgspec.structs.replace(command, order_ticket=report.ticket)
    if command.reason == RESOLVED and command.state.over and not report.off_the_book:
        # A person said that it was gone, and here it stands on the book.
        known = msgspec.structs.replace(known, state=CommandState.UNKNOWN)
    match report.state:
        case OrderState.REJECTED:
            what = CommandInput.REFUSED
            if command.state is not CommandState.REJECTED:
                known = msgspec.structs.replace(
                    known, reason="ORDER_STATE_REJECTED", message="the order's state is REJECTED"
                )
        case OrderState.CANCELED | OrderState.EXPIRED:
            what = CommandInput.ORDER_GONE
        case _ if report.time_done_server_ms and report.volume_current:
            # Done with volume left: brokers differ in the state of an order whose remainder was dropped.
            what = CommandInput.ORDER_GONE
        case _:
            what = CommandInput.ORDER_SEEN
    done = scene.to_utc(report.time_done_server_ms or report.time_setup_server_ms)
    outcome = advance(known, what, done)
    if before is None and command.order.order_type.pending:
        before = _as_asked(command.order, report)
    if before is None or explained or report.off_the_book or _terms(_woken(before, report)) == _terms(report):
        return outcome
    changed = events.order_changed(scene.officer, command.directive_id, report, sighting, scene.at)
    return msgspec.structs.replace(outcome, events=(*outcome.events, changed))


def _as_asked(order: Order, seen: OrderReport) -> OrderReport:
    """The order as it would be if nobody had changed it since it was sent. Its expiry is the terminal's to fit."""
    return msgspec.structs.replace(
        seen,
        price=order.price or seen.price,
        limit_price=order.limit_price,
        stop_loss=order.stop_loss,
        take_profit=order.take_profit,
    )


def _woken(before: OrderReport, now: OrderReport) -> OrderReport:
    """The order as the server itself leaves it once a stop-limit order's price is met: a limit order."""
    if before.limit_price is None or now.limit_price is not None:
        return before
    return msgspec.structs.replace(before, price=before.limit_price, limit_price=None)


def _terms(order: OrderReport) -> tuple[Decimal | int | None, ...]:
    """What a person can change of a pending order."""
    return (order.price, order.limit_price, order.stop_loss, order.take_profit, order.expires_server_ms)


def apply_position(
    report: PositionReport, parts: Sequence[PositionRecord], scene: Scene, *, explained: bool
) -> Outcome:
    """A position as it stands at the broker. Its levels are taken over; its volume is the deals' to say.

    `parts` are our commands' parts of it. `explained`: a MODIFY under way wanted the levels that are seen.
    """
    if not parts:
        return Outcome(disposition=Disposition.FOREIGN)
    after: list[PositionRecord] = []
    new_events: list[NewEvent] = []
    for part in parts:
        same = (part.stop_loss, part.take_profit) == (report.stop_loss, report.take_profit)
        if part.levels_seen and (same or not part.volume):
            # What is closed has no levels any more; the last that were seen stand.
            continue
        seen = msgspec.structs.replace(
            part,
            stop_loss=report.stop_loss,
            take_profit=report.take_profit,
            levels_seen=part.levels_seen + 1,
        )
        after.append(seen)
        if (part.levels_seen or _moved_unseen(part, report)) and not explained:
            new_events.append(position_events.levels_changed(seen, scene.at))
    return Outcome(disposition=Disposition.APPLIED, positions=tuple(after), events=tuple(new_events))


def _moved_unseen(part: PositionRecord, report: PositionReport) -> bool:
    """Whether a level that was asked for stands elsewhere at the first sight. One that is not there is missing."""
    levels = ((part.stop_loss, report.stop_loss), (part.take_profit, report.take_profit))
    return any(asked and there and asked != there for asked, there in levels)


def apply_connection(report: ConnectionReport, scene: Scene) -> Outcome:
    """The terminal lost or regained its broker."""
    new_event = events.connection_report(scene.officer, report, scene.at)
    return Outcome(disposition=Disposition.APPLIED, events=(new_event,))


def apply_trouble(report: TroubleReport, scene: Scene) -> Outcome:
    """Something at the terminal that a person must see."""
    new_event = events.trouble_report(scene.officer, report, scene.at)
    return Outcome(disposition=Disposition.APPLIED, events=(new_event,))


def expire_command(command: CommandRecord, at: datetime, *, waited_for: str) -> Outcome:
    """The command's time to live is over. Only one that was certainly not sent ends by it.

    `waited_for` says what keeps commands from being sent just now; empty where nothing does.
    """
    why = waited_for or command.message
    expired = f"expired at {utc_text(command.expires_at)} before it could be sent"
    late = msgspec.structs.replace(command, reason="EXPIRED", message=f"{expired}: {why}" if why else expired)
    outcome = advance(late, CommandInput.EXPIRE, at)
    changed = outcome.command is not None and outcome.command.state is not command.state
    return outcome if changed else Outcome(disposition=Disposition.APPLIED)


def abandon(command: CommandRecord, at: datetime, *, code: str, message: str) -> Outcome:
    """A person's decision ends a command that was certainly not sent."""
    ended = msgspec.structs.replace(command, reason=code, message=message)
    return advance(ended, CommandInput.NOT_SENT_FINAL, at)


def give_up(command: CommandRecord, at: datetime) -> Outcome:
    """Nobody has said what became of the command for too long: a person must know. Evidence still settles it."""
    return advance(command, CommandInput.ABSENT, at)


def dispatch_command(command: CommandRecord, at: datetime) -> CommandRecord:
    """The command with one more dispatch. Raises IllegalTransitionError where it may have been sent."""
    if command.order.kind.changes:
        state, _ = step_change(command.state, ChangeInput.DISPATCH)
    else:
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


def resolve_command(
    command: CommandRecord,
    resolution: Resolution,
    at: datetime,
    *,
    note: str,
    price: Decimal | None = None,
    quantity: Decimal | None = None,
) -> Outcome:
    """A person who has looked at the broker's books says what became of a command whose outcome is open.

    Counts for UNRESOLVED and UNKNOWN commands alone; any other stays as it is. Later deals still count.
    """
    message = f"resolved by a person: {note}"
    emitted = msgspec.structs.replace(command, reason=RESOLVED, message=message)
    if command.order.kind.changes:
        done = resolution is Resolution.FILLED
        return advance_change(
            emitted, ChangeInput.RESOLVED_DONE if done else ChangeInput.RESOLVED_REJECTED, at
        )
    what = {
        Resolution.FILLED: CommandInput.RESOLVED_FILLED,
        Resolution.REJECTED: CommandInput.RESOLVED_REJECTED,
        Resolution.CANCELLED: CommandInput.RESOLVED_CANCELLED,
    }[resolution]
    state, outputs = step_command(command.state, what)
    if state is command.state:
        return Outcome(disposition=Disposition.APPLIED)
    filled = quantity or command.order.volume
    after = msgspec.structs.replace(emitted, state=state)
    new_events = tuple(
        events.resolved_fill(after, at, price=price, quantity=filled)
        if output is CommandOutput.RESOLVED
        else events.command_event(output, after, at)
        for output in outputs
    )
    return Outcome(disposition=Disposition.APPLIED, command=after, events=new_events)


def withdraw(command: CommandRecord, at: datetime, *, by: str) -> Outcome:
    """The Director cancels a command that was not sent yet. One that may have been sent stays as it is."""
    ended = msgspec.structs.replace(
        command, reason="WITHDRAWN", message=f"cancelled by {by} before it was sent"
    )
    return advance(ended, CommandInput.WITHDRAWN, at)


def apply_effect(command: CommandRecord, what: ChangeInput, at: datetime) -> Outcome:
    """What the target of a MODIFY or CANCEL shows, for that command."""
    message = {
        ChangeInput.TARGET_GONE: "the target was closed or taken off the book first",
        ChangeInput.TARGET_FILLED: "the order was filled first",
    }.get(what, "")
    emitted = msgspec.structs.replace(command, reason=str(what), message=message) if message else command
    return advance_change(emitted, what, at)


def advance(command: CommandRecord, what: CommandInput, at: datetime) -> Outcome:
    """The command after the input, with its events."""
    if command.order.kind.changes:
        return advance_change(command, ChangeInput[what.name], at)
    state, outputs = step_command(command.state, what)
    return _emitted(command, state, outputs, at)


def advance_change(command: CommandRecord, what: ChangeInput, at: datetime) -> Outcome:
    """The MODIFY or CANCEL after the input, with its events."""
    state, outputs = step_change(command.state, what)
    return _emitted(command, state, outputs, at)


def _emitted(
    command: CommandRecord, state: CommandState, outputs: Sequence[CommandOutput], at: datetime
) -> Outcome:
    after = msgspec.structs.replace(command, state=state)
    new_events = tuple(events.command_event(output, after, at) for output in outputs)
    return Outcome(disposition=Disposition.APPLIED, command=after, events=new_events)


def contradiction(command: CommandRecord, *, symbol: str, type: str, reason: str, position: int) -> str:
    """Why this order or deal cannot be the command's, though it bears its token; empty where it can.

    `type` is BUY, SELL, or a pending order's type, which begins with its side.
    """
    order = command.order
    if symbol != order.symbol:
        return f"its symbol is {symbol}, not {order.symbol}"
    if type.partition("_")[0] != order.side:
        return f"its type is {type}, not {order.side}"
    if reason != REASON_EXPERT:
        return f"its reason is {reason}, not {REASON_EXPERT}"
    if order.kind is CommandKind.CLOSE and position != order.position:
        return f"its position is {position}, not {order.position}"
    return ""


def quarantine(note: str) -> Outcome:
    """A report that is kept, raised, and not acted upon."""
    return Outcome(disposition=Disposition.UNUSABLE, note=note)
