"""Requests for the configured symbols: one at a time, in each session, again until there is an answer."""

from math import inf

import pytest

from bridge.core.link.messages import Inquire
from bridge.core.link.reports import SymbolReport
from bridge.core.settings import OfficerSettings, RiskLimits
from bridge.sidecar.symbol_requests import ANSWER_S, UNKNOWN_MAX_S, UNKNOWN_S, SymbolRequests

OFFICER = "eo-001"
EPOCH = 7


def inquiry(symbol: str, *, exact: bool = False, epoch: int = EPOCH) -> Inquire:
    return Inquire(epoch=epoch, symbol=symbol, exact=exact)


def taken(requests: SymbolRequests, now: float, *, able: bool = True) -> list[Inquire]:
    return [each for _, each in requests.take(now, lambda officer, epoch: able)]


def named(symbol: str) -> SymbolReport:
    return SymbolReport(asked=symbol, name=symbol)


@pytest.fixture
def requests() -> SymbolRequests:
    made = SymbolRequests()
    made.begin(OFFICER, EPOCH, {"EURUSD": False, "XAUUSD.r": True}, 100.0)
    return made


def test_next_symbol_is_asked_for_once_the_last_was_answered(requests: SymbolRequests) -> None:
    assert taken(requests, 100.0) == [inquiry("EURUSD")]
    assert taken(requests, 100.1) == []
    requests.note_answer(OFFICER, EPOCH, named("EURUSD"), 100.2)
    assert taken(requests, 100.2) == [inquiry("XAUUSD.r", exact=True)]
    requests.note_answer(OFFICER, EPOCH, named("XAUUSD.r"), 100.3)
    assert (taken(requests, 1_000.0), requests.next_after(0.0)) == ([], inf)


def test_symbol_without_an_answer_goes_behind_the_others(requests: SymbolRequests) -> None:
    assert taken(requests, 100.0) == [inquiry("EURUSD")]
    assert requests.next_after(100.0) == 100.0 + ANSWER_S
    assert taken(requests, 100.0 + ANSWER_S) == [inquiry("XAUUSD.r", exact=True)]
    assert taken(requests, 100.0 + 2 * ANSWER_S) == [inquiry("EURUSD")]


def test_answer_to_the_inquiry_of_a_directive_counts(requests: SymbolRequests) -> None:
    requests.note_answer(OFFICER, EPOCH, named("EURUSD"), 100.0)
    requests.note_answer(OFFICER, EPOCH, named("GBPUSD"), 100.0)
    assert taken(requests, 100.0) == [inquiry("XAUUSD.r", exact=True)]


def test_terminal_that_cannot_answer_is_asked_once_it_can(requests: SymbolRequests) -> None:
    assert taken(requests, 100.0, able=False) == []
    assert taken(requests, 100.1) == [inquiry("EURUSD")]


def test_each_session_asks_anew_and_an_answer_of_an_earlier_one_does_not_count(
    requests: SymbolRequests,
) -> None:
    assert taken(requests, 100.0) == [inquiry("EURUSD")]
    requests.begin(OFFICER, EPOCH + 1, {"EURUSD": False}, 101.0)
    requests.note_answer(OFFICER, EPOCH, named("EURUSD"), 101.0)
    assert taken(requests, 101.0) == [inquiry("EURUSD", epoch=EPOCH + 1)]


def test_officers_are_asked_independently(requests: SymbolRequests) -> None:
    requests.begin("eo-002", 9, {"EURUSD": False}, 100.0)
    assert requests.take(100.0, lambda officer, epoch: True) == [
        (OFFICER, inquiry("EURUSD")),
        ("eo-002", inquiry("EURUSD", epoch=9)),
    ]


def test_symbol_under_another_name_has_its_terms_asked_for() -> None:
    requests = SymbolRequests()
    requests.begin(OFFICER, EPOCH, {"EURUSD": False}, 100.0)
    assert taken(requests, 100.0) == [inquiry("EURUSD")]
    report = SymbolReport(asked="EURUSD", candidates=["EURUSD.r"], alike=[9], symbols_total=10)
    requests.note_answer(OFFICER, EPOCH, report, 100.1)
    assert taken(requests, 100.1) == [inquiry("EURUSD.r", exact=True)]
    requests.note_answer(OFFICER, EPOCH, named("EURUSD.r"), 100.2)
    assert taken(requests, 1_000.0) == []


def test_unknown_symbol_is_asked_for_again_at_growing_distances() -> None:
    requests = SymbolRequests()
    requests.begin(OFFICER, EPOCH, {"EURUSD": False}, 0.0)
    now, waits = 0.0, []
    for _ in range(9):
        assert taken(requests, now) == [inquiry("EURUSD")]
        requests.note_answer(OFFICER, EPOCH, SymbolReport(asked="EURUSD"), now)
        due = requests.next_after(now)
        assert taken(requests, due - 0.1) == []
        waits.append(due - now)
        now = due
    assert waits[:3] == [UNKNOWN_S, 2 * UNKNOWN_S, 4 * UNKNOWN_S]
    assert waits[-2:] == [UNKNOWN_MAX_S, UNKNOWN_MAX_S]


def test_symbols_that_the_configuration_names_are_asked_for_as_a_directive_asks() -> None:
    settings = OfficerSettings(
        id=OFFICER,
        symbols={"GOLD": "XAUUSD.r", "EURUSD": "EURUSD"},
        symbol_deviation_points={"XAUUSD.r": 50, "GBPUSD": 10},
        risk_limits=RiskLimits(allowed_symbols=["GOLD", "GBPUSD", "USDJPY"]),
    )
    assert settings.inquiries() == {"XAUUSD.r": True, "EURUSD": True, "GBPUSD": False, "USDJPY": False}
    assert OfficerSettings(id=OFFICER).inquiries() == {}
