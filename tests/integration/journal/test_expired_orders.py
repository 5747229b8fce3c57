"""A pending order that is on the book after its expiry is cancelled by the bridge."""

from datetime import timedelta

from bridge.core.link.messages import CommandKind

from .bench import NOW, JournalBench, limit
from .reports import ORDER, booked, result, scan

UNTIL = "2026-01-05T10:05:00Z"
LATE_S = 5 * 60 + 11


def resting(bench: JournalBench, **fields: object) -> int:
    """Bring a limit order to the book. Return its client order id."""
    [command] = bench.sent(limit("dir-limit", expires_at=UNTIL, **fields))
    bench.report(result(command.order), booked(command.order))
    return command.order.client_order_id


def test_order_on_the_book_after_its_expiry_is_cancelled_once(joined: JournalBench) -> None:
    client_order_id = resting(joined)
    joined.later(LATE_S - 2)
    joined.report(scan(1, joined.now))
    assert joined.advance() == []
    joined.later(2)
    for number in (2, 3):
        joined.report(scan(number, joined.now))
    [cancel] = joined.advance()
    assert (cancel.order.kind, cancel.order.order, cancel.order.opener) == (
        CommandKind.CANCEL,
        ORDER,
        client_order_id,
    )
    joined.later(60)
    joined.report(scan(4, joined.now))
    assert joined.advance() == []


def test_further_scan_is_of_use_once_an_order_should_have_left_the_book(joined: JournalBench) -> None:
    resting(joined)
    assert joined.report(scan(1, joined.now)).further_scan_after == timedelta(seconds=LATE_S - 1)
    joined.later(LATE_S)
    assert joined.report(scan(2, joined.now)).further_scan_after is None


def test_order_without_expiry_is_not_cancelled(joined: JournalBench) -> None:
    resting(joined, time_in_force="GTC")
    joined.later(86_400)
    joined.report(scan(1, joined.now))
    assert joined.advance() == []
    assert joined.now > NOW
