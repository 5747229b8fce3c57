"""Orders, positions, history and sending, with the terminal's selections.

Source: MQL5 reference, 'Trade Functions'; mql5/FACTS.md 2, 3 and 5. HistorySelect fills lists that remain until
the next select; HistoryOrderSelect and HistoryDealSelect replace them by one item.
"""

from collections.abc import Sequence
from typing import Final, Generic, TypeVar

import msgspec

from bridge.simulator.broker.api import BrokerGone, BrokerTimeout
from bridge.simulator.mt5.types import (
    CheckResult,
    Deal,
    Order,
    Position,
    Retcode,
    TradeAction,
    TradeRequest,
    TradeResult,
)
from tests.mql5.host.binding.host import Answer, Fault, fail
from tests.mql5.host.binding.library import Cell
from tests.mql5.host.functions.broker_view import END_OF_TIME, BrokerView
from tests.mql5.host.functions.program import Permissions
from tests.mql5.host.functions.properties import Record, value
from tests.mql5.host.functions.records import check_row, request_from, result_row
from tests.mql5.host.switches import Switches
from tests.mql5.reference import constants, spelled

C: Final = constants()
TAKEN: Final = {Retcode.PLACED, Retcode.DONE, Retcode.DONE_PARTIAL}
CHANGES: Final = {TradeAction.SLTP, TradeAction.MODIFY, TradeAction.REMOVE}
R = TypeVar("R", Order, Deal, Position)


class Selected(Generic[R]):
    """Selected items of a history, in order, with an index by ticket: each property is read by ticket."""

    def __init__(self, records: Sequence[R]) -> None:
        self.records: Sequence[R] = records
        self._by_ticket: dict[int, R] = {record.ticket: record for record in records}

    def by_ticket(self, ticket: int) -> R | None:
        return self._by_ticket.get(ticket)


class Trade:
    """Order*, Position*, History*."""

    def __init__(self, view: BrokerView, switches: Switches, permissions: Permissions | None = None) -> None:
        self._view = view
        self._switches = switches
        self._permissions = permissions or Permissions()
        self._requests = 0
        """Last request_id."""
        self._order: Order | None = None
        self._position: Position | None = None
        self._orders: Selected[Order] = Selected(())
        self._deals: Selected[Deal] = Selected(())

    # Live orders

    def OrdersTotal(self) -> Answer:
        return len(self._view.orders())

    def OrderGetTicket(self, at: int) -> Answer:
        self._order = _nth(self._view.orders(), at)
        return self._order.ticket if self._order else fail(C["ERR_TRADE_ORDER_NOT_FOUND"], 0)

    def OrderSelect(self, ticket: int) -> Answer:
        self._order = _by_ticket(self._view.orders(), ticket)
        return True if self._order else fail(C["ERR_TRADE_ORDER_NOT_FOUND"], False)

    def OrderGetInteger(self, number: int) -> Answer:
        return _property(self._order, "ENUM_ORDER_PROPERTY_INTEGER", number, "ERR_TRADE_ORDER_NOT_FOUND")

    def OrderGetDouble(self, number: int) -> Answer:
        return _property(self._order, "ENUM_ORDER_PROPERTY_DOUBLE", number, "ERR_TRADE_ORDER_NOT_FOUND")

    def OrderGetString(self, number: int) -> Answer:
        return _property(self._order, "ENUM_ORDER_PROPERTY_STRING", number, "ERR_TRADE_ORDER_NOT_FOUND")

    # Positions

    def PositionsTotal(self) -> Answer:
        return len(self._view.positions())

    def PositionGetTicket(self, at: int) -> Answer:
        self._position = _nth(self._view.positions(), at)
        return self._position.ticket if self._position else fail(C["ERR_TRADE_POSITION_NOT_FOUND"], 0)

    def PositionGetSymbol(self, at: int) -> Answer:
        self._position = _nth(self._view.positions(), at)
        return self._position.symbol if self._position else fail(C["ERR_TRADE_POSITION_NOT_FOUND"], "")

    def PositionSelect(self, symbol: str) -> Answer:
        held = [position for position in self._view.positions() if position.symbol == symbol]
        # In hedging mode the position with the lowest ticket (reference, 'PositionSelect').
        self._position = min(held, key=lambda position: position.ticket, default=None)
        return True if self._position else fail(C["ERR_TRADE_POSITION_NOT_FOUND"], False)

    def PositionSelectByTicket(self, ticket: int) -> Answer:
        self._position = _by_ticket(self._view.positions(), ticket)
        return True if self._position else fail(C["ERR_TRADE_POSITION_NOT_FOUND"], False)

    def PositionGetInteger(self, number: int) -> Answer:
        return _property(
            self._position, "ENUM_POSITION_PROPERTY_INTEGER", number, "ERR_TRADE_POSITION_NOT_FOUND"
        )

    def PositionGetDouble(self, number: int) -> Answer:
        return _property(
            self._position, "ENUM_POSITION_PROPERTY_DOUBLE", number, "ERR_TRADE_POSITION_NOT_FOUND"
        )

    def PositionGetString(self, number: int) -> Answer:
        return _property(
            self._position, "ENUM_POSITION_PROPERTY_STRING", number, "ERR_TRADE_POSITION_NOT_FOUND"
        )

    # History

    def HistorySelect(self, from_s: int, to_s: int) -> Answer:
        if not self._view.has_history():
            return False
        from_ms, to_ms = from_s * 1000, min(to_s * 1000 + 999, END_OF_TIME)
        self._orders = Selected(self._view.history_orders(from_ms, to_ms))
        self._deals = Selected(self._view.history_deals(from_ms, to_ms))
        return True

    def HistorySelectByPosition(self, identifier: int) -> Answer:
        self.HistorySelect(0, END_OF_TIME // 1000)
        self._orders = Selected([order for order in self._orders.records if order.position_id == identifier])
        self._deals = Selected([deal for deal in self._deals.records if deal.position_id == identifier])
        return True

    def HistoryOrderSelect(self, ticket: int) -> Answer:
        order = _by_ticket(self._view.history_orders(0, END_OF_TIME), ticket)
        self._orders, self._deals = Selected([order] if order else []), Selected(())
        return True if order else fail(C["ERR_TRADE_ORDER_NOT_FOUND"], False)

    def HistoryDealSelect(self, ticket: int) -> Answer:
        deal = _by_ticket(self._view.history_deals(0, END_OF_TIME), ticket)
        self._orders, self._deals = Selected(()), Selected([deal] if deal else [])
        return True if deal else fail(C["ERR_TRADE_DEAL_NOT_FOUND"], False)

    def HistoryOrdersTotal(self) -> Answer:
        return len(self._orders.records)

    def HistoryDealsTotal(self) -> Answer:
        return len(self._deals.records)

    def HistoryOrderGetTicket(self, at: int) -> Answer:
        order = _nth(self._orders.records, at)
        return order.ticket if order else fail(C["ERR_TRADE_ORDER_NOT_FOUND"], 0)

    def HistoryDealGetTicket(self, at: int) -> Answer:
        deal = _nth(self._deals.records, at)
        return deal.ticket if deal else fail(C["ERR_TRADE_DEAL_NOT_FOUND"], 0)

    def HistoryOrderGetInteger(self, ticket: int, number: int) -> Answer:
        return self._done_order(ticket, "ENUM_ORDER_PROPERTY_INTEGER", number)

    def HistoryOrderGetDouble(self, ticket: int, number: int) -> Answer:
        return self._done_order(ticket, "ENUM_ORDER_PROPERTY_DOUBLE", number)

    def HistoryOrderGetString(self, ticket: int, number: int) -> Answer:
        return self._done_order(ticket, "ENUM_ORDER_PROPERTY_STRING", number)

    def HistoryDealGetInteger(self, ticket: int, number: int) -> Answer:
        return self._deal(ticket, "ENUM_DEAL_PROPERTY_INTEGER", number)

    def HistoryDealGetDouble(self, ticket: int, number: int) -> Answer:
        return self._deal(ticket, "ENUM_DEAL_PROPERTY_DOUBLE", number)

    def HistoryDealGetString(self, ticket: int, number: int) -> Answer:
        return self._deal(ticket, "ENUM_DEAL_PROPERTY_STRING", number)

    # Sending

    def OrderCheck(self, *row: Cell) -> Answer:
        result = self._checked(_request(row))
        if result.retcode:
            return fail(C["ERR_TRADE_SEND_FAILED"], False, *check_row(result))
        code = Retcode.DONE if self._switches.check_says_done else 0
        return (True, *check_row(msgspec.structs.replace(result, retcode=int(code))))

    def OrderSend(self, *row: Cell) -> Answer:
        """Send a request and wait for the answer."""
        return self._report_result(self._sent(_request(row)))

    def OrderSendAsync(self, *row: Cell) -> Answer:
        """Send a request without waiting: a REQUEST transaction with the request_id brings the answer, or nothing
        does.
        """
        result = self._sent(_request(row))
        if result.retcode in (Retcode.CONNECTION, Retcode.CLIENT_DISABLES_AT):
            return self._report_result(result)
        placed = TradeResult(retcode=Retcode.PLACED, comment="Request placed", request_id=self._requests)
        return self._report_result(placed)

    def _checked(self, request: TradeRequest) -> CheckResult:
        """Return the terminal's check of a request, by the server's limits."""
        unknown = self._switches.check_knows_no_change and request.action in CHANGES
        if unknown or self._comment_refused(request):
            return CheckResult(retcode=Retcode.INVALID, comment="Invalid request")
        try:
            return self._view.broker.order_check(request)
        except (BrokerGone, BrokerTimeout):
            return CheckResult(retcode=Retcode.CONNECTION)

    def _comment_refused(self, request: TradeRequest) -> bool:
        too_long = len(request.comment) > self._switches.comment_most
        return too_long and self._switches.comment_too_long == "rejected"

    def _sent(self, request: TradeRequest) -> TradeResult:
        """Return the answer of the server, or of the terminal where it does not forward the request."""
        if not (self._permissions.terminal_trade and self._permissions.expert_trade):
            return TradeResult(retcode=Retcode.CLIENT_DISABLES_AT)
        if self._comment_refused(request):
            return TradeResult(retcode=Retcode.INVALID)
        kept = request.comment[: self._switches.comment_most]
        comment = "broker" if self._switches.comment_rewritten else kept
        try:
            self._view.forget()
            result = self._view.broker.order_send(msgspec.structs.replace(request, comment=comment))
        except BrokerTimeout:
            result = TradeResult(retcode=Retcode.TIMEOUT)
        except BrokerGone:
            result = TradeResult(retcode=Retcode.CONNECTION)
        if self._switches.result_without_tickets:
            result = msgspec.structs.replace(result, deal=0, order=0)
        # A request without an answer has a number too.
        self._requests = result.request_id or self._requests + 1
        return result

    def _report_result(self, result: TradeResult) -> Answer:
        row = result_row(result)
        if result.retcode in TAKEN or self._switches.refused_send_is_true:
            return (True, *row)
        forbidden = result.retcode == Retcode.CLIENT_DISABLES_AT
        return fail(C["ERR_TRADE_DISABLED" if forbidden else "ERR_TRADE_SEND_FAILED"], False, *row)

    def _done_order(self, ticket: int, enumeration: str, number: int) -> Answer:
        return _property(self._orders.by_ticket(ticket), enumeration, number, "ERR_TRADE_ORDER_NOT_FOUND")

    def _deal(self, ticket: int, enumeration: str, number: int) -> Answer:
        return _property(self._deals.by_ticket(ticket), enumeration, number, "ERR_TRADE_DEAL_NOT_FOUND")


def _request(row: tuple[Cell, ...]) -> TradeRequest:
    try:
        return request_from(row)
    except ValueError as error:  # an uninitialised field
        raise Fault(f"MqlTradeRequest: {error}") from None


def _property(record: Record | None, enumeration: str, number: int, error: str) -> Answer:
    if number not in spelled(enumeration):
        raise Fault(f"number {number} is not in {enumeration}")
    return fail(C[error]) if record is None else value(record, enumeration, number)


def _nth(items: Sequence[R], at: int) -> R | None:
    return items[at] if 0 <= at < len(items) else None


def _by_ticket(items: Sequence[R], ticket: int) -> R | None:
    return next((item for item in items if item.ticket == ticket), None)
