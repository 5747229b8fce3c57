"""Brokers and requests for tests, with defaults for every field that a test does not set."""

from decimal import Decimal

from bridge.core.units.decimals import ZERO
from bridge.simulator.broker.broker import Broker
from bridge.simulator.broker.fault_rules import Rule
from bridge.simulator.broker.scenario import AccountTerms, Quirks, RandomWalk, Scenario, SymbolTerms
from bridge.simulator.mt5.types import (
    Order,
    OrderFilling,
    OrderTime,
    OrderType,
    TradeAction,
    TradeRequest,
    TradeResult,
    Transaction,
)

START = 1_767_607_200_000
"""Monday 2026-01-05, 10:00 server time."""

EVER = (0, 10**15)
"""A history range with everything in it."""


def broker(
    *symbols: SymbolTerms,
    account: AccountTerms = AccountTerms(),  # noqa: B008 - frozen
    quirks: Quirks = Quirks(),  # noqa: B008 - frozen
    rules: tuple[Rule, ...] = (),
    random_walk: RandomWalk | None = None,
) -> Broker:
    """Return a new broker, EURUSD at 1.09500/1.09510 by default. Quotes stand unless a random walk is given."""
    offered = symbols or Scenario().symbols
    return Broker.start(
        Scenario(symbols=offered, account=account, quirks=quirks, rules=rules, random_walk=random_walk), START
    )


def opening(
    volume: str = "0.10",
    type: OrderType = OrderType.BUY,
    *,
    symbol: str = "EURUSD",
    magic: int = 77,
    sl: str = "0",
    tp: str = "0",
    price: str = "0",
    deviation: int = 0,
    filling: OrderFilling = OrderFilling.FOK,
    comment: str = "",
) -> TradeRequest:
    """Return a market order that opens."""
    return TradeRequest(
        action=TradeAction.DEAL,
        symbol=symbol,
        type=type,
        volume=Decimal(volume),
        magic=magic,
        sl=Decimal(sl),
        tp=Decimal(tp),
        price=Decimal(price),
        deviation=deviation,
        type_filling=filling,
        comment=comment,
    )


def closing(
    position: int,
    volume: str = "0.10",
    type: OrderType = OrderType.SELL,
    *,
    symbol: str = "EURUSD",
    magic: int = 78,
    filling: OrderFilling = OrderFilling.FOK,
) -> TradeRequest:
    """Return a market order that closes a position, whole or partially."""
    return TradeRequest(
        action=TradeAction.DEAL,
        symbol=symbol,
        type=type,
        volume=Decimal(volume),
        magic=magic,
        position=position,
        type_filling=filling,
    )


def stops(position: int, sl: str = "0", tp: str = "0", *, symbol: str = "EURUSD") -> TradeRequest:
    """Return a change of a position's levels."""
    return TradeRequest(
        action=TradeAction.SLTP, symbol=symbol, position=position, sl=Decimal(sl), tp=Decimal(tp)
    )


def waiting(
    type: OrderType = OrderType.BUY_LIMIT,
    price: str = "1.09",
    volume: str = "0.10",
    *,
    symbol: str = "EURUSD",
    magic: int = 79,
    stoplimit: str = "0",
    sl: str = "0",
    tp: str = "0",
    filling: OrderFilling = OrderFilling.RETURN,
    type_time: OrderTime = OrderTime.GTC,
    expiration: int = 0,
    comment: str = "",
) -> TradeRequest:
    """Return a pending order."""
    return TradeRequest(
        action=TradeAction.PENDING,
        symbol=symbol,
        type=type,
        volume=Decimal(volume),
        magic=magic,
        price=Decimal(price),
        stoplimit=Decimal(stoplimit),
        sl=Decimal(sl),
        tp=Decimal(tp),
        type_filling=filling,
        type_time=type_time,
        expiration=expiration,
        comment=comment,
    )


def change(
    order: int,
    price: str = "1.09",
    *,
    stoplimit: str = "0",
    sl: str = "0",
    tp: str = "0",
    type_time: OrderTime = OrderTime.GTC,
    expiration: int = 0,
) -> TradeRequest:
    """Return a change of a pending order."""
    return TradeRequest(
        action=TradeAction.MODIFY,
        order=order,
        price=Decimal(price),
        stoplimit=Decimal(stoplimit),
        sl=Decimal(sl),
        tp=Decimal(tp),
        type_time=type_time,
        expiration=expiration,
    )


def removal(order: int) -> TradeRequest:
    """Return the removal of a pending order."""
    return TradeRequest(action=TradeAction.REMOVE, order=order)


def closing_by(position: int, by: int, magic: int = 80) -> TradeRequest:
    """Return the close of a position by an opposite one."""
    return TradeRequest(action=TradeAction.CLOSE_BY, position=position, position_by=by, magic=magic)


def placed(server: Broker, request: TradeRequest | None = None) -> int:
    """Place a pending order, and return its ticket."""
    result = server.order_send(request or waiting())
    assert result.retcode == 10009, result
    return result.order


def quoted(server: Broker, bid: str, ask: str = "") -> None:
    """Quote EURUSD; without an ask, a point above the bid."""
    server.set_quote("EURUSD", Decimal(bid), Decimal(ask) if ask else Decimal(bid) + Decimal("0.00001"))


def done(server: Broker, ticket: int) -> Order:
    """Return an order in history."""
    order = server.history_order(ticket)
    assert order is not None
    return order


def opened(server: Broker, request: TradeRequest | None = None) -> int:
    """Open, and return the position's ticket."""
    result = server.order_send(request or opening())
    assert result.retcode == 10009, result
    return result.order


def emitted(server: Broker, after: int = 0) -> list[str]:
    """Return the transactions after a number, as TYPE or TYPE(STATE)."""
    return [_shown(transaction) for _, transaction in server.transactions(after)]


def _shown(transaction: Transaction) -> str:
    name = transaction.type.name
    if name.startswith(("ORDER", "HISTORY")):
        return f"{name}({transaction.order_state.name})"
    return name


def book_of(server: Broker) -> tuple[object, ...]:
    """Return everything that an execution can change, to compare before and after."""
    return (
        server.positions(),
        server.orders(),
        server.history_orders(*EVER),
        server.history_deals(*EVER),
        server.account().balance,
    )


def nothing_done(result: TradeResult) -> bool:
    """Return whether the answer has no order, no deal and no volume."""
    return (result.order, result.deal, result.volume) == (0, 0, ZERO)
