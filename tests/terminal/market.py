"""Account and symbols. Source: MQL5 reference, 'Account Information', 'Market Info'."""

from typing import Final

from tests.terminal.brokerview import BrokerView
from tests.terminal.host import Answer, Failed, Fault, fail
from tests.terminal.library import Cell
from tests.terminal.properties import value
from tests.terminal.reference import constants, spelled

C: Final = constants()
_EMPTY: Final[dict[str, Cell]] = {"INTEGER": 0, "DOUBLE": 0.0, "STRING": ""}
_DAY_S: Final = 86_400


class Market:
    """AccountInfo*, Symbol*."""

    def __init__(self, view: BrokerView) -> None:
        self._view = view

    def AccountInfoInteger(self, number: int) -> Answer:
        return self._account("ENUM_ACCOUNT_INFO_INTEGER", number)

    def AccountInfoDouble(self, number: int) -> Answer:
        return self._account("ENUM_ACCOUNT_INFO_DOUBLE", number)

    def AccountInfoString(self, number: int) -> Answer:
        return self._account("ENUM_ACCOUNT_INFO_STRING", number)

    def SymbolsTotal(self, selected: int) -> Answer:
        return len(self._view.symbols())

    def SymbolName(self, at: int, selected: int) -> Answer:
        names = self._view.symbols()
        return names[at] if 0 <= at < len(names) else fail(C["ERR_MARKET_UNKNOWN_SYMBOL"], "")

    def SymbolSelect(self, name: str, select: int) -> Answer:
        return self.SymbolExist(name)

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
        tick = self._view.tick(name)
        if tick is None:
            return fail(C["ERR_MARKET_UNKNOWN_SYMBOL"])
        return tick.time_msc, float(tick.bid), float(tick.ask), 0.0

    def SymbolInfoSessionTrade(self, name: str, day: int, session: int) -> Answer:
        symbol = self._view.symbol(name)
        return (0, _DAY_S) if symbol is not None and symbol.session_open and session == 0 else None

    def _account(self, enumeration: str, number: int) -> Answer:
        account = self._view.account()
        if account is None:
            return _nothing(enumeration, number)
        return value(account, enumeration, number)

    def _symbol(self, name: str, enumeration: str, number: int) -> Answer:
        symbol = self._view.symbol(name)
        if symbol is None:
            _nothing(enumeration, number)
            # The second form of the getter tells failure by no result at all, the first gives an empty one.
            return Failed(C["ERR_MARKET_UNKNOWN_SYMBOL"], ())
        return value(symbol, enumeration, number)


def _nothing(enumeration: str, number: int) -> Cell:
    """The empty value of a property. Raises Fault where it is none."""
    if number not in spelled(enumeration):
        raise Fault(f"{number} is no {enumeration}")
    return _EMPTY[enumeration.rsplit("_", 1)[1]]
