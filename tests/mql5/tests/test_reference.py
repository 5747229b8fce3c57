"""Tables: values agree with the simulated broker's, and the stand-in has only names of MQL5."""

import re
from enum import IntEnum, IntFlag

import pytest

from bridge.simulator.mt5 import constants as mt5
from tests.mql5.builder.build import STANDIN
from tests.mql5.reference import STRUCTURES, constants, enum_names, functions, groups, header, names
from tests.mql5.reference.derive import lines

# MQL5's prefix of each enumeration of the simulated broker.
PREFIXES: dict[type[IntEnum], str] = {
    mt5.TradeAction: "TRADE_ACTION_",
    mt5.OrderType: "ORDER_TYPE_",
    mt5.OrderFilling: "ORDER_FILLING_",
    mt5.OrderTime: "ORDER_TIME_",
    mt5.OrderState: "ORDER_STATE_",
    mt5.OrderReason: "ORDER_REASON_",
    mt5.DealType: "DEAL_TYPE_",
    mt5.DealEntry: "DEAL_ENTRY_",
    mt5.DealReason: "DEAL_REASON_",
    mt5.PositionType: "POSITION_TYPE_",
    mt5.PositionReason: "POSITION_REASON_",
    mt5.SymbolTradeMode: "SYMBOL_TRADE_MODE_",
    mt5.SymbolExecution: "SYMBOL_TRADE_EXECUTION_",
    mt5.SymbolCalcMode: "SYMBOL_CALC_MODE_",
    mt5.SymbolOrdersGtc: "SYMBOL_ORDERS_",
    mt5.SymbolSwapMode: "SYMBOL_SWAP_MODE_",
    mt5.AccountMarginMode: "ACCOUNT_MARGIN_MODE_",
    mt5.AccountTradeMode: "ACCOUNT_TRADE_MODE_",
    mt5.AccountStopoutMode: "ACCOUNT_STOPOUT_MODE_",
    mt5.TransactionType: "TRADE_TRANSACTION_",
    mt5.Retcode: "TRADE_RETCODE_",
}
OWN = {"mql_is_blank", "mql_give", "string"}
"""Helpers of the stand-in, and a type that is called as a conversion."""


FLAGS: dict[type[IntFlag], str] = {
    mt5.SymbolFilling: "SYMBOL_FILLING_",
    mt5.SymbolExpiration: "SYMBOL_EXPIRATION_",
    mt5.SymbolOrder: "SYMBOL_ORDER_",
}


def mql5_name(member: IntEnum) -> str:
    """Return the constant of MQL5; DEAL_DIVIDEND, DEAL_DIVIDEND_FRANKED and DEAL_TAX have no DEAL_TYPE_."""
    whole = isinstance(member, mt5.DealType) and member.name.startswith("DEAL_")
    return member.name if whole else PREFIXES[type(member)] + member.name


def test_every_enumeration_of_the_broker_is_compared() -> None:
    assert {*mt5.__all__} == {kind.__name__ for kind in (*PREFIXES, *FLAGS)}


@pytest.mark.parametrize("kind", PREFIXES, ids=lambda kind: kind.__name__)
def test_enumeration_of_the_broker_has_the_members_and_values_of_the_reference(kind: type[IntEnum]) -> None:
    members = {mql5_name(member): member.value for member in kind}
    group = next(group for group in groups() if not group.values.keys().isdisjoint(members))
    # Return codes are constants of no enumeration.
    kept = (
        group.values
        if group.name
        else {n: v for n, v in group.values.items() if n.startswith(PREFIXES[kind])}
    )
    assert members == kept


@pytest.mark.parametrize("kind", FLAGS, ids=lambda kind: kind.__name__)
def test_flags_of_the_broker_have_the_members_and_values_of_the_reference(kind: type[IntFlag]) -> None:
    flags = next(group for group in groups() if "SYMBOL_FILLING_FOK" in group.values).values
    members = {FLAGS[kind] + member.name: member.value for member in kind if member.name and member.value}
    assert members == {name: value for name, value in flags.items() if name.startswith(FLAGS[kind])}


def test_no_constant_is_in_two_enumerations() -> None:
    found = [name for group in groups() for name in group.values]
    assert len(found) == len(set(found))


def test_own_numbers_are_unique_across_enumerations() -> None:
    own = [value for group in groups() if "_PROPERTY_" in group.name for value in group.values.values()]
    assert len(own) == len(set(own))
    assert "ENUM_POSITION_PROPERTY_INTEGER" in enum_names()


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("AccountInfoInteger", {(1, 1)}),
        ("ChartGetInteger", {(2, 3), (4, 4)}),
        ("ChartSetInteger", {(3, 3), (4, 4)}),
        ("ChartIndicatorAdd", {(3, 3)}),
        ("ChartIndicatorDelete", {(3, 3)}),
        ("ChartIndicatorGet", {(3, 3)}),
        ("ChartIndicatorName", {(3, 3)}),
        ("ColorToString", {(1, 2)}),
        ("FileGetInteger", {(2, 2), (2, 3)}),
        ("ObjectGetValueByTime", {(3, 4)}),
        ("ResourceCreate", {(2, 2), (8, 8)}),
        ("TextSetFont", {(2, 4)}),
        ("WebRequest", {(7, 7), (9, 9)}),
    ],
)
def test_variants_of_a_function_take_the_numbers_of_arguments_of_the_reference(
    name: str, counts: set[tuple[int, int]]
) -> None:
    assert {(variant.least, variant.most) for variant in functions()[name]} == counts


def test_numbers_differ_from_a_neighbour_as_the_reference_has_them() -> None:
    assert constants()["ERR_INCOMPATIBLE_FILE"] == 5017
    assert constants()["OBJ_NO_PERIODS"] == 0


def test_every_name_of_the_tables_is_a_name_of_mql5() -> None:
    known = names()
    assert set(functions()) <= known.functions
    assert set(constants()) <= known.constants
    assert enum_names() | STRUCTURES <= known.types
    assert len(known.functions) > 500 and len(known.constants) > 1800
    assert not known.functions & known.constants


FUNCTION = re.compile(
    r"^(?:template <.*?>\s+)?(?:\[\[nodiscard\]\] )?(?:inline )?[\w:<>]+ ([A-Za-z_]\w*)\(", re.MULTILINE
)


def test_every_function_of_the_stand_in_is_in_the_table() -> None:
    found = set()
    for path in STANDIN.glob("*.h"):
        text = path.read_text(encoding="utf-8")
        for part in re.findall(r"namespace mql \{(.*?)\}  // namespace mql", text, re.DOTALL):
            found.update(FUNCTION.findall(part))
    assert len(found) > 150
    assert found - set(functions()) == OWN


def test_header_declares_every_constant() -> None:
    text = header()
    assert all(re.search(rf"\b{name} = ", text) for name in constants())


def test_signature_is_derived_from_the_text_of_the_reference() -> None:
    entry = {
        "name": "SocketRead",
        "url": "https://www.mql5.com/en/docs/network/socketread",
        "syntax": "int SocketRead ( \n int socket , // socket \n uchar& buffer[] , // buffer \n uint most=1 \n );",
        "examples": ["void OnStart () { }"],
    }
    other = {**entry, "url": "https://www.mql5.com/en/docs/onnx/x"}
    assert lines([entry, other]) == ["int SocketRead(int socket, uchar&buffer[], uint most=1)"]
