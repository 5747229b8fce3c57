"""Pending orders, asynchronous sends, margin, chart objects and sessions, as an EA uses them."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from bridge.simulator.broker.fault_rules import LoseAnswer, Rule
from bridge.simulator.mt5.types import OrderFilling, OrderTime, OrderType, TradeAction, TradeRequest
from tests.mql5.host.stepped import SteppedTerminal
from tests.mql5.reference import constants

Built = Callable[[str], Path]
Make = Callable[[str], SteppedTerminal]


@pytest.fixture
def make(built: Built, tmp_path: Path, request: pytest.FixtureRequest) -> Make:
    """Return a function that starts the corpus program orders.mq5 with a plan."""

    def made(plan: str) -> SteppedTerminal:
        terminal = SteppedTerminal(built("orders"), {"InpPlan": plan}, tmp_path)
        request.addfinalizer(terminal.close)
        return terminal

    return made


def journal(terminal: SteppedTerminal) -> list[str]:
    return terminal.terminal.program.journal


def test_loop_that_waits_by_the_clock_ends(make: Make) -> None:
    terminal = make("wait")
    terminal.start()
    assert journal(terminal) == ["waited, slept 5 s"]
    # 500 us, 3 s, up to three times 2 s and a fraction of one, 5 s.
    assert 10_000_000 < terminal.clock.now_us() < 15_000_000


def test_margin_and_profit_are_calculated(make: Make) -> None:
    terminal = make("reckon")
    terminal.start()
    assert journal(terminal) == [
        "margin 500.00",
        "profit 50.00",
        "no margin, error 4301, still 50.00",
        "no profit, error 4758, still 50.00",
    ]


def test_asynchronous_send_is_answered_by_a_transaction(make: Make) -> None:
    terminal = make("async")
    terminal.start()
    assert journal(terminal) == ["sent 1: 10008 request 1 deal 0", "sent 1: 10008 request 2 deal 0"]
    assert [record.retcode for record in terminal.broker.sends()] == [10009, 10014]


def test_asynchronous_answers_arrive_after_the_handler_with_their_request_ids(make: Make) -> None:
    terminal = make("")
    terminal.start()
    trade = next(part for part in terminal.terminal.host.parts if hasattr(part, "OrderSendAsync"))
    buy = (1, 0, 0, "EURUSD", 0.1, 0.0, 0.0, 0.0, 0.0, 0, 0, 0, 0, 0, "", 0, 0)
    assert trade.OrderSendAsync(*buy)[1] == 10008
    assert trade.OrderSendAsync(*buy[:4], 0.001, *buy[5:])[1] == 10008
    terminal.advance(10)
    first, second = journal(terminal)
    assert first.startswith("request 1: 10009 deal 5")
    assert second == "request 2: 10014 deal 0"


def test_lost_answer_leaves_a_request_id_and_no_transaction(make: Make) -> None:
    terminal = make("async")
    terminal.broker.add_rule(Rule(effect=LoseAnswer()))
    terminal.start()
    terminal.advance(100)
    assert journal(terminal) == ["sent 1: 10008 request 1 deal 0", "sent 1: 10008 request 2 deal 0"]


@pytest.mark.parametrize("permission", ["terminal_trade", "expert_trade"])
def test_nothing_is_sent_while_trading_is_switched_off(make: Make, permission: str) -> None:
    terminal = make("async")
    setattr(terminal.terminal.program.permissions, permission, False)
    terminal.start()
    assert journal(terminal) == ["sent 0: 10027 request 0 deal 0"] * 2
    assert terminal.broker.sends() == []


def test_every_action_reaches_the_broker_with_all_fields(make: Make) -> None:
    terminal = make("actions")
    terminal.start()
    assert len(journal(terminal)) == len(TradeAction)
    assert [record.request for record in terminal.broker.sends()] == [
        TradeRequest(
            action=action,
            magic=1,
            order=2,
            symbol="GBPUSD",
            volume=Decimal("0.3"),
            price=Decimal("1.2701"),
            stoplimit=Decimal("1.2702"),
            sl=Decimal("1.2601"),
            tp=Decimal("1.2801"),
            deviation=4,
            type=OrderType.SELL_STOP_LIMIT,
            type_filling=OrderFilling.RETURN,
            type_time=OrderTime.SPECIFIED,
            expiration=1_767_323_045_000,
            comment="every field",
            position=5,
            position_by=6,
        )
        for action in TradeAction
    ]


def test_chart_and_its_objects(make: Make) -> None:
    terminal = make("button")
    terminal.start()
    assert journal(terminal) == [
        "Flatten 0 of 2, 1 buttons",
        "none: error 4202, still -1.0, found -1",
        "label 1.1",
        "a word 1200 0.0",
        "1 deleted",
    ]


def test_click_on_a_button_is_delivered(make: Make) -> None:
    terminal = make("button")
    terminal.start()
    journal(terminal).clear()
    terminal.terminal.chart.click("flatten")
    assert journal(terminal) == []
    terminal.advance(0)
    assert journal(terminal) == ["flatten at 20,40 pressed 1", "event 1007 1 2.5 own"]
    assert terminal.terminal.chart.objects["flatten"]["OBJPROP_STATE"] == 0


def test_second_click_in_one_step_is_lost(make: Make) -> None:
    terminal = make("button")
    terminal.start()
    journal(terminal).clear()
    terminal.terminal.chart.click("flatten")
    terminal.terminal.chart.click("flatten")
    terminal.advance(0)
    assert journal(terminal)[0] == "flatten at 20,40 pressed 0"
    assert [line for line in journal(terminal) if "pressed" in line] == journal(terminal)[:1]


def test_hidden_or_unknown_button_is_not_clicked(make: Make) -> None:
    terminal = make("button")
    terminal.start()
    chart = terminal.terminal.chart
    with pytest.raises(LookupError, match="unknown button 'none'; present: flatten"):
        chart.click("none")
    chart.ObjectCreate(0, "label", constants()["OBJ_LABEL"], 0, 0, 0.0)
    with pytest.raises(LookupError, match="unknown button 'label'"):
        chart.click("label")
    chart.ObjectSetInteger(0, "flatten", constants()["OBJPROP_TIMEFRAMES"], constants()["OBJ_NO_PERIODS"])
    with pytest.raises(LookupError, match="hidden"):
        chart.click("flatten")


def test_undelivered_click_is_not_delivered_after_a_reload(make: Make) -> None:
    terminal = make("button")
    terminal.start()
    terminal.terminal.chart.click("flatten")
    terminal.terminal.reload(constants()["REASON_ACCOUNT"])
    journal(terminal).clear()
    terminal.advance(0)
    assert journal(terminal) == []


def test_market_watch_and_sessions(make: Make) -> None:
    terminal = make("market")
    terminal.start()
    assert journal(terminal) == [
        "sessions of 24 h",
        "rates 1.0 1.0",
        "5 digits, point 0.00001",
        "hidden 1: 3 of 4, tick 0 error 4302",
    ]
