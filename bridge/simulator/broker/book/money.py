"""Money: profit, margin and costs in the account's currency.

A symbol's profit and margin currencies are converted at the broker's own quotes. Every shipped symbol is its own
rate, since each has the account's currency on one side. Each amount is rounded half up to cents.
"""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from bridge.core.units.decimals import ZERO
from bridge.simulator.mt5.types import PositionType, SymbolInfo, Tick

CURRENCY: Final = "USD"
"""Currency of every simulated account."""

CURRENCY_DIGITS: Final = 2


def cents(amount: Decimal) -> Decimal:
    """Return an amount rounded half up to the account currency's digits."""
    return amount.quantize(Decimal(1).scaleb(-CURRENCY_DIGITS), ROUND_HALF_UP)


class Rates:
    """Conversion of any traded currency into the account's."""

    def __init__(self, symbols: Mapping[str, SymbolInfo], quotes: Mapping[str, Tick]) -> None:
        self._symbols = symbols
        self._quotes = quotes

    def convert(self, amount: Decimal, currency: str) -> Decimal:
        """Return the amount in the account's currency, unrounded. Raises LookupError where no quoted symbol has
        both currencies."""
        if currency == CURRENCY:
            return amount
        for name, symbol in self._symbols.items():
            if not self._quotes[name].bid:
                continue
            if symbol.currency_base == currency and symbol.currency_profit == CURRENCY:
                return amount * self._quotes[name].bid
            if symbol.currency_base == CURRENCY and symbol.currency_profit == currency:
                return amount / self._quotes[name].ask
        raise LookupError(f"currency {currency} has no quoted symbol that converts it to {CURRENCY}; add one")

    def profit(
        self, symbol: SymbolInfo, side: PositionType, volume: Decimal, opened: Decimal, closed: Decimal
    ) -> Decimal:
        """Return the profit of a position between two prices, in account currency."""
        move = closed - opened if side is PositionType.BUY else opened - closed
        return cents(self.convert(move * volume * symbol.trade_contract_size, symbol.currency_profit))

    def margin(self, symbol: SymbolInfo, volume: Decimal, leverage: int) -> Decimal:
        """Return the margin of a position at the current quotes, in account currency. Both positions of a hedged
        pair need their own."""
        nominal = self.convert(volume * symbol.trade_contract_size, symbol.currency_margin)
        return cents(nominal / leverage)

    def tick_value(self, symbol: SymbolInfo) -> Decimal:
        """Return the value of one tick of one lot in account currency, with five decimals; 0 where there is no rate
        yet."""
        try:
            value = self.convert(symbol.trade_tick_size * symbol.trade_contract_size, symbol.currency_profit)
        except LookupError:
            return ZERO
        return value.quantize(Decimal("0.00001"), ROUND_HALF_UP)


def swap_share(swap: Decimal, closed: Decimal, volume: Decimal) -> Decimal:
    """Return the swap that a partial close takes from a position. The last close takes the rest."""
    return swap if closed == volume else cents(swap * closed / volume)


def commission(per_lot: Decimal, volume: Decimal) -> Decimal:
    """Return the commission of one deal: zero or negative."""
    return -cents(per_lot * volume) if per_lot else ZERO
