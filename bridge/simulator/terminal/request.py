"""The trade request that a command's order asks for. The broker judges it.

The only conditions that are checked here are those that the order itself carries and that no broker knows:
`max_spread_points`, and the distance of a market order from its `price`.
"""

from decimal import Decimal
from typing import Final

import msgspec
from msgspec.structs import replace

from bridge.core.director.contract import OrderType, TimeInForce
from bridge.core.link.messages import Command, CommandKind, Order
from bridge.core.link.reports import NotSentReason
from bridge.core.units.decimals import ZERO
from bridge.core.units.mt5_terms import Side
from bridge.simulator.broker.api import BrokerApi
from bridge.simulator.mt5 import types
from bridge.simulator.mt5.types import (
    AccountMarginMode,
    OrderFilling,
    OrderTime,
    PositionType,
    SymbolFilling,
    TradeAction,
    TradeRequest,
)
from bridge.simulator.terminal.not_sent import NotSent, unsupported
from bridge.simulator.terminal.targets import find_order, find_position, named_as_shown

DEVIATION_POINTS: Final = 20
"""The deviation of an order that names none."""


def build_request(command: Command, broker: BrokerApi) -> TradeRequest:
    """Return the request that the command asks for. Raises NotSent, BrokerTimeout and BrokerGone."""
    order = named_as_shown(command.order, broker)
    command = msgspec.structs.replace(command, order=order)
    match order.kind:
        case CommandKind.OPEN:
            return _open(command, broker)
        case CommandKind.CLOSE:
            position = find_position(order, broker)
            # Never more than is open: on a netting account the rest would open the opposite side.
            return _deal(order, broker, min(order.volume, position.volume), position.ticket)
        case CommandKind.MODIFY if order.position:
            return _modify_position(order, broker)
        case CommandKind.MODIFY:
            return _modify_order(command, broker)
        case CommandKind.CANCEL:
            return TradeRequest(action=TradeAction.REMOVE, order=find_order(order, broker).ticket)
        case unknown:
            raise unsupported("command kind", unknown)


def _open(command: Command, broker: BrokerApi) -> TradeRequest:
    order = command.order
    match order.order_type:
        case OrderType.MARKET:
            return _keep_levels(_deal(order, broker, order.volume), broker)
        case OrderType.LIMIT | OrderType.STOP | OrderType.STOP_LIMIT:
            return _pending(command, broker)
        case unknown:
            raise unsupported("order type", unknown)


def _deal(order: Order, broker: BrokerApi, volume: Decimal, position: int = 0) -> TradeRequest:
    """A market order; with the ticket of a position it closes that."""
    tick = broker.tick(order.symbol)
    market = ZERO if tick is None else tick.ask if order.side is Side.BUY else tick.bid
    deviation = DEVIATION_POINTS if order.deviation_points is None else order.deviation_points
    _check_spread(order, broker)
    if order.price is not None:
        worse = market - order.price if order.side is Side.BUY else order.price - market
        points = _points(order, broker, worse)
        if points > deviation:
            raise NotSent(
                NotSentReason.CHECK,
                f"the market is at {market}, {points:.0f} points worse than {order.price}; {deviation} are allowed",
            )
    return TradeRequest(
        action=TradeAction.DEAL,
        magic=order.client_order_id,
        symbol=order.symbol,
        volume=volume,
        price=market,
        sl=order.stop_loss or ZERO,
        tp=order.take_profit or ZERO,
        deviation=deviation,
        type=types.OrderType[order.side.name],
        type_filling=_filling(order, broker),
        position=position,
        comment=order.comment,
    )


def _keep_levels(request: TradeRequest, broker: BrokerApi) -> TradeRequest:
    """Return the order with the levels of the position that it adds to, where it names none.

    A netted position takes the levels of the last order that adds to it, and none where that has none.
    """
    if broker.account().margin_mode is AccountMarginMode.RETAIL_HEDGING:
        return request
    side = PositionType.BUY if request.type is types.OrderType.BUY else PositionType.SELL
    held = next((p for p in broker.positions() if p.symbol == request.symbol and p.type is side), None)
    if held is None:
        return request
    return replace(request, sl=request.sl or held.sl, tp=request.tp or held.tp)


def _pending(command: Command, broker: BrokerApi) -> TradeRequest:
    order = command.order
    _check_spread(order, broker)
    type_time, expiration = _lifetime(command)
    return TradeRequest(
        action=TradeAction.PENDING,
        magic=order.client_order_id,
        symbol=order.symbol,
        volume=order.volume,
        price=order.price or ZERO,
        stoplimit=order.limit_price or ZERO,
        sl=order.stop_loss or ZERO,
        tp=order.take_profit or ZERO,
        type=types.OrderType[f"{order.side}_{order.order_type}"],
        type_filling=_filling(order, broker),
        type_time=type_time,
        expiration=expiration,
        comment=order.comment,
    )


def _modify_position(order: Order, broker: BrokerApi) -> TradeRequest:
    position = find_position(order, broker)
    return TradeRequest(
        action=TradeAction.SLTP,
        magic=position.magic,  # a position takes the magic of its last change
        symbol=position.symbol,
        sl=_changed(order.stop_loss, position.sl),
        tp=_changed(order.take_profit, position.tp),
        position=position.ticket,
    )


def _modify_order(command: Command, broker: BrokerApi) -> TradeRequest:
    order = command.order
    found = find_order(order, broker)
    type_time, expiration = found.type_time, found.time_expiration
    if order.time_in_force is not TimeInForce.GTC or order.expires_ms:
        type_time, expiration = _lifetime(command)
    return TradeRequest(
        action=TradeAction.MODIFY,
        magic=found.magic,
        symbol=found.symbol,
        type_filling=found.type_filling,
        order=found.ticket,
        price=_changed(order.price, found.price_open),
        stoplimit=_changed(order.limit_price, found.price_stoplimit),
        sl=_changed(order.stop_loss, found.sl),
        tp=_changed(order.take_profit, found.tp),
        type_time=type_time,
        expiration=expiration,
    )


def _changed(wanted: Decimal | None, present: Decimal) -> Decimal:
    """None leaves the level as it is."""
    return present if wanted is None else wanted


def _lifetime(command: Command) -> tuple[OrderTime, int]:
    """Return type_time and expiration; MetaTrader's times are whole seconds."""
    match command.order.time_in_force:
        case TimeInForce.GTC:
            return OrderTime.GTC, 0
        case TimeInForce.DAY:
            return OrderTime.DAY, 0
        case TimeInForce.GTD:
            return OrderTime.SPECIFIED, command.expires_server_ms // 1_000 * 1_000
        case unknown:
            raise unsupported("time in force", unknown)


def _filling(order: Order, broker: BrokerApi) -> OrderFilling:
    """Return a filling mode that the symbol names, else RETURN (MQL5 reference, 'Fill Policy').

    An open at the market is filled whole where the symbol has that. A partial close is better than none, and so is
    a partial fill of a pending order.
    """
    symbol = broker.symbol(order.symbol)
    whole = order.kind is CommandKind.OPEN and not order.order_type.pending
    wanted = (OrderFilling.FOK, OrderFilling.IOC) if whole else (OrderFilling.IOC, OrderFilling.FOK)
    named = (
        mode for mode in wanted if symbol is not None and SymbolFilling[mode.name] in symbol.filling_mode
    )
    return next(named, OrderFilling.RETURN)


def _check_spread(order: Order, broker: BrokerApi) -> None:
    tick = broker.tick(order.symbol)
    if order.max_spread_points is None or tick is None:
        return
    spread = _points(order, broker, tick.ask - tick.bid)
    if spread > order.max_spread_points:
        raise NotSent(
            NotSentReason.CHECK,
            f"the spread is {spread:.0f} points; at most {order.max_spread_points} are allowed",
        )


def _points(order: Order, broker: BrokerApi, distance: Decimal) -> Decimal:
    """Return the distance in points; 0 where the broker has no such symbol, which it refuses itself."""
    symbol = broker.symbol(order.symbol)
    return ZERO if symbol is None else distance / symbol.point
