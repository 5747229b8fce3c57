"""The broker as a server: real ZeroMQ over loopback, several clients, a clock that the test sets."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest
import zmq

from bridge.simulator.broker.api import BrokerGone, BrokerTimeout, ControlError
from bridge.simulator.broker.broker import Broker
from bridge.simulator.broker.fault_rules import (
    Fills,
    Latency,
    LoseAnswer,
    Match,
    MoveMarket,
    Pace,
    Reject,
    Rule,
    SendKind,
)
from bridge.simulator.broker.rpc.calls import Problem, RpcError
from bridge.simulator.broker.rpc.client import BrokerClient, connect_broker
from bridge.simulator.broker.rpc.server import BrokerServer, serve, server_ms
from bridge.simulator.broker.scenario import RandomWalk, Scenario
from bridge.simulator.mt5.types import DealReason, DealType, OrderTime, OrderType, Retcode, SymbolTradeMode
from tests.unit.simulator.broker.build import EVER, change, closing, opening, removal, stops, waiting

T = TypeVar("T")
NOON = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
START = 1_767_621_600_000
"""NOON, on a server two hours ahead of UTC."""


class ManualClock:
    """A clock that a test advances. Sleeping tasks wake when it reaches their time."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._sleeping: list[tuple[float, asyncio.Future[None]]] = []
        self._slept = asyncio.Event()

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self._seconds)

    def monotonic(self) -> float:
        return self._seconds

    async def sleep(self, seconds: float) -> None:
        until = self._seconds + seconds
        future = asyncio.get_running_loop().create_future()
        self._sleeping.append((until, future))
        self._slept.set()
        await future

    def advance(self, seconds: float) -> None:
        """Advance the clock by some seconds."""
        self._seconds += seconds
        for until, future in list(self._sleeping):
            if until <= self._seconds:
                self._sleeping.remove((until, future))
                if not future.done():
                    future.set_result(None)

    async def until_task_sleeps(self, seconds: float) -> None:
        """Return once a task sleeps for this long from now."""
        while all(abs(until - self._seconds - seconds) > 1e-9 for until, _ in self._sleeping):
            self._slept.clear()
            await self._slept.wait()


class Served:
    """A broker behind a server, and clients for it."""

    def __init__(self, broker: Broker, clock: ManualClock, endpoint: str) -> None:
        self.broker = broker
        self.clock = clock
        self.endpoint = endpoint

    @contextmanager
    def client(self) -> Iterator[BrokerClient]:
        with connect_broker(self.endpoint, timeout=10) as client:
            yield client


@asynccontextmanager
async def served(scenario: Scenario | None = None) -> AsyncIterator[Served]:
    """Serve a broker until the block ends."""
    clock, stop = ManualClock(), asyncio.Event()
    broker = Broker.start(scenario or Scenario(), server_ms(clock, timedelta(hours=2)))
    bound: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    async with asyncio.TaskGroup() as group:
        group.create_task(serve(broker, "tcp://127.0.0.1:*", clock=clock, stop=stop, ready=bound.set_result))
        try:
            yield Served(broker, clock, await bound)
        finally:
            stop.set()


async def outside(call: Callable[..., T], *args: object) -> T:
    """Make a blocking call in a thread, as another process would."""
    return await asyncio.to_thread(call, *args)


async def test_defect_between_two_calls_is_answered_and_ends_nothing() -> None:
    async with served(Scenario(random_walk=RandomWalk())) as running, asyncio.timeout(20):
        with running.client() as client:
            quotes = running.broker.state.trade.quotes.copy()
            running.broker.state.trade.quotes.clear()
            await running.clock.until_task_sleeps(0.25)
            running.clock.advance(2)
            await running.clock.until_task_sleeps(0.25)
            with pytest.raises(RpcError, match="KeyError: 'EURUSD'; see the broker's log"):
                await outside(client.account)
            running.broker.state.trade.quotes.update(quotes)
            account = await outside(client.account)
            assert account.balance == Decimal(10000)


async def test_operations_of_the_broker_are_called_from_another_process() -> None:
    async with served() as running, asyncio.timeout(20):
        with running.client() as client:

            def operate() -> None:
                identifier = client.order_send(opening()).order
                ticket = client.reopen_position(identifier, reason=DealReason.ROLLOVER, orders=True)
                client.correct_position(ticket, volume=Decimal("0.20"))
                client.book_deal(DealType.COMMISSION, Decimal("-0.70"), position=identifier)
                client.rename_symbol("EURUSD", "EURUSD.r")
                client.set_account(server="Live02", login=7)
                client.shift_clock(-3_600_000)
                client.set_depth("EURUSD.r", Decimal("0.05"))
                (position,) = client.positions()
                assert (position.ticket, position.identifier, position.symbol) == (
                    ticket,
                    identifier,
                    "EURUSD.r",
                )
                assert (client.account().server, client.account().login) == ("Live02", 7)
                assert client.server_time() == START - 3_600_000
                with pytest.raises(ControlError, match="reopen_position: position 5 is not open; open:"):
                    client.reopen_position(5)

            await outside(operate)
            running.clock.advance(10)
            await running.clock.until_task_sleeps(0.25)
            assert running.broker.server_time() == START + 10_000 - 3_600_000


async def test_client_returns_the_brokers_results() -> None:
    async with served() as running, asyncio.timeout(20):
        with running.client() as client:

            def trade() -> None:
                result = client.order_send(opening("0.10", sl="1.09", magic=2**52 - 1))
                assert result.retcode == Retcode.DONE
                assert client.order_send(stops(result.order, "1.08")).retcode == Retcode.DONE
                assert client.order_send(closing(result.order, "0.04")).retcode == Retcode.DONE
                ticket = client.manual_open("XAUUSD", OrderType.SELL, Decimal("0.05"), tp=Decimal(2000))
                client.manual_close(ticket, Decimal("0.02"))
                client.revise_deal(result.deal, Decimal("-1"))
                client.set_quote("GBPUSD", Decimal("1.3"), Decimal("1.4"))
                client.set_trade_mode("GBPUSD", SymbolTradeMode.CLOSEONLY)
                client.set_session("USDJPY", False)
                assert client.order_check(opening(symbol="USDJPY")).retcode == Retcode.MARKET_CLOSED
                assert client.history_order(result.order) == running.broker.history_order(result.order)
                assert client.history_deal(result.deal) == running.broker.history_deal(result.deal)
                assert client.order_by_ticket(result.order) is None
                assert client.deals_by_position(result.order) == running.broker.deals_by_position(
                    result.order
                )

            await outside(trade)
            pairs = [
                (client.account, running.broker.account),
                (client.connected, running.broker.connected),
                (client.server_time, running.broker.server_time),
                (client.symbols, running.broker.symbols),
                (client.positions, running.broker.positions),
                (client.orders, running.broker.orders),
                (client.sends, running.broker.sends),
                (lambda: client.transactions(0), lambda: running.broker.transactions(0)),
                (lambda: client.history_orders(*EVER), lambda: running.broker.history_orders(*EVER)),
                (lambda: client.history_deals(*EVER), lambda: running.broker.history_deals(*EVER)),
                (lambda: client.symbol("GBPUSD"), lambda: running.broker.symbol("GBPUSD")),
                (lambda: client.symbol("X"), lambda: running.broker.symbol("X")),
                (lambda: client.tick("EURUSD"), lambda: running.broker.tick("EURUSD")),
                (lambda: client.tick("X"), lambda: running.broker.tick("X")),
            ]
            for remote, local in pairs:
                assert await outside(remote) == local()


async def test_client_carries_out_every_control() -> None:
    async with served() as running, asyncio.timeout(20):
        with running.client() as client:

            def control() -> None:
                client.seed_history(1000)
                assert client.account().balance == Decimal(10000)
                client.deposit(Decimal(500), "gift")
                ticket = client.order_send(waiting(magic=5)).order
                client.plan_fills(ticket, Fills(volumes=(Decimal("0.04"),), pace=Pace.MANUALLY))
                client.fill(ticket, Decimal("0.03"), Decimal("1.0899"))
                client.manual_modify(order=ticket, price=Decimal("1.08"))
                client.set_expiry(ticket, START + 3_600_000)
                (order,) = client.orders()
                assert (order.magic, order.volume_current) == (5, Decimal("0.07"))
                assert client.order_send(change(ticket, "1.07")).retcode == Retcode.DONE
                client.manual_cancel(ticket)
                other = client.manual_pending(
                    "EURUSD",
                    OrderType.SELL_STOP_LIMIT,
                    Decimal("0.02"),
                    Decimal("1.09"),
                    stoplimit=Decimal("1.091"),
                    type_time=OrderTime.DAY,
                )
                client.order_send(removal(other))
                client.manual_modify(position=ticket, sl=Decimal("1.05"))
                short = client.manual_open("EURUSD", OrderType.SELL, Decimal("0.02"))
                assert len(client.manual_close_by(ticket, short)) == 2
                client.cancel_deal(client.stop_out())
                assert [position.ticket for position in client.positions()] == [ticket]
                symbol = client.symbol("EURUSD")
                assert symbol is not None
                client.set_symbol(msgspec.structs.replace(symbol, trade_stops_level=7))

            await outside(control)
            symbol = running.broker.symbol("EURUSD")
            assert symbol is not None
            assert symbol.trade_stops_level == 7
            assert await outside(lambda: client.history_deals(*EVER)) == running.broker.history_deals(*EVER)
            assert await outside(client.positions) == running.broker.positions()
            assert await outside(client.orders) == running.broker.orders() == []


async def test_server_time_is_the_clock_plus_the_offset() -> None:
    async with served(Scenario(random_walk=RandomWalk())) as running, asyncio.timeout(20):
        with running.client() as client:
            assert await outside(client.server_time) == START
            before = await outside(client.tick, "EURUSD")
            running.clock.advance(90.5)
            assert await outside(client.server_time) == START + 90_500
            assert await outside(client.tick, "EURUSD") != before


async def test_market_advances_without_calls() -> None:
    async with served(Scenario(random_walk=RandomWalk())) as running, asyncio.timeout(20):
        for _ in range(8):
            await running.clock.until_task_sleeps(0.25)
            running.clock.advance(0.25)
        await running.clock.until_task_sleeps(0.25)
        tick = running.broker.tick("EURUSD")
        assert tick is not None
        assert tick.time_msc == START + 2000


async def test_delayed_answer_does_not_delay_other_calls() -> None:
    async with served() as running, asyncio.timeout(20):
        with running.client() as terminal, running.client() as test:
            await outside(test.add_rule, Rule(effect=Latency(milliseconds=3000)))
            send = asyncio.create_task(outside(terminal.order_send, opening(magic=9)))
            await running.clock.until_task_sleeps(3.0)
            assert [p.magic for p in await outside(test.positions)] == [9]
            assert not send.done()
            running.clock.advance(3.0)
            assert (await send).retcode == Retcode.DONE


async def test_answer_lost_for_good_times_out_with_the_order_executed() -> None:
    async with served() as running, asyncio.timeout(20):
        with running.client() as client:
            rule = Rule(effect=LoseAnswer(retcode=None), match=Match(kind=SendKind.OPEN))
            await outside(client.add_rule, rule)
            client.timeout = 0.05
            with pytest.raises(BrokerTimeout):
                await outside(client.order_send, opening(magic=3))
            client.timeout = 10
            sends = await outside(client.sends)
            assert [(send.request.magic, send.executed) for send in sends] == [(3, True)]


async def test_late_answer_is_ignored_by_the_next_call() -> None:
    async with served() as running, asyncio.timeout(20):
        with running.client() as client:
            await outside(client.add_rule, Rule(effect=Latency(milliseconds=1000)))
            client.timeout = 0.05
            with pytest.raises(BrokerTimeout):
                await outside(client.order_send, opening())
            await running.clock.until_task_sleeps(1.0)
            running.clock.advance(1.0)
            client.timeout = 10
            assert await outside(client.server_time) == START + 1000
            assert len(await outside(client.sends)) == 1


async def test_disconnect_and_connect_reach_the_terminal() -> None:
    async with served() as running, asyncio.timeout(20):
        with running.client() as terminal, running.client() as test:
            await outside(test.disconnect)
            assert not await outside(terminal.connected)
            assert (await outside(terminal.order_send, opening())).retcode == Retcode.CONNECTION
            await outside(test.connect)
            await outside(test.add_rule, Rule(effect=Reject()))
            await outside(test.clear_rules)
            assert (await outside(terminal.order_send, opening())).retcode == Retcode.DONE


async def test_refused_control_is_an_error_and_the_server_lives() -> None:
    async with served() as running, asyncio.timeout(20):
        with running.client() as client:
            with pytest.raises(ControlError, match="10014"):
                await outside(client.manual_open, "EURUSD", OrderType.BUY, Decimal("0.001"))
            with pytest.raises(RpcError, match="type"):
                await outside(client.manual_open, "EURUSD", "up", Decimal("0.01"))
            assert await outside(client.positions) == []


async def test_faulty_rule_is_an_error_and_the_server_lives() -> None:
    async with served() as running, asyncio.timeout(20):
        with running.client() as client:
            for rule, message in [
                (Rule(effect=MoveMarket(bid=Decimal(2), ask=Decimal(1))), "add_rule: rule: effect.bid 2"),
                (Rule(effect=Reject(), times=0), "add_rule: rule: times 0 is below 1"),
                (Rule(effect=Reject(), match=Match(symbol="X")), "add_rule: symbol 'X' is unknown"),
            ]:
                with pytest.raises(ControlError, match=message):
                    await outside(client.add_rule, rule)
            await outside(
                client.add_rule, Rule(effect=MoveMarket(bid=Decimal("1.2"), ask=Decimal("1.3")), times=2)
            )
            order = (await outside(client.order_send, waiting())).order
            assert (await outside(client.order_send, removal(order))).retcode == Retcode.DONE


async def test_defect_of_the_broker_is_an_error_and_the_server_lives() -> None:
    async with served() as running, asyncio.timeout(20):
        with running.client() as client:
            del running.broker.state.trade.quotes["EURUSD"]
            with pytest.raises(RpcError, match="symbol: KeyError: 'EURUSD'; see the broker's log"):
                await outside(client.symbol, "EURUSD")
            assert await outside(client.connected)


async def test_malformed_message_is_answered_or_dropped_and_the_server_lives() -> None:
    async with served() as running, asyncio.timeout(20):
        with running.client() as client:
            await outside(lambda: send_malformed(running.endpoint))
            assert await outside(client.connected)


def send_malformed(endpoint: str) -> None:
    """Send messages that no client sends, and check each answer."""
    context = zmq.Context()
    socket = context.socket(zmq.DEALER)
    socket.linger = 0
    try:
        socket.connect(endpoint)
        socket.send_multipart([b"two", b"frames"])
        for frame, problem, message in [
            (b"\xff\xfe", Problem.BAD_CALL, "frame is no call"),
            (b"{}", Problem.BAD_CALL, "frame is no call"),
            (
                b'{"id": 1, "method": "advance"}',
                Problem.UNKNOWN_METHOD,
                "unknown method 'advance'; supported: ",
            ),
            (b'{"id": 1, "method": "__init__"}', Problem.UNKNOWN_METHOD, "unknown method '__init__'"),
            (
                b'{"id": 1, "method": "tick", "params": {"name": 5}}',
                Problem.BAD_PARAMS,
                "tick: argument 'name'",
            ),
            (
                b'{"id": 1, "method": "tick", "params": {"nam": "x"}}',
                Problem.BAD_PARAMS,
                "unknown argument 'nam'",
            ),
            (b'{"id": 1, "method": "tick"}', Problem.BAD_PARAMS, "tick: argument 'name' is missing"),
        ]:
            socket.send(frame)
            assert socket.poll(5000), frame
            error = json.loads(socket.recv())["error"]
            assert error["problem"] == problem
            assert message in error["message"]
    finally:
        socket.close()
        context.term()


def test_call_without_a_server_is_gone_and_nothing_is_sent() -> None:
    with connect_broker("tcp://127.0.0.1:1", timeout=0.05) as client, pytest.raises(BrokerGone):
        client.order_send(opening())


@pytest.mark.parametrize("endpoint", ["tcp://0.0.0.0:5555", "tcp://*:*", "tcp://192.0.2.1:1", "127.0.0.1:1"])
async def test_server_listens_on_loopback_only(endpoint: str) -> None:
    server = BrokerServer(Broker.start(Scenario(), START), ManualClock())
    with pytest.raises(ValueError, match="loopback"):
        await server.serve(endpoint, None, asyncio.Event())


PROGRAM = """
import sys
from pathlib import Path
from bridge.simulator.broker.rpc.server import run_broker
scenario = Path(sys.argv[1])
run_broker("tcp://127.0.0.1:*", scenario, lambda bound: print(bound, flush=True), state_path=Path(sys.argv[2]))
"""


@contextmanager
def process(scenario: Path, state: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run a broker process; yield it and its endpoint."""
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(scenario), str(state)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    ) as child:
        risk_limit = threading.Timer(30, child.kill)
        risk_limit.start()
        try:
            assert child.stdout is not None
            # The log may write lines of its own before.
            yield child, next(line.strip() for line in child.stdout if line.startswith("tcp://"))
        finally:
            child.kill()
            risk_limit.cancel()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM that a process can catch")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_process_ends_cleanly_and_the_next_one_continues(tmp_path: Path, number: signal.Signals) -> None:
    scenario, state = tmp_path / "scenario.json", tmp_path / "state.json"
    scenario.write_text('{"account": {"login": 42}}')
    with process(scenario, state) as (child, endpoint):
        with connect_broker(endpoint, 20) as client:
            ticket = client.order_send(opening(magic=11)).order
        child.send_signal(number)
        assert child.wait(20) == 0
    with process(scenario, state) as (child, endpoint), connect_broker(endpoint, 20) as client:
        assert client.account().login == 42
        assert [(position.ticket, position.magic) for position in client.positions()] == [(ticket, 11)]
        assert [send.executed for send in client.sends()] == [True]


async def test_terminal_is_notified_once_of_a_change_after_its_glance() -> None:
    async with served() as running, asyncio.timeout(20):
        with running.client() as terminal, running.client() as other:
            before = await outside(terminal.glance)
            await outside(other.account)
            assert not await outside(terminal.take_notification)
            await outside(other.manual_open, "EURUSD", OrderType.BUY, Decimal("0.10"))
            await outside(terminal.socket.poll, 10_000)
            assert await outside(terminal.take_notification)
            assert not await outside(terminal.take_notification)
            after = await outside(terminal.glance)
            assert after.changes != before.changes and after.transaction > before.transaction


@pytest.mark.parametrize("everything", [False, True])
async def test_terminal_that_wants_to_know_of_everything_is_notified_of_a_quote(everything: bool) -> None:
    async with served() as running, asyncio.timeout(20):
        with running.client() as terminal, running.client() as other:
            before = await outside(terminal.glance, everything)
            await outside(other.set_quote, "EURUSD", Decimal("1.2"), Decimal("1.2001"))
            # Only behind the answer of a later call is it known that no notification comes.
            after = await outside(terminal.glance, everything)
            assert await outside(terminal.take_notification) is everything
            assert (after.shown != before.shown, after.changes != before.changes) == (True, False)
