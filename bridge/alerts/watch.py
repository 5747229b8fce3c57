"""Watch of the sidecar's state: what `status` would say, looked at every few seconds, becomes alerts."""

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from bridge.alerts.addresses import Addresses
from bridge.alerts.alive import Alive
from bridge.alerts.apprise_channel import channels
from bridge.alerts.observation import Observation
from bridge.alerts.sender import Sender
from bridge.core.alerts.due import Memory, due, summary_is_due
from bridge.core.settings import AlertSettings, Settings
from bridge.log_codes import LogCode
from bridge.sidecar.onlooker import Parts
from bridge.status.command_lines import CommandLines

LOOK_S: Final = 10.0
"""Seconds between two looks."""


class AlertWatch:
    """Onlooker that sends alerts. No error of it ends a worker, and nothing of it delays one."""

    def __init__(
        self,
        settings: Settings,
        addresses: Addresses,
        journal: Path,
        lines: CommandLines,
        *,
        look_s: float = LOOK_S,
    ) -> None:
        self._settings = settings.alerts or AlertSettings()
        self._addresses = addresses
        self._observation = Observation(settings, journal, lines)
        self._look_s = look_s
        self._memory = Memory()
        # Its own thread: it reads the journal, which may take seconds.
        self._reading = ThreadPoolExecutor(1, thread_name_prefix="alerts look")

    async def run(self, parts: Parts) -> None:
        """Look until cancelled."""
        runtime, called_at = parts.runtime, float("-inf")
        sender = Sender(
            channels(self._addresses.apprise),
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
        """Look once, and send what is due. Return True where no action is required, and alerts are accepted."""
        runtime = parts.runtime
        live, now, monotonic = parts.status.read(), runtime.now(), runtime.clock.monotonic()
        summary, self._memory = summary_is_due(now, self._memory, self._settings)
        loop = asyncio.get_running_loop()
        found, about_day = await loop.run_in_executor(
            self._reading, self._observation.observe, live, now, summary
        )
        message, self._memory = due(found, now, monotonic, self._memory, self._settings)
        if message is not None:
            sender.put(message)
        if about_day is not None:
            sender.put(about_day)
        # Where an address does not accept them, the end of the calls to the alive URL is the alert that is left.
        return not found and not sender.trouble
