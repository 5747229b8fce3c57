"""Trades at another terminal: manual ones with reason CLIENT and magic 0, or another program's with reason EXPERT
and its magic. No fault rule applies to them, and `sends` does not list them.
"""

from decimal import Decimal

import msgspec

from bridge.core.units.decimals import ZERO
from bridge.simulator.broker.api import ControlError
from bridge.simulator.broker.book.book import FILL_WHOLE
from bridge.simulator.broker.book.trade_state import closing_type
from bridge.simulator.broker.execution.checks import refusal
from bridge.simulator.broker.execution.orders import Outcome
from bridge.simulator.broker.execution.requests import execute_request, leaves_remainder
from bridge.simulator.broker.services.service import Service
from bridge.simulator.mt5.retcodes import retcode_comment
from bridge.simulator.mt5.types import (
    Order,
    OrderFilling,
    OrderReason,
    OrderTime,
    OrderType,
    SymbolFilling,
    TradeAction,
    TradeRequest,
)


class ManualTrades(Service):
    """The manual_* methods of BrokerControl, and set_expiry. A refusal of the trade server is a ControlError with
    its return code."""

    def manual_open(
        self,
        symbol: str,
        type: OrderType,
        volume: Decimal,
        sl: Decimal = ZERO,
        tp: Decimal = ZERO,
        comment: str = "",
        magic: int = 0,
    ) -> int:
        self._known_symbol(symbol)
        request = TradeRequest(
            action=TradeAction.DEAL,
            symbol=symbol,
            type=type,
            volume=volume,
            sl=sl,
            tp=tp,
            comment=comment,
            magic=magic,
        )
        order = self._send_order(self._at_market(request)).order
        position = self._trade.book.identified(order.position_id)
        return order.position_id if position is None else position.ticket

    def manual_close(self, position: int, volume: Decimal | None = None, magic: int = 0) -> int:
        held = self._open_position(position)
        request = TradeRequest(
            action=TradeAction.DEAL,
            symbol=held.symbol,
            type=closing_type(held),
            volume=held.volume if volume is None else volume,
            position=position,
            magic=magic,
        )
        return self._send_order(self._at_market(request)).deals[-1].ticket

    def manual_pending(
        self,
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
        magic: int = 0,
    ) -> int:
        self._known_symbol(symbol)
        request = TradeRequest(
            action=TradeAction.PENDING,
            symbol=symbol,
            type=type,
            volume=volume,
            price=price,
            stoplimit=stoplimit,
            sl=sl,
            tp=tp,
            type_filling=OrderFilling.RETURN,  # every symbol takes it
            type_time=type_time,
            expiration=expiration,
            comment=comment,
            magic=magic,
        )
        return self._send_order(request).order.ticket

    def manual_modify(
        self,
        position: int = 0,
        order: int = 0,
        sl: Decimal | None = None,
        tp: Decimal | None = None,
        price: Decimal | None = None,
    ) -> None:
        if bool(position) is bool(order):
            raise ControlError(f"position {position} and order {order}: name exactly one of them")
        if order:
            self._modify_order(self._live_order(order), sl=sl, tp=tp, price=price)
            return
        held = self._open_position(position)
        request = TradeRequest(
            action=TradeAction.SLTP,
            symbol=held.symbol,
            position=position,
            sl=held.sl if sl is None else sl,
            tp=held.tp if tp is None else tp,
        )
        self._send(request)

    def manual_cancel(self, order: int) -> None:
        self._live_order(order)
        self._send(TradeRequest(action=TradeAction.REMOVE, order=order))

    def manual_close_by(self, position: int, by: int) -> list[int]:
        held = self._open_position(position)
        self._open_position(by)
        request = TradeRequest(
            action=TradeAction.CLOSE_BY, symbol=held.symbol, position=position, position_by=by
        )
        return [deal.ticket for deal in self._send_order(request).deals]

    def set_expiry(self, order: int, expiration: int, type_time: OrderTime = OrderTime.SPECIFIED) -> None:
        self._modify_order(self._live_order(order), expiration=expiration, type_time=type_time)

    def _modify_order(self, order: Order, **changes: object) -> None:
        """Modify some fields of a pending order; None keeps a field."""
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
        self._send(msgspec.structs.replace(request, **given))

    def _at_market(self, request: TradeRequest) -> TradeRequest:
        """The request with the market's price and a filling that the symbol takes."""
        symbol = self._trade.symbols[request.symbol]
        if SymbolFilling.FOK in symbol.filling_mode:
            filling = OrderFilling.FOK
        elif SymbolFilling.IOC in symbol.filling_mode:
            filling = OrderFilling.IOC
        else:
            filling = OrderFilling.RETURN
        price = self._trade.deal_price(request.symbol, request.type)
        return msgspec.structs.replace(request, price=price, type_filling=filling)

    def _send_order(self, request: TradeRequest) -> Outcome:
        outcome = self._send(request)
        assert outcome is not None  # noqa: S101 - narrowing: only a change of levels leaves no order
        return outcome

    def _send(self, request: TradeRequest) -> Outcome | None:
        refused = refusal(self._trade, request, self._quirks, by_expert=False)
        if refused is not None:
            raise ControlError(f"refused: {refused.value} {retcode_comment(refused)}")
        if request.action is TradeAction.DEAL and leaves_remainder(self._trade, FILL_WHOLE, request):
            depth = self._trade.depths[request.symbol]
            raise ControlError(
                f"volume {request.volume} is above the depth {depth} of {request.symbol}; trade less, or"
                " allow another filling than FOK"
            )
        reason = OrderReason.EXPERT if request.magic else OrderReason.CLIENT
        return execute_request(self._trade, self._execution, request, reason=reason)
