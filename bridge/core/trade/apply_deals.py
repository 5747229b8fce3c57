"""Deals in; fills, positions and their events out.

A deal counts for the command that made it and for the commands whose parts of the position it opens or closes
(`attribution`). What is closed by a stop, by hand or by another program is told under the directive that opened
it. Whatever a terminal reports has an outcome; nothing here is stored or timed.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec

from bridge.core.director.contract import OPERATOR_PREFIX
from bridge.core.link.messages import CommandKind
from bridge.core.link.reports import DealReport, OrderReport
from bridge.core.trade import events, position_events
from bridge.core.trade.allocation import Lot, allocate, revise
from bridge.core.trade.apply_reports import Scene, contradiction, quarantine
from bridge.core.trade.command_states import (
    CommandInput,
    CommandState,
    PositionInput,
    PositionState,
    step_command,
    step_position,
)
from bridge.core.trade.records import (
    Allocation,
    CommandRecord,
    Disposition,
    NewEvent,
    Outcome,
    PositionRecord,
)
from bridge.core.units.decimals import ZERO
from bridge.core.units.mt5_terms import REASON_EXPERT, REASON_SL, REASON_TP, DealEntry, OrderState, Side


class PositionBook(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one position before a deal."""

    parts: Sequence[PositionRecord] = ()
    """What our commands have, or had, in it; oldest first."""
    allocations: Mapping[int, Sequence[Allocation]] = {}
    """By token of ours: the shares of all deals counted so far."""
    began: Mapping[int, int] = {}
    """By token of ours: the deal that began its part."""
    foreign: Sequence[Allocation] = ()
    """What others put on and took off."""
    netting: bool = False
    """Several commands, and others, may share it."""
    complete: bool = False
    """Every deal before the one at hand is known."""
    order: OrderReport | None = None
    """The deal's order as it was seen last."""

    def part(self, client_order_id: int) -> PositionRecord | None:
        return next((part for part in self.parts if part.client_order_id == client_order_id), None)


def apply_deal(
    report: DealReport,
    *,
    command: CommandRecord | None,
    command_deals: Sequence[DealReport],
    book: PositionBook,
    scene: Scene,
) -> Outcome:
    """A deal. `command` is the one whose token is its magic, `book` what is known of its position; the deals are
    those applied to the command before this one, without it."""
    if report.side is None:
        # An annulled one is folded as it was made, and then as annulled: the caller sees to that.
        if command is None and not book.parts:
            return Outcome(disposition=Disposition.FOREIGN)
        return quarantine(f"deal {report.ticket} of type {report.type} concerns an order of ours")
    if report.entry is DealEntry.INOUT and not book.netting:
        if command is None and not book.parts:
            return Outcome(disposition=Disposition.FOREIGN)
        return quarantine(f"deal {report.ticket} reverses a position, which a hedging account never does")
    maker = command if command is not None and not (why := _not_by(command, report, book)) else None
    if command is not None and maker is None and report.entry is DealEntry.IN:
        return quarantine(f"deal {report.ticket} bears token {command.client_order_id}, but {why}")
    if maker is None and report.entry is DealEntry.IN and not book.netting:
        return Outcome(disposition=Disposition.FOREIGN)
    if maker is None and report.entry is not DealEntry.IN and not book.netting and not book.parts:
        return Outcome(disposition=Disposition.PARKED)
    allocations = allocate(report, maker, _holdings(book), _open_volume(book.foreign), complete=book.complete)
    if allocations is None:
        return Outcome(disposition=Disposition.PARKED)
    if maker is None and all(not allocation.client_order_id for allocation in allocations):
        return Outcome(disposition=Disposition.FOREIGN, allocations=allocations)
    return _count(report, maker, command_deals, allocations, book, scene)


def _not_by(command: CommandRecord, report: DealReport, book: PositionBook) -> str:
    """Why the deal cannot be that command's; empty where it can."""
    position = report.position_id
    if book.netting and command.order.kind is CommandKind.CLOSE and report.entry is not DealEntry.OUT:
        # Its position was gone when it came: what it then opened has another number.
        position = command.order.position
    return contradiction(
        command, symbol=report.symbol, type=report.type, reason=report.reason, position=position
    )


def _holdings(book: PositionBook) -> list[Lot]:
    return [
        Lot(part.client_order_id, part.volume, book.began.get(part.client_order_id, 0))
        for part in book.parts
        if part.volume > 0
    ]


def _open_volume(allocations: Sequence[Allocation]) -> Decimal:
    """What is left of those shares: what was put on less what was taken off, never less than nothing."""
    put_on = sum((allocation.volume for allocation in allocations if allocation.entry is DealEntry.IN), ZERO)
    taken_off = sum(
        (allocation.volume for allocation in allocations if allocation.entry is not DealEntry.IN), ZERO
    )
    return max(put_on - taken_off, ZERO)


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
                book.part(allocation.client_order_id)
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
    """One command's part of the position after its share of the deal."""
    at = scene.to_utc(report.time_server_ms)
    held = book.part(allocation.client_order_id) or _new_part(report, maker, allocation, book.order, scene)
    counted = summed(held, [*book.allocations.get(allocation.client_order_id, ()), allocation])
    ours = maker is not None and report.reason == REASON_EXPERT
    what = PositionInput.ENTERED if allocation.entry is DealEntry.IN else _leaving(report, counted, ours=ours)
    if what is PositionInput.REDUCED_BY_COMMAND and not _meant(maker, allocation):
        # Its own events speak of the command's part; whose part it reached into must hear of it as well.
        what = PositionInput.REDUCED_OTHERWISE
    stepped = step_position(held.state, what)
    state, outputs = stepped if stepped else (held.state, ())
    after = msgspec.structs.replace(counted, state=state)
    if what is PositionInput.ENTERED:
        after = msgspec.structs.replace(after, opened_at=min(held.opened_at or at, at))
    elif not counted.volume:
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


def _meant(maker: CommandRecord | None, allocation: Allocation) -> bool:
    """Whether the command was to close that very part."""
    return (
        maker is not None
        and maker.order.kind is CommandKind.CLOSE
        and maker.order.opener in (0, allocation.client_order_id)
    )


def _new_part(
    report: DealReport,
    maker: CommandRecord | None,
    allocation: Allocation,
    order: OrderReport | None,
    scene: Scene,
) -> PositionRecord:
    """A part that this deal begins. Only its maker's can be new: what is closed was opened before."""
    if maker is None:
        raise ValueError(
            f"deal {report.ticket} has a share of token {allocation.client_order_id}, which has no part in it"
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
    """The command after one more of its deals, judged by the sum of them against its volume."""
    deals = [*command_deals, report]
    # What was filled stays filled, for the order, where the broker has annulled it since.
    filled = sum((deal.volume for deal in deals), ZERO)
    whole = filled >= command.order.volume
    state, outputs = step_command(command.state, CommandInput.FILL_WHOLE if whole else CommandInput.FILL_PART)
    after = msgspec.structs.replace(
        command, state=state, filled=filled, order_ticket=report.order, position_id=report.position_id
    )
    at = scene.to_utc(report.time_server_ms)
    new_events = [
        events.command_event(
            output, after, at, deal=report, deals=_standing(deals), opening_directive_id=opener
        )
        for output in outputs
    ]
    return after, new_events


def _standing(deals: Sequence[DealReport]) -> list[DealReport]:
    """Those that the broker has not annulled."""
    return [deal for deal in deals if deal.side is not None]


def apply_trimmed(
    command: CommandRecord, order: OrderReport, deals: Sequence[DealReport], scene: Scene
) -> Outcome | None:
    """The end of a close that found less than it was to close: a terminal sends for no more than is open.

    `order` is the command's as it was seen last, `deals` are all that were applied to it. None where this is no
    such end.
    """
    found_less = order.state is OrderState.FILLED and order.volume_initial < command.order.volume
    if not (found_less and command.order.kind is CommandKind.CLOSE and command.state is CommandState.PARTIAL):
        return None
    if command.filled < order.volume_initial:
        return None
    state, outputs = step_command(command.state, CommandInput.FILL_WHOLE)
    after = msgspec.structs.replace(command, state=state)
    at = scene.to_utc(max(deal.time_server_ms for deal in deals))
    new_events = [events.command_event(output, after, at, deals=_standing(deals)) for output in outputs]
    return Outcome(disposition=Disposition.APPLIED, command=after, events=tuple(new_events))


def rewritten(report: DealReport, before: DealReport) -> str:
    """What of a deal that counts already is another deal's now; empty where only its price or money is.

    An annulled deal keeps what it was. No broker is known to do anything else.
    """
    if report.side is None:
        return ""
    fields = ("volume", "type", "entry", "position_id", "symbol")
    found = [
        f"its {field} was {getattr(before, field)} and is {getattr(report, field)}"
        for field in fields
        if getattr(before, field) != getattr(report, field)
    ]
    return ", ".join(found)


def revise_deal(
    report: DealReport,
    before: DealReport,
    *,
    allocations: Sequence[Allocation],
    book: PositionBook,
    maker: CommandRecord | None,
    scene: Scene,
    again: int = 0,
) -> Outcome:
    """A deal that counts already, booked anew: a late commission, a swap, or the whole deal annulled.

    `allocations` are the deal's own as they were, `book` its position's with every other deal. Sums follow; a
    command's state does not: what was told as filled stays told. A position is open while it has volume.
    `again` counts how often the deal was booked just like this before.
    """
    at = scene.at
    # One that was annulled before may be booked anew as well: its volume is gone already.
    annulled = report.side is None and before.side is not None
    now = revise(report, allocations)
    after: list[PositionRecord] = []
    for client_order_id in dict.fromkeys(
        allocation.client_order_id for allocation in allocations if allocation.client_order_id
    ):
        part = book.part(client_order_id)
        if part is None:
            continue
        counted = summed(
            part,
            [
                *book.allocations.get(client_order_id, ()),
                *(each for each in now if each.client_order_id == client_order_id),
            ],
        )
        if annulled and counted.volume <= 0 and part.state is PositionState.OPEN:
            counted = msgspec.structs.replace(
                counted, state=PositionState.CLOSED, closed_at=at, close_reason="CANCELLED"
            )
        if annulled and counted.volume > 0 and part.state is PositionState.CLOSED:
            # What had been closed is there again, and must be closed anew.
            counted = msgspec.structs.replace(
                counted, state=PositionState.OPEN, closed_at=None, close_reason=""
            )
        after.append(counted)
    if annulled:
        new_events = _annulled(report, before, maker=maker, allocations=allocations, book=book, scene=scene)
    else:
        owners = [maker.directive_id] if maker is not None else [part.directive_id for part in after]
        new_events = [
            position_events.deal_revised(scene.officer, owner, report, at, again=again)
            for owner in dict.fromkeys(owners)
        ]
    return Outcome(
        disposition=Disposition.APPLIED, positions=tuple(after), allocations=now, events=tuple(new_events)
    )


def _annulled(
    report: DealReport,
    before: DealReport,
    *,
    maker: CommandRecord | None,
    allocations: Sequence[Allocation],
    book: PositionBook,
    scene: Scene,
) -> list[NewEvent]:
    """Whoever was told of the deal hears that it is undone: whose order it was, and whose part it took from."""
    new_events: list[NewEvent] = []
    closed = [
        part
        for allocation in allocations
        if allocation.entry is DealEntry.OUT and (part := book.part(allocation.client_order_id))
    ]
    if maker is not None:
        opener = events.other(closed[0].directive_id, maker.directive_id) if closed else None
        new_events.append(
            position_events.deal_annulled(
                scene.officer, maker.directive_id, report, before, scene.at, opening_directive_id=opener
            )
        )
    for allocation in allocations:
        part = book.part(allocation.client_order_id)
        if part is not None and allocation.entry is DealEntry.OUT and not _meant(maker, allocation):
            new_events.append(
                position_events.deal_annulled(
                    scene.officer, part.directive_id, report, before, scene.at, allocation=allocation
                )
            )
    return new_events


def summed(part: PositionRecord, allocations: Sequence[Allocation]) -> PositionRecord:
    """The part with volumes, prices and money counted anew from all of its shares."""
    entering = [allocation for allocation in allocations if allocation.entry is DealEntry.IN]
    leaving = [allocation for allocation in allocations if allocation.entry is not DealEntry.IN]
    return msgspec.structs.replace(
        part,
        volume_in=sum((allocation.volume for allocation in entering), ZERO),
        volume_out=sum((allocation.volume for allocation in leaving), ZERO),
        price_open=events.weighted_price(entering),
        price_close=events.weighted_price(leaving),
        commission=sum((allocation.commission for allocation in allocations), ZERO),
        swap=sum((allocation.swap for allocation in allocations), ZERO),
        profit=sum((allocation.profit for allocation in allocations), ZERO),
        fee=sum((allocation.fee for allocation in allocations), ZERO),
    )
