"""The inputs that look further than one order: what is open already, how fast it goes, how the account stands."""

from collections import deque
from typing import Final

from bridge.core.link.messages import Order
from bridge.core.units.decimals import ZERO
from bridge.simulator.broker.api import BrokerApi, BrokerGone, BrokerTimeout
from bridge.simulator.mt5.types import AccountInfo, DealEntry, Position
from bridge.simulator.terminal.day_equity import DayEquity
from bridge.simulator.terminal.inputs import Inputs
from bridge.simulator.terminal.ledger import Ledger
from bridge.simulator.terminal.standing import Standing
from bridge.simulator.terminal.unseen import Unseen

MINUTE_MS: Final = 60_000


class RiskLimits:
    """The terminal's second line. Each guard is off where its input is 0."""

    def __init__(self, inputs: Inputs, ledger: Ledger, day: DayEquity) -> None:
        """What this terminal opened bears a token that its ledger knows."""
        self.inputs = inputs
        self._ledger = ledger
        self._day = day
        self._mono_ms = 0
        self._sent_ms: deque[int] = deque()
        self._unseen = Unseen()

    def beat(self, mono_ms: int, standing: Standing, broker: BrokerApi) -> None:
        """The time now, and how the account stands."""
        self._mono_ms = mono_ms
        if self._unseen:
            try:
                if standing.connected:
                    self._unseen.beat(mono_ms, broker.positions(), broker.orders())
                else:
                    self._unseen.away()
            except (BrokerTimeout, BrokerGone):
                self._unseen.away()
        if standing.connected and self.inputs.max_daily_loss:
            self._day.beat(standing.server_ms, standing.equity)

    def opened(self, order: Order, *, refused: bool) -> None:
        """An OPEN went out; `refused`: nothing will come of it."""
        if not refused:
            self._unseen.put(order)
        self._sent_ms.append(self._mono_ms)

    def unseen(self, client_order_id: int) -> bool:
        """Whether what the token opened may still come to be seen."""
        return client_order_id in self._unseen

    def forbid_open(self, order: Order, account: AccountInfo, broker: BrokerApi) -> str:
        """Which input forbids the OPEN, with the numbers; empty where none does.

        Raises BrokerTimeout and BrokerGone.
        """
        return self._forbid_held(order, broker) or self._forbid_pace() or self._forbid_account(account)

    @property
    def _counts_held(self) -> bool:
        """Whether what there is in a symbol is limited."""
        return bool(self.inputs.max_symbol_positions or self.inputs.max_symbol_lots)

    def _forbid_held(self, order: Order, broker: BrokerApi) -> str:
        inputs = self.inputs
        if not self._counts_held:
            return ""
        positions = [position for position in broker.positions() if position.symbol == order.symbol]
        waiting = [live for live in broker.orders() if live.symbol == order.symbol]
        held = [position.volume for position in positions if self._opened(position, broker)]
        held += [live.volume_current for live in waiting if self._ours(live.magic)]
        shown = {position.magic for position in positions} | {live.magic for live in waiting}
        held += self._unseen.lots(order.symbol, shown)
        count, lots = len(held) + 1, sum(held, ZERO) + order.volume
        if inputs.max_symbol_positions and count > inputs.max_symbol_positions:
            return (
                f"{count} positions and pending orders in {order.symbol} are more than "
                f"the maximum positions per symbol {inputs.max_symbol_positions}"
            )
        if inputs.max_symbol_lots and lots > inputs.max_symbol_lots:
            return (
                f"{lots:.2f} lots in {order.symbol} are more than "
                f"the maximum volume per symbol {inputs.max_symbol_lots:.2f}"
            )
        return ""

    def _forbid_pace(self) -> str:
        allowed = self.inputs.max_orders_per_minute
        while self._sent_ms and self._sent_ms[0] <= self._mono_ms - MINUTE_MS:
            self._sent_ms.popleft()
        if not allowed or len(self._sent_ms) < allowed:
            return ""
        return f"{len(self._sent_ms)} orders were sent within a minute; the maximum orders per minute are {allowed}"

    def _forbid_account(self, account: AccountInfo) -> str:
        inputs = self.inputs
        if account.margin and inputs.min_margin_level and account.margin_level < inputs.min_margin_level:
            return (
                f"the margin level {account.margin_level:.2f} % is below "
                f"the minimum margin level {inputs.min_margin_level:.2f} %"
            )
        start = self._day.equity
        if inputs.max_daily_loss and start is not None and start - account.equity >= inputs.max_daily_loss:
            return (
                f"the equity {account.equity:.2f} is {start - account.equity:.2f} below {start:.2f}, with which "
                f"the broker's day began; the maximum daily loss is {inputs.max_daily_loss:.2f}"
            )
        return ""

    def _opened(self, position: Position, broker: BrokerApi) -> bool:
        """Whether a deal of ours opened it. Its magic is that of its last deal, a hand's maybe."""
        if self._ours(position.magic):
            return True
        entries = [
            deal
            for deal in broker.deals_by_position(position.identifier)
            if deal.entry in (DealEntry.IN, DealEntry.INOUT)
        ]
        orders = [broker.history_order(deal.order) for deal in entries if deal.order]
        return any(self._ours(deal.magic) for deal in entries) or any(
            self._ours(done.magic) for done in orders if done is not None
        )

    def _ours(self, magic: int) -> bool:
        return bool(magic) and self._ledger.find(magic) is not None
