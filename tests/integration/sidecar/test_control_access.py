"""Access to the control endpoint: proofs in both directions, and connections that bring none."""

import asyncio
import os
import selectors
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from bridge.cli import control_client
from bridge.cli.control_client import NobodyThereError, NotAskedError
from bridge.sidecar import control_proof
from bridge.sidecar.control_answers import STATUS_PATH
from bridge.sidecar.control_connections import MOST_UNPROVED, MOST_UNREAD, PROVE_S, SWEEP_S
from bridge.sidecar.control_file import HOST, ControlFile
from bridge.sidecar.operator.halt import HaltRequest

from . import flood as flooding
from .clock import TIMEOUT_S
from .controlled import Controlled, controlled
from .harness import Harness, Sandbox, sandbox

SECRET = "0f" * 32
COMMANDS = 20
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
async def sidecar(harness: Harness, director: Sandbox, tmp_path: Path) -> AsyncIterator[Controlled]:
    async with controlled(harness, director, tmp_path) as made:
        await made.status()
        yield made


async def connect(sidecar: Controlled) -> Connection:
    return await asyncio.open_connection(HOST, sidecar.port)


async def command(sidecar: Controlled, method: str, path: str, body: Any = None) -> control_client.Answer:
    """Ask as the command line does, which blocks its thread."""
    content = await sidecar.file()
    return await asyncio.to_thread(control_client.ask, content, method, path, body, timeout_s=TIMEOUT_S)


async def send(connection: Connection, method: str, path: str, headers: dict[str, str], body: bytes) -> bytes:
    """Send a request with these headers; return the answer's status line and what follows, until it is complete."""
    reader, writer = connection
    host = f"{HOST}:{writer.get_extra_info('peername')[1]}"
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    writer.write("\r\n".join([*lines, "", ""]).encode() + body)
    async with asyncio.timeout(TIMEOUT_S):
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        return head + await reader.readexactly(length)


async def challenge(connection: Connection, secret: str) -> str:
    headers = {"Authorization": control_proof.asking(secret)}
    answer = await send(connection, "GET", control_proof.CHALLENGE_PATH, headers, b"")
    return answer.rpartition(b'{"nonce":"')[2].decode().removesuffix('"}')


def authorize(secret: str, nonce: str, path: str, body: bytes) -> dict[str, str]:
    authorization = control_proof.authorize(
        secret, nonce, client_nonce=control_proof.new_nonce(), method="POST", path=path, body=body
    )
    return {"Authorization": authorization.header, "Content-Type": "application/json"}


# Proofs


async def test_secret_is_never_sent(harness: Harness) -> None:
    received = bytearray()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.extend(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 78\r\n\r\n{"nonce":"' + b"1" * 64 + b'"}  ')
        received.extend(await reader.readuntil(b"\r\n\r\n"))
        received.extend(await reader.readexactly(2))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n" + b'{"halts":[]}')
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(listen, HOST, 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        file = ControlFile(port=port, secret=SECRET, pid=1, started_at="")
        with pytest.raises(NobodyThereError, match="not the sidecar that wrote the control file"):
            await asyncio.to_thread(
                control_client.ask, file, "POST", "/v1/halt", Empty(), timeout_s=TIMEOUT_S
            )
    assert b"POST /v1/halt" in received
    assert SECRET.encode() not in received
    assert bytes.fromhex(SECRET) not in received


class Empty(HaltRequest, frozen=True, kw_only=True, omit_defaults=True):
    """A request whose body is {}."""


async def test_recorded_request_is_refused_on_the_same_and_on_another_connection(
    harness: Harness, sidecar: Controlled
) -> None:
    secret = (await sidecar.file()).secret
    first, second = await connect(sidecar), await connect(sidecar)
    headers = authorize(secret, await challenge(first, secret), "/v1/halt", b"{}")
    await challenge(second, secret)
    assert (await send(second, "POST", "/v1/halt", headers, b"{}")).startswith(b"HTTP/1.1 401 ")
    assert harness.rows("SELECT * FROM halts") == []
    assert (await send(first, "POST", "/v1/halt", headers, b"{}")).startswith(b"HTTP/1.1 200 ")
    third = await connect(sidecar)
    await challenge(third, secret)
    assert (await send(third, "POST", "/v1/halt", headers, b"{}")).startswith(b"HTTP/1.1 401 ")
    for _, writer in (first, second, third):
        writer.close()


@pytest.mark.parametrize(
    ("secret", "path", "body"),
    [
        ("0" * 64, "/v1/halt", b"{}"),
        (None, "/v1/resume", b"{}"),
        (None, "/v1/halt", b'{"why":"a"}'),
    ],
    ids=["secret", "path", "body"],
)
async def test_request_that_differs_from_its_proof_is_refused(
    harness: Harness, sidecar: Controlled, secret: str | None, path: str, body: bytes
) -> None:
    right = (await sidecar.file()).secret
    connection = await connect(sidecar)
    headers = authorize(secret or right, await challenge(connection, right), path, body)
    answer = await send(connection, "POST", "/v1/halt", headers, b"{}" + b" " * (len(body) - 2))
    assert answer.startswith((b"HTTP/1.1 401 ", b"HTTP/1.1 400 "))
    assert harness.rows("SELECT * FROM halts") == []
    connection[1].close()


async def test_proof_without_a_challenge_is_refused(harness: Harness, sidecar: Controlled) -> None:
    secret = (await sidecar.file()).secret
    connection = await connect(sidecar)
    answer = await send(connection, "POST", "/v1/halt", authorize(secret, "", "/v1/halt", b"{}"), b"{}")
    assert answer.startswith(b"HTTP/1.1 401 ")
    connection[1].close()


# Connections


@pytest.mark.parametrize(
    ("most", "sent"),
    [
        pytest.param(MOST_UNREAD, b"", id="nothing"),
        pytest.param(MOST_UNPROVED, b"POST /v1/halt HTTP/1.1\r\nHost: ", id="a part"),
    ],
)
async def test_connections_without_a_proof_shut_no_command_out(
    harness: Harness, sidecar: Controlled, most: int, sent: bytes
) -> None:
    idle = []
    for _ in range(3 * most):
        idle.append(await connect(sidecar))
        idle[-1][1].write(sent)
    try:
        for _ in range(5):
            assert (await command(sidecar, "GET", STATUS_PATH)).status == 200
        assert (await command(sidecar, "POST", "/v1/halt", HaltRequest())).status == 200
        # The oldest made room.
        for reader, _ in idle[:most]:
            async with asyncio.timeout(TIMEOUT_S):
                assert await reader.read() == b""
    finally:
        for _, writer in idle:
            writer.close()


async def test_connection_that_has_sent_a_part_keeps_its_place_among_those_that_send_nothing(
    harness: Harness, sidecar: Controlled
) -> None:
    reader, writer = await connect(sidecar)
    request = f"GET {control_proof.CHALLENGE_PATH} HTTP/1.1\r\nHost: {HOST}:{sidecar.port}\r\n"
    writer.write(request.encode())
    idle = [await connect(sidecar) for _ in range(2 * MOST_UNREAD)]
    try:
        async with asyncio.timeout(TIMEOUT_S):
            assert await idle[0][0].read() == b""
            writer.write(
                f"Authorization: {control_proof.asking((await sidecar.file()).secret)}\r\n\r\n".encode()
            )
            assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 200 ")
    finally:
        for _, each in [*idle, (reader, writer)]:
            each.close()


@pytest.mark.parametrize(
    "host", [pytest.param(None, id="without a proof"), pytest.param("here", id="for another host")]
)
async def test_connection_is_closed_after_its_first_refused_request(
    harness: Harness, sidecar: Controlled, host: str | None
) -> None:
    """One connection must not cost the work of hundreds."""
    reader, writer = await connect(sidecar)
    request = f"GET {STATUS_PATH} HTTP/1.1\r\nHost: {host or f'{HOST}:{sidecar.port}'}\r\n\r\n"
    writer.write(request.encode() * 100)
    received = b""
    with suppress(ConnectionResetError):
        async with asyncio.timeout(TIMEOUT_S):
            while more := await reader.read(65_536):
                received += more
    assert received.count(b"HTTP/1.1 40") == 1
    writer.close()


UNREADABLE = {
    "a long header": b"GET / HTTP/1.1\r\nX: " + b"a" * 20_000 + b"\r\n\r\n",
    "no version": b"GET / HTTP\r\n\r\n",
    "a negative length": b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
}


async def test_requests_that_are_no_http_are_logged_once_a_minute_for_each_kind(
    harness: Harness, sidecar: Controlled, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(10):
        for request in UNREADABLE.values():
            reader, writer = await connect(sidecar)
            writer.write(request)
            async with asyncio.timeout(TIMEOUT_S):
                answer = await reader.readuntil(b"\r\n")
            assert b" 400 " in answer
            writer.close()
    logged = [each for each in harness.records if each.get("code") == "control_request_unreadable"]
    kinds = {each["error"] for each in logged}
    assert 1 <= len(kinds) == len(logged) <= len(UNREADABLE)
    assert all(each["count"] == 1 for each in logged)
    # Nothing of the library's own, which has a traceback.
    assert [each for each in caplog.records if each.name.startswith("aiohttp")] == []
    assert (await command(sidecar, "GET", STATUS_PATH)).status == 200


async def closed_in_time(harness: Harness, connections: list[Connection]) -> list[bytes]:
    """Let time pass until the sidecar has closed all of these; return what it sent before."""
    waiting = [asyncio.ensure_future(reader.read()) for reader, _ in connections]
    async with asyncio.timeout(TIMEOUT_S):
        while not all(each.done() for each in waiting):
            await harness.clock.asleep()
            harness.clock.advance(max(SWEEP_S, PROVE_S / 4))
            await asyncio.sleep(0)
    for _, writer in connections:
        writer.close()
    return [each.result() for each in waiting]


async def test_connection_that_sends_nothing_is_closed_after_a_short_time(
    harness: Harness, sidecar: Controlled
) -> None:
    assert await closed_in_time(harness, [await connect(sidecar)]) == [b""]


async def test_connection_without_a_request_is_closed_after_a_short_time(
    harness: Harness, sidecar: Controlled
) -> None:
    slow, asked = await connect(sidecar), await connect(sidecar)
    slow[1].write(b"POST /v1/halt HTTP/1.1\r\nHost: ")
    await challenge(asked, (await sidecar.file()).secret)
    assert await closed_in_time(harness, [slow, asked]) == [b"", b""]


@asynccontextmanager
async def flood(port: int, kind: str) -> AsyncIterator[None]:
    """Another process that opens connections to the port without end."""
    # Not by the loop: that of the bridge on Windows starts no processes.
    command_line = [sys.executable, "-m", flooding.__name__, str(port), kind]
    with subprocess.Popen(command_line, stdout=subprocess.PIPE) as process:  # noqa: ASYNC220 (see above)
        try:
            assert process.stdout is not None
            begun = await asyncio.wait_for(asyncio.to_thread(process.stdout.readline), TIMEOUT_S)
            assert begun.decode().strip() == flooding.BEGUN
            yield
        finally:
            process.kill()


@pytest.mark.parametrize("kind", flooding.KINDS)
async def test_every_command_is_heard_while_another_program_opens_connections_without_end(
    harness: Harness, sidecar: Controlled, kind: str
) -> None:
    async with flood(sidecar.port, kind):
        for _ in range(COMMANDS):
            assert (await command(sidecar, "POST", "/v1/halt", HaltRequest())).status == 200


async def test_sidecar_that_does_not_react_was_not_asked(harness: Harness) -> None:
    with socket.create_server((HOST, 0)) as silent:
        file = ControlFile(port=silent.getsockname()[1], secret=SECRET, pid=1, started_at="")
        with pytest.raises(NotAskedError, match="takes connections and does not answer"):
            await asyncio.to_thread(
                control_client.ask, file, "POST", "/v1/halt", HaltRequest(), timeout_s=0.2
            )


# The control file


async def test_control_file_that_was_removed_is_written_again(harness: Harness, sidecar: Controlled) -> None:
    before = await sidecar.file()
    sidecar.path.unlink()
    async with asyncio.timeout(TIMEOUT_S):
        while not sidecar.path.exists():
            await harness.clock.asleep()
            harness.clock.advance(0.5)
            await asyncio.sleep(0)
    assert await sidecar.file() == before


async def test_sidecar_stops_in_order_on_a_selector_that_is_not_epoll(tmp_path: Path) -> None:
    """Run in a thread with a loop of its own: Windows has `select` alone, which fails on a closed socket."""
    await asyncio.to_thread(_run_on_select, tmp_path)


def _run_on_select(folder: Path) -> None:
    async def run() -> None:
        harness = Harness(folder / "journal.db")
        try:
            async with sandbox(harness.clock) as director, controlled(harness, director, folder) as made:
                assert (await made.status())["pid"] == os.getpid()
                await made.stopped()
        finally:
            harness.close()

    def loop() -> asyncio.AbstractEventLoop:
        return asyncio.SelectorEventLoop(selectors.SelectSelector())

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(run())
