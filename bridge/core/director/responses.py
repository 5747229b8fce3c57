"""Classification of the Director's answers.

An answer is a success (`Polled`, `Posted`) or a `Failed`, whose kind decides what happens next. NETWORK and
BUSY pass with time, AUTH and MALFORMED need an operator, and REFUSED would be refused again.
"""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Final

import msgspec

MAX_RETRY_AFTER_S: Final = 366 * 86_400.0
"""Seconds. A longer Retry-After counts as a year. The caller has a lower cap."""

EXCERPT_CHARS: Final = 200
"""Characters of an error's body that a message shows."""

UTF8_BOM: Final = b"\xef\xbb\xbf"


class FailureKind(StrEnum):
    """Kind of failure of a request."""

    NETWORK = "NETWORK"
    """No complete answer: refused, reset, timed out. The Director may have acted on the request."""
    BUSY = "BUSY"
    """The Director asks to try again later: 408, 425, 429, 5xx."""
    AUTH = "AUTH"
    """The Director does not accept the API key: 401, 403."""
    MALFORMED = "MALFORMED"
    """The answer is not the contract's: a redirect, no JSON, JSON of another shape, too long, another status."""
    REFUSED = "REFUSED"
    """The Director refused the request: 400, 404, 409, 410, 413, 422, or `success: false`."""


class Polled(msgspec.Struct, frozen=True):
    """Body of a poll, decoded from UTF-8 and not parsed yet."""

    body: str
    date: datetime | None = None
    """Time of the Director (header Date), aware UTC, whole seconds. None where it sent none."""


class Posted(msgspec.Struct, frozen=True):
    """Success: the Director accepted the event."""

    event_id: str | None = None


class Failed(msgspec.Struct, frozen=True):
    """Failure of a request."""

    kind: FailureKind
    status: int | None
    """HTTP status. None where no answer came."""
    detail: str
    """Description for the operator: printable, one line, never the API key."""
    retry_after_s: float | None = None
    """Pause that the Director asked for: finite seconds, 0 or more, not capped yet."""


_BUSY: Final = frozenset({408, 425, 429})
_AUTH: Final = frozenset({401, 403})
_REFUSED: Final = frozenset({400, 404, 409, 410, 413, 422})


def classify_status(status: int) -> FailureKind | None:
    """Return the kind of failure of a status. None for 2xx, where the body decides."""
    if 200 <= status <= 299:
        return None
    if status in _BUSY or 500 <= status <= 599:
        return FailureKind.BUSY
    if status in _AUTH:
        return FailureKind.AUTH
    if status in _REFUSED:
        return FailureKind.REFUSED
    return FailureKind.MALFORMED


def parse_http_date(value: str) -> datetime | None:
    """Return an HTTP-date (RFC 9110, 5.6.7: all three forms) as aware UTC. None where it is none."""
    try:
        moment = parsedate_to_datetime(value.strip())
        # The asctime form names no zone; HTTP's dates are all UTC.
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


_SECONDS: Final = re.compile(r"[0-9]+(\.[0-9]+)?")


def parse_retry_after(value: str, now: datetime) -> float | None:
    """Return the seconds to wait of a Retry-After header (RFC 9110, 10.2.3): seconds, or an HTTP-date minus `now`.

    `now` is aware UTC, best the same answer's Date: the Director's clock may differ from this machine's. A date
    that has passed is 0. None for any other text, a negative number included. Finite, at most
    MAX_RETRY_AFTER_S.
    """
    text = value.strip()
    if _SECONDS.fullmatch(text):
        # float() turns any number of digits into a number or inf; int() refuses more than 4,300 digits.
        return min(float(text), MAX_RETRY_AFTER_S)
    moment = parse_http_date(text)
    if moment is None:
        return None
    return min(max((moment - now).total_seconds(), 0.0), MAX_RETRY_AFTER_S)


def excerpt(text: str, *, hide: str = "", limit: int = EXCERPT_CHARS) -> str:
    """Return the first `limit` characters as one printable line: runs of white space are one space, others '?'.

    Escape sequences in a server's answer must not reach the operator's terminal. `hide` is a secret
    that a server may echo; it shows as ***.
    """
    # Hidden before anything is cut: half a secret is one too.
    safe = text.replace(hide, "***") if hide else text
    # Far more than `limit` is cut first, so that a megabyte is not walked through for a line.
    line = " ".join(safe[: limit * 8].split())
    # Nearly every line is printable, and the check of a whole one is fast.
    shown = line if line.isprintable() else "".join(char if char.isprintable() else "?" for char in line)
    return shown if len(shown) <= limit else shown[:limit] + "..."


class _Receipt(msgspec.Struct):
    """Answer of the contract to a posted event."""

    success: bool
    event_id: msgspec.Raw = msgspec.Raw(b"null")
    """Any JSON value: a receipt of success must not fail because of the form of its id."""


_receipts = msgspec.json.Decoder(_Receipt)


def read_receipt(body: bytes, status: int = 200, *, hide: str = "") -> Posted | Failed:
    """Return the meaning of an answer to a posted event (contract: {"success": true, "event_id": "evt_67890"}).

    `status` is a 2xx. Strict about `success`: only the JSON booleans count. Lenient about `event_id`: it may be
    missing or any value; one that is no string is kept as its JSON text. A byte order mark is skipped. `hide`
    never shows in the detail or the id (see `excerpt`).
    """
    try:
        receipt = _receipts.decode(body.removeprefix(UTF8_BOM))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        shown = _shown(body, hide) or "an empty body"
        detail = f"the receipt is not the contract's ({excerpt(str(error))}): {shown}"
        return Failed(FailureKind.MALFORMED, status, detail)
    if not receipt.success:
        return Failed(
            FailureKind.REFUSED, status, f"the Director answered success: false: {_shown(body, hide)}"
        )
    return Posted(_event_id(bytes(receipt.event_id), hide))


def _shown(body: bytes, hide: str) -> str:
    return excerpt(body.decode("utf-8", "replace"), hide=hide)


def _event_id(raw: bytes, hide: str) -> str | None:
    if raw == b"null":
        return None
    try:
        text = msgspec.json.decode(raw, type=str)
    except (msgspec.DecodeError, UnicodeDecodeError):
        text = raw.decode("utf-8", "replace")
    return excerpt(text, hide=hide)
