"""Application of reports about commands and orders. Deals and positions have modules of their own (`apply_deals`,
`apply_positions`).

It is total: whatever a terminal reports has an outcome, and none of them stops the next. The caller brings what the
journal knows of the command and the position that a report names, and writes back what the outcome says. Nothing
here is sent, stored or timed.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, assert_never

import msgspec

from bridge.core.link.messages import CommandKind, Order
from bridge.core.link.reports import (
    CommandReport,
    CommandStage,
    ConnectionReport,
    Found,
    NotSentReason,
    OrderReport,
    TroubleReport,
)
from bridge.core.trade import events
from bridge.core.trade.command_states import CommandInput, CommandState
from bridge.core.trade.market_waits import Wait, put_off
from bridge.core.trade.records import CommandRecord, Disposition, Outcome
from bridge.core.trade.retcodes import RETCODE_NO_CHANGES, Verdict, describe, verdict
from bridge.core.trade.transitions import RESOLVED, advance, id_found
from bridge.core.units.mt5_terms import REASON_EXPERT, REASON_SL, REASON_SO, REASON_TP, OrderState

ABSENCES_NEEDED: Final = 2
"""Number of searches that must find nothing before an outcome is UNKNOWN."""


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """Circumstances of one batch of reports."""

    officer: str
    at: datetime
    """Time of receipt."""
    to_utc: Callable[[int], datetime]
    """Converts a broker time in milliseconds to UTC."""
    grace: timedelta
    """Time that an outcome may stay open before absence counts."""
    mismatch_grace: timedelta
    """Time that a difference from the broker lasts before it counts: its history may be late."""


def apply_command(
    report: CommandReport,
    command: CommandRecord | None,
    scene: Scene,
    *,
    submitted: bool = False,
    shown: bool = False,
    wait: Wait | None = None,
) -> Outcome:
    """Apply a stage of a command. `submitted`: the intent of this attempt was reported before. `wait`: it waits for
    the market where this says so (`market_waits.may_wait`).

    `shown`: the broker shows a position with its client order id, so that a search that finds no order and no deal
    finds a history that is late.
    """
    if command is None:
        note = f"client order id {report.client_order_id} of a command report is unknown to this journal"
        return Outcome(
            disposition=Disposition.UNUSABLE, note=note, quarantine=f"{note}; it may be an old copy"
        )
    if report.attempt > command.attempt:
        quarantine = (
            f"attempt {report.attempt} of command {report.client_order_id} is unknown to this journal, which has "
            f"{command.attempt}; it may be an old copy"
        )
        caught_up = msgspec.structs.replace(command, attempt=report.attempt)
        outcome = apply_command(report, caught_up, scene, submitted=submitted, shown=shown, wait=wait)
        return msgspec.structs.replace(outcome, quarantine=quarantine)
    known = msgspec.structs.replace(command, order_ticket=report.order or command.order_ticket)
    match report.stage:
        case CommandStage.RECEIVED:
            return Outcome(disposition=Disposition.APPLIED)
        case CommandStage.NOT_SENT:
            if report.attempt < command.attempt:
                # The report is of an earlier dispatch; a later one is under way.
                return Outcome(disposition=Disposition.APPLIED)
            if submitted and command.state is CommandState.UNKNOWN:
                # An intent and its denial contradict each other: the operator who was notified must look.
                return Outcome(disposition=Disposition.APPLIED)
            if command.order.kind.changes and report.reason is NotSentReason.NO_CHANGE:
                return advance(known, CommandInput.EFFECT_SEEN, scene.at)
            final = report.reason is None or not report.reason.passing
            what = CommandInput.NOT_SENT_FINAL if final else CommandInput.NOT_SENT_PASSING
            code = str(report.retcode) if report.retcode else str(report.reason or "NOT_SENT")
            known = msgspec.structs.replace(known, reason=code, message=report.message)
            if wait is not None:
                what, known = CommandInput.MARKET_CLOSED_UNSENT, put_off(known, scene.at, wait.opens_at)
        case CommandStage.SUBMITTED:
            what = CommandInput.SUBMITTED
            # A journal that is older than the ledger never dispatched it: its outcome is open from now on.
            known = msgspec.structs.replace(known, dispatched_at=command.dispatched_at or scene.at)
        case CommandStage.RESULT:
            if command.order.kind is CommandKind.MODIFY and report.retcode == RETCODE_NO_CHANGES:
                return advance(known, CommandInput.EFFECT_SEEN, scene.at)
            what, known = _result(report, known)
            if wait is not None and what is CommandInput.REFUSED:
                what, known = CommandInput.MARKET_CLOSED_REFUSED, put_off(known, scene.at, wait.opens_at)
        case CommandStage.FOUND:
            return id_found(command, scene.at)
        case CommandStage.STATUS_REPLY:
            known = known if shown else _count_absence(report, known, scene)
            if known.absences < ABSENCES_NEEDED:
                return Outcome(disposition=Disposition.APPLIED, command=known)
            what = CommandInput.ABSENT
            if command.order.kind.changes:
                message = "the broker does not show the target as requested"
                known = msgspec.structs.replace(known, reason="NO_EFFECT", message=message)
                what = CommandInput.NO_EFFECT
        case _:
            assert_never(report.stage)
    return advance(known, what, scene.at)


def _result(report: CommandReport, command: CommandRecord) -> tuple[CommandInput, CommandRecord]:
    """Return the input that a return code stands for, and the command with its reason."""
    found = verdict(report.retcode)
    described = describe(report.retcode)
    message = f"{described}: {report.message}" if report.message else described
    refused = msgspec.structs.replace(command, reason=str(report.retcode), message=message)
    match found:
        case Verdict.ACCEPTED:
            return CommandInput.ACCEPTED, command
        case Verdict.REFUSED:
            return CommandInput.REFUSED, refused
        case Verdict.OPEN:
            return CommandInput.OUTCOME_OPEN, refused
        case _:
            assert_never(found)


def _count_absence(report: CommandReport, command: CommandRecord, scene: Scene) -> CommandRecord:
    """Count a search that found nothing, if the grace time has passed and the terminal was connected that long."""
    match report.found:
        case None | Found.UNSEARCHED:
            return command
        case Found.NOTHING:
            waited = scene.at - (command.dispatched_at or scene.at)
            connected = timedelta(milliseconds=report.connected_ms)
            if min(waited, connected) < scene.grace:
                return command
            return msgspec.structs.replace(command, absences=command.absences + 1)
        case _:
            assert_never(report.found)


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
    """Apply an order on the broker's book, or in its history. `command` is the one whose client order id it bears.

    `before` is the order as it was last seen; at the first sight it is compared with the command. `explained`: a
    MODIFY under way requested the order as it is seen now. `netting`: a close that came too late opened a position,
    and its order bears that position's number. `sighting` counts how often it was seen changed.
    """
    if command is None:
        return Outcome(disposition=Disposition.FOREIGN)
    if report.reason in (REASON_SL, REASON_TP, REASON_SO):
        # The server's own order that closes the position; some bear the opener's id. Its deal counts.
        return Outcome(disposition=Disposition.FOREIGN)
    if (
        report.reason != REASON_EXPERT
        and report.ticket != command.order_ticket
        and report.position_id not in (0, report.ticket)
    ):
        # Its own order too, on a position that stands: it closes the position and opens it anew, as for a swap.
        return Outcome(disposition=Disposition.FOREIGN)
    position = command.order.position if netting else report.position_id
    if found := contradiction(
        command,
        symbol=report.symbol,
        type=report.type,
        reason=report.reason,
        position=position,
        identified=report.ticket == command.order_ticket,
    ):
        return unusable(f"order {report.ticket} bears client order id {command.client_order_id}, but {found}")
    known = msgspec.structs.replace(command, order_ticket=report.ticket)
    what = _order_input(report)
    match what:
        case CommandInput.REFUSED if command.state is not CommandState.REJECTED:
            known = msgspec.structs.replace(
                known, reason="ORDER_STATE_REJECTED", message="the order's state is REJECTED"
            )
        case CommandInput.ORDER_SEEN if (
            command.reason == RESOLVED and command.state.over and not report.off_the_book
        ):
            # An operator reported it as ended, and it stands on the book.
            what = CommandInput.ORDER_REAPPEARED
        case _:
            pass
    done = scene.to_utc(report.time_done_server_ms or report.time_setup_server_ms)
    outcome = advance(known, what, done)
    if before is None and command.order.order_type.pending:
        before = _as_requested(command.order, report)
    if (
        before is None
        or explained
        or report.off_the_book
        or _terms(_activated(before, report)) == _terms(report)
    ):
        return outcome
    changed = events.order_changed(scene.officer, command.directive_id, report, sighting, scene.at)
    return msgspec.structs.replace(outcome, events=(*outcome.events, changed))


def _order_input(report: OrderReport) -> CommandInput:
    """Return the input that an order's state stands for."""
    match report.state:
        case OrderState.REJECTED:
            return CommandInput.REFUSED
        case OrderState.CANCELED | OrderState.EXPIRED:
            return CommandInput.ORDER_GONE
        case (
            OrderState.STARTED
            | OrderState.PLACED
            | OrderState.PARTIAL
            | OrderState.FILLED
            | OrderState.REQUEST_ADD
            | OrderState.REQUEST_MODIFY
            | OrderState.REQUEST_CANCEL
        ):
            # Brokers differ in the state of an order that ended with volume left.
            left = report.time_done_server_ms and report.volume_current
            return CommandInput.ORDER_GONE if left else CommandInput.ORDER_SEEN
        case _:
            assert_never(report.state)


def _as_requested(order: Order, seen: OrderReport) -> OrderReport:
    """Return the order as it would be unchanged since it was sent. Its expiry stays: the terminal adjusts it."""
    return msgspec.structs.replace(
        seen,
        price=order.price or seen.price,
        limit_price=order.limit_price,
        stop_loss=order.stop_loss,
        take_profit=order.take_profit,
    )


def _activated(before: OrderReport, now: OrderReport) -> OrderReport:
    """Return the order as the server leaves it once a stop-limit order's price is met: a limit order."""
    if before.limit_price is None or now.limit_price is not None:
        return before
    return msgspec.structs.replace(before, price=before.limit_price, limit_price=None)


def _terms(order: OrderReport) -> tuple[Decimal | int | None, ...]:
    """Return the terms of a pending order that can be changed by a manual trade."""
    return (order.price, order.limit_price, order.stop_loss, order.take_profit, order.expires_server_ms)


def apply_connection(report: ConnectionReport, scene: Scene) -> Outcome:
    """Apply the loss or return of the terminal's connection to its broker."""
    new_event = events.connection_report(scene.officer, report, scene.at)
    return Outcome(disposition=Disposition.APPLIED, events=(new_event,))


def apply_trouble(report: TroubleReport, scene: Scene) -> Outcome:
    """Apply a trouble at the terminal that an operator must see."""
    new_event = events.trouble_report(scene.officer, report, scene.at)
    return Outcome(disposition=Disposition.APPLIED, events=(new_event,))


def contradiction(
    command: CommandRecord,
    *,
    symbol: str,
    type: str,
    reason: str,
    position: int,
    identified: bool = False,
) -> str:
    """Return the reason for which an order or deal cannot be the command's, though it bears its client order id.

    Empty where it can be. `type` is BUY, SELL, or a pending order's type, which begins with its side. `identified`:
    its order or its position is known as the command's, so that another symbol is another name of the same.
    """
    order = command.order
    if order.kind.changes:
        return f"a {order.kind} makes neither order nor deal"
    identified = identified or (order.kind is CommandKind.CLOSE and position == order.position)
    if symbol != order.symbol and not identified:
        return f"its symbol is {symbol}, not {order.symbol}"
    if type.partition("_")[0] != order.side:
        return f"its type is {type}, not {order.side}"
    if reason != REASON_EXPERT:
        return f"its reason is {reason}, not {REASON_EXPERT}"
    if order.kind is CommandKind.CLOSE and position != order.position:
        return f"its position is {position}, not {order.position}"
    return ""


def unusable(note: str) -> Outcome:
    """Return the outcome of a report that is kept, raised, and not acted upon."""
    return Outcome(disposition=Disposition.UNUSABLE, note=note)
