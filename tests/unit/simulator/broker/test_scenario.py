"""Scenario files: accepted keys, and the messages about wrong ones."""

import re
from decimal import Decimal
from pathlib import Path

import pytest

from bridge.core.units.mt5_terms import TradeMode
from bridge.simulator.broker.broker import Broker
from bridge.simulator.broker.fault_rules import LoseAnswer, Match, Rule, SendKind
from bridge.simulator.broker.scenario import Scenario
from bridge.simulator.broker.scenario_file import ScenarioError, load_scenario, parse_scenario
from bridge.simulator.mt5.types import (
    AccountMarginMode,
    AccountTradeMode,
    SymbolExpiration,
    SymbolFilling,
    SymbolOrder,
    SymbolOrdersGtc,
)
from tests.unit.simulator.broker.build import START


def test_empty_scenario_is_the_default_account() -> None:
    account = Broker.start(parse_scenario(b"{}"), START).account()
    assert (account.login, account.server, account.currency) == (5000001, "Simulated-Demo", "USD")
    assert (account.balance, account.leverage) == (Decimal(10000), 100)
    assert account.margin_mode is AccountMarginMode.RETAIL_HEDGING
    assert account.trade_mode is AccountTradeMode.DEMO


def test_scenario_sets_account_and_symbol_properties() -> None:
    text = b"""{"account": {"margin_mode": "EXCHANGE", "limit_orders": 7, "fifo_close": true},
        "symbols": [{"name": "EURUSD", "orders": ["MARKET", "LIMIT"], "expiration": ["GTC", "DAY"],
                     "filling": ["BOC"], "orders_gtc": "DAILY", "volume_step": "0.1", "tick_size": "0.0001"}]}"""
    server = Broker.start(parse_scenario(text), START)
    account, symbol = server.account(), server.symbol("EURUSD")
    assert (account.margin_mode, account.limit_orders) == (AccountMarginMode.EXCHANGE, 7)
    # Both are rules of hedging accounts.
    assert (account.fifo_close, account.hedge_allowed) == (False, False)
    assert symbol is not None
    assert symbol.order_mode == SymbolOrder.MARKET | SymbolOrder.LIMIT
    assert symbol.expiration_mode == SymbolExpiration.GTC | SymbolExpiration.DAY
    assert (symbol.filling_mode, symbol.order_gtc_mode) == (SymbolFilling.BOC, SymbolOrdersGtc.DAILY)
    assert (symbol.volume_step, symbol.trade_tick_size) == (Decimal("0.1"), Decimal("0.0001"))


def test_default_scenario_has_the_shipped_symbols() -> None:
    assert Broker.start(Scenario(), START).symbols() == ["EURUSD", "GBPUSD", "USDJPY", "XAUUSD"]


def test_scenario_file_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "scenario.json"
    path.write_text(
        """{"seed": 7, "account": {"login": 42, "trade_mode": "REAL"},
            "symbols": [{"name": "EURUSD.r", "like": "EURUSD", "bid": 1.2, "ask": "1.3", "execution": "INSTANT"}],
            "random_walk": {"interval_ms": 250},
            "quotes": [{"at_ms": 5, "symbol": "EURUSD.r", "bid": 1, "ask": 2}],
            "quirks": {"ioc_remainder": "PARTIAL"},
            "rules": [{"match": {"nth": 2, "kind": "OPEN"}, "effect": {"type": "LOSE_ANSWER", "retcode": null}}]}"""
    )
    scenario = load_scenario(path)
    assert (scenario.seed, scenario.account.login, scenario.account.trade_mode) == (7, 42, TradeMode.REAL)
    assert (scenario.symbols[0].bid, scenario.symbols[0].ask) == (Decimal("1.2"), Decimal("1.3"))
    assert scenario.rules == (Rule(effect=LoseAnswer(retcode=None), match=Match(nth=2, kind=SendKind.OPEN)),)


@pytest.mark.parametrize(
    ("text", "key", "value", "remedy"),
    [
        ("{", "not JSON", "", "correct the text"),
        ("[]", "(top level)", "[]", "write a supported"),
        ('{"sed": 1}', "sed", "", "correct or remove"),
        ('{"seed": "x"}', "scenario: seed", '"x"', "write a supported"),
        ('{"account": {"leverage": 0}}', "account.leverage", "0", "write 100"),
        ('{"account": {"leverage": "a"}}', "account.leverage", '"a"', "write a supported"),
        ('{"account": {"balance": "NaN"}}', "account.balance", '"NaN"', "ordinary number"),
        ('{"account": {"margin_mode": "NETTING"}}', "account.margin_mode", "NETTING", "write a supported"),
        ('{"account": {"limit_orders": -1}}', "account.limit_orders", "-1", "write 0"),
        ('{"symbols": [{"name": "EURUSD", "volume_min": 0}]}', "symbols[0].volume_min", "0", "write a size"),
        ('{"symbols": [{"name": "EURUSD", "tick_size": "NaN"}]}', "symbols[0].tick_size", "NaN", "number"),
        ('{"symbols": [{"name": "EURXXX"}]}', "symbols[0].like", "EURXXX", "write one of EURUSD"),
        ('{"symbols": [{"name": "EURUSD"}, {"name": "EURUSD"}]}', "symbols[1].name", "EURUSD", "remove one"),
        ('{"symbols": [{"name": "EURUSD", "bid": 1}]}', "symbols[0]", "EURUSD", "write both"),
        (
            '{"symbols": [{"name": "EURUSD", "bid": 2, "ask": 1}]}',
            "symbols[0]",
            "bid 2 with ask 1",
            "correct",
        ),
        (
            '{"symbols": [{"name": "EURUSD", "bid": 1, "ask": 2, "quoted": false}]}',
            "symbols[0].quoted",
            "false",
            "leave out one",
        ),
        (
            '{"symbols": [{"name": "EURUSD", "sessions": ["MON 00:05-24:00", "TUE 9-10"]}]}',
            "symbols[0].sessions[1]",
            "TUE 9-10",
            "write a day and its hours",
        ),
        (
            '{"symbols": [{"name": "EURUSD", "filling": ["XXX"]}]}',
            "symbols[0].filling",
            "XXX",
            "write a supported",
        ),
        ('{"random_walk": {"interval_ms": 0}}', "random_walk.interval_ms", "0", "1000"),
        ('{"random_walk": {"step_points": -1}}', "random_walk.step_points", "-1", "write 5"),
        ('{"symbols": [{"name": "EURUSD", "commission": "NaN"}]}', "symbols[0].commission", "NaN", "number"),
        (
            '{"rules": [{"effect": {"type": "REJECT"}, "match": {"symbol": "X"}}]}',
            "rules[0].match.symbol",
            '"X"',
            "correct it",
        ),
        (
            '{"rules": [{"effect": {"type": "MOVE_MARKET", "bid": 1, "ask": "1e999999"}}]}',
            "rules[0].effect.bid",
            "1E+999999",
            "correct",
        ),
        (
            '{"quotes": [{"at_ms": 1, "symbol": "X", "bid": 1, "ask": 1}]}',
            "quotes[0].symbol",
            '"X"',
            "add it",
        ),
        (
            '{"quotes": [{"at_ms": 1, "symbol": "EURUSD", "bid": 0, "ask": 1}]}',
            "quotes[0]",
            "bid 0 with ask 1",
            "correct",
        ),
        ('{"rules": [{"effect": {"type": "NO"}}]}', "rules[0].effect", "NO", "write a supported"),
        ('{"rules": [{"effect": {"type": "REQUOTE"}, "times": 0}]}', "rules[0].times", "0", "how often"),
    ],
)
def test_scenario_error_names_key_value_and_remedy(text: str, key: str, value: str, remedy: str) -> None:
    with pytest.raises(ScenarioError) as raised:
        parse_scenario(text.encode())
    message = str(raised.value)
    assert key in message
    assert value in message
    assert remedy in message.partition("; ")[2]


def test_unreadable_scenario_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="No such file"):
        load_scenario(tmp_path / "none.json")


def test_error_in_a_file_names_the_file_place_and_value(tmp_path: Path) -> None:
    path = tmp_path / "scenario.json"
    path.write_text('{"account": {"leverage": 0}}')
    with pytest.raises(
        ScenarioError,
        match=rf"^scenario file {re.escape(str(path))}: account\.leverage 0 is below 1; write 100",
    ):
        load_scenario(path)
    path.write_text('{"account":\n  {"leverage" 5}}')
    with pytest.raises(
        ScenarioError,
        match=rf"^scenario file {re.escape(str(path))}: not JSON at line 2, column 15 .*correct",
    ):
        load_scenario(path)
