"""ZMTP frames of one peer: what is passed on, what is dropped, what cuts the connection, and what is held."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.link import zmtp
from bridge.core.link.cut_reasons import CutReason
from bridge.core.link.messages import MAX_MESSAGE_BYTES
from bridge.core.link.zmtp import GREETING, FrameReader, Kind, ZmtpError

HANDSHAKE = GREETING + zmtp.ready(b"DEALER")
OLD_SIGNATURE = b"\xff" + bytes(8) + b"\x7f"


def message(body: bytes, *, more: bool = False) -> bytes:
    """Return one part, in the long form where it must be."""
    if len(body) <= 255:
        return bytes([more, len(body)]) + body
    return bytes([2 | more]) + len(body).to_bytes(8, "big") + body


def greeted() -> FrameReader:
    reader = FrameReader()
    assert [frame.kind for frame in reader.feed(HANDSHAKE)] == [Kind.READY]
    return reader


def cut(reader: FrameReader, *chunks: bytes) -> CutReason:
    """Return the reason for which these bytes cut the connection."""
    with pytest.raises(ZmtpError) as broken:
        for chunk in chunks:
            list(reader.feed(chunk))
    return broken.value.reason


@given(st.lists(st.binary(max_size=600), max_size=8), st.data())
def test_messages_pass_whole_however_they_are_cut_into_chunks(
    bodies: list[bytes], data: st.DataObject
) -> None:
    stream = HANDSHAKE + b"".join(map(message, bodies))
    reader, frames = FrameReader(), []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        frames += list(reader.feed(stream[:size]))
        stream = stream[size:]
    assert [frame.raw for frame in frames if frame.kind is Kind.MESSAGE] == [message(body) for body in bodies]
    assert reader.held == 0


@pytest.mark.parametrize("size", [0, 1, 255, 256, MAX_MESSAGE_BYTES])
def test_message_and_ping_that_are_made_are_read(size: int) -> None:
    made, reader = zmtp.message(bytes(size)), greeted()
    assert made == message(bytes(size))
    assert list(reader.feed(made + zmtp.ping(b"context"))) == [
        zmtp.Frame(Kind.MESSAGE, made),
        zmtp.Frame(Kind.PING, b"context"),
    ]


@given(st.binary(max_size=300))
def test_any_bytes_are_frames_or_cut_the_connection(data: bytes) -> None:
    for reader in (FrameReader(), greeted()):
        try:
            list(reader.feed(data))
        except ZmtpError:
            continue
        assert reader.held <= len(data)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"GET / HTTP/1.1\r\n", CutReason.NOT_ZMTP),
        (b"\x16\x03\x01", CutReason.NOT_ZMTP),
        (b"\x01\x00", CutReason.NOT_ZMTP),
        (b"\xff" + bytes(9), CutReason.NOT_ZMTP),
        (OLD_SIGNATURE + b"\x01", CutReason.OLD_ZMTP),
        (GREETING.replace(b"NULL\0", b"PLAIN"), CutReason.MECHANISM),
        (GREETING + message(b"early"), CutReason.MALFORMED),
        (GREETING + zmtp.command(b"HELLO", b""), CutReason.MALFORMED),
        (GREETING + zmtp.command(b"READY", b"\x0bSocket-Type"), CutReason.MALFORMED),
        (GREETING + zmtp.ready(b"SUB"), CutReason.SOCKET_TYPE),
        (GREETING + zmtp.ready(b"DEALER", b"chosen"), CutReason.ROUTING_ID),
        (GREETING + zmtp.ready(b"DEALER", b"x" * 255), CutReason.ROUTING_ID),
        (HANDSHAKE + b"\x08\x00", CutReason.MALFORMED),
        (HANDSHAKE + b"\x05\x00", CutReason.MALFORMED),
        (HANDSHAKE + b"\x04\x00", CutReason.MALFORMED),
        (HANDSHAKE + b"\x04\x02\x05P", CutReason.MALFORMED),
        (HANDSHAKE + zmtp.command(b"PING", b"\0"), CutReason.MALFORMED),
        (HANDSHAKE + zmtp.command(b"PONG", bytes(17)), CutReason.MALFORMED),
    ],
)
def test_violation_of_the_protocol_cuts_the_connection(data: bytes, reason: CutReason) -> None:
    assert cut(FrameReader(), data) is reason


def test_port_scanner_is_cut_at_its_first_byte() -> None:
    assert cut(FrameReader(), b"G") is CutReason.NOT_ZMTP


def test_req_and_router_are_let_through() -> None:
    for kind in (b"REQ", b"ROUTER"):
        [frame] = FrameReader().feed(GREETING + zmtp.ready(kind))
        assert frame == (Kind.READY, b"")


def test_message_of_several_parts_is_dropped_and_the_next_one_passes() -> None:
    reader = greeted()
    data = message(b"a", more=True) + message(b"b", more=True) + message(b"") + message(b"next")
    assert [frame.raw for frame in reader.feed(data)] == [message(b"next")]
    assert reader.dropped == 1


def test_message_without_end_is_cut_at_the_limit_and_its_parts_are_not_held() -> None:
    reader, part = greeted(), message(bytes(1000), more=True)
    whole = (MAX_MESSAGE_BYTES + zmtp.LONGEST_HEAD) // len(part)
    for _ in range(whole):
        assert list(reader.feed(part)) == []
        assert reader.held == 0
    assert cut(reader, part[:9]) is CutReason.TOO_LONG


def test_message_of_empty_parts_without_end_is_cut_too() -> None:
    reader, part = greeted(), message(b"", more=True)
    assert list(reader.feed(part * (MAX_MESSAGE_BYTES // 2))) == []
    assert cut(reader, part * 10) is CutReason.TOO_LONG


def test_commands_within_a_message_without_end_do_not_reset_its_limit() -> None:
    reader, part = greeted(), message(bytes(30_000), more=True) + zmtp.command(b"PING", b"\0\0")
    list(reader.feed(part * 2))
    assert cut(reader, part) is CutReason.TOO_LONG


def test_longest_message_passes_and_a_longer_one_is_cut_by_its_header() -> None:
    reader = greeted()
    [frame] = reader.feed(message(bytes(MAX_MESSAGE_BYTES)))
    assert zmtp.payload_bytes(frame.raw) == MAX_MESSAGE_BYTES
    assert cut(reader, b"\x02" + (MAX_MESSAGE_BYTES + 1).to_bytes(8, "big")) is CutReason.TOO_LONG
    assert cut(greeted(), b"\x06" + (2**62).to_bytes(8, "big")) is CutReason.TOO_LONG


def test_ping_gives_its_context_and_pong_passes() -> None:
    reader = greeted()
    pong = zmtp.pong(b"ctx")
    assert list(reader.feed(zmtp.command(b"PING", b"\0\x0actx") + pong)) == [
        (Kind.PING, b"ctx"),
        (Kind.PONG, pong),
    ]


def test_other_commands_are_dropped() -> None:
    reader = greeted()
    assert list(reader.feed(zmtp.command(b"SUBSCRIBE", b"") + zmtp.command(b"READY", b""))) == []


def test_own_id_is_returned_where_it_is_allowed() -> None:
    reader = FrameReader((b"ROUTER",), own_id=True)
    assert list(reader.feed(GREETING + zmtp.ready(b"ROUTER", b"x" * 250))) == [(Kind.READY, b"x" * 250)]
