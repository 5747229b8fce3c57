"""A ROUTER of azmq, written anew in Python: PORT.

It is from 2016, and still hands `loop` to what has taken none since Python 3.10: here that is dropped.
"""

import asyncio
import importlib
import importlib.metadata
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from peers_parts.routers.lines import Lines

GROWN_UP = (
    "Event",
    "Lock",
    "Queue",
    "gather",
    "open_connection",
    "sleep",
    "start_server",
    "wait",
    "wait_for",
)


def without_loop(name: str) -> None:
    """Let asyncio's `name` take the argument that it took once."""
    plain: Callable[..., Any] = getattr(asyncio, name)

    def tolerant(*args: Any, loop: object = None, **kwargs: Any) -> Any:
        return plain(*args, **kwargs)

    setattr(asyncio, name, tolerant)


async def serve(azmq: Any, port: str) -> None:
    lines = Lines()
    router = azmq.Context().socket(azmq.ROUTER)
    router.bind(f"tcp://127.0.0.1:{port}")
    lines.listening(importlib.metadata.version("azmq"), pings=False)

    async def hear() -> None:
        while True:
            lines.heard([bytes(part) for part in await router.recv_multipart()])

    hearing = asyncio.ensure_future(hear())
    while not lines.ended and not hearing.done():
        await asyncio.sleep(0.005)
        for message in lines.waiting():
            await router.send_multipart(message)
    hearing.cancel()
    with suppress(asyncio.CancelledError):
        await hearing


def main() -> None:
    for name in GROWN_UP:
        without_loop(name)
    asyncio.run(serve(importlib.import_module("azmq"), sys.argv[1]))


main()
