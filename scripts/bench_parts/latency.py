"""Latency of each hop, one directive at a time, with the floors in the same rounds."""

import asyncio
import socket
import sqlite3
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import zmq

from bench_parts.builds import Site
from bench_parts.director import Director

Samples = dict[str, list[float]]
"""Seconds of each round, by the name of what was measured."""

DISPATCH: Final = "answer read -> command"
RESULT: Final = "result reported -> POST"
DEAL: Final = "deal reported -> POST"
SEND_FLOOR: Final = "floor: FULL commit + one-way ZeroMQ"
POST_FLOOR: Final = "floor: FULL commit + HTTP send"
FLOORS: Final = {DISPATCH: SEND_FLOOR, RESULT: POST_FLOOR, DEAL: POST_FLOOR}
WAIT_S: Final = 30.0


def directive(name: str, *, action: str = "OPEN_LONG", lives_s: float = 3600.0) -> dict[str, object]:
    """Return a directive on EURUSD, as the Director lists it."""
    now = datetime.now(UTC)
    return {
        "directive_id": name,
        "symbol": "EURUSD",
        "action": action,
        "order_type": "MARKET",
        "quantity": 0.01,
        "issued_at": _text(now),
        "expires_at": _text(now + timedelta(seconds=lives_s)),
    }


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


async def one_trade(site: Site, director: Director, name: str) -> Samples:
    """Open one position and return the seconds of each hop."""
    [terminal] = site.terminals
    terminal.fills = False
    seen, before = len(terminal.commands), len(director.events)
    terminal.arrived.clear()
    director.issue([directive(name)])
    await asyncio.wait_for(terminal.arrived.wait(), WAIT_S)
    at, command = terminal.commands[seen]
    dispatch = at - director.answered_at
    # DIRECTIVE_RECEIVED is out of the way first.
    await _posted(director, before + 1)
    reported = time.perf_counter()
    ticket = terminal.result(command)
    await _posted(director, before + 2)
    result = director.events[before + 1].at - reported
    reported = time.perf_counter()
    terminal.deal(command, ticket)
    await _posted(director, before + 4)
    deal = director.events[before + 2].at - reported
    return {DISPATCH: [dispatch], RESULT: [result], DEAL: [deal]}


async def _posted(director: Director, count: int) -> None:
    if not await director.until(count, WAIT_S):
        raise RuntimeError(
            f"{count} events were expected, and {len(director.events)} came: {director.events[-5:]}"
        )


class Floors:
    """Floors: a bare commit with synchronous=FULL, followed by one send of the same kind as the bridge's."""

    def __init__(self, folder: Path, director: Director) -> None:
        self._director = director
        self._connection = sqlite3.connect(folder / "floor.db", isolation_level=None)
        for pragma in ("journal_mode = WAL", "synchronous = FULL"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.execute("CREATE TABLE IF NOT EXISTS t (n INTEGER PRIMARY KEY, text TEXT)")
        context: zmq.Context[zmq.Socket[bytes]] = zmq.Context.instance()
        self._sender: zmq.Socket[bytes] = context.socket(zmq.PUSH)
        self._receiver: zmq.Socket[bytes] = context.socket(zmq.PULL)
        port = self._receiver.bind_to_random_port("tcp://127.0.0.1")
        self._sender.connect(f"tcp://127.0.0.1:{port}")
        self._http = socket.create_connection(("127.0.0.1", director.port))
        self._http.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self) -> None:
        """Close file and sockets."""
        self._http.close()
        self._sender.close(linger=0)
        self._receiver.close(linger=0)
        self._connection.close()

    def send(self) -> Samples:
        """Commit, and pass one message of a command's size through ZeroMQ."""
        began = time.perf_counter()
        self._commit()
        self._sender.send(b"x" * 300)
        self._receiver.recv()
        return {SEND_FLOOR: [time.perf_counter() - began]}

    async def post(self) -> Samples:
        """Commit, and post one event over a connection that is open."""
        count = len(self._director.events)
        began = time.perf_counter()
        self._commit()
        self._http.sendall(post_bytes(self._director.port))
        await _posted(self._director, count + 1)
        samples = {POST_FLOOR: [self._director.events[count].at - began]}
        await asyncio.get_running_loop().run_in_executor(None, self._http.recv, 4096)
        return samples

    def _commit(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.execute("INSERT INTO t (text) VALUES (?)", ("x" * 500,))
        self._connection.execute("COMMIT")


def post_bytes(port: int) -> bytes:
    """Return one POST of an event of the usual size, as bytes."""
    body = b'{"event_type":"BENCH","directive_id":"floor","pad":"' + b"x" * 500 + b'"}'
    head = f"POST /v1/execution-events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nX-API-Key: bench\r\n"
    return f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


async def bare_posts(director: Director, *, count: int, connections: int) -> float:
    """Return the posts per second of a client that does nothing else, over so many connections."""

    async def post(number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", director.port)
        for _ in range(number):
            writer.write(post_bytes(director.port))
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(post(count // connections) for _ in range(connections)))
    return count / (time.perf_counter() - began)
