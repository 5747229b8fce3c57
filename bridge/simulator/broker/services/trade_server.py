"""The trade server: checks or executes requests and answers them, with the faults of the rules."""

import msgspec
from msgspec import Struct

from bridge.core.units.decimals import ZERO
from bridge.simulator.broker.api import BrokerTimeout, SendRecord
from bridge.simulator.broker.book.trade_state import margin_level
from bridge.simulator.broker.execution.checks import refusal
from bridge.simulator.broker.execution.orders import Outcome
from bridge.simulator.broker.execution.requests import execute_request, fill_plan, leaves_remainder
from bridge.simulator.broker.fault_rules import (
    Faults,
    LoseAnswer,
    MoveMarket,
    SendKind,
    faults_of,
    quote_fault,
)
from bridge.simulator.broker.services.market import MarketControl
from bridge.simulator.mt5.retcodes import retcode_comment
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
    """Answer to a send, and its delay. Without a result no answer ever arrives."""

    result: TradeResult | None
    delay_ms: int = 0


class TradeServer(MarketControl):
    """order_check and order_send (see BrokerApi)."""

    def order_check(self, request: TradeRequest) -> CheckResult:
        request = self._received(request)
        refused = refusal(self._trade, request, self._quirks) if self.connected() else Retcode.CONNECTION
        if refused is not None:
            return CheckResult(retcode=refused, comment=retcode_comment(refused))
        account = self._trade.account(connected=True)
        margin = account.margin
        if SendKind.of(request) is SendKind.OPEN:
            margin += self._trade.margin_needed(request.symbol, request.type, request.volume)
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

    def order_send(self, request: TradeRequest) -> TradeResult:
        answer = self.submit(request)
        if answer.result is None:
            raise BrokerTimeout("order_send: the trade server's answer was lost")
        return answer.result

    def submit(self, request: TradeRequest) -> Answer:
        """order_send for a caller that applies the delay itself."""
        if not self.connected():
            result = self._result(Retcode.CONNECTION, request)
            self._record(request, result.retcode, executed=False)
            return Answer(result=result)
        symbol = self._trade.symbol_of(request)
        faults = faults_of(self.state.rules, request, symbol)
        moved = faults.move_market
        if moved is not None and self._quotable(symbol, moved):
            self.set_quote(symbol, moved.bid, moved.ask)
        self.state.transactions.muted = faults.drop_transactions
        try:
            result, executed = self._serve(self._received(request), faults)
            answered = self._answer(result, request, faults.lost)
        finally:
            self.state.transactions.muted = False
        self._record(request, answered.retcode if answered else None, executed=executed)
        return Answer(result=answered, delay_ms=faults.latency_ms)

    def _quotable(self, symbol: str, moved: MoveMarket) -> bool:
        """Return whether the symbol is known and may have that quote: a send never fails by a rule."""
        negative = symbol in self._trade.negative
        return symbol in self._trade.symbols and not quote_fault(moved.bid, moved.ask, negative=negative)

    def _received(self, request: TradeRequest) -> TradeRequest:
        """The request as the server understands it."""
        ignored = self._trade.netting and self._quirks.netting_position == "IGNORED"
        if ignored and request.action is TradeAction.DEAL:
            return msgspec.structs.replace(request, position=0)
        return request

    def _serve(self, request: TradeRequest, faults: Faults) -> tuple[TradeResult, bool]:
        """The server's own answer, and whether the request was executed."""
        refused = faults.retcode
        if refused is None:
            refused = refusal(self._trade, request, self._quirks)
        if refused is not None:
            return self._result(refused, request), False
        plan = fill_plan(faults)
        if request.action is TradeAction.DEAL and leaves_remainder(self._trade, plan, request):
            return self._result(Retcode.REJECT, request), False
        outcome = execute_request(self._trade, self._execution, request, plan=plan)
        if outcome is None:
            return self._result(Retcode.DONE, request), True
        if faults.history_delay_ms:
            self._trade.book.hide(outcome.order.ticket, self._trade.now_ms + faults.history_delay_ms)
        return self._outcome_result(request, outcome), True

    def _answer(
        self, result: TradeResult, request: TradeRequest, lost: LoseAnswer | None
    ) -> TradeResult | None:
        """The answer that the client gets. A lost one has no REQUEST transaction either."""
        if lost is None:
            transaction = Transaction(type=TransactionType.REQUEST, request=request, result=result)
            self.state.transactions.append(transaction)
            return result
        return None if lost.retcode is None else self._result(lost.retcode, request)

    def _result(self, retcode: int, request: TradeRequest) -> TradeResult:
        tick = (self.state.last_seen or self._trade).quotes.get(request.symbol)
        return TradeResult(
            retcode=retcode,
            bid=tick.bid if tick else ZERO,
            ask=tick.ask if tick else ZERO,
            comment=retcode_comment(retcode),
            request_id=len(self.state.sends) + 1,
        )

    def _outcome_result(self, request: TradeRequest, outcome: Outcome) -> TradeResult:
        """The answer to a request that left an order."""
        order, result = outcome.order, self._result(self._retcode(request, outcome), request)
        if not outcome.deals:
            return msgspec.structs.replace(result, order=order.ticket, volume=order.volume_current)
        # A close-by is answered with the deal that has the profit, any other order with its last deal.
        deal = outcome.deals[0 if request.action is TradeAction.CLOSE_BY else -1]
        filled = order.volume_initial - order.volume_current
        return msgspec.structs.replace(
            result, deal=deal.ticket, order=order.ticket, volume=filled, price=deal.price
        )

    def _retcode(self, request: TradeRequest, outcome: Outcome) -> Retcode:
        if request.action is TradeAction.PENDING:
            return Retcode[self._quirks.pending_retcode]
        if request.action is not TradeAction.DEAL:
            return Retcode.DONE
        if not outcome.deals:
            return Retcode.PLACED
        return Retcode.DONE_PARTIAL if outcome.order.volume_current else Retcode.DONE

    def _record(self, request: TradeRequest, retcode: int | None, *, executed: bool) -> None:
        record = SendRecord(
            number=len(self.state.sends) + 1,
            time_msc=self._trade.now_ms,
            request=request,
            retcode=retcode,
            executed=executed,
        )
        self.state.sends.append(record)
