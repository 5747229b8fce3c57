"""A close that finds less than it was to close: the terminal closes what there is, and the command is filled."""

from collections import Counter
from decimal import Decimal
from itertools import permutations

import msgspec
import pytest

from bridge.core.link.messages import Order
from bridge.core.link.reports import AnyReport

from .bench import JournalBench, closing, directive
from .reports import DEAL, deal, leaving, result, seen

CLOSE_DEAL = DEAL + 200


@pytest.fixture
def close(joined: JournalBench) -> Order:
    """The order of a close of 0.10, of which 0.04 was closed manually before it was sent."""
    [opening] = joined.sent(directive(quantity=0.10))
    joined.report(result(opening.order), deal(opening.order))
    [closing_] = joined.sent(closing())
    joined.report(leaving(opening.order, reason="CLIENT", volume="0.04"))
    return closing_.order


@pytest.mark.parametrize("turn", range(6))
def test_trimmed_close_is_filled_once_its_reports_are_in_in_any_order(
    joined: JournalBench, close: Order, turn: int
) -> None:
    order = msgspec.structs.replace(seen(close), volume_initial=Decimal("0.06"))
    parts = [deal(close, CLOSE_DEAL, volume="0.02"), deal(close, CLOSE_DEAL + 1, volume="0.04")]
    reports: list[AnyReport] = [order, *parts]
    joined.report(result(close))
    joined.report(*list(permutations(reports))[turn])
    assert (joined.command_state(close.client_order_id), joined.directive_state("dir-close")) == (
        "FILLED",
        "FILLED",
    )
    assert Counter(joined.emitted("dir-close")) == {
        "DIRECTIVE_RECEIVED": 1,
        "ORDER_PLACED": 1,
        "ORDER_PARTIAL_FILL": 2,
        "ORDER_FILLED": 1,
        "POSITION_CLOSED": 1,
    }
    (body,) = (body for body in joined.bodies("ORDER_FILLED") if body["directive_id"] == "dir-close")
    assert body["fill_quantity"] == 0.06


def test_close_whose_order_is_on_the_book_is_not_ended(joined: JournalBench, close: Order) -> None:
    order = msgspec.structs.replace(seen(close), volume_initial=Decimal("0.06"))
    joined.report(result(close), order, deal(close, CLOSE_DEAL, volume="0.02"))
    assert joined.command_state(close.client_order_id) == "PARTIAL"
