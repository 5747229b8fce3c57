"""Execution: what an accepted request does to the book, and what the tape tells of it.

An order is placed, filled in one or more deals, and finished: three steps, so that an order which waits in
between is no other case. Nothing here refuses; `checks` has done that.
"""

from collections.abc import Iterable
from decimal import Decimal

import msgspec
from msgspec import Struct

from bridge.core.units.decimals import ZERO
from bridge.simulator.broker.book.book import WHOLE, Plan, Portion
from bridge.simulator.broker.book.trade_state import Desk, closing_type
from bridge.simulator.broker.book.transactions import Tape, deal_emitted, order_emitted, position_emitted
from bridge.simulator.broker.execution.deals import Dealing
from bridge.simulator.broker.fault_rules import Pace
from bridge.simulator.broker.scenario import Quirks
from bridge.simulator.mt5.types import (
    Deal,
    DealEntry,
    DealType,
    Order,
    OrderFilling,
    OrderReason,
    OrderState,
    OrderTime,
    OrderType,
    Position,
    TransactionType,
)

COMMENT_LENGTH = 31
"""Longer comments are cut, as brokers do."""


class Wanted(Struct, frozen=True, kw_only=True):
    """An order to be. With a `position` (its ticket) it closes that one, else it opens one or, on a netting
    account, works on the symbol's. A `price` and what follows it belong to pending orders."""

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
    position_by: int = 0
    price: Decimal = ZERO
    stoplimit: Decimal = ZERO
    type_time: OrderTime = OrderTime.GTC
    expiration: int = 0


class Done(Struct, frozen=True, kw_only=True):
    """An order as its execution left it, with the deals that were made of it."""

    order: Order
    deals: tuple[Deal, ...] = ()


class Execution:
    """The hand that writes into one desk's book and onto its tape."""

    def __init__(self, desk: Desk, tape: Tape, quirks: Quirks) -> None:
        self._desk = desk
        self._tape = tape
        self._quirks = quirks
        self._dealing = Dealing(desk, quirks)

    def execute(self, wanted: Wanted, plan: Plan = WHOLE) -> Done:
        """Place a market order, and do with it what the plan says."""
        order = self._place(wanted)
        self._plan(order, msgspec.structs.replace(plan, triggered=True))
        if plan.pace is Pace.MANUALLY:
            self._update(order, state=OrderState.PLACED)
        return self.work(order.ticket)

    def place(self, wanted: Wanted, plan: Plan = WHOLE) -> Order:
        """Place a pending order."""
        order = self._place(wanted)
        self._plan(order, plan)
        return order if self._quirks.placed_at_once else self._update(order, state=OrderState.PLACED)

    def work(self, ticket: int) -> Done:
        """Fill what the order's plan gives now, and finish the order where nothing is left to come."""
        order, plan = self._desk.book.orders[ticket], self._desk.book.plan(ticket)
        if plan.pace is Pace.MANUALLY:
            return Done(order=order)
        portions = plan.portions or (Portion(volume=order.volume_current),)
        now = portions if plan.pace is Pace.AT_ONCE else portions[:1]
        deals, late = [], self._quirks.close_deal_last and bool(order.position_id)
        for portion in now:
            order, deal = self._fill(order, portion, emitted=not late)
            deals.append(deal)
        rest = portions[len(now) :]
        if not order.volume_current:
            order = self._finish(order, OrderState.FILLED)
        elif self._orphaned(order):
            order = self._finish(order, OrderState.CANCELED)
        elif rest:
            self._plan(order, msgspec.structs.replace(plan, portions=rest))
        elif order.type_filling is OrderFilling.RETURN:
            # The market has no more for now: what comes next, a test says.
            self._plan(order, msgspec.structs.replace(plan, portions=(), pace=Pace.MANUALLY))
        else:
            order = self._finish(order, OrderState[self._quirks.ioc_remainder])
        if late:
            self._tell_deals(deals)
        return Done(order=order, deals=tuple(deals))

    def fill(self, ticket: int, volume: Decimal, price: Decimal) -> Deal:
        """One deal of a live order, and the order's end where it completes it."""
        order, deal = self._fill(self._desk.book.orders[ticket], Portion(volume=volume, price=price))
        if not order.volume_current:
            self._finish(order, OrderState.FILLED)
        elif self._orphaned(order):
            self._finish(order, OrderState.CANCELED)
        return deal

    def end(self, ticket: int, state: OrderState) -> Order:
        """Take a live order out of the market: cancelled, expired or turned down."""
        return self._finish(self._desk.book.orders[ticket], state)

    def change_order(
        self,
        ticket: int,
        *,
        price: Decimal,
        stoplimit: Decimal,
        sl: Decimal,
        tp: Decimal,
        type_time: OrderTime,
        expiration: int,
    ) -> Order:
        """Move a live order's price, levels and lifetime."""
        return self._update(
            self._desk.book.orders[ticket],
            price_open=price,
            price_stoplimit=stoplimit,
            sl=sl,
            tp=tp,
            type_time=type_time,
            time_expiration=expiration,
        )

    def activate(self, ticket: int) -> Order:
        """A stop-limit order has met its stop price: from now on it waits for its limit."""
        order = self._desk.book.orders[ticket]
        if self._quirks.stop_limit_keeps_type:
            self._plan(order, msgspec.structs.replace(self._desk.book.plan(ticket), activated=True))
            return order
        buys = order.type is OrderType.BUY_STOP_LIMIT
        return self._update(
            order,
            type=OrderType.BUY_LIMIT if buys else OrderType.SELL_LIMIT,
            price_open=order.price_stoplimit,
            price_stoplimit=ZERO,
        )

    def change_stops(self, ticket: int, sl: Decimal, tp: Decimal) -> None:
        """Move a position's levels."""
        position = msgspec.structs.replace(self._desk.book.positions[ticket], sl=sl, tp=tp)
        self._desk.book.positions[ticket] = position
        self._tape.tell(position_emitted(position))

    def close_by(self, wanted: Wanted) -> Done:
        """Close two opposite positions by each other, each at the other's open price. The profit is the
        first deal's."""
        book = self._desk.book
        held, other = book.positions[wanted.position], book.positions[wanted.position_by]
        order = self._place(wanted)
        first = self._close_part(order, held, wanted.volume, other.price_open)
        if self._quirks.close_by_position_emitted:
            left = book.positions.get(held.ticket) or msgspec.structs.replace(held, volume=ZERO)
            self._tape.tell(position_emitted(left))
        second = self._close_part(order, other, wanted.volume, held.price_open, earns=False)
        order = self._finish(msgspec.structs.replace(order, volume_current=ZERO), OrderState.FILLED)
        self._cancel_orphans(order, held, other)
        return Done(order=order, deals=(first, second))

    def _close_part(
        self, order: Order, held: Position, volume: Decimal, price: Decimal, *, earns: bool = True
    ) -> Deal:
        deal = self._dealing.close(order, held, volume, price, DealEntry.OUT_BY)
        if not earns:
            deal = msgspec.structs.replace(deal, profit=ZERO)
        self._desk.book.add_deal(deal)
        self._tell_deals([deal])
        return deal

    def annul(self, deal: Deal) -> str | None:
        """Undo a deal: its type says so, its profit is gone, its position is as if it had not been. The
        reason why that cannot be, or None."""
        reason = self._dealing.annul(deal)
        if reason is None:
            type = DealType.BUY_CANCELED if deal.type is DealType.BUY else DealType.SELL_CANCELED
            self.revise(msgspec.structs.replace(deal, type=type, profit=ZERO))
        return reason

    def revise(self, deal: Deal) -> None:
        """Put a deal in the place of its former self."""
        self._desk.book.revise_deal(deal)
        self._tape.tell(deal_emitted(TransactionType.DEAL_UPDATE, deal))

    def book(self, deal: Deal) -> None:
        """Enter a deal that is no order's: money that comes or goes."""
        self._desk.book.add_deal(deal)
        self._tell_deals([deal])

    def _place(self, wanted: Wanted) -> Order:
        price = wanted.price or self._desk.deal_price(wanted.symbol, wanted.type)
        at_once = wanted.type.pending and self._quirks.placed_at_once
        positions = self._desk.book.positions
        order = Order(
            ticket=self._desk.book.order_ticket(),
            symbol=wanted.symbol,
            type=wanted.type,
            state=OrderState.PLACED if at_once else OrderState.STARTED,
            reason=wanted.reason,
            magic=wanted.magic,
            type_filling=wanted.type_filling,
            type_time=wanted.type_time,
            time_setup_msc=self._desk.now_ms,
            time_expiration=wanted.expiration,
            volume_initial=wanted.volume,
            volume_current=wanted.volume,
            price_open=price,
            price_current=price,
            price_stoplimit=wanted.stoplimit,
            sl=wanted.sl,
            tp=wanted.tp,
            position_id=wanted.position and positions[wanted.position].identifier,
            position_by_id=wanted.position_by and positions[wanted.position_by].identifier,
            comment=wanted.comment[:COMMENT_LENGTH],
        )
        self._desk.book.orders[order.ticket] = order
        self._tape.tell(order_emitted(TransactionType.ORDER_ADD, order))
        return order

    def _plan(self, order: Order, plan: Plan) -> None:
        self._desk.book.plans[order.ticket] = plan

    def _fill(self, order: Order, portion: Portion, *, emitted: bool = True) -> tuple[Order, Deal]:
        """One deal. What is left open of the order is told."""
        held = self._dealing.held(order)
        price = portion.price or self._fill_price(order)
        volume = min(portion.volume, order.volume_current)
        if held is not None and not self._desk.netting and order.type.side is closing_type(held):
            volume = min(volume, held.volume)
        deal = self._dealing.make(order, volume, price)
        order = msgspec.structs.replace(
            order, volume_current=order.volume_current - deal.volume, position_id=deal.position_id
        )
        self._desk.book.orders[order.ticket] = order
        if emitted:
            self._tell_deals([deal])
        if order.volume_current:
            order = self._update(order, state=OrderState.PARTIAL)
        self._cancel_orphans(order, held)
        return order, deal

    def _fill_price(self, order: Order) -> Decimal:
        market = self._desk.deal_price(order.symbol, order.type)
        if self._quirks.limit_price == "MARKET":
            return market
        if order.type in (OrderType.BUY_LIMIT, OrderType.SELL_LIMIT):
            return order.price_open
        return order.price_stoplimit or market

    def _cancel_orphans(self, order: Order, *closed: Position | None) -> None:
        """End the other orders that were to close a position which this order has closed."""
        gone = {position.identifier for position in closed if position is not None}
        for other in list(self._desk.book.orders.values()):
            if other.position_id in gone and other.ticket != order.ticket and self._orphaned(other):
                self._finish(other, OrderState.CANCELED)

    def _orphaned(self, order: Order) -> bool:
        """Whether the position that a hedging account's order was to close is gone."""
        opens = order.position_id in (0, order.ticket)
        return not (self._desk.netting or opens or self._desk.book.identified(order.position_id))

    def _update(self, order: Order, **changes: object) -> Order:
        order = msgspec.structs.replace(order, **changes)
        self._desk.book.orders[order.ticket] = order
        self._tape.tell(order_emitted(TransactionType.ORDER_UPDATE, order))
        return order

    def _finish(self, order: Order, state: OrderState) -> Order:
        order = msgspec.structs.replace(order, state=state, time_done_msc=self._desk.now_ms)
        self._desk.book.close_order(order)
        self._tape.tell(order_emitted(TransactionType.ORDER_DELETE, order))
        self._tape.tell(order_emitted(TransactionType.HISTORY_ADD, order))
        return order

    def _tell_deals(self, deals: Iterable[Deal]) -> None:
        for deal in deals:
            self._tape.tell(deal_emitted(TransactionType.DEAL_ADD, deal))
