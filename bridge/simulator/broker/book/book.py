"""The book: orders, deals, positions and the balance, and nothing that decides.

An order lives among the live orders, then in history. With an entry in `late_orders` or `late_deals`
it is in neither until its time comes, as happens on a real server.
"""

from collections.abc import Iterator
from decimal import Decimal
from itertools import takewhile

from msgspec import Struct

from bridge.core.units.decimals import ZERO
from bridge.simulator.broker.book.archive import Archive
from bridge.simulator.broker.fault_rules import Pace
from bridge.simulator.mt5.types import Deal, Order, Position


class Portion(Struct, frozen=True, kw_only=True):
    """A part of an order's volume, and its price; 0 is the market's."""

    volume: Decimal
    price: Decimal = ZERO


class Plan(Struct, frozen=True, kw_only=True):
    """What the broker will do with a live order. Without portions it fills whatever is open. `triggered` says
    that the order has met its price and works as a market order now; `activated`, that a stop-limit order has
    met its stop price; `refused`, that it will be turned down instead of filled."""

    portions: tuple[Portion, ...] = ()
    pace: Pace = Pace.AT_ONCE
    triggered: bool = False
    activated: bool = False
    refused: bool = False


WHOLE = Plan()
"""Fill it whole, at the market's price, as soon as its price is met."""


class Book(Struct, kw_only=True):
    """Everything by ticket. `late_*` map a ticket to the server millisecond at which history shows it. The
    records are frozen, so a shallow copy is a picture of the moment.

    `plans` holds those of live orders that are not WHOLE; `closed` the positions that were closed, as they
    last were, by identifier; `archive` what lay in history before the account's first deal here."""

    next_order: int
    next_deal: int
    balance: Decimal = ZERO
    orders: dict[int, Order] = {}
    history: dict[int, Order] = {}
    deals: dict[int, Deal] = {}
    positions: dict[int, Position] = {}
    late_orders: dict[int, int] = {}
    late_deals: dict[int, int] = {}
    plans: dict[int, Plan] = {}
    closed: dict[int, Position] = {}
    archive: Archive | None = None

    def copy(self) -> "Book":
        """A book that later entries do not reach."""
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
        )

    def order_ticket(self) -> int:
        """Draw the next order's ticket."""
        ticket = self.next_order
        self.next_order += 1
        return ticket

    def deal_ticket(self) -> int:
        """Draw the next deal's ticket."""
        ticket = self.next_deal
        self.next_deal += 1
        return ticket

    def add_deal(self, deal: Deal) -> None:
        """Enter a deal and book its money."""
        self.deals[deal.ticket] = deal
        self.balance += deal_money(deal)

    def revise_deal(self, deal: Deal) -> None:
        """Put a deal in the place of its former self and book the difference. Raises KeyError."""
        self.balance += deal_money(deal) - deal_money(self.deals[deal.ticket])
        self.deals[deal.ticket] = deal

    def close_order(self, order: Order) -> None:
        """Move an order from the live ones to history."""
        del self.orders[order.ticket]
        self.plans.pop(order.ticket, None)
        self.history[order.ticket] = order

    def plan(self, order: int) -> Plan:
        """What the broker will do with a live order."""
        return self.plans.get(order, WHOLE)

    def identified(self, identifier: int) -> Position | None:
        """The open position with this identifier."""
        return next((p for p in self.positions.values() if p.identifier == identifier), None)

    def hide(self, order: int, until_ms: int) -> None:
        """Keep an order, and its deals, out of history until then."""
        self.late_orders[order] = until_ms
        self.late_deals.update({d.ticket: until_ms for d in self.deals.values() if d.order == order})

    def shown_orders(self, now_ms: int, from_ms: int, to_ms: int) -> list[Order]:
        """History's orders done within [from_ms, to_ms] that may be seen by now, in the order in which they
        were done."""
        # Newest first, so that a look at the last hours does not walk through the years before.
        recent = takewhile(lambda order: order.time_done_msc >= from_ms, reversed(self.history.values()))
        shown = [
            order
            for order in recent
            if order.time_done_msc <= to_ms and self.late_orders.get(order.ticket, 0) <= now_ms
        ]
        return [*self._archived_orders(from_ms, to_ms), *reversed(shown)]

    def shown_order(self, ticket: int, now_ms: int) -> Order | None:
        """One of them."""
        if self.late_orders.get(ticket, 0) > now_ms:
            return None
        return self.history.get(ticket) or (self.archive.order(ticket) if self.archive else None)

    def shown_deals(self, now_ms: int, from_ms: int, to_ms: int) -> list[Deal]:
        """The deals made within [from_ms, to_ms] that may be seen by now, oldest first."""
        recent = takewhile(lambda deal: deal.time_msc >= from_ms, reversed(self.deals.values()))
        shown = [
            deal
            for deal in recent
            if deal.time_msc <= to_ms and self.late_deals.get(deal.ticket, 0) <= now_ms
        ]
        return [*self._archived_deals(from_ms, to_ms), *reversed(shown)]

    def shown_deal(self, ticket: int, now_ms: int) -> Deal | None:
        """One of them."""
        if self.late_deals.get(ticket, 0) > now_ms:
            return None
        return self.deals.get(ticket) or (self.archive.deal(ticket) if self.archive else None)

    def shown_of_position(self, identifier: int, now_ms: int) -> list[Deal]:
        """Those with this DEAL_POSITION_ID, oldest first."""
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


def deal_money(deal: Deal) -> Decimal:
    """What a deal does to the balance."""
    return deal.profit + deal.commission + deal.swap + deal.fee
