"""A broker in another process, with the methods of one in this."""

import time
from decimal import Decimal
from typing import Final, TypeVar

import msgspec
import zmq
from msgspec import Raw
from msgspec.json import Decoder

from bridge.core.units.decimals import ZERO
from bridge.simulator.broker.api import BrokerGone, BrokerTimeout, ControlError, SendRecord
from bridge.simulator.broker.fault_rules import Fills, Rule
from bridge.simulator.broker.rpc.calls import Call, Problem, Reply, RpcError
from bridge.simulator.mt5.types import (
    AccountInfo,
    CheckResult,
    Deal,
    Order,
    OrderTime,
    OrderType,
    Position,
    SymbolInfo,
    SymbolTradeMode,
    Tick,
    TradeRequest,
    TradeResult,
    Transaction,
)

T = TypeVar("T")

_NONE: Final[Decoder[None]] = Decoder(None)
_BOOL: Final = Decoder(bool)
_INT: Final = Decoder(int)
_INTS: Final = Decoder(list[int])
_NAMES: Final = Decoder(list[str])
_ACCOUNT: Final = Decoder(AccountInfo)
_SYMBOL: Final[Decoder[SymbolInfo | None]] = Decoder(SymbolInfo | None)
_TICK: Final[Decoder[Tick | None]] = Decoder(Tick | None)
_CHECK: Final = Decoder(CheckResult)
_RESULT: Final = Decoder(TradeResult)
_POSITIONS: Final = Decoder(list[Position])
_ORDER: Final[Decoder[Order | None]] = Decoder(Order | None)
_ORDERS: Final = Decoder(list[Order])
_DEAL: Final[Decoder[Deal | None]] = Decoder(Deal | None)
_DEALS: Final = Decoder(list[Deal])
_TRANSACTIONS: Final = Decoder(list[tuple[int, Transaction]])
_SENDS: Final = Decoder(list[SendRecord])
_REPLY: Final = Decoder(Reply)


class BrokerClient:
    """Calls a BrokerServer, one call at a time, blocking; one thread per client. It satisfies BrokerApi and
    BrokerControl.

    Every call raises BrokerGone where the server was not reached within the time-out (nothing was sent),
    and BrokerTimeout where it did not answer within it (what was sent may be done, or be done later).
    `timeout` is in seconds.
    """

    def __init__(self, endpoint: str, timeout: float = 5.0) -> None:
        self.timeout = timeout
        self._last_id = 0
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.DEALER)
        self._socket.linger = 0
        # Without it, calls to a dead server would queue, and reach the next one stale.
        self._socket.setsockopt(zmq.IMMEDIATE, 1)
        self._socket.connect(endpoint)

    def close(self) -> None:
        """Let go of the socket. The client cannot be used after."""
        self._socket.close()
        self._context.term()

    def __enter__(self) -> "BrokerClient":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _call(self, method: str, decoder: Decoder[T], **params: object) -> T:
        """Call, wait for the reply of this very number, and read its result."""
        self._last_id += 1
        call = Call(id=self._last_id, method=method, params=Raw(msgspec.json.encode(params)))
        deadline = time.monotonic() + self.timeout
        if not self._socket.poll(_left(deadline), zmq.POLLOUT):
            raise BrokerGone(f"no broker process answers: {method} was not sent")
        self._socket.send(msgspec.json.encode(call))
        while self._socket.poll(_left(deadline), zmq.POLLIN):
            reply = _REPLY.decode(self._socket.recv())
            if reply.id != call.id:  # the late answer to a call that was given up
                continue
            if reply.error is not None:
                text = f"{method}: {reply.error.message}"
                raise ControlError(text) if reply.error.problem is Problem.REFUSED else RpcError(text)
            return decoder.decode(reply.result)
        raise BrokerTimeout(f"{method}: no answer within {self.timeout} s")

    # BrokerApi

    def connected(self) -> bool:
        return self._call("connected", _BOOL)

    def server_time(self) -> int:
        return self._call("server_time", _INT)

    def account(self) -> AccountInfo:
        return self._call("account", _ACCOUNT)

    def symbols(self) -> list[str]:
        return self._call("symbols", _NAMES)

    def symbol(self, name: str) -> SymbolInfo | None:
        return self._call("symbol", _SYMBOL, name=name)

    def tick(self, name: str) -> Tick | None:
        return self._call("tick", _TICK, name=name)

    def order_check(self, request: TradeRequest) -> CheckResult:
        return self._call("order_check", _CHECK, request=request)

    def order_send(self, request: TradeRequest) -> TradeResult:
        return self._call("order_send", _RESULT, request=request)

    def positions(self) -> list[Position]:
        return self._call("positions", _POSITIONS)

    def orders(self) -> list[Order]:
        return self._call("orders", _ORDERS)

    def history_orders(self, from_ms: int, to_ms: int) -> list[Order]:
        return self._call("history_orders", _ORDERS, from_ms=from_ms, to_ms=to_ms)

    def history_deals(self, from_ms: int, to_ms: int) -> list[Deal]:
        return self._call("history_deals", _DEALS, from_ms=from_ms, to_ms=to_ms)

    def order_by_ticket(self, ticket: int) -> Order | None:
        return self._call("order_by_ticket", _ORDER, ticket=ticket)

    def history_order(self, ticket: int) -> Order | None:
        return self._call("history_order", _ORDER, ticket=ticket)

    def history_deal(self, ticket: int) -> Deal | None:
        return self._call("history_deal", _DEAL, ticket=ticket)

    def deals_by_position(self, identifier: int) -> list[Deal]:
        return self._call("deals_by_position", _DEALS, identifier=identifier)

    def transactions(self, after: int) -> list[tuple[int, Transaction]]:
        return self._call("transactions", _TRANSACTIONS, after=after)

    # BrokerControl

    def set_quote(self, symbol: str, bid: Decimal, ask: Decimal) -> None:
        self._call("set_quote", _NONE, symbol=symbol, bid=bid, ask=ask)

    def set_trade_mode(self, symbol: str, mode: SymbolTradeMode) -> None:
        self._call("set_trade_mode", _NONE, symbol=symbol, mode=mode)

    def set_symbol(self, symbol: SymbolInfo) -> None:
        self._call("set_symbol", _NONE, symbol=symbol)

    def set_session(self, symbol: str, is_open: bool) -> None:
        self._call("set_session", _NONE, symbol=symbol, is_open=is_open)

    def manual_open(
        self,
        symbol: str,
        type: OrderType,
        volume: Decimal,
        sl: Decimal = ZERO,
        tp: Decimal = ZERO,
        comment: str = "",
    ) -> int:
        params = {"symbol": symbol, "type": type, "volume": volume, "sl": sl, "tp": tp, "comment": comment}
        return self._call("manual_open", _INT, **params)

    def manual_close(self, position: int, volume: Decimal | None = None) -> int:
        return self._call("manual_close", _INT, position=position, volume=volume)

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
    ) -> int:
        params = {
            "symbol": symbol,
            "type": type,
            "volume": volume,
            "price": price,
            "stoplimit": stoplimit,
            "sl": sl,
            "tp": tp,
            "type_time": type_time,
            "expiration": expiration,
            "comment": comment,
        }
        return self._call("manual_pending", _INT, **params)

    def manual_modify(
        self,
        position: int = 0,
        order: int = 0,
        sl: Decimal | None = None,
        tp: Decimal | None = None,
        price: Decimal | None = None,
    ) -> None:
        self._call("manual_modify", _NONE, position=position, order=order, sl=sl, tp=tp, price=price)

    def manual_cancel(self, order: int) -> None:
        self._call("manual_cancel", _NONE, order=order)

    def manual_close_by(self, position: int, by: int) -> list[int]:
        return self._call("manual_close_by", _INTS, position=position, by=by)

    def set_expiry(self, order: int, expiration: int, type_time: OrderTime = OrderTime.SPECIFIED) -> None:
        self._call("set_expiry", _NONE, order=order, expiration=expiration, type_time=type_time)

    def fill(self, order: int, volume: Decimal | None = None, price: Decimal = ZERO) -> int:
        return self._call("fill", _INT, order=order, volume=volume, price=price)

    def plan_fills(self, order: int, fills: Fills) -> None:
        self._call("plan_fills", _NONE, order=order, fills=fills)

    def stop_out(self, position: int | None = None) -> int:
        return self._call("stop_out", _INT, position=position)

    def cancel_deal(self, ticket: int) -> None:
        self._call("cancel_deal", _NONE, ticket=ticket)

    def deposit(self, amount: Decimal, comment: str = "") -> int:
        return self._call("deposit", _INT, amount=amount, comment=comment)

    def seed_history(self, count: int) -> None:
        self._call("seed_history", _NONE, count=count)

    def connect(self) -> None:
        self._call("connect", _NONE)

    def disconnect(self) -> None:
        self._call("disconnect", _NONE)

    def add_rule(self, rule: Rule) -> None:
        self._call("add_rule", _NONE, rule=rule)

    def clear_rules(self) -> None:
        self._call("clear_rules", _NONE)

    def revise_deal(
        self, ticket: int, commission: Decimal, swap: Decimal | None = None, fee: Decimal | None = None
    ) -> None:
        self._call("revise_deal", _NONE, ticket=ticket, commission=commission, swap=swap, fee=fee)

    def sends(self) -> list[SendRecord]:
        return self._call("sends", _SENDS)


def _left(deadline: float) -> int:
    """Milliseconds until then, never negative: a negative time-out would wait for ever."""
    return max(0, int((deadline - time.monotonic()) * 1000))
