"""Which filling mode an order goes out with (MQL5 reference, 'Fill Policy')."""

from typing import Final

from bridge.core.link.messages import CommandKind
from bridge.simulator.mt5.types import (
    OrderFilling,
    SymbolExecution,
    SymbolFilling,
    SymbolInfo,
    TradeAction,
    TradeRequest,
)

_WHOLE_FIRST: Final = (SymbolFilling.FOK, SymbolFilling.IOC)
_PARTS_FIRST: Final = (SymbolFilling.IOC, SymbolFilling.FOK)


def choose_filling(kind: CommandKind, symbol: SymbolInfo) -> OrderFilling:
    """The filling mode for a market order in this symbol.

    An OPEN is filled whole where the symbol has that, a CLOSE as far as it goes: a part closed is better than
    nothing closed. Symbols under exchange, instant and request execution take RETURN where they name nothing;
    market execution forbids it.
    """
    named = _named(_WHOLE_FIRST if kind is CommandKind.OPEN else _PARTS_FIRST, symbol)
    if named is not None:
        return named
    return OrderFilling.FOK if symbol.trade_exemode is SymbolExecution.MARKET else OrderFilling.RETURN


def choose_pending_filling(symbol: SymbolInfo) -> OrderFilling:
    """The filling mode for a pending order in this symbol.

    RETURN: what is not filled at once stays on the book. Market execution forbids it; there an order takes what
    the symbol names, in parts where it may, and RETURN, the default, where it names nothing. BOC is never
    chosen: it would refuse an order that could be filled at once.
    """
    if symbol.trade_exemode is not SymbolExecution.MARKET:
        return OrderFilling.RETURN
    named = _named(_PARTS_FIRST, symbol)
    return OrderFilling.RETURN if named is None else named


def other_fillings(request: TradeRequest) -> list[OrderFilling]:
    """What to try where the symbol does not take the mode that its flags promise, best first."""
    if request.action is TradeAction.PENDING:
        order = (OrderFilling.RETURN, OrderFilling.IOC, OrderFilling.FOK)
    elif request.position:
        order = (OrderFilling.IOC, OrderFilling.FOK, OrderFilling.RETURN)
    else:
        order = (OrderFilling.FOK, OrderFilling.IOC, OrderFilling.RETURN)
    return [filling for filling in order if filling is not request.type_filling]


def _named(wished: tuple[SymbolFilling, ...], symbol: SymbolInfo) -> OrderFilling | None:
    return next((OrderFilling[flag.name or ""] for flag in wished if flag in symbol.filling_mode), None)
