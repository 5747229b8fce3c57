"""The sidecar as one process: connects the workers, starts and stops them in order."""

import asyncio
import os
import secrets
from collections.abc import Mapping, Sequence

from bridge import __version__
from bridge.core.link.handshake import LinkKey
from bridge.core.link.session import Sessions
from bridge.core.settings import LEAST_TAKEOVER_MARGIN_S, Settings
from bridge.core.units.clock import Clock, Entropy, Uniform
from bridge.journal.database.errors import JournalUnavailableError
from bridge.journal.database.thread import JournalThread
from bridge.journal.journal import Journal
from bridge.journal.whole_check import JournalNotWholeError
from bridge.log_codes import LogCode
from bridge.logs import EventLog
from bridge.sidecar.connection_watch import ConnectionWatch
from bridge.sidecar.control import ControlServer
from bridge.sidecar.control_socket import ControlSocket
from bridge.sidecar.deliverer import Deliverer
from bridge.sidecar.dispatcher import Dispatcher
from bridge.sidecar.journal_check import JournalCheck
from bridge.sidecar.link_worker import LinkWorker
from bridge.sidecar.lost_journal import LostJournalReporter
from bridge.sidecar.onlooker import Onlooker, Parts
from bridge.sidecar.operator_commands import OperatorCommands
from bridge.sidecar.poller import Poller
from bridge.sidecar.ports import Director, TerminalLink
from bridge.sidecar.progress_watch import LOOK_S, ProgressWatch
from bridge.sidecar.runtime import Runtime
from bridge.sidecar.service_manager import ServiceManager
from bridge.sidecar.service_reporter import ServiceReporter
from bridge.sidecar.status_reader import StatusReader

JOURNAL_WAIT_S = 2.0
"""Seconds that a stop waits for a lock that another program has on the journal."""
DRAIN_S = 3.0
"""Seconds that a stop waits for posts in flight."""


class Sidecar:
    """Polls, journals, dispatches and delivers for its officers until it is stopped."""

    def __init__(
        self,
        settings: Settings,
        *,
        journal: Journal,
        director: Director,
        link: TerminalLink,
        keys: Mapping[str, LinkKey],
        clock: Clock,
        uniform: Uniform,
        log: EventLog,
        control: ControlSocket | None = None,
        manager: ServiceManager | None = None,
        onlookers: Sequence[Onlooker] = (),
        entropy: Entropy = secrets.token_bytes,
    ) -> None:
        """`control` None: no control endpoint. `manager` None: no service manager wants messages."""
        self._thread = JournalThread(journal.together, monotonic=clock.monotonic)
        self._runtime = Runtime(settings, journal, self._thread, clock, uniform, log, entropy=entropy)
        self._director = director
        self._link = link
        sessions = Sessions(
            keys,
            heartbeat_s=settings.link.heartbeat_s,
            lost_after_s=settings.link.lost_after_s,
            nonce=lambda: entropy(32).hex(),
        )
        self._links = LinkWorker(self._runtime, link, sessions)
        self._connections = ConnectionWatch(self._runtime, link, sessions)
        self._dispatcher = Dispatcher(self._runtime, self._links)
        self._deliverer = Deliverer(self._runtime, director)
        self._lost_journal = LostJournalReporter(self._runtime, director)
        self._journal_check = JournalCheck(self._runtime, journal.unchecked)
        self._pollers = [Poller(self._runtime, director, officer) for officer in settings.officers]
        self._status = StatusReader(self._runtime, sessions, self._links, self._deliverer, pid=os.getpid())
        self._reporters = [ServiceReporter(self._runtime, self._links, manager)] if manager else []
        self._watch = ProgressWatch(
            self._runtime,
            [reporter.looked for reporter in self._reporters],
            look_s=min([LOOK_S, *(reporter.look_s for reporter in self._reporters)]),
        )
        self._onlookers = onlookers
        self._commands = OperatorCommands(self._runtime, self._links)
        self._control = control
        self._servers = (
            [ControlServer(self._runtime, self._status, self._commands, control)]
            if control is not None
            else []
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set, then stop in order: control, poll, dispatch, delivery, link, journal.

        A worker that fails ends all of them, and its error is raised.
        """
        self._log_start()
        await self._warn_of_officers()
        try:
            async with asyncio.TaskGroup() as group:
                linking = [
                    group.create_task(self._links.receive(), name="link"),
                    group.create_task(self._links.tick(), name="heartbeats"),
                    group.create_task(self._connections.run(), name="connections"),
                ]
                delivering = group.create_task(self._deliverer.run(), name="delivery")
                dispatching = group.create_task(self._dispatcher.run(), name="dispatch")
                reporting = group.create_task(self._lost_journal.run(), name="lost journal")
                checking = group.create_task(self._journal_check.run(), name="journal check")
                serving = [group.create_task(server.run(), name="control") for server in self._servers]
                polling = [group.create_task(poller.run(), name="poll") for poller in self._pollers]
                # Last: the journal is open and the link bound, and every worker has begun.
                for reporter in self._reporters:
                    reporter.ready()
                watching = self._watch_progress(group)
                await stop.wait()
                self._runtime.log.info(LogCode.SIDECAR_STOPPING)
                for reporter in self._reporters:
                    reporter.stopping()
                await _end(*watching)
                self._runtime.end_journal_waits(JOURNAL_WAIT_S)
                await _end(checking, *serving)
                await _end(*polling)
                await _end(dispatching, reporting)
                await _end(delivering)
                await self._deliverer.finish(DRAIN_S)
                await self._links.end_sessions()
                await _end(*linking)
                await self._link.finish()
        except ExceptionGroup as failed:
            for error in failed.exceptions:
                if isinstance(error, JournalNotWholeError):
                    self._runtime.log.critical(LogCode.JOURNAL_NOT_WHOLE, reason=str(error))
                else:
                    self._runtime.log.critical(LogCode.SIDECAR_TASK_FAILED, exc_info=error)
            raise
        finally:
            self._link.close()
            if self._control is not None:
                self._control.close()
            for onlooker in self._onlookers:
                onlooker.close()
            self._thread.close()
        self._runtime.log.info(LogCode.SIDECAR_STOPPED)

    def _watch_progress(self, group: asyncio.TaskGroup) -> list[asyncio.Task[None]]:
        """Watch the workers where somebody asks for it, and show them."""
        if not self._reporters and not self._onlookers:
            return []
        parts = Parts(self._runtime, self._status, self._watch, self._commands)
        return [
            group.create_task(self._watch.run(), name="progress"),
            *(group.create_task(onlooker.run(parts), name="onlooker") for onlooker in self._onlookers),
        ]

    def _log_start(self) -> None:
        settings = self._runtime.settings
        self._runtime.log.info(
            LogCode.SIDECAR_STARTING,
            version=__version__,
            director=settings.director.url,
            journal=settings.journal.path,
            link=self._link.endpoint,
            officers=[officer.id for officer in settings.officers],
        )
        if settings.link.takeover_margin_s < LEAST_TAKEOVER_MARGIN_S:
            self._runtime.log.warning(
                LogCode.TAKEOVER_UNSAFE,
                takeover_margin_s=settings.link.takeover_margin_s,
                least=LEAST_TAKEOVER_MARGIN_S,
            )
        for officer in settings.officers:
            self._runtime.log.info(
                LogCode.OFFICER_CONFIGURED,
                officer=officer.id,
                order_id_prefix=officer.prefix,
                real_accounts="allowed" if officer.allow_real else "refused",
                poll_s=settings.director.poll_interval_s,
            )

    async def _warn_of_officers(self) -> None:
        """Log each officer that the configuration lost while something of it is open: nobody watches that."""
        try:
            left_open = await self._runtime.step(lambda journal: journal.left_open())
        except JournalUnavailableError:
            # Another program locks the journal. `status` shows the officers too.
            return
        for officer, (lots, resting) in left_open.items():
            self._runtime.log.warning(
                LogCode.OFFICER_NOT_CONFIGURED, officer=officer, open_positions=lots, pending_orders=resting
            )


async def _end(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
