"""The status in words: a headline, the required actions, and a table for each kind of thing.

`execution-officer status` prints them, and the web page shows them.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final, NamedTuple

import msgspec

from bridge.core.settings import Settings
from bridge.core.units.decimals import plain
from bridge.core.units.elapsed import seconds_between
from bridge.journal.views.status import JournalStatus, OfficerStatus, OpenPosition, WaitingCommand
from bridge.sidecar.live_status import LiveOfficer, LiveStatus
from bridge.status.command_lines import CommandLines
from bridge.status.health import UNKNOWN, RequiredAction
from bridge.status.look import Look
from bridge.status.texts import ago

UNANSWERED_S: Final = 10.0
"""Seconds without a result after which a sent command is named in the first line. A broker takes less."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Whole status: the answer of `status --json`."""

    well: bool
    """No action is required, and a sidecar runs."""
    running: bool
    """A sidecar answers."""
    required_actions: list[RequiredAction]
    journal: JournalStatus | None
    """None where it cannot be read; a required action has the reason."""
    sidecar: LiveStatus | None
    no_sidecar: str
    """Reason for which no sidecar answered; empty if one did."""


class Table(NamedTuple):
    """Table of the report; not shown without rows."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


def report_of(shown: Look, settings: Settings, lines: CommandLines) -> Report:
    """Return the whole status of a look. `lines`: for the command lines of the remedies."""
    found = shown.actions(settings, lines)
    return Report(
        well=shown.sidecar is not None and not found,
        running=shown.sidecar is not None,
        required_actions=found,
        journal=shown.journal,
        sidecar=shown.sidecar,
        no_sidecar=f"it {shown.unanswered}" if shown.unanswered else shown.nobody,
    )


def headline(report: Report, now: datetime) -> str:
    """Return the state in one or two sentences."""
    count = len(report.required_actions)
    needs = "1 action required" if count == 1 else f"{count} actions required"
    halted = " Opens are halted: see below." if report.journal and report.journal.halts else ""
    if report.sidecar is None and any(each.code == "NO_ANSWER" for each in report.required_actions):
        return f"The sidecar cannot be asked. {needs}.{halted}"
    if report.sidecar is None:
        rest = f"{needs}." if count else "No other action required."
        return f"No sidecar runs: {report.no_sidecar}. {rest}{halted}"
    since = ago(report.sidecar.started_at, now)
    running = (
        f"The sidecar (version {report.sidecar.version}, process {report.sidecar.pid}) has run for {since}."
    )
    unanswered = _unanswered(report, now)
    well = "No action is required" if unanswered else "All is well"
    return f"{running} {needs if count else well}.{unanswered}{halted}"


def _unanswered(report: Report, now: datetime) -> str:
    """Return a sentence about a command that was sent and has had no result for a while; else an empty text."""
    officers = report.journal.officers if report.journal else []
    oldest = min((each.oldest_in_flight_at for each in officers if each.oldest_in_flight_at), default=None)
    if oldest is None or seconds_between(oldest, now) < UNANSWERED_S:
        return ""
    return f" A sent command has had no result for {ago(oldest, now)}: its outcome is asked for."


def tables(report: Report, now: datetime) -> Iterator[Table]:
    """Yield every table of the status, in the same order each time; those without rows are not shown."""
    journal = report.journal
    if journal is None:
        return
    sessions = {each.officer: each for each in report.sidecar.officers} if report.sidecar else {}
    yield Table(
        "Officers",
        (
            "officer",
            "account",
            "terminal",
            "broker",
            "trading",
            "last poll",
            "quarantine",
            "waiting",
            "undelivered",
        ),
        [_officer(each, sessions.get(each.officer), now) for each in journal.officers],
    )
    yield Table(
        "Money, by the last heartbeats",
        ("officer", "balance", "equity", "floating", "margin", "free", "margin level", "ping"),
        [
            money
            for each in journal.officers
            if (money := _money(each, sessions.get(each.officer))) is not None
        ],
    )
    yield Table(
        "Halts: nothing is opened (execution-officer resume)",
        ("officer", "what", "since", "set by", "why"),
        [
            (each.officer, each.symbol or "all symbols", each.since, each.set_by, each.why)
            for each in journal.halts
        ],
    )
    yield Table(
        "Unresolved commands: UNRESOLVED is being reconciled, UNKNOWN requires an operator",
        ("officer", "directive", "magic", "order", "state", "since", "evidence"),
        [
            (
                each.officer,
                each.directive_id,
                str(each.client_order_id),
                f"{each.side} {each.volume} {each.symbol}",
                each.state,
                ago(each.dispatched_at, now),
                each.message or ("none" if each.state == UNKNOWN else "the broker gave no answer"),
            )
            for each in journal.unresolved
        ],
    )
    yield Table(
        "Closed markets: these are sent once the market is open, or expire",
        ("officer", "directive", "what", "next try", "expires", "answer"),
        [
            (
                each.officer,
                each.directive_id,
                f"{each.kind} {_volume(each)}{each.symbol}",
                each.not_before,
                each.expires_at,
                each.message,
            )
            for each in journal.waiting_for_market
        ],
    )
    yield Table(
        "Open positions",
        ("officer", "position", "directive", "what", "at", "stop loss", "take profit", "since"),
        [
            (
                each.officer,
                str(each.identifier),
                each.directive_id,
                f"{each.side} {_open_volume(each)} {each.symbol}",
                each.price_open or "",
                each.stop_loss or "",
                each.take_profit or "",
                ago(each.opened_at, now),
            )
            for each in journal.positions
        ],
    )
    yield Table(
        "Pending orders",
        ("officer", "order", "directive", "what", "at", "stop loss", "take profit"),
        [
            (
                each.officer,
                str(each.ticket),
                each.directive_id,
                f"{each.type} {each.volume_current} {each.symbol}",
                each.price,
                each.stop_loss or "",
                each.take_profit or "",
            )
            for each in journal.orders
        ],
    )


def _money(officer: OfficerStatus, live_officer: LiveOfficer | None) -> tuple[str, ...] | None:
    """Return the money of the account; None without a heartbeat. What floats is equity less balance."""
    if live_officer is None or live_officer.session is None or live_officer.session.heartbeat is None:
        return None
    beat = live_officer.session.heartbeat
    level = f"{beat.equity / beat.margin * 100:.0f} %" if beat.margin > 0 else ""
    return (
        officer.officer,
        f"{beat.balance:f} {officer.currency or ''}".rstrip(),
        f"{beat.equity:f}",
        f"{beat.equity - beat.balance:+f}",
        f"{beat.margin:f}",
        f"{beat.equity - beat.margin:f}",
        level,
        f"{beat.ping_ms:.0f} ms" if beat.ping_ms else "",
    )


def _officer(officer: OfficerStatus, live_officer: LiveOfficer | None, now: datetime) -> tuple[str, ...]:
    account = f"{officer.login} at {officer.server}, {officer.trade_mode}" if officer.login else "none yet"
    waiting = [
        f"{count} {what}{'' if count == 1 else 's'}"
        for count, what in (
            (officer.directives_waiting, "directive"),
            (officer.commands_planned, "command"),
            (officer.commands_in_flight, "sent command"),
        )
        if count
    ]
    if officer.oldest_in_flight_at is not None:
        waiting[-1] += f" for {ago(officer.oldest_in_flight_at, now)}"
    events = str(officer.events_queued or "")
    if officer.oldest_queued_at is not None:
        events += f", the oldest {ago(officer.oldest_queued_at, now)} old"
    return (
        officer.officer,
        account,
        _terminal(officer, live_officer, now),
        _heartbeat(
            live_officer, lambda broker_connected, _: "connected" if broker_connected else "not connected"
        ),
        _heartbeat(live_officer, lambda _, allowed: "allowed" if allowed else "NOT ALLOWED"),
        _poll(live_officer, now),
        "QUARANTINED" if officer.quarantine else "",
        ", ".join(waiting),
        events,
    )


def _terminal(officer: OfficerStatus, live_officer: LiveOfficer | None, now: datetime) -> str:
    if live_officer is None:
        # From the journal: a sidecar that was killed could not end its session.
        return "never connected" if officer.program is None else f"{officer.program}, not connected"
    if live_officer.session is None:
        gone = f", for {ago(officer.session_ended_at, now)}" if officer.session_ended_at else ""
        return f"not connected{gone}"
    if not live_officer.session.alive:
        return f"silent for {live_officer.session.silent_s:.0f} s"
    return f"{officer.program or 'connected'}" + ("" if live_officer.session.ready else ", scanning")


def _heartbeat(live_officer: LiveOfficer | None, say: Callable[[bool, bool], str]) -> str:
    """Return a text about the last heartbeat; empty without one."""
    if live_officer is None or live_officer.session is None or live_officer.session.heartbeat is None:
        return ""
    return say(live_officer.session.heartbeat.broker_connected, live_officer.session.heartbeat.trade_allowed)


def _poll(live_officer: LiveOfficer | None, now: datetime) -> str:
    if live_officer is None or live_officer.poll is None:
        return ""
    polled = f"{ago(live_officer.poll.at, now)} ago"
    failed = f": {live_officer.poll.failures} failed, {live_officer.poll.failure}"
    return polled + (failed if live_officer.poll.failure else "")


def _volume(command: WaitingCommand) -> str:
    """Return side and volume; empty for a change, which has none."""
    return f"{command.side} {command.volume} " if Decimal(command.volume) else ""


def _open_volume(position: OpenPosition) -> str:
    traded = Decimal(position.volume_in) - Decimal(position.volume_out)
    return plain(traded + Decimal(position.volume_reopened) + Decimal(position.volume_corrected))
