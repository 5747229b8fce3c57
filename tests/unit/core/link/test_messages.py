"""The link's messages: on the wire, in bounds, and never an error of another kind."""

import json
from collections.abc import Callable
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.link import messages
from bridge.core.link.messages import (
    MAX_MESSAGE_BYTES,
    Message,
    ProtocolError,
    UnknownTypeError,
    decode_from_sidecar,
    decode_from_terminal,
    encode,
)
from tests.unit.core.generate import instances

A32, A64, B64 = "a" * 32, "a" * 64, "b" * 64
ORDER = {
    "client_order_id": 752844203393025,
    "kind": "CLOSE",
    "symbol": "EURUSD",
    "side": "SELL",
    "volume": 0.30,
    "order_type": "STOP_LIMIT",
    "position": 7001,
    "order": 8001,
    "opener": 752844203393024,
    "stop_loss": 1.09,
    "take_profit": 1.1,
    "price": 1.095,
    "limit_price": 1.094,
    "time_in_force": "GTD",
    "expires_ms": 1767571200000,
    "deviation_points": 20,
    "max_spread_points": 30,
    "comment": "dir_12345",
    "directive_id": "dir_12345",
}
ACCOUNT = {
    "login": 12345,
    "server": "Broker-Demo",
    "margin_mode": "RETAIL_HEDGING",
    "trade_mode": "DEMO",
    "currency": "EUR",
}
STATUS_REQUEST_ITEM = {
    "order": ORDER,
    "attempt": 1,
    "request_no": 2,
    "ledger": A32,
    "since_server_ms": 1767524400000,
}

# One example of every message, with every field: what stands here is the protocol.
FROM_TERMINAL: dict[str, dict[str, object]] = {
    "hello": {"min_version": 1, "max_version": 2, "officer": "eo-001", "instance_id": A32, "nonce": A64},
    "prove": {
        "proof": B64,
        "account": ACCOUNT,
        "ledger": {"id": A32, "mark": 17, "unbroken": False},
        "program": "ExecutionOfficer 1.0",
        "server_ms": 1767528000000,
        "poll_interval_s": 5,
    },
    "report": {"epoch": 3, "seq": 1, "report": {"kind": "anything"}},
    "heartbeat": {
        "epoch": 3,
        "broker_connected": True,
        "trade_allowed": False,
        "trade_forbidden_by": "AutoTrading is off",
        "server_ms": 1767528000000,
        "balance": 10000.5,
        "equity": 9999.5,
        "margin": 100,
        "ping_us": 32000,
        "timer_max_us": 900,
        "busy": True,
    },
    "bye": {"epoch": 3, "reason": "removed from the chart"},
    "error": {"code": "UNKNOWN_TYPE", "message": "what is 'x'?"},
}
FROM_SIDECAR: dict[str, dict[str, object]] = {
    "challenge": {"version": 1, "nonce": A64, "proof": B64},
    "refused": {"code": "SECOND_INSTANCE", "message": "there is one", "remedy": "remove it"},
    "command": {
        "epoch": 3,
        "attempt": 1,
        "deadline_ms": 5000,
        "order": ORDER,
        "expires_server_ms": 1767571200000,
        "search_from_server_ms": 1767225600000,
    },
    "status_request": {"epoch": 3, "item": STATUS_REQUEST_ITEM},
    "inquire": {"epoch": 3, "symbol": "EURUSD", "exact": True},
    "scan_request": {"epoch": 3},
    "welcome": {
        "epoch": 3,
        "heartbeat_ms": 1000,
        "ledger_mark": 17,
        "watermark_server_ms": 1767524400000,
        "overlap_ms": 3600000,
        "max_message_bytes": 65536,
        "stored_epoch": 2,
        "stored_seq": 41,
    },
    "ack": {"epoch": 3, "seq": 12},
    "heartbeat": {"epoch": 3, "clock_ms": 4000},
    "bye": {"epoch": 3, "reason": "a new session took over"},
    "error": {"code": "MALFORMED", "message": "no JSON"},
}

Decode = Callable[[bytes], Message]
SIDES: list[tuple[Decode, dict[str, dict[str, object]]]] = [
    (decode_from_terminal, FROM_TERMINAL),
    (decode_from_sidecar, FROM_SIDECAR),
]
ALL = [
    pytest.param(decode, kind, fields, id=f"{decode.__name__}-{kind}")
    for decode, kinds in SIDES
    for kind, fields in kinds.items()
]
BOTH = pytest.mark.parametrize("decode", [decode_from_terminal, decode_from_sidecar])
MESSAGES: dict[Decode, tuple[type[Message], ...]] = {
    decode_from_terminal: messages.FromTerminal.__args__,
    decode_from_sidecar: messages.FromSidecar.__args__,
}
EVERY = st.sampled_from([(decode, cls) for decode, classes in MESSAGES.items() for cls in classes])


def frame(kind: str, fields: dict[str, object]) -> bytes:
    return json.dumps({"type": kind, **fields}).encode()


@pytest.mark.parametrize(("decode", "kind", "fields"), ALL)
def test_each_message_stands_on_the_wire_under_its_own_names(
    decode: Decode, kind: str, fields: dict[str, object]
) -> None:
    message = decode(frame(kind, fields))
    assert set(message.__struct_fields__) == set(fields)
    assert json.loads(encode(message)) == {"type": kind, **fields}


def test_the_example_of_an_order_has_every_field() -> None:
    assert set(ORDER) == set(messages.Order.__struct_fields__)


def test_every_message_has_its_example() -> None:
    for decode, kinds in SIDES:
        assert {type(decode(frame(kind, fields))) for kind, fields in kinds.items()} == set(MESSAGES[decode])


@given(st.data())
def test_every_message_reads_back_as_it_was_written(data: st.DataObject) -> None:
    decode, cls = data.draw(EVERY)
    message = data.draw(instances(cls))
    written = encode(message)
    read = decode(written)
    assert read == message
    assert encode(read) == written  # every digit kept


@pytest.mark.parametrize(("decode", "kind", "fields"), ALL)
def test_fields_of_a_newer_peer_are_ignored(decode: Decode, kind: str, fields: dict[str, object]) -> None:
    newer = {name: {**each, "new": [1]} if isinstance(each, dict) else each for name, each in fields.items()}
    if kind == "report":
        newer = fields
    assert decode(frame(kind, {**newer, "new": {"deep": [None]}})) == decode(frame(kind, fields))


@pytest.mark.parametrize(("decode", "kind", "fields"), ALL)
def test_a_field_of_another_type_is_refused(decode: Decode, kind: str, fields: dict[str, object]) -> None:
    for name in fields:
        if (kind, name) == ("report", "report"):
            continue
        with pytest.raises(ProtocolError):
            decode(frame(kind, {**fields, name: [[]]}))


@pytest.mark.parametrize(
    "kind",
    [
        "challenge",
        "refused",
        "command",
        "status_request",
        "inquire",
        "scan_request",
        "welcome",
        "ack",
        "new",
        "",
    ],
)
def test_a_terminal_may_not_say_what_the_sidecar_says(kind: str) -> None:
    with pytest.raises(UnknownTypeError, match="unknown message type"):
        decode_from_terminal(frame(kind, FROM_SIDECAR.get(kind, {})))


@pytest.mark.parametrize("kind", ["hello", "prove", "report", "new"])
def test_the_sidecar_may_not_say_what_a_terminal_says(kind: str) -> None:
    with pytest.raises(UnknownTypeError, match="unknown message type"):
        decode_from_sidecar(frame(kind, FROM_TERMINAL.get(kind, {})))


@BOTH
@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b" ",
        b"null",
        b"[]",
        b"{}",
        b'"hello"',
        b'{"type": 1}',
        b'{"type": null}',
        b'{"type": "bye"',
        b'{"type": "bye"}',
        b'{"type": "bye", "epoch": 1, "reason": "x"} {}',
        b'{"type": "bye", "epoch": 1, "reason": "\xff"}',
        b'{"type": "bye", "epoch": 1, "reason": "\\ud800"}',
        b'{"type": "bye", "epoch": 1e999999, "reason": ""}',
        b'{"type": "bye", "epoch": NaN, "reason": ""}',
        b'{"type": "bye", "x": ' + b"[" * 30_000 + b"]" * 30_000 + b"}",
        b'{"type": "bye", "x": ' + b'{"x":' * 10_000 + b"1" + b"}" * 10_000 + b"}",
        b"\xff\xfe",
        b"\x00" * 64,
    ],
)
def test_a_malformed_frame_is_a_protocol_error_and_no_unknown_type(decode: Decode, bad: bytes) -> None:
    with pytest.raises(ProtocolError) as caught:
        decode(bad)
    assert not isinstance(caught.value, UnknownTypeError)


@BOTH
def test_a_frame_is_read_up_to_the_most_bytes(decode: Decode) -> None:
    bye = frame("bye", {"epoch": 1, "reason": ""})
    assert isinstance(decode(bye + b" " * (MAX_MESSAGE_BYTES - len(bye))), messages.Bye)
    with pytest.raises(ProtocolError, match="65537 bytes"):
        decode(bye + b" " * (MAX_MESSAGE_BYTES - len(bye) + 1))


@given(st.data())
def test_no_bytes_make_an_error_of_another_kind(data: st.DataObject) -> None:
    decode, cls = data.draw(EVERY)
    good = encode(data.draw(instances(cls)))
    at, end = sorted((data.draw(st.integers(0, len(good))), data.draw(st.integers(0, len(good)))))
    spoilt = good[:at] + data.draw(st.binary(max_size=20)) + good[end:]
    for each in (spoilt, data.draw(st.binary())):
        try:
            message = decode(each)
        except ProtocolError as error:
            assert str(error)
        else:
            assert type(message) in MESSAGES[decode]


OUT_OF_BOUNDS: list[tuple[Decode, str, dict[str, object]]] = [
    (decode_from_terminal, "hello", {"min_version": 0}),
    (decode_from_terminal, "hello", {"max_version": 1000}),
    (decode_from_terminal, "hello", {"officer": ""}),
    (decode_from_terminal, "hello", {"officer": "x" * 129}),
    (decode_from_terminal, "hello", {"officer": "a\nb"}),
    (decode_from_terminal, "hello", {"officer": "a\n"}),
    (decode_from_terminal, "hello", {"officer": "a\x7f"}),
    (decode_from_terminal, "hello", {"instance_id": "a" * 31}),
    (decode_from_terminal, "hello", {"instance_id": "A" * 32}),
    (decode_from_terminal, "hello", {"instance_id": A32 + "\n"}),
    (decode_from_terminal, "hello", {"nonce": "a" * 65}),
    (decode_from_terminal, "hello", {"nonce": A64 + "\n"}),
    (decode_from_terminal, "prove", {"proof": "g" * 64}),
    (decode_from_terminal, "prove", {"proof": B64 + "\n"}),
    (decode_from_terminal, "prove", {"account": {**ACCOUNT, "login": 0}}),
    (decode_from_terminal, "prove", {"account": {**ACCOUNT, "login": 2**63}}),
    (decode_from_terminal, "prove", {"account": {**ACCOUNT, "server": "Broker\n"}}),
    (decode_from_terminal, "prove", {"account": {**ACCOUNT, "trade_mode": "REFERENCE"}}),
    (decode_from_terminal, "prove", {"account": {**ACCOUNT, "margin_mode": "NONE"}}),
    (decode_from_terminal, "prove", {"account": {**ACCOUNT, "currency": ""}}),
    (decode_from_terminal, "prove", {"ledger": {"id": "a" * 33, "mark": 0}}),
    (decode_from_terminal, "prove", {"ledger": {"id": A32, "mark": -1}}),
    (decode_from_terminal, "prove", {"poll_interval_s": 0}),
    (decode_from_terminal, "prove", {"poll_interval_s": 301}),
    (decode_from_terminal, "prove", {"server_ms": 2**53}),
    (decode_from_terminal, "prove", {"program": "x" * 1025}),
    (decode_from_terminal, "report", {"seq": 0}),
    (decode_from_terminal, "report", {"seq": 2**53}),
    (decode_from_terminal, "report", {"epoch": -1}),
    (decode_from_terminal, "heartbeat", {"balance": "NaN"}),
    (decode_from_terminal, "heartbeat", {"equity": "Infinity"}),
    (decode_from_terminal, "heartbeat", {"margin": "1e999999"}),
    (decode_from_terminal, "heartbeat", {"ping_us": -1}),
    (decode_from_terminal, "bye", {"epoch": 2**53}),
    (decode_from_terminal, "error", {"code": "x" * 65}),
    (decode_from_sidecar, "welcome", {"epoch": 0}),
    (decode_from_sidecar, "command", {"attempt": 0}),
    (decode_from_sidecar, "command", {"attempt": 2**31}),
    (decode_from_sidecar, "command", {"order": {**ORDER, "client_order_id": 0}}),
    (decode_from_sidecar, "command", {"order": {**ORDER, "client_order_id": 2**52}}),
    (decode_from_sidecar, "command", {"order": {**ORDER, "kind": "MODIFY_ALL"}}),
    (decode_from_sidecar, "command", {"order": {**ORDER, "side": "LONG"}}),
    (decode_from_sidecar, "command", {"order": {**ORDER, "volume": "NaN"}}),
    (decode_from_sidecar, "command", {"order": {**ORDER, "position": 2**63}}),
    (decode_from_sidecar, "command", {"order": {**ORDER, "comment": "x" * 32}}),
    (decode_from_sidecar, "command", {"order": {**ORDER, "deviation_points": -1}}),
    (decode_from_sidecar, "command", {"order": {**ORDER, "order_type": "BUY_LIMIT"}}),
    (decode_from_sidecar, "command", {"order": {**ORDER, "time_in_force": "IOC"}}),
    (decode_from_sidecar, "command", {"order": {**ORDER, "order": -1}}),
    (decode_from_sidecar, "command", {"order": {**ORDER, "opener": 2**52}}),
    (decode_from_sidecar, "command", {"order": {**ORDER, "limit_price": "Infinity"}}),
    (decode_from_sidecar, "command", {"order": {**ORDER, "expires_ms": 2**53}}),
    (decode_from_sidecar, "command", {"order": {**ORDER, "max_spread_points": -1}}),
    (decode_from_sidecar, "command", {"expires_server_ms": -1}),
    (decode_from_sidecar, "command", {"search_from_server_ms": -1}),
    (decode_from_sidecar, "inquire", {"symbol": ""}),
    (decode_from_sidecar, "inquire", {"symbol": "a\nb"}),
    (decode_from_sidecar, "inquire", {"exact": 1}),
    (decode_from_sidecar, "status_request", {"item": {**STATUS_REQUEST_ITEM, "request_no": 0}}),
    (decode_from_sidecar, "status_request", {"item": {**STATUS_REQUEST_ITEM, "ledger": "x"}}),
    (decode_from_sidecar, "challenge", {"nonce": "x"}),
    (decode_from_sidecar, "refused", {"code": ""}),
]


@pytest.mark.parametrize(
    ("decode", "kind", "changed"),
    [pytest.param(*each, id=f"{each[1]}-{each[2]}"[:60]) for each in OUT_OF_BOUNDS],
)
def test_what_is_out_of_bounds_is_refused(decode: Decode, kind: str, changed: dict[str, object]) -> None:
    examples = FROM_TERMINAL if decode is decode_from_terminal else FROM_SIDECAR
    with pytest.raises(ProtocolError):
        decode(frame(kind, {**examples[kind], **changed}))


def test_a_refusal_for_a_reason_of_a_newer_sidecar_is_read_all_the_same() -> None:
    newer = decode_from_sidecar(frame("refused", {**FROM_SIDECAR["refused"], "code": "WEEKEND"}))
    assert isinstance(newer, messages.Refused)
    assert (newer.code, newer.remedy) == ("WEEKEND", "remove it")


def test_tickets_and_client_order_ids_keep_all_their_bits() -> None:
    order = {**ORDER, "position": 2**63 - 1, "client_order_id": 2**52 - 1}
    read = decode_from_sidecar(frame("command", {**FROM_SIDECAR["command"], "order": order}))
    assert isinstance(read, messages.Command)
    assert (read.order.position, read.order.client_order_id) == (2**63 - 1, 2**52 - 1)


def test_a_volume_is_a_number_with_its_digits_on_the_wire() -> None:
    order = msgspec.convert({**ORDER, "volume": Decimal("0.30")}, messages.Order)
    assert b'"volume":0.30,' in encode(messages.Command(epoch=1, attempt=1, deadline_ms=0, order=order))
