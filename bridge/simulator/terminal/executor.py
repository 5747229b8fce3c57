"""Commands and settles, from the message to the reports. The one place that sends orders.

A command goes to the broker once: not when its token stands in the ledger, not when this boot has already
answered `not_sent` to the same or a later attempt, and never a second time whatever the broker answered.
"""

from collections.abc import Callable, Iterable
from typing import Final

from bridge.core.link.messages import (
    AccountIdentity,
    ClientOrderId,
    Command,
    CommandKind,
    Order,
    StatusRequestItem,
)
from bridge.core.link.reports import AnyReport, CommandReport, CommandStage, Found, NotSentReason
from bridge.core.trade.retcodes import Verdict, verdict
from bridge.faultpoint import faultpoint
from bridge.simulator.broker.api import BrokerApi, BrokerGone, BrokerTimeout
from bridge.simulator.mt5.types import Retcode, TradeRequest, TradeResult
from bridge.simulator.terminal.broker_reports import TEXT_MAX, ledger_reports, level
from bridge.simulator.terminal.ledger import Entry, Ledger, LedgerWriteError, Outcome
from bridge.simulator.terminal.not_sent import NotSent
from bridge.simulator.terminal.request import prepare
from bridge.simulator.terminal.risk_limits import RiskLimits
from bridge.simulator.terminal.search import search, search_target
from bridge.simulator.terminal.targets import target_reports

NO_ANSWER: Final = "OrderSend gave no answer that settles it; the order may have been executed or not"
"""What is said of an open outcome where the broker says nothing; the Expert Advisor says the same."""
_MISSED: Final = frozenset({NotSentReason.NO_POSITION, NotSentReason.NO_ORDER, NotSentReason.NO_CHANGE})
"""Reasons that lie with a change's target: whoever asked has another picture of it than the broker."""


class Executor:
    """Executes and settles. Reports every stage through `post`."""

    def __init__(
        self,
        broker: BrokerApi,
        ledger: Ledger,
        risk_limits: RiskLimits,
        post: Callable[[AnyReport], None],
        sight: Callable[[Iterable[AnyReport]], None],
        alarm: Callable[[str, str], None],
    ) -> None:
        """`sight` is told how the broker's records stand now. `alarm` is told what a person must see: a code
        and a message."""
        self._broker = broker
        self._ledger = ledger
        self._risk_limits = risk_limits
        self._post = post
        self._sight = sight
        self._alarm = alarm
        self._not_sent: dict[int, CommandReport] = {}
        self._barred: dict[int, int] = {}  # token: the highest attempt that must not be executed

    def answered(self, command: Command) -> bool:
        """Answer a command that must not be executed any more, from the ledger or from memory. True where
        there was such an answer."""
        order = command.order
        entry = self._ledger.find(order.client_order_id)
        if entry is not None:
            self._post_entry(entry)
            return True
        if command.attempt > self._barred.get(order.client_order_id, 0):
            return False
        # Without an earlier `not_sent` a settle was answered by a ledger that cannot say no. Then nothing true
        # can be said of this command; the sidecar asks again.
        earlier = self._not_sent.get(order.client_order_id)
        if earlier is not None:
            self._post(earlier)
        return True

    def receive(self, command: Command) -> None:
        """Say that the command came in and waits."""
        self._post(
            CommandReport(
                client_order_id=command.order.client_order_id,
                attempt=command.attempt,
                stage=CommandStage.RECEIVED,
            )
        )

    def refuse(self, command: Command, reason: NotSentReason, message: str) -> None:
        """Answer that the command was not sent; this attempt never will be."""
        self._refuse(command.order.client_order_id, command.attempt, NotSent(reason, message))

    def execute(self, command: Command, link_ms: int, account: AccountIdentity) -> None:
        """Check, write the intent, send, write the outcome; report each. `link_ms` is the link clock."""
        if self.answered(command):
            return
        client_order_id, attempt = command.order.client_order_id, command.attempt
        try:
            request = prepare(command, link_ms, account, self._broker, self._risk_limits)
            entry = self._intend(command)
        except NotSent as answer:
            if command.order.kind.changes and answer.reason in _MISSED:
                self._sight_target(command.order)
            self._refuse(client_order_id, attempt, answer)
            return
        for report in ledger_reports(entry):
            self._post(report)
        faultpoint("terminal.intent_written")
        outcome = self._send(client_order_id, request)
        if command.order.kind is CommandKind.OPEN:
            self._risk_limits.opened(command.order, refused=_refused(outcome.retcode))
        faultpoint("terminal.order_sent")
        try:
            self._ledger.conclude(outcome)
        except LedgerWriteError as error:
            # The intent stands, so the token is safe. After a restart the broker's records tell the outcome.
            self._alarm("LEDGER", f"{error}. Make room on the disk.")
        faultpoint("terminal.result_written")
        self._post(ledger_reports(Entry(intent=entry.intent, outcome=outcome))[-1])
        if command.order.kind.changes:
            self._sight_target(command.order)

    def status_request(self, item: StatusRequestItem, connected_ms: int) -> None:
        """Say what became of a command, from the ledger, then from the broker. Never sends.

        `connected_ms` says how long the broker has been connected without a break.
        """
        order, client_order_id = item.order, item.order.client_order_id
        entry = self._ledger.find(client_order_id)
        ledger = self._ledger.identity
        denied = entry is None and ledger.unbroken and ledger.id == item.ledger
        if denied and (order.kind.changes or self._has_answered(item)):
            self._answer_no_intent(item)
            return
        if entry is None:
            # The sidecar may conclude from this answer: the attempt must not be executed behind its back.
            self._bar(client_order_id, item.attempt)
        else:
            self._post_entry(entry)
        if order.kind.changes:
            found = search_target(self._broker, order)
        else:
            found = search(self._broker, client_order_id, item.since_server_ms)
        # A ledger's end may be lost with the disk's cache, and nothing shows it: that there is no such order is
        # said only once the broker, too, knows of none.
        if denied and found == []:
            self._answer_no_intent(item)
            return
        if denied and found:
            self._alarm(
                "LEDGER",
                f"the broker knows an order with client order id {client_order_id} that the ledger does not: "
                "its end was lost, in a "
                "power failure maybe. The order is not sent again; compare the account by hand.",
            )
        self._sight(found or ())
        if entry is not None and entry.outcome is not None and _refused(entry.outcome.retcode):
            return
        if found and not order.kind.changes:
            # An order or a deal says what became of it. How a target stands does not say who made it so.
            return
        self._post(
            CommandReport(
                client_order_id=client_order_id,
                attempt=item.attempt,
                stage=CommandStage.STATUS_REPLY,
                request_no=item.request_no,
                found=Found.UNSEARCHED if found is None else Found.NOTHING,
                connected_ms=connected_ms,
            )
        )

    def _intend(self, command: Command) -> Entry:
        try:
            return self._ledger.intend(command.order, command.attempt)
        except LedgerWriteError as error:
            self._alarm("LEDGER", f"{error}. Nothing is sent until it can be: make room on the disk.")
            raise NotSent(NotSentReason.LEDGER, str(error)) from error

    def _send(self, client_order_id: ClientOrderId, request: TradeRequest) -> Outcome:
        try:
            result = self._broker.order_send(request)
        except (BrokerTimeout, BrokerGone) as error:
            retcode = Retcode.TIMEOUT if isinstance(error, BrokerTimeout) else Retcode.CONNECTION
            result = TradeResult(retcode=retcode)
        silent = not result.comment and verdict(result.retcode) is Verdict.OPEN
        return Outcome(
            client_order_id=client_order_id,
            # A number that no report can carry would make the ledger's line unreadable.
            retcode=min(max(result.retcode, 0), 99_999),
            order=result.order,
            deal=result.deal,
            price=level(result.price),
            volume=level(result.volume),
            message=NO_ANSWER if silent else result.comment[:TEXT_MAX],
        )

    def _sight_target(self, order: Order) -> None:
        """How the target of a change stands now, so that nobody waits for a scan to see it."""
        try:
            self._sight(target_reports(order, self._broker))
        except (BrokerTimeout, BrokerGone):
            pass  # the scan that follows the broker's return tells it

    def _has_answered(self, item: StatusRequestItem) -> bool:
        """Whether this boot has said `not_sent` to this very attempt."""
        earlier = self._not_sent.get(item.order.client_order_id)
        return earlier is not None and earlier.attempt == item.attempt

    def _answer_no_intent(self, item: StatusRequestItem) -> None:
        """The reason that this boot gave for this very attempt, else that there is no intent."""
        if self._has_answered(item):
            self._post(self._not_sent[item.order.client_order_id])
            return
        message = "the ledger is whole and holds no intent"
        self._refuse(item.order.client_order_id, item.attempt, NotSent(NotSentReason.NO_INTENT, message))

    def _refuse(self, client_order_id: int, attempt: int, answer: NotSent) -> None:
        report = CommandReport(
            client_order_id=client_order_id,
            attempt=attempt,
            stage=CommandStage.NOT_SENT,
            reason=answer.reason,
            message=answer.message[:TEXT_MAX],
            retcode=answer.retcode,
        )
        self._bar(client_order_id, attempt)
        earlier = self._not_sent.get(client_order_id)
        if earlier is None or earlier.attempt < attempt:
            self._not_sent[client_order_id] = report
        self._post(report)

    def _bar(self, client_order_id: int, attempt: int) -> None:
        """This attempt, and any before it, is never executed by this boot."""
        self._barred[client_order_id] = max(attempt, self._barred.get(client_order_id, 0))

    def _post_entry(self, entry: Entry) -> None:
        for report in ledger_reports(entry):
            self._post(report)


def _refused(retcode: int) -> bool:
    """The end of it. What was taken must be seen: an acceptance alone is no order and no deal."""
    return verdict(retcode) is Verdict.REFUSED
