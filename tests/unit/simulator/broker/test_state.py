"""Saved state: a restarted broker has everything that the first one had."""

from decimal import Decimal
from pathlib import Path

import pytest

from bridge.simulator.broker.broker import Broker
from bridge.simulator.broker.execution.triggers import DAY_MS
from bridge.simulator.broker.fault_rules import DelayHistory, Fills, Match, Pace, Reject, Rule
from bridge.simulator.broker.scenario import Quirks, RandomWalk
from bridge.simulator.broker.state import StateError, load_state, save_state
from bridge.simulator.mt5.types import OrderState, OrderTime, OrderType
from tests.unit.simulator.broker.build import (
    START,
    book_of,
    broker,
    closing,
    done,
    emitted,
    opened,
    opening,
    placed,
    quoted,
    waiting,
)


def restarted(server: Broker, path: Path) -> Broker:
    """Return the broker as the next process loads it."""
    save_state(path, server.state)
    return Broker(load_state(path))


def test_restarted_broker_continues_from_its_saved_state(tmp_path: Path) -> None:
    server = broker(random_walk=RandomWalk(), rules=(Rule(effect=Reject(), match=Match(nth=3)),))
    opened(server, opening(sl="1.09400"))
    server.manual_open("XAUUSD", OrderType.SELL, Decimal("0.05"))
    server.set_quote("GBPUSD", Decimal("1.3"), Decimal("1.4"))
    server.advance(START + 5000)

    other = restarted(server, tmp_path / "broker.json")
    for one in (server, other):
        opened(one)
        assert one.order_send(opening()).retcode == 10006
        one.advance(START + 60_000)
        one.set_quote("EURUSD", Decimal("1.09300"), Decimal("1.09310"))
    assert book_of(other) == book_of(server)
    assert other.account() == server.account()
    assert other.sends() == server.sends()
    assert other.transactions(0) == server.transactions(0)
    assert [other.symbol(name) for name in other.symbols()] == [
        server.symbol(name) for name in server.symbols()
    ]


def test_restart_keeps_the_disconnection_and_delayed_history(tmp_path: Path) -> None:
    server = broker(rules=(Rule(effect=DelayHistory(milliseconds=1000)),))
    ticket = opened(server)
    server.disconnect()
    other = restarted(server, tmp_path / "broker.json")
    assert not other.connected()
    other.manual_close(ticket)
    assert len(other.positions()) == 1
    other.connect()
    assert other.positions() == []
    assert other.history_order(ticket) is None
    assert emitted(other, 5) == []


def test_restart_keeps_fill_plans_and_seeded_history(tmp_path: Path) -> None:
    server = broker(quirks=Quirks(stop_limit_keeps_type=True))
    server.seed_history(10)
    server.add_rule(Rule(effect=Fills(volumes=(Decimal("0.04"), Decimal("0.06")), pace=Pace.PER_QUOTE)))
    ticket = placed(server, waiting(OrderType.BUY_STOP_LIMIT, "1.10", stoplimit="1.099"))
    expiring = placed(server, waiting(type_time=OrderTime.DAY))
    closed = server.order_send(closing(opened(server))).deal
    quoted(server, "1.10000")
    quoted(server, "1.09800")

    other = restarted(server, tmp_path / "broker.json")
    for one in (server, other):
        one.cancel_deal(closed)
        quoted(one, "1.09790")
        one.advance(START + DAY_MS)
        assert [deal.volume for deal in one.deals_by_position(ticket)] == [Decimal("0.04"), Decimal("0.06")]
        assert done(one, expiring).state is OrderState.EXPIRED
    assert book_of(other) == book_of(server)
    assert len(other.history_deals(0, START - 1)) == 10


@pytest.mark.parametrize("content", [b"", b"{", b"{}", b"\xff", b"[]"])
def test_file_without_a_state_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broker.json"
    path.write_bytes(content)
    with pytest.raises(StateError, match="; start the broker without it"):
        load_state(path)


def test_state_of_another_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "broker.json"
    server = broker()
    server.state.version = 2
    save_state(path, server.state)
    with pytest.raises(StateError, match="version 2, not 1"):
        load_state(path)


def test_saving_leaves_one_file(tmp_path: Path) -> None:
    save_state(tmp_path / "broker.json", broker().state)
    assert [path.name for path in tmp_path.iterdir()] == ["broker.json"]
