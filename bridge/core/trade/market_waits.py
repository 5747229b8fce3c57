"""Waits for a closed market: the commands that wait until it opens, and the time of their next try.

Theory of operation:

1. A close, a change or a cancel that finds its market closed waits until that opens or its directive expires.
   So does an open where the configuration says so.
2. A command that the terminal did not send is sent again itself, as any other that was `not_sent`.
3. A command that the broker refused has ended (REPLACED), and a successor with a client order id of its own is
   planned: no request goes to the broker twice. An open has no successor: by its one id it is found after any loss.
4. The next try is at the market's next opening, where the symbol's sessions are known, and otherwise after a pause
   that doubles. Published sessions may be wrong: they put a try off by MOST_APART at most.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

import msgspec

from bridge.core.director.contract import FLATTEN_PREFIX, MISSING_STOP_PREFIX
from bridge.core.link.messages import CommandKind, Order
from bridge.core.link.reports import CommandReport, CommandStage, TradeSession
from bridge.core.trade.command_states import CommandState
from bridge.core.trade.records import CommandRecord
from bridge.core.units.mt5_retcodes import Retcode
from bridge.core.units.order_ids import OPENING, order_target, position_target

PAUSE: Final = timedelta(seconds=5)
"""Pause after the first try; it doubles from try to try."""
LONGEST_PAUSE: Final = timedelta(seconds=60)
MOST_APART: Final = timedelta(minutes=15)
"""Longest time between two tries, whatever the symbol's sessions say."""
HAVE_ROUNDS: Final = (FLATTEN_PREFIX, MISSING_STOP_PREFIX)
"""Beginnings of the ids of directives that are followed by others as long as there is something to close."""
DAY_S: Final = 86_400
_WEEK_DAYS: Final = 7
_FIRST_WEEKDAY: Final = 4
"""1 January 1970 was a Thursday; 0 is Sunday."""


class Wait(msgspec.Struct, frozen=True):
    """A command that found its market closed waits for the opening."""

    opens_at: datetime | None = None
    """Next opening by the symbol's sessions; None where the market is open by them, or they are not known."""


def may_wait(
    report: CommandReport, command: CommandRecord, *, opens_wait: bool, at: datetime, submitted: bool = False
) -> bool:
    """Return True where the report says that the market is closed, and the command may wait for its opening.

    `opens_wait` is the officer's setting. A flatten and a close for a missing stop have rounds
    of their own, and each of them looks at what there is. A command whose outcome was open or
    decided otherwise before does not wait.
    """
    if report.retcode != Retcode.MARKET_CLOSED or command.expires_at <= at:
        return False
    if report.stage not in (CommandStage.NOT_SENT, CommandStage.RESULT):
        return False
    if command.directive_id.startswith(HAVE_ROUNDS):
        return False
    sent = report.stage is CommandStage.RESULT
    if command.order.kind is CommandKind.OPEN:
        return opens_wait and not sent and not submitted
    return command.state in (CommandState.PLANNED, CommandState.DISPATCHED, CommandState.SUBMITTED)


def put_off(command: CommandRecord, at: datetime, opens_at: datetime | None) -> CommandRecord:
    """Return the command with the time of its next try.

    `opens_at` is the next opening by the symbol's sessions; None where it is open by them, or they are not known.
    """
    if opens_at is not None and opens_at > at:
        # Refused at the opening, it is tried again soon.
        return msgspec.structs.replace(command, closed_tries=0, not_before=min(opens_at, at + MOST_APART))
    pause = min(PAUSE * 2.0 ** min(command.closed_tries, 10), LONGEST_PAUSE)
    return msgspec.structs.replace(command, closed_tries=command.closed_tries + 1, not_before=at + pause)


def successor(
    command: CommandRecord, client_order_id: int, number: int, volume: Decimal | None = None
) -> CommandRecord:
    """Return the command in the place of one that ended as REPLACED; `volume` in lots, None for what is left."""
    left = command.order.volume - command.filled if volume is None else volume
    order = msgspec.structs.replace(command.order, client_order_id=client_order_id, volume=left)
    return CommandRecord(
        officer=command.officer,
        directive_id=command.directive_id,
        number=number,
        order=order,
        expires_at=command.expires_at,
        opening_directive_id=command.opening_directive_id,
        reason=command.reason,
        message=command.message,
        closed_tries=command.closed_tries,
        not_before=command.not_before,
    )


def target_of(order: Order) -> str:
    """Return the target of the order for its client order id, as the planning chooses it."""
    if order.kind is CommandKind.OPEN:
        return OPENING
    if order.order:
        return order_target(order.order)
    return position_target(order.position, order.opener if order.kind is CommandKind.CLOSE else 0)


def next_opening(sessions: Sequence[TradeSession], server_ms: int) -> int | None:
    """Return the broker time, in ms, at which a symbol is traded next by its sessions.

    None where it is traded now, or where there are no sessions.
    """
    days, second = divmod(server_ms // 1000, DAY_S)
    today = (days + _FIRST_WEEKDAY) % _WEEK_DAYS
    waits: list[int] = []
    for session in sessions:
        # Seconds since the last time that its day began.
        since = second + (today - session.day) % _WEEK_DAYS * DAY_S
        if session.from_s <= since < session.to_s:
            return None
        waits.append((session.from_s - since) % (_WEEK_DAYS * DAY_S))
    return (server_ms // 1000 + min(waits)) * 1000 if waits else None
