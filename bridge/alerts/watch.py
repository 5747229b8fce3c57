"""Watch of the sidecar's state: what `status` would say, looked at every few seconds, becomes alerts."""

import asyncio
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Final

from bridge.alerts.addresses import Addresses
from bridge.alerts.alive import Alive
from bridge.alerts.apprise_channel import channels
from bridge.alerts.sender import Sender
from bridge.core.alerts.condition import BROKER_CONNECTION, EQUITY_LIMIT, REJECTIONS, Condition
from bridge.core.alerts.due import Memory, Message, due, summary_is_due
from bridge.core.settings import AlertSettings, Settings
from bridge.journal.database.errors import JournalError
from bridge.journal.views import occurrences
from bridge.log_codes import LogCode
from bridge.sidecar.live_status import LiveOfficer, LiveStatus, LiveTerminal
from bridge.sidecar.onlooker import Parts
from bridge.status.command_lines import CommandLines
from bridge.status.health import ALERTS
from bridge.status.look import Look, with_journal
from bridge.status.reading import connection_at

LOOK_S: Final = 10.0
"""Seconds between two looks."""


class AlertWatch:
    """Onlooker that sends alerts. No error of it ends a worker, and nothing of it delays one."""

    def __init__(
        self,
        settings: AlertSettings,
        addresses: Addresses,
        journal: Path,
        lines: CommandLines,
        *,
        look_s: float = LOOK_S,
    ) -> None:
        self._settings = settings
        self._addresses = addresses
        self._journal = journal
        self._lines = lines
        self._look_s = look_s
        self._memory = Memory()
        # Its own thread: it reads the journal, which may take seconds.
        self._reading = ThreadPoolExecutor(1, thread_name_prefix="alerts look")

    async def run(self, parts: Parts) -> None:
        """Look until cancelled."""
        runtime, called_at = parts.runtime, float("-inf")
        sender = Sender(
            lambda: channels(self._addresses.apprise),
            title=f"execution-officer on {socket.gethostname()}",
            timeout_s=self._settings.timeout_s,
            log=runtime.log,
        )
        url = self._addresses.alive_url
        alive = None if url is None else Alive(url, self._settings.timeout_s, runtime.log)
        first = True
        try:
            while True:
                try:
                    well = await self._look(parts, sender)
                    runtime.alert_trouble = sender.trouble
                    now = runtime.clock.monotonic()
                    if alive is not None and well and now - called_at >= self._settings.alive_every_s:
                        called_at = now
                        alive.call()
                    first = True
                except Exception as error:
                    runtime.log.repeated(LogCode.ALERT_LOOK_FAILED, first=first, exc_info=error)
                    runtime.alert_trouble, first = f"internal error: {type(error).__name__}", False
                await runtime.clock.sleep(self._look_s)
        finally:
            sender.close()
            if alive is not None:
                alive.close()

    def close(self) -> None:
        """End the thread that reads."""
        self._reading.shutdown(wait=False, cancel_futures=True)

    async def _look(self, parts: Parts, sender: Sender) -> bool:
        """Look once, and send what is due. Return True where no action is required."""
        runtime = parts.runtime
        live, now, monotonic = parts.status.read(), runtime.now(), runtime.clock.monotonic()
        summary, self._memory = summary_is_due(now, self._memory, self._settings)
        loop = asyncio.get_running_loop()
        found, about_day = await loop.run_in_executor(
            self._reading, self._read, live, runtime.settings, now, summary
        )
        message, self._memory = due(found, now, monotonic, self._memory, self._settings)
        if message is not None:
            sender.put(message)
        if about_day is not None:
            sender.put(about_day)
        return not found

    def _read(
        self, live: LiveStatus, settings: Settings, now: datetime, summary: bool
    ) -> tuple[list[Condition], Message | None]:
        shown = with_journal(Look(sidecar=live), self._journal, settings, now)
        found = [
            Condition(officer=each.officer, code=each.code, what=each.what, remedy=each.remedy)
            for each in shown.actions(settings, self._lines)
            if each.code != ALERTS
        ]
        found += [condition for officer in live.officers for condition in _of_broker(officer)]
        try:
            found += self._of_journal(live, settings, now)
            about_day = self._day(live, settings, now, found) if summary else None
        except JournalError:
            # `status` requires action for it already.
            about_day = None
        return found, about_day

    def _of_journal(self, live: LiveStatus, settings: Settings, now: datetime) -> list[Condition]:
        found = []
        most = self._settings.rejections_in_a_row
        with connection_at(self._journal) as connection:
            for officer in settings.officers:
                if occurrences.rejections_in_a_row(connection, officer.id, now, most) >= most:
                    found.append(
                        Condition(
                            officer=officer.id,
                            code=REJECTIONS,
                            what=f"the last {most} orders or more were rejected",
                            remedy=f"read the reasons: {self._lines.named('journal list')} --state REJECTED",
                        )
                    )
                beat = _heartbeat(live, officer.id)
                if beat is None:
                    continue
                limit = occurrences.equity_limit(connection, officer, beat.equity, beat.margin, now)
                if limit is not None:
                    found.append(
                        Condition(
                            officer=officer.id,
                            code=EQUITY_LIMIT,
                            what=f"nothing is opened ({limit.code}): {limit.message}",
                            remedy="closes continue; opens do once the limit is no longer reached",
                        )
                    )
        return found

    def _day(self, live: LiveStatus, settings: Settings, now: datetime, found: list[Condition]) -> Message:
        begin = now.replace(hour=0, minute=0, second=0, microsecond=0)
        lines = []
        with connection_at(self._journal) as connection:
            for officer in settings.officers:
                line = f"{officer.id}: {occurrences.day_of(connection, officer.id, begin)}"
                if (beat := _heartbeat(live, officer.id)) is not None:
                    line += f"; balance {beat.balance}, equity {beat.equity}"
                lines.append(line)
        state = "all is well" if not found else f"{len(found)} conditions require attention"
        return Message(
            title=f"{begin.date().isoformat()}, {state}",
            body="\n".join([*lines, *map(str, found)]),
            summary=True,
        )


def _heartbeat(live: LiveStatus, officer: str) -> LiveTerminal | None:
    for each in live.officers:
        if each.officer == officer and each.session is not None and each.session.alive:
            return each.session.heartbeat
    return None


def _of_broker(officer: LiveOfficer) -> Iterator[Condition]:
    session = officer.session
    if session is not None and session.heartbeat is not None and not session.heartbeat.broker_connected:
        yield Condition(
            officer=officer.officer,
            code=BROKER_CONNECTION,
            what="its terminal is not connected to the broker",
            remedy="look at the terminal's journal, and at the broker's announcements",
        )
