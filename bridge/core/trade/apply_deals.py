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
from bridge.core.link.reports import DealFact, OrderFact
from bridge.core.trade import events, position_events
from bridge.core.trade.allocation import Holding, divide, revise
from bridge.core.trade.apply_reports import Scene, contradiction, quarantine
from bridge.core.trade.command_states import (
    CommandInput,
    CommandState,
    PositionInput,
    PositionState,
    step_command,
    step_position,
)
from bridge.core.trade.records import CommandRecord, Disposition, Draft, Outcome, PositionRecord, Share
from bridge.core.units.decimals import ZERO
from bridge.core.units.mt5_terms import REASON_EXPERT, REASON_SL, REASON_TP, DealEntry, OrderState, Side


class PositionBook(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one position before a deal."""

    parts: Sequence[PositionRecord] = ()
    """What our commands have, or had, in it; oldest first."""
    shares: Mapping[int, Sequence[Share]] = {}
    """By token of ours: the shares of all deals counted so far."""
    began: Mapping[int, int] = {}
    """By token of ours: the deal that began its part."""
    foreign: Sequence[Share] = ()
    """What others put on and took off."""
    netting: bool = False
    """Several commands, and others, may share it."""
    complete: bool = False
    """Every deal before the one at hand is known."""
    order: OrderFact | None = None
    """The deal's order as it was seen last."""

    def part(self, token: int) -> PositionRecord | None:
        return next((part for part in self.parts if part.token == token), None)


def fold_deal(
    fact: DealFact,
    *,
    command: CommandRecord | None,
    command_deals: Sequence[DealFact],
    book: PositionBook,
    scene: Scene,
) -> Outcome:
    """A deal. `command` is the one whose token is its magic, `book` what is known of its position; the deals are
    those applied to the command before this one, without it."""
    if fact.side is None:
        # An annulled one is folded as it was made, and then as annulled: the caller sees to that.
        if command is None and not book.parts:
            return Outcome(disposition=Disposition.FOREIGN)
        return quarantine(f"deal {fact.ticket} of type {fact.type} concerns an order of ours")
    if fact.entry is DealEntry.INOUT and not book.netting:
        if command is None and not book.parts:
            return Outcome(disposition=Disposition.FOREIGN)
        return quarantine(f"deal {fact.ticket} reverses a position, which a hedging account never does")
    maker = command if command is not None and not (why := _not_by(command, fact, book)) else None
    if command is not None and maker is None and fact.entry is DealEntry.IN:
        return quarantine(f"deal {fact.ticket} bears token {command.token}, but {why}")
    if maker is None and fact.entry is DealEntry.IN and not book.netting:
        return Outcome(disposition=Disposition.FOREIGN)
    if maker is None and fact.entry is not DealEntry.IN and not book.netting and not book.parts:
        return Outcome(disposition=Disposition.PARKED)
    shares = divide(fact, maker, _holdings(book), _open_volume(book.foreign), complete=book.complete)
    if shares is None:
        return Outcome(disposition=Disposition.PARKED)
    if maker is None and all(not share.token for share in shares):
        return Outcome(disposition=Disposition.FOREIGN, shares=shares)
    return _count(fact, maker, command_deals, shares, book, scene)


def _not_by(command: CommandRecord, fact: DealFact, book: PositionBook) -> str:
    """Why the deal cannot be that command's; empty where it can."""
    position = fact.position_id
    if book.netting and command.order.kind is CommandKind.CLOSE and fact.entry is not DealEntry.OUT:
        # Its position was gone when it came: what it then opened has another number.
        position = command.order.position
    return contradiction(command, symbol=fact.symbol, type=fact.type, reason=fact.reason, position=position)


def _holdings(book: PositionBook) -> list[Holding]:
    return [
        Holding(part.token, part.volume, book.began.get(part.token, 0))
        for part in book.parts
        if part.volume > 0
    ]


def _open_volume(shares: Sequence[Share]) -> Decimal:
    """What is left of those shares: what was put on less what was taken off, never less than nothing."""
    put_on = sum((share.volume for share in shares if share.entry is DealEntry.IN), ZERO)
    taken_off = sum((share.volume for share in shares if share.entry is not DealEntry.IN), ZERO)
    return max(put_on - taken_off, ZERO)


def _count(
    fact: DealFact,
    maker: CommandRecord | None,
    command_deals: Sequence[DealFact],
    shares: Sequence[Share],
    book: PositionBook,
    scene: Scene,
) -> Outcome:
    filled: CommandRecord | None = None
    drafts: list[Draft] = []
    halt = ""
    if maker is not None:
        closed = next((book.part(share.token) for share in shares if share.entry is DealEntry.OUT), None)
        opener = closed.directive_id if closed is not None else None
        filled, drafts = _fill(fact, maker, command_deals, scene, opener)
        if maker.order.kind is CommandKind.CLOSE and any(share.entry is DealEntry.IN for share in shares):
            halt = (
                f"deal {fact.ticket} was to close position {maker.order.position}, which was gone by then; "
                f"it opened {fact.type} volume instead"
            )
            drafts.append(
                position_events.accidental_reversal(maker, fact, scene.to_utc(fact.time_server_ms), halt)
            )
    after: list[PositionRecord] = []
    for share in shares:
        if not share.token:
            continue
        moved, told = _move(fact, maker, share, book, scene)
        after.append(moved)
        drafts += told
    return Outcome(
        disposition=Disposition.APPLIED,
        command=filled,
        positions=tuple(after),
        shares=tuple(shares),
        events=tuple(drafts),
        halt=halt,
    )


def _move(
    fact: DealFact, maker: CommandRecord | None, share: Share, book: PositionBook, scene: Scene
) -> tuple[PositionRecord, list[Draft]]:
    """One command's part of the position after its share of the deal."""
    at = scene.to_utc(fact.time_server_ms)
    held = book.part(share.token) or _new_part(fact, maker, share, book.order, scene)
    counted = summed(held, [*book.shares.get(share.token, ()), share])
    ours = maker is not None and fact.reason == REASON_EXPERT
    what = PositionInput.ENTERED if share.entry is DealEntry.IN else _leaving(fact, counted, ours=ours)
    if what is PositionInput.REDUCED_BY_COMMAND and not _meant(maker, share):
        # Its own events speak of the command's part; whose part it reached into must hear of it as well.
        what = PositionInput.REDUCED_OTHERWISE
    stepped = step_position(held.state, what)
    state, outputs = stepped if stepped else (held.state, ())
    after = msgspec.structs.replace(counted, state=state)
    if what is PositionInput.ENTERED:
        after = msgspec.structs.replace(after, opened_at=min(held.opened_at or at, at))
    elif not counted.volume:
        after = msgspec.structs.replace(after, closed_at=at, close_reason=fact.reason)
    by = (
        maker.directive_id
        if maker is not None and not maker.directive_id.startswith(OPERATOR_PREFIX)
        else None
    )
    if what in (PositionInput.ENTERED, PositionInput.REDUCED_OTHERWISE):
        by = None
    drafts = [
        position_events.position_event(output, after, fact, share, at, closing_directive_id=by)
        for output in outputs
    ]
    return after, drafts


def _meant(maker: CommandRecord | None, share: Share) -> bool:
    """Whether the command was to close that very part."""
    return (
        maker is not None and maker.order.kind is CommandKind.CLOSE and maker.order.opener in (0, share.token)
    )


def _new_part(
    fact: DealFact, maker: CommandRecord | None, share: Share, order: OrderFact | None, scene: Scene
) -> PositionRecord:
    """A part that this deal begins. Only its maker's can be new: what is closed was opened before."""
    if maker is None:
        raise ValueError(f"deal {fact.ticket} has a share of token {share.token}, which has no part in it")
    opens = maker.order.kind is CommandKind.OPEN
    # A pending order may have got other levels before it was filled.
    levels = order if order is not None and maker.order.order_type.pending else maker.order
    return PositionRecord(
        identifier=fact.position_id,
        officer=scene.officer,
        directive_id=maker.directive_id,
        token=maker.token,
        symbol=fact.symbol,
        side=Side(fact.type),
        stop_loss=levels.stop_loss if opens else None,
        take_profit=levels.take_profit if opens else None,
    )


def _leaving(fact: DealFact, after: PositionRecord, *, ours: bool) -> PositionInput:
    if after.volume > 0:
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
    opener: str | None,
) -> tuple[CommandRecord, list[Draft]]:
    """The command after one more of its deals, judged by the sum of them against its volume."""
    deals = [*command_deals, fact]
    # What was filled stays filled, for the order, where the broker has annulled it since.
    filled = sum((deal.volume for deal in deals), ZERO)
    whole = filled >= command.order.volume
    state, outputs = step_command(command.state, CommandInput.FILL_WHOLE if whole else CommandInput.FILL_PART)
    after = msgspec.structs.replace(
        command, state=state, filled=filled, order_ticket=fact.order, position_id=fact.position_id
    )
    at = scene.to_utc(fact.time_server_ms)
    drafts = [
        events.command_event(
            output, after, at, deal=fact, deals=_standing(deals), opening_directive_id=opener
        )
        for output in outputs
    ]
    return after, drafts


def _standing(deals: Sequence[DealFact]) -> list[DealFact]:
    """Those that the broker has not annulled."""
    return [deal for deal in deals if deal.side is not None]


def fold_trimmed(
    command: CommandRecord, order: OrderFact, deals: Sequence[DealFact], scene: Scene
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
    drafts = [events.command_event(output, after, at, deals=_standing(deals)) for output in outputs]
    return Outcome(disposition=Disposition.APPLIED, command=after, events=tuple(drafts))


def rewritten(fact: DealFact, before: DealFact) -> str:
    """What of a deal that counts already is another deal's now; empty where only its price or money is.

    An annulled deal keeps what it was. No broker is known to do anything else.
    """
    if fact.side is None:
        return ""
    fields = ("volume", "type", "entry", "position_id", "symbol")
    found = [
        f"its {field} was {getattr(before, field)} and is {getattr(fact, field)}"
        for field in fields
        if getattr(before, field) != getattr(fact, field)
    ]
    return ", ".join(found)


def revise_deal(
    fact: DealFact,
    before: DealFact,
    *,
    shares: Sequence[Share],
    book: PositionBook,
    maker: CommandRecord | None,
    scene: Scene,
    again: int = 0,
) -> Outcome:
    """A deal that counts already, booked anew: a late commission, a swap, or the whole deal annulled.

    `shares` are the deal's own as they were, `book` its position's with every other deal. Sums follow; a
    command's state does not: what was told as filled stays told. A position is open while it has volume.
    `again` counts how often the deal was booked just like this before.
    """
    at = scene.at
    # One that was annulled before may be booked anew as well: its volume is gone already.
    annulled = fact.side is None and before.side is not None
    now = revise(fact, shares)
    after: list[PositionRecord] = []
    for token in dict.fromkeys(share.token for share in shares if share.token):
        part = book.part(token)
        if part is None:
            continue
        counted = summed(part, [*book.shares.get(token, ()), *(each for each in now if each.token == token)])
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
        drafts = _annulled(fact, before, maker=maker, shares=shares, book=book, scene=scene)
    else:
        owners = [maker.directive_id] if maker is not None else [part.directive_id for part in after]
        drafts = [
            position_events.deal_revised(scene.officer, owner, fact, at, again=again)
            for owner in dict.fromkeys(owners)
        ]
    return Outcome(disposition=Disposition.APPLIED, positions=tuple(after), shares=now, events=tuple(drafts))


def _annulled(
    fact: DealFact,
    before: DealFact,
    *,
    maker: CommandRecord | None,
    shares: Sequence[Share],
    book: PositionBook,
    scene: Scene,
) -> list[Draft]:
    """Whoever was told of the deal hears that it is undone: whose order it was, and whose part it took from."""
    drafts: list[Draft] = []
    closed = [part for share in shares if share.entry is DealEntry.OUT and (part := book.part(share.token))]
    if maker is not None:
        opener = events.other(closed[0].directive_id, maker.directive_id) if closed else None
        drafts.append(
            position_events.deal_annulled(
                scene.officer, maker.directive_id, fact, before, scene.at, opening_directive_id=opener
            )
        )
    for share in shares:
        part = book.part(share.token)
        if part is not None and share.entry is DealEntry.OUT and not _meant(maker, share):
            drafts.append(
                position_events.deal_annulled(
                    scene.officer, part.directive_id, fact, before, scene.at, share=share
                )
            )
    return drafts


def summed(part: PositionRecord, shares: Sequence[Share]) -> PositionRecord:
    """The part with volumes, prices and money counted anew from all of its shares."""
    entering = [share for share in shares if share.entry is DealEntry.IN]
    leaving = [share for share in shares if share.entry is not DealEntry.IN]
    return msgspec.structs.replace(
        part,
        volume_in=sum((share.volume for share in entering), ZERO),
        volume_out=sum((share.volume for share in leaving), ZERO),
        price_open=events.weighted_price(entering),
        price_close=events.weighted_price(leaving),
        commission=sum((share.commission for share in shares), ZERO),
        swap=sum((share.swap for share in shares), ZERO),
        profit=sum((share.profit for share in shares), ZERO),
        fee=sum((share.fee for share in shares), ZERO),
    )
