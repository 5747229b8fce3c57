"""Messages that are due: a pure function of the conditions, the time, and the memory of what was sent.

    message, memory = due(conditions, now, monotonic, memory, settings)

Conditions that are due together are one message. An alert is sent once a condition has lasted, again after
`repeat_s`, and its end once the condition has been gone for a while, so that one that comes and goes sends little.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec

from bridge.core.alerts.condition import (
    BROKER_CONNECTION,
    NO_TERMINAL,
    Condition,
    Key,
    grouped,
)
from bridge.core.settings import AlertSettings
from bridge.core.units.daily_window import contains, parse_time

MOST_SHOWN: Final = 20
"""Most conditions that a message shows whole."""
_CONNECTIONS: Final = (NO_TERMINAL, BROKER_CONNECTION)


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """Condition that was seen, in seconds of the monotonic clock."""

    since: float
    texts: tuple[str, ...]
    """Its conditions in words, as they were last seen."""
    sent_at: float | None = None
    sent_count: int = 0
    """Number of its conditions when it was sent."""
    gone_at: float | None = None
    """Time at which it was first missed; None while it lasts."""


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """Memory of what was seen and sent. A restart begins with an empty one."""

    known: Mapping[Key, Known] = {}
    sent_at: float | None = None
    """Time of the last message."""
    summary_on: str | None = None
    """Date of the last summary; None before the first look."""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """Message to send."""

    title: str
    body: str
    resolved_only: bool = False
    """It brings good news alone."""
    summary: bool = False
    """It is about a day, and requires nothing."""


def due(
    conditions: Sequence[Condition], now: datetime, monotonic: float, memory: Memory, settings: AlertSettings
) -> tuple[Message | None, Memory]:
    """Return the message that is due, if there is one, and the memory after it."""
    known = _seen(grouped(conditions), monotonic, memory.known)
    memory = msgspec.structs.replace(memory, known=known)
    if memory.sent_at is not None and monotonic - memory.sent_at < settings.least_interval_s:
        return None, memory
    quiet = any(contains(window, now) for window in settings.quiet_hours)
    alerts = [
        key
        for key, each in known.items()
        if _is_due(key, each, monotonic, settings) and (not quiet or key[1] in settings.despite_quiet_hours)
    ]
    resolved = [
        key
        for key, each in known.items()
        if each.sent_at is not None
        and each.gone_at is not None
        and monotonic - each.gone_at >= settings.resolved_after_s
        and not quiet
    ]
    if not alerts and not resolved:
        return None, memory
    after = {
        key: msgspec.structs.replace(each, sent_at=monotonic, sent_count=len(each.texts))
        if key in alerts
        else each
        for key, each in known.items()
        if key not in resolved
    }
    message = _message([known[key] for key in alerts], [known[key] for key in resolved])
    return message, msgspec.structs.replace(memory, known=after, sent_at=monotonic)


def _seen(
    present: Mapping[Key, list[Condition]], monotonic: float, known: Mapping[Key, Known]
) -> dict[Key, Known]:
    """Return what is known after a look. A condition that was never sent is forgotten once it is gone."""
    seen: dict[Key, Known] = {}
    for key, conditions in present.items():
        texts = tuple(str(condition) for condition in conditions)
        before = known.get(key) or Known(since=monotonic, texts=texts)
        seen[key] = msgspec.structs.replace(before, texts=texts, gone_at=None)
    for key, each in known.items():
        if key not in present and each.sent_at is not None:
            gone_at = monotonic if each.gone_at is None else each.gone_at
            seen[key] = msgspec.structs.replace(each, gone_at=gone_at)
    return seen


def _is_due(key: Key, known: Known, monotonic: float, settings: AlertSettings) -> bool:
    if known.gone_at is not None:
        return False
    if known.sent_at is None:
        wait_s = settings.connection_lost_s if key[1] in _CONNECTIONS else settings.wait_s
        return monotonic - known.since >= wait_s
    if len(known.texts) > known.sent_count:
        return True
    return settings.repeat_s > 0 and monotonic - known.sent_at >= settings.repeat_s


def _message(alerts: Sequence[Known], resolved: Sequence[Known]) -> Message:
    lines = [text for each in alerts for text in each.texts]
    parts = [*lines[:MOST_SHOWN]]
    if len(lines) > MOST_SHOWN:
        parts.append(f"... and {len(lines) - MOST_SHOWN} more: execution-officer status")
    parts += [f"resolved: {text.splitlines()[0]}" for each in resolved for text in each.texts[:1]]
    counts = []
    if lines:
        counts.append("1 alert" if len(lines) == 1 else f"{len(lines)} alerts")
    if resolved:
        counts.append(f"{len(resolved)} resolved")
    return Message(title=", ".join(counts), body="\n".join(parts), resolved_only=not lines)


def summary_is_due(now: datetime, memory: Memory, settings: AlertSettings) -> tuple[bool, Memory]:
    """Return True once a day, at the time of the summary, and the memory after it.

    A process that begins later in the day leaves that day's out.
    """
    if settings.daily_summary is None:
        return False, memory
    at, today = parse_time(settings.daily_summary), now.date().isoformat()
    reached = now.time() >= at
    if memory.summary_on is None and not reached:
        return False, msgspec.structs.replace(memory, summary_on="")
    if not reached or memory.summary_on == today:
        return False, memory
    return memory.summary_on is not None, msgspec.structs.replace(memory, summary_on=today)
