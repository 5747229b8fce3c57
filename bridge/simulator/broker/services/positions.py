"""Operations of the broker on positions: reopening for swap, and corrections without a deal."""

from decimal import Decimal
from typing import Final

import msgspec

from bridge.core.units.decimals import ZERO
from bridge.simulator.broker.api import ControlError
from bridge.simulator.broker.book.book import Reopening
from bridge.simulator.broker.execution.deals import AVERAGE
from bridge.simulator.broker.execution.swaps import reopen_after
from bridge.simulator.broker.execution.triggers import DAY_MS
from bridge.simulator.broker.services.market import MarketControl
from bridge.simulator.mt5.types import DealReason, OrderState, PositionType, SymbolInfo

MOST_GAP_MS: Final = 7 * DAY_MS
"""Longest time from the close to the reopening of a position."""


class PositionOperations(MarketControl):
    """reopen_position, correct_position and split_symbol (see BrokerOperations)."""

    def reopen_position(
        self,
        position: int,
        price: Decimal = ZERO,
        reopen_price: Decimal = ZERO,
        reopen_volume: Decimal = ZERO,
        reason: DealReason = DealReason.ROLLOVER,
        new_ticket: bool = True,
        keep_magic: bool = True,
        orders: bool = False,
        gap_ms: int = 0,
    ) -> int:
        held = self._open_position(position)
        least = None if held.symbol in self._trade.negative else ZERO
        closed_at = self._amount("price", price, least) or self._trade.close_price(held)
        terms = Reopening(
            close_price=closed_at,
            open_price=self._amount("reopen_price", reopen_price, least) or closed_at,
            open_volume=self._amount("reopen_volume", reopen_volume) or held.volume,
            reason=reason,
            new_ticket=new_ticket,
            magic=held.magic if keep_magic else 0,
            orders=orders,
        )
        if not 0 <= gap_ms <= MOST_GAP_MS:
            raise ControlError(f"gap_ms {gap_ms} is not from 0 to {MOST_GAP_MS}, a week; write such a time")
        due_ms = self.steady_time() + gap_ms if gap_ms else 0
        return reopen_after(self._trade, self._execution, held, terms, due_ms)

    def correct_position(
        self,
        position: int,
        volume: Decimal | None = None,
        price_open: Decimal | None = None,
        sl: Decimal | None = None,
        tp: Decimal | None = None,
        type: PositionType | None = None,
    ) -> None:
        held = self._open_position(position)
        amounts = {"volume": volume, "price_open": price_open, "sl": sl, "tp": tp}
        signed = held.symbol in self._trade.negative
        changed: dict[str, object] = {
            name: self._amount(name, amount, None if signed and name != "volume" else ZERO)
            for name, amount in amounts.items()
            if amount is not None
        }
        if type is not None:
            changed["type"] = type
        corrected = msgspec.structs.replace(held, **changed)
        if corrected == held:
            raise ControlError(f"correct_position {position}: nothing would change; name another value")
        self._execution.correct(corrected)

    def split_symbol(self, symbol: str, ratio: Decimal, deals: bool = False) -> None:
        info, tick = self._known_symbol(symbol), self._trade.quotes[symbol]
        if not self._amount("ratio", ratio) or ratio == 1:
            raise ControlError(f"ratio {ratio} splits nothing; write 2 for two units in place of one")
        for order in self._trade.pending():
            if order.symbol == symbol:
                self._execution.end(order.ticket, OrderState.CANCELED)
        for held in list(self._trade.book.positions.values()):
            if held.symbol != symbol:
                continue
            volume, opened_at = held.volume * ratio, (held.price_open / ratio).quantize(AVERAGE)
            ticket = held.ticket
            if deals:
                # Closed at its open price, so that a split has no profit.
                ticket = self.reopen_position(ticket, held.price_open, opened_at, volume, DealReason.SPLIT)
            self._execution.correct(
                msgspec.structs.replace(
                    self._trade.book.positions[ticket],
                    volume=volume,
                    price_open=opened_at,
                    sl=_divided(info, held.sl, ratio),
                    tp=_divided(info, held.tp, ratio),
                )
            )
        if tick.time_msc:
            self.set_quote(symbol, _divided(info, tick.bid, ratio), _divided(info, tick.ask, ratio))


def _divided(symbol: SymbolInfo, price: Decimal, ratio: Decimal) -> Decimal:
    """Return a price after a split, on a tick of the symbol."""
    return (price / ratio / symbol.trade_tick_size).to_integral_value() * symbol.trade_tick_size
