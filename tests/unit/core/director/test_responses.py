"""Classification of the Director's answers: statuses, Retry-After, dates, receipts."""

import math
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.director.responses import (
    MAX_RETRY_AFTER_S,
    Failed,
    FailureKind,
    Posted,
    classify_status,
    excerpt,
    parse_http_date,
    parse_retry_after,
    read_receipt,
)

NOW = datetime(2026, 1, 4, 10, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("statuses", "kind"),
    [
        ((200, 201, 202, 204, 299), None),
        ((408, 425, 429, 500, 502, 503, 504, 599), FailureKind.BUSY),
        ((401, 403), FailureKind.AUTH),
        ((400, 404, 409, 410, 413, 422), FailureKind.REFUSED),
        ((100, 301, 302, 303, 304, 307, 308, 402, 405, 407, 418, 600, 999), FailureKind.MALFORMED),
    ],
)
def test_each_status_has_its_kind(statuses: tuple[int, ...], kind: FailureKind | None) -> None:
    assert {classify_status(status) for status in statuses} == {kind}


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("120", 120.0),
        (" 7 ", 7.0),
        ("1.5", 1.5),
        ("Sun, 04 Jan 2026 10:00:30 GMT", 30.0),
        ("Sunday, 04-Jan-26 10:00:30 GMT", 30.0),
        ("Sun Jan  4 10:00:30 2026", 30.0),
        ("Sun, 04 Jan 2026 09:00:00 GMT", 0.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", MAX_RETRY_AFTER_S),
        ("9" * 30, MAX_RETRY_AFTER_S),
        ("9" * 10_000, MAX_RETRY_AFTER_S),
        ("-1", None),
        ("", None),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("1e3", None),
        ("0x10", None),
        ("\u0663", None),
        ("Sun, 04 Jan 99999 10:00:30 GMT", None),
        ("Sun, 99 Jan 2026 10:00:30 GMT", None),
        ("Sun, 04 Jan 2026 10:00:30 +9999", None),
    ],
)
def test_retry_after(value: str, seconds: float | None) -> None:
    assert parse_retry_after(value, NOW) == seconds


@given(st.text())
def test_retry_after_takes_any_text(value: str) -> None:
    seconds = parse_retry_after(value, NOW)
    assert seconds is None or (math.isfinite(seconds) and 0 <= seconds <= MAX_RETRY_AFTER_S)


@given(st.integers(min_value=-(10**6), max_value=10**6))
def test_retry_after_reads_the_dates_that_it_is_given(offset: int) -> None:
    text = format_datetime(NOW + timedelta(seconds=offset), usegmt=True)
    assert parse_retry_after(text, NOW) == max(float(offset), 0.0)


def test_a_date_is_aware_utc_whatever_zone_it_names() -> None:
    assert parse_http_date("Sun, 04 Jan 2026 12:00:00 +0200") == NOW
    for text in (
        "Sun, 04 Jan 2026 10:00:00 GMT",
        "Sun Jan  4 10:00:00 2026",
        "Sun, 04 Jan 2026 10:00:00 -0000",
    ):
        date = parse_http_date(text)
        assert date == NOW
        assert getattr(date, "tzinfo", None) is UTC


def test_a_date_behind_the_last_of_all_dates_is_none() -> None:
    assert parse_http_date("Fri, 31 Dec 9999 23:59:59 -0100") is None


@given(st.text())
def test_a_date_takes_any_text(value: str) -> None:
    date = parse_http_date(value)
    assert date is None or date.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    ("body", "posted"),
    [
        (b'{"success": true, "event_id": "evt_67890"}', Posted("evt_67890")),
        (b'{"success": true}', Posted(None)),
        (b'{"success": true, "event_id": null}', Posted(None)),
        (b'{"success": true, "event_id": 67890}', Posted("67890")),
        (b'{"success": true, "event_id": "e", "more": [1]}', Posted("e")),
        (b'{"success": true, "event_id": 1.5}', Posted("1.5")),
        (b'{"success": true, "event_id": {"$oid": "x"}}', Posted('{"$oid": "x"}')),
        (b'{"success": true, "event_id": "a\\u0000b"}', Posted("a?b")),
        (b'{"success": true, "event_id": "\xff"}', Posted('"\N{REPLACEMENT CHARACTER}"')),
        (b'{"success": true, "event_id": "%s"}' % (b"x" * 500_000), Posted("x" * 200 + "...")),
        (b'{"success": true, "event_id": %s}' % (b"9" * 5_000), Posted("9" * 200 + "...")),
        (b'\xef\xbb\xbf{"success": true}', Posted(None)),
    ],
)
def test_a_receipt(body: bytes, posted: Posted) -> None:
    assert read_receipt(body) == posted


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"OK",
        b"null",
        b"[]",
        b"{}",
        b'{"success": "true"}',
        b'{"success": 1}',
        b'{"success": null}',
        b'{"event_id": "evt_1"}',
        b'{"success": true',
        b'{"success": true, "event_id": {}',
        b'{"success": true, "event_id": "\\ud800"}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_receipt_is_malformed(body: bytes) -> None:
    answer = read_receipt(body, 201)
    assert isinstance(answer, Failed)
    assert (answer.kind, answer.status) == (FailureKind.MALFORMED, 201)
    assert answer.detail.isprintable()


def test_success_false_is_a_refusal_that_says_why() -> None:
    answer = read_receipt(b'{"success": false, "error": "no such directive"}')
    assert isinstance(answer, Failed)
    assert answer.kind is FailureKind.REFUSED
    assert "no such directive" in answer.detail


@given(st.binary(max_size=300))
def test_a_receipt_takes_any_bytes(body: bytes) -> None:
    assert isinstance(read_receipt(body), Posted | Failed)


def test_an_excerpt_is_one_printable_line() -> None:
    assert excerpt("a\x1b[31m\r\n\n b\x00") == "a?[31m b?"
    assert excerpt("x" * 201) == "x" * 200 + "..."
    assert excerpt("x" * 200) == "x" * 200


@given(st.text(), st.text())
def test_an_excerpt_never_shows_half_a_secret(before: str, after: str) -> None:
    secret = "s3cret-" + "k" * 20
    shown = excerpt(f"{before}{secret}{after}", hide=secret, limit=10)
    assert "s3c" not in shown or "s3c" in before + after
    assert len(shown) <= 13 and shown.isprintable()


def test_a_receipt_hides_the_key_that_it_echoes() -> None:
    answer = read_receipt(b'{"success": false, "key": "the-key"}', hide="the-key")
    assert isinstance(answer, Failed)
    assert "the-key" not in answer.detail and "***" in answer.detail
    assert read_receipt(b'{"success": true, "event_id": "the-key"}', hide="the-key") == Posted("***")
