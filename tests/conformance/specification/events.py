"""V: events: all event types, from real causes, with class, fields and time."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from bridge.core.director.contract import CONTRACT_EVENT_FIELDS, KEPT_EVENT_FIELDS, EventClass, EventType
from bridge.simulator.broker.fault_rules import Fills
from bridge.simulator.mt5.types import Retcode, SymbolFilling
from tests.conformance.rig import ConformanceRig
from tests.conformance.specification.case import case
from tests.conformance.specification.expectations import PLACED, refused, terms
from tests.rig.director import Event
from tests.rig.rig import CLOSED, OPENED
from tests.rig.world import OFFICER

E = EventType
_CLASSES: Final = {
    E.DIRECTIVE_RECEIVED: EventClass.INFO,
    E.ORDER_PLACED: EventClass.INFO,
    E.ORDER_FILLED: EventClass.SUCCESS,
    E.ORDER_PARTIAL_FILL: EventClass.SUCCESS,
    E.ORDER_REJECTED: EventClass.ERROR,
    E.ORDER_CANCELLED: EventClass.INFO,
    E.POSITION_OPENED: EventClass.SUCCESS,
    E.POSITION_CLOSED: EventClass.SUCCESS,
    E.SL_TRIGGERED: EventClass.SUCCESS,
    E.TP_TRIGGERED: EventClass.SUCCESS,
    E.CONNECTION_LOST: EventClass.ERROR,
    E.CONNECTION_RESTORED: EventClass.INFO,
    E.BROKER_ERROR: EventClass.ERROR,
    E.SYSTEM_ERROR: EventClass.ERROR,
}
_FILL: Final = frozenset(
    {"broker_order_id", "position_id", "symbol", "fill_price", "fill_quantity", "commission"}
)
_ERROR: Final = frozenset({"error_code", "error_message"})
_FIELDS: Final = {
    E.DIRECTIVE_RECEIVED: frozenset[str](),
    E.ORDER_PLACED: {"symbol"},
    E.ORDER_FILLED: _FILL,
    E.ORDER_PARTIAL_FILL: _FILL | {"deal_id", "remaining_quantity"},
    E.ORDER_REJECTED: _ERROR,
    E.ORDER_CANCELLED: {"symbol", "broker_order_id"},
    E.POSITION_OPENED: _FILL,
    E.POSITION_CLOSED: _FILL | {"profit", "swap", "close_reason"},
    E.SL_TRIGGERED: _FILL | {"close_reason", "stop_loss"},
    E.TP_TRIGGERED: _FILL | {"close_reason", "take_profit"},
    E.CONNECTION_LOST: {"error_code"},
    E.CONNECTION_RESTORED: frozenset[str](),
    E.BROKER_ERROR: _ERROR,
    E.SYSTEM_ERROR: _ERROR,
}
"""Fields that an event of a type has at least, beside those of every event."""
_NEAR: Final = timedelta(minutes=10)
"""Longer than any case takes, and less than an hour."""


def at(event: Event) -> datetime:
    """Return the event's time, in UTC."""
    text = str(event.body["occurred_at"])
    assert text.endswith("Z"), text
    return datetime.fromisoformat(text)


def near(events: Iterable[Event], moment: datetime) -> bool:
    return all(abs(at(event) - moment) < _NEAR for event in events)


@case("V01", "Each of the contract's event types has a cause, its class, its fields and its time in UTC")
def all_types(rig: ConformanceRig) -> None:
    rig.start()
    stopped = rig.open(quantity=0.02, stop_loss=1.09, take_profit=1.11)
    rig.quote("1.08900")
    *_, triggered, closed = rig.emitted(stopped, *OPENED, E.SL_TRIGGERED, E.POSITION_CLOSED)
    assert (triggered.body["close_reason"], closed.body["close_reason"]) == ("SL", "SL")
    assert (triggered.body["stop_loss"], closed.body["fill_price"]) == (1.09, 1.089)
    # 610 points of 0.02 lots, and two commissions of 3.50 a lot.
    assert (closed.body["profit"], closed.body["commission"]) == (-12.2, 0.14)
    taken = rig.open("OPEN_SHORT", stop_loss=1.1, take_profit=1.08)
    rig.quote("1.07900")
    *_, triggered, closed = rig.emitted(taken, *OPENED, E.TP_TRIGGERED, E.POSITION_CLOSED)
    assert (triggered.body["take_profit"], closed.body["close_reason"]) == (1.08, "TP")
    terms(rig, "EURUSD", filling_mode=SymbolFilling.IOC)
    rig.fault(Fills(volumes=(Decimal("0.01"),)))
    part = rig.issue("OPEN_LONG", quantity=0.03)
    emitted = rig.emitted(part, *PLACED, E.ORDER_PARTIAL_FILL, E.POSITION_OPENED, E.ORDER_CANCELLED)
    assert (emitted[2].body["remaining_quantity"], emitted[-1].body["remaining_quantity"]) == (0.02, 0.02)
    manually = rig.open(quantity=0.02)
    (position,) = [each for each in rig.broker.positions() if each.volume == Decimal("0.02")]
    rig.broker.manual_close(position.ticket, Decimal("0.01"))
    rig.broker.manual_close(position.ticket)
    *_, reduced, closed = rig.emitted(manually, *OPENED, E.ORDER_PARTIAL_FILL, E.POSITION_CLOSED)
    assert (reduced.body["entry"], reduced.body["close_reason"]) == ("OUT", "CLIENT")
    assert (closed.body["fill_quantity"], closed.body["close_reason"]) == (0.02, "CLIENT")
    *_, closed = rig.emitted(rig.issue("CLOSE", target_directive_id=part), *CLOSED)
    assert (closed.body["opening_directive_id"], closed.body["close_reason"]) == (part, "EXPERT")
    rig.reject(Retcode.NO_MONEY)
    refused(rig, int(Retcode.NO_MONEY))
    rig.reject(Retcode.TIMEOUT)
    rig.emitted(rig.issue("OPEN_LONG"), E.DIRECTIVE_RECEIVED, E.BROKER_ERROR, E.SYSTEM_ERROR)
    rig.broker.disconnect()
    rig.emitted_besides(E.CONNECTION_LOST, "BROKER_DISCONNECTED")
    rig.broker.connect()
    rig.emitted_besides(E.CONNECTION_RESTORED)
    events = rig.director.events()
    assert {event.type for event in events} == set(E)
    assert near(events, datetime.now(UTC))
    for event in events:
        kind = E(event.type)
        assert event.body["event_class"] == _CLASSES[kind], event.body
        assert event.body.keys() >= {"directive_id", "occurred_at", "reported_by", *_FIELDS[kind]}, event.body
        assert event.body["reported_by"] == OFFICER
        assert (event.directive_id is None) == kind.startswith("CONNECTION")


@case("V02", "Where the configuration says so, events have the contract's own fields alone")
def bare(rig: ConformanceRig) -> None:
    rig.configure(director={"extra_fields": False})
    rig.start()
    opening = rig.open(stop_loss=1.08)
    rig.emitted(rig.issue("CLOSE", target_directive_id=opening), *CLOSED)
    refused_one = rig.issue("CLOSE")
    rig.emitted(refused_one, E.DIRECTIVE_RECEIVED, E.ORDER_REJECTED)
    bodies = [event.body for event in rig.director.events()]
    assert all(body.keys() <= set(KEPT_EVENT_FIELDS) for body in bodies), bodies
    assert any(body.keys() == set(CONTRACT_EVENT_FIELDS) for body in bodies)


@case("V03", "Times are right before and after a change of the broker's UTC offset, and for older deals")
def summer_time(rig: ConformanceRig) -> None:
    rig.start_director()
    broker = rig.start_zoned_broker(2)
    rig.start_sidecar()
    rig.start_terminal()
    rig.ready()
    before = rig.open()
    (position,) = rig.broker.positions()
    rig.terminal.terminate()
    rig.broker.manual_close(position.ticket)
    assert broker.terminate() == 0
    rig.start_zoned_broker(3)
    rig.restart_terminal()
    # Made two hours ahead of UTC, and read when it is three.
    rig.emitted(before, *OPENED, E.POSITION_CLOSED)
    after = rig.open("OPEN_SHORT")
    offsets = rig.journal.rows("SELECT seconds FROM clock_offsets ORDER BY since")
    assert [row["seconds"] for row in offsets] == [7_200, 10_800]
    emitted = [event for event in rig.director.events() if event.directive_id in (before, after)]
    assert near(emitted, datetime.now(UTC)), [at(event) for event in emitted]


def opened_before_the_weekend(rig: ConformanceRig, friday: str, hours: int) -> str:
    """Open a position with a stop on a Friday evening, and end terminal and sidecar; return its directive.

    The broker's clock is so many hours ahead of UTC.
    """
    dated(rig, friday, hours)
    opening = rig.open(stop_loss=1.09)
    assert rig.terminal.terminate() == 0
    assert rig.sidecar.terminate() == 0
    rig.stop_director()
    return opening


def dated(rig: ConformanceRig, moment: str, hours: int) -> None:
    """Start everything at that moment of UTC, with the broker's clock so many hours ahead of it."""
    rig.set_date(utc(moment))
    rig.start_director()
    if not rig.brokers:
        rig.start_broker()
    rig.set_broker_clock(utc(moment), hours)
    rig.start_sidecar()
    rig.start_terminal()
    rig.director_process.line("Sandbox Director on")
    rig.terminal.line("connected to")


def stopped_out(rig: ConformanceRig, opening: str, moment: str, hours: int, back: str) -> Event:
    """Hit the stop at that moment, when the broker's clock is so many hours ahead; start everything at `back`.

    Return the event of the stop.
    """
    rig.set_broker_clock(utc(moment), hours)
    rig.quote("1.08000")
    rig.quote("1.09500")
    dated(rig, back, hours)
    *_, triggered, closed = rig.emitted(opening, *OPENED, E.SL_TRIGGERED, E.POSITION_CLOSED)
    assert near([triggered, closed], utc(moment)), (at(triggered), at(closed))
    return triggered


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def unplaced(rig: ConformanceRig) -> list[Event]:
    return [event for event in rig.director.events() if event.code == "BROKER_CLOCK_UNKNOWN"]


@case(
    "V04",
    "Where the broker's clock changed by a rule of daylight saving time while the bridge was off, times are right",
)
def summer_time_while_off(rig: ConformanceRig) -> None:
    autumn = opened_before_the_weekend(rig, "2026-10-23T20:55", 3)
    stopped_out(rig, autumn, "2026-10-26T02:30", 2, "2026-10-26T06:00")
    assert rig.terminal.terminate() == rig.sidecar.terminate() == 0
    rig.stop_director()
    # An hour that the clock skipped: by the offset of before, the stop would be hit after the bridge is back.
    spring = opened_before_the_weekend(rig, "2027-03-26T20:55", 2)
    stopped_out(rig, spring, "2027-03-29T05:30", 3, "2027-03-29T06:00")
    assert unplaced(rig) == []


@case(
    "V05",
    "Where the broker's clock changed by no known rule while the bridge was off, that is raised with both times",
)
def clock_changed_while_off(rig: ConformanceRig) -> None:
    opening = opened_before_the_weekend(rig, "2026-06-05T20:55", 2)
    stopped_out(rig, opening, "2026-06-08T05:30", 3, "2026-06-08T06:00")
    raised = rig.emitted_besides(E.SYSTEM_ERROR, "BROKER_CLOCK_UNKNOWN")
    assert raised.event_id == unplaced(rig)[0].event_id and len(unplaced(rig)) == 1
    for text in ("UTC+2 h at 2026-06-05T20:55", "UTC+3 h at 2026-06-08T06:00", "wrong by 1 h"):
        assert text in raised.body["error_message"]
    # The same measurement again is no news.
    rig.restart_terminal()
    rig.terminal.line("connected to")
    assert len(unplaced(rig)) == 1
