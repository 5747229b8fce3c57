"""Histories that several tests of lists, exports and reports read."""

from decimal import Decimal

from .bench import JournalBench, closing, directive
from .reports import DEAL, deal, leaving, result, submitted


def trade(joined: JournalBench) -> None:
    """Open a position in two deals and close it by a directive; open another one, which its stop loss closes."""
    [opening] = joined.sent(directive(price=1.094))
    joined.later(1)
    order = opening.order
    joined.report(submitted(order), result(order))
    joined.report(deal(order, volume="0.1"), deal(order, DEAL + 1, volume="0.2", price=Decimal("1.0953")))
    joined.later(60)
    [close] = joined.sent(closing("dir-close", target_directive_id="dir-1"))
    joined.report(submitted(close.order, mark=2), result(close.order))
    joined.report(deal(close.order, DEAL + 2, profit=Decimal("12.30")))
    joined.later(60)
    [second] = joined.sent(directive("dir-2", symbol="GBPUSD"))
    joined.report(submitted(second.order, mark=3), result(second.order, ticket=8003))
    joined.report(
        deal(second.order, DEAL + 3, position_id=7002, order=8003), leaving(second.order, position_id=7002)
    )
