"""The terminal's own inputs: limits that hold whatever the sidecar asks for."""

from decimal import Decimal
from enum import StrEnum

import msgspec

from bridge.core.link.messages import CommandKind, Order
from bridge.core.units.decimals import ZERO
from bridge.core.units.mt5_terms import Side
from bridge.simulator.mt5.types import SymbolInfo, Tick


class InputAction(StrEnum):
    """What an input allows or not."""

    OPEN_LONG = "OPEN LONG"
    OPEN_SHORT = "OPEN SHORT"
    CLOSE = "CLOSE"
    MODIFY = "MODIFY"
    CANCEL = "CANCEL"


def action_of(order: Order) -> InputAction:
    """The action that the order is."""
    if order.kind is CommandKind.OPEN:
        return InputAction.OPEN_LONG if order.side is Side.BUY else InputAction.OPEN_SHORT
    return InputAction(order.kind.value)


class Inputs(msgspec.Struct, frozen=True, kw_only=True):
    """The inputs of the Expert Advisor, as far as a reference terminal has use for them.

    Those that say OPEN hold for an OPEN alone: what takes risk away is never refused for them.
    """

    max_lot: Decimal = Decimal("1.00")
    """OPEN: lots. A larger order is refused."""
    deviation_points: int = 20
    """The deviation of an order that names none."""
    max_deviation_points: int = 100
    """An OPEN that asks for more is refused; a CLOSE goes out with so much."""
    max_spread_points: int = 0
    """OPEN: refused while the spread is wider. 0: no limit."""
    symbols: tuple[str, ...] = ()
    """OPEN: the broker's names of those that it may be in. Empty: all."""
    max_symbol_positions: int = 0
    """OPEN: this terminal's positions and pending orders in a symbol, the new one included. 0: no limit."""
    max_symbol_lots: Decimal = ZERO
    """OPEN: the lots of all of them together, the new one included. 0: no limit."""
    max_orders_per_minute: int = 0
    """OPEN: how many may be sent within 60 seconds. 0: no limit."""
    min_margin_level: Decimal = ZERO
    """OPEN: percent. Refused while the account's is lower. One that binds no margin has no level. 0: no limit."""
    max_daily_loss: Decimal = ZERO
    """OPEN: account currency. Refused once the equity is as much below that at the start of the broker's day.
    0: no limit."""
    actions: frozenset[InputAction] = frozenset(InputAction)
    """What the sidecar may ask for."""
    algo_trading: bool = True
    """The terminal's Algo Trading button."""
    poll_interval_s: int | None = None
    """How often the Director is to be polled, 1..300; None leaves it to the sidecar."""

    def deviation(self, order: Order) -> int:
        """The deviation that the order asks for, in points."""
        return self.deviation_points if order.deviation_points is None else order.deviation_points

    def sent_deviation(self, order: Order) -> int:
        """The deviation that the order goes out with, in points: whoever closes is not refused for it."""
        asked = self.deviation(order)
        return min(asked, self.max_deviation_points) if order.kind is CommandKind.CLOSE else asked

    def forbid(self, order: Order) -> str:
        """Which input forbids the order, with the numbers; empty where none does."""
        action = action_of(order)
        if action not in self.actions:
            allowed = [known for known in InputAction if known in self.actions]
            return f"{action} is not among the allowed actions ({', '.join(allowed) or 'none'})"
        if order.kind is CommandKind.OPEN:
            if self.symbols and order.symbol not in self.symbols:
                return f"{order.symbol} is not among the allowed symbols ({', '.join(self.symbols)})"
            if order.volume > self.max_lot:
                return f"{order.volume} lots are more than the maximum lot {self.max_lot}"
        if order.kind is not CommandKind.OPEN or order.order_type.pending:
            return ""
        if self.deviation(order) > self.max_deviation_points:
            return (
                f"a deviation of {self.deviation(order)} points is more than "
                f"the maximum deviation {self.max_deviation_points}"
            )
        return ""

    def forbid_spread(self, order: Order, symbol: SymbolInfo, tick: Tick) -> str:
        """Whether the spread is too wide for the order, with the numbers; empty where it is not."""
        if order.kind is not CommandKind.OPEN or not self.max_spread_points:
            return ""
        spread = (tick.ask - tick.bid) / symbol.point
        if spread <= self.max_spread_points:
            return ""
        return f"the spread of {spread:.0f} points is wider than the maximum spread {self.max_spread_points}"
