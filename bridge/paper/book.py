"""The book: orders, deals, positions and the balance, and nothing that decides.

An order lives among the live orders, then in history. With an entry in `late_orders` or `late_deals`
it is in neither until its time comes, as happens on a real server.
"""

from decimal import Decimal

import msgspec
from msgspec import Struct

from bridge.core.amounts import ZERO
from bridge.paper.mt5 import Deal, Order, Position


class Book(Struct, kw_only=True):
    """Everything by ticket. `late_*` map a ticket to the server millisecond at which history shows it. The
    records are frozen, so a shallow copy is a picture of the moment."""

    next_order: int
    next_deal: int
    balance: Decimal = ZERO
    orders: dict[int, Order] = {}
    history: dict[int, Order] = {}
    deals: dict[int, Deal] = {}
    positions: dict[int, Position] = {}
    late_orders: dict[int, int] = {}
    late_deals: dict[int, int] = {}

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

    def revise_deal(self, ticket: int, commission: Decimal) -> Deal:
        """Change a deal's commission and book the difference. Raises KeyError."""
        old = self.deals[ticket]
        new = msgspec.structs.replace(old, commission=commission)
        self.balance += deal_money(new) - deal_money(old)
        self.deals[ticket] = new
        return new

    def close_order(self, order: Order) -> None:
        """Move an order from the live ones to history."""
        del self.orders[order.ticket]
        self.history[order.ticket] = order

    def hide(self, order: int, until_ms: int) -> None:
        """Keep an order, and its deals, out of history until then."""
        self.late_orders[order] = until_ms
        self.late_deals.update({d.ticket: until_ms for d in self.deals.values() if d.order == order})

    def shown_orders(self, now_ms: int) -> list[Order]:
        """History's orders that may be seen by now, in the order in which they were done."""
        return [order for ticket, order in self.history.items() if self.late_orders.get(ticket, 0) <= now_ms]

    def shown_order(self, ticket: int, now_ms: int) -> Order | None:
        """One of them."""
        return self.history.get(ticket) if self.late_orders.get(ticket, 0) <= now_ms else None

    def shown_deals(self, now_ms: int) -> list[Deal]:
        """The deals that may be seen by now, oldest first."""
        return [deal for ticket, deal in self.deals.items() if self.late_deals.get(ticket, 0) <= now_ms]

    def shown_deal(self, ticket: int, now_ms: int) -> Deal | None:
        """One of them."""
        return self.deals.get(ticket) if self.late_deals.get(ticket, 0) <= now_ms else None


def deal_money(deal: Deal) -> Decimal:
    """What a deal does to the balance."""
    return deal.profit + deal.commission + deal.swap + deal.fee
