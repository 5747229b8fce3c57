"""Kept answers of a broker: as long as nothing changes there, and never longer."""

from collections import Counter
from collections.abc import Callable
from decimal import Decimal

import pytest

from bridge.simulator.broker.api import BrokerGone, Glance
from bridge.simulator.broker.broker import Broker
from bridge.simulator.broker.scenario import Scenario
from bridge.simulator.broker.state import BrokerState, new_state
from bridge.simulator.mt5.types import (
    Deal,
    Order,
    OrderType,
    Position,
    TradeRequest,
    TradeResult,
    Transaction,
)
from tests.mql5.host.clock import SimulatedClock
from tests.mql5.host.kept_broker import END_OF_TIME, KEPT_MS, KeptBroker
from tests.unit.simulator.broker.build import opening

START_MS = 1_767_607_200_000
LOT = Decimal("0.1")


class Remote(Broker):
    """A broker as its client shows it: calls are counted, answers take time, and a change is notified."""

    def __init__(self, state: BrokerState) -> None:
        super().__init__(state)
        self.clock = SimulatedClock()
        self.calls: Counter[str] = Counter()
        self.gone = False
        self.takes_ms = 0
        """Time between the glance and its arrival."""
        self._known = 0

    def glance(self, everything: bool = False) -> Glance:
        self._count("glance")
        found = super().glance(everything)
        self._known = found.shown
        self.clock.sleep(self.takes_ms)
        return found

    def take_notification(self) -> bool:
        return self.count_states() != self._known

    def positions(self) -> list[Position]:
        self._count("positions")
        return super().positions()

    def history_orders(self, from_ms: int, to_ms: int) -> list[Order]:
        self._count("history_orders")
        return super().history_orders(from_ms, to_ms)

    def history_deals(self, from_ms: int, to_ms: int) -> list[Deal]:
        self._count("history_deals")
        return super().history_deals(from_ms, to_ms)

    def transactions(self, after: int) -> list[tuple[int, Transaction]]:
        self._count("transactions")
        return super().transactions(after)

    def order_send(self, request: TradeRequest) -> TradeResult:
        self._count("order_send")
        return super().order_send(request)

    def _count(self, name: str) -> None:
        self.calls[name] += 1
        if self.gone:
            raise BrokerGone("nothing was sent")


class Terminal:
    """A terminal's kept answers, and the broker behind them."""

    def __init__(self) -> None:
        self.remote = Remote(new_state(Scenario(), START_MS))
        self.kept = KeptBroker(self.remote, self.remote.clock)

    def wait(self, milliseconds: int) -> None:
        """Let time pass at both."""
        self.remote.clock.sleep(milliseconds)
        self.remote.advance(START_MS + self.remote.clock.now_us() // 1000)


@pytest.fixture
def terminal() -> Terminal:
    return Terminal()


def test_nothing_is_asked_again_while_nothing_changes(terminal: Terminal) -> None:
    for _ in range(10):
        assert terminal.kept.connected()
        assert terminal.kept.account().balance == 10_000
        assert terminal.kept.positions() == []
        assert len(terminal.kept.history_deals(0, END_OF_TIME)) == 1
        assert terminal.kept.transactions(0) == []
        terminal.kept.server_time()
    assert terminal.remote.calls == {"glance": 1, "positions": 1, "history_deals": 1}


CHANGES: dict[str, Callable[[Broker], object]] = {
    "quote": lambda broker: broker.set_quote("EURUSD", Decimal("1.2"), Decimal("1.2001")),
    "symbol": lambda broker: broker.set_session("EURUSD", False),
    "position": lambda broker: broker.manual_open("EURUSD", OrderType.BUY, LOT),
    "order": lambda broker: broker.manual_pending("EURUSD", OrderType.BUY_LIMIT, LOT, Decimal("1.0")),
    "deal": lambda broker: broker.deposit(Decimal(1)),
    "old deal": lambda broker: broker.revise_deal(broker.state.scenario.first_deal, Decimal(-1)),
    "old history": lambda broker: broker.seed_history(10),
    "account": lambda broker: broker.set_account(login=7),
    "connection": lambda broker: broker.disconnect(),
    "clock": lambda broker: broker.shift_clock(3_600_000),
}


@pytest.mark.parametrize("name", CHANGES)
def test_everything_is_asked_again_after_a_change(terminal: Terminal, name: str) -> None:
    # The deposit is no longer among the recent history.
    terminal.wait(120_000)
    for _ in range(2):
        terminal.kept.history_deals(0, END_OF_TIME)
        terminal.kept.symbol("EURUSD")
    CHANGES[name](terminal.remote)
    assert terminal.kept.account() == terminal.remote.account()
    assert terminal.kept.connected() == terminal.remote.connected()
    assert terminal.kept.symbols() == terminal.remote.symbols()
    assert terminal.kept.symbol("EURUSD") == terminal.remote.symbol("EURUSD")
    assert terminal.kept.tick("EURUSD") == terminal.remote.tick("EURUSD")
    assert terminal.kept.positions() == terminal.remote.positions()
    assert terminal.kept.orders() == terminal.remote.orders()
    assert terminal.kept.history_deals(0, END_OF_TIME) == terminal.remote.history_deals(0, END_OF_TIME)
    assert terminal.kept.server_time() == terminal.remote.server_time()
    assert terminal.kept.transactions(0) == terminal.remote.transactions(0)


def test_records_that_history_shows_late_are_found_when_it_shows_them(terminal: Terminal) -> None:
    ticket = terminal.remote.manual_open("EURUSD", OrderType.BUY, LOT)
    terminal.remote.state.trade.book.hide(ticket, START_MS + 100)
    assert len(terminal.kept.history_deals(0, END_OF_TIME)) == 1
    terminal.wait(99)
    assert len(terminal.kept.history_deals(0, END_OF_TIME)) == 1
    terminal.wait(1)
    assert len(terminal.kept.history_deals(0, END_OF_TIME)) == 2


def test_window_of_the_history_moves_without_a_query(terminal: Terminal) -> None:
    terminal.wait(5_000)
    terminal.remote.deposit(Decimal(1))
    later = START_MS + 60_000
    assert len(terminal.kept.history_deals(START_MS, later)) == 2
    assert len(terminal.kept.history_deals(START_MS + 1, later + 1_000)) == 1
    assert len(terminal.kept.history_deals(START_MS + 5_001, later)) == 0
    assert terminal.remote.calls["history_deals"] == 1
    # Neither a window that begins earlier nor one of the past alone is answered from it.
    assert len(terminal.kept.history_deals(0, later)) == 2
    assert len(terminal.kept.history_deals(0, START_MS + 4_999)) == 1
    assert terminal.remote.calls["history_deals"] == 3


def test_change_of_an_own_order_is_seen_even_without_an_answer(terminal: Terminal) -> None:
    assert terminal.kept.positions() == []
    terminal.kept.order_send(opening())
    assert len(terminal.kept.positions()) == 1
    assert terminal.kept.transactions(0) != []
    terminal.remote.gone = True
    with pytest.raises(BrokerGone):
        terminal.kept.order_send(opening())
    with pytest.raises(BrokerGone):
        terminal.kept.positions()


def test_broker_that_is_gone_is_noticed_and_asked_once_for_each_interval(terminal: Terminal) -> None:
    assert terminal.kept.connected()
    terminal.remote.gone = True
    terminal.wait(KEPT_MS)
    for _ in range(5):
        with pytest.raises(BrokerGone):
            terminal.kept.account()
    assert terminal.remote.calls["glance"] == 2
    terminal.remote.gone = False
    terminal.wait(KEPT_MS)
    assert terminal.kept.connected()


def test_servers_time_runs_on_and_is_not_taken_back_after_a_slow_answer(terminal: Terminal) -> None:
    assert terminal.kept.server_time() == START_MS
    terminal.wait(100)
    assert terminal.kept.server_time() == START_MS + 100
    terminal.remote.takes_ms = 60
    terminal.wait(KEPT_MS)
    assert terminal.kept.server_time() == START_MS + 100 + KEPT_MS + 60
    assert terminal.remote.calls["glance"] == 2


def test_servers_time_is_taken_back_where_its_clock_was_set_back(terminal: Terminal) -> None:
    terminal.kept.server_time()
    terminal.remote.shift_clock(-5_000)
    assert terminal.kept.server_time() == START_MS - 5_000
