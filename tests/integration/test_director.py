"""The Director client against misbehaving servers."""

import asyncio
import gzip
import logging
import socket
import tracemalloc
import zlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from bridge.clock import SystemClock
from bridge.core.director.responses import Failed, FailureKind, Polled, Posted
from bridge.director import USER_AGENT, BoundedBody, DirectorClient, DirectorLimits, UnreadableBodyError

from .raw_http import Request, Script, raw_server, response, says

KEY = "k3y-that-nobody-may-see"
EMPTY = b'{"directives": []}'
TAKEN = b'{"success": true, "event_id": "evt_1"}'
EVENT = b'{"directive_id": null}'
SHORT = DirectorLimits(total_timeout_s=0.3)
HEADERS = DirectorLimits(total_timeout_s=3.0)
"""Long enough for an answer's headers on a busy machine; its body never comes."""
SMALL = DirectorLimits(max_response_bytes=10_000, total_timeout_s=60.0)


class FixedClock(SystemClock):
    """A wall clock that does not advance."""

    def now(self) -> datetime:
        return datetime(2026, 1, 4, 10, 0, 0, tzinfo=UTC)


def client(url: str, limits: DirectorLimits = SMALL) -> DirectorClient:
    return DirectorClient(url, KEY, clock=FixedClock(), limits=limits)


async def polled(script: Script, limits: DirectorLimits = SMALL) -> Polled | Failed:
    """Return the result of one poll of a server that runs `script`."""
    async with raw_server(script) as server, client(server.url, limits) as director:
        return await director.poll("eo-001")


async def posted(script: Script, limits: DirectorLimits = SMALL) -> Posted | Failed:
    """Return the result of one post to a server that runs `script`."""
    async with raw_server(script) as server, client(server.url, limits) as director:
        return await director.post(EVENT, "idem-1")


def failed(answer: object, kind: FailureKind, status: int | None) -> Failed:
    """Check the properties that all failures share; return the failure."""
    assert isinstance(answer, Failed), answer
    assert (answer.kind, answer.status) == (kind, status), answer
    assert answer.detail.isprintable()
    assert "http://127.0.0.1" in answer.detail
    assert KEY not in repr(answer)
    return answer


# --- Requests --------------------------------------------------------------------------------------


def zipped_once(body: bytes) -> bytes:
    """Return the data compressed without the current time, which would become part of a test's name."""
    return gzip.compress(body, mtime=0)


@pytest.mark.parametrize("prefix", ["", "/", "/api", "/api/", "/a%20b/"])
async def test_poll_request_follows_the_contract(prefix: str) -> None:
    async with raw_server(says(response(body=EMPTY))) as server, client(server.url + prefix) as director:
        assert isinstance(await director.poll("eo 1&x=2"), Polled)
    [request] = server.requests
    path = prefix.rstrip("/") + "/v1/directives/pending"
    assert request.line == f"GET {path}?officer=eo+1%26x%3D2 HTTP/1.1"
    assert request.headers["x-api-key"] == KEY
    assert request.headers["accept-encoding"] == "identity"
    assert request.headers["user-agent"] == USER_AGENT
    assert request.headers["cache-control"] == "no-cache"
    assert request.body == b""


async def test_post_sends_the_body_and_its_idempotency_key() -> None:
    async with raw_server(says(response(body=TAKEN))) as server, client(server.url) as director:
        assert await director.post(EVENT, "idem-1") == Posted("evt_1")
    [request] = server.requests
    assert request.line == "POST /v1/execution-events HTTP/1.1"
    assert request.headers["x-api-key"] == KEY
    assert request.headers["content-type"] == "application/json"
    assert request.headers["idempotency-key"] == "idem-1"
    assert request.body == EVENT


async def test_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert isinstance(await polled(says(response(body=EMPTY))), Polled)


async def test_cookies_are_not_kept() -> None:
    answer = says(response("200 OK", EMPTY, "Set-Cookie: a=b"))
    async with raw_server(answer) as server, client(server.url.replace("127.0.0.1", "localhost")) as director:
        await director.poll("eo-001")
        await director.poll("eo-001")
    assert ["cookie" in request.headers for request in server.requests] == [False, False]


# --- Responses -------------------------------------------------------------------------------------


async def test_poll_returns_body_and_date_of_the_director() -> None:
    answer = await polled(says(response("200 OK", EMPTY, "Date: Sun, 04 Jan 2026 10:00:30 GMT")))
    assert answer == Polled(EMPTY.decode(), datetime(2026, 1, 4, 10, 0, 30, tzinfo=UTC))


@pytest.mark.parametrize(
    "media", ["application/json", "application/problem+json; charset=utf-8", "text/plain", ""]
)
async def test_json_is_accepted_under_any_content_type_except_html(media: str) -> None:
    assert await polled(says(response(body=EMPTY, media=media))) == Polled(EMPTY.decode())


@pytest.mark.parametrize("date", ["", "yesterday", "Sun, 99 Jan 2026 10:00:30 GMT"])
async def test_invalid_date_header_is_ignored(date: str) -> None:
    assert await polled(says(response("200 OK", EMPTY, f"Date: {date}"))) == Polled(EMPTY.decode())


@pytest.mark.parametrize(
    ("age", "counts"), [("0", True), ("00", True), ("1", False), ("3600", False), ("x", False)]
)
async def test_date_of_a_cached_response_is_ignored(age: str, counts: bool) -> None:
    headers = ("Date: Sun, 04 Jan 2026 10:00:30 GMT", f"Age: {age}")
    answer = await polled(says(response("200 OK", EMPTY, *headers)))
    assert isinstance(answer, Polled) and (answer.date is not None) is counts


async def test_byte_order_mark_is_skipped() -> None:
    assert await polled(says(response(body=b"\xef\xbb\xbf" + EMPTY))) == Polled(EMPTY.decode())


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", zipped_once(EMPTY)),
        ("GZIP", zipped_once(EMPTY)),
        ("gzip", zipped_once(EMPTY[:5]) + zipped_once(b"") + zipped_once(EMPTY[5:])),
        ("deflate", zlib.compress(EMPTY)),
        ("identity", EMPTY),
    ],
)
async def test_unrequested_compression_is_decoded(encoding: str, body: bytes) -> None:
    answer = await polled(says(response("200 OK", body, f"Content-Encoding: {encoding}")))
    assert answer == Polled(EMPTY.decode())


async def test_answer_without_content_is_an_empty_list() -> None:
    assert await polled(says(b"HTTP/1.1 204 No Content\r\n\r\n")) == Polled(EMPTY.decode())


def test_members_of_a_gzip_body_have_one_limit_together() -> None:
    body = BoundedBody("gzip", 1000)
    body.feed(gzip.compress(bytes(600)))
    with pytest.raises(UnreadableBodyError, match="longer than 1000 bytes"):
        body.feed(gzip.compress(bytes(600)))
    assert len(body.so_far()) == 1001


async def test_body_of_exactly_the_limit_is_accepted() -> None:
    body = EMPTY.ljust(SMALL.max_response_bytes)
    assert isinstance(await polled(says(response(body=body))), Polled)
    zipped = response("200 OK", gzip.compress(body), "Content-Encoding: gzip")
    assert isinstance(await polled(says(zipped)), Polled)


# --- Statuses --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (408, FailureKind.BUSY),
        (425, FailureKind.BUSY),
        (429, FailureKind.BUSY),
        (500, FailureKind.BUSY),
        (502, FailureKind.BUSY),
        (503, FailureKind.BUSY),
        (401, FailureKind.AUTH),
        (403, FailureKind.AUTH),
        (400, FailureKind.REFUSED),
        (404, FailureKind.REFUSED),
        (409, FailureKind.REFUSED),
        (410, FailureKind.REFUSED),
        (413, FailureKind.REFUSED),
        (422, FailureKind.REFUSED),
        (304, FailureKind.MALFORMED),
        (418, FailureKind.MALFORMED),
    ],
)
async def test_each_http_status_maps_to_its_failure_kind(status: int, kind: FailureKind) -> None:
    script = says(
        response(f"{status} Some Words", b"" if status == 304 else b"because \x1b[31m of " + KEY.encode())
    )
    for answer in (await polled(script), await posted(script)):
        detail = failed(answer, kind, status).detail
        assert str(status) in detail
        assert status == 304 or "because ?[31m of ***" in detail


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        ("Sun, 04 Jan 2026 10:01:00 GMT", 60.0),
        ("Sun, 04 Jan 2026 09:00:00 GMT", 0.0),
        ("9" * 400, 366 * 86_400.0),
        ("-5", None),
        ("never", None),
    ],
)
async def test_retry_after_is_returned_in_seconds(value: str, seconds: float | None) -> None:
    for status in ("429 Too Many", "503 Away"):
        answer = await posted(says(response(status, b"", f"Retry-After: {value}")))
        assert failed(answer, FailureKind.BUSY, int(status[:3])).retry_after_s == seconds


async def test_retry_after_date_is_measured_from_the_directors_date() -> None:
    headers = ("Date: Sun, 04 Jan 2026 23:00:00 GMT", "Retry-After: Sun, 04 Jan 2026 23:00:05 GMT")
    answer = await posted(says(response("503 Away", b"", *headers)))
    assert failed(answer, FailureKind.BUSY, 503).retry_after_s == 5.0


async def test_error_status_with_an_endless_body_is_reported() -> None:
    async def script(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 500 Oh\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"1000\r\n" + b"x" * 4096 + b"\r\n")
            await writer.drain()

    assert "xxx..." in failed(await polled(script), FailureKind.BUSY, 500).detail


async def test_error_status_with_a_missing_body_is_reported() -> None:
    async def script(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 401 No\r\nContent-Length: 10\r\n\r\n")
        await asyncio.Event().wait()

    assert "API key" in failed(await polled(script, HEADERS), FailureKind.AUTH, 401).detail


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 Other", "307 Temporary", "308 Permanent"])
async def test_redirect_is_not_followed_and_its_target_is_reported(status: str) -> None:
    async with raw_server(says(response(body=EMPTY))) as other:
        script = says(response(status, b"", f"Location: {other.url}/v1/directives/pending?k={KEY}"))
        for answer in (await polled(script), await posted(script)):
            assert other.url in failed(answer, FailureKind.MALFORMED, int(status[:3])).detail
    assert other.requests == []


# --- Bodies ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "media", "words"),
    [
        (b"<html>Log in</html>", "text/html; charset=utf-8", "web page"),
        (b"<html>Log in</html>", "text/plain", "not a JSON object"),
        (EMPTY, "text/html", "web page"),
        (b'{"directives": ["\xff"]}', "application/json", "not UTF-8"),
        (EMPTY.decode().encode("utf-16"), "application/json", "not UTF-8"),
        (b"", "text/plain", "an empty body"),
        (b"[1]", "", "not a JSON object"),
    ],
)
async def test_poll_response_that_is_not_json_is_malformed(body: bytes, media: str, words: str) -> None:
    answer = await polled(says(response(body=body, media=media)))
    assert words in failed(answer, FailureKind.MALFORMED, 200).detail


@pytest.mark.parametrize(
    "body", [b"<html>", b"", b"[]", b'{"success": "yes"}', b'{"key": "' + KEY.encode() + b'"}']
)
async def test_post_response_of_another_shape_is_malformed(body: bytes) -> None:
    failed(await posted(says(response(body=body))), FailureKind.MALFORMED, 200)


async def test_post_response_with_success_false_is_refused() -> None:
    answer = await posted(says(response(body=b'{"success": false, "error": "unknown directive"}')))
    assert "unknown directive" in failed(answer, FailureKind.REFUSED, 200).detail


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", EMPTY),
        ("gzip", zipped_once(EMPTY)[:-9]),
        ("gzip", zipped_once(EMPTY) + b"more"),
        ("gzip", zipped_once(EMPTY) + zipped_once(b" ")[:-1]),
        ("gzip", zipped_once(EMPTY) + zipped_once(b"") * 64),
        ("deflate", zlib.compress(EMPTY) + zlib.compress(b" ")),
        ("br", b"\x8b"),
        ("zstd", b"\x28"),
        ("gzip, gzip", zipped_once(zipped_once(EMPTY))),
    ],
)
async def test_body_that_cannot_be_decompressed_is_malformed(encoding: str, body: bytes) -> None:
    for ask in (polled, posted):
        answer = await ask(says(response("200 OK", body, f"Content-Encoding: {encoding}")))
        failed(answer, FailureKind.MALFORMED, 200)


@pytest.mark.parametrize("unpacked", [10_001, 200_000_000])
async def test_gzip_bomb_is_not_decompressed_beyond_the_limit(unpacked: int) -> None:
    packer = zlib.compressobj(wbits=31)
    block = bytes(1_000_000)
    bomb = b"".join(packer.compress(block[: unpacked - done]) for done in range(0, unpacked, len(block)))
    answer = says(response("200 OK", bomb + packer.flush(), "Content-Encoding: gzip"))
    limits = DirectorLimits(max_response_bytes=10_000 if unpacked < 1_000_000 else 1 << 20)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        result = await polled(answer, limits)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert "longer than" in failed(result, FailureKind.MALFORMED, 200).detail
    assert peak - before < 8 * limits.max_response_bytes + 2_000_000


def test_bounded_body_holds_at_most_one_byte_above_the_limit() -> None:
    bomb = gzip.compress(bytes(50_000_000))
    body = BoundedBody("gzip", 1000)
    with pytest.raises(UnreadableBodyError, match="longer than 1000 bytes"):
        body.feed(bomb)
    assert len(body.so_far()) == 1001


async def test_body_announced_as_too_long_fails_at_once() -> None:
    async def script(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10001\r\n\r\n")
        await asyncio.Event().wait()

    assert "longer than" in failed(await polled(script), FailureKind.MALFORMED, 200).detail


@pytest.mark.parametrize("encoding", ["", "Content-Encoding: gzip\r\n"])
async def test_endless_body_is_cut_at_the_limit(encoding: str) -> None:
    sent = 0
    packer = zlib.compressobj(level=0, wbits=31)

    async def script(request: Request, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(f"HTTP/1.1 200 OK\r\n{encoding}\r\n".encode())
        while True:
            block = packer.compress(b" " * 65_536) if encoding else b" " * 65_536
            writer.write(block)
            await writer.drain()
            sent += len(block)

    async with raw_server(script) as server, client(server.url) as director:
        answer = await director.poll("eo-001")
        await asyncio.wait_for(server.finished.wait(), 5)
    assert "longer than 10000 bytes" in failed(answer, FailureKind.MALFORMED, 200).detail
    # No more than the kernel's buffers of both ends hold: the client closed the connection.
    assert sent < 32_000_000


# --- The network -----------------------------------------------------------------------------------


async def refused_url() -> str:
    """Return the URL of a port without a listener: bound, and released."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


async def test_refused_connection_is_a_network_failure() -> None:
    async with client(await refused_url()) as director:
        answer = failed(await director.poll("eo-001"), FailureKind.NETWORK, None)
        assert "check that the Director runs" in answer.detail
        failed(await director.post(EVENT, "idem-1"), FailureKind.NETWORK, None)


async def test_unknown_host_name_is_a_network_failure() -> None:
    async with client("http://director.invalid") as director:
        answer = await director.poll("eo-001")
    assert isinstance(answer, Failed) and answer.kind is FailureKind.NETWORK
    assert "director.invalid" in answer.detail


async def test_https_request_to_an_http_server_is_a_failure() -> None:
    async def hello(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)  # the start of a TLS greeting
        writer.write(response("400 Bad Request"))
        writer.close()

    server = await asyncio.start_server(hello, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, client(f"https://127.0.0.1:{port}") as director:
        answer = await director.poll("eo-001")
    assert isinstance(answer, Failed) and answer.kind is FailureKind.NETWORK
    assert "serves https" in answer.detail


async def test_unfinished_tls_handshake_times_out() -> None:
    limits = DirectorLimits(connect_timeout_s=0.2)
    # The TLS greeting is not answered: the server waits for the end of a request's head.
    async with raw_server(says(b"")) as server:
        async with client(server.url.replace("http:", "https:"), limits) as director:
            answer = await director.poll("eo-001")
    assert isinstance(answer, Failed) and answer.kind is FailureKind.NETWORK


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + EMPTY,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n12\r\n" + EMPTY,
    ],
    ids=["nothing", "half a head", "half a body", "half a chunk"],
)
async def test_connection_closed_early_is_a_network_failure(answer: bytes) -> None:
    for result in (await polled(says(answer)), await posted(says(answer))):
        assert isinstance(result, Failed) and result.kind is FailureKind.NETWORK, result


async def test_reset_connection_is_a_network_failure() -> None:
    async def script(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    for answer in (await polled(script), await posted(script)):
        failed(answer, FailureKind.NETWORK, None)


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
        b"\x00\x01\x02\r\n\r\n",
        b"HTTP/1.1 2x0 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon here\r\n\r\n",
    ],
    ids=["ssh", "binary", "bad status", "bad length", "long header", "bad header"],
)
async def test_response_that_is_not_http_is_a_failure_without_an_exception(answer: bytes) -> None:
    for result in (await polled(says(answer)), await posted(says(answer))):
        assert isinstance(result, Failed)
        failed(result, FailureKind.MALFORMED, None)


async def test_silent_server_times_out() -> None:
    async def script(request: Request, writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    for answer in (await polled(script, SHORT), await posted(script, SHORT)):
        assert "0.3 s" in failed(answer, FailureKind.NETWORK, None).detail


async def test_slow_body_times_out_while_bytes_still_arrive() -> None:
    async def script(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n")
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.01)

    for answer in (await polled(script, SHORT), await posted(script, SHORT)):
        assert "0.3 s" in failed(answer, FailureKind.NETWORK, 200).detail


async def test_client_works_again_after_a_failure() -> None:
    answers = iter([b"", response("503 Away"), response(body=EMPTY)])

    async def script(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(next(answers))

    async with raw_server(script) as server, client(server.url) as director:
        # A POST, since aiohttp itself repeats a GET whose connection was closed.
        assert isinstance(await director.post(EVENT, "idem-1"), Failed)
        assert isinstance(await director.poll("eo-001"), Failed)
        assert isinstance(await director.poll("eo-001"), Polled)


@pytest.mark.parametrize("ask", ["poll", "post"])
async def test_cancelled_request_raises_cancelled_error(ask: str) -> None:
    arrived = asyncio.Event()

    async def script(request: Request, writer: asyncio.StreamWriter) -> None:
        arrived.set()
        await asyncio.Event().wait()

    async with raw_server(script) as server, client(server.url) as director:
        asks: dict[str, Callable[[], Awaitable[object]]] = {
            "poll": lambda: director.poll("eo-001"),
            "post": lambda: director.post(EVENT, "idem-1"),
        }
        task = asyncio.ensure_future(asks[ask]())
        await arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


# --- Settings and secrets --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "http://"),
        ("director.example", "http://"),
        ("ftp://director.example", "http://"),
        ("http://", "http"),
        ("http://[", "is not a URL"),
        ("http://host:port", "is not a URL"),
        ("http://user:secret@host", "must not contain a user or password"),
        ("http://host/?a=b", "must not contain a query"),
        ("http://host/#a", "must not contain a query"),
    ],
)
def test_invalid_url_is_refused_by_the_constructor(url: str, words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        client(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("key", ["", "secret\n", "secret\r\nX: y", "sécret", " secret"])
def test_api_key_that_cannot_be_a_header_is_refused_and_not_shown(key: str) -> None:
    with pytest.raises(ValueError, match="API key") as caught:
        DirectorClient("http://host", key, clock=FixedClock())
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "limits", [{"max_response_bytes": 0}, {"total_timeout_s": 0}, {"connect_timeout_s": -1}]
)
def test_limits_must_be_above_zero(limits: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must be above 0"):
        DirectorLimits(**limits)


async def test_api_key_appears_in_no_result_and_no_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    scripts = [
        says(b"HTTP/1.1 200 " + KEY.encode() + b"\r\nbad " + KEY.encode() + b"\r\n\r\n"),
        says(response(f"401 {KEY}", KEY.encode() * 20, f"Location: {KEY}")),
        says(response(body=b"x" * 190 + KEY.encode(), media="text/plain")),
        says(response("200 OK", b"x", f"Content-Encoding: {KEY}")),
        says(response(body=KEY.encode(), media=KEY)),
    ]
    # The beginning of the key would be a leak too, so the first half is searched for.
    half = KEY[: len(KEY) // 2]
    for script in scripts:
        for answer in (await polled(script), await posted(script)):
            assert isinstance(answer, Failed)
            assert half not in repr(answer)
    director = client("http://127.0.0.1:1")
    assert half not in repr(director) + str(director)
    await director.close()
    assert half not in caplog.text


async def test_unused_client_can_be_closed_twice() -> None:
    director = client("http://127.0.0.1:1")
    await director.close()
    await director.close()


async def test_requests_run_concurrently_on_one_client() -> None:
    waiting = asyncio.Barrier(3)

    async def script(request: Request, writer: asyncio.StreamWriter) -> None:
        await waiting.wait()
        writer.write(response(body=TAKEN))

    async with raw_server(script) as server, client(server.url) as director:
        answers = await asyncio.gather(*(director.post(EVENT, f"idem-{n}") for n in range(3)))
    assert answers == [Posted("evt_1")] * 3
    assert all(a != b for a, b in pairwise(sorted(r.headers["idempotency-key"] for r in server.requests)))
