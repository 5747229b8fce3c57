"""The trade server: takes requests, refuses or executes them, and answers, faults included."""

import msgspec
from msgspec import Struct

from bridge.core.units.decimals import ZERO
from bridge.simulator.broker.api import SendRecord
from bridge.simulator.broker.book.trade_state import margin_level
from bridge.simulator.broker.execution.checks import refusal
from bridge.simulator.broker.execution.orders import Done, Execution
from bridge.simulator.broker.execution.requests import carry_out, planned, short_of
from bridge.simulator.broker.fault_rules import LoseAnswer, SendKind
from bridge.simulator.broker.faults import Faults, faults_of
from bridge.simulator.broker.services.market import Market
from bridge.simulator.broker.state import State
from bridge.simulator.mt5.retcodes import spelled
from bridge.simulator.mt5.types import (
    CheckResult,
    Retcode,
    TradeAction,
    TradeRequest,
    TradeResult,
    Transaction,
    TransactionType,
)


class Answer(Struct, frozen=True, kw_only=True):
    """What comes back from a send, and after how long. Without a result nothing ever comes."""

    result: TradeResult | None
    delay_ms: int = 0


class TradeServer:
    """OrderCheck and OrderSend for the expert."""

    def __init__(self, state: State, execution: Execution, market: Market) -> None:
        self._state = state
        self._market = market
        self._desk = state.desk
        self._execution = execution

    def check(self, request: TradeRequest) -> CheckResult:
        """OrderCheck (see BrokerApi)."""
        quirks = self._state.scenario.quirks
        connected = self._state.seen is None
        request = self._read(request)
        refused = refusal(self._desk, request, quirks) if connected else Retcode.CONNECTION
        if refused is not None:
            return CheckResult(retcode=refused, comment=spelled(refused))
        account = self._desk.account(connected=True)
        opens = SendKind.of(request) is SendKind.OPEN
        margin = account.margin
        if opens:
            margin += self._desk.margin_needed(request.symbol, request.type, request.volume)
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
        if faults.moved is not None:
            self._market.set_quote(request.symbol, faults.moved.bid, faults.moved.ask)
        self._state.tape.muted = faults.untold
        try:
            result, executed = self._served(self._read(request), faults)
            answered = self._answered(result, request, faults.lost)
        finally:
            self._state.tape.muted = False
        self._log(request, answered.retcode if answered else None, executed=executed)
        return Answer(result=answered, delay_ms=faults.latency_ms)

    def _read(self, request: TradeRequest) -> TradeRequest:
        """The request as the server takes it."""
        ignored = self._desk.netting and self._state.scenario.quirks.netting_position == "IGNORED"
        if ignored and request.action is TradeAction.DEAL:
            return msgspec.structs.replace(request, position=0)
        return request

    def _served(self, request: TradeRequest, faults: Faults) -> tuple[TradeResult, bool]:
        """The honest answer, and whether the book changed."""
        quirks = self._state.scenario.quirks
        refused = faults.retcode if faults.retcode is not None else refusal(self._desk, request, quirks)
        if refused is not None:
            return self._result(refused, request), False
        plan = planned(faults.fills, refused=faults.trigger_refused)
        if request.action is TradeAction.DEAL and short_of(plan, request):
            return self._result(Retcode.REJECT, request), False
        done = carry_out(self._desk, self._execution, request, plan=plan)
        if done is None:
            return self._result(Retcode.DONE, request), True
        if faults.history_delay_ms:
            self._desk.book.hide(done.order.ticket, self._desk.now_ms + faults.history_delay_ms)
        return self._done(request, done), True

    def _answered(
        self, result: TradeResult, request: TradeRequest, lost: LoseAnswer | None
    ) -> TradeResult | None:
        """What the client reads of it. A lost answer brings no REQUEST transaction either."""
        if lost is None:
            emitted = Transaction(type=TransactionType.REQUEST, request=request, result=result)
            self._state.tape.tell(emitted)
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

    def _done(self, request: TradeRequest, done: Done) -> TradeResult:
        """The answer to a request that was carried out and left an order."""
        order, result = done.order, self._result(self._retcode(request, done), request)
        if not done.deals:
            return msgspec.structs.replace(result, order=order.ticket, volume=order.volume_current)
        # A close-by answers with the deal that bears the profit, anything else with the last.
        deal = done.deals[0 if request.action is TradeAction.CLOSE_BY else -1]
        filled = order.volume_initial - order.volume_current
        return msgspec.structs.replace(
            result, deal=deal.ticket, order=order.ticket, volume=filled, price=deal.price
        )

    def _retcode(self, request: TradeRequest, done: Done) -> Retcode:
        if request.action is TradeAction.PENDING:
            return Retcode[self._state.scenario.quirks.pending_retcode]
        if request.action is not TradeAction.DEAL:
            return Retcode.DONE
        if not done.deals:
            return Retcode.PLACED
        return Retcode.DONE_PARTIAL if done.order.volume_current else Retcode.DONE

    def _log(self, request: TradeRequest, retcode: int | None, *, executed: bool) -> None:
        record = SendRecord(
            number=len(self._state.sends) + 1,
            time_msc=self._desk.now_ms,
            request=request,
            retcode=retcode,
            executed=executed,
        )
        self._state.sends.append(record)
