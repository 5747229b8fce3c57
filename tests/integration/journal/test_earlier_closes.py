"""A CLOSE that an earlier journal has sent and the Director lists again: it closes nothing that is left by now.

Each test has a new journal, to which the terminal reports what an earlier journal had ordered.
"""

from datetime import timedelta
from decimal import Decimal

from bridge.core.link.messages import Order

from .bench import NOW, JournalBench, closing, directive, server_ms
from .reports import DEAL, ORDER, POSITION, deal, seen, standing, submitted
from .test_evidence import FILLED, lost, lost_close, restored

SECOND = POSITION + 1
LATER = server_ms(NOW + timedelta(seconds=1))


def first() -> Order:
    return lost()


def second() -> Order:
    return lost("dir-2", "0.2")


def opened(bench: JournalBench, *, left: str, at: int = server_ms()) -> None:
    """Report two positions, of which the first has `left` lots, and take their directives back."""
    bench.report(
        deal(first()),
        deal(second(), DEAL + 1, position_id=SECOND, order=ORDER + 7, time_server_ms=at),
        standing(second(), identifier=SECOND),
    )
    if Decimal(left):
        bench.report(standing(first(), volume=left))
    assert bench.sent(directive(), directive("dir-2", quantity=0.2)) == []


def closed(bench: JournalBench, volume: str, at: int = server_ms()) -> Order:
    """Report that the first position was closed with so many lots."""
    close = lost_close(lost(volume=volume))
    bench.report(deal(close, DEAL + 2, time_server_ms=at), seen(close))
    return close


def again(bench: JournalBench, quantity: float | None = None) -> list[Order]:
    """List the CLOSE again; return the orders that are sent."""
    bench.take(closing(quantity=quantity), first_listing=True)
    return [command.order for command in bench.advance()]


def test_close_in_part_takes_nothing_from_another_position(joined: JournalBench) -> None:
    close = closed(joined, "0.2")
    # 0.1 is left of the first position: with the broker's volume, 0.1 would be missing to the quantity.
    opened(joined, left="0.1")
    assert again(joined, quantity=0.2) == []
    assert joined.command_state(close.client_order_id) == "FILLED"
    assert joined.emitted("dir-close") == FILLED[:3]
    assert joined.rows("SELECT volume_in, volume_out FROM positions ORDER BY identifier") == [
        ("0.3", "0.2"),
        ("0.2", "0"),
    ]


def test_quantity_that_was_not_ordered_before_is_closed_of_what_was_open_then(joined: JournalBench) -> None:
    closed(joined, "0.3")
    opened(joined, left="0")
    [rest] = again(joined, quantity=0.4)
    assert (rest.position, rest.volume) == (SECOND, Decimal("0.1"))


def test_position_that_was_opened_after_the_close_is_left_alone(joined: JournalBench) -> None:
    closed(joined, "0.3")
    opened(joined, left="0", at=LATER)
    assert again(joined) == []
    assert joined.emitted("dir-close") == [*FILLED[:3], "POSITION_CLOSED"]


def test_close_of_a_position_that_the_journal_lacks_closes_no_other(
    joined: JournalBench,
) -> None:
    close = lost_close(first())
    joined.report(
        deal(first()),
        deal(close, DEAL + 2),
        seen(close),
        deal(second(), DEAL + 1, position_id=SECOND, order=ORDER + 7),
        standing(second(), identifier=SECOND),
    )
    # The Director lists the first open later.
    assert joined.sent(directive("dir-2", quantity=0.2)) == []
    assert again(joined, quantity=0.3) == []
    assert joined.command_state(close.client_order_id) == "PLACED"
    assert joined.sent(directive()) == []
    assert joined.command_state(close.client_order_id) == "FILLED"
    assert joined.emitted("dir-close") == [*FILLED[:3], "POSITION_CLOSED"]


def test_close_that_only_the_ledger_has_is_not_sent_again(joined: JournalBench) -> None:
    close = lost_close(first())
    joined.report(submitted(close))
    restored(joined)
    opened(joined, left="0.3")
    assert again(joined, quantity=0.3) == []
    assert joined.command_state(close.client_order_id) == "SUBMITTED"


def test_close_that_expired_since_is_reported_as_executed(joined: JournalBench) -> None:
    close = closed(joined, "0.3")
    opened(joined, left="0")
    joined.later(3_600)
    assert again(joined, quantity=0.3) == []
    assert joined.command_state(close.client_order_id) == "FILLED"
    assert "ORDER_REJECTED" not in joined.emitted("dir-close")


def test_close_of_another_directive_is_no_evidence(joined: JournalBench) -> None:
    closed(joined, "0.2")
    opened(joined, left="0.1")
    joined.take(closing("dir-other", quantity=0.2), first_listing=True)
    sent = [command.order for command in joined.advance()]
    assert [(order.position, order.volume) for order in sent] == [
        (POSITION, Decimal("0.1")),
        (SECOND, Decimal("0.1")),
    ]


def test_close_issued_since_the_journal_was_opened_is_planned_without_a_look(joined: JournalBench) -> None:
    """Its reports would be another sidecar's, which `foreign_senders` finds."""
    opened(joined, left="0.3")
    [command] = joined.sent(closing(quantity=0.2))
    assert (command.order.position, command.order.volume) == (POSITION, Decimal("0.2"))
