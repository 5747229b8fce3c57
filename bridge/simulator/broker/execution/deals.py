"""Deals: what one deal does to the positions, on hedging accounts and on those that net.

Source: MQL5 reference, 'Position Properties', 'Deal Properties'; MetaTrader 5 help, 'Basic Principles' (how SL and
TP are inherited when a netted position grows, shrinks or turns).
"""

from decimal import ROUND_HALF_UP, Decimal
from typing import Final

import msgspec

from bridge.core.units.decimals import ZERO
from bridge.simulator.broker.book.money import commission, swap_share
from bridge.simulator.broker.book.trade_state import Desk, closing_type
from bridge.simulator.broker.scenario import Quirks
from bridge.simulator.mt5.types import (
    Deal,
    DealEntry,
    DealReason,
    DealType,
    Order,
    OrderReason,
    OrderType,
    Position,
    PositionReason,
    PositionType,
)

AVERAGE: Final = Decimal("0.00000001")
"""An average price is kept to so many decimals."""


class Dealing:
    """Makes deals and keeps the positions of one desk."""

    def __init__(self, desk: Desk, quirks: Quirks) -> None:
        self._desk = desk
        self._quirks = quirks

    def held(self, order: Order) -> Position | None:
        """The position that the order's next deal works on; None where it opens one."""
        if self._desk.netting:
            return self._desk.netted(order.symbol)
        # An order that opens bears its own ticket once a part of it is filled.
        return self._desk.book.identified(order.position_id) if order.position_id else None

    def make(self, order: Order, volume: Decimal, price: Decimal) -> Deal:
        """One deal of an order, entered into the book with what it does to the positions."""
        held = self.held(order)
        deal = self._made(order, volume, price, held)
        self._desk.book.add_deal(deal)
        return deal

    def _made(self, order: Order, volume: Decimal, price: Decimal, held: Position | None) -> Deal:
        if held is None:
            return self._open(order, volume, price)
        if order.type.side is not closing_type(held):
            return self._add(order, volume, price, held)
        if volume <= held.volume:
            return self.close(order, held, volume, price, DealEntry.OUT)
        return self._reverse(order, volume, price, held)

    def _deal(self, order: Order, volume: Decimal, price: Decimal, entry: DealEntry, position: int) -> Deal:
        return Deal(
            ticket=self._desk.book.deal_ticket(),
            order=order.ticket,
            time_msc=self._desk.now_ms,
            type=DealType.BUY if order.type.side is OrderType.BUY else DealType.SELL,
            entry=entry,
            reason=DealReason[order.reason.name],
            magic=order.magic,
            position_id=position,
            symbol=order.symbol,
            volume=volume,
            price=price,
            commission=commission(self._desk.commissions[order.symbol], volume),
            sl=order.sl,
            tp=order.tp,
            comment=order.comment,
        )

    def _open(self, order: Order, volume: Decimal, price: Decimal) -> Deal:
        deal = self._deal(order, volume, price, DealEntry.IN, order.ticket)
        self._desk.book.positions[order.ticket] = Position(
            ticket=order.ticket,
            identifier=order.ticket,
            symbol=order.symbol,
            type=PositionType.BUY if order.type.side is OrderType.BUY else PositionType.SELL,
            reason=PositionReason.EXPERT if order.reason is OrderReason.EXPERT else PositionReason.CLIENT,
            magic=order.magic,
            time_msc=deal.time_msc,
            time_update_msc=deal.time_msc,
            volume=volume,
            price_open=price,
            sl=order.sl,
            tp=order.tp,
            comment=order.comment,
        )
        return deal

    def _add(self, order: Order, volume: Decimal, price: Decimal, held: Position) -> Deal:
        deal = self._deal(order, volume, price, DealEntry.IN, held.identifier)
        sl, tp = self._levels(order, held)
        self._desk.book.positions[held.ticket] = msgspec.structs.replace(
            held,
            volume=held.volume + volume,
            price_open=_average(held.price_open, held.volume, price, volume),
            time_update_msc=deal.time_msc,
            magic=order.magic,
            sl=sl,
            tp=tp,
        )
        return deal

    def _levels(self, order: Order, held: Position) -> tuple[Decimal, Decimal]:
        """The levels of a position that an order adds to."""
        if order.position_id:  # an earlier portion has set them
            return held.sl, held.tp
        if self._quirks.netting_zero_levels == "KEEP":
            return order.sl or held.sl, order.tp or held.tp
        return order.sl, order.tp

    def close(self, order: Order, held: Position, volume: Decimal, price: Decimal, entry: DealEntry) -> Deal:
        """The deal that takes volume out of a position, not yet entered into the book."""
        deal = self._deal(order, volume, price, entry, held.identifier)
        side = DealType.SELL if held.type is PositionType.BUY else DealType.BUY
        swap = swap_share(held.swap, volume, held.volume)
        profit = self._profit(held, volume, price)
        if volume == held.volume:
            self._gone(held)
        else:
            self._desk.book.positions[held.ticket] = msgspec.structs.replace(
                held,
                volume=held.volume - volume,
                swap=held.swap - swap,
                time_update_msc=deal.time_msc,
                magic=order.magic if self._quirks.partial_close_sets_magic else held.magic,
            )
        return msgspec.structs.replace(deal, type=side, swap=swap, profit=profit, sl=held.sl, tp=held.tp)

    def _reverse(self, order: Order, volume: Decimal, price: Decimal, held: Position) -> Deal:
        """One deal that closes a netted position and opens its opposite. The identifier stays, the ticket
        becomes the order's."""
        deal = self._deal(order, volume, price, DealEntry.INOUT, held.identifier)
        profit = self._profit(held, held.volume, price)
        del self._desk.book.positions[held.ticket]
        self._desk.book.positions[order.ticket] = msgspec.structs.replace(
            held,
            ticket=order.ticket,
            type=PositionType.SELL if held.type is PositionType.BUY else PositionType.BUY,
            volume=volume - held.volume,
            price_open=price,
            magic=order.magic,
            time_msc=deal.time_msc,
            time_update_msc=deal.time_msc,
            swap=ZERO,
            sl=order.sl,
            tp=order.tp,
            comment=order.comment,
        )
        return msgspec.structs.replace(deal, swap=held.swap, profit=profit)

    def annul(self, deal: Deal) -> str | None:
        """Undo what a deal did to its position. The reason why that cannot be, or None."""
        book = self._desk.book
        held = book.identified(deal.position_id)
        opens = deal.entry is DealEntry.IN
        side = PositionType.BUY if (deal.type is DealType.BUY) is opens else PositionType.SELL
        if deal.entry is DealEntry.INOUT:
            return "it turned its position"
        if opens:
            if held is None or held.type is not side:
                return "its position is closed"
            if held.volume < deal.volume:
                return "a part of its position is closed"
            self._taken_back(held, deal)
            return None
        last = held or book.closed.get(deal.position_id)
        if last is None or last.type is not side:
            return "its position has been turned"
        if held is not None:
            book.positions[held.ticket] = msgspec.structs.replace(held, volume=held.volume + deal.volume)
            return None
        if self._desk.netted(deal.symbol) is not None:
            return "its position cannot come back"
        del book.closed[deal.position_id]
        book.positions[last.ticket] = msgspec.structs.replace(last, volume=deal.volume, swap=ZERO)
        return None

    def _taken_back(self, held: Position, deal: Deal) -> None:
        rest = held.volume - deal.volume
        if not rest:
            self._gone(held)
            return
        price = _average(held.price_open, held.volume, deal.price, -deal.volume)
        # What the average was rounded by weighs more on a smaller volume: a tenth of a point is as it was.
        fine = self._desk.symbols[held.symbol].point / 10
        self._desk.book.positions[held.ticket] = msgspec.structs.replace(
            held, volume=rest, price_open=price.quantize(fine, ROUND_HALF_UP)
        )

    def _gone(self, held: Position) -> None:
        del self._desk.book.positions[held.ticket]
        self._desk.book.closed[held.identifier] = held

    def _profit(self, held: Position, volume: Decimal, price: Decimal) -> Decimal:
        symbol = self._desk.symbols[held.symbol]
        return self._desk.rates().profit(symbol, held.type, volume, held.price_open, price)


def _average(one: Decimal, volume: Decimal, other: Decimal, more: Decimal) -> Decimal:
    """The price of both volumes together."""
    if one == other:
        return one
    price = ((one * volume + other * more) / (volume + more)).quantize(AVERAGE, ROUND_HALF_UP)
    whole = price.to_integral_value()
    return whole if price == whole else price.normalize()
