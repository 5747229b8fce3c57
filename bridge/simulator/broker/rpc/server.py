"""The broker as a process of its own: a ZeroMQ ROUTER on loopback that serves terminals and tests.

One task receives and answers, so calls are served one at a time; an answer that a rule delays waits in a
task of its own and holds nobody up. Time runs on the clock's monotonic side: a wall clock that is set does
not move the market.
"""

import asyncio
import re
import signal
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import msgspec
import zmq
import zmq.asyncio
from msgspec import Raw

from bridge.clock import SystemClock
from bridge.core.units.clock import Clock
from bridge.faultpoint import faultpoint
from bridge.log_codes import LogCode
from bridge.logs import EventLog
from bridge.simulator.broker.api import ControlError
from bridge.simulator.broker.broker import Broker
from bridge.simulator.broker.rpc.calls import METHODS, Call, Problem, Reply, RpcFault
from bridge.simulator.broker.scenario import Scenario, load_scenario
from bridge.simulator.broker.state import load_state, save_state
from bridge.simulator.mt5.types import TradeRequest

UTC_OFFSET = timedelta(hours=2)
"""Server time less UTC, as most brokers keep it in winter."""

_LOOPBACK = re.compile(r"tcp://(127\.\d+\.\d+\.\d+|localhost|\[::1\]):(\d+|\*)\Z")
_log = EventLog.named(__name__)


class BrokerServer:
    """Serves one broker. `utc_offset` is server time less UTC; `tick_interval` is how often, in seconds,
    the market moves while nobody asks."""

    def __init__(
        self, broker: Broker, clock: Clock, *, utc_offset: timedelta = UTC_OFFSET, tick_interval: float = 0.25
    ) -> None:
        self._broker = broker
        self._clock = clock
        self._tick_interval = tick_interval
        # A restored broker lives on from where it was saved, or from now, whichever is later.
        self._base_ms = max(broker.server_time(), server_ms(clock, utc_offset))
        self._base = clock.monotonic()
        self._waiting: set[asyncio.Task[None]] = set()

    def catch_up(self) -> None:
        """Let the broker live until now."""
        self._broker.advance(self._base_ms + int((self._clock.monotonic() - self._base) * 1000))

    async def serve(self, endpoint: str, ready: Callable[[str], None] | None, stop: asyncio.Event) -> None:
        """Bind, report the bound endpoint through `ready`, and serve until `stop` is set. Raises ValueError
        where the endpoint is not on loopback, zmq.ZMQError where it is taken."""
        if not _LOOPBACK.match(endpoint):
            raise ValueError(
                f"endpoint {endpoint!r}: the broker listens on loopback only, as in tcp://127.0.0.1:*"
            )
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
                tasks = [group.create_task(self._answer(socket, group)), group.create_task(self._tick())]
                await stop.wait()
                # Delayed answers are lost with the broker, as they would be.
                for task in tasks:
                    task.cancel()
                for task in self._waiting:
                    task.cancel()
        finally:
            socket.close()
            context.term()

    async def _tick(self) -> None:
        while True:
            await self._clock.sleep(self._tick_interval)
            self.catch_up()

    async def _answer(self, socket: zmq.asyncio.Socket, group: asyncio.TaskGroup) -> None:
        while True:
            peer, *frames = await socket.recv_multipart()
            if len(frames) != 1:
                _log.warning(LogCode.BROKER_DROPPED_MESSAGE, frames=len(frames))
                continue
            reply, delay_ms = self.handle(frames[0])
            if reply is None:
                continue
            message = [peer, msgspec.json.encode(reply)]
            if not delay_ms:
                await socket.send_multipart(message)
                continue
            task = group.create_task(self._answer_late(socket, message, delay_ms / 1000))
            self._waiting.add(task)
            task.add_done_callback(self._waiting.discard)

    async def _answer_late(self, socket: zmq.asyncio.Socket, message: list[bytes], seconds: float) -> None:
        await self._clock.sleep(seconds)
        await socket.send_multipart(message)

    def handle(self, frame: bytes) -> tuple[Reply | None, int]:
        """One call: its reply, None where none will ever come, and the reply's delay in milliseconds."""
        try:
            call = msgspec.json.decode(frame, type=Call)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return Reply(id=0, error=RpcFault(Problem.BAD_CALL, str(error))), 0
        shape = METHODS.get(call.method)
        if shape is None:
            return Reply(id=call.id, error=RpcFault(Problem.UNKNOWN_METHOD, call.method)), 0
        try:
            params = msgspec.json.decode(call.params, type=shape)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return Reply(id=call.id, error=RpcFault(Problem.BAD_PARAMS, str(error))), 0
        self.catch_up()
        arguments = {name: getattr(params, name) for name in params.__struct_fields__}
        try:
            if call.method == "order_send":
                return self._sent(call, arguments["request"])
            result = getattr(self._broker, call.method)(**arguments)
        except ControlError as error:
            return Reply(id=call.id, error=RpcFault(Problem.REFUSED, str(error))), 0
        return Reply(id=call.id, result=Raw(msgspec.json.encode(result))), 0

    def _sent(self, call: Call, request: TradeRequest) -> tuple[Reply | None, int]:
        faultpoint("broker.before_send")
        answer = self._broker.submit(request)
        faultpoint("broker.after_send")
        if answer.result is None:
            return None, 0
        return Reply(id=call.id, result=Raw(msgspec.json.encode(answer.result))), answer.delay_ms


def server_ms(clock: Clock, utc_offset: timedelta) -> int:
    """The broker's time now, in milliseconds."""
    return int((clock.now() + utc_offset).timestamp() * 1000)


def open_broker(scenario: Scenario, state_path: Path | None, now_ms: int) -> Broker:
    """The broker that was saved there, else a fresh one. Raises StateError, OSError."""
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
    """Be a broker process until SIGTERM or Ctrl-C, then return. Without a scenario the defaults hold. With
    a `state_path` it takes up what was saved there, and saves at its end. Raises ScenarioError, StateError,
    OSError, and what BrokerServer.serve raises. Call it from the main thread."""
    scenario = Scenario() if scenario_path is None else load_scenario(scenario_path)
    clock = SystemClock()
    broker = open_broker(scenario, state_path, server_ms(clock, utc_offset))

    async def main() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        # signal.signal and not loop.add_signal_handler: Windows has only this one.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
        await serve(
            broker,
            endpoint,
            clock=clock,
            stop=stop,
            ready=ready,
            utc_offset=utc_offset,
            tick_interval=tick_interval,
        )

    # pyzmq needs a loop that can watch a file descriptor; Windows' default one cannot.
    factory = asyncio.SelectorEventLoop if sys.platform == "win32" else None
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(main())
    if state_path is not None:
        save_state(state_path, broker.state)
