"""ROUTER of azmq (ZeroMQ in Python). Argument: PORT.

azmq dates from 2016 and passes `loop` to asyncio functions that take none since Python 3.10: the argument is
dropped here.
"""

import asyncio
import importlib
import importlib.metadata
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from tests.interop.routers.protocol import Lines

WITHOUT_LOOP = (
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


def drop_loop(name: str) -> None:
    """Replace asyncio's `name` by a function that accepts and ignores `loop`."""
    plain: Callable[..., Any] = getattr(asyncio, name)

    def tolerant(*args: Any, loop: object = None, **kwargs: Any) -> Any:
        return plain(*args, **kwargs)

    setattr(asyncio, name, tolerant)


async def serve(azmq: Any, port: str) -> None:
    lines = Lines()
    router = azmq.Context().socket(azmq.ROUTER)
    router.bind(f"tcp://127.0.0.1:{port}")
    lines.listening(importlib.metadata.version("azmq"), pings=False)

    async def receive() -> None:
        while True:
            lines.received([bytes(part) for part in await router.recv_multipart()])

    receiving = asyncio.ensure_future(receive())
    while not lines.ended and not receiving.done():
        await asyncio.sleep(0.005)
        for message in lines.waiting():
            await router.send_multipart(message)
    receiving.cancel()
    with suppress(asyncio.CancelledError):
        await receiving


def main() -> None:
    for name in WITHOUT_LOOP:
        drop_loop(name)
    asyncio.run(serve(importlib.import_module("azmq"), sys.argv[1]))


main()
