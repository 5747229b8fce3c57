"""Terminal in real time: sockets against a real listener, and a broker in its own process."""

import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

from bridge.simulator.broker.rpc.client import connect_broker
from tests.mql5.host.broker_process import broker_process
from tests.mql5.host.real import RealTerminal, real_setup
from tests.mql5.host.real_network import RealConnection, RealNetwork

WITHIN_S = 20


def test_bytes_are_exchanged_over_tcp(built: Callable[[str], Path], tmp_path: Path) -> None:
    # The corpus's EA has port 5760 in its source, which another program may use: the network redirects it.
    listener = socket.create_server(("127.0.0.1", 0))
    ours = listener.getsockname()[1]

    class Redirected(RealNetwork):
        def connect(self, server: str, port: int, timeout_ms: int) -> RealConnection | None:
            assert (server, port) == ("127.0.0.1", 5760)
            return super().connect(server, ours, timeout_ms)

    with broker_process(None) as endpoint, connect_broker(endpoint) as broker, listener:
        setup = real_setup(built("expert"), {"InpPlan": "talk", "InpTimerMs": "10"}, broker, tmp_path)
        setup.network = Redirected()
        echoed: list[bytes] = []
        terminal = RealTerminal(setup)

        def talk() -> None:
            try:
                listener.settimeout(WITHIN_S)
                peer, _ = listener.accept()
                with peer:
                    peer.settimeout(WITHIN_S)
                    peer.sendall(b"hello")
                    echoed.append(peer.recv(16))
            finally:
                terminal.stopping = True

        thread = threading.Thread(target=talk)
        thread.start()
        assert terminal.start() == 0
        terminal.run()
        thread.join(WITHIN_S)
    assert echoed == [b"hello"]
    assert terminal.terminal.program.journal[-1] == "guard off"


def test_connect_without_a_listener_fails() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert RealNetwork().connect("127.0.0.1", port, 200) is None


def test_close_is_visible_after_the_last_byte() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        connection = RealNetwork().connect("127.0.0.1", listener.getsockname()[1], 1000)
        assert connection is not None
        peer, _ = listener.accept()
        peer.sendall(b"abc")
        peer.close()
        deadline = time.monotonic() + WITHIN_S
        while not connection.closed and time.monotonic() < deadline:
            time.sleep(0.001)
        assert connection.closed
        assert connection.arrived() == 3
        assert (connection.take(2), connection.take(2)) == (b"ab", b"c")
        assert connection.put(b"x") == -1
        connection.close()
