"""Execution: what an accepted request does to the book, and what the tape tells of it.

An order is placed, filled in one or more deals, and finished: three steps, so that an order which waits in
between is no other case. Nothing here refuses; `checks` has done that.
"""

from collections.abc import Sequence
from decimal import Decimal

import msgspec
from msgspec import Struct

from bridge.core.amounts import ZERO
from bridge.paper.desk import Desk
from bridge.paper.money import commission, swap_share
from bridge.paper.mt5 import (
    Deal,
    DealEntry,
    DealReason,
    DealType,
    Order,
    OrderFilling,
    OrderReason,
    OrderState,
    OrderType,
    Position,
    PositionReason,
    PositionType,
    TransactionType,
)
from bridge.paper.scenario import Quirks
from bridge.paper.tape import Tape, deal_told, order_told, position_told

COMMENT_LENGTH = 31
"""Longer comments are cut, as brokers do."""


class Wanted(Struct, frozen=True, kw_only=True):
    """A market order to be. With a `position` (its ticket) it closes that one, else it opens one."""

    symbol: str
    type: OrderType
    volume: Decimal
    reason: OrderReason
    magic: int = 0
    comment: str = ""
    sl: Decimal = ZERO
    tp: Decimal = ZERO
    type_filling: OrderFilling = OrderFilling.FOK
    position: int = 0


class Done(Struct, frozen=True, kw_only=True):
    """An order in its last state, with its deals."""

    order: Order
    deals: tuple[Deal, ...]


class Execution:
    """The hand that writes into one desk's book and onto its tape."""

    def __init__(self, desk: Desk, tape: Tape, quirks: Quirks) -> None:
        self._desk = desk
        self._tape = tape
        self._quirks = quirks

    def execute(self, wanted: Wanted, portions: Sequence[Decimal] = ()) -> Done:
        """Place, fill and finish at the market. Without portions the volume is filled at once; what
        portions leave open is cancelled."""
        order = self._place(wanted)
        deals = []
        for portion in portions or (wanted.volume,):
            order, deal = self._fill(order, portion)
            deals.append(deal)
            if not (self._quirks.close_deal_last and wanted.position):
                self._tape.tell(deal_told(TransactionType.DEAL_ADD, deal))
            if order.volume_current:
                order = msgspec.structs.replace(order, state=OrderState.PARTIAL)
                self._desk.book.orders[order.ticket] = order
                self._tape.tell(order_told(TransactionType.ORDER_UPDATE, order))
        order = self._finish(order)
        if self._quirks.close_deal_last and wanted.position:
            for deal in deals:
                self._tape.tell(deal_told(TransactionType.DEAL_ADD, deal))
        return Done(order=order, deals=tuple(deals))

    def change_stops(self, ticket: int, sl: Decimal, tp: Decimal) -> None:
        """Move a position's levels."""
        position = msgspec.structs.replace(self._desk.book.positions[ticket], sl=sl, tp=tp)
        self._desk.book.positions[ticket] = position
        self._tape.tell(position_told(position))

    def _place(self, wanted: Wanted) -> Order:
        price = self._desk.deal_price(wanted.symbol, wanted.type)
        order = Order(
            ticket=self._desk.book.order_ticket(),
            symbol=wanted.symbol,
            type=wanted.type,
            state=OrderState.STARTED,
            reason=wanted.reason,
            magic=wanted.magic,
            type_filling=wanted.type_filling,
            time_setup_msc=self._desk.now_ms,
            volume_initial=wanted.volume,
            volume_current=wanted.volume,
            price_open=price,
            price_current=price,
            sl=wanted.sl,
            tp=wanted.tp,
            position_id=wanted.position and self._desk.book.positions[wanted.position].identifier,
            comment=wanted.comment[:COMMENT_LENGTH],
        )
        self._desk.book.orders[order.ticket] = order
        self._tape.tell(order_told(TransactionType.ORDER_ADD, order))
        return order

    def _fill(self, order: Order, volume: Decimal) -> tuple[Order, Deal]:
        """One deal. A hedging account's opening order makes a position of its own ticket."""
        held = self._held(order)
        deal = self._close(order, held, volume) if held is not None else self._open(order, volume)
        self._desk.book.add_deal(deal)
        order = msgspec.structs.replace(
            order, volume_current=order.volume_current - volume, position_id=deal.position_id
        )
        self._desk.book.orders[order.ticket] = order
        return order, deal

    def _held(self, order: Order) -> Position | None:
        """The position that an order closes; None for an opening order, whatever it has filled before."""
        if order.position_id in (0, order.ticket):
            return None
        return next(p for p in self._desk.book.positions.values() if p.identifier == order.position_id)

    def _deal(self, order: Order, volume: Decimal, entry: DealEntry, position: int) -> Deal:
        symbol = order.symbol
        return Deal(
            ticket=self._desk.book.deal_ticket(),
            order=order.ticket,
            time_msc=self._desk.now_ms,
            type=DealType.BUY if order.type is OrderType.BUY else DealType.SELL,
            entry=entry,
            reason=DealReason[order.reason.name],
            magic=order.magic,
            position_id=position,
            symbol=symbol,
            volume=volume,
            price=self._desk.deal_price(symbol, order.type),
            commission=commission(self._desk.commissions[symbol], volume),
            sl=order.sl,
            tp=order.tp,
            comment=order.comment,
        )

    def _open(self, order: Order, volume: Decimal) -> Deal:
        deal = self._deal(order, volume, DealEntry.IN, order.ticket)
        position = self._desk.book.positions.get(order.ticket)
        if position is None:
            position = Position(
                ticket=order.ticket,
                identifier=order.ticket,
                symbol=order.symbol,
                type=PositionType.BUY if order.type is OrderType.BUY else PositionType.SELL,
                reason=PositionReason.EXPERT if order.reason is OrderReason.EXPERT else PositionReason.CLIENT,
                magic=order.magic,
                time_msc=deal.time_msc,
                time_update_msc=deal.time_msc,
                volume=volume,
                price_open=deal.price,
                sl=order.sl,
                tp=order.tp,
                comment=order.comment,
            )
        else:
            # All portions of one order are filled in one instant, so the average price is their price.
            position = msgspec.structs.replace(position, volume=position.volume + volume)
        self._desk.book.positions[position.ticket] = position
        return deal

    def _close(self, order: Order, position: Position, volume: Decimal) -> Deal:
        symbol = self._desk.symbols[position.symbol]
        deal = self._deal(order, volume, DealEntry.OUT, position.identifier)
        swap = swap_share(position.swap, volume, position.volume)
        profit = self._desk.rates().profit(symbol, position.type, volume, position.price_open, deal.price)
        deal = msgspec.structs.replace(deal, swap=swap, profit=profit, sl=position.sl, tp=position.tp)
        if volume == position.volume:
            del self._desk.book.positions[position.ticket]
        else:
            self._desk.book.positions[position.ticket] = msgspec.structs.replace(
                position,
                volume=position.volume - volume,
                swap=position.swap - swap,
                time_update_msc=deal.time_msc,
                magic=order.magic if self._quirks.partial_close_sets_magic else position.magic,
            )
        return deal

    def _finish(self, order: Order) -> Order:
        state = OrderState[self._quirks.ioc_remainder] if order.volume_current else OrderState.FILLED
        order = msgspec.structs.replace(order, state=state, time_done_msc=self._desk.now_ms)
        self._desk.book.close_order(order)
        self._tape.tell(order_told(TransactionType.ORDER_DELETE, order))
        self._tape.tell(order_told(TransactionType.HISTORY_ADD, order))
        return order
