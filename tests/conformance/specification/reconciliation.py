"""R: events during a downtime are found, and reported once.

Tested elsewhere: a journal restored from yesterday and a lost ledger (tests/acceptance/test_journal_faults.py), a
second terminal with the same officer (tests/acceptance/test_link.py), history that comes late
(tests/conformance/test_faults.py), and the bounded work on a long history (tests/native/test_history.py).
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from bridge.core.director.contract import EventType
from bridge.simulator.broker.fault_rules import Fills, Latency, SendKind
from bridge.simulator.broker.scenario import Scenario, SymbolTerms
from bridge.simulator.mt5.types import OrderType
from tests.conformance.rig import ConformanceRig
from tests.conformance.specification.case import case
from tests.conformance.specification.expectations import PLACED
from tests.mql5.host.switches import Switches
from tests.rig.director import Event
from tests.rig.rig import CLOSED, OPENED

PART = EventType.ORDER_PARTIAL_FILL
MOVED = EventType.ORDER_PLACED
STOPPED = (EventType.SL_TRIGGERED, EventType.POSITION_CLOSED)
HALF = (*PLACED, PART, EventType.POSITION_OPENED)
LONGER_THAN_THE_STORY_MS = 600_000
LIFE_S = 15
"""Lifetime of an order that is to expire during a downtime; it is placed before that, on a busy machine too."""
ROUNDS = 160
"""Manual trades, opened and closed: more transactions than a terminal's queue of 1,024 holds."""


class Account:
    """One of everything that an outage may befall, and what becomes of it meanwhile."""

    def __init__(self, rig: ConformanceRig) -> None:
        self._rig = rig
        terms = SymbolTerms(name="GBPUSD", execution="EXCHANGE", filling=())
        rig.start_with(Scenario(symbols=(SymbolTerms(name="EURUSD"), terms)))
        self.filled = self._resting("EURUSD", 1.09)
        self.half = self._resting("GBPUSD", 1.26, quantity=0.03)
        self.cancelled = self._resting("GBPUSD", 1.24)
        self.dragged = self._resting("GBPUSD", 1.23)
        rig.broker.fill(self._order(1.26), Decimal("0.01"), Decimal("1.26"))
        rig.emitted(self.half, *HALF)
        self.stopped = rig.open(quantity=0.02, stop_loss=1.092)
        self.manually = rig.open(quantity=0.06)
        self.in_part = rig.open(quantity=0.04)
        self.moved = rig.open("OPEN_SHORT", quantity=0.05, stop_loss=1.12)
        until = datetime.now(UTC) + timedelta(seconds=LIFE_S)
        self.expired = self._resting("GBPUSD", 1.25, until=until.isoformat(timespec="seconds"))
        self._ends_ms = rig.broker.orders()[-1].time_expiration

    def _resting(self, symbol: str, price: float, quantity: float = 0.01, until: str | None = None) -> str:
        directive = self._rig.issue(
            "OPEN_LONG",
            symbol=symbol,
            quantity=quantity,
            order_type="LIMIT",
            price=price,
            time_in_force="GTD" if until else "GTC",
            order_expires_at=until,
        )
        self._rig.emitted(directive, *PLACED)
        return directive

    def _order(self, price: float) -> int:
        (ticket,) = (order.ticket for order in self._rig.broker.orders() if float(order.price_open) == price)
        return ticket

    def _position(self, volume: str) -> int:
        (ticket,) = (each.ticket for each in self._rig.broker.positions() if each.volume == Decimal(volume))
        return ticket

    def meanwhile(self) -> None:
        """Everything happens."""
        broker = self._rig.broker
        broker.fill(self._order(1.26), Decimal("0.02"), Decimal("1.26"))
        broker.manual_cancel(self._order(1.24))
        broker.manual_modify(order=self._order(1.23), price=Decimal("1.22"), sl=Decimal("1.2"))
        broker.manual_modify(position=self._position("0.05"), sl=Decimal("1.13"), tp=Decimal("1.07"))
        broker.manual_close(self._position("0.06"))
        broker.manual_close(self._position("0.04"), Decimal("0.01"))
        self._rig.quote("1.08950")
        self._rig.director.wait("waited for the order to expire", self._has_expired)

    def _has_expired(self, _: list[Event]) -> bool:
        return self._rig.broker.server_time() > self._ends_ms

    def found(self) -> None:
        """Assert that everything was reported once."""
        rig = self._rig
        rig.emitted(self.filled, *OPENED)
        rig.emitted(self.half, *HALF, EventType.ORDER_FILLED)
        rig.emitted(self.expired, *PLACED, EventType.ORDER_CANCELLED)
        rig.emitted(self.cancelled, *PLACED, EventType.ORDER_CANCELLED)
        *_, dragged = rig.emitted(self.dragged, *PLACED, MOVED)
        assert (dragged.body["action"], dragged.body["price"]) == ("CHANGED", 1.22)
        rig.emitted(self.stopped, *OPENED, *STOPPED)
        *_, closed = rig.emitted(self.manually, *OPENED, EventType.POSITION_CLOSED)
        assert closed.body["close_reason"] == "CLIENT"
        *_, part = rig.emitted(self.in_part, *OPENED, PART)
        assert (part.body["entry"], part.body["remaining_quantity"]) == ("OUT", 0.03)
        *_, moved = rig.emitted(self.moved, *OPENED, MOVED)
        emitted = tuple(moved.body[name] for name in ("action", "stop_loss", "take_profit"))
        assert emitted == ("CHANGED", 1.13, 1.07)


def outage(rig: ConformanceRig, down: Callable[[], None], up: Callable[[], None]) -> None:
    """Everything happens while something is down, and is found when it is back."""
    account = Account(rig)
    down()
    account.meanwhile()
    up()
    account.found()


@case(
    "R01", "Events during a terminal's downtime are found by its scan, and a further scan finds nothing more"
)
def terminal_down(rig: ConformanceRig) -> None:
    outage(rig, lambda: rig.terminal.kill(), rig.restart_terminal)
    rig.restart_terminal()
    rig.open()


@case(
    "R02",
    "Events during the sidecar's downtime are reported by the terminal once the sidecar is back",
)
def sidecar_down(rig: ConformanceRig) -> None:
    outage(rig, lambda: rig.sidecar.kill(), rig.restart_sidecar)
    rig.open()


@case("R03", "Events during the downtime of both are found, whichever comes back first")
def both_down(rig: ConformanceRig) -> None:
    def down() -> None:
        rig.sidecar.kill()
        rig.terminal.kill()

    def up() -> None:
        rig.start_terminal()
        rig.start_sidecar()

    outage(rig, down, up)
    rig.open()


@case("R04", "Events while the broker cannot be reached are found when it can be reached again")
def broker_away(rig: ConformanceRig) -> None:
    def down() -> None:
        rig.broker.disconnect()
        rig.emitted_besides(EventType.CONNECTION_LOST, "BROKER_DISCONNECTED")

    outage(rig, down, lambda: rig.broker.connect())
    rig.emitted_besides(EventType.CONNECTION_RESTORED)
    rig.open()


@case(
    "R05",
    "A late commission and an annulled deal during the downtime of both are found as revisions",
)
def revised_meanwhile(rig: ConformanceRig) -> None:
    rig.start()
    revised, annulled = rig.open(quantity=0.02), rig.open(quantity=0.03)
    first, second = (deal for deal in rig.broker.history_deals(0, 2**52) if deal.order)
    rig.sidecar.kill()
    rig.terminal.kill()
    rig.broker.revise_deal(first.ticket, Decimal("-0.77"))
    rig.broker.cancel_deal(second.ticket)
    rig.restart_sidecar()
    rig.restart_terminal()
    *_, revision = rig.emitted(revised, *OPENED, EventType.ORDER_FILLED)
    assert (revision.body["action"], revision.body["commission"]) == ("REVISION", 0.77)
    rig.emitted(annulled, *OPENED, EventType.BROKER_ERROR)
    rig.emitted(rig.issue("CLOSE"), *CLOSED)
    assert rig.broker.positions() == []


@case("R06", "A change and a cancel whose terminal dies before the answer are found done, and not sent again")
def changes_unresolved(rig: ConformanceRig) -> None:
    rig.start()
    opening = rig.open(stop_loss=1.08)
    resting = rig.issue("OPEN_LONG", order_type="LIMIT", price=1.07, time_in_force="GTC")
    rig.emitted(resting, *PLACED)
    rig.fault(Latency(milliseconds=LONGER_THAN_THE_STORY_MS), SendKind.SLTP)
    change = rig.issue("MODIFY_SL", target_directive_id=opening, stop_loss=1.085)
    rig.sent(3)
    rig.restart_terminal()
    rig.emitted(change, *PLACED)
    rig.fault(Latency(milliseconds=LONGER_THAN_THE_STORY_MS), SendKind.REMOVE)
    cancel = rig.issue("CANCEL", target_directive_id=resting)
    rig.sent(4)
    rig.restart_terminal()
    rig.emitted(cancel, EventType.DIRECTIVE_RECEIVED, EventType.ORDER_CANCELLED)
    rig.emitted(resting, *PLACED, EventType.ORDER_CANCELLED)
    assert len(rig.broker.sends()) == 4


@case(
    "R07", "Partial fills that end while the terminal waits for the answer are reported one by one, in order"
)
def filled_unresolved(rig: ConformanceRig) -> None:
    rig.start_with(Scenario(symbols=(SymbolTerms(name="EURUSD", execution="EXCHANGE", filling=()),)))
    rig.fault(Fills(volumes=(Decimal("0.01"),)))
    rig.fault(Latency(milliseconds=LONGER_THAN_THE_STORY_MS))
    opening = rig.issue("OPEN_LONG", quantity=0.04)
    rig.sent(1)
    rig.terminal.kill()
    (order,) = rig.broker.orders()
    rig.broker.fill(order.ticket, Decimal("0.03"))
    rig.restart_terminal()
    rig.emitted(opening, *HALF, EventType.ORDER_FILLED)


@case(
    "R08", "More than 1,024 transactions while the terminal waits for an answer lose no event of the officer"
)
def flood(rig: ConformanceRig) -> None:
    rig.start()
    stopped, manually = rig.open(stop_loss=1.09), rig.open("OPEN_SHORT", symbol="GBPUSD")
    ours = {position.symbol: position.ticket for position in rig.broker.positions()}
    rig.fault(Latency(milliseconds=4_000))
    slow = rig.issue("OPEN_LONG", symbol="USDJPY")
    rig.sent(3)
    (before, _) = rig.broker.transactions(0)[-1]
    rig.quote("1.08000")
    rig.broker.manual_close(ours["GBPUSD"])
    for _ in range(ROUNDS):
        rig.broker.manual_close(rig.broker.manual_open("XAUUSD", OrderType.BUY, Decimal("0.01")))
    (after, _) = rig.broker.transactions(0)[-1]
    assert after - before > 1_024
    rig.emitted(slow, *OPENED)
    rig.emitted(stopped, *OPENED, *STOPPED)
    rig.emitted(manually, *OPENED, EventType.POSITION_CLOSED)


@case("R09", "A terminal that receives no transaction at all reports the same, from its looks at the account")
def untold(rig: ConformanceRig) -> None:
    rig.switches = Switches(transaction_queue=0)
    account = Account(rig)
    account.meanwhile()
    account.found()
    rig.emitted(rig.issue("CLOSE", target_directive_id=account.in_part), *CLOSED)
