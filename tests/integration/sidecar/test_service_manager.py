"""Messages to a service manager, received by a real socket; its watchdog is fed only while there is progress."""

import asyncio
import os
import socket
import sqlite3
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path

import pytest

from bridge.link import Link
from bridge.sandbox.behaviour import Behaviour, Endpoint
from bridge.sidecar import service_manager
from bridge.sidecar.service_manager import ServiceManager
from bridge.sidecar.sidecar import Sidecar

from .clock import TIMEOUT_S
from .harness import CHANCE, OFFICER, Harness, Sandbox, eventually
from .terminal import KEY, Terminal

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such sockets")

WATCHDOG_S = 20.0
LOOK_S = WATCHDOG_S / 4


class Manager:
    """The service manager's end of the notification socket."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self._socket.setblocking(False)

    def messages(self) -> list[str]:
        """Return the messages that have arrived since the last call."""
        found = []
        while True:
            try:
                found.append(self._socket.recv(4096).decode())
            except BlockingIOError:
                return found

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def manager() -> Iterator[Manager]:
    # A short path: the address of such a socket has at most 107 bytes.
    with tempfile.TemporaryDirectory(prefix="eo") as folder:
        made = Manager(str(Path(folder) / "notify"))
        yield made
        made.close()


@asynccontextmanager
async def managed(harness: Harness, director: Sandbox, manager: Manager) -> AsyncIterator[str]:
    """A sidecar that a service manager with a watchdog started; the value is its link's address."""
    link = Link("tcp://127.0.0.1:0")
    stop = asyncio.Event()
    sidecar = Sidecar(
        harness.settings,
        journal=harness.journal,
        director=director.director,
        link=link,
        keys={OFFICER: KEY},
        clock=harness.clock,
        uniform=lambda: CHANCE,
        log=harness.log,
        manager=ServiceManager(manager.address, watchdog_s=WATCHDOG_S),
    )
    task = asyncio.create_task(sidecar.run(stop))
    try:
        yield link.endpoint
    finally:
        stop.set()
        async with asyncio.timeout(TIMEOUT_S):
            await task


async def look(harness: Harness, times: int = 1) -> None:
    """Let the reporter look so many times at the workers, each of which has its turn between two looks."""
    for _ in range(times):
        for _ in range(int(LOOK_S)):
            await turns()
            harness.clock.advance(1)
    await turns()


async def turns() -> None:
    """Let every task run as far as it can without time: threads and sockets need a moment of real time."""
    for _ in range(20):
        await asyncio.sleep(0.001)


@contextmanager
def other_writer(path: Path) -> Iterator[None]:
    """Hold the journal's lock from another connection."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


async def test_readiness_and_the_stop_are_reported_in_order(
    harness: Harness, director: Sandbox, manager: Manager
) -> None:
    seen: list[str] = []

    def has_fed() -> bool:
        seen.extend(manager.messages())
        return "WATCHDOG=1" in seen

    async with managed(harness, director, manager):
        await eventually(has_fed)
    seen += manager.messages()
    assert seen[0] == "READY=1"
    assert "STATUS=0 of 1 terminals connected" in seen
    assert seen[-1] == "STOPPING=1\nSTATUS=stopping"


async def test_watchdog_is_fed_while_polls_links_and_journal_work(
    harness: Harness, director: Sandbox, manager: Manager
) -> None:
    async with managed(harness, director, manager) as endpoint, Terminal(endpoint, harness.clock) as terminal:
        await terminal.join()
        await look(harness)
        manager.messages()
        seen: list[str] = []
        # On a busy machine a worker may miss its turn in one of them.
        async with asyncio.timeout(TIMEOUT_S):
            while seen.count("WATCHDOG=1") < 12:
                await look(harness)
                seen += manager.messages()
    assert not any("no progress" in message for message in seen)


async def test_watchdog_is_not_fed_while_a_poll_hangs_and_is_fed_again_afterwards(
    harness: Harness, director: Sandbox, manager: Manager
) -> None:
    """The client's own time-out does not end it: the hang is one that nobody foresaw."""
    director.state.behaviours.set(Behaviour(delay_s=3600), Endpoint.POLL)
    async with managed(harness, director, manager):
        await director.clock.asleep()
        await look(harness, 8)
        manager.messages()
        await look(harness, 2)
        seen = manager.messages()
        assert "WATCHDOG=1" not in seen
        [record] = [each for each in harness.records if each["code"] == "watchdog_not_fed"]
        assert record["workers"] == [f"polls of {OFFICER}"]
        director.state.behaviours.set(Behaviour(), Endpoint.POLL)
        director.clock.advance(3600)
        await look(harness, 2)
        assert "WATCHDOG=1" in manager.messages()
    assert "watchdog_fed" in [each["code"] for each in harness.records]


async def test_watchdog_is_not_fed_while_the_journals_thread_hangs(
    harness: Harness, director: Sandbox, manager: Manager
) -> None:
    going_on = threading.Event()
    async with managed(harness, director, manager):
        await look(harness)
        # A disk that does not answer: the thread stays in the call.
        harness.connection.set_trace_callback(lambda _: going_on.wait(TIMEOUT_S) and None)
        director.issue(harness.directive("dir-1"))
        try:
            await look(harness, 8)
            manager.messages()
            await look(harness, 2)
            seen = manager.messages()
        finally:
            going_on.set()
    assert "WATCHDOG=1" not in seen
    named = [each["workers"] for each in harness.records if each["code"] == "watchdog_not_fed"]
    assert any("journal" in workers for workers in named), named


async def test_watchdog_is_fed_while_another_program_locks_the_journal(
    harness: Harness, director: Sandbox, manager: Manager
) -> None:
    """A restart would lose the halts that count in memory meanwhile."""
    async with managed(harness, director, manager):
        await look(harness)
        with other_writer(harness.path):
            director.issue(harness.directive("dir-1"))
            await look(harness, 8)
            manager.messages()
            await look(harness, 2)
            assert "WATCHDOG=1" in manager.messages()


@pytest.mark.parametrize(
    ("environ", "watchdog_s"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_watchdog_is_the_one_that_the_environment_gives_to_this_process(
    environ: dict[str, str], watchdog_s: float | None
) -> None:
    made = service_manager.from_environment({"NOTIFY_SOCKET": "/run/notify", **environ})
    assert made is not None
    assert made.watchdog_s == watchdog_s


@pytest.mark.parametrize("address", ["", "vsock:2:1234", "notify", "@", "/"])
def test_address_that_is_no_unix_socket_is_none(address: str) -> None:
    assert service_manager.from_environment({"NOTIFY_SOCKET": address}) is None


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone has abstract names")
def test_socket_with_an_abstract_name_is_reached() -> None:
    listening = Manager(f"@execution-officer-test-{os.getpid()}")
    try:
        ServiceManager(listening.address).status("two\nlines")
        assert listening.messages() == ["STATUS=two lines"]
    finally:
        listening.close()


def test_manager_that_is_gone_is_no_error(manager: Manager) -> None:
    manager.close()
    Path(manager.address).unlink()
    ServiceManager(manager.address).feed()
