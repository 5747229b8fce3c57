"""Metrics: name, meaning, labels and values of each. `docs/monitoring.md` lists them from here."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

import msgspec

from bridge.core.units.distribution import Distribution
from bridge.journal.views.hops import Hop
from bridge.journal.views.status import JournalStatus, OfficerStatus
from bridge.sidecar.live_status import LiveOfficer, LiveTerminal
from bridge.status.health import UNKNOWN
from bridge.web.snapshot import Snapshot

PREFIX: Final = "execution_officer_"

Labels = tuple[str, ...]
Values = Iterator[tuple[Labels, float]]


class Kind(StrEnum):
    """Kind of a metric, as Prometheus names it."""

    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"


class Metric(NamedTuple):
    """One metric whose samples are numbers."""

    name: str
    """Without the prefix, and without the `_total` of a counter."""
    text: str
    """Meaning, with the unit."""
    labels: Labels
    values: Callable[[Snapshot], Values]


class Histogram(NamedTuple):
    """One metric whose samples are distributions."""

    name: str
    text: str
    labels: Labels
    values: Callable[[Snapshot], Iterator[tuple[Labels, Distribution]]]


def _one(value: Callable[[Snapshot], float]) -> Callable[[Snapshot], Values]:
    def values(seen: Snapshot) -> Values:
        yield (), float(value(seen))

    return values


def _of_officers(value: Callable[[OfficerStatus, Snapshot], float]) -> Callable[[Snapshot], Values]:
    """Values by officer of the journal; none while it cannot be read."""

    def values(seen: Snapshot) -> Values:
        for each in seen.report.journal.officers if seen.report.journal else []:
            yield (each.officer,), float(value(each, seen))

    return values


def _of_live(value: Callable[[LiveOfficer], float]) -> Callable[[Snapshot], Values]:
    def values(seen: Snapshot) -> Values:
        for each in seen.live.officers:
            yield (each.officer,), float(value(each))

    return values


def _of_terminals(value: Callable[[LiveTerminal], float]) -> Callable[[Snapshot], Values]:
    """Values by officer whose terminal has sent a heartbeat in this session."""

    def values(seen: Snapshot) -> Values:
        for each in seen.live.officers:
            if each.session is not None and each.session.heartbeat is not None:
                yield (each.officer,), float(value(each.session.heartbeat))

    return values


def _counted(found: Callable[[JournalStatus], Iterator[str]]) -> Callable[[Snapshot], Values]:
    """Numbers of things by officer, 0 for an officer without one; none while the journal cannot be read."""

    def values(seen: Snapshot) -> Values:
        if seen.report.journal is not None:
            counts = Counter({officer.officer: 0 for officer in seen.report.journal.officers})
            counts.update(found(seen.report.journal))
            yield from (((officer,), float(count)) for officer, count in counts.items())

    return values


def _age_s(moment: str | None, seen: Snapshot) -> float:
    """Return the seconds since a time; 0 for None."""
    return 0.0 if moment is None else max(seen.now_s - datetime.fromisoformat(moment).timestamp(), 0.0)


def _info(seen: Snapshot) -> Values:
    yield (seen.live.version,), 1.0


def _actions(seen: Snapshot) -> Values:
    counts = Counter((each.officer, each.code) for each in seen.report.required_actions)
    yield from ((labels, float(count)) for labels, count in counts.items())


def _overdue(seen: Snapshot) -> Values:
    yield from (((worker,), 1.0) for worker in seen.overdue)


def _dropped(seen: Snapshot) -> Values:
    yield from (((reason,), float(count)) for reason, count in msgspec.structs.asdict(seen.live.link).items())


def _failed_polls(seen: Snapshot) -> Values:
    yield from ((tuple(map(str, labels)), float(n)) for labels, n in seen.figures.failed_polls.items())


def _failed_posts(seen: Snapshot) -> Values:
    yield from (((str(kind),), float(count)) for kind, count in seen.figures.failed_posts.items())


def _events(seen: Snapshot) -> Values:
    yield from ((labels, float(count)) for labels, count in seen.history.events.items())


def _sessions(seen: Snapshot) -> Values:
    for each in seen.live.officers:
        yield (each.officer,), float(seen.history.sessions[each.officer])


def _hops(seen: Snapshot) -> Iterator[tuple[Labels, Distribution]]:
    for hop, measured in ((Hop.POLL, seen.figures.poll_s), (Hop.INTAKE, seen.figures.intake_s)):
        yield from (((str(hop), officer), found) for officer, found in measured.items())
    yield from (((str(hop), officer), found) for (hop, officer), found in seen.history.hops_s.items())


def _by_officer(
    found: Callable[[Snapshot], dict[str, Distribution]],
) -> Callable[[Snapshot], Iterator[tuple[Labels, Distribution]]]:
    def values(seen: Snapshot) -> Iterator[tuple[Labels, Distribution]]:
        yield from (((officer,), each) for officer, each in found(seen).items())

    return values


OFFICER: Final = ("officer",)

GAUGES: Final = (
    Metric("info", "1, with the sidecar's version.", ("version",), _info),
    Metric(
        "start_time_seconds",
        "Start of the sidecar, in seconds since 1970.",
        (),
        _one(lambda seen: datetime.fromisoformat(seen.live.started_at).timestamp()),
    ),
    Metric(
        "required_actions",
        "Conditions that end only when an operator acts, as status lists them.",
        ("officer", "code"),
        _actions,
    ),
    Metric("overdue_workers", "Workers that make no progress.", (), _one(lambda seen: len(seen.overdue))),
    Metric("worker_overdue", "1 for each worker that makes no progress.", ("worker",), _overdue),
    Metric(
        "opens_paused",
        "Reasons for which nothing is opened for any officer.",
        (),
        _one(lambda seen: len(seen.live.opens_paused)),
    ),
    Metric(
        "halts",
        "Halts in force.",
        OFFICER,
        _counted(lambda journal: (each.officer for each in journal.halts)),
    ),
    Metric(
        "quarantined",
        "1 while nothing is dispatched until an operator has looked at the account.",
        OFFICER,
        _of_officers(lambda officer, _: bool(officer.quarantine)),
    ),
    Metric(
        "terminal_connected",
        "1 while the terminal has a session and is not silent.",
        OFFICER,
        _of_live(lambda officer: officer.session is not None and officer.session.alive),
    ),
    Metric(
        "broker_connected",
        "1 while the terminal is connected to the broker; absent without a heartbeat.",
        OFFICER,
        _of_terminals(lambda terminal: terminal.broker_connected),
    ),
    Metric(
        "trading_allowed",
        "1 while terminal, program, account and server allow trading; absent without a heartbeat.",
        OFFICER,
        _of_terminals(lambda terminal: terminal.trade_allowed),
    ),
    Metric(
        "account_balance",
        "Balance in account currency.",
        OFFICER,
        _of_terminals(lambda terminal: float(terminal.balance)),
    ),
    Metric(
        "account_equity",
        "Equity in account currency.",
        OFFICER,
        _of_terminals(lambda terminal: float(terminal.equity)),
    ),
    Metric(
        "account_margin",
        "Margin in use, in account currency.",
        OFFICER,
        _of_terminals(lambda terminal: float(terminal.margin)),
    ),
    Metric(
        "poll_failing_seconds",
        "Seconds since polls began to fail; 0 while they work.",
        OFFICER,
        _of_live(lambda officer: 0.0 if officer.poll is None else officer.poll.failing_s),
    ),
    Metric(
        "directives_waiting",
        "Directives in the inbox that are not planned yet.",
        OFFICER,
        _of_officers(lambda officer, _: officer.directives_waiting),
    ),
    Metric(
        "directives_working",
        "Directives with a command under way.",
        OFFICER,
        _of_officers(lambda officer, _: officer.directives_working),
    ),
    Metric(
        "commands_in_flight",
        "Commands that the terminal has, without a result.",
        OFFICER,
        _of_officers(lambda officer, _: officer.commands_in_flight),
    ),
    Metric(
        "commands_unresolved",
        "Commands whose outcome is open and is being reconciled.",
        OFFICER,
        _counted(lambda journal: (each.officer for each in journal.unresolved if each.state != UNKNOWN)),
    ),
    Metric(
        "commands_unknown",
        "Commands whose outcome an operator must resolve.",
        OFFICER,
        _counted(lambda journal: (each.officer for each in journal.unresolved if each.state == UNKNOWN)),
    ),
    Metric(
        "position_mismatches",
        "Differences from the broker that have lasted.",
        OFFICER,
        _counted(lambda journal: (each.officer for each in journal.mismatches)),
    ),
    Metric(
        "open_positions",
        "Open positions of the officer's directives.",
        OFFICER,
        _counted(lambda journal: (each.officer for each in journal.positions)),
    ),
    Metric(
        "pending_orders",
        "Pending orders of the officer's directives.",
        OFFICER,
        _counted(lambda journal: (each.officer for each in journal.orders)),
    ),
    Metric(
        "outbox_events",
        "Events that the Director has not accepted yet.",
        OFFICER,
        _of_officers(lambda officer, _: officer.events_queued),
    ),
    Metric(
        "outbox_oldest_seconds",
        "Age of the oldest of them in seconds; 0 where there is none.",
        OFFICER,
        _of_officers(lambda officer, seen: _age_s(officer.oldest_queued_at, seen)),
    ),
    Metric(
        "events_refused",
        "Events that the Director refused for good, and that nobody has dismissed.",
        OFFICER,
        _of_officers(lambda officer, _: officer.events_refused),
    ),
    Metric(
        "delivery_paused_seconds",
        "Seconds for which nothing is posted from now on.",
        (),
        _one(lambda seen: seen.live.delivery.paused_s),
    ),
    Metric(
        "delivery_circuit_open",
        "1 while the Director refuses every request.",
        (),
        _one(lambda seen: seen.live.delivery.circuit_open),
    ),
    Metric(
        "journal_writable",
        "0 while a write to the journal has failed, or the journal is lost.",
        (),
        _one(lambda seen: not seen.live.journal_trouble and not seen.live.journal_lost),
    ),
    Metric(
        "journal_readable",
        "0 while the journal cannot be read for these metrics; those of the journal are absent then.",
        (),
        _one(lambda seen: seen.journal_readable),
    ),
    Metric(
        "journal_waits_seconds",
        "Seconds for which a step has waited for another program's lock on the journal.",
        (),
        _one(lambda seen: seen.live.journal_waits_s),
    ),
    Metric("journal_bytes", "Size of the journal.", (), _one(lambda seen: seen.files.journal)),
    Metric("journal_wal_bytes", "Size of the log beside it.", (), _one(lambda seen: seen.files.wal)),
    Metric("disk_free_bytes", "Free room on the journal's disk.", (), _one(lambda seen: seen.files.free)),
)
"""Present values."""

COUNTERS: Final = (
    Metric(
        "events",
        "Events created for the Director, by type and error code ('' for none). Rejections are ORDER_REJECTED.",
        ("officer", "event_type", "error_code"),
        _events,
    ),
    Metric("terminal_sessions", "Sessions of the terminal that began.", OFFICER, _sessions),
    Metric("polls_failed", "Polls that failed.", ("officer", "kind"), _failed_polls),
    Metric("posts_failed", "Posts of events that the Director did not accept.", ("kind",), _failed_posts),
    Metric("link_messages_dropped", "Messages over the link that were dropped.", ("reason",), _dropped),
)
"""Counts since the start of the process."""

HISTOGRAMS: Final = (
    Histogram(
        "hop_seconds",
        "Time of each step on the way of a directive: poll, intake, dispatch, terminal, fill, report.",
        ("hop", "officer"),
        _hops,
    ),
    Histogram(
        "broker_ping_seconds",
        "Round trip between terminal and broker, in each heartbeat.",
        OFFICER,
        _by_officer(lambda seen: seen.figures.ping_s),
    ),
    Histogram(
        "terminal_timer_seconds",
        "Longest timer call of the terminal's program between two heartbeats.",
        OFFICER,
        _by_officer(lambda seen: seen.figures.timer_s),
    ),
)
"""Distributions since the start of the process."""


def described() -> Iterator[tuple[str, Kind, Labels, str]]:
    """Yield name, kind, labels and meaning of each metric."""
    for each in GAUGES:
        yield f"{PREFIX}{each.name}", Kind.GAUGE, each.labels, each.text
    for each in COUNTERS:
        yield f"{PREFIX}{each.name}_total", Kind.COUNTER, each.labels, each.text
    for histogram in HISTOGRAMS:
        yield f"{PREFIX}{histogram.name}", Kind.HISTOGRAM, histogram.labels, histogram.text
