"""The rest of a market order stays on an exchange's book: cancelled, removed before a close, or left there."""

import pytest

from bridge.core.link.messages import CommandKind, Order
from bridge.core.units.mt5_terms import OrderState

from .bench import JournalBench, cancel, closing, directive
from .reports import DEAL, ORDER, deal, result, seen

FROZEN = 10029


@pytest.fixture
def opened(joined: JournalBench) -> Order:
    """The order of an open of 0.10, of which 0.04 is filled and 0.06 is on the book."""
    [opening] = joined.sent(directive(quantity=0.10))
    order = opening.order
    joined.report(result(order), deal(order, volume="0.04"), seen(order, OrderState.PARTIAL, left="0.06"))
    return order


def test_close_waits_while_a_market_order_may_still_be_filled_at_once(
    joined: JournalBench, opened: Order
) -> None:
    assert joined.sent(closing()) == []
    joined.later(2)
    [removal] = joined.advance()
    assert (removal.order.kind, removal.order.order, removal.order.opener) == (
        CommandKind.CANCEL,
        ORDER,
        opened.client_order_id,
    )
    assert joined.advance() == []
    joined.report(deal(opened, DEAL + 1, volume="0.02"), seen(opened, OrderState.CANCELED, left="0.04"))
    [close] = joined.advance()
    assert (close.order.kind, str(close.order.volume)) == (CommandKind.CLOSE, "0.06")


def test_removal_that_the_broker_refuses_holds_no_close_up_and_is_repeated_for_the_next(
    joined: JournalBench, opened: Order
) -> None:
    joined.later(2)
    [removal] = joined.sent(closing())
    joined.report(result(removal.order, FROZEN, ticket=0))
    [close] = joined.advance()
    assert (close.order.kind, str(close.order.volume)) == (CommandKind.CLOSE, "0.04")
    joined.report(result(close.order), deal(close.order, DEAL + 1), seen(close.order))
    joined.later(1)
    [again] = joined.sent(closing("dir-close-2"))
    assert again.order.kind is CommandKind.CANCEL
    assert again.order.client_order_id != removal.order.client_order_id


def test_close_with_a_quantity_leaves_the_rest(joined: JournalBench, opened: Order) -> None:
    joined.later(2)
    [close] = joined.sent(closing(quantity=0.03))
    assert (close.order.kind, str(close.order.volume)) == (CommandKind.CLOSE, "0.03")


def test_cancel_removes_the_rest(joined: JournalBench, opened: Order) -> None:
    joined.later(2)
    [removal] = joined.sent(cancel("dir-cancel", "dir-1"))
    joined.report(result(removal.order), seen(opened, OrderState.CANCELED, left="0.06"))
    assert joined.directive_state("dir-cancel") == "DONE"
    assert joined.emitted()[-1] == "ORDER_CANCELLED"


def test_rest_of_a_market_order_is_shown_among_the_pending_orders(
    joined: JournalBench, opened: Order
) -> None:
    shown = "SELECT ticket, directive_id, volume_current FROM pending_orders"
    assert joined.rows(shown) == [(ORDER, "dir-1", "0.06")]
    joined.report(seen(opened, OrderState.CANCELED, left="0.06"))
    assert joined.rows(shown) == []


def test_close_of_a_market_order_without_a_fill_is_done_once_that_is_off_the_book(
    joined: JournalBench,
) -> None:
    [opening] = joined.sent(directive(quantity=0.10))
    joined.report(result(opening.order), seen(opening.order, OrderState.PLACED, left="0.10"))
    joined.later(2)
    [removal] = joined.sent(closing())
    assert removal.order.kind is CommandKind.CANCEL
    joined.report(result(removal.order), seen(opening.order, OrderState.CANCELED, left="0.10"))
    assert joined.advance() == []
    assert joined.directive_state("dir-close") == "DONE"
    assert joined.emitted("dir-close") == ["DIRECTIVE_RECEIVED", "ORDER_CANCELLED"]
    assert joined.emitted() == ["DIRECTIVE_RECEIVED", "ORDER_PLACED", "ORDER_CANCELLED"]
    # The next one finds nothing.
    joined.planned(closing("dir-again"))
    assert joined.directive_state("dir-again") == "REJECTED"
