"""Checks of the EA's ZMTP module against one foreign ROUTER. Each raises BrokenError where it fails."""

from collections.abc import Callable
from typing import Final

from tests.interop.expert import WAIT_S, BrokenError, Expert
from tests.interop.router import Router

MAX_FRAME: Final = 65_536
"""Longest frame that the EA accepts, in bytes."""
SIZES: Final = (0, 1, 255, 256, 4_096, MAX_FRAME)
PING_WINDOW_S: Final = 2.0
"""Longer than the time that a ROUTER waits for the answer to its PING (1.5 s)."""

Check = Callable[[Router, Expert], None]


def _route(router: Router, expert: Expert, message: bytes = b"who") -> bytes:
    """Send a message from the EA and return the routing id under which the ROUTER received it."""
    expert.send(message)
    parts = router.receive(expert.carry, WAIT_S)
    if len(parts) != 2 or parts[1] != message:
        received = [len(part) for part in parts]
        raise BrokenError(
            f"the ROUTER received parts of {received} bytes for a message of {len(message)} bytes"
        )
    return parts[0]


def _answer(router: Router, expert: Expert, route: bytes, message: bytes) -> None:
    router.send(route, message)
    if expert.message() != message:
        raise BrokenError(f"the EA received other content than the {len(message)} bytes that were sent")


def handshake(router: Router, expert: Expert) -> None:
    """Exchange of greeting and READY."""
    expert.connect()


def sizes(router: Router, expert: Expert) -> None:
    """Frames around each size limit, in both directions."""
    expert.connect()
    for size in SIZES:
        message = bytes(number % 251 for number in range(size))
        _answer(router, expert, _route(router, expert, message), message)


def parts(router: Router, expert: Expert) -> None:
    """Multipart message: the EA reads it as empty and reads the next message unharmed."""
    expert.connect()
    route = _route(router, expert)
    router.send(route, b"one", b"two" * 100, b"")
    router.send(route, b"next")
    if (expert.message(), expert.message()) != (b"", b"next"):
        raise BrokenError("the multipart message was not read as empty, or the next message was damaged")


def too_long(router: Router, expert: Expert) -> None:
    """Frame over the limit: the EA ends the connection, and a new connection works."""
    expert.connect()
    router.send(_route(router, expert), bytes(MAX_FRAME + 1))
    try:
        expert.message()
    except BrokenError as error:
        if "a frame of more than" not in str(error):
            raise
    else:
        raise BrokenError(f"the EA accepted a frame of {MAX_FRAME + 1} bytes")
    expert.connect()
    _answer(router, expert, _route(router, expert), b"again")


def ping(router: Router, expert: Expert) -> None:
    """Answers to PINGs, for longer than the peer's heartbeat timeout."""
    expert.connect()
    route = _route(router, expert)
    before = expert.pongs
    expert.watch(PING_WINDOW_S)
    if expert.pongs < before + 5:
        raise BrokenError(
            f"the EA answered {expert.pongs - before} PINGs in {PING_WINDOW_S} s, expected at least 5"
        )
    _answer(router, expert, route, b"still there")


def bytewise(router: Router, expert: Expert) -> None:
    """Single-byte reads and writes, handshake included."""
    expert.connect(bytewise=True)
    _answer(router, expert, _route(router, expert, b"x" * 300), b"y" * 300)


def reconnect(router: Router, expert: Expert) -> None:
    """Connections that end at different points: the next connection works."""
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
