"""Deals: the change of the positions by one deal, on hedging and on netting accounts.

Source: MQL5 reference, 'Position Properties', 'Deal Properties'; MetaTrader 5 help, 'Basic Principles' (how SL and
TP are inherited when a netted position grows, shrinks or turns).
"""

from decimal import ROUND_HALF_UP, Decimal
from typing import Final

import msgspec

from bridge.core.units.decimals import ZERO
from bridge.simulator.broker.book.book import Reopening
from bridge.simulator.broker.book.trade_state import TradeState, closing_type
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
"""Precision of an average price."""


class Deals:
    """Makes the deals of one account and updates its positions."""

    def __init__(self, trade: TradeState, quirks: Quirks) -> None:
        self._trade = trade
        self._quirks = quirks

    def held(self, order: Order) -> Position | None:
        """Return the position that the order's next deal changes; None where it opens one."""
        if self._trade.netting:
            return self._trade.netted(order.symbol)
        # After its first deal an opening order has its own ticket as position_id.
        return self._trade.book.identified(order.position_id) if order.position_id else None

    def make(self, order: Order, volume: Decimal, price: Decimal) -> Deal:
        """Make one deal of an order: add it to the book and update the position."""
        held = self.held(order)
        deal = self._apply(order, volume, price, held)
        self._trade.book.add_deal(deal)
        return deal

    def _apply(self, order: Order, volume: Decimal, price: Decimal, held: Position | None) -> Deal:
        if held is None:
            return self._open(order, volume, price)
        if order.type.side is not closing_type(held):
            return self._add(order, volume, price, held)
        if volume <= held.volume:
            return self.close(order, held, volume, price, DealEntry.OUT)
        return self._reverse(order, volume, price, held)

    def _deal(self, order: Order, volume: Decimal, price: Decimal, entry: DealEntry, position: int) -> Deal:
        return Deal(
            ticket=self._trade.book.deal_ticket(),
            order=order.ticket,
            time_msc=self._trade.now_ms,
            type=DealType.BUY if order.type.side is OrderType.BUY else DealType.SELL,
            entry=entry,
            reason=DealReason[order.reason.name],
            magic=order.magic,
            position_id=position,
            symbol=order.symbol,
            volume=volume,
            price=price,
            commission=self._trade.rates().commission(self._trade.commissions[order.symbol], volume),
            sl=order.sl,
            tp=order.tp,
            comment=order.comment,
        )

    def _open(self, order: Order, volume: Decimal, price: Decimal) -> Deal:
        deal = self._deal(order, volume, price, DealEntry.IN, order.ticket)
        self._trade.book.positions[order.ticket] = Position(
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
        self._trade.book.positions[held.ticket] = msgspec.structs.replace(
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
        """Levels of a netted position after an order has added to it."""
        if order.position_id:  # an earlier deal of the order has set them
            return held.sl, held.tp
        if self._quirks.netting_zero_levels == "KEEP":
            return order.sl or held.sl, order.tp or held.tp
        return order.sl, order.tp

    def close(self, order: Order, held: Position, volume: Decimal, price: Decimal, entry: DealEntry) -> Deal:
        """Take volume out of a position and return the deal, which the caller adds to the book."""
        deal = self._deal(order, volume, price, entry, held.identifier)
        side = DealType.SELL if held.type is PositionType.BUY else DealType.BUY
        swap = self._trade.rates().swap_share(held.swap, volume, held.volume)
        profit = self._profit(held, volume, price)
        if volume == held.volume:
            self._remove(held)
        else:
            self._trade.book.positions[held.ticket] = msgspec.structs.replace(
                held,
                volume=held.volume - volume,
                swap=held.swap - swap,
                time_update_msc=deal.time_msc,
                magic=order.magic if self._quirks.partial_close_sets_magic else held.magic,
            )
        return msgspec.structs.replace(deal, type=side, swap=swap, profit=profit, sl=held.sl, tp=held.tp)

    def _reverse(self, order: Order, volume: Decimal, price: Decimal, held: Position) -> Deal:
        """Make one deal that closes a netted position and opens the opposite one. The identifier stays, the ticket
        becomes the order's."""
        deal = self._deal(order, volume, price, DealEntry.INOUT, held.identifier)
        profit = self._profit(held, held.volume, price)
        del self._trade.book.positions[held.ticket]
        self._trade.book.positions[order.ticket] = msgspec.structs.replace(
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

    def roll_out(self, held: Position, terms: Reopening, order: int) -> Deal:
        """Close a position whole, as the first half of a reopening, and return the deal, which the caller books."""
        self._remove(held)
        deal = self._rolled(held, DealEntry.OUT, terms, order)
        return msgspec.structs.replace(
            deal,
            price=terms.close_price,
            swap=held.swap,
            profit=self._profit(held, held.volume, terms.close_price),
        )

    def roll_in(self, held: Position, terms: Reopening, order: int, ticket: int) -> Deal:
        """Open a closed position again under its identifier, and return the deal, which the caller books."""
        book = self._trade.book
        book.closed.pop(held.identifier, None)
        book.positions[ticket] = msgspec.structs.replace(
            held,
            ticket=ticket,
            volume=terms.open_volume,
            magic=terms.magic,
            time_msc=self._trade.now_ms,
            time_update_msc=self._trade.now_ms,
            price_open=terms.open_price,
            swap=ZERO,
        )
        return self._rolled(held, DealEntry.IN, terms, order)

    def _rolled(self, held: Position, entry: DealEntry, terms: Reopening, order: int) -> Deal:
        """One deal of a reopening, at the price of its second half."""
        buys = (held.type is PositionType.BUY) is (entry is DealEntry.IN)
        return Deal(
            ticket=self._trade.book.deal_ticket(),
            order=order,
            time_msc=self._trade.now_ms,
            type=DealType.BUY if buys else DealType.SELL,
            entry=entry,
            reason=terms.reason,
            magic=terms.magic,
            position_id=held.identifier,
            symbol=held.symbol,
            volume=terms.open_volume if entry is DealEntry.IN else held.volume,
            price=terms.open_price,
            sl=held.sl,
            tp=held.tp,
            comment=terms.reason.name.lower(),
        )

    def annul(self, deal: Deal) -> str | None:
        """Undo a deal's change of its position. Return the reason where that is impossible, else None."""
        book = self._trade.book
        held = book.identified(deal.position_id)
        opens = deal.entry is DealEntry.IN
        side = PositionType.BUY if (deal.type is DealType.BUY) is opens else PositionType.SELL
        if deal.entry is DealEntry.INOUT:
            return "it reversed its position"
        if opens:
            if held is None or held.type is not side:
                return "its position is closed"
            if held.volume < deal.volume:
                return "its position has been partially closed"
            self._undo_opening(held, deal)
            return None
        last = held or book.closed.get(deal.position_id)
        if last is None or last.type is not side:
            return "its position has been reversed"
        if held is not None:
            book.positions[held.ticket] = msgspec.structs.replace(held, volume=held.volume + deal.volume)
            return None
        if self._trade.netted(last.symbol) is not None:
            return "the symbol has another position by now"
        del book.closed[deal.position_id]
        book.positions[last.ticket] = msgspec.structs.replace(last, volume=deal.volume, swap=ZERO)
        return None

    def _undo_opening(self, held: Position, deal: Deal) -> None:
        rest = held.volume - deal.volume
        if not rest:
            self._remove(held)
            return
        price = _average(held.price_open, held.volume, deal.price, -deal.volume)
        # The rounding error of the average grows as the volume shrinks: rounding to a tenth of a point removes it.
        tenth = self._trade.symbols[held.symbol].point / 10
        self._trade.book.positions[held.ticket] = msgspec.structs.replace(
            held, volume=rest, price_open=price.quantize(tenth, ROUND_HALF_UP)
        )

    def _remove(self, held: Position) -> None:
        del self._trade.book.positions[held.ticket]
        self._trade.book.closed[held.identifier] = held

    def _profit(self, held: Position, volume: Decimal, price: Decimal) -> Decimal:
        symbol = self._trade.symbols[held.symbol]
        return self._trade.rates().profit(symbol, held.type, volume, held.price_open, price)


def _average(one: Decimal, volume: Decimal, other: Decimal, more: Decimal) -> Decimal:
    """Volume-weighted average of two prices."""
    if one == other:
        return one
    price = ((one * volume + other * more) / (volume + more)).quantize(AVERAGE, ROUND_HALF_UP)
    whole = price.to_integral_value()
    return whole if price == whole else price.normalize()
