"""Effects of a MODIFY or CANCEL, as its target shows them.

Such a command makes no order of its own, and sent twice it does no more than once. So the evidence of it is not a
deal but the target as it is seen at the broker: these functions compare the two.
"""

from decimal import Decimal
from typing import assert_never

from bridge.core.link.messages import CommandKind, Order
from bridge.core.link.reports import OrderReport
from bridge.core.trade.command_states import CommandInput
from bridge.core.trade.records import PositionRecord
from bridge.core.units.mt5_terms import OrderState


def effect_on_order(wanted: Order, seen: OrderReport) -> CommandInput | None:
    """Return what a pending order shows of the amendment that targets it; None where it shows nothing (yet).

    Raises ValueError for a command that amends nothing.
    """
    gone = seen.off_the_book
    match wanted.kind:
        case CommandKind.CANCEL:
            if not gone:
                return None
            filled = seen.state is OrderState.FILLED or not seen.volume_current
            return CommandInput.TARGET_FILLED if filled else CommandInput.EFFECT_SEEN
        case CommandKind.MODIFY:
            if gone:
                return CommandInput.TARGET_GONE
            as_wanted = (
                _same(wanted.stop_loss, seen.stop_loss)
                and _same(wanted.take_profit, seen.take_profit)
                and _same(wanted.price, seen.price)
                and _same(wanted.limit_price, seen.limit_price)
            )
            return CommandInput.EFFECT_SEEN if as_wanted else None
        case CommandKind.OPEN | CommandKind.CLOSE:
            raise ValueError(f"command kind {wanted.kind} amends nothing")
        case _:
            assert_never(wanted.kind)


def effect_on_position(wanted: Order, seen: PositionRecord) -> CommandInput | None:
    """Return what a position shows of the MODIFY that targets it; None where it shows nothing (yet)."""
    if not seen.volume:
        return CommandInput.TARGET_GONE
    as_wanted = _same(wanted.stop_loss, seen.stop_loss) and _same(wanted.take_profit, seen.take_profit)
    return CommandInput.EFFECT_SEEN if as_wanted else None


def _same(wanted: Decimal | None, seen: Decimal | None) -> bool:
    """Return True where the level is as wanted. None: left as it is. 0: no level."""
    return wanted is None or wanted == (seen or 0)
