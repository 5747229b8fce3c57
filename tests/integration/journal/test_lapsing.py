"""A pending order that stands on the book beyond its time is cancelled by the bridge itself."""

from bridge.core.link.messages import CommandKind

from .desk import NOW, Desk, limit
from .reports import ORDER, booked, result, scan

UNTIL = "2026-01-05T10:05:00Z"
LATE_S = 5 * 60 + 11


def resting(desk: Desk, **fields: object) -> int:
    """A limit order of ours rests on the book; its token."""
    [command] = desk.sent(limit("dir-limit", expires_at=UNTIL, **fields))
    desk.report(result(command.order), booked(command.order))
    return command.order.client_order_id


def test_an_order_that_outlives_its_time_is_cancelled_once(joined: Desk) -> None:
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


def test_an_order_that_stays_until_it_is_cancelled_is_left_alone(joined: Desk) -> None:
    resting(joined, time_in_force="GTC")
    joined.later(86_400)
    joined.report(scan(1, joined.now))
    assert joined.advance() == []
    assert joined.now > NOW
