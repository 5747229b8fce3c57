"""Money: profit, margin and costs in the account's currency.

A symbol's profit and margin currencies are converted at the broker's own quotes, through a third currency where no
symbol has both. Each amount is rounded half up to the digits of the account's currency.
"""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from bridge.core.units.decimals import ZERO
from bridge.simulator.mt5.types import PositionType, SymbolInfo, Tick

CURRENCY: Final = "USD"
"""Currency of an account whose scenario names none."""

CURRENCY_DIGITS: Final = 2


def cents(amount: Decimal, digits: int = CURRENCY_DIGITS) -> Decimal:
    """Return an amount rounded half up to the account currency's digits."""
    return amount.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


class Rates:
    """Conversion of any traded currency into the account's."""

    def __init__(
        self,
        symbols: Mapping[str, SymbolInfo],
        quotes: Mapping[str, Tick],
        currency: str = CURRENCY,
        digits: int = CURRENCY_DIGITS,
    ) -> None:
        """`currency` is the account's, with so many digits."""
        self._symbols = symbols
        self._quotes = quotes
        self._currency = currency
        self._digits = digits

    def convert(self, amount: Decimal, currency: str) -> Decimal:
        """Return the amount in the account's currency, unrounded. Raises LookupError where neither one quoted
        symbol nor two lead there."""
        if currency == self._currency:
            return amount
        known = self._exchanged(amount, currency)
        if self._currency in known:
            return known[self._currency]
        for middle, value in known.items():
            onward = self._exchanged(value, middle)
            if self._currency in onward:
                return onward[self._currency]
        raise LookupError(
            f"currency {currency} has no quoted symbol that converts it to {self._currency}; add one"
        )

    def convertible(self, symbol: SymbolInfo) -> bool:
        """Return whether profit and margin of a symbol can be converted at the present quotes."""
        try:
            for currency in (symbol.currency_profit, symbol.currency_margin):
                self.convert(Decimal(1), currency)
        except LookupError:
            return False
        return True

    def _exchanged(self, amount: Decimal, currency: str) -> dict[str, Decimal]:
        """Return the amount in every currency that one quoted symbol leads to."""
        found: dict[str, Decimal] = {}
        for name, symbol in self._symbols.items():
            tick = self._quotes[name]
            if tick.bid <= 0:
                continue
            if symbol.currency_base == currency:
                found.setdefault(symbol.currency_profit, amount * tick.bid)
            elif symbol.currency_profit == currency:
                found.setdefault(symbol.currency_base, amount / tick.ask)
        return found

    def rounded(self, amount: Decimal) -> Decimal:
        """Return an amount in the account's currency with its digits."""
        return cents(amount, self._digits)

    def swap_share(self, swap: Decimal, closed: Decimal, volume: Decimal) -> Decimal:
        """Return the swap that a partial close takes from a position. The last close takes the rest."""
        return swap if closed == volume else self.rounded(swap * closed / volume)

    def commission(self, per_lot: Decimal, volume: Decimal) -> Decimal:
        """Return the commission of one deal: zero or negative."""
        return ZERO - self.rounded(per_lot * volume) if per_lot else ZERO

    def profit(
        self, symbol: SymbolInfo, side: PositionType, volume: Decimal, opened: Decimal, closed: Decimal
    ) -> Decimal:
        """Return the profit of a position between two prices, in account currency."""
        move = closed - opened if side is PositionType.BUY else opened - closed
        return self.rounded(self.convert(move * volume * symbol.trade_contract_size, symbol.currency_profit))

    def margin(self, symbol: SymbolInfo, volume: Decimal, leverage: int) -> Decimal:
        """Return the margin of a position at the current quotes, in account currency. Both positions of a hedged
        pair need their own."""
        nominal = self.convert(volume * symbol.trade_contract_size, symbol.currency_margin)
        return self.rounded(nominal / leverage)

    def tick_value(self, symbol: SymbolInfo) -> Decimal:
        """Return the value of one tick of one lot in account currency, with five decimals; 0 where there is no rate
        yet."""
        try:
            value = self.convert(symbol.trade_tick_size * symbol.trade_contract_size, symbol.currency_profit)
        except LookupError:
            return ZERO
        return value.quantize(Decimal("0.00001"), ROUND_HALF_UP)
