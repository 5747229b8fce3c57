"""Commands, from the message to the result report. The one place that sends to the broker.

A command is sent to the broker once: not when its client order id is in the ledger or at the broker, not when this
instance has already answered `not_sent` to the same or a later attempt, and never a second time whatever the broker
answered.

    1  search at the broker for its client order id                    the records found, and `found`
    2  checks: deadline, connection, account, permission, target       `not_sent` with the reason
    3  intent in the ledger, flushed to the disk                       `submitted`
    4  one order_send
    5  outcome in the ledger                                           `result` with the broker's retcode
"""

from collections.abc import Callable, Iterable
from typing import Final

from bridge.core.link.messages import AccountIdentity, ClientOrderId, Command, Order
from bridge.core.link.reports import AnyReport, CommandReport, CommandStage, NotSentReason
from bridge.core.trade.retcodes import Verdict, verdict
from bridge.faultpoint import faultpoint
from bridge.simulator.broker.api import BrokerApi, BrokerGone, BrokerTimeout
from bridge.simulator.mt5.types import Retcode, TradeRequest, TradeResult
from bridge.simulator.terminal.broker_reports import TEXT_MAX, ledger_reports, level
from bridge.simulator.terminal.ledger import Entry, Ledger, LedgerWriteError, Outcome
from bridge.simulator.terminal.not_sent import NotSent
from bridge.simulator.terminal.request import build_request
from bridge.simulator.terminal.search import find_records
from bridge.simulator.terminal.standing import look
from bridge.simulator.terminal.targets import target_reports

NO_ANSWER: Final = (
    "OrderSend returned no result that decides the outcome; the order may have been executed or not"
)
"""Message of an open outcome where the broker gives none; the Expert Advisor has the same."""

UNSEARCHED: Final = "the broker's records could not be searched for the client order id"
"""Message of `not_sent` UNSEARCHED; the Expert Advisor has the same."""

_OF_THE_TARGET: Final = frozenset({NotSentReason.NO_POSITION, NotSentReason.NO_ORDER})
"""Reasons that mean that the sidecar knows another state of the target than the broker has."""


def lacking(client_order_id: ClientOrderId) -> str:
    """Return the message that the broker knows an order which the ledger lacks."""
    return (
        f"the broker knows an order with client order id {client_order_id} that the ledger lacks: the ledger, or "
        "its end, was lost. The order is not sent again; compare the account with the journal."
    )


class Sender:
    """Executes commands and reports every stage through `post`."""

    def __init__(
        self,
        broker: BrokerApi,
        ledger: Ledger,
        post: Callable[[AnyReport], None],
        report_now: Callable[[Iterable[AnyReport]], None],
        alarm: Callable[[str, str], None],
    ) -> None:
        """`report_now` receives records as the broker has them now; `alarm` a code and a message for an
        operator."""
        self._broker = broker
        self._ledger = ledger
        self._post = post
        self._report_now = report_now
        self._alarm = alarm
        self._not_sent: dict[int, CommandReport] = {}  # by client order id: the answer to the highest attempt
        self._blocked: dict[
            int, int
        ] = {}  # by client order id: the highest attempt that must not be executed

    def answered(self, command: Command) -> bool:
        """Answer a command that must not be executed, from the ledger or from memory. False where it may be."""
        client_order_id = command.order.client_order_id
        entry = self._ledger.find(client_order_id)
        if entry is not None:
            for report in ledger_reports(entry):
                self._post(report)
            return True
        if not self.is_blocked(client_order_id, command.attempt):
            return False
        # Without an earlier `not_sent`, a status request was answered from a ledger that cannot deny. Then nothing
        # true can be reported about this command; the sidecar asks again.
        if (earlier := self._not_sent.get(client_order_id)) is not None:
            self._post(earlier)
        return True

    def receive(self, command: Command) -> None:
        """Report that the command arrived and waits."""
        self._post(
            CommandReport(
                client_order_id=command.order.client_order_id,
                attempt=command.attempt,
                stage=CommandStage.RECEIVED,
            )
        )

    def execute(self, command: Command, link_ms: Callable[[], int], account: AccountIdentity) -> None:
        """Check, write the intent, send, write the outcome. `link_ms` reads the link clock, `account` is the
        session's."""
        if self.answered(command):
            return
        order = command.order
        try:
            records = self._search(command, account)
            if records:
                self._report_found(command, records)
                return
            self._check(command, link_ms, account)
            if records is None:
                raise NotSent(NotSentReason.UNSEARCHED, UNSEARCHED)
            request = build_request(command, self._broker)
            # The broker may have answered late.
            _check_deadline(command, link_ms())
            entry = self._intend(command)
        except NotSent as refusal:
            if refusal.reason in _OF_THE_TARGET:
                self._report_target(order)
            self.refuse(order.client_order_id, command.attempt, refusal.reason, refusal.message)
            return
        except (BrokerTimeout, BrokerGone) as error:
            message = f"the broker does not answer: {error}"
            self.refuse(order.client_order_id, command.attempt, NotSentReason.OFFLINE, message)
            return
        for report in ledger_reports(entry):
            self._post(report)
        faultpoint("terminal.intent_written")
        outcome = self._send(order.client_order_id, request)
        faultpoint("terminal.order_sent")
        try:
            self._ledger.conclude(outcome)
        except LedgerWriteError as error:
            # The intent is on the disk, so the id is safe. After a restart the broker's records show the outcome.
            self._alarm("LEDGER", f"{error}. Make room on the disk.")
        faultpoint("terminal.result_written")
        self._post(ledger_reports(Entry(intent=entry.intent, outcome=outcome))[-1])
        self._report_target(order)

    def refuse(
        self, client_order_id: ClientOrderId, attempt: int, reason: NotSentReason, message: str
    ) -> None:
        """Report that the command was not sent, and never execute this attempt."""
        report = CommandReport(
            client_order_id=client_order_id,
            attempt=attempt,
            stage=CommandStage.NOT_SENT,
            reason=reason,
            message=message[:TEXT_MAX],
        )
        self.block(client_order_id, attempt)
        earlier = self._not_sent.get(client_order_id)
        if earlier is None or earlier.attempt < attempt:
            self._not_sent[client_order_id] = report
        self._post(report)

    def block(self, client_order_id: ClientOrderId, attempt: int) -> None:
        """Never execute this attempt, nor an earlier one, in this instance."""
        self._blocked[client_order_id] = max(attempt, self._blocked.get(client_order_id, 0))

    def is_blocked(self, client_order_id: ClientOrderId, attempt: int) -> bool:
        """True where this instance must not execute this attempt."""
        return attempt <= self._blocked.get(client_order_id, 0)

    def has_refused(self, client_order_id: ClientOrderId, attempt: int) -> bool:
        """True where this instance has answered `not_sent` to this very attempt."""
        earlier = self._not_sent.get(client_order_id)
        return earlier is not None and earlier.attempt == attempt

    def answer_no_intent(self, client_order_id: ClientOrderId, attempt: int) -> None:
        """Repeat the reason that this instance gave for this attempt; otherwise report NO_INTENT."""
        if self.has_refused(client_order_id, attempt):
            self._post(self._not_sent[client_order_id])
            return
        message = "the ledger is whole and holds no intent"
        self.refuse(client_order_id, attempt, NotSentReason.NO_INTENT, message)

    def _search(self, command: Command, account: AccountIdentity) -> list[AnyReport] | None:
        """Return the broker's records of the command; None where the broker could not be searched.

        The ledger and the sidecar's journal may both have been lost since it was sent.
        """
        order = command.order
        # A change makes no order, and sent twice it does no more than once.
        if order.kind.changes or look(self._broker).account != account:
            return []
        return find_records(
            self._broker,
            order.client_order_id,
            command.search_from_server_ms or None,
            whole_positions=True,
        )

    def _report_found(self, command: Command, records: list[AnyReport]) -> None:
        """Report the broker's records of a command that was sent before, and never execute this attempt."""
        client_order_id = command.order.client_order_id
        self._alarm("LEDGER", lacking(client_order_id))
        self.block(client_order_id, command.attempt)
        self._report_now(records)
        self._post(
            CommandReport(client_order_id=client_order_id, attempt=command.attempt, stage=CommandStage.FOUND)
        )

    def _check(self, command: Command, link_ms: Callable[[], int], account: AccountIdentity) -> None:
        """Raise NotSent where the command is late, or the terminal cannot send for the session's account."""
        _check_deadline(command, link_ms())
        now = look(self._broker)
        if not now.connected:
            raise NotSent(NotSentReason.OFFLINE, "the terminal has no connection to the broker")
        if now.account != account:
            present = "nobody" if now.account is None else f"{now.account.login} at {now.account.server}"
            raise NotSent(
                NotSentReason.ACCOUNT,
                f"the terminal is logged in to {present}, the session is for {account.login} at {account.server}",
            )
        if now.forbidden_by:
            raise NotSent(NotSentReason.TRADING_OFF, now.forbidden_by)

    def _intend(self, command: Command) -> Entry:
        try:
            return self._ledger.intend(command.order, command.attempt)
        except LedgerWriteError as error:
            self._alarm("LEDGER", f"{error}. Nothing is sent until it can be: make room on the disk.")
            raise NotSent(NotSentReason.LEDGER, str(error)) from error

    def _send(self, client_order_id: ClientOrderId, request: TradeRequest) -> Outcome:
        try:
            result = self._broker.order_send(request)
        except BrokerTimeout:
            result = TradeResult(retcode=Retcode.TIMEOUT)
        except BrokerGone:
            result = TradeResult(retcode=Retcode.CONNECTION)
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

    def _report_target(self, order: Order) -> None:
        """Report the present state of a change's target, so that nobody waits for a scan to see it."""
        if not order.kind.changes:
            return
        try:
            self._report_now(target_reports(order, self._broker))
        except (BrokerTimeout, BrokerGone):
            pass  # the scan after the broker's return reports it


def _check_deadline(command: Command, link_ms: int) -> None:
    """Raise NotSent where the command is late."""
    if link_ms > command.deadline_ms:
        late = link_ms - command.deadline_ms
        raise NotSent(NotSentReason.LATE, f"the deadline passed {late} ms ago")
