"""Lives of the sidecar: its real workers on a simulated loop, over a real journal."""

import asyncio
from collections.abc import Callable, MutableMapping
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import Any

import structlog

from bridge.core.link.handshake import LinkKey
from bridge.core.settings import Settings
from bridge.journal.journal import Journal, opened
from bridge.logs import EventLog
from bridge.sidecar.sidecar import Sidecar
from tests.simulation.clock import SimulatedClock
from tests.simulation.director import DirectorPort, SimulatedDirector
from tests.simulation.disk import DISK
from tests.simulation.loop import SimulatedLoop
from tests.simulation.network import MS, Network, SidecarLink
from tests.simulation.schedule import Life, Schedule


class Killed(BaseException):
    """The process is killed at this point."""


class SidecarProcess:
    """One life of the sidecar after the other."""

    def __init__(
        self,
        *,
        settings: Settings,
        journal: Path,
        keys: dict[str, LinkKey],
        schedule: Schedule,
        clock: SimulatedClock,
        network: Network,
        director: SimulatedDirector,
        random: Random,
        trace: Callable[[str, str, dict[str, Any]], None],
    ) -> None:
        self._settings = settings
        self._path = journal
        self._keys = keys
        self._schedule = schedule
        self._clock = clock
        self._network = network
        self._director = director
        self._random = random
        self._trace = trace
        self.life: Life | None = None
        self.lives = 0
        self.slow_disk = False
        self.errors: list[str] = []
        """Errors that nothing in the product has caught."""
        self._stack = ExitStack()
        self._loop: SimulatedLoop | None = None
        self._link: SidecarLink | None = None
        self._journal: Journal | None = None

    @property
    def running(self) -> bool:
        return self.life is not None and self.life.alive

    def start(self) -> None:
        """Begin a life, unless there is one."""
        if self.running:
            return
        self.lives += 1
        life = self.life = Life("sidecar")
        self._trace("sidecar", "starts", {"life": self.lives})
        # Independent of earlier lives: a fault that is left out must not change everything after it.
        random = Random(f"{self._random.random()}")  # noqa: S311 - chosen to be repeated
        self._loop = loop = SimulatedLoop(
            self._schedule, life, job_us=lambda: self._job_us(random), on_error=self._note_error
        )
        self._stack = ExitStack()
        self._journal = journal = self._stack.enter_context(
            opened(self._path, self._settings, monotonic=self._clock.monotonic)
        )
        self._link = link = self._network.listen(life)
        sidecar = Sidecar(
            self._settings,
            journal=journal,
            director=DirectorPort(self._director, life),
            link=link,
            keys=self._keys,
            clock=self._clock,
            uniform=random.random,
            log=self._log(life),
            entropy=random.randbytes,
        )

        async def work() -> None:
            try:
                await sidecar.run(asyncio.Event())
            except Exception as error:
                if life.alive:
                    self.errors.append(f"the sidecar ended: {error!r}")
                raise

        asyncio._set_running_loop(loop)
        try:
            loop.create_task(work(), name="sidecar")
        finally:
            asyncio._set_running_loop(None)

    def kill(self, *, power_fails: bool = False) -> None:
        """End the life where it is: what is in memory is lost, and what was not committed. `power_fails`: and what
        was not synced."""
        if self.life is not None and self.life.alive:
            self.life.alive = False
            self.end_dead(power_fails=power_fails)

    def end_dead(self, *, power_fails: bool = False) -> None:
        """Close what a life that is over has left open. The journal stays as it was left, with its log."""
        self._trace("sidecar", "is killed", {})
        left = DISK.contents(self._path, power_fails=self._random if power_fails else None)
        if self._link is not None and self._loop is not None:
            self._network.stop_listening(self._link)
            self._loop.discard()
        self._stack.close()
        self.put_journal(left)

    def journal_files(self) -> dict[Path, bytes]:
        """Return the journal's files, as a backup of the machine keeps them."""
        return DISK.contents(self._path, power_fails=None)

    def put_journal(self, contents: dict[Path, bytes]) -> None:
        """Put files in the journal's place. The sidecar must not run."""
        for name in (self._path.name, f"{self._path.name}-wal", f"{self._path.name}-shm"):
            self._path.with_name(name).unlink(missing_ok=True)
        for path, content in contents.items():
            path.write_bytes(content)
            path.chmod(0o600)

    def lock_journal(self, locked: bool) -> None:
        """Let nothing be written to the journal, or let it be written again."""
        if self.running and self._journal is not None:
            self._journal._connection.execute(f"PRAGMA query_only = {'ON' if locked else 'OFF'}")

    def _job_us(self, random: Random) -> int:
        if self.slow_disk and random.random() < 0.3:
            return random.randrange(50 * MS, 3_000 * MS)
        return random.randrange(50, 2_000)

    def _note_error(self, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if not isinstance(error, Killed):
            self.errors.append(f"{context.get('message')}: {error!r}")

    def _log(self, life: Life) -> EventLog:
        def record(_: object, __: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
            if life.alive:
                self._trace("sidecar", str(fields.pop("code", "")), dict(fields))
            raise structlog.DropEvent

        return EventLog(
            structlog.wrap_logger(None, processors=[record], wrapper_class=structlog.stdlib.BoundLogger)
        )
