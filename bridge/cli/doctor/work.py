"""Checks of the work under way: events, outcomes, quarantines, halts, and all else that requires an operator."""

from collections.abc import Collection, Iterator, Sequence
from typing import Final

from bridge.cli.doctor.finding import Finding, ok, unseen, warning, wrong
from bridge.cli.doctor.observed import Observed
from bridge.core.units.elapsed import seconds_between
from bridge.journal.database.words import HaltSetter
from bridge.journal.views.status import JournalStatus, OfficerStatus
from bridge.status.health import OUTAGE_S, RequiredAction
from bridge.status.texts import ago

_OWN_CHECKS: Final = frozenset(
    {
        "NO_ANSWER",
        "NO_TERMINAL",
        "TRADING_FORBIDDEN",
        "DELIVERY",
        "REFUSED_EVENTS",
        "UNKNOWN",
        "QUARANTINED",
        "HALTED",
    }
)
"""Codes of required actions that a check of their own shows."""


def work(seen: Observed, actions: Sequence[RequiredAction]) -> Iterator[Finding]:
    """Yield every finding about the work under way."""
    journal = seen.look.journal
    if journal is None:
        for check in ("undelivered events", "outcomes", "quarantine", "halts"):
            yield unseen(check, "the journal cannot be read", "see 'journal'")
    else:
        for officer in journal.officers:
            yield _undelivered(seen, officer, actions)
        yield from _outcomes(seen, journal, actions)
        yield from _of_code("quarantine", "QUARANTINED", actions, "no officer is quarantined")
        yield from _halts(seen, journal, actions)
    yield from _others(seen, actions)


def _undelivered(seen: Observed, officer: OfficerStatus, actions: Sequence[RequiredAction]) -> Finding:
    """Check the events that the Director has not accepted, and the age of the oldest."""
    check = "undelivered events"
    for action in actions:
        if (action.code, action.officer) == ("REFUSED_EVENTS", officer.officer):
            return wrong(check, action.what, action.remedy, officer=officer.officer)
    queued, count = officer.oldest_queued_at, officer.events_queued
    if queued is None:
        return ok(check, "none", officer=officer.officer)
    value = f"{count}, the oldest for {ago(queued, seen.now)}"
    if seen.look.sidecar is None:
        remedy = "start the sidecar, which delivers them; they are kept"
        return warning(check, value, remedy, officer=officer.officer)
    if seconds_between(queued, seen.now) >= OUTAGE_S:
        remedy = "read in the sidecar's log what the Director answers; they are kept and retried"
        return wrong(check, value, remedy, officer=officer.officer)
    return ok(check, f"{value}: they are being delivered", officer=officer.officer)


def _outcomes(seen: Observed, journal: JournalStatus, actions: Sequence[RequiredAction]) -> Iterator[Finding]:
    """Check for commands whose outcome is open."""
    unknown = list(_of_code("outcomes", "UNKNOWN", actions))
    yield from unknown
    open_ones = [each for each in journal.unresolved if each.state == "UNRESOLVED"]
    for each in open_ones:
        yield warning(
            "outcomes",
            f"directive {each.directive_id}: its outcome is open since {ago(each.dispatched_at, seen.now)}, and "
            "is being reconciled",
            "wait for the terminal's answer, with sidecar and terminal running",
            officer=each.officer,
        )
    if not unknown and not open_ones:
        yield ok("outcomes", "no directive is UNKNOWN or unresolved")


def _halts(seen: Observed, journal: JournalStatus, actions: Sequence[RequiredAction]) -> Iterator[Finding]:
    """Check for halts: those of the bridge are wrong, those of an operator restrict trading."""
    yield from _of_code("halts", "HALTED", actions)
    for halt in journal.halts:
        if halt.set_by != HaltSetter.BRIDGE:
            symbol = seen.lines.option("--symbol", halt.symbol)
            yield warning(
                "halts",
                f"an operator halted {halt.symbol or 'all symbols'} {ago(halt.since, seen.now)} ago: "
                f"{halt.why or 'no reason given'}",
                f"if opens should go on: {seen.lines.of_officer('resume', halt.officer)}{symbol}",
                officer=halt.officer,
            )
    if not journal.halts:
        yield ok("halts", "none")


def _others(seen: Observed, actions: Sequence[RequiredAction]) -> Iterator[Finding]:
    """Yield each required action that no other check shows."""
    for action in actions:
        if action.code not in _OWN_CHECKS:
            yield wrong(f"status {action.code}", action.what, action.remedy, officer=action.officer)


def _of_code(check: str, code: str, actions: Collection[RequiredAction], none: str = "") -> Iterator[Finding]:
    """Yield the required actions of that code; where there are none, and a text for that is given, an ok."""
    found = [action for action in actions if action.code == code]
    for action in found:
        yield wrong(check, action.what, action.remedy, officer=action.officer)
    if not found and none:
        yield ok(check, none)
