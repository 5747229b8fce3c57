"""The reference terminal's process against a real ROUTER socket."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest
import zmq

from bridge.core.director.contract import OrderType
from bridge.core.link.messages import (
    Bye,
    CommandKind,
    ErrorMessage,
    Hello,
    Inquire,
    Order,
    TerminalHeartbeat,
    encode,
)
from bridge.core.link.reports import (
    CommandReport,
    CommandStage,
    DealReport,
    OrderReport,
    PositionReport,
    ScanReport,
    SymbolReport,
)
from bridge.core.units.mt5_terms import OrderState, Side
from bridge.simulator.broker.broker import Broker
from bridge.simulator.broker.scenario import Scenario
from bridge.simulator.terminal.ledger import Ledger
from bridge.simulator.terminal.process import TerminalProcess
from bridge.simulator.terminal.terminal import ReferenceTerminal
from tests.sidecar_peer import KEY, OFFICER, SidecarPeer, open_order

START_MS = 1_750_000_000_000
TIMEOUT_S = 20.0


class RouterPeer:
    """The sidecar's peer behind a ROUTER on a free loopback port."""

    def __init__(self) -> None:
        self.peer = SidecarPeer()
        self.context = zmq.Context()
        self.socket = self.context.socket(zmq.ROUTER)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
        port = self.socket.bind_to_random_port("tcp://127.0.0.1")
        self.endpoint = f"tcp://127.0.0.1:{port}"
        self.routes: list[bytes] = []
        self.mute = False

    def until(self, reached: Callable[[], bool]) -> None:
        """Answer messages until the condition holds. Fails after `TIMEOUT_S` without a message."""
        while not reached():
            assert self.socket.poll(int(TIMEOUT_S * 1000)), "the terminal is silent"
            route, frame = self.socket.recv_multipart()
            if route not in self.routes:
                self.routes.append(route)
            for answer in self.peer.on_frame(frame):
                if not self.mute:
                    self.socket.send_multipart([route, answer])

    def say(self, *parts: bytes) -> None:
        """Send a message to the terminal whose message arrived last."""
        self.socket.send_multipart([self.routes[-1], *parts])

    def scanned(self) -> bool:
        return bool(self.peer.reports_of(ScanReport))

    def close(self) -> None:
        self.socket.close()
        self.context.term()


@pytest.fixture
def router() -> Iterator[RouterPeer]:
    made = RouterPeer()
    yield made
    made.close()


@pytest.fixture
def process(router: RouterPeer, tmp_path: Path) -> Iterator[TerminalProcess]:
    """A terminal that runs in its own thread until the end of the test."""
    broker = Broker.start(Scenario(), START_MS)
    ledger = Ledger(tmp_path / "ledger.jsonl")
    terminal = ReferenceTerminal(officer=OFFICER, key=KEY, broker=broker, ledger=ledger)
    made = TerminalProcess(router.endpoint, terminal, lambda elapsed: broker.advance(START_MS + elapsed))
    thread = threading.Thread(target=made.run)
    thread.start()
    yield made
    made.stop("the test is over")
    thread.join(TIMEOUT_S)
    ledger.close()
    assert not thread.is_alive()


def test_order_is_executed_over_real_sockets(router: RouterPeer, process: TerminalProcess) -> None:
    router.until(router.scanned)
    router.say(router.peer.command(open_order()))
    # The position comes last: a terminal that has ended takes no acknowledgement.
    router.until(lambda: bool(router.peer.reports_of(PositionReport)))
    assert len(router.peer.reports_of(DealReport)) == 2  # the deposit, and the order's
    stages = [report.stage for report in router.peer.reports_of(CommandReport)]
    assert stages == [CommandStage.RECEIVED, CommandStage.SUBMITTED, CommandStage.RESULT]
    assert router.peer.messages_of(TerminalHeartbeat)[-1].broker_connected
    process.stop("enough")
    router.until(lambda: bool(router.peer.messages_of(Bye)))
    assert router.peer.messages_of(Bye)[0].reason == "enough"


def test_pending_order_is_placed_and_cancelled_over_real_sockets(
    router: RouterPeer, process: TerminalProcess
) -> None:
    router.until(router.scanned)
    router.say(encode(Inquire(epoch=router.peer.epoch, symbol="EURUSD")))
    router.until(lambda: bool(router.peer.reports_of(SymbolReport)))
    (symbol,) = router.peer.reports_of(SymbolReport)
    assert (symbol.name, symbol.digits) == ("EURUSD", 5)
    order = Order(
        client_order_id=1001,
        kind=CommandKind.OPEN,
        symbol=symbol.name,
        side=Side.BUY,
        volume=symbol.volume_min,
        order_type=OrderType.LIMIT,
        price=Decimal("1.00000"),
    )
    router.say(router.peer.command(order))
    router.until(lambda: bool(router.peer.reports_of(OrderReport)))
    ticket = router.peer.reports_of(OrderReport)[0].ticket
    cancel = Order(
        client_order_id=1002,
        kind=CommandKind.CANCEL,
        symbol=symbol.name,
        side=Side.BUY,
        order_type=OrderType.LIMIT,
        order=ticket,
        opener=1001,
    )
    router.say(router.peer.command(cancel))
    router.until(lambda: router.peer.reports_of(OrderReport)[-1].state is OrderState.CANCELED)
    states = [report.state for report in router.peer.reports_of(OrderReport)]
    assert states == [OrderState.PLACED, OrderState.CANCELED]


def test_malformed_messages_leave_the_session_alive(router: RouterPeer, process: TerminalProcess) -> None:
    router.until(router.scanned)
    router.say(b"")
    router.say(b"\xff\x00")
    router.say(b'{"type":', b'"command"}')
    router.say(*[b"x"] * 2_000)
    router.until(lambda: len(router.peer.messages_of(ErrorMessage)) == 4)
    router.say(router.peer.command(open_order()))
    router.until(lambda: len(router.peer.reports_of(DealReport)) == 2)


def test_terminal_reconnects_on_a_new_socket_after_a_bye(
    router: RouterPeer, process: TerminalProcess
) -> None:
    router.until(router.scanned)
    router.say(encode(Bye(epoch=router.peer.epoch, reason="restart")))
    stale = router.peer.command(open_order())
    router.peer.forget()
    router.until(router.scanned)
    assert len(router.routes) == 2
    assert len(router.peer.messages_of(Hello)) == 1
    router.say(stale)
    fresh = router.peer.command(open_order(1002))
    router.say(fresh)
    router.until(lambda: 1002 in {deal.magic for deal in router.peer.reports_of(DealReport)})
    assert {report.client_order_id for report in router.peer.reports_of(CommandReport)} == {1002}


PROGRAM = """
import sys
from pathlib import Path
from bridge.core.link.handshake import LinkKey
from bridge.simulator.broker.broker import Broker
from bridge.simulator.terminal.process import run_terminal
from bridge.simulator.broker.scenario import Scenario

run_terminal(
    endpoint=sys.argv[1],
    officer=sys.argv[2],
    link_key=LinkKey.from_text(sys.argv[3]),
    ledger_path=Path(sys.argv[4]),
    broker=Broker.start(Scenario(), 1_750_000_000_000),
    ready=lambda: print("ready", flush=True),
)
"""


def start(router: RouterPeer, path: Path) -> "subprocess.Popen[str]":
    """A terminal in its own process."""
    arguments = [sys.executable, "-c", PROGRAM, router.endpoint, OFFICER, KEY.to_text(), str(path)]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM to send")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_stops_the_process_in_order(
    router: RouterPeer, tmp_path: Path, number: signal.Signals
) -> None:
    with start(router, tmp_path / "ledger.jsonl") as process:
        router.until(router.scanned)
        process.send_signal(number)
        router.until(lambda: bool(router.peer.messages_of(Bye)))
        out, err = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 0
    assert out == "ready\n"
    assert "session established" in err
    assert router.peer.messages_of(Bye)[0].reason == number.name


@pytest.mark.skipif(os.name == "nt", reason="Windows cannot kill -9")
def test_killed_terminal_restarts_with_its_ledger(router: RouterPeer, tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    with start(router, path) as process:
        router.until(router.scanned)
        router.say(router.peer.command(open_order()))
        router.until(lambda: len(router.peer.reports_of(CommandReport)) == 3)
        process.kill()
        process.communicate(timeout=TIMEOUT_S)
    first = router.peer.proofs[0]
    router.peer.forget()
    with start(router, path) as process:
        router.until(router.scanned)
        process.terminate()
        process.communicate(timeout=TIMEOUT_S)
    second = router.peer.proofs[1]
    assert (second.ledger.id, second.ledger.mark) == (first.ledger.id, 1)
    assert [report.stage for report in router.peer.reports_of(CommandReport)] == ["submitted", "result"]
