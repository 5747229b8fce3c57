"""Execution of accepted requests: the step of `Execution` for each action."""

from decimal import Decimal
from typing import assert_never

import msgspec

from bridge.core.units.decimals import ZERO
from bridge.simulator.broker.book.book import FILL_WHOLE, FillPlan, Portion
from bridge.simulator.broker.book.trade_state import TradeState
from bridge.simulator.broker.execution.orders import Execution, NewOrder, Outcome
from bridge.simulator.broker.fault_rules import DropStops, Faults, Fills, Pace
from bridge.simulator.mt5.types import (
    Order,
    OrderFilling,
    OrderReason,
    OrderState,
    OrderType,
    TradeAction,
    TradeRequest,
)


def fill_plan(faults: Faults) -> FillPlan:
    """Return the fill plan for the faults of a send."""
    dropped = faults.drop_stops or DropStops(sl=False, tp=False)
    plan = FillPlan(refused=faults.refuse_trigger, drops_sl=dropped.sl, drops_tp=dropped.tp)
    if faults.fills is None:
        return plan
    return msgspec.structs.replace(plan, portions=portions(faults.fills), pace=faults.fills.pace)


def portions(fills: Fills) -> tuple[Portion, ...]:
    """Return the portions of a fault rule or control."""
    prices = fills.prices or (ZERO,) * len(fills.volumes)
    return tuple(
        Portion(volume=volume, price=price) for volume, price in zip(fills.volumes, prices, strict=True)
    )


def leaves_remainder(trade: TradeState, plan: FillPlan, request: TradeRequest) -> bool:
    """Return whether neither the plan nor the market's depth fills a FOK order whole, so that none of it may be
    filled."""
    filled = sum((portion.volume for portion in plan.portions), ZERO)
    if not plan.portions:
        filled = trade.depths.get(request.symbol, request.volume)
    killed = request.type_filling is OrderFilling.FOK and plan.pace is not Pace.MANUALLY
    return killed and filled < request.volume


def execute_request(
    trade: TradeState,
    execution: Execution,
    request: TradeRequest,
    *,
    reason: OrderReason = OrderReason.EXPERT,
    plan: FillPlan = FILL_WHOLE,
) -> Outcome | None:
    """Execute a request that `refusal` accepts. Return None where it leaves no order."""
    match request.action:
        case TradeAction.DEAL:
            return execution.execute(_market(request, reason), _cut(plan, request.volume))
        case TradeAction.PENDING:
            return Outcome(order=execution.place(_pending(request, reason), _cut(plan, request.volume)))
        case TradeAction.SLTP:
            position = trade.sltp_position(request)
            assert position is not None  # noqa: S101 - narrowing: it was checked
            execution.change_stops(position.ticket, request.sl, request.tp)
            return None
        case TradeAction.MODIFY:
            return Outcome(order=_modify(trade, execution, request))
        case TradeAction.REMOVE:
            return Outcome(order=execution.end(request.order, OrderState.CANCELED))
        case TradeAction.CLOSE_BY:
            return execution.close_by(_close_by(trade, request, reason))
        case unknown:
            assert_never(unknown)


def _market(request: TradeRequest, reason: OrderReason) -> NewOrder:
    closes = bool(request.position)
    return NewOrder(
        symbol=request.symbol,
        type=OrderType(request.type),
        volume=request.volume,
        reason=reason,
        magic=request.magic,
        comment=request.comment,
        # A closing order sets no levels.
        sl=ZERO if closes else request.sl,
        tp=ZERO if closes else request.tp,
        type_filling=request.type_filling,
        position=request.position,
    )


def _pending(request: TradeRequest, reason: OrderReason) -> NewOrder:
    two_prices = request.type in (OrderType.BUY_STOP_LIMIT, OrderType.SELL_STOP_LIMIT)
    return NewOrder(
        symbol=request.symbol,
        type=request.type,
        volume=request.volume,
        reason=reason,
        magic=request.magic,
        comment=request.comment,
        sl=request.sl,
        tp=request.tp,
        type_filling=request.type_filling,
        price=request.price,
        stoplimit=request.stoplimit if two_prices else ZERO,
        type_time=request.type_time,
        expiration=request.expiration,
    )


def _modify(trade: TradeState, execution: Execution, request: TradeRequest) -> Order:
    order = trade.book.orders[request.order]
    return execution.change_order(
        request.order,
        price=request.price,
        # Only a stop-limit order has one, and a request without it keeps it.
        stoplimit=(request.stoplimit or order.price_stoplimit) if order.price_stoplimit else ZERO,
        sl=request.sl,
        tp=request.tp,
        type_time=request.type_time,
        expiration=request.expiration,
    )


def _close_by(trade: TradeState, request: TradeRequest, reason: OrderReason) -> NewOrder:
    held = trade.book.positions[request.position]
    other = trade.book.positions[request.position_by]
    return NewOrder(
        symbol=held.symbol,
        type=OrderType.CLOSE_BY,
        volume=min(held.volume, other.volume),
        reason=reason,
        magic=request.magic,
        comment=request.comment or f"close #{held.ticket} by #{other.ticket}",
        position=held.ticket,
        position_by=other.ticket,
        price=other.price_open,
    )


def _cut(plan: FillPlan, whole: Decimal) -> FillPlan:
    """Return the plan with portions up to the requested volume."""
    kept: list[Portion] = []
    left = whole
    for portion in plan.portions:
        volume = min(portion.volume, left)
        if volume > 0:
            kept.append(Portion(volume=volume, price=portion.price))
            left -= volume
    return msgspec.structs.replace(plan, portions=tuple(kept))
