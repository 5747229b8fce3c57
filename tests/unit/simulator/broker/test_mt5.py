"""Constants: names agree with the core's, and each order type and lifetime has its flag."""

from enum import IntEnum, StrEnum

import pytest

from bridge.core.units import mt5_terms
from bridge.simulator.mt5 import constants as mt5
from bridge.simulator.mt5.constants import OrderTime, OrderType, Retcode, SymbolExpiration, SymbolOrder
from bridge.simulator.mt5.retcodes import retcode_comment


@pytest.mark.parametrize(
    ("names", "numbers"),
    [
        (mt5_terms.DealEntry, mt5.DealEntry),
        (mt5_terms.OrderState, mt5.OrderState),
        (mt5_terms.MarginMode, mt5.AccountMarginMode),
        (mt5_terms.TradeMode, mt5.AccountTradeMode),
    ],
)
def test_core_has_the_names_of_the_enumeration(names: type[StrEnum], numbers: type[IntEnum]) -> None:
    assert [member.value for member in names] == [member.name for member in numbers]


def test_reasons_of_the_core_are_reasons_of_deals_and_orders() -> None:
    reasons = {value for name, value in vars(mt5_terms).items() if name.startswith("REASON_")}
    assert reasons
    assert reasons <= set(mt5.DealReason.__members__) & set(mt5.OrderReason.__members__)


@pytest.mark.parametrize("type_", OrderType)
def test_order_type_has_the_side_and_the_flag_of_its_name(type_: OrderType) -> None:
    if type_ is OrderType.CLOSE_BY:
        assert (type_.side, type_.flag, type_.pending) == (type_, SymbolOrder.CLOSEBY, False)
        return
    side, _, kind = type_.name.partition("_")
    assert (type_.side.name, type_.flag.name) == (side, kind or "MARKET")
    assert type_.pending is bool(kind)


@pytest.mark.parametrize("lifetime", OrderTime)
def test_lifetime_has_the_flag_of_its_name(lifetime: OrderTime) -> None:
    assert lifetime.flag is SymbolExpiration[lifetime.name]


@pytest.mark.parametrize(
    ("retcode", "comment"),
    [(Retcode.DONE, "Request executed"), (Retcode.NO_MONEY, "No money"), (19999, "Unknown retcode 19999")],
)
def test_comment_of_a_return_code(retcode: int, comment: str) -> None:
    assert retcode_comment(retcode) == comment
