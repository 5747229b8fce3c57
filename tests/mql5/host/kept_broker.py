"""Answers of a broker in another process, kept until something has changed there.

An EA reads dozens of properties in each timer call, and on a busy machine every query to another process waits
for its turn twice. The broker notifies its terminal of each change, before any later answer: no kept answer is
older than the last answer that the terminal received.
"""

from collections.abc import Callable
from typing import Final, Protocol, TypeVar, cast

from bridge.simulator.broker.api import BrokerApi, BrokerGone, BrokerTimeout, Glance
from bridge.simulator.mt5.types import (
    AccountInfo,
    CheckResult,
    Deal,
    Order,
    Position,
    SymbolInfo,
    Tick,
    TradeRequest,
    TradeResult,
    Transaction,
)
from tests.mql5.host.clock import Clock

T = TypeVar("T")
R = TypeVar("R", Deal, Order)
KEPT_MS: Final = 250
"""Age up to which answers are kept without a notification: a broker that is gone sends none."""
END_OF_TIME: Final = 1 << 52


class NotifyingBroker(BrokerApi, Protocol):
    """Broker that notifies its caller of the first change after a glance."""

    def take_notification(self) -> bool:
        """Return True once after a change."""
        ...


class KeptBroker:
    """BrokerApi of a broker in another process."""

    def __init__(self, client: NotifyingBroker, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._glance: Glance | None = None
        self._failure: BrokerGone | BrokerTimeout | None = None
        self._asked_ms = 0
        """Time at which glance or failure arrived."""
        self._offset_ms = 0
        """Trade server's time less the monotonic clock, at least."""
        self._kept: dict[object, object] = {}

    def glance(self, everything: bool = True) -> Glance:
        """Ask, and forget every kept answer."""
        self._forget()
        sent_ms = self._now_ms()
        try:
            glance = self._client.glance(everything=everything)
        except (BrokerGone, BrokerTimeout) as failure:
            self._failure, self._asked_ms = failure, self._now_ms()
            raise
        self._asked_ms = self._now_ms()
        # The server read its clock at some moment in between. A time that was given out is not taken back, unless
        # the broker's clock was set back.
        least, most = glance.server_time - self._asked_ms, glance.server_time + 1 - sent_ms
        if not least <= self._offset_ms <= most:
            self._offset_ms = least
        self._glance = glance
        return glance

    def connected(self) -> bool:
        return self._seen().connected

    def server_time(self) -> int:
        self._seen()
        return self._now_ms() + self._offset_ms

    def account(self) -> AccountInfo:
        return self._seen().account

    def symbols(self) -> list[str]:
        return self._answer("symbols", self._client.symbols)

    def symbol(self, name: str) -> SymbolInfo | None:
        return self._answer(("symbol", name), lambda: self._client.symbol(name))

    def tick(self, name: str) -> Tick | None:
        return self._answer(("tick", name), lambda: self._client.tick(name))

    def order_check(self, request: TradeRequest) -> CheckResult:
        return self._client.order_check(request)

    def order_send(self, request: TradeRequest) -> TradeResult:
        try:
            return self._client.order_send(request)
        finally:
            # Without an answer there may be no notification either.
            self._forget()

    def positions(self) -> list[Position]:
        return self._answer("positions", self._client.positions)

    def orders(self) -> list[Order]:
        return self._answer("orders", self._client.orders)

    def history_orders(self, from_ms: int, to_ms: int) -> list[Order]:
        return self._history("history_orders", self._client.history_orders, _done_time, from_ms, to_ms)

    def history_deals(self, from_ms: int, to_ms: int) -> list[Deal]:
        return self._history("history_deals", self._client.history_deals, _deal_time, from_ms, to_ms)

    def order_by_ticket(self, ticket: int) -> Order | None:
        return self._answer(("order", ticket), lambda: self._client.order_by_ticket(ticket))

    def history_order(self, ticket: int) -> Order | None:
        return self._answer(("history_order", ticket), lambda: self._client.history_order(ticket))

    def history_deal(self, ticket: int) -> Deal | None:
        return self._answer(("history_deal", ticket), lambda: self._client.history_deal(ticket))

    def deals_by_position(self, identifier: int) -> list[Deal]:
        return self._answer(("deals", identifier), lambda: self._client.deals_by_position(identifier))

    def transactions(self, after: int) -> list[tuple[int, Transaction]]:
        return [] if self._seen().transaction <= after else self._client.transactions(after)

    def _history(
        self,
        key: str,
        question: Callable[[int, int], list[R]],
        time: Callable[[R], int],
        from_ms: int,
        to_ms: int,
    ) -> list[R]:
        """Return the records of a window. One that ends in the future is asked for without an end, so that the
        answer can be kept while both ends move."""
        if to_ms < self.server_time():
            return question(from_ms, to_ms)
        since_ms, records = cast(tuple[int, list[R]], self._kept.get(key, (END_OF_TIME, [])))
        if from_ms < since_ms:
            records = question(from_ms, END_OF_TIME)
            self._kept[key] = from_ms, records
        return [record for record in records if from_ms <= time(record) <= to_ms]

    def _seen(self) -> Glance:
        """Return what the broker shows now. Raises BrokerGone, BrokerTimeout."""
        fresh = self._now_ms() - self._asked_ms < KEPT_MS
        if self._failure is not None and fresh:
            raise type(self._failure)(*self._failure.args)
        if self._glance is None or not fresh or self._client.take_notification():
            return self.glance()
        return self._glance

    def _answer(self, key: object, question: Callable[[], T]) -> T:
        """Return the kept answer, else ask."""
        self._seen()
        if key not in self._kept:
            self._kept[key] = question()
        return cast(T, self._kept[key])

    def _forget(self) -> None:
        self._glance = self._failure = None
        self._kept.clear()

    def _now_ms(self) -> int:
        return self._clock.now_us() // 1000


def _done_time(order: Order) -> int:
    return order.time_done_msc


def _deal_time(deal: Deal) -> int:
    return deal.time_msc
