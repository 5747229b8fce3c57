"""Scheduled calls of a scenario, and a clock that is set while the broker runs."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from bridge.core.units.decimals import ZERO
from bridge.simulator.broker.api import ControlError
from bridge.simulator.broker.broker import Broker
from bridge.simulator.broker.execution.triggers import DAY_MS
from bridge.simulator.broker.scenario_file import ScenarioError, parse_scenario
from bridge.simulator.broker.state import load_state, save_state
from bridge.simulator.mt5.types import OrderState, OrderTime
from tests.unit.simulator.broker.build import EVER, START, broker, done, opened, opening, placed, waiting

HOUR_MS = 3_600_000
SCRIPT = [{"at_ms": 5000, "symbol": "EURUSD", "bid": "1.08", "ask": "1.09"}]


def scheduled(*calls: tuple[int, str, dict[str, object]], quotes: object = ()) -> Broker:
    """Return a broker with these calls."""
    listed = [{"at_ms": at, "call": call, "arguments": arguments} for at, call, arguments in calls]
    return Broker.start(parse_scenario(json.dumps({"calls": listed, "quotes": quotes}).encode()), START)


def test_calls_are_carried_out_at_their_times() -> None:
    server = scheduled(
        (2000, "set_account", {"server": "Live02"}),
        (1000, "rename_symbol", {"symbol": "EURUSD", "new_name": "EURUSD.r"}),
    )
    server.advance(START + 999)
    assert server.symbol("EURUSD") is not None
    server.advance(START + 1000)
    assert (server.symbol("EURUSD"), server.account().server) == (None, "Simulated-Demo")
    server.advance(START + 2000)
    assert server.account().server == "Live02"
    assert server.refused_calls() == []


def test_refused_call_is_kept_and_ends_nothing() -> None:
    server = scheduled(
        (1000, "reopen_position", {"position": 5}),
        (2000, "set_account", {"server": "Live02"}),
    )
    server.advance(START + 2000)
    assert server.refused_calls() == ["1000 ms: reopen_position: position 5 is not open; open: none"]
    assert server.account().server == "Live02"


def test_scripted_quote_follows_a_symbol_that_a_call_renames() -> None:
    server = scheduled((1000, "rename_symbol", {"symbol": "EURUSD", "new_name": "EURUSD.r"}), quotes=SCRIPT)
    server.advance(START + 5000)
    tick = server.tick("EURUSD.r")
    assert tick is not None
    assert (tick.bid, tick.time_msc) == (Decimal("1.08"), START + 5000)


def test_scheduled_quote_takes_the_place_of_the_scripted_ones() -> None:
    call: dict[str, object] = {"symbol": "EURUSD", "bid": "1.2", "ask": "1.3"}
    server = scheduled((1000, "set_quote", call), quotes=SCRIPT)
    server.advance(START + 5000)
    tick = server.tick("EURUSD")
    assert tick is not None
    assert tick.bid == Decimal("1.2")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ('{"at_ms": -1, "call": "connect"}', r"calls\[0\]\.at_ms -1 is below 0; write 0 or more"),
        ('{"at_ms": 1, "call": "order_send"}', r'calls\[0\]\.call "order_send" is no control'),
        (
            '{"at_ms": 1, "call": "reopen_position"}',
            r"calls\[0\]\.arguments {} reopen_position: argument 'position' is missing",
        ),
        (
            '{"at_ms": 1, "call": "hide_deal", "arguments": {"deal": "x"}}',
            r"calls\[0\]\.arguments .*hide_deal: argument 'deal': Expected `int`, got `str`",
        ),
        (
            '{"at_ms": 1, "call": "hide_deal", "arguments": {"deal": 1, "dael": 1}}',
            r"unknown argument 'dael'; supported: deal, milliseconds; correct them",
        ),
    ],
)
def test_faulty_call_is_refused_with_its_place(call: str, message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        parse_scenario(f'{{"calls": [{call}]}}'.encode())


def test_clock_set_back_gives_records_earlier_times_and_loses_none() -> None:
    server = broker()
    first = opened(server)
    server.advance(START + 1000)
    server.shift_clock(-HOUR_MS)
    assert server.server_time() == START + 1000 - HOUR_MS
    second = opened(server)
    assert done(server, second).time_done_msc == START + 1000 - HOUR_MS
    shown = server.history_orders(START - 2 * HOUR_MS, START + 2 * HOUR_MS)
    assert [order.ticket for order in shown] == [second, first]
    assert [order.ticket for order in server.history_orders(START, START + 1)] == [first]
    assert [deal.order for deal in server.history_deals(START - 2 * HOUR_MS, START + 1)] == [second, 0, first]


def test_scripted_quotes_and_calls_keep_their_times_when_the_clock_is_set() -> None:
    server = scheduled(
        (1000, "shift_clock", {"milliseconds": -HOUR_MS}),
        (2000, "set_account", {"server": "Live02"}),
        quotes=SCRIPT,
    )
    server.advance(START + 1000)
    assert server.server_time() == START + 1000 - HOUR_MS
    server.advance(START + 2000 - HOUR_MS)
    assert server.account().server == "Live02"
    server.advance(START + 5000 - HOUR_MS)
    tick = server.tick("EURUSD")
    assert tick is not None
    assert (tick.bid, tick.time_msc) == (Decimal("1.08"), START + 5000 - HOUR_MS)


def test_midnight_that_passes_twice_charges_one_swap() -> None:
    server = broker()
    opened(server, opening("1.00"))
    server.advance(START + DAY_MS)
    swap = server.positions()[0].swap
    server.shift_clock(-DAY_MS)
    server.advance(START + DAY_MS)
    assert server.positions()[0].swap == swap < ZERO
    server.advance(START + 2 * DAY_MS)
    assert server.positions()[0].swap == 2 * swap


def test_clock_set_ahead_passes_midnight_and_expires_orders() -> None:
    server = broker()
    opened(server, opening("1.00"))
    order = placed(server, waiting(type_time=OrderTime.SPECIFIED, expiration=START + HOUR_MS))
    server.shift_clock(DAY_MS)
    assert server.positions()[0].swap < 0
    assert done(server, order).state is OrderState.EXPIRED
    with pytest.raises(ControlError, match="before 1970; write less"):
        server.shift_clock(-2 * START)


def test_restarted_broker_keeps_its_clock_and_its_calls(tmp_path: Path) -> None:
    server = scheduled((3000, "set_account", {"server": "Live02"}))
    server.shift_clock(-HOUR_MS)
    server.rename_symbol("EURUSD", "EURUSD.r")
    save_state(tmp_path / "broker.json", server.state)
    other = Broker(load_state(tmp_path / "broker.json"))
    assert (other.server_time(), other.steady_time()) == (START - HOUR_MS, START)
    other.advance_steady(START + 3000)
    assert other.account().server == "Live02"
    assert len(other.history_deals(*EVER)) == 1
