"""What a symbol permits an OPEN, with the code and the words for what it does not."""

import pytest
from msgspec.structs import replace

from bridge.core.director.contract import OrderType
from bridge.core.link.reports import NotSentReason
from bridge.core.units.mt5_terms import Side
from bridge.simulator.broker.market.hours import read_session
from bridge.simulator.broker.market.symbols import SHIPPED
from bridge.simulator.mt5.types import (
    OrderFilling,
    Retcode,
    SymbolExecution,
    SymbolFilling,
    SymbolInfo,
    SymbolOrder,
    SymbolTradeMode,
)
from bridge.simulator.terminal.filling import choose_pending_filling
from bridge.simulator.terminal.not_sent import NotSent
from bridge.simulator.terminal.permits import order_types, risk_limit_permits
from tests.sidecar_peer import open_order

SYMBOL = SHIPPED["EURUSD"]
WEDNESDAY_NOON = 1_767_787_200_000


@pytest.mark.parametrize(
    ("symbol", "side", "retcode", "words"),
    [
        (
            replace(SYMBOL, trade_mode=SymbolTradeMode.DISABLED),
            Side.BUY,
            Retcode.TRADE_DISABLED,
            "trading in EURUSD is disabled",
        ),
        (
            replace(SYMBOL, trade_mode=SymbolTradeMode.CLOSEONLY),
            Side.SELL,
            Retcode.CLOSE_ONLY,
            "positions in EURUSD may only be closed",
        ),
        (
            replace(SYMBOL, trade_mode=SymbolTradeMode.LONGONLY),
            Side.SELL,
            Retcode.LONG_ONLY,
            "only long positions may be opened in EURUSD",
        ),
        (
            replace(SYMBOL, trade_mode=SymbolTradeMode.SHORTONLY),
            Side.BUY,
            Retcode.SHORT_ONLY,
            "only short positions may be opened in EURUSD",
        ),
        (
            replace(SYMBOL, session_open=False),
            Side.BUY,
            Retcode.MARKET_CLOSED,
            "the market for EURUSD is closed",
        ),
        (
            replace(SYMBOL, sessions=(read_session("WED 13:00-14:00"),)),
            Side.BUY,
            Retcode.MARKET_CLOSED,
            "the market for EURUSD is closed until 2026.01.07 13:00:00, server time",
        ),
        (
            replace(SYMBOL, order_mode=SymbolOrder.SL),
            Side.BUY,
            Retcode.INVALID_ORDER,
            "EURUSD takes no MARKET orders; it takes none",
        ),
    ],
)
def test_what_is_not_permitted(symbol: SymbolInfo, side: Side, retcode: Retcode, words: str) -> None:
    with pytest.raises(NotSent) as raised:
        risk_limit_permits(open_order(side=side), symbol, WEDNESDAY_NOON)
    answer = raised.value
    assert (answer.reason, answer.retcode, answer.message) == (NotSentReason.CHECK, retcode, words)


@pytest.mark.parametrize(
    ("mode", "side"),
    [
        (SymbolTradeMode.FULL, Side.BUY),
        (SymbolTradeMode.FULL, Side.SELL),
        (SymbolTradeMode.LONGONLY, Side.BUY),
        (SymbolTradeMode.SHORTONLY, Side.SELL),
    ],
)
def test_what_is_permitted(mode: SymbolTradeMode, side: Side) -> None:
    risk_limit_permits(open_order(side=side), replace(SYMBOL, trade_mode=mode), WEDNESDAY_NOON)


def test_order_types_are_named_in_one_order() -> None:
    every = SymbolOrder.STOP_LIMIT | SymbolOrder.STOP | SymbolOrder.LIMIT | SymbolOrder.MARKET
    assert order_types(replace(SYMBOL, order_mode=every | SymbolOrder.CLOSEBY)) == list(OrderType)
    assert order_types(replace(SYMBOL, order_mode=SymbolOrder.TP)) == []


@pytest.mark.parametrize(
    ("flags", "execution", "filling"),
    [
        (SymbolFilling.FOK | SymbolFilling.IOC, SymbolExecution.EXCHANGE, OrderFilling.RETURN),
        (SymbolFilling.FOK | SymbolFilling.IOC, SymbolExecution.INSTANT, OrderFilling.RETURN),
        (SymbolFilling.FOK | SymbolFilling.IOC, SymbolExecution.MARKET, OrderFilling.IOC),
        (SymbolFilling.FOK, SymbolExecution.MARKET, OrderFilling.FOK),
        (SymbolFilling.BOC, SymbolExecution.MARKET, OrderFilling.RETURN),
    ],
)
def test_the_filling_of_a_pending_order(
    flags: SymbolFilling, execution: SymbolExecution, filling: OrderFilling
) -> None:
    symbol = replace(SYMBOL, filling_mode=flags, trade_exemode=execution)
    assert choose_pending_filling(symbol) is filling
