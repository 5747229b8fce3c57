"""Application of deals: fills, positions and their events.

A deal counts for the command that made it and for the commands whose lots of the position it opens or closes
(`allocation`). A close by a stop, a manual trade or another program is reported under the directive that opened the
lot. Whatever a terminal reports has an outcome; nothing here is stored or timed.
"""

from collections.abc import Sequence

import msgspec

from bridge.core.director.contract import OPERATOR_PREFIX
from bridge.core.link.messages import CommandKind
from bridge.core.link.reports import DealReport, OrderReport
from bridge.core.trade import events, position_events
from bridge.core.trade.allocation import allocate, reopen
from bridge.core.trade.apply_reports import Scene, contradiction, unusable
from bridge.core.trade.command_states import CommandInput, CommandState, step_command
from bridge.core.trade.money_deals import apply_money
from bridge.core.trade.position_book import PositionBook, left_to_correct, summed, targets_lot
from bridge.core.trade.position_states import PositionInput, PositionOutput, PositionState, step_position
from bridge.core.trade.records import (
    Allocation,
    CommandRecord,
    Disposition,
    NewEvent,
    Outcome,
    PositionRecord,
)
from bridge.core.units.decimals import ZERO
from bridge.core.units.mt5_terms import (
    REASON_EXPERT,
    REASON_SL,
    REASON_TP,
    REOPENING_REASONS,
    DealEntry,
    OrderState,
    Side,
)


def apply_deal(
    report: DealReport,
    *,
    command: CommandRecord | None,
    command_deals: Sequence[DealReport],
    book: PositionBook,
    scene: Scene,
) -> Outcome:
    """Apply a deal. `command` is the one whose client order id it bears, `book` the state of its position.

    `command_deals` are the deals applied to the command before this one.
    """
    if report.books_money:
        return apply_money(report, book, scene)
    if report.side is None:
        # The caller applies an annulled deal as it was made, and then as annulled (`revise_deal`).
        if command is None and not book.lots:
            return Outcome(disposition=Disposition.FOREIGN)
        return unusable(f"deal {report.ticket} of type {report.type} concerns an order of ours")
    if report.reason in REOPENING_REASONS:
        return _reopen(report, book, scene)
    if report.entry is DealEntry.INOUT and not book.netting:
        if command is None and not book.lots:
            return Outcome(disposition=Disposition.FOREIGN)
        return unusable(f"deal {report.ticket} reverses a position, which a hedging account never does")
    maker = command if command is not None and not (why := _not_by(command, report, book)) else None
    if command is not None and maker is None and report.entry is DealEntry.IN:
        return unusable(f"deal {report.ticket} bears client order id {command.client_order_id}, but {why}")
    if maker is None and report.entry is DealEntry.IN and not book.netting:
        return Outcome(disposition=Disposition.FOREIGN)
    if maker is None and report.entry is not DealEntry.IN and not book.netting and not book.opened:
        return Outcome(disposition=Disposition.PARKED)
    allocations = allocate(
        report,
        maker,
        book.open_lots(),
        book.foreign_volume(),
        complete=book.complete,
        sole=book.sole,
        shown=book.shown if book.sole else ZERO,
    )
    if allocations is None:
        return Outcome(disposition=Disposition.PARKED)
    if maker is None and all(not allocation.client_order_id for allocation in allocations):
        return Outcome(disposition=Disposition.FOREIGN, allocations=allocations)
    return _count(report, maker, command_deals, allocations, book, scene)


def _reopen(report: DealReport, book: PositionBook, scene: Scene) -> Outcome:
    """Apply a deal by which the server closes a position to open it anew, or opens it anew.

    The position stays what it was, under its directive. Its volume and its money follow.
    """
    if not book.netting and not book.opened:
        # It may turn out to be ours.
        return Outcome(disposition=Disposition.PARKED)
    allocations = reopen(report, book.by_owner(), book.outstanding())
    after: list[PositionRecord] = []
    new_events: list[NewEvent] = []
    for allocation in allocations:
        lot = book.lot(allocation.client_order_id)
        if lot is None:
            continue
        counted = summed(lot, [*book.allocations.get(lot.client_order_id, ()), allocation])
        counted = msgspec.structs.replace(counted, volume_corrected=left_to_correct(lot, report, allocation))
        after.append(counted)
        at = scene.to_utc(report.time_server_ms)
        new_events.append(position_events.reopened(counted, report, allocation, at))
    if not after:
        return Outcome(disposition=Disposition.FOREIGN, allocations=allocations)
    return Outcome(
        disposition=Disposition.APPLIED,
        positions=tuple(after),
        allocations=allocations,
        events=tuple(new_events),
    )


def _not_by(command: CommandRecord, report: DealReport, book: PositionBook) -> str:
    """Return the reason for which the deal cannot be that command's; empty where it can."""
    position = report.position_id
    if book.netting and command.order.kind is CommandKind.CLOSE and report.entry is not DealEntry.OUT:
        # Its position was gone when it came: the volume that it opened has another number.
        position = command.order.position
    return contradiction(
        command,
        symbol=report.symbol,
        type=report.type,
        reason=report.reason,
        position=position,
        identified=report.order == command.order_ticket or book.lot(command.client_order_id) is not None,
    )


def _count(
    report: DealReport,
    maker: CommandRecord | None,
    command_deals: Sequence[DealReport],
    allocations: Sequence[Allocation],
    book: PositionBook,
    scene: Scene,
) -> Outcome:
    filled: CommandRecord | None = None
    new_events: list[NewEvent] = []
    halt = ""
    if maker is not None:
        closed = next(
            (
                book.lot(allocation.client_order_id)
                for allocation in allocations
                if allocation.entry is DealEntry.OUT
            ),
            None,
        )
        opener = closed.directive_id if closed is not None else None
        filled, new_events = _fill(report, maker, command_deals, scene, opener)
        if maker.order.kind is CommandKind.CLOSE and any(
            allocation.entry is DealEntry.IN for allocation in allocations
        ):
            halt = (
                f"deal {report.ticket} was to close position {maker.order.position}, which was gone by then; "
                f"it opened {report.type} volume instead"
            )
            new_events.append(
                position_events.accidental_reversal(maker, report, scene.to_utc(report.time_server_ms), halt)
            )
    after: list[PositionRecord] = []
    for allocation in allocations:
        if not allocation.client_order_id:
            continue
        moved, emitted = _move(report, maker, allocation, book, scene)
        after.append(moved)
        new_events += emitted
    return Outcome(
        disposition=Disposition.APPLIED,
        command=filled,
        positions=tuple(after),
        allocations=tuple(allocations),
        events=tuple(new_events),
        halt=halt,
    )


def _move(
    report: DealReport, maker: CommandRecord | None, allocation: Allocation, book: PositionBook, scene: Scene
) -> tuple[PositionRecord, list[NewEvent]]:
    """Return one command's lot after its allocation of the deal, with the events."""
    at = scene.to_utc(report.time_server_ms)
    held = book.lot(allocation.client_order_id) or _new_lot(report, maker, allocation, book.order, scene)
    counted = msgspec.structs.replace(
        summed(held, [*book.allocations.get(allocation.client_order_id, ()), allocation]),
        volume_corrected=left_to_correct(held, report, allocation),
    )
    if counted.volume < 0:
        # All earlier deals are known (`allocate`): the broker had added to the position without a deal.
        counted = msgspec.structs.replace(
            counted,
            volume_corrected=counted.volume_corrected - counted.volume,
            corrected_server_ms=report.time_server_ms,
        )
    ours = maker is not None and report.reason == REASON_EXPERT
    what = PositionInput.ENTERED if allocation.entry is DealEntry.IN else _leaving(report, counted, ours=ours)
    if what is PositionInput.REDUCED_BY_COMMAND and not targets_lot(maker, allocation):
        # The command's own events are about the lot it targets; the opener of any other lot must be notified too.
        what = PositionInput.REDUCED_OTHERWISE
    stepped = step_position(held.state, what)
    state, outputs = stepped if stepped else (held.state, ())
    if what is PositionInput.ENTERED and not counted.volume:
        # Its volume was closed before this deal was known.
        state, outputs = _closed_before(held, state, outputs)
    after = msgspec.structs.replace(counted, state=state)
    if what is PositionInput.ENTERED:
        after = msgspec.structs.replace(after, opened_at=min(held.opened_at or at, at))
    if not counted.volume:
        after = msgspec.structs.replace(after, closed_at=at, close_reason=report.reason)
    by = (
        maker.directive_id
        if maker is not None and not maker.directive_id.startswith(OPERATOR_PREFIX)
        else None
    )
    if what in (PositionInput.ENTERED, PositionInput.REDUCED_OTHERWISE):
        by = None
    new_events = [
        position_events.position_event(output, after, report, allocation, at, closing_directive_id=by)
        for output in outputs
    ]
    return after, new_events


def _closed_before(
    held: PositionRecord, state: PositionState | None, outputs: tuple[PositionOutput, ...]
) -> tuple[PositionState | None, tuple[PositionOutput, ...]]:
    """Return state and outputs of a lot whose opening deal becomes known after all of it was closed."""
    if held.state is PositionState.CLOSED or state is None:
        return held.state, ()
    gone = step_position(state, PositionInput.GONE)
    return (state, outputs) if gone is None else (gone[0], (*outputs, *gone[1]))


def _new_lot(
    report: DealReport,
    maker: CommandRecord | None,
    allocation: Allocation,
    order: OrderReport | None,
    scene: Scene,
) -> PositionRecord:
    """Return the lot that this deal begins. Only its maker's can be new: a lot to close was opened before."""
    if maker is None:
        raise ValueError(
            f"deal {report.ticket} has an allocation of client order id {allocation.client_order_id}, which has no "
            "lot in its position"
        )
    opens = maker.order.kind is CommandKind.OPEN
    # A pending order may have got other levels before it was filled.
    levels = order if order is not None and maker.order.order_type.pending else maker.order
    return PositionRecord(
        identifier=report.position_id,
        officer=scene.officer,
        directive_id=maker.directive_id,
        client_order_id=maker.client_order_id,
        symbol=report.symbol,
        side=Side(report.type),
        stop_loss=levels.stop_loss if opens else None,
        take_profit=levels.take_profit if opens else None,
    )


def _leaving(report: DealReport, after: PositionRecord, *, ours: bool) -> PositionInput:
    if after.volume > 0:
        return PositionInput.REDUCED_BY_COMMAND if ours else PositionInput.REDUCED_OTHERWISE
    if ours:
        return PositionInput.CLOSED_BY_COMMAND
    # A reason is MetaTrader's open set of words: one that is none of these is "otherwise".
    return {REASON_SL: PositionInput.CLOSED_BY_SL, REASON_TP: PositionInput.CLOSED_BY_TP}.get(
        report.reason, PositionInput.CLOSED_OTHERWISE
    )


def _fill(
    report: DealReport,
    command: CommandRecord,
    command_deals: Sequence[DealReport],
    scene: Scene,
    opener: str | None,
) -> tuple[CommandRecord, list[NewEvent]]:
    """Return the command after one more of its deals, judged by their sum against its volume, with the events."""
    deals = [*command_deals, report]
    # An annulled deal still counts as filled for the order.
    filled = sum((deal.volume for deal in deals), ZERO)
    whole = filled >= command.order.volume
    what = CommandInput.FILL_WHOLE if whole else CommandInput.FILL_PART
    state, outputs = step_command(command.order.kind, command.state, what)
    after = msgspec.structs.replace(
        command, state=state, filled=filled, order_ticket=report.order, position_id=report.position_id
    )
    at = scene.to_utc(report.time_server_ms)
    new_events = [
        events.command_event(
            output, after, at, deal=report, deals=_not_annulled(deals), opening_directive_id=opener
        )
        for output in outputs
    ]
    return after, new_events


def _not_annulled(deals: Sequence[DealReport]) -> list[DealReport]:
    """Return the deals that the broker has not annulled."""
    return [deal for deal in deals if deal.side is not None]


def apply_trimmed(
    command: CommandRecord, order: OrderReport, deals: Sequence[DealReport], scene: Scene
) -> Outcome | None:
    """Return the end of a CLOSE whose position had less volume than its command; None where this is no such end.

    The terminal sends an order for no more than is open. `order` is the command's order as it was last seen,
    `deals` are all that were applied to the command.
    """
    found_less = order.state is OrderState.FILLED and order.volume_initial < command.order.volume
    if not (found_less and command.order.kind is CommandKind.CLOSE and command.state is CommandState.PARTIAL):
        return None
    if command.filled < order.volume_initial:
        return None
    state, outputs = step_command(command.order.kind, command.state, CommandInput.FILL_WHOLE)
    after = msgspec.structs.replace(command, state=state)
    at = scene.to_utc(max(deal.time_server_ms for deal in deals))
    new_events = [events.command_event(output, after, at, deals=_not_annulled(deals)) for output in outputs]
    return Outcome(disposition=Disposition.APPLIED, command=after, events=tuple(new_events))
