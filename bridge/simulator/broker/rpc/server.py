"""Server: the broker as a process of its own, a ZeroMQ ROUTER on loopback for terminals and tests.

One task receives and answers, so calls are carried out one at a time; an answer that a rule delays waits in a
task of its own, and the calls behind it proceed. Time passes on the monotonic clock: setting the wall clock does
not move the market. No call ends the process: each is answered, wrong ones with an error that names the method or
argument.
"""

import asyncio
import re
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import msgspec
import zmq
import zmq.asyncio
from msgspec import Raw

from bridge import confinement
from bridge.clock import SystemClock
from bridge.core.units.clock import Clock
from bridge.faultpoint import faultpoint
from bridge.log_codes import LogCode
from bridge.logs import EventLog
from bridge.simulator.broker.api import ControlError
from bridge.simulator.broker.broker import Broker
from bridge.simulator.broker.rpc.calls import (
    METHODS,
    NOTIFICATION,
    ArgumentError,
    Call,
    Problem,
    Reply,
    RpcFault,
)
from bridge.simulator.broker.scenario import Scenario
from bridge.simulator.broker.scenario_file import load_scenario
from bridge.simulator.broker.state import load_state, save_state
from bridge.stop_signals import set_at_stop

UTC_OFFSET = timedelta(hours=2)
"""Server time minus UTC, as most brokers have it in winter."""

MOST_NOTIFIED: Final = 64
"""Most peers that wait for a change: those that are gone are not known."""

_LOOPBACK = re.compile(r"tcp://(127\.\d+\.\d+\.\d+|localhost|\[::1\]):(\d+|\*)\Z")
_log = EventLog.named(__name__)


class BrokerServer:
    """Serves one broker. `utc_offset` is server time minus UTC; `tick_interval` is the time in seconds between two
    advances of the market without a call."""

    def __init__(
        self, broker: Broker, clock: Clock, *, utc_offset: timedelta = UTC_OFFSET, tick_interval: float = 0.25
    ) -> None:
        self._broker = broker
        self._clock = clock
        self._tick_interval = tick_interval
        # A restored broker continues from its saved time or from now, whichever is later.
        self._base_ms = max(broker.steady_time(), server_ms(clock, utc_offset))
        self._base = clock.monotonic()
        self._waiting: set[asyncio.Task[None]] = set()
        self._notified: dict[bytes, tuple[Callable[[], int], int]] = {}
        """Peers that want to know of the next change: the count of changes, and its result at their `glance`."""

    def catch_up(self) -> None:
        """Advance the broker to the present time."""
        self._broker.advance_steady(self._base_ms + int((self._clock.monotonic() - self._base) * 1000))

    async def serve(self, endpoint: str, ready: Callable[[str], None] | None, stop: asyncio.Event) -> None:
        """Bind, pass the bound endpoint to `ready`, and serve until `stop` is set. Raises ValueError where the
        endpoint is not on loopback, zmq.ZMQError where it is in use."""
        if not _LOOPBACK.match(endpoint):
            raise ValueError(f"endpoint {endpoint!r} is not on loopback; write one such as tcp://127.0.0.1:*")
        confinement.check_address_families()
        context = zmq.asyncio.Context()
        socket = context.socket(zmq.ROUTER)
        socket.linger = 0
        try:
            socket.bind(endpoint)
            bound = socket.getsockopt_string(zmq.LAST_ENDPOINT)
            _log.info(LogCode.BROKER_READY, endpoint=bound)
            if ready is not None:
                ready(bound)
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(self._answer(socket, group)),
                    group.create_task(self._tick(socket)),
                ]
                await stop.wait()
                # Delayed answers are lost with the broker, as those of a real one.
                for task in tasks:
                    task.cancel()
                for task in self._waiting:
                    task.cancel()
        finally:
            socket.close()
            context.term()

    async def _tick(self, socket: zmq.asyncio.Socket) -> None:
        while True:
            await self._clock.sleep(self._tick_interval)
            try:
                self.catch_up()
                await self._notify(socket)
            except Exception:
                # A defect of the simulator. The next call is answered with it; the process goes on.
                _log.exception(LogCode.BROKER_CALL_FAILED, method="advance")

    async def _answer(self, socket: zmq.asyncio.Socket, group: asyncio.TaskGroup) -> None:
        while True:
            peer, *frames = await socket.recv_multipart()
            if len(frames) != 1:
                _log.warning(LogCode.BROKER_DROPPED_MESSAGE, frames=len(frames))
                continue
            reply, delay_ms = self.handle(frames[0], peer)
            await self._notify(socket)
            if reply is None:
                continue
            message = [peer, msgspec.json.encode(reply)]
            if not delay_ms:
                await socket.send_multipart(message)
                continue
            task = group.create_task(self._answer_later(socket, message, delay_ms / 1000))
            self._waiting.add(task)
            task.add_done_callback(self._waiting.discard)

    async def _answer_later(self, socket: zmq.asyncio.Socket, message: list[bytes], seconds: float) -> None:
        await self._clock.sleep(seconds)
        await socket.send_multipart(message)

    async def _notify(self, socket: zmq.asyncio.Socket) -> None:
        """Notify the peers that have called `glance` of a change since then: each once."""
        changed = [peer for peer, (count, number) in self._notified.items() if count() != number]
        for peer in changed:
            del self._notified[peer]
            await socket.send_multipart([peer, NOTIFICATION])

    def handle(self, frame: bytes, peer: bytes = b"") -> tuple[Reply | None, int]:
        """Carry out one call of a peer and return its reply, None where no answer ever arrives, with the reply's
        delay in milliseconds."""
        try:
            call = msgspec.json.decode(frame, type=Call)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return _error(0, Problem.BAD_CALL, f"frame is no call ({error}); send id, method and params"), 0
        method = METHODS.get(call.method)
        if method is None:
            message = f"unknown method {call.method!r}; supported: {', '.join(METHODS)}"
            return _error(call.id, Problem.UNKNOWN_METHOD, message), 0
        try:
            arguments = method.decode_arguments(call.params)
        except ArgumentError as error:
            return _error(call.id, Problem.BAD_PARAMS, str(error)), 0
        try:
            self.catch_up()
            if call.method == "glance":
                self._await_change(peer, **arguments)
            return self._carry_out(call, arguments)
        except ControlError as error:
            return _error(call.id, Problem.REFUSED, f"{call.method}: {error}"), 0
        except Exception as error:
            # A defect of the simulator: reported to the caller and in the log; the other calls go on.
            _log.exception(LogCode.BROKER_CALL_FAILED, method=call.method)
            message = f"{call.method}: {type(error).__name__}: {error}; see the broker's log"
            return _error(call.id, Problem.FAILED, message), 0

    def _await_change(self, peer: bytes, everything: object = False) -> None:
        """Let a peer be notified of the next change from now on."""
        count = self._broker.count_states if everything else self._broker.count_changes
        self._notified[peer] = count, count()
        while len(self._notified) > MOST_NOTIFIED:
            del self._notified[next(iter(self._notified))]

    def _carry_out(self, call: Call, arguments: dict[str, Any]) -> tuple[Reply | None, int]:
        if call.method != "order_send":
            return _result(call.id, getattr(self._broker, call.method)(**arguments)), 0
        faultpoint("broker.before_send")
        answer = self._broker.submit(**arguments)
        faultpoint("broker.after_send")
        # Without a result the answer is lost for good.
        return None if answer.result is None else _result(call.id, answer.result), answer.delay_ms


def _result(call: int, result: object) -> Reply:
    return Reply(id=call, result=Raw(msgspec.json.encode(result)))


def _error(call: int, problem: Problem, message: str) -> Reply:
    return Reply(id=call, error=RpcFault(problem, message))


def server_ms(clock: Clock, utc_offset: timedelta) -> int:
    """Return the present server time in milliseconds."""
    return int((clock.now() + utc_offset).timestamp() * 1000)


def open_broker(scenario: Scenario, state_path: Path | None, now_ms: int) -> Broker:
    """Return the broker saved at the path, else a new one. Raises StateError, OSError."""
    if state_path is not None and state_path.exists():
        return Broker(load_state(state_path))
    return Broker.start(scenario, now_ms)


async def serve(
    broker: Broker,
    endpoint: str,
    *,
    clock: Clock,
    stop: asyncio.Event,
    ready: Callable[[str], None] | None = None,
    utc_offset: timedelta = UTC_OFFSET,
    tick_interval: float = 0.25,
) -> None:
    """Serve a broker until `stop` is set (see BrokerServer)."""
    server = BrokerServer(broker, clock, utc_offset=utc_offset, tick_interval=tick_interval)
    await server.serve(endpoint, ready, stop)


def run_broker(
    endpoint: str,
    scenario_path: Path | None,
    ready: Callable[[str], None] | None = None,
    *,
    state_path: Path | None = None,
    utc_offset: timedelta = UTC_OFFSET,
    tick_interval: float = 0.25,
) -> None:
    """Serve a broker until SIGTERM, Ctrl-C or Ctrl-Break, then return.

    Without a scenario file the defaults apply. With a `state_path` the broker continues from the state saved there,
    and saves its state at the end. Raises ScenarioError, StateError, OSError, and the errors of BrokerServer.serve.
    Call it from the main thread.
    """
    scenario = Scenario() if scenario_path is None else load_scenario(scenario_path)
    clock = SystemClock()
    broker = open_broker(scenario, state_path, server_ms(clock, utc_offset))

    async def main() -> None:
        stop = asyncio.Event()
        set_at_stop(stop)
        await serve(
            broker,
            endpoint,
            clock=clock,
            stop=stop,
            ready=ready,
            utc_offset=utc_offset,
            tick_interval=tick_interval,
        )

    # pyzmq needs a loop that watches file descriptors; the default loop of Windows cannot.
    factory = asyncio.SelectorEventLoop if sys.platform == "win32" else None
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(main())
    if state_path is not None:
        save_state(state_path, broker.state)
