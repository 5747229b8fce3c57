"""View of the broker in the terminal: with delays, and with the last known state while it is unreachable.

Source: mql5/FACTS.md 3 (live gap, magic of closing deals) and 4 (before the login).
"""

from collections.abc import Callable
from typing import Final, TypeVar, cast

import msgspec

from bridge.simulator.broker.api import BrokerApi, BrokerGone, BrokerTimeout
from bridge.simulator.mt5.types import (
    AccountInfo,
    Deal,
    DealEntry,
    DealReason,
    Order,
    Position,
    SymbolInfo,
    Tick,
)
from tests.mql5.host.functions.program import Program
from tests.mql5.host.switches import Switches

T = TypeVar("T")
R = TypeVar("R", Deal, Order, Position)
END_OF_TIME: Final = 1 << 52
_DAY_S: Final = 86_400
KEPT_US: Final = 2_000
"""Age up to which account, symbol and connection are not asked for again within one handler.

An EA reads a dozen properties of them in a row, and a broker in this process computes them each time.
"""


class BrokerView:
    """Account and market as the EA's terminal shows them."""

    def __init__(self, broker: BrokerApi, program: Program, switches: Switches) -> None:
        self._broker = broker
        self._program = program
        self._switches = switches
        self._last: dict[object, object] = {}
        self._asked: dict[object, tuple[int, int]] = {}
        """Handler and time (us) of the last query for each state that is kept for KEPT_US."""
        self._reached = True
        self.live: Callable[[], None] = lambda: None
        """Called before every query, to move a broker without its own clock to the current time."""

    @property
    def broker(self) -> BrokerApi:
        """Broker at the current time."""
        self.live()
        return self._broker

    @property
    def logged_in(self) -> bool:
        """True after the login to the account."""
        return self._program.elapsed_ms() >= self._switches.account_late

    def session_end(self, end_s: int) -> int:
        """Return the end of a trade session as the terminal shows it, in seconds: the switch session_end_wraps."""
        return end_s % _DAY_S if self._switches.session_end_wraps else end_s

    def connected(self) -> bool:
        """Return TERMINAL_CONNECTED."""
        return (
            self.logged_in
            and self._ask_rarely("connected", lambda: self.broker.connected(), False)
            and self._reached
        )

    def server_ms(self) -> int:
        """Return the trade server's time, ms."""
        return self._ask("server_time", self.broker.server_time, 0)

    def account(self) -> AccountInfo | None:
        """Return the account; None before the login."""
        return self._ask_rarely("account", lambda: self.broker.account(), None) if self.logged_in else None

    def symbol(self, name: str) -> SymbolInfo | None:
        """Return a symbol; None for an unknown one, and before the login."""
        if not self.logged_in:
            return None
        return self._ask_rarely(("symbol", name), lambda: self.broker.symbol(name), None)

    def symbols(self) -> list[str]:
        """Return the names of all symbols."""
        return self._ask("symbols", self.broker.symbols, []) if self.logged_in else []

    def tick(self, name: str) -> Tick | None:
        """Return a symbol's last quote; None before the first one."""
        if not self.logged_in or self._program.elapsed_ms() < self._switches.quotes_late:
            return None
        return self._ask(("tick", name), lambda: self.broker.tick(name), None)

    def last_quote_ms(self) -> int:
        """Return the time of the last quote of any symbol, ms."""
        ticks = [self.tick(name) for name in self.symbols()]
        return max((tick.time_msc for tick in ticks if tick is not None), default=0)

    def positions(self) -> list[Position]:
        """Return the open positions; the switch position_late delays new ones."""
        if not self.logged_in:
            return []
        found: list[Position] = self._ask("positions", self.broker.positions, [])
        return self._visible(found, self._switches.position_late, lambda position: position.time_msc)

    def orders(self) -> list[Order]:
        """Return the live orders; the switch order_in_neither_list delays new ones."""
        if not self.logged_in:
            return []
        found: list[Order] = self._ask("orders", self.broker.orders, [])
        return self._visible(found, self._switches.order_in_neither_list, lambda order: order.time_setup_msc)

    def has_history(self) -> bool:
        """Return False while the history cannot be selected: the switch history_refused_for."""
        return self._program.elapsed_ms() >= self._switches.history_refused_for

    def history_orders(self, from_ms: int, to_ms: int) -> list[Order]:
        """Return completed orders by completion time; the switch history_late delays them."""
        if not self.logged_in:
            return []
        key = ("history_orders", from_ms, to_ms)
        found: list[Order] = self._ask(key, lambda: self.broker.history_orders(from_ms, to_ms), [])
        return self._visible(found, self._switches.history_late, lambda order: order.time_done_msc)

    def history_deals(self, from_ms: int, to_ms: int) -> list[Deal]:
        """Return deals by time; the switch history_late delays them."""
        if not self.logged_in:
            return []
        key = ("history_deals", from_ms, to_ms)
        found: list[Deal] = self._ask(key, lambda: self.broker.history_deals(from_ms, to_ms), [])
        shown = self._visible(found, self._switches.history_late, lambda deal: deal.time_msc)
        return [self._shown(deal) for deal in shown]

    def _visible(self, records: list[R], late_ms: int, time_of: Callable[[R], int]) -> list[R]:
        """Return the records that are shown by now. A record from before the broker's clock was set back lies ahead
        of it, and is shown."""
        if not late_ms or not records:
            return records
        shown_until_ms = self.server_ms() - late_ms
        if all(time_of(record) <= shown_until_ms for record in records):
            return records
        # The terminal's own time may be behind, and a record that is new would lie ahead of it.
        now_ms = self._ask("server_time", lambda: self.broker.glance().server_time, 0)
        hidden = range(now_ms - late_ms + 1, now_ms + 1)
        return [record for record in records if time_of(record) not in hidden]

    def _shown(self, deal: Deal) -> Deal:
        by_expert = deal.reason is DealReason.EXPERT
        if self._switches.closing_magic_zero and deal.entry is not DealEntry.IN and not by_expert:
            return msgspec.structs.replace(deal, magic=0)
        return deal

    def forget(self) -> None:
        """Ask for everything again: a trade request has changed it."""
        self._asked.clear()

    def _ask_rarely(self, key: object, question: Callable[[], T], unknown: T) -> T:
        """Return the broker's answer of at most KEPT_US ago in this handler, else a new one."""
        handler, now_us = self._program.handler, self._program.clock.now_us()
        asked_in, asked_us = self._asked.get(key, (-1, 0))
        if handler and asked_in == handler and now_us - asked_us <= KEPT_US and self._reached:
            return cast(T, self._last[key])
        answer = self._ask(key, question, unknown)
        if self._reached:
            self._asked[key] = handler, now_us
        return answer

    def _ask(self, key: object, question: Callable[[], T], unknown: T) -> T:
        """Return the broker's answer, or the last one while it is unreachable: a terminal keeps its state."""
        try:
            answer = question()
        except (BrokerGone, BrokerTimeout):
            self._reached = False
            return cast(T, self._last.get(key, unknown))
        self._reached = True
        self._last[key] = answer
        return answer
