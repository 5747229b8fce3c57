"""From a command's order to a trade request, and every reason not to send it.

The reasons are looked for in this order, and the first one is the answer:

    all             deadline, connection, account, permissions, inputs, symbol
    OPEN, CLOSE     a quote, the inputs' spread
    OPEN            the inputs' guards of the account; what the symbol permits; the order's own spread; the
                    distance from its price, or a pending order's expiry; levels
    CLOSE           the position; the distance from the order's price. Never levels, nor hours
    MODIFY, CANCEL  the target; whether anything changes (MODIFY); freeze level; levels that move
    all             OrderCheck
"""

from decimal import Decimal
from typing import Final

import msgspec

from bridge.core.director.contract import TimeInForce
from bridge.core.link.messages import AccountIdentity, Command, CommandKind, Order
from bridge.core.link.reports import NotSentReason
from bridge.core.units.decimals import ZERO
from bridge.core.units.mt5_terms import Side
from bridge.simulator.broker.api import BrokerApi, BrokerGone, BrokerTimeout
from bridge.simulator.mt5.types import (
    AccountInfo,
    CheckResult,
    OrderType,
    Retcode,
    SymbolInfo,
    Tick,
    TradeAction,
    TradeRequest,
)
from bridge.simulator.terminal.expiry import Expiry, choose_expiry
from bridge.simulator.terminal.filling import choose_filling, choose_pending_filling, other_fillings
from bridge.simulator.terminal.inputs import Inputs
from bridge.simulator.terminal.levels import (
    Pending,
    pending_of,
    risk_limit_frozen_order,
    risk_limit_frozen_position,
    risk_limit_pending,
    risk_limit_stops,
    side_of,
)
from bridge.simulator.terminal.not_sent import NotSent
from bridge.simulator.terminal.permits import risk_limit_permits
from bridge.simulator.terminal.risk_limits import RiskLimits
from bridge.simulator.terminal.standing import identity, missing_permission
from bridge.simulator.terminal.targets import find_order, find_position

_PASSED: Final = frozenset({0, Retcode.DONE})
"""OrderCheck's retcodes for a request that would do. Builds differ in which of them they give."""
_UNCHANGED: Final = "the levels are these already"


def prepare(
    command: Command, link_ms: int, account: AccountIdentity, broker: BrokerApi, risk_limits: RiskLimits
) -> TradeRequest:
    """The request that the command asks for, once nothing speaks against it. Sends nothing.

    `link_ms` is the link clock, `account` the session's. Raises NotSent.
    """
    if link_ms > command.deadline_ms:
        late = link_ms - command.deadline_ms
        raise NotSent(NotSentReason.LATE, f"the deadline passed {late} ms ago")
    try:
        request = _prepare(command, account, broker, risk_limits)
        checked = broker.order_check(request)
        if checked.retcode == Retcode.INVALID_FILL:
            request, checked = _otherwise_filled(request, checked, broker)
    except (BrokerTimeout, BrokerGone) as error:
        raise NotSent(NotSentReason.OFFLINE, f"the broker does not answer: {error}") from error
    if checked.retcode not in _PASSED:
        raise NotSent(NotSentReason.CHECK, f"OrderCheck refused it: {checked.comment}", checked.retcode)
    return request


def _otherwise_filled(
    request: TradeRequest, checked: CheckResult, broker: BrokerApi
) -> tuple[TradeRequest, CheckResult]:
    """The request with the first filling mode that OrderCheck lets pass, as it was where none does: symbols do
    not always keep to what their flags promise."""
    for filling in other_fillings(request):
        tried = msgspec.structs.replace(request, type_filling=filling)
        answer = broker.order_check(tried)
        if answer.retcode in _PASSED:
            return tried, answer
    return request, checked


def _prepare(
    command: Command, account: AccountIdentity, broker: BrokerApi, risk_limits: RiskLimits
) -> TradeRequest:
    order, inputs = command.order, risk_limits.inputs
    present = _standing(account, broker, inputs)
    if forbidden := inputs.forbid(order):
        raise NotSent(NotSentReason.INPUTS, forbidden)
    symbol = broker.symbol(order.symbol)
    if symbol is None:
        raise NotSent(NotSentReason.SYMBOL, f"the broker has no symbol {order.symbol}")
    tick = broker.tick(order.symbol)
    if tick is not None and (tick.bid <= 0 or tick.ask <= 0):
        tick = None
    if order.kind is CommandKind.CANCEL:
        return _cancel(order, broker, symbol, tick)
    if order.kind is CommandKind.MODIFY:
        change = _modify_position if order.position else _modify_order
        return change(command, broker, symbol, tick)
    if tick is None:
        raise NotSent(NotSentReason.SYMBOL, f"there is no quote for {order.symbol}")
    if forbidden := inputs.forbid_spread(order, symbol, tick):
        raise NotSent(NotSentReason.INPUTS, forbidden)
    if order.kind is CommandKind.CLOSE:
        return _close(order, broker, symbol, tick, inputs)
    if forbidden := risk_limits.forbid_open(order, present, broker):
        raise NotSent(NotSentReason.INPUTS, forbidden)
    risk_limit_permits(order, symbol, broker.server_time())
    _risk_limit_spread(order, symbol, tick)
    if order.order_type.pending:
        return _open_pending(command, broker, symbol, tick)
    return _open_market(order, symbol, tick, inputs)


def _standing(account: AccountIdentity, broker: BrokerApi, inputs: Inputs) -> AccountInfo:
    """The account, connected, the session's own and allowed to trade. Raises NotSent."""
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
    return present


def _open_market(order: Order, symbol: SymbolInfo, tick: Tick, inputs: Inputs) -> TradeRequest:
    _risk_limit_slippage(order, symbol, tick, inputs)
    risk_limit_stops(symbol, tick, order.side, order.stop_loss or ZERO, order.take_profit or ZERO)
    return _market_request(order, symbol, tick, inputs)


def _open_pending(command: Command, broker: BrokerApi, symbol: SymbolInfo, tick: Tick) -> TradeRequest:
    order = command.order
    expiry = choose_expiry(order.time_in_force, command.expires_server_ms, symbol, broker.server_time())
    wished = Pending(
        type=OrderType[f"{order.side}_{order.order_type}"],
        price=order.price or ZERO,
        stoplimit=order.limit_price or ZERO,
        sl=order.stop_loss or ZERO,
        tp=order.take_profit or ZERO,
    )
    risk_limit_pending(symbol, tick, wished)
    return TradeRequest(
        action=TradeAction.PENDING,
        magic=order.client_order_id,
        symbol=order.symbol,
        volume=order.volume,
        price=wished.price,
        stoplimit=wished.stoplimit,
        sl=wished.sl,
        tp=wished.tp,
        type=wished.type,
        type_filling=choose_pending_filling(symbol),
        type_time=expiry.type_time,
        expiration=expiry.expiration,
        comment=order.comment,
    )


def _close(order: Order, broker: BrokerApi, symbol: SymbolInfo, tick: Tick, inputs: Inputs) -> TradeRequest:
    position = find_position(order, broker)
    _risk_limit_slippage(order, symbol, tick, inputs)
    request = _market_request(order, symbol, tick, inputs)
    # Never more than is open: on a netting account the rest would open the opposite.
    return msgspec.structs.replace(
        request, position=position.ticket, volume=min(order.volume, position.volume)
    )


def _market_request(order: Order, symbol: SymbolInfo, tick: Tick, inputs: Inputs) -> TradeRequest:
    return TradeRequest(
        action=TradeAction.DEAL,
        magic=order.client_order_id,
        symbol=order.symbol,
        volume=order.volume,
        price=_market(order, tick),
        sl=order.stop_loss or ZERO,
        tp=order.take_profit or ZERO,
        deviation=inputs.sent_deviation(order),
        type=OrderType[order.side.name],
        type_filling=choose_filling(order.kind, symbol),
        comment=order.comment,
    )


def _modify_position(
    command: Command, broker: BrokerApi, symbol: SymbolInfo, tick: Tick | None
) -> TradeRequest:
    order = command.order
    position = find_position(order, broker)
    sl, tp = _level(order.stop_loss, position.sl), _level(order.take_profit, position.tp)
    if (sl, tp) == (position.sl, position.tp):
        raise NotSent(NotSentReason.NO_CHANGE, _UNCHANGED)
    if tick is not None:  # without a quote the broker alone can tell
        risk_limit_frozen_position(symbol, tick, position)
        moved_sl, moved_tp = (sl if sl != position.sl else ZERO), (tp if tp != position.tp else ZERO)
        risk_limit_stops(symbol, tick, side_of(position), moved_sl, moved_tp)
    return TradeRequest(
        action=TradeAction.SLTP,
        # A position bears the magic of what changed it last.
        magic=position.magic,
        symbol=position.symbol,
        sl=sl,
        tp=tp,
        position=position.ticket,
    )


def _modify_order(command: Command, broker: BrokerApi, symbol: SymbolInfo, tick: Tick | None) -> TradeRequest:
    order = command.order
    found = find_order(order, broker)
    present = pending_of(found)
    wished = Pending(
        type=present.type,
        price=_level(order.price, present.price),
        stoplimit=_level(order.limit_price, present.stoplimit),
        sl=_level(order.stop_loss, present.sl),
        tp=_level(order.take_profit, present.tp),
    )
    kept = Expiry(type_time=found.type_time, expiration=found.time_expiration)
    expiry = kept
    if order.time_in_force is not TimeInForce.GTC or order.expires_ms:
        expiry = choose_expiry(order.time_in_force, command.expires_server_ms, symbol, broker.server_time())
    if (wished, expiry) == (present, kept):
        raise NotSent(NotSentReason.NO_CHANGE, _UNCHANGED)
    if tick is not None and found.type.pending:
        risk_limit_frozen_order(symbol, tick, found)
        risk_limit_pending(symbol, tick, wished, present)
    return TradeRequest(
        action=TradeAction.MODIFY,
        magic=found.magic,
        symbol=found.symbol,
        type_filling=found.type_filling,
        order=found.ticket,
        price=wished.price,
        stoplimit=wished.stoplimit,
        sl=wished.sl,
        tp=wished.tp,
        type_time=expiry.type_time,
        expiration=expiry.expiration,
    )


def _cancel(order: Order, broker: BrokerApi, symbol: SymbolInfo, tick: Tick | None) -> TradeRequest:
    found = find_order(order, broker)
    if tick is not None:
        risk_limit_frozen_order(symbol, tick, found)
    return TradeRequest(action=TradeAction.REMOVE, order=found.ticket)


def _level(wished: Decimal | None, present: Decimal) -> Decimal:
    """None leaves the level as it is."""
    return present if wished is None else wished


def _risk_limit_spread(order: Order, symbol: SymbolInfo, tick: Tick) -> None:
    allowed = order.max_spread_points
    spread = (tick.ask - tick.bid) / symbol.point
    if allowed is not None and spread > allowed:
        raise NotSent(
            NotSentReason.CHECK, f"the spread is {spread:.0f} points; at most {allowed} are allowed"
        )


def _risk_limit_slippage(order: Order, symbol: SymbolInfo, tick: Tick, inputs: Inputs) -> None:
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
