"""HTTP client of the Director: one poll, one post, and a `Failed` for everything that can go wrong.

No error of the network or the server is raised: it is returned as `Failed`. The caller decides when to try again
(core.director.delivery).

    async with DirectorClient("https://director.example/api", key, clock=SystemClock()) as director:
        answer = await director.poll("eo-001")
"""

import zlib
from collections.abc import Mapping
from types import TracebackType
from typing import Final, NamedTuple, Self

import aiohttp
import msgspec
from yarl import URL

from bridge import __version__
from bridge.core.director.contract import API_KEY_HEADER, EVENTS_PATH, IDEMPOTENCY_HEADER, PENDING_PATH
from bridge.core.director.responses import (
    UTF8_BOM,
    Failed,
    FailureKind,
    Polled,
    Posted,
    classify_status,
    excerpt,
    parse_http_date,
    parse_retry_after,
    read_receipt,
)
from bridge.core.units.clock import Clock

USER_AGENT: Final = f"execution-officer/{__version__}"

_PIECE_BYTES: Final = 16_384
"""Bytes of a body that are read at a time; also the most that is read of an error's body, to show its start."""

_KEEPALIVE_S: Final = 1.5
"""Seconds that an idle connection is kept for the next request.

Many servers close theirs after 2 or 5 seconds, the usual poll interval. A POST into a connection that is closing
fails, and it is unknown whether it arrived."""

_WBITS: Final = {"gzip": 31, "x-gzip": 31, "deflate": 15}
"""zlib's window argument for each encoding that is accepted although none was requested."""

MAX_MEMBERS: Final = 64
"""Members of one gzip body that are read. Empty ones cost time and give nothing that the byte limit could count."""

NO_CONTENT: Final = 204
EMPTY_LIST: Final = '{"directives": []}'
"""Meaning of an answer without content (204) to a poll."""


class DirectorLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits on one answer. Each request has its own total time-out, from first byte to last."""

    max_response_bytes: int = 1 << 20
    """Bytes of the body, before and after decompression."""
    total_timeout_s: float = 10.0
    connect_timeout_s: float = 5.0
    """Name look-up, TCP and TLS."""

    def __post_init__(self) -> None:
        if self.max_response_bytes < 1 or self.total_timeout_s <= 0 or self.connect_timeout_s <= 0:
            raise ValueError("the limits of the Director client must be above 0")


DEFAULT_LIMITS: Final = DirectorLimits()


class _Answer(NamedTuple):
    """Complete answer with a 2xx status and its decompressed body."""

    request: str
    """Method and URL, for error details."""
    status: int
    headers: Mapping[str, str]
    body: bytes


class UnreadableBodyError(Exception):
    """The body cannot be read. The message is for people."""


class BoundedBody:
    """Response body that is decompressed piece by piece and never exceeds the limit in memory.

    aiohttp's own decompression is not used: it returns all that one piece of input decompresses to, a thousand
    times its size, before the length can be checked.
    """

    def __init__(self, encoding: str, limit: int) -> None:
        """`encoding` is the header Content-Encoding; `limit` is bytes. Raises UnreadableBodyError."""
        self._limit = limit
        self._taken = 0
        self._held = bytearray()
        name = encoding.strip().lower()
        self._inflate = None
        if name not in ("", "identity"):
            if name not in _WBITS:
                raise UnreadableBodyError("its encoding was not requested")
            self._wbits, self._members = _WBITS[name], 1
            self._inflate = zlib.decompressobj(self._wbits)

    def feed(self, piece: bytes) -> None:
        """Add the next received bytes. Raises UnreadableBodyError if it is too long or does not decompress."""
        self._taken += len(piece)
        if self._inflate is None:
            # One byte beyond the limit is enough to know.
            self._held += piece[: self._limit + 1 - len(self._held)]
        else:
            self._decompress(piece)
        if max(self._taken, len(self._held)) > self._limit:
            raise UnreadableBodyError(f"it is longer than {self._limit} bytes")

    def _decompress(self, piece: bytes) -> None:
        """Add what the next bytes decompress to. A gzip body may have several members (RFC 1952, 2.2)."""
        assert self._inflate is not None  # noqa: S101 - narrowing: feed calls it for a compressed body only
        while piece and len(self._held) <= self._limit:
            if self._inflate.eof:
                self._members += 1
                if self._wbits == _WBITS["deflate"] or self._members > MAX_MEMBERS:
                    raise UnreadableBodyError("its compressed data continues after its end")
                self._inflate = zlib.decompressobj(self._wbits)
            try:
                self._held += self._inflate.decompress(piece, self._limit + 1 - len(self._held))
            except zlib.error as error:
                raise UnreadableBodyError(f"it does not decompress ({error})") from None
            piece = self._inflate.unused_data if self._inflate.eof else b""

    def so_far(self) -> bytes:
        """Return the bytes that were received and decompressed so far."""
        return bytes(self._held)

    def finish(self) -> bytes:
        """Return the whole body. Raises UnreadableBodyError if a compressed one has no proper end."""
        if self._inflate is not None and self._taken and not self._inflate.eof:
            raise UnreadableBodyError("its compressed data ends early")
        return bytes(self._held)


class DirectorClient:
    """Client of the contract's two endpoints with one keep-alive session; several tasks may use it at once."""

    def __init__(
        self, url: str, api_key: str, *, clock: Clock, limits: DirectorLimits = DEFAULT_LIMITS
    ) -> None:
        """`url` is the API's base, with or without a path prefix and a trailing slash.

        Raises ValueError for an invalid URL or key; the message never contains the key.
        """
        self._base = _base_url(url)
        self._events = self._url(EVENTS_PATH)
        if not api_key or not api_key.isascii() or not api_key.isprintable() or api_key != api_key.strip():
            raise ValueError("the API key must be printable ASCII without surrounding spaces")
        self._key = api_key
        self._clock = clock
        self._limits = limits
        self._session: aiohttp.ClientSession | None = None

    def __repr__(self) -> str:
        return f"DirectorClient({str(self._base)!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections. A later request would open a new session."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def poll(self, officer: str) -> Polled | Failed:
        """Return the pending directives of an officer, as text (contract, GET /v1/directives/pending).

        Checked here: that it is text and not a web page. core.director.poll parses it.
        """
        headers = {"Cache-Control": "no-cache"}
        answer = await self._ask("GET", self._url(PENDING_PATH, officer=officer), headers)
        if isinstance(answer, Failed):
            return answer
        # The Date of a cached answer is the time at which the origin made it.
        aged = answer.headers.get("Age", "").strip(" 0")
        date = None if aged else parse_http_date(answer.headers.get("Date", ""))
        if answer.status == NO_CONTENT:
            return Polled(EMPTY_LIST, date)
        try:
            text = answer.body.removeprefix(UTF8_BOM).decode("utf-8")
        except UnicodeDecodeError as error:
            return self._malformed(answer, f"is not UTF-8 (byte {error.start})")
        media = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if "html" in media:
            return self._malformed(
                answer, "is a web page, not JSON: check the Director's URL, and for a proxy or log-in page"
            )
        # Some Directors omit the header; then the text itself must look like the contract's object.
        if not _is_json(media) and not text.lstrip().startswith("{"):
            return self._malformed(
                answer, f"has Content-Type {excerpt(media, hide=self._key)!r} and is not a JSON object"
            )
        return Polled(text, date)

    async def post(self, body: bytes, idempotency_key: str) -> Posted | Failed:
        """Post one event (contract, POST /v1/execution-events).

        `body` is the event's JSON. The same key identifies the same event, however often it is sent. After a
        NETWORK failure the Director may or may not have received it.
        """
        headers = {"Content-Type": "application/json", IDEMPOTENCY_HEADER: idempotency_key}
        answer = await self._ask("POST", self._events, headers, body)
        if isinstance(answer, Failed):
            return answer
        receipt = read_receipt(answer.body, answer.status, hide=self._key)
        if isinstance(receipt, Failed):
            return msgspec.structs.replace(receipt, detail=f"{answer.request}: {receipt.detail}")
        return receipt

    async def _ask(
        self, method: str, url: URL, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> _Answer | Failed:
        """Send one request. Return a complete 2xx answer, or the failure."""
        asked = excerpt(f"{method} {url}", hide=self._key)
        status: int | None = None
        try:
            async with self._open().request(
                method,
                url,
                data=body,
                headers={**(headers or {}), API_KEY_HEADER: self._key},
                allow_redirects=False,
            ) as response:
                status = response.status
                kind = classify_status(status)
                if kind is not None:
                    return await self._failure(asked, response, kind)
                return _Answer(asked, status, response.headers, await self._body(response))
        except UnreadableBodyError as error:
            return Failed(
                FailureKind.MALFORMED,
                status,
                f"{asked} answered {status}, but the body cannot be read: {error}",
            )
        except TimeoutError as error:
            said = excerpt(str(error), hide=self._key)
            detail = said or f"no complete answer within {self._limits.total_timeout_s:g} s"
            return Failed(FailureKind.NETWORK, status, f"{asked}: {detail}")
        except aiohttp.ClientResponseError as error:
            # Not its str() or repr(): the latter contains the request's headers, and so the key.
            said = excerpt(error.message, hide=self._key)
            return Failed(FailureKind.MALFORMED, status, f"{asked}: the answer is not HTTP ({said})")
        except (aiohttp.ClientError, OSError) as error:
            # aiohttp makes some OSErrors of its own, without a number.
            text = str(error).removeprefix("[Errno None] ") or type(error).__name__
            said = excerpt(text, hide=self._key)
            return Failed(FailureKind.NETWORK, status, f"{asked}: {said}{_network_remedy(error)}")
        except UnicodeError as error:
            said = excerpt(str(error), hide=self._key)
            return Failed(FailureKind.MALFORMED, status, f"{asked}: text that cannot be read ({said})")

    async def _body(self, response: aiohttp.ClientResponse) -> bytes:
        """Return the whole decompressed body. Raises UnreadableBodyError and aiohttp's errors."""
        limit = self._limits.max_response_bytes
        if (response.content_length or 0) > limit:
            raise UnreadableBodyError(f"it is longer than {limit} bytes")
        body = BoundedBody(response.headers.get("Content-Encoding", ""), limit)
        async for piece in response.content.iter_chunked(_PIECE_BYTES):
            body.feed(piece)
        return body.finish()

    async def _failure(self, asked: str, response: aiohttp.ClientResponse, kind: FailureKind) -> Failed:
        """Return the failure for an error status, which counts even if the body cannot be read."""
        start = await self._error_start(response)
        shown = excerpt(start.decode("utf-8", "replace"), hide=self._key)
        detail = f"{asked} answered {response.status}{_status_remedy(response.status, kind)}"
        if 300 <= response.status <= 399:
            target = excerpt(response.headers.get("Location", "nowhere"), hide=self._key)
            detail += f"; it points to {target}"
        date = parse_http_date(response.headers.get("Date", ""))
        retry_after_s = parse_retry_after(response.headers.get("Retry-After", ""), date or self._clock.now())
        return Failed(kind, response.status, f"{detail}: {shown}" if shown else detail, retry_after_s)

    async def _error_start(self, response: aiohttp.ClientResponse) -> bytes:
        """Return the start of an error's body, as far as it can be read; the rest is not read."""
        try:
            body = BoundedBody(response.headers.get("Content-Encoding", ""), _PIECE_BYTES)
        except UnreadableBodyError:
            return b""
        try:
            async for piece in response.content.iter_chunked(_PIECE_BYTES):
                body.feed(piece)
        except (UnreadableBodyError, aiohttp.ClientError, OSError):
            pass  # too long, broken or late: the received part is enough
        return body.so_far()

    def _malformed(self, answer: _Answer, what: str) -> Failed:
        """Return the failure for a complete answer that does not follow the contract, with its start."""
        shown = excerpt(answer.body.decode("utf-8", "replace"), hide=self._key) or "an empty body"
        detail = f"{answer.request} answered {answer.status}, but the body {what}: {shown}"
        return Failed(FailureKind.MALFORMED, answer.status, detail)

    def _url(self, path: str, **query: str) -> URL:
        return self._base.with_path(self._base.raw_path.rstrip("/") + path, encoded=True).with_query(query)

    def _open(self) -> aiohttp.ClientSession:
        """Return the session, created at first use: it needs a running event loop."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(
                    total=self._limits.total_timeout_s, connect=self._limits.connect_timeout_s
                ),
                connector=aiohttp.TCPConnector(keepalive_timeout=_KEEPALIVE_S),
                # Proxies and .netrc of the environment are ignored: they would see or replace the key.
                trust_env=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                headers={
                    "Accept": "application/json",
                    "Accept-Encoding": "identity",
                    "User-Agent": USER_AGENT,
                },
            )
        return self._session


def _is_json(media: str) -> bool:
    return media == "application/json" or media.endswith("+json")


def _status_remedy(status: int, kind: FailureKind) -> str:
    """Return the remedy for a status; empty if there is nothing to do but wait."""
    if kind is FailureKind.AUTH:
        return " (check the API key and its permissions)"
    if status == 404:
        return " (check the Director's URL and the officer id)"
    if 300 <= status <= 399:
        return " (redirects are not followed; set the Director's URL to the API's own address)"
    return ""


def _network_remedy(error: BaseException) -> str:
    """Return the remedy for a network error; empty if there is nothing to do but wait."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return " (check the Director's certificate, this machine's root certificates and its clock)"
    if isinstance(error, aiohttp.ClientConnectorSSLError):
        return " (check that the Director serves https on this port)"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return " (check the host name in the Director's URL, and the network)"
    if isinstance(error, aiohttp.ClientConnectorError):
        return " (check that the Director runs, and host and port of its URL)"
    return ""


def _base_url(url: str) -> URL:
    """Return the base URL without a trailing slash. Raises ValueError that names the wrong part."""
    try:
        base = URL(url.strip())
    except ValueError:
        raise ValueError("the Director's URL is not a URL") from None
    if base.scheme not in ("http", "https") or not base.host:
        raise ValueError("the Director's URL must start with http:// or https:// and name a host")
    if base.user is not None or base.password is not None:
        raise ValueError(
            "the Director's URL must not contain a user or password; the API key has its own setting"
        )
    if base.query_string or base.fragment:
        raise ValueError("the Director's URL must not contain a query or a fragment")
    return base.with_path(base.raw_path.rstrip("/"), encoded=True)
