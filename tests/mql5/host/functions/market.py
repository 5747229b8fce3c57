"""Account and symbols. Source: MQL5 reference, 'Account Information', 'Market Info'.

Market Watch belongs to the terminal: the operator or SymbolSelect changes it.
"""

from typing import Final

import msgspec

from bridge.simulator.mt5.types import SymbolInfo
from tests.mql5.host.binding.host import Answer, Failed, Fault, fail
from tests.mql5.host.binding.library import Cell
from tests.mql5.host.functions.broker_view import BrokerView
from tests.mql5.host.functions.properties import value
from tests.mql5.reference import constants, spelled

C: Final = constants()
_EMPTY: Final[dict[str, Cell]] = {"INTEGER": 0, "DOUBLE": 0.0, "STRING": ""}
_DAY_S: Final = 86_400


class Market:
    """AccountInfo*, Symbol*."""

    def __init__(self, view: BrokerView) -> None:
        self._view = view
        self._selected: dict[str, bool] = {}

    def AccountInfoInteger(self, number: int) -> Answer:
        return self._account("ENUM_ACCOUNT_INFO_INTEGER", number)

    def AccountInfoDouble(self, number: int) -> Answer:
        return self._account("ENUM_ACCOUNT_INFO_DOUBLE", number)

    def AccountInfoString(self, number: int) -> Answer:
        return self._account("ENUM_ACCOUNT_INFO_STRING", number)

    def SymbolsTotal(self, selected: int) -> Answer:
        return len(self._names(selected))

    def SymbolName(self, at: int, selected: int) -> Answer:
        names = self._names(selected)
        return names[at] if 0 <= at < len(names) else fail(C["ERR_MARKET_UNKNOWN_SYMBOL"], "")

    def SymbolSelect(self, name: str, select: int) -> Answer:
        if name not in self._view.symbols():
            return fail(C["ERR_MARKET_UNKNOWN_SYMBOL"], False)
        held = {position.symbol for position in self._view.positions()}
        held |= {order.symbol for order in self._view.orders()}
        if not select and name in held:
            return fail(C["ERR_MARKET_SELECT_ERROR"], False)
        self._selected[name] = bool(select)
        return True

    def SymbolExist(self, name: str) -> Answer:
        return True if name in self._view.symbols() else fail(C["ERR_MARKET_UNKNOWN_SYMBOL"], False)

    def SymbolIsSynchronized(self, name: str) -> Answer:
        return self._view.connected() and name in self._view.symbols()

    def SymbolInfoInteger(self, name: str, number: int) -> Answer:
        return self._symbol(name, "ENUM_SYMBOL_INFO_INTEGER", number)

    def SymbolInfoDouble(self, name: str, number: int) -> Answer:
        return self._symbol(name, "ENUM_SYMBOL_INFO_DOUBLE", number)

    def SymbolInfoString(self, name: str, number: int) -> Answer:
        return self._symbol(name, "ENUM_SYMBOL_INFO_STRING", number)

    def SymbolInfoTick(self, name: str) -> Answer:
        symbol, tick = self._known(name), self._view.tick(name)
        if symbol is None or tick is None:
            return fail(C["ERR_MARKET_UNKNOWN_SYMBOL" if symbol is None else "ERR_MARKET_LASTTIME_UNKNOWN"])
        if not symbol.select:
            return fail(C["ERR_MARKET_NOT_SELECTED"])
        return tick.time_msc, float(tick.bid), float(tick.ask), 0.0

    def SymbolInfoSessionQuote(self, name: str, day: int, session: int) -> Answer:
        """Return a quote session of the whole day."""
        return (0, _DAY_S) if self._week(name, day) and session == 0 else None

    def SymbolInfoSessionTrade(self, name: str, day: int, session: int) -> Answer:
        """Return the broker's trade sessions of that day, where it publishes them; the whole day without sessions.

        They stay as they are while the broker has closed the market otherwise, as on a holiday.
        """
        symbol = self._week(name, day)
        if symbol is None or not symbol.publishes_sessions:
            return None
        sessions = sorted((each.from_s, each.to_s) for each in symbol.sessions if each.day == day)
        if not symbol.sessions:
            sessions = [(0, _DAY_S)]
        if session >= len(sessions):
            return None
        begin_s, end_s = sessions[session]
        return begin_s, self._view.session_end(end_s)

    def SymbolInfoMarginRate(self, name: str, type: int) -> Answer:
        """Return 1.0 for both rates: the broker applies its leverage without margin rates."""
        if type not in spelled("ENUM_ORDER_TYPE"):
            raise Fault(f"order type {type} is not in ENUM_ORDER_TYPE")
        return fail(C["ERR_MARKET_UNKNOWN_SYMBOL"]) if self._known(name) is None else (1.0, 1.0)

    def _names(self, selected: int) -> list[str]:
        names = self._view.symbols()
        if not selected:
            return names
        return [name for name in names if (symbol := self._known(name)) is not None and symbol.select]

    def _known(self, name: str) -> SymbolInfo | None:
        """Return a symbol, in Market Watch or not."""
        symbol = self._view.symbol(name)
        if symbol is None or name not in self._selected:
            return symbol
        return msgspec.structs.replace(symbol, select=self._selected[name], visible=self._selected[name])

    def _week(self, name: str, day: int) -> SymbolInfo | None:
        if day not in spelled("ENUM_DAY_OF_WEEK"):
            raise Fault(f"day {day} is not in ENUM_DAY_OF_WEEK")
        return self._known(name)

    def _account(self, enumeration: str, number: int) -> Answer:
        account = self._view.account()
        if account is None:
            return _nothing(enumeration, number)
        return value(account, enumeration, number)

    def _symbol(self, name: str, enumeration: str, number: int) -> Answer:
        symbol = self._known(name)
        if symbol is None:
            _nothing(enumeration, number)
            # On failure the second form of the getter returns no result, the first an empty one.
            return Failed(C["ERR_MARKET_UNKNOWN_SYMBOL"], ())
        return value(symbol, enumeration, number)


def _nothing(enumeration: str, number: int) -> Cell:
    """Return the empty value of a property. Raises Fault for an unknown number."""
    if number not in spelled(enumeration):
        raise Fault(f"number {number} is not in {enumeration}")
    return _EMPTY[enumeration.rsplit("_", 1)[1]]
