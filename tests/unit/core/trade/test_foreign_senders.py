"""Volume under one client order id, and records under ids that nobody knows."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from bridge.core.link.reports import OrderReport
from bridge.core.trade.foreign_senders import bears_own_id, traded_volume, unknown_id
from bridge.core.units.mt5_terms import OrderState
from tests.unit.core.samples import DEAL_IN, NOW, OFFICER, ORDER

PREFIX = 0xAB


def in_state(state: OrderState, left: str) -> OrderReport:
    return replace(ORDER, state=state, volume_current=Decimal(left))


@pytest.mark.parametrize(
    ("order", "volume"),
    [
        (in_state(OrderState.PLACED, "0.30"), "0.30"),
        (in_state(OrderState.PARTIAL, "0.10"), "0.30"),
        (in_state(OrderState.FILLED, "0"), "0.30"),
        (in_state(OrderState.CANCELED, "0.30"), "0"),
        (in_state(OrderState.CANCELED, "0.20"), "0.10"),
        (in_state(OrderState.EXPIRED, "0.30"), "0"),
        (in_state(OrderState.REJECTED, "0"), "0"),
    ],
)
def test_order_counts_with_what_it_filled_or_may_still_fill(order: OrderReport, volume: str) -> None:
    assert traded_volume([order], []) == Decimal(volume)


def test_deals_and_orders_are_not_added_up() -> None:
    filled = in_state(OrderState.FILLED, "0")
    assert traded_volume([filled], [DEAL_IN]) == Decimal("0.30")
    assert traded_volume([filled, replace(filled, ticket=2)], [DEAL_IN]) == Decimal("0.60")
    assert traded_volume([], [DEAL_IN, replace(DEAL_IN, ticket=2)]) == Decimal("0.60")


def test_annulled_deal_has_no_volume() -> None:
    assert traded_volume([], [DEAL_IN, replace(DEAL_IN, ticket=2, type="BUY_CANCELED")]) == Decimal("0.30")


@pytest.mark.parametrize(
    ("magic", "own"),
    [
        (PREFIX << 40, True),
        ((PREFIX + 1 << 40) - 1, True),
        ((PREFIX << 40) - 1, False),
        (PREFIX + 1 << 40, False),
        (0, False),
        (2**63 - 1, False),
    ],
)
def test_id_is_the_officers_by_its_prefix(magic: int, own: bool) -> None:
    assert bears_own_id(replace(DEAL_IN, magic=magic), PREFIX) is own


def test_records_of_one_unknown_id_make_one_event() -> None:
    raised = [unknown_id(OFFICER, record, NOW) for record in (DEAL_IN, ORDER)]
    assert len({each.subject for each in raised}) == 1
    assert [each.event.error_message.split(" in ")[0] for each in raised if each.event.error_message] == [
        "deal 9001",
        "order 8001",
    ]
