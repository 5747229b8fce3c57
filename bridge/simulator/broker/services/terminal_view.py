"""Queries of a terminal: account, symbols, orders, positions, history and transactions."""

from typing import Final

from bridge.simulator.broker.api import Glance
from bridge.simulator.broker.book.trade_state import TradeState
from bridge.simulator.broker.services.service import Service
from bridge.simulator.broker.state import BrokerState
from bridge.simulator.mt5.types import AccountInfo, Deal, Order, Position, SymbolInfo, Tick, Transaction

RECENT_MS: Final = 60_000
"""History whose changes are counted. A terminal finds older ones when it scans all of it."""
_ALL_TIME_MS: Final = 2**62


class TerminalView(Service):
    """The queries of BrokerApi. While the terminal is disconnected they answer from the last state that it saw."""

    def __init__(self, state: BrokerState) -> None:
        super().__init__(state)
        # From the time of the start, so that a number of a broker before a restart does not come again.
        self._changes = state.trade.now_ms
        self._recent: tuple[object, ...] = ()
        self._states = state.trade.now_ms
        self._shown: tuple[object, ...] = ()

    @property
    def _seen(self) -> TradeState:
        return self.state.last_seen or self._trade

    def glance(self, everything: bool = False) -> Glance:
        sent = self.state.transactions.items
        return Glance(
            connected=self.connected(),
            account=self.account(),
            server_time=self.server_time(),
            transaction=sent[-1][0] if sent else 0,
            changes=self.count_changes(),
            shown=self.count_states(),
        )

    def count_changes(self) -> int:
        """Return the present number of `Glance.changes`."""
        seen = self._seen
        since, book = seen.now_ms - RECENT_MS, seen.book
        # Records are frozen: those that did not change are the same objects.
        recent = (
            self.connected(),
            seen.terms,
            (*book.positions.values(),),
            (*book.orders.values(),),
            book.shown_orders(seen.now_ms, since, _ALL_TIME_MS),
            book.shown_deals(seen.now_ms, since, _ALL_TIME_MS),
        )
        if recent != self._recent:
            self._recent = recent
            self._changes += 1
        return self._changes

    def count_states(self) -> int:
        """Return the present number of `Glance.shown`."""
        seen = self._seen
        book = seen.book
        shown = (
            self.connected(),
            self.state.clock_shift_ms,
            self.state.transactions.last,
            seen.terms,
            book.balance,
            book.archive,
            (*seen.symbols.values(),),
            (*seen.quotes.values(),),
            (*book.positions.values(),),
            (*book.orders.values(),),
            (*book.history.values(),),
            (*book.deals.values(),),
            book.late(seen.now_ms),
        )
        if shown != self._shown:
            self._shown = shown
            self._states += 1
        return self._states

    def server_time(self) -> int:
        return self._trade.now_ms

    def account(self) -> AccountInfo:
        return self._seen.account(connected=self.connected())

    def symbols(self) -> list[str]:
        return sorted(self._seen.symbols)

    def symbol(self, name: str) -> SymbolInfo | None:
        return self._seen.symbol(name)

    def tick(self, name: str) -> Tick | None:
        return self._seen.quotes.get(name)

    def positions(self) -> list[Position]:
        return self._seen.positions()

    def orders(self) -> list[Order]:
        return self._seen.orders()

    def history_orders(self, from_ms: int, to_ms: int) -> list[Order]:
        return self._seen.book.shown_orders(self._seen.now_ms, from_ms, to_ms)

    def history_deals(self, from_ms: int, to_ms: int) -> list[Deal]:
        return self._seen.book.shown_deals(self._seen.now_ms, from_ms, to_ms)

    def order_by_ticket(self, ticket: int) -> Order | None:
        return self._seen.order(ticket)

    def history_order(self, ticket: int) -> Order | None:
        return self._seen.book.shown_order(ticket, self._seen.now_ms)

    def history_deal(self, ticket: int) -> Deal | None:
        return self._seen.book.shown_deal(ticket, self._seen.now_ms)

    def deals_by_position(self, identifier: int) -> list[Deal]:
        return self._seen.book.shown_of_position(identifier, self._seen.now_ms) if identifier else []

    def transactions(self, after: int) -> list[tuple[int, Transaction]]:
        return self.state.transactions.after(after)
