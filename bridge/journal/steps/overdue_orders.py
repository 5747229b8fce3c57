"""A pending order that stands on the book beyond its time.

The broker lets it lapse by its own clock. Where that has moved since (daylight saving), or the broker forgets, the
bridge cancels it: what the Director meant to end must not be filled.
"""

from datetime import timedelta
from typing import Final

from bridge.core.director.contract import OPERATOR_PREFIX
from bridge.journal.operator import halt
from bridge.journal.operator.halt import Own
from bridge.journal.steps.step import Step

PATIENCE: Final = timedelta(seconds=10)
"""The broker's own hand goes first."""


def cancel_lapsed(step: Step) -> None:
    """After a scan: order the cancellation of what should have left the book, once for each order."""
    if not step.trusted:
        # A good order that is cancelled by a wrong clock does not come back.
        return
    latest = int((step.now - PATIENCE).timestamp() * 1000)
    found = step.connection.execute(
        "SELECT o.ticket FROM orders o JOIN commands c ON c.client_order_id = o.client_order_id"
        " WHERE o.officer = ? AND o.server = ? AND o.login = ? AND o.off_book = 0"
        " AND json_extract(c.body, '$.expires_ms') BETWEEN 1 AND ?",
        (*step.account.key, latest),
    ).fetchall()
    for row in found:
        halt.order_own(
            step,
            Own(
                directive_id=f"{OPERATOR_PREFIX}lapsed:{row['ticket']}",
                action=halt.CANCEL_ORDER,
                why="the order stands on the book beyond its time",
                order=row["ticket"],
            ),
        )
