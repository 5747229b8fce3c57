"""The reply to a status request: the fate of a command, from the ledger and then from the broker. Never sends."""

from collections.abc import Callable, Iterable
from typing import Final

from bridge.core.link.messages import ClientOrderId, StatusRequestItem
from bridge.core.link.reports import AnyReport, CommandReport, CommandStage, Found
from bridge.core.trade.retcodes import Verdict, verdict
from bridge.simulator.broker.api import BrokerApi, BrokerGone, BrokerTimeout
from bridge.simulator.terminal.broker_reports import deal_report, ledger_reports, order_report
from bridge.simulator.terminal.ledger import Ledger
from bridge.simulator.terminal.send import Sender
from bridge.simulator.terminal.targets import target_reports

AHEAD_MS: Final = 86_400_000
"""History is read until a day from now: server time may be set back, and the newest record must not be missed."""


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
        if no_intent and found:
            self._alarm(
                "LEDGER",
                f"the broker knows an order with client order id {client_order_id} that the ledger lacks: "
                "its end was lost, possibly in a power failure. The order is not sent again; compare the account "
                "with the journal.",
            )
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
            if not self._broker.connected():
                return None
            if order.kind.changes:
                found = target_reports(order, self._broker)
            else:
                found = _records(self._broker, order.client_order_id, item.since_server_ms)
            return found if self._broker.connected() else None
        except (BrokerTimeout, BrokerGone):
            return None


def _records(broker: BrokerApi, client_order_id: ClientOrderId, since_server_ms: int) -> list[AnyReport]:
    """Return every order and deal with this client order id: deals, live orders, done orders, oldest first.

    Deals of an order with the id count too: not every broker passes the order's magic on.
    """
    until = broker.server_time() + AHEAD_MS
    # Live orders first: one that is done between the calls is then seen in the history, or twice, but never missed.
    orders = [*broker.orders(), *broker.history_orders(since_server_ms, until)]
    orders = [order for order in orders if order.magic == client_order_id]
    tickets = {order.ticket for order in orders}
    deals = [
        deal
        for deal in broker.history_deals(since_server_ms, until)
        if deal.magic == client_order_id or (deal.order and deal.order in tickets)
    ]
    return [*map(deal_report, deals), *map(order_report, orders)]
