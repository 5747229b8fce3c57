"""Common test setup of the sidecar's workers: a journal on a file, a sandbox Director, a log to inspect."""

import asyncio
import json
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Iterator, MutableMapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import structlog

from bridge.clock import SystemClock
from bridge.core.director.contract import utc_text
from bridge.core.director.poll import read_batch
from bridge.core.settings import DirectorSettings, LinkSettings, OfficerSettings, Settings
from bridge.core.units.clock import Clock
from bridge.director import DirectorClient, DirectorLimits
from bridge.journal.database import file
from bridge.journal.database.thread import JournalThread
from bridge.journal.journal import Journal
from bridge.journal.tables.events import Outgoing
from bridge.logs import EventLog
from bridge.sandbox.server import serve
from bridge.sandbox.state import Listing, SandboxState
from bridge.sidecar.runtime import Follow, Runtime

from .clock import TIMEOUT_S, ManualClock

OFFICER: Final = "officer-1"
API_KEY: Final = "sandbox-key"
CHANCE: Final = 0.5
"""Result of every random draw."""


class SharedJournal(Journal):
    """A journal with two threads: the test's steps come between those of a running sidecar, never within them."""

    def __init__(self, connection: sqlite3.Connection, settings: Settings, clock: ManualClock) -> None:
        super().__init__(connection, settings, monotonic=clock.monotonic)
        self._turn = threading.Lock()

    @contextmanager
    def together(self) -> Iterator[None]:
        with self._turn, super().together():
            yield


class Harness:
    """A Runtime over a journal on a file. The test controls the time."""

    def __init__(
        self, path: Path, *, max_clock_skew_s: float = 86_400.0, mismatch_grace_s: float = 30.0
    ) -> None:
        self.settings = Settings(
            director=DirectorSettings(url="http://127.0.0.1:1", max_clock_skew_s=max_clock_skew_s),
            officers=[OfficerSettings(id=OFFICER, order_id_prefix=0xAB)],
            link=LinkSettings(mismatch_grace_s=mismatch_grace_s),
        )
        self.path = path
        self.clock = ManualClock()
        self.records: list[MutableMapping[str, Any]] = []
        self.log = EventLog(
            structlog.wrap_logger(None, processors=[self._record], wrapper_class=structlog.stdlib.BoundLogger)
        )
        file.create(path)
        self.connection = file.open_writer(path)
        self.journal = SharedJournal(self.connection, self.settings, self.clock)
        self.thread = JournalThread(self.journal.together)
        self.runtime = Runtime(self.settings, self.journal, self.thread, self.clock, lambda: CHANCE, self.log)
        self._reading = file.open_reader(path)
        self._reader = self._reading.__enter__()

    def _record(self, _: object, __: str, records: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        self.records.append(records)
        raise structlog.DropEvent

    def close(self) -> None:
        self.thread.close()
        self._reading.__exit__(None, None, None)
        self.connection.close()

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Return the rows of a query over the committed content of the file."""
        return [tuple(row) for row in self._reader.execute(query, values)]

    def lock_journal(self, locked: bool = True) -> None:
        """Make the journal read-only, or writable again."""
        self.connection.execute(f"PRAGMA query_only = {'ON' if locked else 'OFF'}")

    def directive(self, directive_id: str, **changes: object) -> str:
        """Return an opening directive that is valid on the test's clock."""
        fields: dict[str, object] = {
            "directive_id": directive_id,
            "symbol": "EURUSD",
            "action": "OPEN_LONG",
            "order_type": "MARKET",
            "quantity": 0.3,
            "issued_at": utc_text(self.clock.now()),
            "expires_at": utc_text(self.clock.now() + timedelta(minutes=5)),
        }
        return json.dumps(fields | changes)

    async def take(self, *items: str, followers: Sequence[Follow] = ()) -> None:
        """Journal these directives as if a poll had returned them."""
        batch = read_batch(f'{{"directives": [{", ".join(items)}]}}')
        await self.runtime.step(
            lambda journal: journal.intake(OFFICER, batch, self.clock.now()), followers=followers
        )

    async def queued(self) -> list[Outgoing]:
        """Return the events that may be posted now."""
        return await self.runtime.step(lambda journal: journal.due(100, ()))


async def eventually(reached: Callable[[], bool]) -> None:
    """Let other tasks run until the condition holds; fail after TIMEOUT_S."""
    async with asyncio.timeout(TIMEOUT_S):
        # Threads and sockets bring the condition about; no event of this loop announces it.
        while not reached():  # noqa: ASYNC110 - no event announces it
            await asyncio.sleep(0)


@asynccontextmanager
async def at_work(*works: asyncio.Task[None]) -> AsyncIterator[None]:
    """End the tasks with the context; raise the error of a failed one."""
    try:
        yield
    finally:
        for task in works:
            task.cancel()
        for task in works:
            with suppress(asyncio.CancelledError):
                await task


class WatchedDirector(DirectorClient):
    """The real client, which also records the time of each post."""

    def __init__(self, url: str, clock: Clock, *, watch: Clock) -> None:
        super().__init__(url, API_KEY, clock=clock, limits=DirectorLimits(total_timeout_s=TIMEOUT_S))
        self._watch = watch
        self.url = url
        self.posts: list[tuple[float, str]] = []
        """(monotonic time of the test's clock, event type)."""
        self.answered = 0

    async def post(self, body: bytes, idempotency_key: str) -> Any:
        self.posts.append((self._watch.monotonic(), json.loads(body)["event_type"]))
        answer = await super().post(body, idempotency_key)
        self.answered += 1
        return answer


class Sandbox:
    """A running sandbox Director, and a client of it."""

    def __init__(self, state: SandboxState, director: WatchedDirector, clock: ManualClock) -> None:
        self.state = state
        self.director = director
        self.clock = clock
        """The Director's own clock, on which it sleeps its delays."""

    def issue(self, directive: str) -> None:
        self.state.issue_raw(OFFICER, directive.encode())

    def emitted(self, directive_id: str | None = None) -> list[str]:
        """Return the types of the accepted events in order; of one directive, where one is named."""
        return [received.event.event_type for received in self.state.events(0, directive_id)]


@asynccontextmanager
async def sandbox(watch: Clock) -> AsyncIterator[Sandbox]:
    """A Director on a free loopback port. Posts are timed by `watch`."""
    clock = ManualClock()
    state = SandboxState(API_KEY, clock, listing=Listing.FOREVER)
    stop = asyncio.Event()
    url: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve(state, 0, url.set_result, stop))
    try:
        async with WatchedDirector(await url, SystemClock(), watch=watch) as director:
            yield Sandbox(state, director, clock)
    finally:
        stop.set()
        await serving
