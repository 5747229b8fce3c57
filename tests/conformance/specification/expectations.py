"""Expectations and actions that several parts share."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from msgspec.structs import replace

from bridge.core.director.contract import EventType
from bridge.core.trade.command_states import CommandState
from bridge.simulator.broker.api import SendRecord
from bridge.simulator.broker.market.hours import DAY_S
from bridge.simulator.mt5.types import SymbolInfo, TradeSession
from tests.conformance.rig import ConformanceRig
from tests.rig.deadline import Deadline
from tests.rig.director import Event
from tests.rig.rig import REFUSED

PLACED: Final = (EventType.DIRECTIVE_RECEIVED, EventType.ORDER_PLACED)
"""Events of a pending order on the book, and of a change that took effect."""
CANCELLED: Final = (EventType.DIRECTIVE_RECEIVED, EventType.ORDER_CANCELLED)
"""Events of a CANCEL that took effect."""
_LOOK_S: Final = 0.1


def refusals(rig: ConformanceRig, directives: Mapping[str, str]) -> dict[str, Event]:
    """Wait until each of these directives (id: code) was refused with its code; the refusals by id."""
    emitted: dict[str, Event] = {}
    for directive_id, code in directives.items():
        _, emitted[directive_id] = rig.emitted(directive_id, *REFUSED)
        assert emitted[directive_id].code == code, emitted[directive_id].body
    return emitted


def refused(
    rig: ConformanceRig, code: str | int, *texts: str, action: str = "OPEN_LONG", **fields: Any
) -> None:
    """Issue a directive that is refused with this code, and with these texts in its message."""
    directive_id = rig.issue(action, **fields)
    event = refusals(rig, {directive_id: str(code)})[directive_id]
    message = str(event.body.get("error_message"))
    assert all(text in message for text in texts), message


def until(rig: ConformanceRig, what: str, fits: Callable[[], bool]) -> None:
    """Wait until `fits` returns True; it is called after each log line of the sidecar."""
    deadline = Deadline()
    while True:
        mark = rig.sidecar.mark
        if fits():
            return
        assert not deadline.over, f"waited until {what}"
        rig.sidecar.any_line(since=mark, within=_LOOK_S)


def reaches(rig: ConformanceRig, directive_id: str, *states: CommandState) -> None:
    """Wait until every command of the directive is in one of these states."""

    def fits() -> bool:
        commands = rig.journal.commands(directive_id)
        return bool(commands) and all(command["state"] in states for command in commands)

    until(rig, f"{directive_id} is {' or '.join(states)}", fits)


def rests(rig: ConformanceRig, directive_id: str) -> None:
    """Wait until the pending order was reported as placed, and is on the book."""
    rig.emitted(directive_id, *PLACED)
    seen = "SELECT 1 FROM orders JOIN commands USING (client_order_id) WHERE directive_id = ?"
    until(rig, "the order was seen", lambda: bool(rig.journal.rows(seen, directive_id)))


def send_of(rig: ConformanceRig, directive_id: str) -> SendRecord:
    """Return the one request to the broker that a directive's opening made."""
    (send,) = [send for send in rig.broker.sends() if send.request.comment == directive_id]
    return send


def terms(rig: ConformanceRig, symbol: str, **changed: Any) -> None:
    """Set other terms of a symbol."""
    rig.broker.set_symbol(replace(terms_of(rig, symbol), **changed))


def terms_of(rig: ConformanceRig, symbol: str) -> SymbolInfo:
    """Return the terms of a symbol."""
    present = rig.broker.symbol(symbol)
    assert present is not None
    return present


def shut(rig: ConformanceRig, symbol: str, seconds: int) -> None:
    """Set sessions that closed the symbol's market a minute ago, and open it so many seconds from now."""
    now_s = rig.broker.server_time() // 1000
    closed = range(now_s - 60, now_s + seconds)
    sessions: list[TradeSession] = []
    for ahead in range(-1, 6):
        midnight_s = (now_s // DAY_S + ahead) * DAY_S
        day = datetime.fromtimestamp(midnight_s, UTC).isoweekday() % 7
        before = min(max(closed.start - midnight_s, 0), DAY_S)
        after = min(max(closed.stop - midnight_s, 0), DAY_S)
        for from_s, to_s in ((0, before), (after, DAY_S)):
            if from_s < to_s:
                sessions.append(TradeSession(day=day, from_s=from_s, to_s=to_s))
    terms(rig, symbol, sessions=tuple(sessions))


def clock_text(server_ms: int) -> str:
    """Return a server time as MetaTrader writes it."""
    return datetime.fromtimestamp(server_ms // 1_000, UTC).strftime("%Y.%m.%d %H:%M:%S")


def volumes(rig: ConformanceRig) -> list[Decimal]:
    """Return the volumes of the open positions, oldest first."""
    return [position.volume for position in rig.broker.positions()]
