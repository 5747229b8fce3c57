"""What needs a person, judged from the journal and, where one runs, from the sidecar."""

import shlex
from collections.abc import Iterator
from datetime import datetime
from typing import Final

import msgspec

from bridge.core.director.responses import FailureKind
from bridge.journal.views.status import JournalStatus, UnresolvedCommand
from bridge.sidecar.live_status import LiveOfficer, LiveStatus
from bridge.sidecar.runtime import PollNote

UNKNOWN = "UNKNOWN"
"""The state of a command that neither ledger nor broker could account for."""
PATIENCE_S: Final = 300.0
"""How long the Director may be away before a person is asked to look."""


class RequiredAction(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that needs a person."""

    officer: str
    """Empty where it concerns all."""
    code: str
    """QUARANTINED, HALTED, UNKNOWN, REFUSED_EVENTS, OPENS_PAUSED, JOURNAL, DISPATCH, POLL, DELIVERY, NO_TERMINAL,
    TRADING_FORBIDDEN, NO_ANSWER."""
    what: str
    remedy: str


def required_actions(
    journal: JournalStatus, live: LiveStatus | None, unanswered: str, options: str
) -> list[RequiredAction]:
    """All that needs a person, the gravest first.

    `unanswered` is why a sidecar that seems to run did not answer, `options` what its commands are to be given.
    """
    found = [*_of_journal(journal, options)]
    if unanswered:
        remedy = "look at its log; where it hangs, end it and start it again: nothing is lost by that"
        found.append(
            RequiredAction(officer="", code="NO_ANSWER", what=f"the sidecar: {unanswered}", remedy=remedy)
        )
    return found if live is None else [*found, *_of_sidecar(live), *_of_delivery(journal, live)]


def _of_journal(journal: JournalStatus, options: str) -> Iterator[RequiredAction]:
    for officer in journal.officers:
        if officer.quarantine:
            yield RequiredAction(
                officer=officer.officer,
                code="QUARANTINED",
                what=f"nothing is sent: {officer.quarantine}",
                remedy=(
                    f"compare the account with 'execution-officer journal{options} list', then: "
                    f'execution-officer rebind{options} --officer {officer.officer} --why "WHAT YOU FOUND"'
                ),
            )
    for halt in journal.halts:
        # A person who halts knows of it.
        if halt.set_by == "bridge":
            yield RequiredAction(
                officer=halt.officer,
                code="HALTED",
                what=f"nothing is opened in {halt.symbol or 'any symbol'}: {halt.why}",
                remedy=(
                    "look at the account's positions; once they are as they should be: "
                    f"execution-officer resume{options} --officer {halt.officer} "
                    f"--symbol {shlex.quote(halt.symbol)}"
                ),
            )
    for command in journal.unresolved:
        if command.state == UNKNOWN:
            yield RequiredAction(
                officer=command.officer,
                code="UNKNOWN",
                what=(
                    f"directive {command.directive_id}: {command.side} {command.volume} {command.symbol} may have "
                    "been sent, and nothing shows what became of it"
                ),
                remedy=(
                    f"look in the account's history for the magic {command.client_order_id}, then: "
                    f"{resolve_line(command, journal.unresolved, options)}"
                ),
            )
    for officer in journal.officers:
        if officer.events_refused:
            yield RequiredAction(
                officer=officer.officer,
                code="REFUSED_EVENTS",
                what=f"the Director refused {_events(officer.events_refused)} for good: {officer.last_refusal}",
                remedy=(
                    f"look at them (execution-officer journal{options} undelivered), then: "
                    f"execution-officer retry{options} --officer {officer.officer}, or "
                    f"execution-officer dismiss{options} --officer {officer.officer} "
                    '--note "WHY" --all'
                ),
            )


def _events(count: int) -> str:
    return "1 event" if count == 1 else f"{count} events"


def _of_sidecar(live: LiveStatus) -> Iterator[RequiredAction]:
    for why in live.opens_paused:
        yield RequiredAction(officer="", code="OPENS_PAUSED", what="nothing is opened", remedy=why)
    if live.journal_trouble:
        remedy = "make room on its disk, or see who locks it"
        yield RequiredAction(officer="", code="JOURNAL", what=live.journal_trouble, remedy=remedy)
    for officer in live.officers:
        if officer.dispatch_trouble:
            yield RequiredAction(
                officer=officer.officer,
                code="DISPATCH",
                what=f"nothing is sent, closed or expired: {officer.dispatch_trouble}",
                remedy="an error of the bridge itself, whose traceback is in the log; look after the positions",
            )
        if officer.poll is not None and _lasts(officer.poll):
            yield RequiredAction(
                officer=officer.officer,
                code="POLL",
                what=f"no directive comes in: {officer.poll.failure}",
                remedy="see whether the Director runs at [director] url, and takes the API key",
            )
        if (required_action := _of_terminal(officer)) is not None:
            yield required_action


def _lasts(poll: PollNote) -> bool:
    """Whether a person must see to it. What may pass by itself is given some minutes."""
    if poll.kind in (None, FailureKind.NETWORK, FailureKind.BUSY):
        return poll.failing_s >= PATIENCE_S
    return True


def _of_delivery(journal: JournalStatus, live: LiveStatus) -> Iterator[RequiredAction]:
    now = datetime.fromisoformat(live.now)
    for officer in journal.officers:
        queued = officer.oldest_queued_at
        if queued is None:
            continue
        waits_s = (now - datetime.fromisoformat(queued)).total_seconds()
        if waits_s >= PATIENCE_S:
            yield RequiredAction(
                officer=officer.officer,
                code="DELIVERY",
                what=f"{_events(officer.events_queued)} cannot be told, the oldest for {waits_s // 60:.0f} minutes",
                remedy="see in the sidecar's log what the Director answers; they wait, and nothing is lost",
            )


def _of_terminal(officer: LiveOfficer) -> RequiredAction | None:
    session = officer.session
    if session is None:
        return RequiredAction(
            officer=officer.officer,
            code="NO_TERMINAL",
            what=officer.blocked,
            remedy="start its terminal, and see what the chart's panel and the sidecar's log say",
        )
    if session.heartbeat is not None and not session.heartbeat.trade_allowed:
        remedy = session.heartbeat.trade_forbidden_by or "see the chart's panel"
        return RequiredAction(
            officer=officer.officer,
            code="TRADING_FORBIDDEN",
            what="its terminal may not trade",
            remedy=remedy,
        )
    return None


def resolve_line(command: UnresolvedCommand, unresolved: list[UnresolvedCommand], options: str) -> str:
    """The command line that ends the doubt. WHAT is left open on purpose: a copied line must decide nothing."""
    same = [
        each
        for each in unresolved
        if (each.officer, each.directive_id) == (command.officer, command.directive_id)
    ]
    client_order_id = f" --client-order-id {command.client_order_id}" if len(same) > 1 else ""
    quoted = shlex.quote(command.directive_id)
    directive = f"-- {quoted}" if command.directive_id.startswith("-") else quoted
    return (
        f"execution-officer resolve{options} --officer {command.officer}{client_order_id} --as WHAT "
        f'--note "HOW YOU KNOW" {directive}'
    )
