"""What is tried with each foreign ROUTER, on the EA's ZMTP alone."""

from collections.abc import Callable
from typing import Final

from peers_parts.expert import PATIENCE_S, BrokenError, Expert
from peers_parts.router import Router

MOST: Final = 65_536
"""The longest frame that the EA takes."""
SIZES: Final = (0, 1, 255, 256, 4_096, MOST)
PINGED_S: Final = 2.0
"""Longer than a ROUTER waits for the answer to its PING."""

Check = Callable[[Router, Expert], None]


def _route(router: Router, expert: Expert, message: bytes = b"who") -> bytes:
    """The EA sends; the routing id under which it came. Raises BrokenError."""
    expert.send(message)
    parts = router.receive(expert.carry, PATIENCE_S)
    if len(parts) != 2 or parts[1] != message:
        raise BrokenError(f"{len(message)} bytes came as {[len(part) for part in parts]}")
    return parts[0]


def _answer(router: Router, expert: Expert, route: bytes, message: bytes) -> None:
    router.send(route, message)
    if expert.message() != message:
        raise BrokenError(f"{len(message)} bytes did not come as they were sent")


def handshake(router: Router, expert: Expert) -> None:
    """Greeting and READY."""
    expert.connect()


def sizes(router: Router, expert: Expert) -> None:
    """Frames around each limit, both ways."""
    expert.connect()
    for size in SIZES:
        message = bytes(number % 251 for number in range(size))
        _answer(router, expert, _route(router, expert, message), message)


def parts(router: Router, expert: Expert) -> None:
    """A message of several parts comes out empty, and the next one is whole."""
    expert.connect()
    route = _route(router, expert)
    router.send(route, b"one", b"two" * 100, b"")
    router.send(route, b"next")
    if (expert.message(), expert.message()) != (b"", b"next"):
        raise BrokenError("the parts were taken for a message")


def too_long(router: Router, expert: Expert) -> None:
    """A frame over the limit ends the connection; a new one is as good as the first."""
    expert.connect()
    router.send(_route(router, expert), bytes(MOST + 1))
    try:
        expert.message()
    except BrokenError as error:
        if "a frame of more than" not in str(error):
            raise
    else:
        raise BrokenError("it was not refused")
    expert.connect()
    _answer(router, expert, _route(router, expert), b"again")


def ping(router: Router, expert: Expert) -> None:
    """PINGs are answered, for longer than a peer that hears nothing would wait."""
    expert.connect()
    route = _route(router, expert)
    before = expert.pongs
    expert.watch(PINGED_S)
    if expert.pongs < before + 5:
        raise BrokenError(f"{expert.pongs - before} PINGs were answered")
    _answer(router, expert, route, b"still there")


def bytewise(router: Router, expert: Expert) -> None:
    """Each byte is sent and read alone, handshake included."""
    expert.connect(bytewise=True)
    _answer(router, expert, _route(router, expert, b"x" * 300), b"y" * 300)


def reconnect(router: Router, expert: Expert) -> None:
    """Connections that end at any point do not harm the next one."""
    expert.dial()
    expert.close()
    for number in range(5):
        expert.connect()
        _answer(router, expert, _route(router, expert), b"number %d" % number)
        expert.close()


CHECKS: Final[tuple[tuple[str, Check], ...]] = (
    ("handshake", handshake),
    ("sizes", sizes),
    ("parts", parts),
    ("too long", too_long),
    ("ping", ping),
    ("bytewise", bytewise),
    ("reconnect", reconnect),
)
