"""ZMTP 3: bytes of the specification (RFC 23, RFC 37), and a connection to libzmq."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq

from tests.native.console import Console, console

START, TAKE, WRITE, WRITE_SIZE = 11, 12, 13, 14

SIGNATURE = "ff" + "00" * 8 + "7f"
GREETING_30 = SIGNATURE + "0300" + b"NULL".hex() + "00" * 16 + "00" + "00" * 31
GREETING_31 = SIGNATURE + "0301" + b"NULL".hex() + "00" * 16 + "00" + "00" * 31
READY_DEALER = "0429" + "05" + b"READY".hex() + "0b" + b"Socket-Type".hex() + "00000006" + b"DEALER".hex()
READY_DEALER += "08" + b"Identity".hex() + "00000000"


def ready(socket_type: bytes, extra: str = "") -> str:
    """Return a framed READY command of a socket type."""
    body = "05" + b"READY".hex() + "0b" + b"Socket-Type".hex()
    body += f"{len(socket_type):08x}" + socket_type.hex() + extra
    return f"04{len(body) // 2:02x}{body}"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    with console("readers", Path(tmp_path_factory.mktemp("zmtp"))) as running:
        yield running


@pytest.fixture
def peer(program: Console) -> Console:
    """Return a connection before its handshake."""
    assert program.ask(START) == ["> " + GREETING_31, "waiting"]
    return program


@pytest.fixture
def talking(peer: Console) -> Console:
    """Return a connection after its handshake."""
    assert peer.ask(TAKE, GREETING_30) == ["> " + READY_DEALER, "waiting"]
    assert peer.ask(TAKE, ready(b"ROUTER")) == ["ready"]
    return peer


@pytest.mark.parametrize("greeting", [GREETING_30, GREETING_31])
def test_handshake(peer: Console, greeting: str) -> None:
    assert peer.ask(TAKE, greeting + ready(b"ROUTER")) == ["> " + READY_DEALER, "ready"]


def test_greeting_and_ready_equal_those_of_libzmq(program: Console) -> None:
    """Greeting and READY, byte by byte, as a peer may expect them."""
    with zmq.Context() as context, context.socket(zmq.DEALER) as dealer, socket.socket() as listener:
        dealer.setsockopt(zmq.LINGER, 0)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        dealer.connect(f"tcp://127.0.0.1:{listener.getsockname()[1]}")
        link, _ = listener.accept()
        with link, link.makefile("rb") as received:
            link.sendall(bytes.fromhex(GREETING_31))
            greeting = received.read(64).hex()
            assert received.read(43).hex() == READY_DEALER
    # The filler of the signature has no meaning.
    assert SIGNATURE + greeting[20:] == GREETING_31


def test_bytes_may_arrive_one_by_one(peer: Console) -> None:
    everything = GREETING_31 + ready(b"ROUTER", "08" + b"Identity".hex() + "00000000") + "0003" + "616263"
    lines = [line for i in range(0, len(everything), 2) for line in peer.ask(TAKE, everything[i : i + 2])]
    output = [line for line in lines if line not in ("waiting", "ready")]
    assert output == ["> " + READY_DEALER, "< 616263"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"HTTP/1.1 400".hex(), "does not speak ZMTP"),
        ("ff" + "00" * 8 + "7e", "does not speak ZMTP"),
        (SIGNATURE + "01", "speaks ZMTP 1"),
        (SIGNATURE + "0300" + b"CURVE".hex() + "00" * 15 + "00" * 32, "mechanism CURVE"),
        (GREETING_30 + ready(b"PUB"), "PUB socket"),
        (GREETING_30 + "0406" + "05" + b"READY".hex(), "READY is malformed"),
        (GREETING_30 + ready(b"ROUTER", "05" + b"Other".hex() + "000000ff"), "READY is malformed"),
        (GREETING_30 + "0400", "malformed command"),
        (GREETING_30 + "040105", "malformed command"),
        (GREETING_30 + "000161", "before the end of the handshake"),
        (GREETING_30 + "040a" + "05" + b"ERROR".hex() + "03" + b"bad".hex(), "the peer sent ERROR: bad"),
        (GREETING_30 + "0406" + "05" + b"HELLO".hex(), "HELLO where READY"),
    ],
)
def test_foreign_peer_is_refused(peer: Console, text: str, why: str) -> None:
    *_, last = peer.ask(TAKE, text)
    assert last.startswith("failed: ") and why in last


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        ("0000", ""), ("000161", "61"), ("00ff" + "61" * 255, "61" * 255),
        ("02" + f"{256:016x}" + "61" * 256, "61" * 256), ("02" + f"{1:016x}" + "61", "61"),
        ("02" + f"{65536:016x}" + "61" * 65536, "61" * 65536),
    ],
)  # fmt: skip
def test_short_and_long_frames(talking: Console, frame: str, message: str) -> None:
    assert talking.ask(TAKE, frame) == ["< " + message, "ready"]


@pytest.mark.parametrize("frame", ["02" + f"{65537:016x}", "02" + "ff" * 8, "08", "0500", "0700"])
def test_invalid_frame_is_refused(talking: Console, frame: str) -> None:
    (line,) = talking.ask(TAKE, frame + "00" * 9)
    assert line.startswith("failed: ")


def test_multipart_message_is_read_as_empty(talking: Console) -> None:
    assert talking.ask(TAKE, "010161" + "010162" + "000163" + "000164") == ["< ", "< 64", "ready"]


def test_too_many_parts_are_refused(talking: Console) -> None:
    (line,) = talking.ask(TAKE, "010161" * 65)
    assert "parts" in line


def test_commands_may_arrive_between_parts(talking: Console) -> None:
    ping = "0407" + "04" + b"PING".hex() + "0064"
    assert talking.ask(TAKE, "000161" + ping) == ["< 61", "> 0405" + "04" + b"PONG".hex(), "ready"]


def test_ping_is_answered_with_its_context(talking: Console) -> None:
    ping = "04" + b"PING".hex() + "0064" + b"context".hex()
    pong = "04" + b"PONG".hex() + b"context".hex()
    assert talking.ask(TAKE, f"04{len(ping) // 2:02x}{ping}") == [f"> 04{len(pong) // 2:02x}{pong}", "ready"]


@pytest.mark.parametrize("body", ["04" + b"PING".hex(), "04" + b"PING".hex() + "0064" + "00" * 17])
def test_malformed_ping_is_refused(talking: Console, body: str) -> None:
    (line,) = talking.ask(TAKE, f"04{len(body) // 2:02x}{body}")
    assert "malformed PING" in line


def test_unknown_command_is_ignored(talking: Console) -> None:
    assert talking.ask(TAKE, "0405" + "04" + b"NEWS".hex()) == ["ready"]


@pytest.mark.parametrize(
    ("size", "head"),
    [(0, "0000"), (255, "00ff"), (256, "02" + f"{256:016x}"), (65536, "02" + f"{65536:016x}")],
)
def test_message_is_framed(talking: Console, size: int, head: str) -> None:
    line, _ = talking.ask(WRITE_SIZE, number=size)
    assert line == "> " + head + "07" * size


@pytest.mark.parametrize("kind", [zmq.ROUTER, zmq.DEALER])
def test_libzmq_accepts_the_dealer(peer: Console, kind: int) -> None:
    """Both directions over TCP to the library that the sidecar uses, with its PING."""
    with zmq.Context() as context, context.socket(kind) as router:
        router.setsockopt(zmq.HEARTBEAT_IVL, 50)
        port = router.bind_to_random_port("tcp://127.0.0.1")
        with socket.create_connection(("127.0.0.1", port), timeout=5) as link:
            link.settimeout(0.05)
            _carry(link, peer, GREETING_31)
            frame, _ = peer.ask(WRITE, b"hello".hex())
            link.sendall(bytes.fromhex(frame[2:]))
            assert router.poll(5_000)
            parts = router.recv_multipart()
            assert parts[-1] == b"hello"
            router.send_multipart([*parts[:-1], b"x" * 300])
            assert any(line.startswith("< ") for line in _carry(link, peer, "", rounds=8))


def _carry(link: socket.socket, peer: Console, first: str, rounds: int = 6) -> list[str]:
    """Carry bytes in both directions until none are left; return the program's output."""
    printed: list[str] = []
    out = bytes.fromhex(first)
    for _ in range(rounds):
        link.sendall(out)
        try:
            got = link.recv(65_536)
        except TimeoutError:
            got = b""
        lines = peer.ask(TAKE, got.hex())
        printed += lines
        out = b"".join(bytes.fromhex(line[2:]) for line in lines if line.startswith("> "))
        assert not any(line.startswith("failed") for line in lines), lines
    return printed
