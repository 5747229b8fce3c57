"""From a command's order to a trade request, and every reason not to send it."""

from decimal import Decimal
from typing import Final

from bridge.core.amounts import ZERO
from bridge.core.facts import NotSentReason
from bridge.core.protocol import AccountIdentity, Command, CommandKind, Order
from bridge.core.terms import Side
from bridge.paper.api import BrokerApi, BrokerGone, BrokerTimeout
from bridge.paper.inputs import Inputs
from bridge.paper.mt5 import (
    OrderFilling,
    OrderType,
    PositionType,
    Retcode,
    SymbolExecution,
    SymbolFilling,
    SymbolInfo,
    Tick,
    TradeAction,
    TradeRequest,
)
from bridge.paper.standing import identity, missing_permission

_PASSED: Final = frozenset({0, Retcode.DONE})
"""OrderCheck's retcodes for a request that would do. Builds differ in which of them they give."""


class NotSent(Exception):
    """The command must not go to the broker."""

    def __init__(self, reason: NotSentReason, message: str, retcode: int = 0) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.retcode = retcode


def prepare(
    command: Command, link_ms: int, account: AccountIdentity, broker: BrokerApi, inputs: Inputs
) -> TradeRequest:
    """The request that the command asks for, once nothing speaks against it. Sends nothing.

    `link_ms` is the link clock, `account` the session's. Raises NotSent.
    """
    if link_ms > command.deadline_ms:
        late = link_ms - command.deadline_ms
        raise NotSent(NotSentReason.LATE, f"the deadline passed {late} ms ago")
    try:
        return _prepare(command.order, account, broker, inputs)
    except (BrokerTimeout, BrokerGone) as error:
        raise NotSent(NotSentReason.OFFLINE, f"the broker does not answer: {error}") from error


def _prepare(order: Order, account: AccountIdentity, broker: BrokerApi, inputs: Inputs) -> TradeRequest:
    if not broker.connected():
        raise NotSent(NotSentReason.OFFLINE, "the terminal has no connection to the broker")
    present = broker.account()
    if identity(present) != account:
        raise NotSent(
            NotSentReason.ACCOUNT,
            f"the terminal is logged in to {present.login} at {present.server}, "
            f"the session is for {account.login} at {account.server}",
        )
    if missing := missing_permission(present, inputs):
        raise NotSent(NotSentReason.TRADING_OFF, missing)
    if forbidden := inputs.forbid(order):
        raise NotSent(NotSentReason.INPUTS, forbidden)
    symbol, tick = broker.symbol(order.symbol), broker.tick(order.symbol)
    if symbol is None:
        raise NotSent(NotSentReason.SYMBOL, f"the broker has no symbol {order.symbol}")
    if tick is None or tick.bid <= 0 or tick.ask <= 0:
        raise NotSent(NotSentReason.SYMBOL, f"there is no quote for {order.symbol}")
    if forbidden := inputs.forbid_spread(order, symbol, tick):
        raise NotSent(NotSentReason.INPUTS, forbidden)
    ticket = _position_ticket(order, broker) if order.kind is CommandKind.CLOSE else 0
    _guard_slippage(order, symbol, tick, inputs)
    request = TradeRequest(
        action=TradeAction.DEAL,
        magic=order.token,
        symbol=order.symbol,
        volume=order.volume,
        price=_market(order, tick),
        sl=order.stop_loss or ZERO,
        tp=order.take_profit or ZERO,
        deviation=inputs.deviation(order),
        type=OrderType[order.side.name],
        type_filling=choose_filling(order.kind, symbol),
        comment=order.comment,
        position=ticket,
    )
    checked = broker.order_check(request)
    if checked.retcode not in _PASSED:
        raise NotSent(NotSentReason.CHECK, f"OrderCheck refused it: {checked.comment}", checked.retcode)
    return request


def choose_filling(kind: CommandKind, symbol: SymbolInfo) -> OrderFilling:
    """The filling mode for a market order in this symbol.

    An OPEN is filled whole where the symbol has that, a CLOSE as far as it goes: a part closed is better than
    nothing closed. Symbols under exchange, instant and request execution take RETURN where they name nothing;
    market execution forbids it (MQL5 reference, 'Fill Policy').
    """
    wished = (SymbolFilling.FOK, SymbolFilling.IOC)
    for flag in wished if kind is CommandKind.OPEN else reversed(wished):
        if flag in symbol.filling_mode:
            return OrderFilling[flag.name or ""]
    if symbol.trade_exemode is SymbolExecution.MARKET:
        return OrderFilling.FOK
    return OrderFilling.RETURN


def _position_ticket(order: Order, broker: BrokerApi) -> int:
    """The present ticket of the position to close. Its identifier is constant, its ticket is not."""
    found = next((p for p in broker.positions() if order.position and p.identifier == order.position), None)
    if found is None:
        raise NotSent(NotSentReason.NO_POSITION, f"there is no open position {order.position}")
    if found.symbol != order.symbol:
        raise NotSent(NotSentReason.NO_POSITION, f"position {order.position} is in {found.symbol}")
    if (found.type is PositionType.BUY) is (order.side is Side.BUY):
        raise NotSent(
            NotSentReason.NO_POSITION,
            f"position {order.position} is a {found.type.name}; a {order.side} would add to it",
        )
    return found.ticket


def _guard_slippage(order: Order, symbol: SymbolInfo, tick: Tick, inputs: Inputs) -> None:
    if order.price is None:
        return
    market, allowed = _market(order, tick), inputs.deviation(order)
    distance = abs(market - order.price) / symbol.point
    if distance > allowed:
        raise NotSent(
            NotSentReason.CHECK,
            f"the market is at {market}, {distance:.0f} points from {order.price}; {allowed} are allowed",
        )


def _market(order: Order, tick: Tick) -> Decimal:
    """The price at which a market order of that side is filled."""
    return tick.ask if order.side is Side.BUY else tick.bid
