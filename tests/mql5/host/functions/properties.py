"""MQL5's properties of accounts, symbols, orders, deals and positions, from the simulated broker's records.

Source: MQL5 reference, 'Trade Constants', 'Account Properties', 'Symbol Properties'. A property's name without its
prefix is the record's field in lower case (bridge/simulator/mt5/types.py); the tables here hold the exceptions.
"""

from decimal import Decimal
from enum import IntEnum
from functools import cache
from typing import Final

from bridge.simulator.mt5.types import AccountInfo, Deal, Order, Position, SymbolInfo
from tests.mql5.host.binding.host import Fault
from tests.mql5.host.binding.library import Cell
from tests.mql5.reference import spelled

Record = AccountInfo | Deal | Order | Position | SymbolInfo

_PREFIX: Final[dict[type, str]] = {
    AccountInfo: "ACCOUNT",
    Deal: "DEAL",
    Order: "ORDER",
    Position: "POSITION",
    SymbolInfo: "SYMBOL",
}

_SECONDS: Final = {
    "time": "time_msc",
    "time_update": "time_update_msc",
    "time_setup": "time_setup_msc",
    "time_done": "time_done_msc",
    "time_expiration": "time_expiration",
    "start_time": "start_time",
    "expiration_time": "expiration_time",
}
"""Properties in seconds whose record is in milliseconds."""

UNKEPT: Final = frozenset(
    "ACCOUNT_ASSETS ACCOUNT_COMMISSION_BLOCKED ACCOUNT_LIABILITIES ACCOUNT_MARGIN_INITIAL"
    " ACCOUNT_MARGIN_MAINTENANCE SYMBOL_CUSTOM SYMBOL_EXPIRATION_TIME SYMBOL_LAST SYMBOL_MARGIN_HEDGED"
    " SYMBOL_SESSION_PRICE_LIMIT_MAX SYMBOL_SESSION_PRICE_LIMIT_MIN SYMBOL_START_TIME"
    " SYMBOL_SUBSCRIPTION_DELAY".split()
)
"""Properties that the simulated broker does not have. They are empty, as with a broker that does not use them."""

_SYMBOL_FIELDS: Final = {
    "trade_tick_value_profit": "trade_tick_value",
    "trade_tick_value_loss": "trade_tick_value",
}


def value(record: Record, enumeration: str, number: int) -> Cell:
    """Return a property as the EA receives it. Raises Fault for a number of another kind."""
    name, key, kind = _described(type(record), enumeration, number)
    found = _field(record, key)
    if found is None and name not in UNKEPT:
        raise LookupError(
            f"property {name} is missing in the simulated broker; add it to its record or to UNKEPT"
        )
    return _typed(found, kind)


@cache
def _described(record: type, enumeration: str, number: int) -> tuple[str, str, str]:
    """Return a property's name, its name without the record's prefix in lower case, and the getter's type."""
    name = spelled(enumeration).get(number)
    if name is None:
        raise Fault(f"number {number} is not in {enumeration}")
    return name, name.removeprefix(_PREFIX[record] + "_").lower(), enumeration.rsplit("_", 1)[1]


def _field(record: Record, key: str) -> object:
    if key in _SECONDS and hasattr(record, _SECONDS[key]):
        return int(getattr(record, _SECONDS[key])) // 1000
    if isinstance(record, SymbolInfo):
        key = _SYMBOL_FIELDS.get(key, key)
        if key in ("exist", "spread_float"):
            return True
    return getattr(record, key, None)


def _typed(found: object, kind: str) -> Cell:
    """Return the record's value in the getter's type."""
    match kind:
        case "INTEGER":
            assert found is None or isinstance(found, int | IntEnum)
            return int(found or 0)
        case "DOUBLE":
            assert found is None or isinstance(found, int | Decimal)
            return float(found or 0)
        case _:
            return str(found or "")
