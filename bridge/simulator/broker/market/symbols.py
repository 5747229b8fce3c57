"""Shipped symbols: specifications as a retail broker of MetaTrader 5 publishes them, and first quotes."""

from decimal import Decimal
from typing import Final

from bridge.simulator.mt5.types import SymbolCalcMode, SymbolInfo, Tick


def _symbol(
    name: str,
    description: str,
    folder: str,
    digits: int,
    contract: str,
    volume_max: str,
    swap_long: str,
    swap_short: str,
    calc_mode: SymbolCalcMode = SymbolCalcMode.FOREX,
) -> SymbolInfo:
    point = Decimal(1).scaleb(-digits)
    return SymbolInfo(
        name=name,
        description=description,
        path=f"{folder}\\{name}",
        currency_base=name[:3],
        currency_profit=name[3:],
        currency_margin=name[:3],
        digits=digits,
        point=point,
        trade_tick_size=point,
        trade_contract_size=Decimal(contract),
        volume_min=Decimal("0.01"),
        volume_max=Decimal(volume_max),
        volume_step=Decimal("0.01"),
        swap_long=Decimal(swap_long),
        swap_short=Decimal(swap_short),
        trade_calc_mode=calc_mode,
    )


SHIPPED: Final = {
    symbol.name: symbol
    for symbol in (
        _symbol("EURUSD", "Euro vs US Dollar", "Forex", 5, "100000", "500", "-7.20", "2.40"),
        _symbol("GBPUSD", "Pound Sterling vs US Dollar", "Forex", 5, "100000", "500", "-3.10", "-1.90"),
        _symbol("USDJPY", "US Dollar vs Japanese Yen", "Forex", 3, "100000", "500", "9.80", "-18.60"),
        _symbol(
            "XAUUSD",
            "Gold vs US Dollar",
            "Metals",
            2,
            "100",
            "100",
            "-35.00",
            "18.00",
            SymbolCalcMode.CFDLEVERAGE,
        ),
    )
}
"""Specifications by name, without quotes."""

FIRST_QUOTES: Final = {
    "EURUSD": Tick(time_msc=0, bid=Decimal("1.09500"), ask=Decimal("1.09510")),
    "GBPUSD": Tick(time_msc=0, bid=Decimal("1.27000"), ask=Decimal("1.27012")),
    "USDJPY": Tick(time_msc=0, bid=Decimal("150.000"), ask=Decimal("150.012")),
    "XAUUSD": Tick(time_msc=0, bid=Decimal("2400.00"), ask=Decimal("2400.25")),
}
"""First quotes of a broker whose scenario names none."""
