"""Events for the Director: each one's type, class, fields and subject."""

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.director.contract import EventClass, EventType, ExecutionEvent, OrderType, TimeInForce
from bridge.core.link.messages import CommandKind, Order
from bridge.core.link.report_identity import content_hash
from bridge.core.link.reports import ConnectionReport, DealReport, TroubleReport
from bridge.core.trade import events, position_events
from bridge.core.trade.command_states import CommandOutput
from bridge.core.trade.events import command_event, event_key, weighted_price
from bridge.core.trade.position_book import summed
from bridge.core.trade.position_events import position_event
from bridge.core.trade.position_states import PositionOutput
from bridge.core.trade.records import CommandRecord, NewEvent
from bridge.core.units.mt5_terms import Side
from tests.unit.core.samples import (
    CLIENT_ORDER_ID,
    CLOSE,
    DEAL_IN,
    DEAL_OUT,
    NOW,
    OFFICER,
    OPEN,
    ORDER,
    POSITION,
    QUARANTINED,
    whole,
)

E, C = EventType, EventClass
INSTANCE_ID = "a" * 32
PLACED = msgspec.structs.replace(OPEN, order_ticket=8001, position_id=POSITION, filled=Decimal("0.10"))
FIRST = msgspec.structs.replace(
    DEAL_IN, volume=Decimal("0.10"), price=Decimal("1.0950"), fee=Decimal("-0.02")
)
SECOND = msgspec.structs.replace(DEAL_IN, ticket=9002, volume=Decimal("0.20"), price=Decimal("1.0953"))
REFUSED = msgspec.structs.replace(PLACED, reason="10019", message="NO_MONEY (10019): not enough")
LATE = msgspec.structs.replace(OPEN, reason="EXPIRED", message="expired")
MANUALLY = msgspec.structs.replace(DEAL_OUT, volume=Decimal("0.10"), reason="CLIENT")
REDUCED = msgspec.structs.replace(QUARANTINED, volume_out=Decimal("0.10"))
CLOSED = summed(QUARANTINED, [whole(DEAL_IN), whole(msgspec.structs.replace(DEAL_OUT, fee=Decimal("-0.03")))])

LIMIT = msgspec.structs.replace(
    PLACED,
    order=msgspec.structs.replace(
        PLACED.order,
        order_type=OrderType.STOP_LIMIT,
        price=Decimal("1.0960"),
        limit_price=Decimal("1.0955"),
        time_in_force=TimeInForce.GTD,
        expires_ms=1_767_571_200_000,
    ),
    position_id=0,
)
EXPIRY = datetime(2026, 1, 5, tzinfo=UTC)
MODIFY = CommandRecord(
    officer=OFFICER,
    directive_id="dir-modify",
    number=1,
    order=Order(
        client_order_id=CLIENT_ORDER_ID + 5,
        kind=CommandKind.MODIFY,
        symbol="EURUSD",
        side=Side.BUY,
        position=POSITION,
        opener=CLIENT_ORDER_ID,
        stop_loss=Decimal("1.0940"),
        take_profit=Decimal(0),
    ),
    expires_at=NOW,
    opening_directive_id="dir-open",
)
CANCEL = msgspec.structs.replace(
    MODIFY,
    directive_id="dir-cancel",
    order=Order(
        client_order_id=CLIENT_ORDER_ID + 6,
        kind=CommandKind.CANCEL,
        symbol="EURUSD",
        side=Side.BUY,
        order_type=OrderType.LIMIT,
        order=8001,
        opener=CLIENT_ORDER_ID,
    ),
)
PENDING = msgspec.structs.replace(
    ORDER, type="BUY_LIMIT", price=Decimal("1.0800"), stop_loss=Decimal("1.0700"), time_done_server_ms=0
)
LATER = msgspec.structs.replace(DEAL_OUT, commission=Decimal("-0.35"))
ANNULLED = msgspec.structs.replace(DEAL_IN, type="BUY_CANCELED", volume=Decimal(0), price=Decimal(0))
OF_COMMAND = {"directive_id": "dir-open", "symbol": "EURUSD"}
OF_ORDER = {**OF_COMMAND, "broker_order_id": "8001", "position_id": "7001"}
OF_POSITION = {"directive_id": "dir-open", "symbol": "EURUSD", "position_id": "7001"}
TAKEN_OFF = {"fill_price": Decimal("1.0971"), "fill_quantity": Decimal("0.30"), "commission": Decimal("0.10")}


def said(reason: str, message: str) -> CommandRecord:
    """The command that was placed, with a reason that was noted since."""
    return msgspec.structs.replace(PLACED, reason=reason, message=message)


def own(new_event: NewEvent) -> dict[str, object]:
    """The body's fields that have a value, without those that every event has."""
    event = new_event.event
    assert (event.occurred_at, event.reported_by) == (NOW, OFFICER)
    names = set(ExecutionEvent.__struct_fields__) - {
        "occurred_at",
        "reported_by",
        "event_type",
        "event_class",
    }
    return {name: getattr(event, name) for name in names if getattr(event, name) is not None}


ROWS: list[tuple[str, NewEvent, EventType, EventClass, str, dict[str, object]]] = [
    (
        "directive journaled",
        events.received(OFFICER, "dir-open", NOW),
        E.DIRECTIVE_RECEIVED,
        C.INFO,
        "directive",
        {"directive_id": "dir-open"},
    ),
    (
        "never sent: invalid",
        events.rejected(OFFICER, "dir-open", NOW, code="INVALID_VALUE", message="why"),
        E.ORDER_REJECTED,
        C.ERROR,
        "directive",
        {"directive_id": "dir-open", "error_code": "INVALID_VALUE", "error_message": "why"},
    ),
    (
        "never sent: no usable id",
        events.rejected(OFFICER, None, NOW, code="MISSING_FIELD", message="why", subject="item:abc"),
        E.ORDER_REJECTED,
        C.ERROR,
        "item:abc",
        {"error_code": "MISSING_FIELD", "error_message": "why"},
    ),
    (
        "never sent: expired",
        command_event(CommandOutput.NEVER_SENT, LATE, NOW),
        E.ORDER_REJECTED,
        C.ERROR,
        f"command:{CLIENT_ORDER_ID}",
        {**OF_COMMAND, "error_code": "EXPIRED", "error_message": "expired"},
    ),
    (
        "the broker took it",
        command_event(CommandOutput.PLACED, PLACED, NOW),
        E.ORDER_PLACED,
        C.INFO,
        f"command:{CLIENT_ORDER_ID}",
        {**OF_ORDER, "stop_loss": Decimal("1.0900"), "take_profit": Decimal("1.1000")},
    ),
    (
        "a deal that leaves volume open",
        command_event(CommandOutput.PART_FILLED, PLACED, NOW, deal=FIRST, deals=[FIRST]),
        E.ORDER_PARTIAL_FILL,
        C.SUCCESS,
        "deal:9001",
        {
            **OF_ORDER,
            "deal_id": "9001",
            "fill_price": Decimal("1.0950"),
            "fill_quantity": Decimal("0.10"),
            "commission": Decimal("0.10"),
            "fee": Decimal("0.02"),
            "remaining_quantity": Decimal("0.20"),
        },
    ),
    (
        "the deal that completes the order",
        command_event(CommandOutput.FILLED, PLACED, NOW, deal=SECOND, deals=[FIRST, SECOND]),
        E.ORDER_FILLED,
        C.SUCCESS,
        f"command:{CLIENT_ORDER_ID}",
        {
            **OF_ORDER,
            "fill_price": Decimal("1.0952"),
            "fill_quantity": Decimal("0.30"),
            "commission": Decimal("0.20"),
            "fee": Decimal("0.02"),
        },
    ),
    (
        "a close by a directive is filled",
        command_event(
            CommandOutput.FILLED, CLOSE, NOW, deal=DEAL_OUT, deals=[DEAL_OUT], opening_directive_id="dir-open"
        ),
        E.ORDER_FILLED,
        C.SUCCESS,
        f"command:{CLOSE.client_order_id}",
        {"directive_id": "dir-close", "symbol": "EURUSD", "opening_directive_id": "dir-open", **TAKEN_OFF},
    ),
    (
        "a position comes to be",
        position_event(PositionOutput.OPENED, QUARANTINED, DEAL_IN, whole(DEAL_IN), NOW),
        E.POSITION_OPENED,
        C.SUCCESS,
        "position:7001",
        {
            **OF_POSITION,
            "broker_order_id": "8001",
            "fill_price": Decimal("1.0951"),
            "fill_quantity": Decimal("0.30"),
            "commission": Decimal("0.10"),
            "stop_loss": Decimal("1.0900"),
            "take_profit": Decimal("1.1000"),
        },
    ),
    (
        "part of a position closed without a directive",
        position_event(
            PositionOutput.REDUCED,
            REDUCED,
            MANUALLY,
            whole(MANUALLY),
            NOW,
        ),
        E.ORDER_PARTIAL_FILL,
        C.SUCCESS,
        "deal:9101",
        {
            **OF_POSITION,
            "broker_order_id": "8101",
            "entry": "OUT",
            "deal_id": "9101",
            **TAKEN_OFF,
            "fill_quantity": Decimal("0.10"),
            "remaining_quantity": Decimal("0.20"),
            "close_reason": "CLIENT",
        },
    ),
    (
        "stop loss hit",
        position_event(
            PositionOutput.SL,
            QUARANTINED,
            msgspec.structs.replace(DEAL_OUT, reason="SL"),
            whole(DEAL_OUT),
            NOW,
        ),
        E.SL_TRIGGERED,
        C.SUCCESS,
        "position:7001:9101",
        {
            **OF_POSITION,
            "broker_order_id": "8101",
            **TAKEN_OFF,
            "close_reason": "SL",
            "stop_loss": Decimal("1.0900"),
        },
    ),
    (
        "take profit hit",
        position_event(
            PositionOutput.TP,
            QUARANTINED,
            msgspec.structs.replace(DEAL_OUT, reason="TP"),
            whole(DEAL_OUT),
            NOW,
        ),
        E.TP_TRIGGERED,
        C.SUCCESS,
        "position:7001:9101",
        {
            **OF_POSITION,
            "broker_order_id": "8101",
            **TAKEN_OFF,
            "close_reason": "TP",
            "take_profit": Decimal("1.1000"),
        },
    ),
    (
        "a position fully closed without a directive, with final totals",
        position_event(
            PositionOutput.CLOSED,
            CLOSED,
            msgspec.structs.replace(DEAL_OUT, reason="SO"),
            whole(DEAL_OUT),
            NOW,
        ),
        E.POSITION_CLOSED,
        C.SUCCESS,
        "position:7001:9101",
        {
            **OF_POSITION,
            "broker_order_id": "8101",
            "fill_price": Decimal("1.0971"),
            "fill_quantity": Decimal("0.30"),
            "commission": Decimal("0.20"),
            "swap": Decimal("-0.50"),
            "fee": Decimal("0.03"),
            "profit": Decimal("6.00"),
            "close_reason": "SO",
        },
    ),
    (
        "a position fully closed by a directive, under it and beside its opener",
        position_event(
            PositionOutput.CLOSED, CLOSED, DEAL_OUT, whole(DEAL_OUT), NOW, closing_directive_id="dir-close"
        ),
        E.POSITION_CLOSED,
        C.SUCCESS,
        f"position:7001:9101:{CLIENT_ORDER_ID}",
        {
            **OF_POSITION,
            "directive_id": "dir-close",
            "opening_directive_id": "dir-open",
            "broker_order_id": "8101",
            "fill_price": Decimal("1.0971"),
            "fill_quantity": Decimal("0.30"),
            "commission": Decimal("0.20"),
            "swap": Decimal("-0.50"),
            "fee": Decimal("0.03"),
            "profit": Decimal("6.00"),
            "close_reason": "EXPERT",
        },
    ),
    (
        "the broker refused",
        command_event(CommandOutput.REFUSED, REFUSED, NOW),
        E.ORDER_REJECTED,
        C.ERROR,
        f"command:{CLIENT_ORDER_ID}",
        {**OF_ORDER, "error_code": "10019", "error_message": "NO_MONEY (10019): not enough"},
    ),
    (
        "the broker refused without a word",
        command_event(CommandOutput.REFUSED, msgspec.structs.replace(REFUSED, message=""), NOW),
        E.ORDER_REJECTED,
        C.ERROR,
        f"command:{CLIENT_ORDER_ID}",
        {**OF_ORDER, "error_code": "10019", "error_message": "NO_MONEY (10019)"},
    ),
    (
        "the broker took a pending order",
        command_event(CommandOutput.PLACED, LIMIT, NOW),
        E.ORDER_PLACED,
        C.INFO,
        f"command:{CLIENT_ORDER_ID}",
        {
            **OF_COMMAND,
            "broker_order_id": "8001",
            "stop_loss": Decimal("1.0900"),
            "take_profit": Decimal("1.1000"),
            "order_type": "STOP_LIMIT",
            "price": Decimal("1.0960"),
            "limit_price": Decimal("1.0955"),
            "remaining_quantity": Decimal("0.30"),
            "order_expires_at": EXPIRY,
        },
    ),
    (
        "a modify took effect",
        command_event(CommandOutput.CHANGED, MODIFY, NOW),
        E.ORDER_PLACED,
        C.INFO,
        f"command:{CLIENT_ORDER_ID + 5}",
        {
            **OF_POSITION,
            "directive_id": "dir-modify",
            "opening_directive_id": "dir-open",
            "action": "MODIFY",
            "stop_loss": Decimal("1.0940"),
            "take_profit": Decimal(0),
        },
    ),
    (
        "a cancel took effect",
        command_event(CommandOutput.CHANGED, CANCEL, NOW),
        E.ORDER_CANCELLED,
        C.INFO,
        f"command:{CLIENT_ORDER_ID + 6}",
        {
            "directive_id": "dir-cancel",
            "opening_directive_id": "dir-open",
            "symbol": "EURUSD",
            "broker_order_id": "8001",
            "action": "CANCEL",
        },
    ),
    (
        "cancelled before anything was sent",
        events.withdrawn(OFFICER, "dir-open", NOW),
        E.ORDER_CANCELLED,
        C.INFO,
        "directive",
        {"directive_id": "dir-open"},
    ),
    (
        "the cancel that ended it before anything was sent",
        events.withdrawn(OFFICER, "dir-cancel", NOW, opener="dir-open"),
        E.ORDER_CANCELLED,
        C.INFO,
        "directive",
        {"directive_id": "dir-cancel", "opening_directive_id": "dir-open"},
    ),
    (
        "a fill by a person's word",
        events.resolved_fill(
            msgspec.structs.replace(PLACED, reason="RESOLVED", message="resolved by an operator: seen"),
            NOW,
            price=Decimal("1.0951"),
            quantity=Decimal("0.30"),
        ),
        E.ORDER_FILLED,
        C.SUCCESS,
        f"command:{CLIENT_ORDER_ID}",
        {
            **OF_ORDER,
            "fill_price": Decimal("1.0951"),
            "fill_quantity": Decimal("0.30"),
            "error_message": "resolved by an operator: seen",
        },
    ),
    (
        "new levels of a position by hand",
        position_events.levels_changed(
            msgspec.structs.replace(QUARANTINED, stop_loss=None, take_profit=Decimal("1.2"), levels_seen=3),
            NOW,
        ),
        E.ORDER_PLACED,
        C.INFO,
        "position:7001:levels:3",
        {**OF_POSITION, "action": "CHANGED", "stop_loss": Decimal(0), "take_profit": Decimal("1.2")},
    ),
    (
        "a pending order changed by hand",
        events.order_changed(OFFICER, "dir-open", PENDING, 2, NOW),
        E.ORDER_PLACED,
        C.INFO,
        "order:8001:changed:2",
        {
            **OF_COMMAND,
            "broker_order_id": "8001",
            "action": "CHANGED",
            "price": Decimal("1.0800"),
            "stop_loss": Decimal("1.0700"),
            "take_profit": Decimal(0),
            "remaining_quantity": Decimal("0.30"),
        },
    ),
    (
        "the stop loss that was asked for is missing",
        position_events.stop_missing(msgspec.structs.replace(QUARANTINED, stop_loss=None), OPEN, NOW),
        E.SYSTEM_ERROR,
        C.ERROR,
        "position:7001:stop",
        {
            **OF_POSITION,
            "error_code": "STOP_MISSING",
            "error_message": "position 7001 has no stop loss at the broker; 1.0900 was requested. "
            "Set it, or close the position",
            "stop_loss": Decimal("1.0900"),
        },
    ),
    (
        "a close that reversed",
        position_events.accidental_reversal(CLOSE, DEAL_OUT, NOW, "it was gone"),
        E.SYSTEM_ERROR,
        C.ERROR,
        "deal:9101",
        {
            "directive_id": "dir-close",
            "error_code": "ACCIDENTAL_REVERSAL",
            "error_message": "it was gone. Nothing is opened in EURUSD until an operator resumes "
            "(execution-officer resume)",
        },
    ),
    (
        "money that the broker booked later",
        position_events.deal_revised(OFFICER, "dir-close", LATER, NOW),
        E.ORDER_FILLED,
        C.INFO,
        f"deal:9101:{content_hash(LATER)[:16]}",
        {
            **OF_POSITION,
            "directive_id": "dir-close",
            "broker_order_id": "8101",
            "deal_id": "9101",
            "action": "REVISION",
            "commission": Decimal("0.35"),
            "swap": Decimal("-0.50"),
            "profit": Decimal("6.00"),
        },
    ),
    (
        "a deal that the broker annulled",
        position_events.deal_annulled(OFFICER, "dir-open", ANNULLED, DEAL_IN, NOW),
        E.BROKER_ERROR,
        C.ERROR,
        f"deal:9001:{content_hash(ANNULLED)[:16]}",
        {
            **OF_POSITION,
            "broker_order_id": "8001",
            "deal_id": "9001",
            "fill_price": Decimal("1.0951"),
            "fill_quantity": Decimal("0.30"),
            "commission": Decimal("0.10"),
            "error_code": "DEAL_CANCELLED",
            "error_message": "the broker has annulled deal 9001 (BUY_CANCELED); compare the account with the "
            "terminal",
        },
    ),
    (
        "remainder cancelled",
        command_event(CommandOutput.CANCELLED, PLACED, NOW),
        E.ORDER_CANCELLED,
        C.INFO,
        f"command:{CLIENT_ORDER_ID}",
        {**OF_ORDER, "remaining_quantity": Decimal("0.20")},
    ),
    (
        "cancelled by a person's word",
        command_event(CommandOutput.CANCELLED, said("RESOLVED", "resolved by an operator: seen"), NOW),
        E.ORDER_CANCELLED,
        C.INFO,
        f"command:{CLIENT_ORDER_ID}",
        {
            **OF_ORDER,
            "remaining_quantity": Decimal("0.20"),
            "error_message": "resolved by an operator: seen",
        },
    ),
    (
        "cancelled by a directive before it was sent",
        command_event(CommandOutput.CANCELLED, said("WITHDRAWN", "cancelled by directive d-2"), NOW),
        E.ORDER_CANCELLED,
        C.INFO,
        f"command:{CLIENT_ORDER_ID}",
        {
            **OF_ORDER,
            "remaining_quantity": Decimal("0.20"),
            "error_message": "cancelled by directive d-2",
        },
    ),
    (
        "cancelled by the broker, after trouble that is over",
        command_event(CommandOutput.CANCELLED, said("10012", "TIMEOUT (10012)"), NOW),
        E.ORDER_CANCELLED,
        C.INFO,
        f"command:{CLIENT_ORDER_ID}",
        {**OF_ORDER, "remaining_quantity": Decimal("0.20")},
    ),
    (
        "a cancel that took effect by a person's word",
        command_event(
            CommandOutput.CHANGED,
            msgspec.structs.replace(CANCEL, reason="RESOLVED", message="resolved by an operator: seen"),
            NOW,
        ),
        E.ORDER_CANCELLED,
        C.INFO,
        f"command:{CLIENT_ORDER_ID + 6}",
        {
            "directive_id": "dir-cancel",
            "opening_directive_id": "dir-open",
            "symbol": "EURUSD",
            "broker_order_id": "8001",
            "action": "CANCEL",
            "error_message": "resolved by an operator: seen",
        },
    ),
    (
        "server trouble, outcome open",
        command_event(
            CommandOutput.BROKER_ERROR,
            msgspec.structs.replace(PLACED, reason="10012", message="TIMEOUT (10012)"),
            NOW,
        ),
        E.BROKER_ERROR,
        C.ERROR,
        f"command:{CLIENT_ORDER_ID}:1",
        {**OF_ORDER, "error_code": "10012", "error_message": "TIMEOUT (10012)"},
    ),
    (
        "terminal lost the broker",
        events.connection_report(
            OFFICER, ConnectionReport(instance_id=INSTANCE_ID, counter=4, up=False, message="no route"), NOW
        ),
        E.CONNECTION_LOST,
        C.ERROR,
        f"connection:{INSTANCE_ID}:4",
        {"error_code": "BROKER_DISCONNECTED", "error_message": "no route"},
    ),
    (
        "terminal regained the broker",
        events.connection_report(OFFICER, ConnectionReport(instance_id=INSTANCE_ID, counter=5, up=True), NOW),
        E.CONNECTION_RESTORED,
        C.INFO,
        f"connection:{INSTANCE_ID}:5",
        {},
    ),
    (
        "EA silent",
        events.connection(
            OFFICER, NOW, up=False, code="TERMINAL_SILENT", message="15 s", subject="session:3"
        ),
        E.CONNECTION_LOST,
        C.ERROR,
        "session:3",
        {"error_code": "TERMINAL_SILENT", "error_message": "15 s"},
    ),
    (
        "trouble at the terminal",
        events.trouble_report(
            OFFICER,
            TroubleReport(instance_id=INSTANCE_ID, counter=6, code="AUTOTRADING", message="press it"),
            NOW,
        ),
        E.SYSTEM_ERROR,
        C.ERROR,
        f"trouble:{INSTANCE_ID}:6",
        {"error_code": "AUTOTRADING", "error_message": "press it"},
    ),
    (
        "internal error",
        events.system_error(
            OFFICER, NOW, code="DISK_FULL", message="m", subject="s", directive_id="dir-open"
        ),
        E.SYSTEM_ERROR,
        C.ERROR,
        "s",
        {"directive_id": "dir-open", "error_code": "DISK_FULL", "error_message": "m"},
    ),
]


@pytest.mark.parametrize(
    ("new_event", "event_type", "event_class", "subject", "fields"),
    [pytest.param(*row[1:], id=row[0]) for row in ROWS],
)
def test_each_occurrence_has_its_type_class_subject_and_fields(
    new_event: NewEvent,
    event_type: EventType,
    event_class: EventClass,
    subject: str,
    fields: dict[str, object],
) -> None:
    assert (new_event.event.event_type, new_event.event.event_class) == (event_type, event_class)
    assert new_event.subject == subject
    assert own(new_event) == fields


def test_the_rows_hold_every_type_and_every_output() -> None:
    assert {row[2] for row in ROWS} == set(EventType)


def test_an_unknown_outcome_says_what_to_look_for() -> None:
    new_event = command_event(CommandOutput.UNKNOWN, PLACED, NOW)
    assert (new_event.event.event_type, new_event.event.event_class) == (E.SYSTEM_ERROR, C.ERROR)
    assert new_event.subject == f"command:{CLIENT_ORDER_ID}"
    assert new_event.event.error_code == "UNKNOWN_OUTCOME"
    assert new_event.event.error_message is not None and str(CLIENT_ORDER_ID) in new_event.event.error_message
    assert "not sent again" in new_event.event.error_message


@pytest.mark.parametrize(
    ("booked", "paid"), [("-0.10", "0.10"), ("0", "0"), ("0.00", "0"), ("-0.00", "0"), ("0.25", "-0.25")]
)
def test_costs_are_positive_and_rebates_negative(booked: str, paid: str) -> None:
    deal = msgspec.structs.replace(DEAL_IN, commission=Decimal(booked))
    emitted = command_event(CommandOutput.FILLED, PLACED, NOW, deal=deal, deals=[deal]).event.commission
    assert str(emitted) == paid


def test_no_more_remains_than_nothing() -> None:
    over: CommandRecord = msgspec.structs.replace(PLACED, filled=Decimal("0.31"))
    for output in (CommandOutput.PART_FILLED, CommandOutput.CANCELLED):
        assert command_event(output, over, NOW, deal=DEAL_IN).event.remaining_quantity == 0


def key(
    *,
    officer: str = OFFICER,
    server: str = "Broker-Demo",
    login: int = 12345,
    new_event: NewEvent = ROWS[4][1],
) -> str:
    return event_key(officer=officer, server=server, login=login, new_event=new_event)


def test_an_event_key_is_the_same_for_ever() -> None:
    """By sha256sum of the JSON list [officer, server, login, directive, type, subject]."""
    assert key() == "7b3b9f8a5db129444ca22a7c8bf3830b0367fac28061d575d80bf3f0153c81ed"


@pytest.mark.parametrize(
    "changed_key",
    [
        key(officer="eo-002"),
        key(server="Broker-Real"),
        key(login=12346),
        key(new_event=msgspec.structs.replace(ROWS[4][1], subject="command:2")),
        key(new_event=events.system_error(OFFICER, NOW, code="", message="", subject=ROWS[4][1].subject)),
        key(new_event=command_event(CommandOutput.FILLED, PLACED, NOW)),
        key(
            new_event=command_event(
                CommandOutput.PLACED, msgspec.structs.replace(PLACED, directive_id="d"), NOW
            )
        ),
    ],
)
def test_an_event_key_depends_on_each_of_its_parts(changed_key: str) -> None:
    assert changed_key != key()


def test_an_event_key_does_not_depend_on_the_body() -> None:
    """The same happening, found again later and in other words, is the same event."""
    later = msgspec.structs.replace(ROWS[4][1].event, broker_order_id="9", symbol=None)
    assert key(new_event=NewEvent(event=later, subject=ROWS[4][1].subject)) == key()


DEALS = st.lists(
    st.builds(
        lambda volume, price: msgspec.structs.replace(
            DEAL_IN, volume=Decimal(volume).scaleb(-2), price=Decimal(price).scaleb(-5)
        ),
        st.integers(1, 10**7),
        st.integers(1, 10**10),
    ),
    min_size=1,
    max_size=8,
)


@given(DEALS)
def test_a_weighted_price_is_exact_to_ten_decimals(deals: list[DealReport]) -> None:
    volume = sum((Fraction(deal.volume) for deal in deals), Fraction(0))
    exact = sum((Fraction(deal.price) * Fraction(deal.volume) for deal in deals), Fraction(0)) / volume
    price = weighted_price(deals)
    assert price is not None
    assert abs(Fraction(price) - exact) <= Fraction(1, 2 * 10**10)
    assert min(deal.price for deal in deals) <= price <= max(deal.price for deal in deals)


@pytest.mark.parametrize(
    ("fills", "price"),
    [
        ([], None),
        ([("0", "1.1")], None),
        ([("0.10", "1.0950")], "1.0950"),
        ([("0.10", "1.0950"), ("7.77", "1.0950")], "1.0950"),
        ([("0.10", "1.10"), ("0.30", "1.20")], "1.175"),
        ([("1", "100"), ("1", "300")], "200"),
        ([("1", "1"), ("2", "2")], "1.6666666667"),
    ],
)
def test_a_weighted_price_is_plain_and_keeps_the_digits_of_one_price(
    fills: list[tuple[str, str]], price: str | None
) -> None:
    deals = [msgspec.structs.replace(DEAL_IN, volume=Decimal(v), price=Decimal(p)) for v, p in fills]
    weighted = weighted_price(deals)
    assert (None if weighted is None else str(weighted)) == price
