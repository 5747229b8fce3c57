"""Actions of a random market, which a hypothesis strategy draws and a bench executes."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Final, TypeVar

from msgspec import Struct

from bridge.simulator.broker.api import ControlError
from bridge.simulator.broker.fault_rules import (
    DelayHistory,
    DropTransactions,
    Effect,
    Fills,
    Latency,
    LoseAnswer,
    Match,
    Reject,
    Requote,
    Rule,
    SendKind,
)
from bridge.simulator.mt5.types import Deal, OrderType, Retcode
from tests.conformance.rig import ConformanceRig
from tests.rig.deadline import Deadline
from tests.rig.invariant import FAR_MS

T = TypeVar("T")

BIDS: Final = {"EURUSD": Decimal("1.09500"), "GBPUSD": Decimal("1.27000")}
POINT: Final = Decimal("0.00001")
LOT: Final = Decimal("0.01")
CENT: Final = Decimal("0.01")
LIMITS: Final = {"OPEN_LONG": -1, "OPEN_SHORT": 1}
EFFECTS: Final[Sequence[Effect]] = (
    Reject(retcode=Retcode.REJECT),
    Reject(retcode=Retcode.PRICE_CHANGED),
    Reject(retcode=Retcode.TIMEOUT),
    Requote(),
    LoseAnswer(retcode=Retcode.TIMEOUT),
    LoseAnswer(retcode=None),
    Latency(milliseconds=300),
    Fills(volumes=(LOT,)),
    Fills(volumes=(LOT, LOT)),
    Fills(volumes=(LOT, LOT, LOT, LOT, LOT)),
    DropTransactions(),
    DelayHistory(milliseconds=700),
)
IN_PARTS: Final = 9
"""Index of the effect that fills an order by one deal for each 0.01 lot."""


CALM_S: Final = 1.5
_UNDER_WAY: Final = {"RECEIVED", "PLANNED", "DISPATCHED", "SUBMITTED"}


class Market:
    """One bench, and the directives that were issued on it."""

    def __init__(self, rig: ConformanceRig, *, netting: bool) -> None:
        self.rig = rig
        self.netting = netting
        self.opens: dict[str, int] = {}
        """Opening directives: 1 for a long, -1 for a short."""
        self.symbols: dict[str, str] = {}
        """Symbol by directive."""

    def issue(self, action: str, symbol: str, **fields: object) -> None:
        """Issue a directive, and remember it."""
        directive_id = self.rig.issue(action, officer="eo-001", symbol=symbol, **fields)
        self.symbols[directive_id] = symbol
        if action in LIMITS:
            self.opens[directive_id] = -LIMITS[action]

    def target(self, pick: int) -> tuple[str, str]:
        """Return an opening directive and its symbol; an unknown id where there is none."""
        chosen = self.one_of(list(self.opens), pick) or "nobody"
        return chosen, self.symbols.get(chosen, "EURUSD")

    def one_of(self, them: Sequence[T], pick: int) -> T | None:
        return them[pick % len(them)] if them else None

    def late_deal(self, pick: int) -> Deal | None:
        """Return a deal, counted back from the latest."""
        deals = [deal for deal in reversed(self.rig.broker.history_deals(0, FAR_MS)) if deal.symbol]
        return self.one_of(deals, pick)

    def revive(self) -> None:
        """Start the processes that are down."""
        if not self.rig.sidecar.running:
            self.rig.start_sidecar()
        if not self.rig.terminal.running:
            self.rig.restart_terminal()

    def busy(self) -> bool:
        """Return True while a directive waits to be read, planned, sent or answered."""
        rows = self.rig.journal.rows("SELECT state FROM directives")
        commands = self.rig.journal.rows("SELECT state FROM commands")
        states = [row["state"] for row in (*rows, *commands)]
        return len(rows) < len(self.symbols) or any(state in _UNDER_WAY for state in states)

    def look_on(self, lines: int) -> None:
        """Wait for some log lines of the sidecar, so that the next action finds it in another state."""
        sidecar = self.rig.sidecar
        sidecar.any_line(since=sidecar.mark + lines, within=0.3)


class Open(Struct, frozen=True):
    """A market order that opens."""

    action: str
    symbol: str
    lots: int
    stop: int
    """Points between the first price and the stop loss; 0 for none."""

    def __call__(self, market: Market) -> None:
        stop = BIDS[self.symbol] + LIMITS[self.action] * self.stop * POINT
        level = float(stop) if self.stop else None
        market.issue(self.action, self.symbol, quantity=self.lots / 100, stop_loss=level)


class Rest(Struct, frozen=True):
    """A pending order, so many points from the market."""

    action: str
    symbol: str
    lots: int
    order_type: str
    points: int

    def __call__(self, market: Market) -> None:
        away = LIMITS[self.action] * self.points * (1 if self.order_type == "LIMIT" else -1)
        market.issue(
            self.action,
            self.symbol,
            quantity=self.lots / 100,
            order_type=self.order_type,
            price=float(BIDS[self.symbol] + away * POINT),
            time_in_force="GTC",
        )


class Close(Struct, frozen=True):
    """A close of a target, or of all positions of a symbol; of a quantity, or of all (0)."""

    action: str
    symbol: str
    lots: int
    pick: int | None

    def __call__(self, market: Market) -> None:
        quantity = self.lots / 100 or None
        if self.pick is None:
            market.issue(self.action, self.symbol, quantity=quantity)
        else:
            target, symbol = market.target(self.pick)
            market.issue(self.action, symbol, quantity=quantity, target_directive_id=target)


class Change(Struct, frozen=True):
    """A MODIFY of levels, or a CANCEL."""

    action: str
    pick: int
    points: int

    def __call__(self, market: Market) -> None:
        target, symbol = market.target(self.pick)
        side = market.opens.get(target, 1)
        level = float(BIDS[symbol] - side * self.points * POINT)
        stop = None if self.action == "CANCEL" else level
        market.issue(self.action, symbol, target_directive_id=target, stop_loss=stop)


class Quote(Struct, frozen=True):
    """A price change."""

    symbol: str
    points: int

    def __call__(self, market: Market) -> None:
        market.rig.quote(str(BIDS[self.symbol] + self.points * POINT), symbol=self.symbol)


class ManualOpen(Struct, frozen=True):
    """A manual trade, which may net the officer's position."""

    type: OrderType
    symbol: str
    lots: int

    def __call__(self, market: Market) -> None:
        _tried(lambda: market.rig.broker.manual_open(self.symbol, self.type, self.lots * LOT))


class ManualClose(Struct, frozen=True):
    """A manual close of a position, or of 0.01 lot of it."""

    pick: int
    whole: bool

    def __call__(self, market: Market) -> None:
        broker = market.rig.broker
        held = market.one_of(broker.positions(), self.pick)
        if held is not None:
            _tried(lambda: broker.manual_close(held.ticket, None if self.whole else LOT))


class ManualChange(Struct, frozen=True):
    """A manual change of a position or an order, or the cancellation of the order."""

    pick: int
    points: int

    def __call__(self, market: Market) -> None:
        broker = market.rig.broker
        order, held = market.one_of(broker.orders(), self.pick), market.one_of(broker.positions(), self.pick)
        if order is not None and not self.points:
            _tried(lambda: broker.manual_cancel(order.ticket))
        elif order is not None and self.pick % 2:
            _tried(lambda: broker.manual_modify(order=order.ticket, tp=Decimal(0), sl=Decimal(0)))
        elif held is not None:
            price = held.price_open + (-1 if held.type.name == "BUY" else 1) * self.points * POINT
            _tried(lambda: broker.manual_modify(position=held.ticket, sl=price))


class Fill(Struct, frozen=True):
    """A fill of 0.01 lot of a live order, whatever its price."""

    pick: int

    def __call__(self, market: Market) -> None:
        broker = market.rig.broker
        order = market.one_of(broker.orders(), self.pick)
        if order is not None:
            _tried(lambda: broker.fill(order.ticket, LOT))


class Annul(Struct, frozen=True):
    """The broker annuls one of the latest deals, whoever made it. Later ones in its position are divided anew."""

    pick: int

    def __call__(self, market: Market) -> None:
        deal = market.late_deal(self.pick)
        if deal is not None:
            _tried(lambda: market.rig.broker.cancel_deal(deal.ticket))


class Revise(Struct, frozen=True):
    """A revision of the costs of one of the latest deals, in cents."""

    pick: int
    commission: int
    swap: int
    fee: int

    def __call__(self, market: Market) -> None:
        deal = market.late_deal(self.pick)
        if deal is not None:
            commission, swap, fee = (CENT * -each for each in (self.commission, self.swap, self.fee))
            _tried(lambda: market.rig.broker.revise_deal(deal.ticket, commission, swap, fee))


class Fault(Struct, frozen=True):
    """A fault of the next send of a kind."""

    effect: int
    kind: SendKind

    def __call__(self, market: Market) -> None:
        rule = Rule(effect=EFFECTS[self.effect], match=Match(kind=self.kind))
        market.rig.broker.add_rule(rule)


class Outage(Struct, frozen=True):
    """A process or connection that ends, or is restored."""

    what: str

    def __call__(self, market: Market) -> None:
        rig = market.rig
        match self.what:
            case "terminal":
                rig.terminal.kill()
            case "sidecar":
                rig.sidecar.kill()
            case "disconnect":
                rig.broker.disconnect()
            case _:
                rig.broker.connect()
                market.revive()


class LookOn(Struct, frozen=True):
    """A pause."""

    lines: int

    def __call__(self, market: Market) -> None:
        market.look_on(self.lines)


class Calm(Struct, frozen=True):
    """A pause until all directives are done or on the book. It is bounded: they may wait for a process that is
    down."""

    def __call__(self, market: Market) -> None:
        sidecar, deadline = market.rig.sidecar, Deadline(CALM_S)
        while sidecar.running and not deadline.over:
            mark = sidecar.mark
            if not market.busy():
                return
            sidecar.any_line(since=mark, within=deadline.left)


Happening = (
    Open
    | Rest
    | Close
    | Change
    | Quote
    | ManualOpen
    | ManualClose
    | ManualChange
    | Fill
    | Annul
    | Revise
    | Fault
    | Outage
    | LookOn
    | Calm
)


def _tried(action: Callable[[], object]) -> None:
    """Ignore a refused manual trade."""
    try:
        action()
    except ControlError:
        return
