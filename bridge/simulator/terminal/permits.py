"""What a symbol permits: order types, directions, hours."""

from typing import Final

from bridge.core.director.contract import OrderType
from bridge.core.link.messages import Order
from bridge.core.units.mt5_terms import Side
from bridge.simulator.broker.market.hours import is_open, opens_at
from bridge.simulator.mt5.types import Retcode, SymbolInfo, SymbolOrder, SymbolTradeMode
from bridge.simulator.terminal.expiry import clock_text
from bridge.simulator.terminal.not_sent import refused

_FLAGS: Final = {
    OrderType.MARKET: SymbolOrder.MARKET,
    OrderType.LIMIT: SymbolOrder.LIMIT,
    OrderType.STOP: SymbolOrder.STOP,
    OrderType.STOP_LIMIT: SymbolOrder.STOP_LIMIT,
}


def order_types(symbol: SymbolInfo) -> list[OrderType]:
    """The order types that the symbol takes (SYMBOL_ORDER_MODE)."""
    return [name for name, flag in _FLAGS.items() if flag in symbol.order_mode]


def risk_limit_permits(order: Order, symbol: SymbolInfo, server_ms: int) -> None:
    """Raises NotSent where the symbol does not permit this OPEN at that server time.

    Only an OPEN is held to it: what takes risk away is left to the broker's own word.
    """
    if order.order_type not in (allowed := order_types(symbol)):
        raise refused(
            Retcode.INVALID_ORDER,
            f"{symbol.name} takes no {order.order_type} orders; it takes {', '.join(allowed) or 'none'}",
        )
    match symbol.trade_mode:
        case SymbolTradeMode.DISABLED:
            raise refused(Retcode.TRADE_DISABLED, f"trading in {symbol.name} is disabled")
        case SymbolTradeMode.CLOSEONLY:
            raise refused(Retcode.CLOSE_ONLY, f"positions in {symbol.name} may only be closed")
        case SymbolTradeMode.LONGONLY if order.side is Side.SELL:
            raise refused(Retcode.LONG_ONLY, f"only long positions may be opened in {symbol.name}")
        case SymbolTradeMode.SHORTONLY if order.side is Side.BUY:
            raise refused(Retcode.SHORT_ONLY, f"only short positions may be opened in {symbol.name}")
        case _:
            pass
    if not is_open(symbol, server_ms):
        raise refused(Retcode.MARKET_CLOSED, closed(symbol, server_ms))


def closed(symbol: SymbolInfo, server_ms: int) -> str:
    """That the symbol is not traded at that server time, and until when where that is known, for people."""
    opens_ms = opens_at(symbol, server_ms)
    until = f" until {clock_text(opens_ms)}, server time" if opens_ms is not None else ""
    return f"the market for {symbol.name} is closed{until}"
