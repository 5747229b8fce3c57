"""Progress of the sidecar's workers: each states by when it will be heard of again.

A watchdog is fed only while none is overdue. A process whose event loop runs while its polls hang is as useless as
one that hangs as a whole.
"""

from typing import Final

ALLOWANCE_S: Final = 20.0
"""Seconds that a worker may take longer than it states: a busy machine, a slow disk."""


class Progress:
    """Times on the monotonic clock, in seconds, by which workers are due."""

    def __init__(self) -> None:
        self._due: dict[str, float] = {}

    def expect(self, worker: str, now: float, within_s: float = 0.0) -> None:
        """Note that the worker works, and will again within that time and the allowance."""
        self._due[worker] = now + within_s + ALLOWANCE_S

    def excuse(self, seconds: float) -> None:
        """Give every worker that much longer: all wait for something that is to be waited for."""
        self._due = {worker: due + seconds for worker, due in self._due.items()}

    def overdue(self, now: float) -> list[str]:
        """Return the workers that are overdue, in alphabetical order."""
        return sorted(worker for worker, due in self._due.items() if due < now)
