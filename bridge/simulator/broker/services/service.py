"""Base of the services: the state that they share, and the look-ups that refuse."""

from collections.abc import Iterable
from decimal import Decimal

from bridge.core.units.decimals import ZERO, AmountError, check_amount
from bridge.simulator.broker.api import ControlError
from bridge.simulator.broker.execution.orders import Execution
from bridge.simulator.broker.state import BrokerState
from bridge.simulator.mt5.types import Deal, Order, Position, SymbolInfo


class Service:
    """A part of one broker."""

    def __init__(self, state: BrokerState) -> None:
        self.state = state
        self._trade = state.trade
        self._quirks = state.scenario.quirks
        self._execution = Execution(state.trade, state.transactions, state.scenario.quirks)

    def connected(self) -> bool:
        return self.state.last_seen is None

    def _amount(self, field: str, value: Decimal, least: Decimal | None = ZERO) -> Decimal:
        """Return a price, volume or sum of money that can be one, not below `least`. Raises ControlError."""
        try:
            amount = check_amount(value)
        except AmountError as error:
            raise ControlError(f"{field} {value} {error}; write an ordinary number") from None
        if least is not None and amount < least:
            raise ControlError(f"{field} {value} is below {least}; write {least} or more")
        return amount

    def _known_symbol(self, symbol: str) -> SymbolInfo:
        """Return a symbol's properties. Raises ControlError."""
        found = self._trade.symbols.get(symbol)
        if found is None:
            supported = ", ".join(sorted(self._trade.symbols))
            raise ControlError(f"symbol {symbol!r} is unknown; supported: {supported}")
        return found

    def _open_position(self, ticket: int) -> Position:
        """Return an open position. Raises ControlError."""
        position = self._trade.book.positions.get(ticket)
        if position is None:
            raise ControlError(f"position {ticket} is not open; open: {_listed(self._trade.book.positions)}")
        return position

    def _live_order(self, ticket: int) -> Order:
        """Return a live order. Raises ControlError."""
        order = self._trade.book.orders.get(ticket)
        if order is None:
            raise ControlError(f"order {ticket} is not live; live: {_listed(self._trade.book.orders)}")
        return order

    def _known_deal(self, ticket: int) -> Deal:
        """Return a deal. Raises ControlError."""
        deal = self._trade.book.deals.get(ticket)
        if deal is None:
            raise ControlError(f"deal {ticket} is unknown; name a ticket of history_deals")
        return deal


def _listed(tickets: Iterable[int]) -> str:
    return ", ".join(map(str, tickets)) or "none"
