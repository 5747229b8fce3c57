"""Socket functions and each of their switches, over a simulated network."""

from typing import Any

import pytest

from tests.mql5.host.binding.host import Failed
from tests.mql5.host.clock import SimulatedClock
from tests.mql5.host.functions.program import Program
from tests.mql5.host.functions.sockets import MOST_OPEN, Sockets
from tests.mql5.host.simulated_network import Pipe, SimulatedNetwork
from tests.mql5.host.switches import Switches

LOST = 5273


class Wire:
    """Sockets of an EA that connected in handler 1, with the peer's end; the current handler is 2."""

    def __init__(self, **switches: Any) -> None:
        self.clock = SimulatedClock()
        self.program = Program(self.clock, Switches(**switches))
        self.network = SimulatedNetwork()
        self.pipes: list[Pipe] = []
        self.network.listen("127.0.0.1", 5760, self.pipes.append)
        self.sockets = Sockets(self.network, self.program, Switches(**switches))
        self.program.handler = 1
        handle = self.sockets.SocketCreate(0)
        assert isinstance(handle, int)
        self.handle = handle
        self.connected = self.sockets.SocketConnect(self.handle, "127.0.0.1", 5760, 100)
        self.program.handler = 2

    @property
    def pipe(self) -> Pipe:
        return self.pipes[0]

    def readable(self) -> object:
        return self.sockets.SocketIsReadable(self.handle)

    def is_connected(self) -> object:
        return self.sockets.SocketIsConnected(self.handle)

    def read(self, most: int, timeout_ms: int = 10) -> object:
        return outcome(self.sockets.SocketRead(self.handle, most, timeout_ms))

    def send(self, data: bytes) -> object:
        return outcome(self.sockets.SocketSend(self.handle, data, len(data)))


def outcome(answer: object) -> object:
    """Return results and error code of a failure in one tuple."""
    return (*answer.results, answer.error) if isinstance(answer, Failed) else answer


def test_bytes_are_sent_and_received() -> None:
    wire = Wire()
    assert wire.connected is True
    assert (wire.readable(), wire.is_connected()) == (0, True)
    assert wire.send(b"abc") == 3
    assert wire.pipe.receive() == b"abc"
    wire.pipe.send(b"hello")
    assert wire.readable() == 5
    assert wire.read(3) == (3, b"hel")
    assert wire.read(2) == (2, b"lo")
    wire.pipe.close()
    assert wire.is_connected() is False
    assert wire.read(1) == (-1, b"", LOST)


def test_read_waits_no_longer_than_its_timeout() -> None:
    wire = Wire()
    assert wire.read(1, 25) == (-1, b"", LOST)
    assert wire.clock.now_us() == 25_000


def test_bytes_before_a_close_are_read_first() -> None:
    wire = Wire()
    wire.pipe.send(b"last")
    wire.pipe.close()
    assert wire.is_connected() is True
    assert wire.read(4) == (4, b"last")
    assert wire.is_connected() is False


def test_speculative_byte() -> None:
    assert Wire(speculative_byte=True).readable() == 1


def test_readable_at_second_look() -> None:
    wire = Wire(readable_at_second_look=True)
    wire.pipe.send(b"ab")
    assert (wire.readable(), wire.readable()) == (0, 2)


def test_long_read_blocks_and_returns_nothing() -> None:
    wire = Wire(long_read_blocks=29_030)
    wire.pipe.send(b"ab")
    assert wire.read(2) == (2, b"ab")
    wire.pipe.send(b"ab")
    assert wire.read(4096) == (-1, b"", LOST)
    assert wire.clock.now_us() == 29_030_000


def test_read_of_nothing_with_timeout_0() -> None:
    wire = Wire(zero_wait_read_blocks=500)
    assert wire.read(1, 0) == (-1, b"", LOST)
    assert wire.clock.now_us() == 500_000


def test_send_at_most() -> None:
    wire = Wire(send_at_most=7)
    assert wire.send(b"0123456789") == 7
    assert wire.pipe.receive() == b"0123456"


def test_send_would_block() -> None:
    wire = Wire(send_would_block_every=2)
    assert [wire.send(b"a") for _ in range(4)] == [1, 0, 1, -1]


def test_full_window_takes_a_part_of_the_bytes() -> None:
    wire = Wire()
    wire.pipe.window = 4
    assert (wire.send(b"abcdef"), wire.send(b"x")) == (4, 0)


def test_close_unseen_until_a_send() -> None:
    wire = Wire(close_unseen=True)
    wire.pipe.close()
    assert wire.is_connected() is True
    assert wire.send(b"a") == (-1, LOST)
    assert wire.is_connected() is False


def test_closed_while_bytes_remain() -> None:
    wire = Wire(closed_while_bytes_remain=True)
    wire.pipe.send(b"ab")
    wire.pipe.close()
    assert (wire.is_connected(), wire.readable()) == (False, 2)


def test_bytes_with_error() -> None:
    wire = Wire(bytes_with_error=True)
    wire.pipe.send(b"ab")
    wire.pipe.close()
    assert wire.read(1) == (1, b"a")
    assert wire.read(1) == (-1, b"b", LOST)
    assert wire.readable() == 1


def test_first_send_refused() -> None:
    wire = Wire(first_send_refused=True)
    wire.program.handler = 1
    assert wire.send(b"a") == (-1, LOST)
    assert wire.pipe.closed_by_expert
    again = Wire(first_send_refused=True)
    assert again.send(b"a") == 1


def test_send_is_refused_shortly_after_connect() -> None:
    wire = Wire(send_refused_for=600)
    wire.clock.advance_us(599_999)
    assert wire.send(b"a") == (-1, LOST)
    later = Wire(send_refused_for=600)
    later.clock.advance_us(600_000)
    assert later.send(b"a") == 1


def test_failed_read_leaves_bytes_and_connection() -> None:
    wire = Wire(read_fails_every=2)
    wire.pipe.send(b"ab")
    assert [wire.read(1), wire.read(1), wire.read(1)] == [(1, b"a"), (-1, b"", LOST), (1, b"b")]
    assert wire.is_connected() is True


def test_writable_at_second_look() -> None:
    wire = Wire(writable_at_second_look=True)
    looks = [wire.sockets.SocketIsWritable(wire.handle) for _ in range(4)]
    assert looks == [False, True, False, True]


def test_connect_takes_time_up_to_the_timeout() -> None:
    assert Wire(connect_takes=40).clock.now_us() == 40_000
    assert Wire(connect_takes=400).clock.now_us() == 100_000


@pytest.mark.parametrize("code", [4014, 5272])
def test_address_outside_the_list_is_refused(code: int) -> None:
    wire = Wire(address_refused=code)
    assert outcome(wire.connected) == (False, code)
    assert wire.pipes == []


@pytest.mark.parametrize("code", [5272, 5273])
def test_connect_without_a_listener_fails(code: int) -> None:
    wire = Wire(connect_error=code)
    wire.network.silence("127.0.0.1", 5760)
    handle = wire.sockets.SocketCreate(0)
    assert isinstance(handle, int)
    assert outcome(wire.sockets.SocketConnect(handle, "127.0.0.1", 5760, 1)) == (False, code)


def test_unknown_handle_is_refused() -> None:
    wire = Wire()
    assert outcome(wire.sockets.SocketClose(99)) == (False, 5270)
    assert outcome(wire.sockets.SocketRead(99, 1, 1)) == (-1, b"", 5270)
    assert outcome(wire.sockets.SocketIsReadable(99)) == (0, 5270)
    for _ in range(MOST_OPEN - 1):
        wire.sockets.SocketCreate(0)
    assert outcome(wire.sockets.SocketCreate(0)) == (-1, 5271)
    assert wire.sockets.SocketClose(1) is True
    assert wire.pipe.closed_by_expert
