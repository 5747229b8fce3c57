"""Quotes: the random walk, scripted quotes and set_quote."""

from decimal import Decimal
from itertools import pairwise

import pytest

from bridge.simulator.broker.api import ControlError
from bridge.simulator.broker.broker import Broker
from bridge.simulator.broker.market.quotes import MAX_WALK
from bridge.simulator.broker.scenario import RandomWalk, Scenario, ScriptedQuote
from tests.unit.simulator.broker.build import START, broker, opened, opening

WALK = RandomWalk(interval_ms=1000, step_points=5)


def quotes(server: Broker, step_ms: int, steps: int) -> list[Decimal]:
    """Return EURUSD's bid after each step of time."""
    seen = []
    for number in range(1, steps + 1):
        server.advance(START + number * step_ms)
        tick = server.tick("EURUSD")
        assert tick is not None
        seen.append(tick.bid)
    return seen


def test_random_walk_depends_on_seed_and_time_and_not_on_the_steps() -> None:
    fine, coarse = broker(random_walk=WALK), broker(random_walk=WALK)
    assert quotes(fine, 500, 100)[-1] == quotes(coarse, 5000, 10)[-1]
    assert fine.tick("GBPUSD") == coarse.tick("GBPUSD")


def test_random_walk_differs_with_the_seed() -> None:
    one = Broker.start(Scenario(seed=1, random_walk=WALK), START)
    other = Broker.start(Scenario(seed=2, random_walk=WALK), START)
    assert quotes(one, 1000, 20) != quotes(other, 1000, 20)


def test_random_walk_moves_in_points_and_keeps_the_spread() -> None:
    server = broker(random_walk=WALK)
    bids = [Decimal("1.09500"), *quotes(server, 1000, 50)]
    moves = [abs(after - before) for before, after in pairwise(bids)]
    assert max(moves) <= Decimal("0.00005")
    assert all(move % Decimal("0.00001") == 0 for move in moves)
    symbol = server.symbol("EURUSD")
    assert symbol is not None
    assert (symbol.spread, symbol.time_msc) == (10, START + 50_000)


def test_long_advance_adds_a_limited_number_of_quotes() -> None:
    server = broker(random_walk=WALK)
    server.advance(START + 30 * 86_400_000)
    tick = server.tick("EURUSD")
    assert tick is not None
    assert abs(tick.bid - Decimal("1.09500")) <= MAX_WALK * Decimal("0.00005")


def test_time_does_not_go_back() -> None:
    server = broker(random_walk=WALK)
    server.advance(START + 5000)
    before = server.tick("EURUSD")
    server.advance(START + 1000)
    assert (server.server_time(), server.tick("EURUSD")) == (START + 5000, before)


def test_scripted_quote_triggers_stops_at_its_time() -> None:
    script = (
        ScriptedQuote(at_ms=3000, symbol="EURUSD", bid=Decimal("1.08"), ask=Decimal("1.09")),
        ScriptedQuote(at_ms=1000, symbol="EURUSD", bid=Decimal("1.10"), ask=Decimal("1.11")),
    )
    server = Broker.start(Scenario(quotes=script), START)
    ticket = opened(server, opening(sl="1.09"))
    server.advance(START + 10_000)
    deal = server.deals_by_position(ticket)[-1]
    assert (deal.time_msc, deal.price) == (START + 3000, Decimal("1.08"))
    assert server.server_time() == START + 10_000


def test_scripted_symbol_has_no_random_walk() -> None:
    script = (ScriptedQuote(at_ms=500, symbol="EURUSD", bid=Decimal("1.10"), ask=Decimal("1.11")),)
    server = Broker.start(Scenario(random_walk=WALK, quotes=script), START)
    assert set(quotes(server, 1000, 10)) == {Decimal("1.10")}


def test_set_quote_stops_the_random_walk() -> None:
    server = broker(random_walk=WALK)
    server.set_quote("EURUSD", Decimal("1.2"), Decimal("1.3"))
    assert set(quotes(server, 1000, 10)) == {Decimal("1.2")}


def test_closed_market_has_no_quotes() -> None:
    server = broker(random_walk=WALK)
    server.set_session("EURUSD", False)
    assert set(quotes(server, 1000, 10)) == {Decimal("1.09500")}


@pytest.mark.parametrize(("bid", "ask"), [("0", "1"), ("1.2", "1.1"), ("NaN", "1"), ("1", "Infinity")])
def test_bad_quote_is_refused(bid: str, ask: str) -> None:
    with pytest.raises(ControlError, match="bid"):
        broker().set_quote("EURUSD", Decimal(bid), Decimal(ask))


def test_quote_of_an_unknown_symbol_is_refused() -> None:
    with pytest.raises(ControlError, match="'EURXXX'"):
        broker().set_quote("EURXXX", Decimal(1), Decimal(1))
