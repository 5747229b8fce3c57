"""Lost orders: the directive that is proven, and the order that the broker's records show."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from bridge.core.director.contract import OrderType, TimeInForce
from bridge.core.link.messages import CommandKind, Order
from bridge.core.link.reports import CommandReport, CommandStage, OrderReport, PositionReport
from bridge.core.trade.lost_orders import LostOrder, find_directive, kind_of, order_of
from bridge.core.units.mt5_terms import DealEntry, OrderState, Side
from bridge.core.units.order_ids import OPENING, make_client_order_id, order_target, position_target
from tests.unit.core.samples import DEAL_IN

OFFICER = "eo-001"
PREFIX = 171
OPENER = make_client_order_id(PREFIX, OFFICER, "dir-1", OPENING)
SENT = OrderReport(
    ticket=8001,
    state=OrderState.FILLED,
    type="BUY",
    reason="EXPERT",
    magic=OPENER,
    symbol="EURUSD",
    volume_initial=Decimal("0.3"),
    volume_current=Decimal(0),
    price=Decimal(0),
    stop_loss=Decimal("1.09"),
    position_id=8001,
)
STANDS = PositionReport(
    identifier=7001,
    ticket=7001,
    symbol="EURUSD",
    side=Side.SELL,
    volume=Decimal("0.2"),
    price_open=Decimal("1.1"),
    take_profit=Decimal("1.08"),
    magic=OPENER,
)


def utc(server_ms: int) -> datetime:
    return datetime.fromtimestamp(server_ms / 1000, UTC) - timedelta(hours=2)


def shown(lost: LostOrder, *, kind: CommandKind | None = None, opener: int = 0) -> Order:
    order = order_of(lost, kind=kind, opener=opener, to_utc=utc)
    assert order is not None
    return order


def lost(client_order_id: int = OPENER, **records: Any) -> LostOrder:
    return LostOrder(client_order_id=client_order_id, **records)


def find(order: LostOrder, *candidates: str, openers: tuple[int, ...] = (OPENER,)) -> str | None:
    return find_directive(order, candidates, officer=OFFICER, prefix=PREFIX, openers=openers)


def test_opening_directive_is_the_one_that_makes_the_id() -> None:
    assert find(lost(orders=(SENT,)), "dir-0", "dir-1", "dir-2") == "dir-1"
    assert find(lost(orders=(SENT,)), "dir-0", "dir-2") is None
    assert find_directive(lost(), ["dir-1"], officer="eo-002", prefix=PREFIX, openers=()) is None


def test_salted_id_is_found() -> None:
    salted = make_client_order_id(PREFIX, OFFICER, "dir-1", OPENING, 2)
    assert find(lost(salted, orders=(SENT,)), "dir-1") == "dir-1"


@pytest.mark.parametrize("opener", [0, OPENER])
def test_closing_directive_is_found_by_the_position_that_it_closed(opener: int) -> None:
    closing = make_client_order_id(PREFIX, OFFICER, "dir-2", position_target(7001, opener))
    deal = replace(DEAL_IN, entry=DealEntry.OUT, position_id=7001, magic=closing)
    assert find(lost(closing, deals=(deal,)), "dir-1", "dir-2") == "dir-2"
    assert find(lost(closing, deals=(replace(deal, position_id=7002),)), "dir-2") is None


def test_changing_directive_is_found_by_the_request_of_the_ledger() -> None:
    cancel = make_client_order_id(PREFIX, OFFICER, "dir-3", order_target(8001))
    request = Order(
        client_order_id=cancel, kind=CommandKind.CANCEL, symbol="EURUSD", side=Side.BUY, order=8001
    )
    stage = CommandReport(
        client_order_id=cancel, attempt=1, stage=CommandStage.SUBMITTED, mark=1, request=request
    )
    order = lost(cancel, stages=(stage,))
    assert find(order, "dir-3") == "dir-3"
    assert shown(order) == request and kind_of(order) is CommandKind.CANCEL


def test_market_order_is_shown_by_the_order_record() -> None:
    order = shown(lost(orders=(SENT,), deals=(DEAL_IN,)))
    assert (order.kind, order.order_type, order.side, order.volume) == (
        CommandKind.OPEN,
        OrderType.MARKET,
        Side.BUY,
        Decimal("0.3"),
    )
    assert (order.stop_loss, order.take_profit, order.price) == (Decimal("1.09"), None, None)


def test_pending_order_keeps_price_and_expiry() -> None:
    pending = replace(
        SENT,
        type="SELL_STOP_LIMIT",
        state=OrderState.PLACED,
        price=Decimal("1.08"),
        limit_price=Decimal("1.081"),
        position_id=0,
        expires_server_ms=7_200_000 + 60_000,
    )
    order = shown(lost(orders=(pending,)))
    assert (order.order_type, order.side, order.price, order.limit_price) == (
        OrderType.STOP_LIMIT,
        Side.SELL,
        Decimal("1.08"),
        Decimal("1.081"),
    )
    assert (order.time_in_force, order.expires_ms) == (TimeInForce.GTD, 60_000)


def test_closing_order_names_position_and_opener() -> None:
    deal = replace(DEAL_IN, entry=DealEntry.OUT, type="SELL", position_id=7001)
    order = shown(lost(deals=(deal,)), opener=OPENER)
    assert (order.kind, order.side, order.position, order.opener) == (
        CommandKind.CLOSE,
        Side.SELL,
        7001,
        OPENER,
    )
    # On a netting account an opposite open reduces the position: the directive says what it was.
    assert shown(lost(deals=(deal,)), kind=CommandKind.OPEN).kind is CommandKind.OPEN


def test_order_without_its_deal_closes_where_its_position_has_another_number() -> None:
    assert kind_of(lost(orders=(SENT,))) is CommandKind.OPEN
    assert kind_of(lost(orders=(replace(SENT, position_id=7001),))) is CommandKind.CLOSE


def test_stop_of_the_server_does_not_make_the_order_a_close() -> None:
    stopped = replace(DEAL_IN, entry=DealEntry.OUT, type="SELL", reason="SL", position_id=7001)
    order = shown(lost(deals=(stopped,)))
    assert (order.kind, order.side) == (CommandKind.OPEN, Side.BUY)


def test_position_alone_shows_side_and_levels() -> None:
    order = shown(lost(positions=(STANDS,)))
    assert (order.kind, order.side, order.volume, order.take_profit) == (
        CommandKind.OPEN,
        Side.SELL,
        Decimal("0.2"),
        Decimal("1.08"),
    )


def test_nothing_shows_no_order() -> None:
    stage = CommandReport(client_order_id=OPENER, attempt=1, stage=CommandStage.RESULT, retcode=10009)
    assert order_of(lost(stages=(stage,)), kind=None, opener=0, to_utc=utc) is None
