"""Return codes of the trade server: every one, and those that are unheard of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.trade.retcodes import RETCODES, Verdict, describe, verdict

ACCEPTED = {10008: "PLACED", 10009: "DONE", 10010: "DONE_PARTIAL"}
OPEN = {10011: "ERROR", 10012: "TIMEOUT", 10028: "LOCKED", 10031: "CONNECTION"}
REFUSED = {
    10004: "REQUOTE",
    10006: "REJECT",
    10007: "CANCEL",
    10013: "INVALID",
    10014: "INVALID_VOLUME",
    10015: "INVALID_PRICE",
    10016: "INVALID_STOPS",
    10017: "TRADE_DISABLED",
    10018: "MARKET_CLOSED",
    10019: "NO_MONEY",
    10020: "PRICE_CHANGED",
    10021: "PRICE_OFF",
    10022: "INVALID_EXPIRATION",
    10023: "ORDER_CHANGED",
    10024: "TOO_MANY_REQUESTS",
    10025: "NO_CHANGES",
    10026: "SERVER_DISABLES_AT",
    10027: "CLIENT_DISABLES_AT",
    10029: "FROZEN",
    10030: "INVALID_FILL",
    10032: "ONLY_REAL",
    10033: "LIMIT_ORDERS",
    10034: "LIMIT_VOLUME",
    10035: "INVALID_ORDER",
    10036: "POSITION_CLOSED",
    10038: "INVALID_CLOSE_VOLUME",
    10039: "CLOSE_ORDER_EXIST",
    10040: "LIMIT_POSITIONS",
    10041: "REJECT_CANCEL",
    10042: "LONG_ONLY",
    10043: "SHORT_ONLY",
    10044: "CLOSE_ONLY",
    10045: "FIFO_CLOSE",
    10046: "HEDGE_PROHIBITED",
}


@pytest.mark.parametrize(
    ("codes", "says"),
    [(ACCEPTED, Verdict.ACCEPTED), (REFUSED, Verdict.REFUSED), (OPEN, Verdict.OPEN)],
)
def test_each_code_of_the_reference_has_its_name_and_verdict(codes: dict[int, str], says: Verdict) -> None:
    assert {code: (name, says) for code, name in codes.items()} == {code: RETCODES[code] for code in codes}
    assert {verdict(code) for code in codes} == {says}


def test_the_table_has_no_code_beside_the_reference() -> None:
    assert set(RETCODES) == {*ACCEPTED, *REFUSED, *OPEN}


@given(st.integers().filter(lambda code: code not in RETCODES))
def test_an_unheard_of_code_leaves_the_outcome_open(code: int) -> None:
    assert verdict(code) is Verdict.OPEN
    assert describe(code) == f"unknown return code ({code})"


def test_a_code_is_described_by_name_and_number() -> None:
    assert describe(10019) == "NO_MONEY (10019)"
