"""The Director's contract, held against its own example bodies."""

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import msgspec
import pytest

from bridge.core.director.contract import (
    API_KEY_HEADER,
    CONTRACT_DIRECTIVE_FIELDS,
    CONTRACT_EVENT_FIELDS,
    DIRECTIVE_ADDITIONS,
    EVENTS_PATH,
    PENDING_PATH,
    Action,
    Directive,
    EventClass,
    EventReceipt,
    EventType,
    ExecutionEvent,
    OrderType,
    encode_event,
    utc_text,
)
from bridge.core.director.poll import read_batch
from tests.unit.core.director.contract_bodies import EVENT, PENDING

FILLED = ExecutionEvent(
    directive_id="dir_12345",
    event_type=EventType.ORDER_FILLED,
    event_class=EventClass.SUCCESS,
    occurred_at=datetime(2026, 1, 4, 10, 0, 5, tzinfo=UTC),
    reported_by="eo-001",
    broker_order_id="123456789",
    fill_price=Decimal("1.0951"),
    fill_quantity=Decimal("0.01"),
    commission=Decimal("0.10"),
)
WITH_ADDITIONS = msgspec.structs.replace(
    FILLED,
    error_code="10019",
    error_message="no money",
    symbol="EURUSD",
    position_id="7001",
    deal_id="9001",
    entry="OUT",
    remaining_quantity=Decimal("0.20"),
    opening_directive_id="dir_1",
    close_reason="SL",
    profit=Decimal("-1.50"),
    swap=Decimal("0.05"),
    fee=Decimal("0.01"),
    stop_loss=Decimal("1.0900"),
    take_profit=Decimal("1.1000"),
    action="MODIFY",
    order_type="STOP_LIMIT",
    price=Decimal("1.0960"),
    limit_price=Decimal("1.0955"),
    order_expires_at=datetime(2026, 1, 5, 22, 0, tzinfo=UTC),
)


def test_the_example_directive_is_read_with_every_field() -> None:
    (item,) = read_batch(PENDING)
    assert item.problem is None
    assert item.directive == Directive(
        directive_id="dir_12345",
        signal_id="sig_001",
        symbol="EURUSD",
        action=Action.OPEN_LONG,
        order_type=OrderType.MARKET,
        quantity=Decimal("0.01"),
        price=Decimal("1.0950"),
        stop_loss=Decimal("1.0900"),
        take_profit=Decimal("1.1000"),
        issued_at=datetime(2026, 1, 4, 10, 0, tzinfo=UTC),
        expires_at=datetime(2026, 1, 4, 10, 5, tzinfo=UTC),
    )
    assert str(item.directive.price) == "1.0950"


def test_the_directive_fields_are_those_of_the_example_in_its_order() -> None:
    (example,) = json.loads(PENDING)["directives"]
    assert list(example) == list(CONTRACT_DIRECTIVE_FIELDS)
    assert set(Directive.__struct_fields__) - set(example) == set(DIRECTIVE_ADDITIONS)


def test_example_event_is_written_as_in_the_contract_with_six_digits_of_the_second() -> None:
    example = "".join(line.strip() for line in EVENT.splitlines()).replace('": ', '":')
    assert encode_event(FILLED).decode() == example.replace(":05Z", ":05.000000Z")


def test_the_event_fields_are_those_of_the_example_in_its_order_before_the_additions() -> None:
    example = list(json.loads(EVENT))
    assert example == list(CONTRACT_EVENT_FIELDS)
    assert list(ExecutionEvent.__struct_fields__[: len(example)]) == example


def test_without_extra_fields_the_contracts_own_go_out_with_error_details_and_the_opener() -> None:
    reduced = json.loads(encode_event(WITH_ADDITIONS, extra_fields=False))
    added = {"error_code": "10019", "error_message": "no money", "opening_directive_id": "dir_1"}
    assert reduced == {**json.loads(encode_event(FILLED)), **added}
    sent = json.loads(encode_event(WITH_ADDITIONS))
    assert set(sent) == set(ExecutionEvent.__struct_fields__)


def test_an_event_of_no_directive_says_null() -> None:
    lost = ExecutionEvent(
        directive_id=None,
        event_type=EventType.CONNECTION_LOST,
        event_class=EventClass.ERROR,
        occurred_at=FILLED.occurred_at,
        reported_by="eo-001",
    )
    for extra_fields in (True, False):
        sent = json.loads(encode_event(lost, extra_fields=extra_fields))
        assert sent["directive_id"] is None
        assert set(sent) == {"directive_id", "event_type", "event_class", "occurred_at", "reported_by"}


def test_money_goes_out_as_numbers_with_their_digits() -> None:
    body = encode_event(WITH_ADDITIONS).decode()
    for text in ('"profit":-1.50', '"swap":0.05', '"remaining_quantity":0.20', '"take_profit":1.1000'):
        assert text in body


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 1, 4, 10, 0, 5, tzinfo=UTC), "2026-01-04T10:00:05.000Z"),
        (datetime(2026, 1, 4, 10, 0, 5, 123999, tzinfo=UTC), "2026-01-04T10:00:05.123Z"),
        (datetime(2026, 1, 4, 12, 0, 5, tzinfo=timezone(timedelta(hours=2))), "2026-01-04T10:00:05.000Z"),
    ],
)
def test_a_time_is_written_in_utc_with_z(moment: datetime, text: str) -> None:
    assert utc_text(moment) == text


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        utc_text(datetime(2026, 1, 4))  # noqa: DTZ001 - what is to be refused


def test_an_events_time_ends_in_z_to_the_microsecond() -> None:
    late = msgspec.structs.replace(FILLED, occurred_at=datetime(2026, 1, 4, 10, 0, 5, 250_000, tzinfo=UTC))
    assert json.loads(encode_event(late))["occurred_at"] == "2026-01-04T10:00:05.250000Z"


def test_there_are_the_contracts_fourteen_event_types() -> None:
    assert [str(each) for each in EventType] == [
        "DIRECTIVE_RECEIVED",
        "ORDER_PLACED",
        "ORDER_FILLED",
        "ORDER_PARTIAL_FILL",
        "ORDER_REJECTED",
        "ORDER_CANCELLED",
        "POSITION_OPENED",
        "POSITION_CLOSED",
        "SL_TRIGGERED",
        "TP_TRIGGERED",
        "CONNECTION_LOST",
        "CONNECTION_RESTORED",
        "BROKER_ERROR",
        "SYSTEM_ERROR",
    ]
    assert [str(each) for each in EventClass] == ["INFO", "SUCCESS", "ERROR"]


def test_paths_and_header_are_the_contracts() -> None:
    assert (PENDING_PATH, EVENTS_PATH) == ("/v1/directives/pending", "/v1/execution-events")
    assert API_KEY_HEADER == "X-API-Key"


def test_only_the_market_type_does_not_wait_on_the_book() -> None:
    assert [each.pending for each in OrderType] == [False, True, True, True]
    assert [str(each) for each in OrderType] == ["MARKET", "LIMIT", "STOP", "STOP_LIMIT"]


def test_a_receipt_reads_the_contracts_example() -> None:
    body = b'{"success": true, "event_id": "evt_67890"}'
    assert msgspec.json.decode(body, type=EventReceipt) == EventReceipt(success=True, event_id="evt_67890")
