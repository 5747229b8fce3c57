"""Money: what trades earn and bind, in the account's currency.

A symbol's profit and margin currencies are converted at the broker's own quotes. Every shipped symbol is
its own rate, since each has the account's currency on one side. Amounts are rounded half up to cents, per
item.
"""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from bridge.core.units.decimals import ZERO
from bridge.simulator.mt5.types import PositionType, SymbolInfo, Tick

CURRENCY: Final = "USD"
"""The currency of every simulated account."""

CURRENCY_DIGITS: Final = 2


def cents(amount: Decimal) -> Decimal:
    """Rounded to what an account can hold."""
    return amount.quantize(Decimal(1).scaleb(-CURRENCY_DIGITS), ROUND_HALF_UP)


class Rates:
    """The conversion of any traded currency into the account's."""

    def __init__(self, symbols: Mapping[str, SymbolInfo], quotes: Mapping[str, Tick]) -> None:
        self._symbols = symbols
        self._quotes = quotes

    def convert(self, amount: Decimal, currency: str) -> Decimal:
        """The amount in the account's currency, unrounded. Raises LookupError where no symbol with a quote is its
        rate."""
        if currency == CURRENCY:
            return amount
        for name, symbol in self._symbols.items():
            if not self._quotes[name].bid:
                continue
            if symbol.currency_base == currency and symbol.currency_profit == CURRENCY:
                return amount * self._quotes[name].bid
            if symbol.currency_base == CURRENCY and symbol.currency_profit == currency:
                return amount / self._quotes[name].ask
        raise LookupError(f"no symbol converts {currency} to {CURRENCY}")

    def profit(
        self, symbol: SymbolInfo, side: PositionType, volume: Decimal, opened: Decimal, closed: Decimal
    ) -> Decimal:
        """What a position earns between two prices, in account currency."""
        move = closed - opened if side is PositionType.BUY else opened - closed
        return cents(self.convert(move * volume * symbol.trade_contract_size, symbol.currency_profit))

    def margin(self, symbol: SymbolInfo, volume: Decimal, leverage: int) -> Decimal:
        """What a position binds, in account currency, at the current quotes. Each position of a hedged pair
        binds its own."""
        nominal = self.convert(volume * symbol.trade_contract_size, symbol.currency_margin)
        return cents(nominal / leverage)

    def tick_value(self, symbol: SymbolInfo) -> Decimal:
        """What one tick of one lot is worth, in account currency, unrounded to cents: five decimals; 0 where there
        is no rate yet."""
        try:
            value = self.convert(symbol.trade_tick_size * symbol.trade_contract_size, symbol.currency_profit)
        except LookupError:
            return ZERO
        return value.quantize(Decimal("0.00001"), ROUND_HALF_UP)


def swap_share(swap: Decimal, closed: Decimal, volume: Decimal) -> Decimal:
    """The part of a position's swap that leaves with a part of its volume. The last part takes the rest."""
    return swap if closed == volume else cents(swap * closed / volume)


def commission(per_lot: Decimal, volume: Decimal) -> Decimal:
    """The cost of one deal: zero or negative."""
    return -cents(per_lot * volume) if per_lot else ZERO
