"""Execution of orders: changes of the book, and the transactions about them.

An order is placed, filled in one or more deals, and finished: three steps, so that an order which waits in between
needs no code of its own. Nothing is refused here; `checks` refuses before.
"""

from collections.abc import Iterable
from decimal import Decimal

import msgspec
from msgspec import Struct

from bridge.core.units.decimals import ZERO
from bridge.simulator.broker.book.book import FILL_WHOLE, FillPlan, Portion, Reopening
from bridge.simulator.broker.book.trade_state import STOPS, TradeState, closing_type
from bridge.simulator.broker.book.transactions import (
    TransactionLog,
    deal_transaction,
    order_transaction,
    position_transaction,
)
from bridge.simulator.broker.execution.deals import Deals
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
"""Longer comments are truncated, as brokers do."""


class NewOrder(Struct, frozen=True, kw_only=True):
    """An order to place. With a `position` (its ticket) it closes that position, else it opens one or, on a netting
    account, changes the symbol's. The fields from `price` on are for pending orders."""

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


class Outcome(Struct, frozen=True, kw_only=True):
    """An order after its execution, with its deals."""

    order: Order
    deals: tuple[Deal, ...] = ()


class Execution:
    """Places, fills and finishes the orders of one account."""

    def __init__(self, trade: TradeState, transactions: TransactionLog, quirks: Quirks) -> None:
        self._trade = trade
        self._log = transactions
        self._quirks = quirks
        self._deals = Deals(trade, quirks)

    def execute(self, new_order: NewOrder, plan: FillPlan = FILL_WHOLE) -> Outcome:
        """Place a market order and fill it as planned."""
        order = self._place(new_order)
        self._plan(order, msgspec.structs.replace(plan, triggered=True))
        if plan.pace is Pace.MANUALLY:
            self._update(order, state=OrderState.PLACED)
        return self.work(order.ticket)

    def place(self, new_order: NewOrder, plan: FillPlan = FILL_WHOLE) -> Order:
        """Place a pending order."""
        order = self._place(new_order)
        self._plan(order, plan)
        return order if self._quirks.placed_at_once else self._update(order, state=OrderState.PLACED)

    def work(self, ticket: int) -> Outcome:
        """Fill the portions that are due by the order's plan, and finish the order after the last one."""
        order, plan = self._trade.book.orders[ticket], self._trade.book.plan(ticket)
        if plan.pace is Pace.MANUALLY:
            return Outcome(order=order)
        portions = plan.portions or (Portion(volume=self._trade.fillable(order)),)
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
            # The rest stays live: until the next quote where the depth is limited, else until a test fills it.
            pace = Pace.PER_QUOTE if order.symbol in self._trade.depths else Pace.MANUALLY
            self._plan(order, msgspec.structs.replace(plan, portions=(), pace=pace))
        else:
            order = self._finish(order, OrderState[self._quirks.ioc_remainder])
        if late:
            self._log_deals(deals)
        return Outcome(order=order, deals=tuple(deals))

    def fill(self, ticket: int, volume: Decimal, price: Decimal) -> Deal:
        """Make one deal of a live order, and finish the order where that completes it."""
        order, deal = self._fill(self._trade.book.orders[ticket], Portion(volume=volume, price=price))
        if not order.volume_current:
            self._finish(order, OrderState.FILLED)
        elif self._orphaned(order):
            self._finish(order, OrderState.CANCELED)
        return deal

    def end(self, ticket: int, state: OrderState) -> Order:
        """Finish a live order as cancelled, expired or rejected."""
        return self._finish(self._trade.book.orders[ticket], state)

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
        """Change a live order's price, levels and lifetime."""
        return self._update(
            self._trade.book.orders[ticket],
            price_open=price,
            price_stoplimit=stoplimit,
            sl=sl,
            tp=tp,
            type_time=type_time,
            time_expiration=expiration,
        )

    def activate(self, ticket: int) -> Order:
        """Turn a stop-limit order that has met its stop price into an order that waits for its limit price."""
        order = self._trade.book.orders[ticket]
        if self._quirks.stop_limit_keeps_type:
            self._plan(order, msgspec.structs.replace(self._trade.book.plan(ticket), activated=True))
            return order
        buys = order.type is OrderType.BUY_STOP_LIMIT
        return self._update(
            order,
            type=OrderType.BUY_LIMIT if buys else OrderType.SELL_LIMIT,
            price_open=order.price_stoplimit,
            price_stoplimit=ZERO,
        )

    def change_stops(self, ticket: int, sl: Decimal, tp: Decimal) -> None:
        """Change a position's levels."""
        position = msgspec.structs.replace(self._trade.book.positions[ticket], sl=sl, tp=tp)
        self._trade.book.positions[ticket] = position
        self._log.append(position_transaction(position))

    def close_by(self, new_order: NewOrder) -> Outcome:
        """Close two opposite positions by each other, each at the other's open price. The first deal has the whole
        profit."""
        book = self._trade.book
        held, other = book.positions[new_order.position], book.positions[new_order.position_by]
        order = self._place(new_order)
        first = self._close_volume(order, held, new_order.volume, other.price_open)
        if self._quirks.close_by_position_emitted:
            left = book.positions.get(held.ticket) or msgspec.structs.replace(held, volume=ZERO)
            self._log.append(position_transaction(left))
        second = self._close_volume(order, other, new_order.volume, held.price_open, earns=False)
        order = self._finish(msgspec.structs.replace(order, volume_current=ZERO), OrderState.FILLED)
        self._cancel_orphans(order.ticket, held, other)
        return Outcome(order=order, deals=(first, second))

    def _close_volume(
        self, order: Order, held: Position, volume: Decimal, price: Decimal, *, earns: bool = True
    ) -> Deal:
        deal = self._deals.close(order, held, volume, price, DealEntry.OUT_BY)
        if not earns:
            deal = msgspec.structs.replace(deal, profit=ZERO)
        self._trade.book.add_deal(deal)
        self._log_deals([deal])
        return deal

    def reopen(self, held: Position, terms: Reopening) -> Position:
        """Close a position and open it again under its identifier, in two deals; return it afterwards."""
        self.roll_out(held, terms)
        return self.roll_in(held, terms)

    def roll_out(self, held: Position, terms: Reopening) -> None:
        """Close a position that is to be opened again."""
        order = self._server_order(held, closing_type(held), held.volume, terms)
        self.book(self._deals.roll_out(held, terms, order))
        self._end_server_order(order)

    def roll_in(self, held: Position, terms: Reopening) -> Position:
        """Open a closed position again under its identifier; return it."""
        opens = OrderType.BUY if closing_type(held) is OrderType.SELL else OrderType.SELL
        order = self._server_order(held, opens, terms.open_volume, terms)
        ticket = (order or self._trade.book.order_ticket()) if terms.new_ticket else held.ticket
        self.book(self._deals.roll_in(held, terms, order, ticket))
        self._end_server_order(order)
        return self._trade.book.positions[ticket]

    def _server_order(self, held: Position, type: OrderType, volume: Decimal, terms: Reopening) -> int:
        """Place an order of the server itself and return its ticket; 0 where the deals have no orders."""
        if not terms.orders:
            return 0
        order = self._place(
            NewOrder(
                symbol=held.symbol,
                type=type,
                volume=volume,
                reason=OrderReason.CLIENT,
                magic=terms.magic,
            )
        )
        self._trade.book.orders[order.ticket] = msgspec.structs.replace(
            order, position_id=held.identifier, volume_current=ZERO
        )
        return order.ticket

    def _end_server_order(self, ticket: int) -> None:
        if ticket:
            self.end(ticket, OrderState.FILLED)

    def correct(self, position: Position) -> None:
        """Replace a position without a deal; one without volume is removed."""
        corrected = msgspec.structs.replace(position, time_update_msc=self._trade.now_ms)
        if position.volume:
            self._trade.book.positions[position.ticket] = corrected
        else:
            closed = self._trade.book.positions.pop(position.ticket)
            self._trade.book.closed[closed.identifier] = closed
            self._cancel_orphans(0, closed)
        self._log.append(position_transaction(corrected))

    def delete(self, deal: Deal, *, refund: bool) -> None:
        """Delete a deal from history."""
        self._trade.book.delete_deal(deal, refund=refund)
        self._log.append(deal_transaction(TransactionType.DEAL_DELETE, deal))

    def annul(self, deal: Deal) -> str | None:
        """Annul a deal: set its type to BUY_CANCELED or SELL_CANCELED and its profit to 0, and undo its change of
        the position. Return the reason where that is impossible, else None."""
        reason = self._deals.annul(deal)
        if reason is None:
            type = DealType.BUY_CANCELED if deal.type is DealType.BUY else DealType.SELL_CANCELED
            self.revise(msgspec.structs.replace(deal, type=type, profit=ZERO))
        return reason

    def revise(self, deal: Deal) -> None:
        """Replace the deal with this ticket."""
        self._trade.book.revise_deal(deal)
        self._log.append(deal_transaction(TransactionType.DEAL_UPDATE, deal))

    def book(self, deal: Deal) -> None:
        """Add a deal without an order: a change of the balance."""
        self._trade.book.add_deal(deal)
        self._log_deals([deal])

    def _place(self, new_order: NewOrder) -> Order:
        price = new_order.price or self._trade.deal_price(new_order.symbol, new_order.type)
        at_once = new_order.type.pending and self._quirks.placed_at_once
        positions = self._trade.book.positions
        order = Order(
            ticket=self._trade.book.order_ticket(),
            symbol=new_order.symbol,
            type=new_order.type,
            state=OrderState.PLACED if at_once else OrderState.STARTED,
            reason=new_order.reason,
            magic=new_order.magic,
            type_filling=new_order.type_filling,
            type_time=new_order.type_time,
            time_setup_msc=self._trade.now_ms,
            time_expiration=new_order.expiration,
            volume_initial=new_order.volume,
            volume_current=new_order.volume,
            price_open=price,
            price_current=price,
            price_stoplimit=new_order.stoplimit,
            sl=new_order.sl,
            tp=new_order.tp,
            position_id=new_order.position and positions[new_order.position].identifier,
            position_by_id=new_order.position_by and positions[new_order.position_by].identifier,
            comment=new_order.comment[:COMMENT_LENGTH],
        )
        self._trade.book.orders[order.ticket] = order
        self._log.append(order_transaction(TransactionType.ORDER_ADD, order))
        return order

    def _plan(self, order: Order, plan: FillPlan) -> None:
        self._trade.book.plans[order.ticket] = plan

    def _fill(self, order: Order, portion: Portion, *, emitted: bool = True) -> tuple[Order, Deal]:
        """Make one deal; a partial fill updates the order."""
        held = self._deals.held(order)
        price = portion.price or self._fill_price(order)
        volume = min(portion.volume, order.volume_current)
        if held is not None and self._only_closes(order) and order.type.side is closing_type(held):
            volume = min(volume, held.volume)
        plan = self._trade.book.plan(order.ticket)
        executed = msgspec.structs.replace(
            order, sl=ZERO if plan.drops_sl else order.sl, tp=ZERO if plan.drops_tp else order.tp
        )
        deal = self._deals.make(executed, volume, price)
        order = msgspec.structs.replace(
            order, volume_current=order.volume_current - deal.volume, position_id=deal.position_id
        )
        self._trade.book.orders[order.ticket] = order
        if emitted:
            self._log_deals([deal])
        if order.volume_current:
            order = self._update(order, state=OrderState.PARTIAL)
        self._cancel_orphans(order.ticket, held)
        return order, deal

    def _fill_price(self, order: Order) -> Decimal:
        market = self._trade.deal_price(order.symbol, order.type)
        if self._quirks.limit_price == "MARKET":
            return market
        if order.type in (OrderType.BUY_LIMIT, OrderType.SELL_LIMIT):
            return order.price_open
        return order.price_stoplimit or market

    def _cancel_orphans(self, order: int, *closed: Position | None) -> None:
        """Cancel the orders, other than this one, that close a position which is closed by now."""
        gone = {position.identifier for position in closed if position is not None}
        for other in list(self._trade.book.orders.values()):
            if other.position_id in gone and other.ticket != order and self._orphaned(other):
                self._finish(other, OrderState.CANCELED)

    def _orphaned(self, order: Order) -> bool:
        """Return whether the order can only close a position, which no longer exists."""
        opens = order.position_id in (0, order.ticket)
        return self._only_closes(order) and not (opens or self._trade.book.identified(order.position_id))

    def _only_closes(self, order: Order) -> bool:
        """Return whether the order never opens a position of its own: on a netting account a stop alone."""
        return not self._trade.netting or order.reason in STOPS

    def _update(self, order: Order, **changes: object) -> Order:
        order = msgspec.structs.replace(order, **changes)
        self._trade.book.orders[order.ticket] = order
        self._log.append(order_transaction(TransactionType.ORDER_UPDATE, order))
        return order

    def _finish(self, order: Order, state: OrderState) -> Order:
        order = msgspec.structs.replace(order, state=state, time_done_msc=self._trade.now_ms)
        self._trade.book.close_order(order)
        self._log.append(order_transaction(TransactionType.ORDER_DELETE, order))
        self._log.append(order_transaction(TransactionType.HISTORY_ADD, order))
        return order

    def _log_deals(self, deals: Iterable[Deal]) -> None:
        for deal in deals:
            self._log.append(deal_transaction(TransactionType.DEAL_ADD, deal))
