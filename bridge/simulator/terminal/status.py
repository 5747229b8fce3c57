"""The reply to a status request: the fate of a command, from the ledger and then from the broker. Never sends."""

from collections.abc import Callable, Iterable

from bridge.core.link.messages import StatusRequestItem
from bridge.core.link.reports import AnyReport, CommandReport, CommandStage, Found
from bridge.core.trade.retcodes import Verdict, verdict
from bridge.simulator.broker.api import BrokerApi, BrokerGone, BrokerTimeout
from bridge.simulator.terminal.broker_reports import ledger_reports
from bridge.simulator.terminal.ledger import Ledger
from bridge.simulator.terminal.search import find_records
from bridge.simulator.terminal.send import Sender, lacking
from bridge.simulator.terminal.targets import target_reports


class StatusReplies:
    """Replies to status requests."""

    def __init__(
        self,
        broker: BrokerApi,
        ledger: Ledger,
        sender: Sender,
        post: Callable[[AnyReport], None],
        report_now: Callable[[Iterable[AnyReport]], None],
        alarm: Callable[[str, str], None],
    ) -> None:
        self._broker = broker
        self._ledger = ledger
        self._sender = sender
        self._post = post
        self._report_now = report_now
        self._alarm = alarm

    def reply(self, item: StatusRequestItem, connected_ms: int) -> None:
        """Report the fate of a command. `connected_ms`: how long the broker has been connected without a break."""
        order, client_order_id = item.order, item.order.client_order_id
        entry = self._ledger.find(client_order_id)
        ledger = self._ledger.identity
        no_intent = entry is None and ledger.unbroken and ledger.id == item.ledger
        if no_intent and (order.kind.changes or self._sender.has_refused(client_order_id, item.attempt)):
            self._sender.answer_no_intent(client_order_id, item.attempt)
            return
        # Where the attempt is blocked already, the operator was informed before.
        blocked = self._sender.is_blocked(client_order_id, item.attempt)
        if entry is None:
            # The sidecar may conclude from this reply, so the attempt must not be executed afterwards.
            self._sender.block(client_order_id, item.attempt)
        for report in ledger_reports(entry) if entry is not None else ():
            self._post(report)
        found = self._search(item)
        # The end of a ledger may be lost with the disk's cache, and nothing shows it. So NO_INTENT is answered only
        # once the broker, too, has no such order.
        if no_intent and found == []:
            self._sender.answer_no_intent(client_order_id, item.attempt)
            return
        if no_intent and found and not blocked:
            self._alarm("LEDGER", lacking(client_order_id))
        self._report_now(found or ())
        if (
            entry is not None
            and entry.outcome is not None
            and verdict(entry.outcome.retcode) is Verdict.REFUSED
        ):
            return
        if found and not order.kind.changes:
            return  # an order or a deal is the answer; the state of a target does not say who made it so
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

    def _search(self, item: StatusRequestItem) -> list[AnyReport] | None:
        """Return the broker's records of the command; None where the broker could not be searched."""
        order = item.order
        try:
            if not order.kind.changes:
                return find_records(self._broker, order.client_order_id, item.since_server_ms)
            if not self._broker.connected():
                return None
            found = target_reports(order, self._broker)
            return found if self._broker.connected() else None
        except (BrokerTimeout, BrokerGone):
            return None
