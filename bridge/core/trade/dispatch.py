"""Selection of the commands that may be sent to a terminal now.

A command is dispatched to one instance in one epoch, with a deadline on that epoch's link clock. Nothing waits in a
socket: a command that cannot be sent now stays in the journal.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

import msgspec

from bridge.core.link.messages import Command, CommandKind
from bridge.core.trade.records import CommandRecord
from bridge.core.units.clock import has_passed
from bridge.core.units.decimals import ZERO

WINDOW: Final = 4
"""Maximum of opens that a terminal has at once, and of all other commands. It executes them one by one; more would
only wait there."""

REPEAT_BASE_S: Final = 0.1
REPEAT_CAP_S: Final = 5.0


class Gate(msgspec.Struct, frozen=True, kw_only=True):
    """State of an officer's link and account."""

    epoch: int
    instance_id: str
    ready: bool
    """True once the terminal's first scan of this epoch is in the journal."""
    alive: bool
    broker_connected: bool
    trade_allowed: bool
    opens_paused: bool = False
    """True while nothing is opened: fills cannot be reported to the Director, or the clock is not trusted."""
    clock_ms: int = 0
    """Link clock now."""
    equity: Decimal | None = None
    """Equity in the last heartbeat, in account currency. None before the first."""
    margin: Decimal = ZERO


class InFlight(msgspec.Struct, frozen=True):
    """Numbers of commands that the terminal has."""

    opens: int = 0
    others: int = 0


def blocked(gate: Gate | None, quarantine: str) -> str:
    """Return the reason for which nothing may be dispatched; empty where something may."""
    if quarantine:
        return f"the officer is quarantined: {quarantine}"
    if gate is None:
        return "the terminal is not connected"
    if not gate.ready:
        return "the terminal has not finished its first scan"
    if not gate.alive:
        return "the terminal is silent"
    if not gate.broker_connected:
        return "the terminal has no connection to the broker"
    if not gate.trade_allowed:
        return "trading is not allowed in the terminal"
    return ""


def choose(
    planned: Iterable[CommandRecord],
    gate: Gate | None,
    *,
    quarantine: str,
    in_flight: InFlight,
    now: datetime,
    latest: datetime,
) -> list[CommandRecord]:
    """Return those of the planned commands that are to be dispatched now. No more of them are read than needed.

    In `planned` closes, changes and cancels come before opens, each part oldest first. They have a window of their
    own: a slow open takes none of their places. `latest` is the latest possible time while the clock is not
    trusted; else it is `now`.
    """
    if gate is None or blocked(gate, quarantine):
        return []
    opens_left = 0 if gate.opens_paused else WINDOW - in_flight.opens
    others_left = WINDOW - in_flight.others
    due: list[CommandRecord] = []
    for command in planned:
        opens = command.order.kind is CommandKind.OPEN
        if opens and opens_left <= 0:
            break
        if (others_left <= 0 and not opens) or command.expires_at <= latest:
            continue
        if not _paused_enough(command, now):
            continue
        due.append(command)
        opens_left -= opens
        others_left -= not opens
    return due


def _paused_enough(command: CommandRecord, now: datetime) -> bool:
    """Return True after a pause that grows with each attempt: a `not_sent` must not be repeated at full speed."""
    if command.dispatched_at is None:
        return True
    pause = min(REPEAT_BASE_S * 2.0 ** min(command.attempt, 10), REPEAT_CAP_S)
    return has_passed(timedelta(seconds=pause), command.dispatched_at, now)


def message(
    command: CommandRecord,
    gate: Gate,
    *,
    deadline_s: float,
    now: datetime,
    expires_server_ms: int = 0,
    search_from_server_ms: int = 0,
) -> Command:
    """Return the dispatched command as the message to send.

    `expires_server_ms` is the pending order's own expiry, `search_from_server_ms` the start of the search in the
    history, both on the broker's clock; 0 where there is none.
    """
    left_s = min(deadline_s, (command.expires_at - now).total_seconds())
    return Command(
        epoch=gate.epoch,
        attempt=command.attempt,
        deadline_ms=gate.clock_ms + int(max(left_s, 0) * 1000),
        order=command.order,
        expires_server_ms=expires_server_ms,
        search_from_server_ms=search_from_server_ms,
    )
