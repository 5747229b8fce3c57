"""The trade server: takes requests, refuses or executes them, and answers, faults included."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec
from msgspec import Struct

from bridge.core.amounts import ZERO
from bridge.paper.api import ControlError, SendRecord
from bridge.paper.checks import refusal
from bridge.paper.desk import margin_level
from bridge.paper.execution import Done, Execution, Wanted
from bridge.paper.faults import Faults, faults_of
from bridge.paper.mt5 import (
    CheckResult,
    OrderFilling,
    OrderReason,
    OrderType,
    Retcode,
    SymbolFilling,
    TradeAction,
    TradeRequest,
    TradeResult,
    Transaction,
    TransactionType,
)
from bridge.paper.script import LoseAnswer, SendKind
from bridge.paper.state import State


class Answer(Struct, frozen=True, kw_only=True):
    """What comes back from a send, and after how long. Without a result nothing ever comes."""

    result: TradeResult | None
    delay_ms: int = 0


class TradeServer:
    """OrderCheck and OrderSend for the expert, and trades by hand."""

    def __init__(self, state: State, execution: Execution) -> None:
        self._state = state
        self._desk = state.desk
        self._execution = execution

    def check(self, request: TradeRequest) -> CheckResult:
        """OrderCheck (see BrokerApi)."""
        refused = refusal(self._desk, request) if self._state.seen is None else Retcode.CONNECTION
        if refused is not None:
            return CheckResult(retcode=refused, comment=spelled(refused))
        account = self._desk.account(connected=True)
        opens = SendKind.of(request) is SendKind.OPEN
        margin = account.margin + (self._desk.margin(request.symbol, request.volume) if opens else ZERO)
        return CheckResult(
            retcode=0,
            balance=account.balance,
            equity=account.equity,
            profit=account.profit,
            margin=margin,
            margin_free=account.equity - margin,
            margin_level=margin_level(account.equity, margin),
            comment="Done",
        )

    def submit(self, request: TradeRequest) -> Answer:
        """order_send, with the answer's delay told apart, for who can wait without stopping others."""
        if self._state.seen is not None:
            result = self._result(Retcode.CONNECTION, request)
            self._log(request, result.retcode, executed=False)
            return Answer(result=result)
        faults = faults_of(self._state.rules, request)
        self._state.tape.muted = faults.untold
        try:
            result, executed = self._served(request, faults)
            answered = self._answered(result, request, faults.lost)
        finally:
            self._state.tape.muted = False
        self._log(request, answered.retcode if answered else None, executed=executed)
        return Answer(result=answered, delay_ms=faults.latency_ms)

    def _served(self, request: TradeRequest, faults: Faults) -> tuple[TradeResult, bool]:
        """The honest answer, and whether the book changed."""
        refused = faults.retcode if faults.retcode is not None else refusal(self._desk, request)
        if refused is not None:
            return self._result(refused, request), False
        if request.action is TradeAction.SLTP:
            self._execution.change_stops(request.position, request.sl, request.tp)
            return self._result(Retcode.DONE, request), True
        portions = _portions(faults.portions, request.volume)
        if portions and request.type_filling is OrderFilling.FOK and sum(portions) < request.volume:
            return self._result(Retcode.REJECT, request), False
        done = self._execution.execute(_wanted(request), portions)
        if faults.history_delay_ms:
            self._desk.book.hide(done.order.ticket, self._desk.now_ms + faults.history_delay_ms)
        return self._done(done, request), True

    def _answered(
        self, result: TradeResult, request: TradeRequest, lost: LoseAnswer | None
    ) -> TradeResult | None:
        """What the client reads of it. A lost answer brings no REQUEST transaction either."""
        if lost is None:
            told = Transaction(type=TransactionType.REQUEST, request=request, result=result)
            self._state.tape.tell(told)
            return result
        return None if lost.retcode is None else self._result(lost.retcode, request)

    def _result(self, retcode: int, request: TradeRequest) -> TradeResult:
        tick = (self._state.seen or self._desk).quotes.get(request.symbol)
        return TradeResult(
            retcode=retcode,
            bid=tick.bid if tick else ZERO,
            ask=tick.ask if tick else ZERO,
            comment=spelled(retcode),
            request_id=len(self._state.sends) + 1,
        )

    def _done(self, done: Done, request: TradeRequest) -> TradeResult:
        last = done.deals[-1]
        return msgspec.structs.replace(
            self._result(Retcode.DONE_PARTIAL if done.order.volume_current else Retcode.DONE, request),
            deal=last.ticket,
            order=done.order.ticket,
            volume=done.order.volume_initial - done.order.volume_current,
            price=last.price,
        )

    def _log(self, request: TradeRequest, retcode: int | None, *, executed: bool) -> None:
        record = SendRecord(
            number=len(self._state.sends) + 1,
            time_msc=self._desk.now_ms,
            request=request,
            retcode=retcode,
            executed=executed,
        )
        self._state.sends.append(record)

    def by_hand(self, request: TradeRequest) -> Done:
        """A deal that a person makes at another terminal: reason CLIENT, no rules, not among the sends.
        Price and filling are what the symbol wants. Raises ControlError with the return code."""
        symbol = self._desk.symbols[request.symbol]
        fok = bool(symbol.filling_mode & SymbolFilling.FOK)
        request = msgspec.structs.replace(
            request,
            price=self._desk.deal_price(request.symbol, request.type),
            type_filling=OrderFilling.FOK if fok else OrderFilling.IOC,
        )
        refused = refusal(self._desk, request, by_expert=False)
        if refused is not None:
            raise ControlError(f"refused: {refused.value} {spelled(refused)}")
        return self._execution.execute(_wanted(request, OrderReason.CLIENT))


def spelled(retcode: int) -> str:
    """A return code as the server comments it."""
    if retcode == Retcode.DONE:
        return "Request executed"
    if retcode == Retcode.DONE_PARTIAL:
        return "Request executed partially"
    known = retcode in Retcode.__members__.values()
    return Retcode(retcode).name.replace("_", " ").capitalize() if known else f"Unknown retcode {retcode}"


def _wanted(request: TradeRequest, reason: OrderReason = OrderReason.EXPERT) -> Wanted:
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


def _portions(volumes: Sequence[Decimal], whole: Decimal) -> tuple[Decimal, ...]:
    """A rule's portions, cut where they would fill more than was asked for."""
    portions: list[Decimal] = []
    for volume in volumes:
        portion = min(volume, whole - sum(portions, ZERO))
        if portion > 0:
            portions.append(portion)
    return tuple(portions)
