"""Operations of the broker on its records: deals that come late, vanish or are deleted, and money as a deal."""

from decimal import Decimal
from typing import Final

from bridge.core.units.decimals import ZERO
from bridge.simulator.broker.api import ControlError
from bridge.simulator.broker.services.service import Service
from bridge.simulator.mt5.types import Deal, DealEntry, DealReason, DealType

_NEVER: Final = 1 << 53
"""Server time from which history shows a record that is hidden until it is shown again."""
_TRADES: Final = (DealType.BUY, DealType.SELL, DealType.BUY_CANCELED, DealType.SELL_CANCELED)


class RecordOperations(Service):
    """hide_*, show_*, delete_deal, delay_history and book_deal (see BrokerOperations)."""

    def hide_deal(self, deal: int, milliseconds: int | None = None) -> None:
        self._trade.book.late_deals[self._known_deal(deal).ticket] = self._until(milliseconds)

    def show_deal(self, deal: int) -> None:
        self._show("deal", self._known_deal(deal).ticket, self._trade.book.late_deals)

    def hide_order(self, order: int, milliseconds: int | None = None) -> None:
        self._trade.book.late_orders[self._done_order(order)] = self._until(milliseconds)

    def show_order(self, order: int) -> None:
        self._show("order", self._done_order(order), self._trade.book.late_orders)

    def delete_deal(self, deal: int, refund: bool = False) -> None:
        self._execution.delete(self._known_deal(deal), refund=refund)

    def delay_history(self, deals: int = 0, orders: int = 0) -> None:
        book = self._trade.book
        book.deal_delay_ms, book.order_delay_ms = self._span("deals", deals), self._span("orders", orders)

    def book_deal(
        self,
        type: DealType,
        profit: Decimal = ZERO,
        commission: Decimal = ZERO,
        swap: Decimal = ZERO,
        fee: Decimal = ZERO,
        position: int = 0,
        symbol: str = "",
        reason: DealReason = DealReason.CLIENT,
        magic: int = 0,
        comment: str = "",
    ) -> int:
        if type in _TRADES:
            raise ControlError(
                f"type {type.name} is a trade's; write a type of money, such as COMMISSION, CHARGE or CORRECTION"
            )
        named = self._named(position)
        if symbol:
            self._known_symbol(symbol)
        deal = Deal(
            ticket=self._trade.book.deal_ticket(),
            order=0,
            time_msc=self._trade.now_ms,
            type=type,
            entry=DealEntry.IN,
            reason=reason,
            magic=magic,
            position_id=position,
            symbol=symbol or named,
            volume=ZERO,
            price=ZERO,
            profit=self._amount("profit", profit, None),
            commission=self._amount("commission", commission, None),
            swap=self._amount("swap", swap, None),
            fee=self._amount("fee", fee, None),
            comment=comment,
        )
        self._execution.book(deal)
        return deal.ticket

    def _named(self, identifier: int) -> str:
        """Return the symbol of an open or closed position; empty for identifier 0. Raises ControlError."""
        if not identifier:
            return ""
        held = self._trade.book.identified(identifier) or self._trade.book.closed.get(identifier)
        if held is None:
            raise ControlError(
                f"position {identifier} was never open; name an identifier of a position, or 0 for none"
            )
        return held.symbol

    def _done_order(self, ticket: int) -> int:
        if ticket not in self._trade.book.history:
            raise ControlError(f"order {ticket} is not in history; name a ticket of history_orders")
        return ticket

    def _show(self, kind: str, ticket: int, late: dict[int, int]) -> None:
        if late.pop(ticket, 0) <= self._trade.now_ms:
            raise ControlError(f"{kind} {ticket} is not hidden; hide it first")

    def _until(self, milliseconds: int | None) -> int:
        if milliseconds is None:
            return _NEVER
        return self._trade.now_ms + self._span("milliseconds", milliseconds)

    def _span(self, field: str, milliseconds: int) -> int:
        if milliseconds < 0:
            raise ControlError(f"{field} {milliseconds} is below 0; write 0 or more")
        return milliseconds
