"""Stop requests: halts and flattens of an operator that count before the journal has them.

While another program locks the journal, or its disk is full, a running sidecar accepts them in memory. Every
transaction stores the accepted ones first, so that nothing is dispatched after a stop request that it forbids.
"""

import threading
from collections.abc import Callable, Iterable
from datetime import datetime

import msgspec

from bridge.core.director.contract import utc_text
from bridge.journal.database.file import is_file_error
from bridge.journal.database.words import HaltSetter
from bridge.journal.operator.halt import Flattened, flatten, flatten_id, flatten_reason, halt
from bridge.journal.steps.step import Step
from bridge.journal.tables.halts import ALL, Halt


class StopRequest:
    """A halt of one officer, or a flatten where it has a nonce."""

    def __init__(
        self, officer: str, at: datetime, *, symbol: str = ALL, why: str = "", nonce: str = "", by: str = ""
    ) -> None:
        self.officer = officer
        self.at = at
        self.symbol = symbol
        self.why = why
        self.nonce = nonce
        self.by = by
        """User who gave it; empty where none is known."""
        self.stored: Halt | None = None
        """The halt as the journal has it; None until it is stored."""

    @property
    def halt(self) -> Halt:
        """The halt in force. One that was in force before it keeps its reason and its time once this is stored."""
        why = flatten_reason(self.why) if self.nonce else self.why
        in_memory = Halt(
            officer=self.officer,
            symbol=self.symbol,
            since=utc_text(self.at),
            why=why,
            set_by=HaltSetter.OPERATOR,
        )
        return self.stored or in_memory

    @property
    def flattened(self) -> Flattened:
        """The flatten's directive and halt."""
        return Flattened(officer=self.officer, directive_id=flatten_id(self.at, self.nonce), halt=self.halt)

    def store(self, step: Step) -> Halt:
        """Write it into the journal, inside the caller's transaction."""
        if self.nonce:
            return flatten(step, nonce=self.nonce, why=self.why, symbol=self.symbol).halt
        return halt(step, symbol=self.symbol, why=self.why)


class StopRequests:
    """Accepted stop requests that the journal does not have yet. Any thread may accept and read."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: tuple[StopRequest, ...] = ()

    @property
    def waiting(self) -> tuple[StopRequest, ...]:
        """Those that the journal does not have yet, in order."""
        return self._waiting

    def accept(self, requests: Iterable[StopRequest]) -> None:
        """Let the requests count from now on."""
        with self._lock:
            self._waiting = (*self._waiting, *requests)

    def store(
        self, make_step: Callable[[StopRequest], Step], *, without: Iterable["StoredStops"] = ()
    ) -> "StoredStops":
        """Write every accepted request into the journal, inside the caller's transaction.

        `without`: those that the transaction has written already.
        One on which the bridge itself fails is left out: it must not stop the others, nor the transaction.
        """
        done: list[tuple[StopRequest, Halt]] = []
        written = {request for stored in without for request, _ in stored.done}
        for request in self._waiting:
            if request in written:
                continue
            step = make_step(request)
            try:
                with step.contained():
                    done.append((request, request.store(step)))
            except Exception as error:
                if is_file_error(error):
                    raise
        return StoredStops(done)

    def committed(self, stored: "StoredStops") -> None:
        """Forget the requests that a transaction has stored, once it is committed."""
        gone = set()
        for request, in_force in stored.done:
            request.stored = in_force
            gone.add(request)
        with self._lock:
            self._waiting = tuple(request for request in self._waiting if request not in gone)


class StoredStops(msgspec.Struct, frozen=True):
    """Requests that a transaction has written, each with the halt that is in force."""

    done: list[tuple[StopRequest, Halt]]
