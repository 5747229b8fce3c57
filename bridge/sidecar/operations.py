"""What a person may ask of whoever owns the journal, and how it is carried out.

A running sidecar carries a request out when it comes over the control endpoint; where none runs the command that
owns the journal meanwhile does it by the same words.
"""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Annotated, ClassVar, Final, Generic, TypeVar

import msgspec

from bridge.core.link.messages import Name
from bridge.core.settings import Settings
from bridge.journal.journal import Journal
from bridge.journal.operator.halt import Flattened, Halt
from bridge.journal.operator.rebind import Rebound, StillUnresolvedError
from bridge.journal.operator.resolve import CannotResolveError, Resolved, Word
from bridge.journal.steps.outbox import RefusedEvent

MOST_NAMED: Final = 50
"""Symbols that a refusal names."""

A = TypeVar("A", bound=msgspec.Struct)
Why = Annotated[str, msgspec.Meta(max_length=500)]
Note = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
"""What a person has to say: for the audit."""
Directives = Annotated[list[Name], msgspec.Meta(max_length=100)]
Nonce = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{16}\Z")]
"""8 random bytes in lower-case hex, drawn by who asks."""


class RefusedError(Exception):
    """The request cannot be carried out as it is. Nothing was changed; the message says why."""


class Request(msgspec.Struct, Generic[A], frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something to be done by the owner of the journal. Each kind says how: a Struct can be no ABC, so that one
    which does not fails when it is asked."""

    path: ClassVar[str]
    """Where the control endpoint takes it."""

    @classmethod
    def answer_type(cls) -> type[A]:
        """What it is answered with."""
        raise NotImplementedError

    def perform(self, journal: Journal, settings: Settings, now: datetime) -> A:
        """Carry it out. Raises RefusedError, JournalUnavailableError."""
        raise NotImplementedError


class Halts(msgspec.Struct, frozen=True, kw_only=True):
    """The halts that stand now, or those that were lifted; by officer and symbol."""

    halts: list[Halt]


class Flattens(msgspec.Struct, frozen=True, kw_only=True):
    """One directive for each officer."""

    flattens: list[Flattened]


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """Events that the Director had refused for good, and that something was done about."""

    events: list[RefusedEvent]


class HaltRequest(Request[Halts], frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Stop opens of one officer or, with None, of all."""

    path = "/v1/halt"

    officer: Name | None = None
    symbol: str = ""
    """The Director's name for it, or the broker's; empty for all."""
    why: Why = ""

    @classmethod
    def answer_type(cls) -> type[Halts]:
        return Halts

    def perform(self, journal: Journal, settings: Settings, now: datetime) -> Halts:
        officers = _officers(self.officer, settings)
        if self.symbol:
            _check_symbol(self.symbol, officers, journal, settings)
        return Halts(
            halts=[journal.halt(officer, now, symbol=self.symbol, why=self.why) for officer in officers]
        )


class ResumeRequest(Request[Halts], frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Lift halts."""

    path = "/v1/resume"

    officer: Name | None = None
    symbol: str | None = None
    """None: every halt. Empty: the officer's own alone."""
    why: Why = ""

    @classmethod
    def answer_type(cls) -> type[Halts]:
        return Halts

    def perform(self, journal: Journal, settings: Settings, now: datetime) -> Halts:
        lifted = [
            journal.resume(officer, now, symbol=self.symbol, why=self.why)
            for officer in _officers(self.officer, settings)
        ]
        return Halts(halts=[halt for halts in lifted for halt in halts])


class FlattenRequest(Request[Flattens], frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Close all positions and cancel all pending orders, and halt."""

    path = "/v1/flatten"

    nonce: Nonce
    officer: Name | None = None
    why: Why = ""

    @classmethod
    def answer_type(cls) -> type[Flattens]:
        return Flattens

    def perform(self, journal: Journal, settings: Settings, now: datetime) -> Flattens:
        return Flattens(
            flattens=[
                journal.flatten(officer, now, nonce=self.nonce, why=self.why)
                for officer in _officers(self.officer, settings)
            ]
        )


class ResolveRequest(Request[Resolved], frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Say what became of a command that nobody else can settle."""

    path = "/v1/resolve"

    directive_id: Name
    verdict: Word
    note: Note
    officer: Name | None = None
    """None: the one officer that has such a directive."""
    client_order_id: int | None = None
    """Which of its commands. None: the only one in doubt."""
    price: Decimal | None = None
    quantity: Decimal | None = None

    @classmethod
    def answer_type(cls) -> type[Resolved]:
        return Resolved

    def perform(self, journal: Journal, settings: Settings, now: datetime) -> Resolved:
        officers = _officers(self.officer, settings)
        having = [each for each in officers if journal.has_directive(each, self.directive_id)]
        if not having:
            raise RefusedError(
                f"the journal has no directive {self.directive_id!r}. 'execution-officer journal list' has them all"
            )
        if len(having) > 1:
            raise RefusedError(
                f"the officers {', '.join(having)} have a directive {self.directive_id!r} each: name one"
            )
        try:
            return journal.resolve(
                having[0],
                now,
                directive_id=self.directive_id,
                verdict=self.verdict,
                note=self.note,
                client_order_id=self.client_order_id,
                price=self.price,
                quantity=self.quantity,
            )
        except CannotResolveError as error:
            raise RefusedError(str(error)) from error


class RetryRequest(Request[Refused], frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Offer events that the Director refused for good once more."""

    path = "/v1/retry"

    officer: Name | None = None
    directives: Directives = []
    """Empty: all that was not dismissed. Those of a directive that is named go out though they were."""

    @classmethod
    def answer_type(cls) -> type[Refused]:
        return Refused

    def perform(self, journal: Journal, settings: Settings, now: datetime) -> Refused:
        found = _refused(journal, settings, self.officer, self.directives, dismissed=bool(self.directives))
        for officer, events in found.items():
            journal.retry(officer, events, now)
        return Refused(events=[event for events in found.values() for event in events])


class DismissRequest(Request[Refused], frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Leave refused events as they are: a person has seen them."""

    path = "/v1/dismiss"

    note: Note
    officer: Name | None = None
    directives: Directives = []
    """Empty: all."""

    @classmethod
    def answer_type(cls) -> type[Refused]:
        return Refused

    def perform(self, journal: Journal, settings: Settings, now: datetime) -> Refused:
        found = _refused(journal, settings, self.officer, self.directives, dismissed=False)
        for officer, events in found.items():
            journal.dismiss(officer, events, now, note=self.note)
        return Refused(events=[event for events in found.values() for event in events])


class RebindRequest(Request[Rebound], frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Let an officer go on with another ledger or account. No session of its terminal may stand meanwhile."""

    path = "/v1/rebind"

    officer: Name
    why: Note
    account: bool = False
    """Forget its account too."""

    @classmethod
    def answer_type(cls) -> type[Rebound]:
        return Rebound

    def check(self, journal: Journal, settings: Settings) -> None:
        """Raise what `perform` would refuse it with. Changes nothing."""
        _officers(self.officer, settings)
        try:
            journal.check_rebind(self.officer, account=self.account)
        except StillUnresolvedError as error:
            raise RefusedError(str(error)) from error

    def perform(self, journal: Journal, settings: Settings, now: datetime) -> Rebound:
        self.check(journal, settings)
        return journal.rebind(self.officer, now, account=self.account, why=self.why)


def performing(request: Request[A], settings: Settings, now: datetime) -> Callable[[Journal], A]:
    """The request as one piece of work for the journal's thread."""
    return lambda journal: request.perform(journal, settings, now)


def _officers(officer: str | None, settings: Settings) -> list[str]:
    known = [each.id for each in settings.officers]
    if officer is not None and officer not in known:
        raise RefusedError(f"there is no officer {officer!r}; the configuration has: {', '.join(known)}")
    return known if officer is None else [officer]


def _check_symbol(symbol: str, officers: list[str], journal: Journal, settings: Settings) -> None:
    """Raise RefusedError for a symbol that nobody knows: a halt of it would stop nothing, and nobody would notice.

    Where no symbol at all is known yet there is nothing to compare it with.
    """
    known: set[str] = set()
    for officer in officers:
        known |= journal.known_symbols(officer)
        configured = settings.officer(officer)
        if configured is not None:
            known |= {*configured.symbols, *configured.symbols.values()}
            known |= {*(configured.risk_limits.allowed_symbols or ())}
    if known and symbol not in known:
        there_are = ", ".join(sorted(known)[:MOST_NAMED]) + (", ..." if len(known) > MOST_NAMED else "")
        raise RefusedError(f"no symbol {symbol!r} was ever traded or configured here; there are: {there_are}")


def _refused(
    journal: Journal, settings: Settings, officer: str | None, directives: list[str], *, dismissed: bool
) -> dict[str, list[RefusedEvent]]:
    """The refused events that are meant, by officer. Each directive that is named must have one."""
    found: dict[str, list[RefusedEvent]] = {}
    named: set[str | None] = set()
    # None: of whatever directive.
    meant: list[str | None] = [*sorted(set(directives))] or [None]
    for each in _officers(officer, settings):
        events = [
            event
            for directive_id in meant
            for event in journal.refused(each, directive_id=directive_id, dismissed=dismissed)
        ]
        named |= {event.directive_id for event in events}
        if events:
            found[each] = events
    if missing := sorted(set(directives) - named):
        seen = "" if dismissed else " that was not dismissed yet"
        raise RefusedError(
            f"the Director has refused no event{seen} of {', '.join(map(repr, missing))}. "
            "'execution-officer journal undelivered' has them all"
        )
    return found
