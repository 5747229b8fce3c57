"""Requests that were accepted, carried out: each action as the execution that it asks for."""

from decimal import Decimal

from bridge.core.units.decimals import ZERO
from bridge.simulator.broker.book.book import WHOLE, Plan, Portion
from bridge.simulator.broker.book.trade_state import Desk
from bridge.simulator.broker.execution.orders import Done, Execution, Wanted
from bridge.simulator.broker.fault_rules import Fills, Pace
from bridge.simulator.mt5.types import (
    Order,
    OrderFilling,
    OrderReason,
    OrderState,
    OrderType,
    TradeAction,
    TradeRequest,
)


def planned(fills: Fills | None, *, refused: bool = False) -> Plan:
    """A fault rule's portions as a plan."""
    if fills is None:
        return Plan(refused=refused)
    prices = fills.prices or (ZERO,) * len(fills.volumes)
    portions = (
        Portion(volume=volume, price=price) for volume, price in zip(fills.volumes, prices, strict=True)
    )
    return Plan(portions=tuple(portions), pace=fills.pace, refused=refused)


def short_of(plan: Plan, request: TradeRequest) -> bool:
    """Whether the plan leaves something of a FOK order open, so that nothing of it may be filled."""
    filled = sum((portion.volume for portion in plan.portions), ZERO)
    killed = request.type_filling is OrderFilling.FOK and plan.pace is not Pace.MANUALLY
    return bool(plan.portions) and killed and filled < request.volume


def carry_out(
    desk: Desk,
    execution: Execution,
    request: TradeRequest,
    *,
    reason: OrderReason = OrderReason.EXPERT,
    plan: Plan = WHOLE,
) -> Done | None:
    """Do what a checked request asks for. None where no order is left to speak of."""
    match request.action:
        case TradeAction.DEAL:
            return execution.execute(_market(request, reason), _cut(plan, request.volume))
        case TradeAction.PENDING:
            return Done(order=execution.place(_pending(request, reason), _cut(plan, request.volume)))
        case TradeAction.SLTP:
            position = desk.meant(request)
            assert position is not None  # noqa: S101 - narrowing: it was checked
            execution.change_stops(position.ticket, request.sl, request.tp)
            return None
        case TradeAction.MODIFY:
            return Done(order=_modify(desk, execution, request))
        case TradeAction.REMOVE:
            return Done(order=execution.end(request.order, OrderState.CANCELED))
        case TradeAction.CLOSE_BY:
            return execution.close_by(_close_by(desk, request, reason))


def _market(request: TradeRequest, reason: OrderReason) -> Wanted:
    closes = bool(request.position)
    return Wanted(
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


def _pending(request: TradeRequest, reason: OrderReason) -> Wanted:
    two_prices = request.type in (OrderType.BUY_STOP_LIMIT, OrderType.SELL_STOP_LIMIT)
    return Wanted(
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


def _modify(desk: Desk, execution: Execution, request: TradeRequest) -> Order:
    order = desk.book.orders[request.order]
    return execution.change_order(
        request.order,
        price=request.price,
        # An order of one price has none, and a request without it leaves it alone.
        stoplimit=(request.stoplimit or order.price_stoplimit) if order.price_stoplimit else ZERO,
        sl=request.sl,
        tp=request.tp,
        type_time=request.type_time,
        expiration=request.expiration,
    )


def _close_by(desk: Desk, request: TradeRequest, reason: OrderReason) -> Wanted:
    held = desk.book.positions[request.position]
    other = desk.book.positions[request.position_by]
    return Wanted(
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


def _cut(plan: Plan, whole: Decimal) -> Plan:
    """The plan, its portions cut where they would fill more than was asked for."""
    portions: list[Portion] = []
    left = whole
    for portion in plan.portions:
        volume = min(portion.volume, left)
        if volume > 0:
            portions.append(Portion(volume=volume, price=portion.price))
            left -= volume
    return Plan(portions=tuple(portions), pace=plan.pace, refused=plan.refused)
