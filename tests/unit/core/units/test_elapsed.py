"""Seconds between two moments, as texts and as datetimes."""

from datetime import UTC, datetime

from bridge.core.units.elapsed import seconds_between

NOON = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


def test_seconds_between_texts_and_datetimes_are_the_same() -> None:
    texts = ("2026-01-05T12:00:00Z", "2026-01-05T12:00:01.5Z")
    assert seconds_between(*texts) == seconds_between(NOON, texts[1]) == 1.5
    assert seconds_between(texts[1], NOON) == -1.5
