"""The broker as the terminal shows it: with delays, and with the last picture while the broker cannot be reached.

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
END_OF_TIME: Final = 1 << 52


class BrokerView:
    """What the EA's terminal knows of account and market."""

    def __init__(self, broker: BrokerApi, program: Program, switches: Switches) -> None:
        self._broker = broker
        self._program = program
        self._switches = switches
        self._last: dict[object, object] = {}
        self._reached = True
        self.live: Callable[[], None] = lambda: None
        """Called before every question: a broker that has no clock of its own is brought to the moment."""

    @property
    def broker(self) -> BrokerApi:
        """The broker as it is at this moment."""
        self.live()
        return self._broker

    @property
    def logged_in(self) -> bool:
        """Whether the account is there yet."""
        return self._program.elapsed_ms() >= self._switches.account_late

    def connected(self) -> bool:
        """TERMINAL_CONNECTED."""
        return self.logged_in and self._ask("connected", self.broker.connected, False) and self._reached

    def server_ms(self) -> int:
        """The trade server's time."""
        return self._ask("server_time", self.broker.server_time, 0)

    def account(self) -> AccountInfo | None:
        """The account; None before the login."""
        return self._ask("account", self.broker.account, None) if self.logged_in else None

    def symbol(self, name: str) -> SymbolInfo | None:
        """A symbol; None where there is none, and before the login."""
        return self._ask(("symbol", name), lambda: self.broker.symbol(name), None) if self.logged_in else None

    def symbols(self) -> list[str]:
        """All symbols' names."""
        return self._ask("symbols", self.broker.symbols, []) if self.logged_in else []

    def tick(self, name: str) -> Tick | None:
        """A symbol's last quote; None before the first one."""
        if not self.logged_in or self._program.elapsed_ms() < self._switches.quotes_late:
            return None
        return self._ask(("tick", name), lambda: self.broker.tick(name), None)

    def last_quote_ms(self) -> int:
        """When the last quote of any symbol came."""
        ticks = [self.tick(name) for name in self.symbols()]
        return max((tick.time_msc for tick in ticks if tick is not None), default=0)

    def positions(self) -> list[Position]:
        """The open positions; a fresh one shows late, where the switch says so."""
        if not self.logged_in:
            return []
        latest = self.server_ms() - self._switches.position_late
        found: list[Position] = self._ask("positions", self.broker.positions, [])
        return [position for position in found if position.time_msc <= latest]

    def orders(self) -> list[Order]:
        """The live orders; a fresh one shows late, where the switch says so."""
        if not self.logged_in:
            return []
        latest = self.server_ms() - self._switches.order_in_neither_list
        found: list[Order] = self._ask("orders", self.broker.orders, [])
        return [order for order in found if order.time_setup_msc <= latest]

    def history_orders(self, from_ms: int, to_ms: int) -> list[Order]:
        """Done orders, by the time they were done."""
        if not self.logged_in:
            return []
        key = ("history_orders", from_ms, to_ms)
        found: list[Order] = self._ask(key, lambda: self.broker.history_orders(from_ms, to_ms), [])
        return [order for order in found if order.time_done_msc <= self._latest_ms()]

    def history_deals(self, from_ms: int, to_ms: int) -> list[Deal]:
        """Deals, by their time."""
        if not self.logged_in:
            return []
        key = ("history_deals", from_ms, to_ms)
        found: list[Deal] = self._ask(key, lambda: self.broker.history_deals(from_ms, to_ms), [])
        return [self._shown(deal) for deal in found if deal.time_msc <= self._latest_ms()]

    def _latest_ms(self) -> int:
        return self.server_ms() - self._switches.history_late

    def _shown(self, deal: Deal) -> Deal:
        by_expert = deal.reason is DealReason.EXPERT
        if self._switches.closing_magic_zero and deal.entry is not DealEntry.IN and not by_expert:
            return msgspec.structs.replace(deal, magic=0)
        return deal

    def _ask(self, key: object, question: Callable[[], T], unknown: T) -> T:
        """The broker's answer, or the last one while it gives none: a terminal keeps its picture."""
        try:
            answer = question()
        except (BrokerGone, BrokerTimeout):
            self._reached = False
            return cast(T, self._last.get(key, unknown))
        self._reached = True
        self._last[key] = answer
        return answer
