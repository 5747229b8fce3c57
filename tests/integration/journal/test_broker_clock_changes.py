"""A broker's clock that changes while the bridge is off: `occurred_at` of what happened meanwhile."""

from datetime import UTC, datetime

import msgspec
import pytest

from .bench import JournalBench, directive, limit
from .reports import deal, leaving, result, scan

HOUR_MS = 3_600_000


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def server_ms(at: datetime, hours: int) -> int:
    """A broker's clock that is so many hours ahead of UTC."""
    return int(at.timestamp() * 1000) + hours * HOUR_MS


def stopped_while_off(bench: JournalBench, last: str, stop: str, back: str, before: int, after: int) -> None:
    """Open a position before `last`, the last scan; its stop is hit while the bridge is off, until `back`.

    The broker's clock is `before` hours ahead first, and `after` hours from then on.
    """
    bench.now = moment(last)
    bench.join(measured_ms=server_ms(bench.now, before))
    times = {"issued_at": f"{last}:00Z", "expires_at": None}
    [command] = bench.sent(directive(**times))
    bench.later(60)
    until = server_ms(bench.now, before)
    bench.report(
        result(command.order),
        deal(command.order, time_server_ms=until),
        msgspec.structs.replace(scan(1), to_server_ms=until),
    )
    bench.now = moment(back)
    bench.join(measured_ms=server_ms(bench.now, after))
    bench.report(leaving(command.order, time_server_ms=server_ms(moment(stop), after)))


@pytest.mark.parametrize(
    ("last", "stop", "back", "before", "after"),
    [
        ("2026-10-23T20:55", "2026-10-26T02:30", "2026-10-26T06:00", 3, 2),
        ("2027-03-26T20:55", "2027-03-29T05:30", "2027-03-29T06:00", 2, 3),
        # By the rule of the United States.
        ("2026-10-30T20:55", "2026-11-02T02:30", "2026-11-02T06:00", -4, -5),
    ],
)
def test_stop_after_the_weekend_of_a_switch_has_its_own_time(
    bench: JournalBench, last: str, stop: str, back: str, before: int, after: int
) -> None:
    stopped_while_off(bench, last, stop, back, before, after)
    [body] = bench.bodies("SL_TRIGGERED")
    assert datetime.fromisoformat(body["occurred_at"]) == moment(stop)
    assert bench.bodies("SYSTEM_ERROR") == []


def test_change_without_a_rule_is_raised_once_and_nothing_is_in_the_future(bench: JournalBench) -> None:
    stopped_while_off(bench, "2026-06-05T20:55", "2026-06-08T05:30", "2026-06-08T06:00", 2, 3)
    [body] = bench.bodies("SL_TRIGGERED")
    assert datetime.fromisoformat(body["occurred_at"]) == moment("2026-06-08T05:30")
    # One measurement alone raises nothing.
    assert bench.bodies("SYSTEM_ERROR") == []
    scanned(bench, 3)
    [error] = bench.bodies("SYSTEM_ERROR")
    assert error["error_code"] == "BROKER_CLOCK_UNKNOWN"
    for text in ("UTC+2 h at 2026-06-05T20:56:00", "UTC+3 h at 2026-06-08T06:00:00", "wrong by 1 h"):
        assert text in error["error_message"]
    bench.join(measured_ms=server_ms(bench.now, 3))
    scanned(bench, 3)
    assert len(bench.bodies("SYSTEM_ERROR")) == 1


def scanned(bench: JournalBench, hours: int) -> None:
    """Let a scan be through a second later, by a broker's clock so many hours ahead."""
    bench.later(1)
    bench.report(msgspec.structs.replace(scan(2), to_server_ms=server_ms(bench.now, hours)))


@pytest.mark.parametrize("again", ["hello", "scan", "heartbeats"])
def test_single_measurement_that_the_next_one_contradicts_is_deleted_and_raises_nothing(
    bench: JournalBench, again: str
) -> None:
    stopped_while_off(bench, "2026-06-05T20:55", "2026-06-08T05:30", "2026-06-08T06:00", 2, 2)
    bench.join(measured_ms=server_ms(bench.now, 1))
    offsets = "SELECT seconds FROM clock_offsets ORDER BY since"
    assert bench.rows(offsets) == [(7200,), (3600,)]
    if again == "hello":
        bench.join(measured_ms=server_ms(bench.now, 2))
    elif again == "scan":
        scanned(bench, 2)
    else:
        bench.journal.note_offset(bench.officer, 7200, bench.now)
    assert bench.rows(offsets) == [(7200,)]
    scanned(bench, 2)
    assert bench.bodies("SYSTEM_ERROR") == []


@pytest.mark.parametrize("again", ["hello", "scan", "heartbeats"])
def test_change_that_two_measurements_agree_on_is_raised_once(bench: JournalBench, again: str) -> None:
    stopped_while_off(bench, "2026-06-05T20:55", "2026-06-08T05:30", "2026-06-08T06:00", 2, 3)
    assert bench.bodies("SYSTEM_ERROR") == []
    bench.later(1)
    if again == "hello":
        bench.join(measured_ms=server_ms(bench.now, 3))
    elif again == "scan":
        scanned(bench, 3)
    else:
        bench.journal.note_offset(bench.officer, 10_800, bench.now)
    scanned(bench, 3)
    assert [body["error_code"] for body in bench.bodies("SYSTEM_ERROR")] == ["BROKER_CLOCK_UNKNOWN"]


def test_scan_confirms_the_offset_and_one_with_another_does_not(bench: JournalBench) -> None:
    bench.now = moment("2026-06-05T20:55")
    bench.join(measured_ms=server_ms(bench.now, 2))
    for counter, hours in ((1, 2), (2, 3)):
        bench.later(60)
        bench.report(msgspec.structs.replace(scan(counter), to_server_ms=server_ms(bench.now, hours)))
    assert bench.rows("SELECT seconds, confirmed_at FROM clock_offsets") == [
        (7200, "2026-06-05T20:56:00.000Z")
    ]


def test_broker_whose_clock_is_minutes_ahead_reports_nothing_of_the_future(bench: JournalBench) -> None:
    bench.now = moment("2026-06-05T20:55")
    bench.join(measured_ms=server_ms(bench.now, 2))
    [command] = bench.sent(directive(issued_at="2026-06-05T20:55:00Z", expires_at=None))
    bench.report(result(command.order), deal(command.order, time_server_ms=server_ms(bench.now, 2) + 240_000))
    for event_type in ("ORDER_FILLED", "POSITION_OPENED"):
        [body] = bench.bodies(event_type)
        assert datetime.fromisoformat(body["occurred_at"]) == bench.now
    # The order of deals follows the broker's own times.
    assert bench.rows("SELECT done_at FROM deals") == [("2026-06-05T20:59:00.000Z",)]


def test_expiry_after_a_switch_that_is_to_come_is_not_later_by_the_brokers_clock(bench: JournalBench) -> None:
    bench.now = moment("2026-10-23T20:55")
    bench.join(measured_ms=server_ms(bench.now, 3))
    expiry = moment("2026-10-26T12:00")
    [command] = bench.sent(
        limit(issued_at="2026-10-23T20:55:00Z", expires_at=None, order_expires_at="2026-10-26T12:00:00Z")
    )
    assert command.expires_server_ms == server_ms(expiry, 2)
