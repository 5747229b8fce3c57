"""Connection watch: applies the limits of the link's connections, and logs what they cost others."""

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Final, Protocol

from bridge.core.link.cut_reasons import CutReason
from bridge.core.link.session import Sessions
from bridge.link_front.front import SWEEP_S
from bridge.log_codes import LogCode
from bridge.sidecar.counted_log import CountedLog
from bridge.sidecar.runtime import Runtime
from bridge.wake_up import WakeUp

STILL_S: Final = 10.0
"""Seconds between looks while the limits have nothing to watch."""
_QUIET: Final = frozenset({CutReason.UNPROVED_LATE})
"""Reasons that a terminal meets too, whose program does not say hello yet."""


class Limited(Protocol):
    """Link, as far as its limits go."""

    @property
    def cuts(self) -> Mapping[CutReason, int]:
        """Connections that were closed or refused, and messages that were dropped, by reason."""

    def set_proved(self, peers: Collection[bytes]) -> None:
        """Set the peers that have a session."""

    def sweep(self) -> None:
        """Apply the limits that depend on time."""

    @property
    def still(self) -> bool:
        """True where no limit depends on time now."""

    @property
    def stirred(self) -> WakeUp:
        """Wake-up when that ends."""


class ConnectionWatch:
    """Runs beside the link worker."""

    def __init__(self, runtime: Runtime, link: Limited, sessions: Sessions) -> None:
        self._runtime = runtime
        self._link = link
        self._sessions = sessions
        self._seen: Counter[CutReason] = Counter()
        self._counted = CountedLog(runtime.clock.monotonic)

    async def run(self) -> None:
        """Sweep until cancelled: every SWEEP_S, and seldom while there is nothing to watch."""
        clock = self._runtime.clock
        while True:
            self.look()
            if self._link.still:
                await self._link.stirred.wait(clock, STILL_S)
            if not self._link.still:
                # Not sooner, whoever connects: each sweep allows a number of new connections.
                await clock.sleep(SWEEP_S)

    def look(self) -> None:
        """Sweep once."""
        self._link.set_proved(self._sessions.proved_peers())
        self._link.sweep()
        seen = Counter(self._link.cuts)
        for reason, count in (seen - self._seen).items():
            if logged := self._counted.note(reason, count):
                self._log(reason, logged)
        self._seen = seen
        for kind, count in self._counted.due():
            self._log(CutReason(str(kind)), count)

    def _log(self, reason: CutReason, count: int) -> None:
        log = self._runtime.log.info if reason in _QUIET else self._runtime.log.warning
        log(LogCode.CONNECTIONS_CUT, reason=reason.value, count=count)
