"""The terminal's own inputs: limits that hold whatever the sidecar asks for."""

from decimal import Decimal

import msgspec

from bridge.core.protocol import CommandKind, Order
from bridge.paper.mt5 import SymbolInfo, Tick


class Inputs(msgspec.Struct, frozen=True, kw_only=True):
    """The inputs of the Expert Advisor, as far as a paper terminal has use for them."""

    max_lot: Decimal = Decimal("1.00")
    """Lots. A larger order is refused. A CLOSE is not: it only takes risk away."""
    deviation_points: int = 20
    """The deviation of an order that names none."""
    max_deviation_points: int = 100
    """An order that asks for more is refused."""
    max_spread_points: int = 0
    """An OPEN is refused while the spread is wider. 0: no limit."""
    kinds: frozenset[CommandKind] = frozenset(CommandKind)
    """What the sidecar may ask for."""
    algo_trading: bool = True
    """The terminal's Algo Trading button."""
    poll_interval_s: int | None = None
    """How often the Director is to be polled, 1..300; None leaves it to the sidecar."""

    def deviation(self, order: Order) -> int:
        """The deviation that the order goes out with, in points."""
        return self.deviation_points if order.deviation_points is None else order.deviation_points

    def forbid(self, order: Order) -> str:
        """Which input forbids the order, with the numbers; empty where none does."""
        if order.kind not in self.kinds:
            return (
                f"{order.kind} is not among the allowed actions ({', '.join(sorted(self.kinds)) or 'none'})"
            )
        if order.kind is CommandKind.OPEN and order.volume > self.max_lot:
            return f"{order.volume} lots are more than the maximum lot {self.max_lot}"
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
