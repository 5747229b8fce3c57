"""Base of the operator commands' requests, and the field types that they share."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, ClassVar, Final, Generic, TypeVar

import msgspec

from bridge.core.link.messages import Name
from bridge.core.settings import Settings
from bridge.exits import ExitCode
from bridge.journal.journal import Journal
from bridge.journal.operator.stop_requests import StopRequest

MOST_NAMED: Final = 50
"""Most symbols that a refusal lists."""

A = TypeVar("A", bound=msgspec.Struct)
Why = Annotated[str, msgspec.Meta(max_length=500)]
"""Reason for the audit; may be empty."""
Note = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
"""Statement of the operator for the audit; required."""
By = Annotated[str, msgspec.Meta(max_length=200)]
"""Name of a user; empty where none is stated."""
Directives = Annotated[list[Name], msgspec.Meta(max_length=100)]
Nonce = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{16}\Z")]
"""8 random bytes in lower-case hex, drawn by the caller."""


class RefusedError(Exception):
    """The request cannot be performed as it is. Nothing was changed; the message says why."""

    def __init__(self, message: str, exit_status: ExitCode = ExitCode.FAILED) -> None:
        super().__init__(message)
        self.exit_status = exit_status
        """Exit status of the command line."""


class Request(msgspec.Struct, Generic[A], frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One operator command with its arguments, answered with an `A`.

    A Struct cannot be an abstract base class, so a request without its methods fails when it is used.
    """

    name: ClassVar[str]
    """Name of the command, at the command line and in the control endpoint's path."""

    by: By = ""
    """User of the operating system who gave it, by their own command line's statement; for the audit."""

    @classmethod
    def path(cls) -> str:
        """Return the path at the control endpoint."""
        return f"/v1/{cls.name}"

    @classmethod
    def answer_type(cls) -> type[A]:
        """Return the type of the answer."""
        raise NotImplementedError

    def officer_without_session(self) -> str | None:
        """Return the officer whose terminal must have no session during `perform`; None for none."""
        return None

    def check(self, journal: Journal, settings: Settings) -> None:
        """Raise RefusedError when `perform` would. Changes nothing. Called before a session is ended."""

    def perform(self, journal: Journal, settings: Settings, now: datetime) -> A:
        """Perform the command in the journal. Raises RefusedError, JournalUnavailableError."""
        raise NotImplementedError


class StopCommand(Request[A], Generic[A], frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Operator command that stops trading. A running sidecar lets it count before the journal has it."""

    def stop_requests(self, settings: Settings, now: datetime) -> list[StopRequest]:
        """Return what the command asks for, one for each officer. Raises RefusedError for an unknown officer."""
        raise NotImplementedError

    def needs_journal(self) -> str:
        """Return the reason for which it cannot count once the journal's file is gone, with the remedy; empty where
        it can."""
        return ""

    def needs_check(self) -> bool:
        """Return True where `check` must be called first: it waits for the journal."""
        return False

    def stopped(self, stops: list[StopRequest], not_stored: str, *, unchecked: bool) -> A:
        """Return the answer. `not_stored`: reason for which the journal does not have it yet. `unchecked`: `check`
        could not be called in time."""
        raise NotImplementedError


def performing(request: Request[A], settings: Settings, now: datetime) -> Callable[[Journal], A]:
    """Return the request as one piece of work for the journal's thread, whose audit rows have its user."""

    def work(journal: Journal) -> A:
        with journal.acting(request.by):
            return request.perform(journal, settings, now)

    return work


def officers_meant(officer: str | None, settings: Settings) -> list[str]:
    """Return the officer, or with None all of the configuration. Raises RefusedError for an unknown one."""
    known = [each.id for each in settings.officers]
    if officer is not None and officer not in known:
        raise RefusedError(f'unknown officer "{officer}"; the configuration has: {", ".join(known)}')
    return known if officer is None else [officer]


def symbols_known(officers: list[str], journal: Journal, settings: Settings) -> set[str]:
    """Return every name of a symbol that these officers traded or that their configuration has."""
    known: set[str] = set()
    for officer in officers:
        known |= journal.known_symbols(officer)
        configured = settings.officer(officer)
        if configured is not None:
            known |= {*configured.symbols, *configured.symbols.values()}
            known |= {*(configured.risk_limits.allowed_symbols or ())}
    return known


def unknown_symbol(symbol: str, known: set[str]) -> RefusedError:
    """Return the refusal of a symbol that is none of the known ones."""
    listed = ", ".join(sorted(known)[:MOST_NAMED]) + (", ..." if len(known) > MOST_NAMED else "")
    return RefusedError(
        f'unknown symbol "{symbol}": it was never traded or configured here; known symbols: {listed or "none"}'
    )


def noted(not_stored: str, symbol: str, *, unchecked: bool) -> str:
    """Return the reason for which a stop is in memory alone, with a note where its symbol could not be checked."""
    note = "; whether the symbol is known here could not be checked" if symbol and unchecked else ""
    return f"{not_stored}{note}" if not_stored else ""
