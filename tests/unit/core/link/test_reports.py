"""Reports: on the wire, their keys, and when two of them are the same."""

import json
from decimal import Decimal
from typing import TypeVar

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.director.contract import OrderType
from bridge.core.link import reports
from bridge.core.link.messages import CommandKind, Order, ProtocolError
from bridge.core.link.report_identity import content_hash, report_key
from bridge.core.link.reports import (
    AnyReport,
    CommandReport,
    CommandStage,
    ConnectionReport,
    Found,
    NotSentReason,
    PositionReport,
    ScanReport,
    SymbolReport,
    TroubleReport,
    decode_report,
    encode_report,
)
from bridge.core.units.mt5_terms import DealEntry, OrderState, Side
from tests.unit.core.generate import amounts, instances
from tests.unit.core.samples import CLIENT_ORDER_ID, DEAL_IN, ORDER

INSTANCE_ID = "a" * 32
KINDS = reports.AnyReport.__args__
ANY = st.one_of([instances(cls) for cls in KINDS])
F = TypeVar("F", bound=AnyReport)

EXAMPLES: list[AnyReport] = [
    CommandReport(
        client_order_id=CLIENT_ORDER_ID,
        attempt=2,
        stage=CommandStage.RESULT,
        mark=17,
        reason=NotSentReason.CHECK,
        message="no money",
        retcode=10019,
        order=8001,
        deal=9001,
        price=Decimal("1.0951"),
        volume=Decimal("0.30"),
        request_no=1,
        found=Found.NOTHING,
        connected_ms=60_000,
    ),
    msgspec.structs.replace(
        DEAL_IN, stop_loss=Decimal("1.09"), take_profit=Decimal("1.1"), comment="dir", fee=Decimal("0.01")
    ),
    msgspec.structs.replace(
        ORDER,
        stop_loss=Decimal("1.09"),
        take_profit=Decimal("1.1"),
        limit_price=Decimal("1.2"),
        position_id=7001,
        time_done_server_ms=5,
        expires_server_ms=6,
        comment="dir",
    ),
    PositionReport(
        identifier=7001,
        ticket=7002,
        symbol="EURUSD",
        side=Side.BUY,
        volume=Decimal("0.30"),
        price_open=Decimal("1.0951"),
        stop_loss=Decimal("1.09"),
        take_profit=Decimal("1.1"),
        magic=CLIENT_ORDER_ID,
        time_server_ms=1_767_600_000_000,
        comment="dir_12345",
    ),
    SymbolReport(
        asked="EURUSD",
        name="EURUSD.r",
        candidates=["EURUSD.r", "EURUSD.x"],
        digits=5,
        point=Decimal("0.00001"),
        tick_size=Decimal("0.00005"),
        volume_min=Decimal("0.01"),
        volume_max=Decimal(100),
        volume_step=Decimal("0.01"),
        volume_limit=Decimal(500),
        trade_mode="LONGONLY",
        order_types=[OrderType.MARKET, OrderType.LIMIT],
        execution_mode="EXCHANGE",
        filling_modes=["FOK", "RETURN"],
        stops_level=10,
        freeze_level=0,
    ),
    ScanReport(
        instance_id=INSTANCE_ID,
        counter=4,
        from_server_ms=1,
        to_server_ms=2,
        deals=3,
        orders=4,
        positions=[7001],
        live_orders=[8001],
    ),
    ConnectionReport(instance_id=INSTANCE_ID, counter=5, up=False, message="no route"),
    TroubleReport(
        instance_id=INSTANCE_ID, counter=6, code="AUTOTRADING_OFF", message="press the AutoTrading button"
    ),
]
EACH = pytest.mark.parametrize("report", EXAMPLES, ids=lambda report: type(report).__name__)


def test_every_kind_has_its_example() -> None:
    assert [type(report) for report in EXAMPLES] == list(KINDS)


@given(ANY)
def test_every_report_reads_back_as_it_was_written(report: AnyReport) -> None:
    written = encode_report(report)
    assert decode_report(written) == report
    assert encode_report(decode_report(written)) == written
    assert content_hash(decode_report(written)) == content_hash(report)
    assert report_key(decode_report(written)) == report_key(report)


@pytest.mark.parametrize(
    ("report", "key"),
    [
        (EXAMPLES[0], f"command:{CLIENT_ORDER_ID}:2:result"),
        (
            msgspec.structs.replace(EXAMPLES[0], stage=CommandStage.RECEIVED),
            f"command:{CLIENT_ORDER_ID}:2:received",
        ),
        (
            msgspec.structs.replace(EXAMPLES[0], stage=CommandStage.SUBMITTED),
            f"command:{CLIENT_ORDER_ID}:2:submitted",
        ),
        (
            msgspec.structs.replace(EXAMPLES[0], stage=CommandStage.NOT_SENT),
            f"command:{CLIENT_ORDER_ID}:2:not_sent",
        ),
        (
            msgspec.structs.replace(EXAMPLES[0], stage=CommandStage.STATUS_REPLY),
            f"command:{CLIENT_ORDER_ID}:2:status_reply:1",
        ),
        (EXAMPLES[1], "deal:9001"),
        (EXAMPLES[2], "order:8001:PLACED:0.3:0:1.09:1.1:6"),
        (ORDER, "order:8001:PLACED:0.3:0:-:-:0"),
        (EXAMPLES[3], "position:7001"),
        (EXAMPLES[4], "symbol:EURUSD"),
        (EXAMPLES[5], f"scan:{INSTANCE_ID}:4"),
        (EXAMPLES[6], f"connection:{INSTANCE_ID}:5"),
        (EXAMPLES[7], f"trouble:{INSTANCE_ID}:6"),
    ],
)
def test_each_report_has_its_natural_key(report: AnyReport, key: str) -> None:
    assert report_key(report) == key


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("ticket", 8002),
        ("state", OrderState.CANCELED),
        ("volume_current", Decimal("0.29")),
        ("price", Decimal("1.2")),
        ("stop_loss", Decimal("1.0901")),
        ("stop_loss", None),
        ("take_profit", Decimal("1.1001")),
        ("take_profit", None),
        ("expires_server_ms", 7),
    ],
)
def test_an_order_that_changed_has_another_key(field: str, value: object) -> None:
    assert report_key(msgspec.structs.replace(EXAMPLES[2], **{field: value})) != report_key(EXAMPLES[2])


@pytest.mark.parametrize("field", ["time_setup_server_ms", "time_done_server_ms"])
def test_no_key_holds_a_time_of_the_past(field: str) -> None:
    assert report_key(msgspec.structs.replace(EXAMPLES[2], **{field: 99})) == report_key(EXAMPLES[2])


def test_a_stop_in_the_place_of_a_target_is_another_order() -> None:
    stop = msgspec.structs.replace(ORDER, stop_loss=Decimal("1.1"), take_profit=None)
    target = msgspec.structs.replace(ORDER, stop_loss=None, take_profit=Decimal("1.1"))
    assert report_key(stop) != report_key(target)
    assert content_hash(stop) != content_hash(target)


@given(amounts)
def test_content_is_the_same_in_another_decimal_spelling(value: Decimal) -> None:
    report = msgspec.structs.replace(DEAL_IN, profit=value)
    for spelling in (value.normalize(), value + Decimal("0E-12"), Decimal(f"{value:E}")):
        assert content_hash(msgspec.structs.replace(report, profit=spelling)) == content_hash(report)


@given(amounts)
def test_an_orders_key_is_the_same_in_another_decimal_spelling(value: Decimal) -> None:
    report = msgspec.structs.replace(ORDER, price=value)
    assert report_key(msgspec.structs.replace(report, price=value.normalize())) == report_key(report)


@pytest.mark.parametrize("nought", ["0", "0.00", "-0", "-0.00", "0e5"])
def test_nothing_is_nothing_whatever_its_sign(nought: str) -> None:
    booked = json.loads(encode_report(DEAL_IN), parse_float=str, parse_int=str)
    raw = encode_report(DEAL_IN).replace(b'"swap":0,', f'"swap":{nought},'.encode())
    assert booked["swap"] == "0"
    assert content_hash(decode_report(raw)) == content_hash(DEAL_IN)


@EACH
def test_content_depends_on_every_field(report: AnyReport) -> None:
    hashes = {content_hash(report)}
    fields = [name for name in report.__struct_fields__ if name != "request"]
    for name in fields:
        hashes.add(content_hash(msgspec.structs.replace(report, **{name: _other(getattr(report, name))})))
    assert len(hashes) == len(fields) + 1


def test_the_request_of_an_intent_is_not_part_of_its_content() -> None:
    request = Order(
        client_order_id=CLIENT_ORDER_ID,
        kind=CommandKind.OPEN,
        symbol="EURUSD",
        side=Side.BUY,
        volume=Decimal(1),
    )
    plain = CommandReport(client_order_id=CLIENT_ORDER_ID, attempt=1, stage=CommandStage.SUBMITTED, mark=1)
    full = msgspec.structs.replace(plain, request=request)
    assert decode_report(encode_report(full)) == full
    assert content_hash(full) == content_hash(plain)


def test_the_amounts_of_a_request_are_checked() -> None:
    raw = (
        b'{"kind":"command","client_order_id":1,"attempt":1,"stage":"submitted","request":{"client_order_id":1,'
        b'"kind":"OPEN","symbol":"EURUSD","side":"BUY","volume":-1}}'
    )
    with pytest.raises(ProtocolError, match="volume must not be negative"):
        decode_report(raw)


def test_reports_of_two_kinds_with_equal_fields_differ() -> None:
    position = EXAMPLES[3]
    assert len({content_hash(each) for each in (*EXAMPLES, position)}) == len(EXAMPLES)


@EACH
def test_fields_of_a_newer_terminal_are_ignored(report: AnyReport) -> None:
    newer = json.dumps({**json.loads(encode_report(report)), "new": {"x": [1]}}).encode()
    assert decode_report(newer) == report
    assert content_hash(decode_report(newer)) == content_hash(report)


@pytest.mark.parametrize(
    ("report", "changed"),
    [
        (EXAMPLES[0], {"client_order_id": 0}),
        (EXAMPLES[0], {"client_order_id": 2**52}),
        (EXAMPLES[0], {"attempt": 0}),
        (EXAMPLES[0], {"stage": "guessed"}),
        (EXAMPLES[0], {"reason": "WHIM"}),
        (EXAMPLES[0], {"retcode": 100_000}),
        (EXAMPLES[0], {"price": "NaN"}),
        (EXAMPLES[0], {"connected_ms": -1}),
        (EXAMPLES[1], {"ticket": 0}),
        (EXAMPLES[1], {"ticket": 2**63}),
        (EXAMPLES[1], {"entry": "SIDEWAYS"}),
        (EXAMPLES[1], {"type": "buy"}),
        (EXAMPLES[1], {"type": "BUY\n"}),
        (EXAMPLES[1], {"reason": ""}),
        (EXAMPLES[1], {"magic": -1}),
        (EXAMPLES[1], {"volume": "Infinity"}),
        (EXAMPLES[1], {"volume": -0.1}),
        (EXAMPLES[1], {"profit": 1e13}),
        (EXAMPLES[1], {"price": "1e999999"}),
        (EXAMPLES[1], {"commission": "0.00000000001"}),
        (EXAMPLES[1], {"comment": "a\0b"}),
        (EXAMPLES[1], {"comment": "x" * 1025}),
        (EXAMPLES[1], {"time_server_ms": 2**53}),
        (EXAMPLES[2], {"state": "LOST"}),
        (EXAMPLES[2], {"volume_current": "sNaN"}),
        (EXAMPLES[2], {"volume_initial": -1}),
        (EXAMPLES[3], {"identifier": 0}),
        (EXAMPLES[3], {"side": "LONG"}),
        (EXAMPLES[4], {"asked": ""}),
        (EXAMPLES[4], {"name": "x" * 65}),
        (EXAMPLES[4], {"candidates": ["x"] * 17}),
        (EXAMPLES[4], {"digits": 17}),
        (EXAMPLES[4], {"tick_size": "NaN"}),
        (EXAMPLES[4], {"volume_step": -0.01}),
        (EXAMPLES[4], {"trade_mode": "full"}),
        (EXAMPLES[4], {"order_types": ["MARKET", "WHIM"]}),
        (EXAMPLES[5], {"instance_id": "a" * 31}),
        (EXAMPLES[5], {"instance_id": INSTANCE_ID + "\n"}),
        (EXAMPLES[5], {"positions": [-1]}),
        (EXAMPLES[5], {"positions": [1] * 2049}),
        (EXAMPLES[6], {"up": 1}),
        (EXAMPLES[7], {"code": ""}),
        (EXAMPLES[7], {"code": "x\n"}),
    ],
)
def test_what_is_out_of_bounds_is_refused(report: AnyReport, changed: dict[str, object]) -> None:
    with pytest.raises(ProtocolError):
        decode_report(json.dumps({**json.loads(encode_report(report)), **changed}).encode())


@given(ANY, st.binary(max_size=20), st.floats(0, 1), st.floats(0, 1))
def test_no_bytes_make_an_error_of_another_kind(
    report: AnyReport, noise: bytes, start: float, end: float
) -> None:
    good = encode_report(report)
    low, high = sorted((int(start * len(good)), int(end * len(good))))
    for raw in (noise, good[:low] + noise + good[high:]):
        try:
            read = decode_report(raw)
        except ProtocolError as error:
            assert str(error)
        else:
            assert report_key(read) and content_hash(read)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"{}",
        b'{"kind":"new"}',
        b"[" * 100_000,
        b'{"kind":"deal","x":' + b"[" * 100_000,
        b"\xff",
    ],
)
def test_what_is_no_report_is_a_protocol_error(raw: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode_report(raw)


@pytest.mark.parametrize("reason", list(NotSentReason))
def test_only_what_passes_by_itself_is_worth_another_dispatch(reason: NotSentReason) -> None:
    assert reason.passing is (reason in {"LATE", "OFFLINE", "NO_INTENT", "UNSEARCHED", "BUSY"})


@pytest.mark.parametrize(
    ("kind", "side"), [("BUY", Side.BUY), ("SELL", Side.SELL), ("BALANCE", None), ("BUY_CANCELED", None)]
)
def test_a_deal_that_is_no_trade_has_no_side(kind: str, side: Side | None) -> None:
    assert msgspec.structs.replace(DEAL_IN, type=kind).side is side


def _other(value: object) -> object:
    """Another value of the same type."""
    match value:
        case bool():
            return not value
        case Side() | DealEntry() | OrderState() | CommandStage() | NotSentReason() | Found():
            return next(each for each in type(value) if each is not value)
        case int() | Decimal():
            return value + 1
        case str():
            return value[:-1] + ("b" if not value.endswith("b") else "c")
        case list():
            return [*value, 1]
        case _:
            raise AssertionError(f"the example leaves a field at {value!r}")
