"""Which symbol is meant by a name."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bridge.core.director.contract import OrderType
from bridge.core.link.messages import Inquire, encode
from bridge.core.link.reports import SymbolReport
from bridge.simulator.broker.api import BrokerGone
from bridge.simulator.broker.broker import Broker
from bridge.simulator.broker.scenario import Scenario, SymbolTerms
from bridge.simulator.broker.state import new_state
from bridge.simulator.mt5.types import SymbolOrder, SymbolTradeMode
from bridge.simulator.terminal.detection import (
    EXTRA,
    MAX_CANDIDATES,
    MAX_INQUIRIES,
    PORTION,
    Detection,
    is_candidate,
)
from tests.unit.simulator.broker.build import START
from tests.unit.simulator.terminal.rig import Rig

LETTERS = st.sampled_from("EUe.")


def market(*names: str) -> Broker:
    """A broker with symbols of these names."""
    terms = tuple(SymbolTerms(name=name, like="EURUSD") for name in names)
    return Broker.start(Scenario(symbols=terms), START)


def inquired(broker: Broker, symbol: str, *, exact: bool = False) -> SymbolReport:
    """The answer to one inquiry."""
    answers: list[SymbolReport] = []
    detection = Detection(broker, answers.append)
    assert detection.take(Inquire(epoch=1, symbol=symbol, exact=exact))
    while len(detection):
        detection.step()
    (answer,) = answers
    assert answer.asked == symbol
    return answer


@pytest.mark.parametrize(
    ("names", "asked", "name", "candidates"),
    [
        (("EURUSD", "EURUSD.r"), "EURUSD", "EURUSD", []),
        (("GBPUSD", "EURUSD.r"), "EURUSD", "EURUSD.r", []),
        (("GBPUSD", "mEURUSD.pro"), "EURUSD", "mEURUSD.pro", []),
        (("EURUSD.r", "EURUSD.c"), "EURUSD", "", ["EURUSD.c", "EURUSD.r"]),
        (("EURUSD1234567",), "EURUSD", "", []),
        (("abcEURUSD1234",), "EURUSD", "", []),
        (("eurusd",), "EURUSD", "", []),
        (("GBPUSD",), "EURUSD", "", []),
    ],
)
def test_a_name(names: tuple[str, ...], asked: str, name: str, candidates: list[str]) -> None:
    answer = inquired(market(*names), asked)
    assert (answer.name, answer.candidates) == (name, candidates)


def test_a_symbol_that_somebody_made_is_meant_by_its_own_name_alone() -> None:
    broker = market("EURUSD.r", "EURUSD.own")
    own = broker.symbol("EURUSD.own")
    assert own is not None
    broker.set_symbol(replace(own, custom=True))
    assert inquired(broker, "EURUSD").name == "EURUSD.r"
    assert inquired(broker, "EURUSD.own").name == "EURUSD.own"


def test_only_the_exact_name_will_do() -> None:
    broker = market("EURUSD.r")
    assert inquired(broker, "EURUSD", exact=True) == SymbolReport(asked="EURUSD")
    assert inquired(broker, "EURUSD.r", exact=True).name == "EURUSD.r"


def test_not_more_candidates_than_a_report_names() -> None:
    names = [f"EURUSD.{number:02}" for number in range(MAX_CANDIDATES + 4)]
    assert inquired(market(*reversed(names)), "EURUSD").candidates == names[:MAX_CANDIDATES]


def test_the_terms() -> None:
    state = new_state(Scenario(), START)
    state.trade.symbols["EURUSD"] = replace(
        state.trade.symbols["EURUSD"],
        order_mode=SymbolOrder.MARKET | SymbolOrder.STOP_LIMIT | SymbolOrder.SL,
        trade_mode=SymbolTradeMode.LONGONLY,
    )
    answer = inquired(Broker(state), "EURUSD")
    spelled = [answer.point, answer.tick_size, answer.volume_min, answer.volume_max, answer.volume_step]
    assert [str(number) for number in spelled] == ["0.00001", "0.00001", "0.01", "500", "0.01"]
    assert (answer.digits, answer.volume_limit, answer.trade_mode) == (5, Decimal(0), "LONGONLY")
    assert answer.order_types == [OrderType.MARKET, OrderType.STOP_LIMIT]


class Hall(Broker):
    """A broker with very many symbols, that counts how often it is asked for them and may be out of reach."""

    names: tuple[str, ...] = ()
    asked = 0
    away = False

    def symbols(self) -> list[str]:
        if self.away:
            raise BrokerGone("away")
        self.asked += 1
        return list(self.names)


def test_many_names_are_compared_a_portion_at_a_time() -> None:
    hall = Hall(new_state(Scenario(), START))
    hall.names = (*(f"S{number}" for number in range(PORTION * 3)), "EURUSD")
    answers: list[SymbolReport] = []
    detection = Detection(hall, answers.append)
    detection.take(Inquire(epoch=1, symbol="URUSD"))
    hall.away = True
    with pytest.raises(BrokerGone):
        detection.step()
    hall.away = False
    for _ in range(3):
        detection.step()
        assert not answers
    detection.step()
    assert [answer.name for answer in answers] == ["EURUSD"]
    assert hall.asked == 1


def test_inquiries_wait_once_each_and_in_bounds() -> None:
    answers: list[SymbolReport] = []
    detection = Detection(market("EURUSD"), answers.append)
    for number in range(MAX_INQUIRIES):
        assert detection.take(Inquire(epoch=1, symbol=f"S{number}"))
        assert detection.take(Inquire(epoch=1, symbol=f"S{number}"))
    assert len(detection) == MAX_INQUIRIES
    assert not detection.take(Inquire(epoch=1, symbol="EURUSD"))
    detection.clear()
    detection.step()
    assert not answers


@given(
    st.lists(st.text(LETTERS, min_size=1, max_size=10), max_size=12, unique=True),
    st.text(LETTERS, min_size=1, max_size=4),
    st.booleans(),
)
def test_the_answer_is_what_the_names_say(names: list[str], asked: str, exact: bool) -> None:
    answer = inquired(market(*names), asked, exact=exact)
    parts = [
        (prefix, suffix)
        for name in names
        for start in range(len(name))
        for prefix, middle, suffix in [
            (name[:start], name[start : start + len(asked)], name[start + len(asked) :])
        ]
        if middle == asked and len(prefix) + len(suffix) <= EXTRA
    ]
    meant = sorted({prefix + asked + suffix for prefix, suffix in parts})
    if asked in names:
        assert (answer.name, answer.candidates) == (asked, [])
    elif exact or not meant:
        assert (answer.name, answer.candidates) == ("", [])
    elif len(meant) == 1:
        assert (answer.name, answer.candidates) == (meant[0], [])
    else:
        assert (answer.name, answer.candidates) == ("", meant[:MAX_CANDIDATES])


@given(st.text(max_size=4), st.text(min_size=1, max_size=8), st.text(max_size=4))
def test_a_candidate_has_the_name_within_it(prefix: str, asked: str, suffix: str) -> None:
    assert is_candidate(asked, prefix + asked + suffix) is (len(prefix + suffix) <= EXTRA)


def test_each_inquiry_of_a_session_is_answered(joined: Rig) -> None:
    for _ in range(2):
        joined.say(encode(Inquire(epoch=joined.peer.epoch, symbol="EURUSD")))
        joined.run(100)
    assert [report.name for report in joined.peer.reports_of(SymbolReport)] == ["EURUSD", "EURUSD"]


def test_an_inquiry_waits_for_the_broker(joined: Rig) -> None:
    joined.broker.disconnect()
    joined.say(encode(Inquire(epoch=joined.peer.epoch, symbol="EURUSD")))
    joined.run(500)
    assert not joined.peer.reports_of(SymbolReport)
    joined.broker.connect()
    joined.run(500)
    assert [report.name for report in joined.peer.reports_of(SymbolReport)] == ["EURUSD"]


def test_more_inquiries_than_wait_are_counted(joined: Rig) -> None:
    joined.broker.disconnect()
    for number in range(MAX_INQUIRIES + 2):
        joined.say(encode(Inquire(epoch=joined.peer.epoch, symbol=f"S{number}")))
    assert joined.terminal.counts["inquiries_over_limit"] == 2


def test_an_inquiry_of_another_session_is_dropped(joined: Rig) -> None:
    joined.say(encode(Inquire(epoch=joined.peer.epoch + 1, symbol="EURUSD")))
    joined.run(100)
    assert not joined.peer.reports_of(SymbolReport)
    assert joined.terminal.counts["other_epoch"] == 1
