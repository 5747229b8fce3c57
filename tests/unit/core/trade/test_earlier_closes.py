"""Closes that were sent before a loss: what they closed, and what is left of their directive."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from bridge.core.link.messages import CommandKind, Order
from bridge.core.link.reports import CommandReport, CommandStage, OrderReport
from bridge.core.trade.earlier_closes import EarlierClose, closed_by, lots_of_rest, rest_of
from bridge.core.trade.lost_orders import SALTS, LostOrder
from bridge.core.units.mt5_terms import OrderState, Side
from bridge.core.units.order_ids import make_client_order_id, position_target
from tests.unit.core.samples import QUARANTINED as LOT
from tests.unit.core.trade.test_planning_targets import CLOSE

OFFICER = "eo-001"
PREFIX = 171
OPENER = 77
AT = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)


def made(salt: int = 0, *, position: int = 7001, opener: int = OPENER) -> int:
    return make_client_order_id(PREFIX, OFFICER, "close", position_target(position, opener), salt)


def booked(client_order_id: int, position: int = 7001) -> OrderReport:
    return OrderReport(
        ticket=8001,
        state=OrderState.FILLED,
        type="SELL",
        reason="EXPERT",
        magic=client_order_id,
        symbol="EURUSD",
        volume_initial=Decimal("0.3"),
        volume_current=Decimal(0),
        price=Decimal(0),
        position_id=position,
    )


def request(client_order_id: int, kind: CommandKind = CommandKind.CLOSE) -> CommandReport:
    order = Order(
        client_order_id=client_order_id,
        kind=kind,
        symbol="EURUSD",
        side=Side.SELL,
        volume=Decimal("0.3"),
        position=7001,
        opener=OPENER,
    )
    return CommandReport(
        client_order_id=client_order_id, attempt=1, stage=CommandStage.SUBMITTED, request=order
    )


def found(lost: LostOrder, openers: Sequence[int] = (0, 5, OPENER)) -> tuple[int, int] | None:
    return closed_by(lost, "close", officer=OFFICER, prefix=PREFIX, openers=openers)


@pytest.mark.parametrize("salt", range(SALTS))
def test_order_of_the_directive_is_found_by_its_position_and_opener(salt: int) -> None:
    lost = LostOrder(client_order_id=made(salt), orders=(booked(made(salt)),))
    assert found(lost) == (7001, OPENER)
    assert found(lost, openers=(0, 5)) is None


def test_order_that_the_ledger_holds_names_its_opener() -> None:
    assert found(LostOrder(client_order_id=made(), stages=(request(made()),)), openers=()) == (7001, OPENER)


@pytest.mark.parametrize(
    "lost",
    [
        LostOrder(client_order_id=made(), orders=(booked(made(), position=7002),)),
        LostOrder(client_order_id=made(), stages=(request(made(), CommandKind.MODIFY),)),
        LostOrder(
            client_order_id=made(),
            stages=(CommandReport(client_order_id=made(), attempt=1, stage=CommandStage.RECEIVED),),
        ),
        LostOrder(client_order_id=made(opener=0), orders=(booked(made(opener=0)),)),
    ],
    ids=["other-position", "change", "never-sent", "change-of-the-whole-position"],
)
def test_anything_else_is_not_found(lost: LostOrder) -> None:
    assert found(lost) is None


def earlier(volume: str, sent_at: datetime | None = AT, **changes: Any) -> EarlierClose:
    order = request(made()).request
    assert order is not None
    order = replace(order, volume=Decimal(volume), **changes)
    return EarlierClose(order=order, opening_directive_id="", sent_at=sent_at)


@pytest.mark.parametrize(("quantity", "left"), [("0.5", "0.2"), ("0.3", None), ("0.1", None), (None, "all")])
def test_quantity_that_was_ordered_before_is_taken_off(quantity: str | None, left: str | None) -> None:
    directive = replace(CLOSE, quantity=None if quantity is None else Decimal(quantity))
    rest = rest_of(directive, [earlier("0.1"), earlier("0.2")])
    shown = None if rest is None else "all" if rest.quantity is None else str(rest.quantity)
    assert shown == left


@pytest.mark.parametrize(
    ("opened_s", "sent_at", "left"),
    [(-1, AT, True), (0, AT, True), (1, AT, False), (1, None, True), (None, AT, True)],
    ids=["before", "at-that-moment", "since", "time-unknown", "opening-unknown"],
)
def test_rest_is_closed_of_what_was_open_then(
    opened_s: int | None, sent_at: datetime | None, left: bool
) -> None:
    opened_at = None if opened_s is None else AT + timedelta(seconds=opened_s)
    lot = replace(LOT, identifier=7002, opened_at=opened_at)
    assert lots_of_rest([lot], [earlier("0.3", sent_at)]) == ([lot] if left else [])


def test_lot_that_was_closed_before_is_no_part_of_the_rest() -> None:
    lot = replace(LOT, identifier=7001, client_order_id=OPENER, opened_at=AT)
    other = replace(lot, client_order_id=OPENER + 1)
    assert lots_of_rest([lot, other], [earlier("0.3")]) == [other]
