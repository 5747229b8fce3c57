"""The book: orders, deals, positions and the balance.

An order is among the live orders, then in history. With an entry in `late_orders` or `late_deals` a record is in
neither until its time comes, as happens on a real server.
"""

from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import takewhile
from typing import TypeVar

import msgspec
from msgspec import Struct

from bridge.core.units.decimals import ZERO
from bridge.simulator.broker.book.archive import Archive
from bridge.simulator.broker.fault_rules import Pace
from bridge.simulator.mt5.types import Deal, DealReason, Order, Position

R = TypeVar("R", Deal, Order, Position)


class Portion(Struct, frozen=True, kw_only=True):
    """Volume (lots) of one deal of an order, and its price; 0 is the market's."""

    volume: Decimal
    price: Decimal = ZERO


class FillPlan(Struct, frozen=True, kw_only=True):
    """Plan for the fills of a live order. Without portions the whole volume is filled in one deal. `triggered`: the
    order has met its price and is filled as a market order from now on; `activated`: a stop-limit order has met
    its stop price; `refused`: the order will be rejected instead of filled; `drops_sl` and `drops_tp`: its
    deals do not have the order's level."""

    portions: tuple[Portion, ...] = ()
    pace: Pace = Pace.AT_ONCE
    triggered: bool = False
    drops_sl: bool = False
    drops_tp: bool = False
    activated: bool = False
    refused: bool = False


class Reopening(Struct, frozen=True, kw_only=True):
    """Terms of closing a position and opening it again under its identifier. Without `orders` the deals have no
    orders."""

    close_price: Decimal
    open_price: Decimal
    open_volume: Decimal
    reason: DealReason
    new_ticket: bool
    magic: int
    orders: bool


class PendingReopening(Struct, frozen=True, kw_only=True):
    """A position that was closed and is opened again at this steady time (ms)."""

    due_ms: int
    held: Position
    terms: Reopening


FILL_WHOLE = FillPlan()
"""One deal of the whole volume at the market's price, as soon as the order's price is met."""


class Book(Struct, kw_only=True):
    """Records by ticket. `late_orders` and `late_deals` map a ticket to the server time (ms) from which history
    shows the record. Records are frozen, so a shallow copy keeps the state of the moment.

    `plans` holds the plans of live orders that differ from FILL_WHOLE; `closed` the last state of each closed
    position, by identifier; `archive` the old history before the account's first deal. The two delays are the time
    after which history shows a record. `turned_back`: the clock was set back, so that records are not in order of
    time. `reopenings` holds the positions that are opened again later."""

    next_order: int
    next_deal: int
    balance: Decimal = ZERO
    orders: dict[int, Order] = {}
    history: dict[int, Order] = {}
    deals: dict[int, Deal] = {}
    positions: dict[int, Position] = {}
    late_orders: dict[int, int] = {}
    late_deals: dict[int, int] = {}
    plans: dict[int, FillPlan] = {}
    closed: dict[int, Position] = {}
    archive: Archive | None = None
    deal_delay_ms: int = 0
    order_delay_ms: int = 0
    turned_back: bool = False
    reopenings: list[PendingReopening] = []

    def copy(self) -> "Book":
        """Return a copy that later entries do not change."""
        return Book(
            next_order=self.next_order,
            next_deal=self.next_deal,
            balance=self.balance,
            orders=dict(self.orders),
            history=dict(self.history),
            deals=dict(self.deals),
            positions=dict(self.positions),
            late_orders=dict(self.late_orders),
            late_deals=dict(self.late_deals),
            plans=dict(self.plans),
            closed=dict(self.closed),
            archive=self.archive,
            deal_delay_ms=self.deal_delay_ms,
            order_delay_ms=self.order_delay_ms,
            turned_back=self.turned_back,
            reopenings=list(self.reopenings),
        )

    def order_ticket(self) -> int:
        """Return a new order's ticket."""
        ticket = self.next_order
        self.next_order += 1
        return ticket

    def deal_ticket(self) -> int:
        """Return a new deal's ticket."""
        ticket = self.next_deal
        self.next_deal += 1
        return ticket

    def add_deal(self, deal: Deal) -> None:
        """Add a deal and book its money."""
        self.deals[deal.ticket] = deal
        self.balance += deal_money(deal)
        if self.deal_delay_ms:
            self.late_deals[deal.ticket] = deal.time_msc + self.deal_delay_ms

    def delete_deal(self, deal: Deal, *, refund: bool) -> None:
        """Remove a deal, and its money from the balance where that is refunded. Raises KeyError."""
        del self.deals[deal.ticket]
        self.late_deals.pop(deal.ticket, None)
        if refund:
            self.balance -= deal_money(deal)

    def revise_deal(self, deal: Deal) -> None:
        """Replace the deal with this ticket and book the difference of the money. Raises KeyError."""
        self.balance += deal_money(deal) - deal_money(self.deals[deal.ticket])
        self.deals[deal.ticket] = deal

    def close_order(self, order: Order) -> None:
        """Move an order from the live ones to history."""
        del self.orders[order.ticket]
        self.plans.pop(order.ticket, None)
        self.history[order.ticket] = order
        if self.order_delay_ms:
            self.late_orders[order.ticket] = order.time_done_msc + self.order_delay_ms

    def rename(self, symbol: str, new_name: str, *, history: bool) -> None:
        """Change a symbol's name in positions and live orders, and in done orders and deals where wanted."""
        self.positions = _renamed(self.positions, symbol, new_name)
        self.closed = _renamed(self.closed, symbol, new_name)
        self.orders = _renamed(self.orders, symbol, new_name)
        self.reopenings = [
            msgspec.structs.replace(each, held=msgspec.structs.replace(each.held, symbol=new_name))
            if each.held.symbol == symbol
            else each
            for each in self.reopenings
        ]
        if history:
            self.history = _renamed(self.history, symbol, new_name)
            self.deals = _renamed(self.deals, symbol, new_name)

    def plan(self, order: int) -> FillPlan:
        """Return the plan of a live order."""
        return self.plans.get(order, FILL_WHOLE)

    def identified(self, identifier: int) -> Position | None:
        """Return the open position with this identifier."""
        return next((p for p in self.positions.values() if p.identifier == identifier), None)

    def hide(self, order: int, until_ms: int) -> None:
        """Keep an order and its deals out of history until this server time."""
        self.late_orders[order] = until_ms
        self.late_deals.update({d.ticket: until_ms for d in self.deals.values() if d.order == order})

    def late(self, now_ms: int) -> tuple[int, ...]:
        """Return the tickets of the orders, then of the deals, that history does not show yet."""
        entries = (*self.late_orders.items(), *self.late_deals.items())
        return tuple(ticket for ticket, due_ms in entries if due_ms > now_ms)

    def shown_orders(self, now_ms: int, from_ms: int, to_ms: int) -> list[Order]:
        """Return the orders done within [from_ms, to_ms] that history shows by now, in the order in which they
        were done."""
        recent = self._since(self.history, from_ms, _done_time)
        shown = [
            order
            for order in recent
            if order.time_done_msc <= to_ms and self.late_orders.get(order.ticket, 0) <= now_ms
        ]
        return [*self._archived_orders(from_ms, to_ms), *shown]

    def shown_order(self, ticket: int, now_ms: int) -> Order | None:
        """Return the done order with this ticket, if history shows it by now."""
        if self.late_orders.get(ticket, 0) > now_ms:
            return None
        return self.history.get(ticket) or (self.archive.order(ticket) if self.archive else None)

    def shown_deals(self, now_ms: int, from_ms: int, to_ms: int) -> list[Deal]:
        """Return the deals made within [from_ms, to_ms] that history shows by now, oldest first."""
        recent = self._since(self.deals, from_ms, _deal_time)
        shown = [
            deal
            for deal in recent
            if deal.time_msc <= to_ms and self.late_deals.get(deal.ticket, 0) <= now_ms
        ]
        return [*self._archived_deals(from_ms, to_ms), *shown]

    def _since(self, records: dict[int, R], from_ms: int, time: Callable[[R], int]) -> list[R]:
        """Return the records from a time on, oldest first."""
        if self.turned_back:
            return sorted((each for each in records.values() if time(each) >= from_ms), key=time)
        # Newest first, so that a query of the last hours does not read the years before.
        return list(takewhile(lambda each: time(each) >= from_ms, reversed(records.values())))[::-1]

    def shown_deal(self, ticket: int, now_ms: int) -> Deal | None:
        """Return the deal with this ticket, if history shows it by now."""
        if self.late_deals.get(ticket, 0) > now_ms:
            return None
        return self.deals.get(ticket) or (self.archive.deal(ticket) if self.archive else None)

    def shown_of_position(self, identifier: int, now_ms: int) -> list[Deal]:
        """Return the deals with this DEAL_POSITION_ID that history shows by now, oldest first."""
        archived = self.archive.of_position(identifier) if self.archive else []
        return archived + [
            deal
            for deal in self.deals.values()
            if deal.position_id == identifier and self.late_deals.get(deal.ticket, 0) <= now_ms
        ]

    def _archived_orders(self, from_ms: int, to_ms: int) -> Iterator[Order]:
        return self.archive.orders(from_ms, to_ms) if self.archive else iter(())

    def _archived_deals(self, from_ms: int, to_ms: int) -> Iterator[Deal]:
        return self.archive.deals(from_ms, to_ms) if self.archive else iter(())


def _done_time(order: Order) -> int:
    return order.time_done_msc


def _deal_time(deal: Deal) -> int:
    return deal.time_msc


def _renamed(records: dict[int, R], symbol: str, new_name: str) -> dict[int, R]:
    return {
        ticket: msgspec.structs.replace(record, symbol=new_name) if record.symbol == symbol else record
        for ticket, record in records.items()
    }


def deal_money(deal: Deal) -> Decimal:
    """Return the change of the balance by a deal."""
    return deal.profit + deal.commission + deal.swap + deal.fee
