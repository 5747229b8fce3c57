"""What a person does at another terminal: reason CLIENT, magic 0, no fault rules, not among the sends."""

from decimal import Decimal

import msgspec

from bridge.core.units.decimals import ZERO
from bridge.simulator.broker.api import ControlError
from bridge.simulator.broker.book.trade_state import closing_type
from bridge.simulator.broker.execution.checks import refusal
from bridge.simulator.broker.execution.orders import Done, Execution
from bridge.simulator.broker.execution.requests import carry_out
from bridge.simulator.broker.state import State
from bridge.simulator.mt5.retcodes import spelled
from bridge.simulator.mt5.types import (
    Order,
    OrderFilling,
    OrderReason,
    OrderTime,
    OrderType,
    Position,
    SymbolFilling,
    TradeAction,
    TradeRequest,
)


class ManualTrades:
    """Trades by hand. Every method raises ControlError, with the retcode where the server refuses."""

    def __init__(self, state: State, execution: Execution) -> None:
        self._desk = state.desk
        self._quirks = state.scenario.quirks
        self._execution = execution

    def open(self, request: TradeRequest) -> int:
        """A market order; the ticket of the position that it opens or changes."""
        return self._position_of(self._carry_out(self._at_market(request)))

    def close(self, position: int, volume: Decimal | None) -> int:
        """The close of a position, or of a part; the deal's ticket."""
        held = self._held(position)
        request = TradeRequest(
            action=TradeAction.DEAL,
            symbol=held.symbol,
            type=closing_type(held),
            volume=held.volume if volume is None else volume,
            position=position,
        )
        return self._carry_out(self._at_market(request)).deals[-1].ticket

    def pending(self, request: TradeRequest) -> int:
        """A pending order; its ticket."""
        return self._carry_out(request).order.ticket

    def modify(
        self, position: int, order: int, sl: Decimal | None, tp: Decimal | None, price: Decimal | None
    ) -> None:
        """New levels of a position, or of a pending order with its price. None leaves a value as it is."""
        if bool(position) is bool(order):
            raise ControlError("name a position or an order, one of them")
        if order:
            self.set_order(self._live(order), sl=sl, tp=tp, price=price)
            return
        held = self._held(position)
        request = TradeRequest(
            action=TradeAction.SLTP,
            symbol=held.symbol,
            position=position,
            sl=held.sl if sl is None else sl,
            tp=held.tp if tp is None else tp,
        )
        self._do(request)

    def set_order(self, order: Order, **changes: object) -> None:
        """A pending order with some of a request's fields changed; None changes nothing."""
        request = TradeRequest(
            action=TradeAction.MODIFY,
            order=order.ticket,
            price=order.price_open,
            stoplimit=order.price_stoplimit,
            sl=order.sl,
            tp=order.tp,
            type_time=order.type_time,
            expiration=order.time_expiration,
        )
        given = {name: value for name, value in changes.items() if value is not None}
        self._do(msgspec.structs.replace(request, **given))

    def set_expiry(self, order: int, expiration: int, type_time: OrderTime) -> None:
        """A pending order's lifetime."""
        self.set_order(self._live(order), expiration=expiration, type_time=type_time)

    def cancel(self, order: int) -> None:
        """The end of a live order."""
        self._live(order)
        self._do(TradeRequest(action=TradeAction.REMOVE, order=order))

    def close_by(self, position: int, by: int) -> list[int]:
        """Two opposite positions closed by each other; the tickets of both deals."""
        held = self._held(position)
        self._held(by)
        request = TradeRequest(
            action=TradeAction.CLOSE_BY, symbol=held.symbol, position=position, position_by=by
        )
        return [deal.ticket for deal in self._carry_out(request).deals]

    def _held(self, position: int) -> Position:
        held = self._desk.book.positions.get(position)
        if held is None:
            raise ControlError(f"position {position} is not open")
        return held

    def _live(self, order: int) -> Order:
        live = self._desk.book.orders.get(order)
        if live is None:
            raise ControlError(f"order {order} is not live")
        return live

    def _position_of(self, done: Done) -> int:
        """The ticket of what the order has left open; the identifier where it has closed everything."""
        held = self._desk.book.identified(done.order.position_id)
        return done.order.position_id if held is None else held.ticket

    def _at_market(self, request: TradeRequest) -> TradeRequest:
        """Price and filling as the symbol wants them."""
        symbol = self._desk.symbols[request.symbol]
        named = (flag for flag in (SymbolFilling.FOK, SymbolFilling.IOC) if flag in symbol.filling_mode)
        flag = next(named, None)
        return msgspec.structs.replace(
            request,
            price=self._desk.deal_price(request.symbol, request.type),
            type_filling=OrderFilling.RETURN if flag is None else OrderFilling[flag.name or ""],
        )

    def _carry_out(self, request: TradeRequest) -> Done:
        done = self._do(request)
        assert done is not None  # noqa: S101 - narrowing: only a change of levels leaves no order
        return done

    def _do(self, request: TradeRequest) -> Done | None:
        refused = refusal(self._desk, request, self._quirks, by_expert=False)
        if refused is not None:
            raise ControlError(f"refused: {refused.value} {spelled(refused)}")
        return carry_out(self._desk, self._execution, request, reason=OrderReason.CLIENT)


def pending_request(
    symbol: str,
    type: OrderType,
    volume: Decimal,
    price: Decimal,
    stoplimit: Decimal = ZERO,
    sl: Decimal = ZERO,
    tp: Decimal = ZERO,
    type_time: OrderTime = OrderTime.GTC,
    expiration: int = 0,
    comment: str = "",
) -> TradeRequest:
    """A pending order with the filling that every symbol takes."""
    return TradeRequest(
        action=TradeAction.PENDING,
        symbol=symbol,
        type=type,
        volume=volume,
        price=price,
        stoplimit=stoplimit,
        sl=sl,
        tp=tp,
        type_filling=OrderFilling.RETURN,
        type_time=type_time,
        expiration=expiration,
        comment=comment,
    )
