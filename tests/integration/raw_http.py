"""An HTTP server that sends exactly the bytes that a test gives it, well-formed or not."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple


class Request(NamedTuple):
    """One request as received."""

    line: str
    headers: dict[str, str]
    """Values by lower-case name."""
    body: bytes


Script = Callable[[Request, asyncio.StreamWriter], Awaitable[None]]
"""Function that answers one request; the connection is closed afterwards."""


class RawServer:
    """Address of the server, and the requests that it received."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.requests: list[Request] = []
        self.finished = asyncio.Event()
        """Set when a script has ended, because it was done or because the client left."""


async def read_request(reader: asyncio.StreamReader) -> Request:
    """Read a whole request with its body."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:-2])}
    return Request(head[0], headers, await reader.readexactly(int(headers.get("content-length", "0"))))


@asynccontextmanager
async def raw_server(script: Script) -> AsyncIterator[RawServer]:
    """A server on a free loopback port that runs `script` for every connection."""
    tasks: set[asyncio.Task[None]] = set()

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                request = await read_request(reader)
                served.requests.append(request)
                await script(request, writer)
        finally:
            served.finished.set()
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(play(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    served = RawServer(server.sockets[0].getsockname()[1])
    try:
        yield served
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


def response(
    status: str = "200 OK", body: bytes = b"", *headers: str, media: str = "application/json"
) -> bytes:
    """Return a complete response with its length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {media}", f"Content-Length: {len(body)}", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body


def says(answer: bytes) -> Script:
    """Return a script that writes these bytes and closes the connection."""

    async def script(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()

    return script
