"""Margin and profit of a trade: OrderCalcMargin and OrderCalcProfit.

Source: MQL5 reference, 'Trade Functions'. Neither considers existing orders and positions.
"""

from decimal import Decimal
from typing import Final

from bridge.simulator.broker.book.money import Rates
from bridge.simulator.mt5.types import PositionType, SymbolInfo
from tests.mql5.host.binding.host import Answer, Fault, fail
from tests.mql5.host.functions.broker_view import BrokerView
from tests.mql5.reference import constants, spelled

C: Final = constants()
_SIDES: Final = {C["ORDER_TYPE_BUY"]: PositionType.BUY, C["ORDER_TYPE_SELL"]: PositionType.SELL}


class Calculator:
    """OrderCalc*. A failure returns no result, and the EA's variable keeps its value."""

    def __init__(self, view: BrokerView) -> None:
        self._view = view

    def OrderCalcMargin(self, type: int, name: str, volume: float, price: float) -> Answer:
        """Return the margin at the current quotes, as the broker calculates it; the price has no effect."""
        if type not in spelled("ENUM_ORDER_TYPE"):
            raise Fault(f"order type {type} is not in ENUM_ORDER_TYPE")
        symbol, account = self._view.symbol(name), self._view.account()
        if symbol is None:
            return fail(C["ERR_MARKET_UNKNOWN_SYMBOL"])
        if account is None or volume <= 0:
            return fail(C["ERR_TRADE_CALC_FAILED"])
        return float(self._rates().margin(symbol, _decimal(volume), account.leverage))

    def OrderCalcProfit(self, type: int, name: str, volume: float, opened: float, closed: float) -> Answer:
        symbol, side = self._view.symbol(name), _SIDES.get(type)
        if symbol is None:
            return fail(C["ERR_MARKET_UNKNOWN_SYMBOL"])
        if side is None or volume <= 0 or opened <= 0 or closed <= 0:
            return fail(C["ERR_TRADE_CALC_FAILED"])
        prices = _decimal(opened), _decimal(closed)
        return float(self._rates().profit(symbol, side, _decimal(volume), *prices))

    def _rates(self) -> Rates:
        """Return the conversion rates at the terminal's quotes."""
        symbols: dict[str, SymbolInfo] = {}
        quotes = {}
        for name in self._view.symbols():
            symbol, tick = self._view.symbol(name), self._view.tick(name)
            if symbol is not None and tick is not None:
                symbols[name], quotes[name] = symbol, tick
        return Rates(symbols, quotes)


def _decimal(number: float) -> Decimal:
    """Return a double as the decimal of its shortest text."""
    return Decimal(repr(number))
