"""One hostile or unlucky neighbour, as a process: KIND LINK_PORT CONTROL_PORT. It goes on until it is ended.

What it sends is bounded, so that it harms no other program that should listen on these ports.
"""

import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import Final

from bridge.core.link import zmtp
from bridge.core.link.handshake import LinkKey
from bridge.core.link.messages import (
    AccountIdentity,
    Challenge,
    Hello,
    LedgerIdentity,
    Prove,
    TerminalHeartbeat,
    decode_from_sidecar,
    encode,
)
from bridge.core.units.mt5_terms import MarginMode, TradeMode

HOST: Final = "127.0.0.1"
MOST_OF_MESSAGE: Final = 2**22
"""Bytes of a message after which even one that nobody cuts off ends."""
HELD: Final = 1000
"""Connections that are held open at a time."""
IN_A_ROW: Final = 200
"""Requests that are sent at once on one connection."""
CONNECT_S: Final = 1.0
PAUSE_S: Final = 0.01
ONE: Final = Decimal(1)


class Peer:
    """One connection without blocking reads."""

    def __init__(self, port: int, first: bytes = b"") -> None:
        self.socket = socket.create_connection((HOST, port), timeout=CONNECT_S)
        if first:
            self.socket.sendall(first)

    def ended(self) -> bool:
        """Return True once the other end has closed it; what it sent is dropped."""
        self.socket.setblocking(False)
        try:
            while data := self.socket.recv(65_536):
                del data
            return True
        except BlockingIOError:
            return False
        except OSError:
            return True
        finally:
            self.socket.settimeout(CONNECT_S)

    def frame(self, *, command: bool | None = None) -> bytes:
        """Return the body of the next frame; of a command, or of a message, where that is asked for."""
        while True:
            flags = self.exactly(1)[0]
            size = int.from_bytes(self.exactly(8 if flags & 2 else 1), "big")
            body = self.exactly(size)
            if command is None or bool(flags & 4) == command:
                return body

    def exactly(self, count: int) -> bytes:
        """Return the next bytes. Raises OSError."""
        data = b""
        while len(data) < count:
            more = self.socket.recv(count - len(data))
            if not more:
                raise ConnectionError("closed")
            data += more
        return data

    def close(self) -> None:
        """Close it."""
        self.socket.close()


def hello(officer: str = "eo-demo", nonce: str = "0" * 64) -> bytes:
    """Return a valid hello."""
    return encode(Hello(min_version=2, max_version=2, officer=officer, instance_id="b0" * 16, nonce=nonce))


def message(body: bytes, flags: int = 0) -> bytes:
    """Return a message as one frame."""
    return bytes([flags | 2]) + len(body).to_bytes(8, "big") + body


def handshake(socket_type: bytes = b"DEALER", routing_id: bytes = b"") -> bytes:
    """Return both steps of a ZMTP handshake at once."""
    return zmtp.GREETING + zmtp.ready(socket_type, routing_id)


def hold(port: int, first: Callable[[int], bytes], count: int = HELD) -> None:
    """Keep so many connections open, each with its first bytes; open another for each that is closed."""
    peers: list[Peer] = []
    number = 0
    while True:
        for _ in range(32):
            if len(peers) >= count:
                break
            with suppress(OSError):
                number += 1
                peers.append(Peer(port, first(number)))
        for peer in [each for each in peers if each.ended()]:
            peer.close()
            peers.remove(peer)
        time.sleep(PAUSE_S)


def again(attempt: Callable[[], None]) -> None:
    """Repeat an attempt without end, whatever becomes of it."""
    while True:
        with suppress(OSError):
            attempt()
        time.sleep(0.001)


def endless_message(link: int, _: int) -> None:
    def attempt() -> None:
        peer = Peer(link, handshake())
        for _ in range(MOST_OF_MESSAGE // 4096):
            peer.socket.sendall(message(bytes(4096), flags=1))
        peer.close()

    again(attempt)


def huge_frames(link: int, _: int) -> None:
    def attempt() -> None:
        peer = Peer(link, handshake() + b"\x02" + (2**40).to_bytes(8, "big"))
        for _ in range(16):
            peer.socket.sendall(bytes(65_536))
        peer.close()

    again(attempt)


def junk_messages(link: int, _: int) -> None:
    def attempt() -> None:
        peer = Peer(link, handshake())
        junk = message(b"{" * 60_000)
        while True:
            peer.socket.sendall(junk)

    again(attempt)


def short_messages(link: int, _: int) -> None:
    def attempt() -> None:
        peer = Peer(link, handshake())
        junk = message(b"x") * 1000
        while True:
            peer.socket.sendall(junk)

    again(attempt)


def reconnect_storm(link: int, _: int) -> None:
    again(lambda: Peer(link, handshake()).close())


def reconnect_with_hello(link: int, _: int) -> None:
    again(lambda: Peer(link, handshake() + message(hello())).close())


def wrong_key(link: int, _: int) -> None:
    account = AccountIdentity(
        login=1,
        server="Other-Demo",
        margin_mode=MarginMode.RETAIL_HEDGING,
        trade_mode=TradeMode.DEMO,
        currency="USD",
    )
    asked = Hello(min_version=2, max_version=2, officer="eo-demo", instance_id="b1" * 16, nonce="1" * 64)

    def attempt() -> None:
        peer = Peer(link, handshake() + message(encode(asked)))
        peer.exactly(len(zmtp.GREETING))
        challenge = decode_from_sidecar(peer.frame(command=False))
        if isinstance(challenge, Challenge):
            proof = LinkKey(bytes(32)).terminal_proof(asked, challenge.version, challenge.nonce, account)
            prove = Prove(
                proof=proof,
                account=account,
                ledger=LedgerIdentity(id="ab" * 16, mark=0),
                program="stranger",
                server_ms=1,
            )
            peer.socket.sendall(message(encode(prove)))
            peer.frame(command=False)
        peer.close()

    again(attempt)


def slow_writers(link: int, _: int) -> None:
    peers: list[tuple[Peer, bytearray]] = []
    while True:
        with suppress(OSError):
            if len(peers) < 200:
                peers.append((Peer(link), bytearray(handshake() + message(hello()))))
        for peer, rest in list(peers):
            try:
                peer.socket.sendall(rest[:1])
                del rest[:1]
            except OSError:
                peers.remove((peer, rest))
        time.sleep(PAUSE_S)


def never_reading(link: int, _: int) -> None:
    heartbeat = TerminalHeartbeat(
        epoch=1, broker_connected=True, trade_allowed=True, server_ms=1, balance=ONE, equity=ONE, margin=ONE
    )

    def attempt() -> None:
        peer = Peer(link, handshake())
        asked = message(encode(heartbeat)) * 20
        while True:
            peer.socket.sendall(asked)

    again(attempt)


def half_closed(link: int, _: int) -> None:
    peers: list[Peer] = []

    def attempt() -> None:
        peers.append(Peer(link, handshake()))
        peers[-1].socket.shutdown(socket.SHUT_WR)
        if len(peers) > HELD:
            peers.pop(0).close()

    again(attempt)


def idle_control(_: int, control: int) -> None:
    hold(control, lambda _: b"")


def control_storm(_: int, control: int) -> None:
    again(lambda: Peer(control, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").close())


def unreadable_control(_: int, control: int) -> None:
    def attempt() -> None:
        peer = Peer(control, b"GET / HTTP\r\n\r\n")
        peer.exactly(12)
        peer.close()

    again(attempt)


def rows_control(_: int, control: int) -> None:
    request = f"GET /v1/challenge HTTP/1.1\r\nHost: {HOST}:{control}\r\n\r\n".encode()

    def attempt() -> None:
        peer = Peer(control, request * IN_A_ROW)
        while True:
            peer.exactly(1)

    again(attempt)


def slow_control(_: int, control: int) -> None:
    hold(control, lambda _: b"POST /v1/halt HTTP/1.1\r\nHost: ", 200)


_V2_GREETING: Final = b"\xff" + bytes(8) + b"\x7f\x01\x05\x00\x00"
_TLS_HELLO: Final = bytes.fromhex("160301002f0100002b0303") + bytes(32) + bytes.fromhex("000002c02f0100")


KINDS: Final[dict[str, Callable[[int, int], None]]] = {
    "endless message": endless_message,
    "idle before the greeting": lambda link, _: hold(link, lambda _: b""),
    "half handshakes": lambda link, _: hold(link, lambda _: zmtp.GREETING),
    "idle after the handshake": lambda link, _: hold(link, lambda _: handshake()),
    "garbage for a greeting": lambda link, _: again(lambda: Peer(link, b"\x00garbage" * 20).close()),
    "idle on the control port": idle_control,
    "slow on the control port": slow_control,
    "control reconnect storm": control_storm,
    "no HTTP on the control port": unreadable_control,
    "200 requests in a row on the control port": rows_control,
    "slow writers": slow_writers,
    "reconnect storm": reconnect_storm,
    "reconnect storm with hello": reconnect_with_hello,
    "huge frames": huge_frames,
    "long junk messages": junk_messages,
    "short junk messages": short_messages,
    "wrong key": wrong_key,
    "HTTP request": lambda link, _: again(lambda: Peer(link, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").close()),
    "TLS hello": lambda link, _: again(lambda: Peer(link, _TLS_HELLO).close()),
    "half-closed": half_closed,
    "never reads its answers": never_reading,
    "same routing id": lambda link, _: hold(link, lambda _: handshake(routing_id=b"terminal"), 100),
    "another routing id each time": lambda link, _: hold(
        link, lambda number: handshake(routing_id=b"t%d" % number), 100
    ),
    "routing id of 255 bytes": lambda link, _: hold(link, lambda _: handshake(routing_id=b"x" * 255), 100),
    "subscriptions": lambda link, _: hold(
        link, lambda _: handshake(b"SUB") + zmtp.command(b"SUBSCRIBE", b"") + message(b"\x01"), 100
    ),
    "ZMTP 2.0": lambda link, _: hold(link, lambda _: _V2_GREETING, 100),
    "ZMTP 1.0": lambda link, _: hold(link, lambda _: b"\x01\x00", 100),
    "another mechanism": lambda link, _: hold(
        link, lambda _: zmtp.GREETING.replace(b"NULL\0", b"CURVE"), 100
    ),
}
"""Every kind, by its name in the table."""


if __name__ == "__main__":
    KINDS[sys.argv[1]](int(sys.argv[2]), int(sys.argv[3]))
