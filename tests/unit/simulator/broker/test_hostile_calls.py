"""Calls with any arguments: each is answered, by a result or by an error that is no defect, and the state can be
saved and loaded afterwards."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
from hypothesis import given, settings, strategies

from bridge.simulator.broker.broker import Broker
from bridge.simulator.broker.rpc.calls import METHODS, Problem
from bridge.simulator.broker.rpc.server import BrokerServer
from bridge.simulator.broker.state import BrokerState
from tests.unit.simulator.broker.build import START, broker, opened, opening, placed

NUMBERS = (
    -(2**70),
    -(2**31),
    -1,
    0,
    1,
    7,
    31,
    500_001,
    500_002,
    1_000_001,
    1_000_002,
    3_600_000,
    2**53,
    2**70,
)
AMOUNTS = ("NaN", "Infinity", "-1", "0", "0.01", "0.1", "1.09", "1e-15", "1e11", "1e30", "-0.5")
TEXTS = ("", "EURUSD", "GBPUSD", "EURUSD.r", "X", "\x00", "é" * 40, "BUY")
JSON = strategies.one_of(
    strategies.none(),
    strategies.booleans(),
    strategies.sampled_from(NUMBERS),
    strategies.sampled_from(AMOUNTS),
    strategies.sampled_from(TEXTS),
    strategies.just({"effect": {"type": "MOVE_MARKET", "bid": "-1", "ask": "1"}}),
    strategies.just({"volumes": ["0.04"], "pace": "PER_QUOTE"}),
)
"""Arguments of any type. Numbers and names that exist in the account are among them."""


def pool(annotation: str) -> strategies.SearchStrategy[object]:
    """Return arguments that mostly have the type of a parameter."""
    if "Decimal" in annotation:
        return strategies.one_of(strategies.sampled_from(AMOUNTS), strategies.sampled_from(AMOUNTS), JSON)
    if "int" in annotation:
        return strategies.one_of(strategies.sampled_from(NUMBERS), strategies.sampled_from(NUMBERS), JSON)
    if "str" in annotation:
        return strategies.one_of(strategies.sampled_from(TEXTS), JSON)
    return strategies.one_of(strategies.integers(0, 20), strategies.booleans(), JSON)


@strategies.composite
def calls(draw: strategies.DrawFn) -> dict[str, object]:
    """Return a call with some of its parameters."""
    method = METHODS[draw(strategies.sampled_from(sorted(METHODS)))]
    parameters = method.signature.parameters.values()
    given_ = {
        each.name: draw(pool(str(each.annotation)))
        for each in parameters
        if each.default is each.empty or draw(strategies.booleans())
    }
    return {"id": 1, "method": method.name, "params": given_}


class StandingClock:
    """A clock that stands."""

    def now(self) -> datetime:
        return datetime(2026, 1, 5, 8, 0, tzinfo=UTC)

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("nothing sleeps here")


def account() -> Broker:
    """Return a broker with a position, an order and a closed position."""
    server = broker()
    opened(server, opening(sl="1.09"))
    placed(server)
    server.manual_close(server.manual_open("GBPUSD", type=opening().type, volume=Decimal("0.1")))
    return server


@settings(max_examples=400, deadline=None, derandomize=True, database=None)
@given(strategies.lists(calls(), min_size=1, max_size=12))
def test_call_with_any_arguments_is_answered_and_the_state_stays_whole(
    sequence: list[dict[str, object]],
) -> None:
    server = account()
    served = BrokerServer(server, StandingClock(), utc_offset=timedelta(hours=2))
    for call in sequence:
        reply, _ = served.handle(json.dumps(call).encode())
        if reply is not None and reply.error is not None:
            assert reply.error.problem in (Problem.BAD_PARAMS, Problem.REFUSED), reply.error.message
    server.advance(max(server.server_time(), START) + 90_000_000)
    other = Broker(msgspec.json.decode(msgspec.json.encode(server.state), type=BrokerState))
    assert other.positions() == server.positions()
