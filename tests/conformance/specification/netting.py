"""N: positions that are shared, reversed or closed by each other."""

from decimal import Decimal

from bridge.core.director.contract import EventType
from bridge.core.units.mt5_terms import MarginMode
from bridge.simulator.broker.fault_rules import MoveMarket, SendKind
from bridge.simulator.broker.scenario import AccountTerms, Quirks, Scenario
from bridge.simulator.mt5.types import DealEntry, OrderType, PositionType, Retcode
from tests.conformance.rig import ConformanceRig, Kind
from tests.conformance.specification.case import case
from tests.conformance.specification.expectations import PLACED, rests
from tests.rig.rig import CLOSED, OPENED, REFUSED
from tests.rig.world import OFFICER

ALLOCATION_CLOSED = (EventType.POSITION_CLOSED,)
NETTED = (EventType.DIRECTIVE_RECEIVED, EventType.ORDER_PLACED, EventType.ORDER_FILLED)
"""Events of an opening that only reduces a position."""
STOPPED = (EventType.SL_TRIGGERED, EventType.POSITION_CLOSED)
BY_SYMBOL_ALONE = Quirks(netting_position="IGNORED")


def netting(
    rig: ConformanceRig,
    mode: MarginMode = MarginMode.RETAIL_NETTING,
    quirks: Quirks = Quirks(),  # noqa: B008 - frozen
) -> None:
    """Start everything on an account that nets."""
    rig.start_with(Scenario(account=AccountTerms(margin_mode=mode), quirks=quirks))


def volumes(rig: ConformanceRig) -> list[tuple[PositionType, Decimal]]:
    """Return the broker's positions."""
    return [(position.type, position.volume) for position in rig.broker.positions()]


def shared(rig: ConformanceRig, mode: MarginMode) -> None:
    netting(rig, mode)
    one, other = rig.open(quantity=0.02), rig.open(quantity=0.03)
    assert volumes(rig) == [(PositionType.BUY, Decimal("0.05"))]
    *_, closed = rig.emitted(rig.issue("CLOSE", target_directive_id=one), *CLOSED)
    assert (closed.body["opening_directive_id"], closed.body["fill_quantity"]) == (one, 0.02)
    assert volumes(rig) == [(PositionType.BUY, Decimal("0.03"))]
    *_, closed = rig.emitted(rig.issue("CLOSE", target_directive_id=other), *CLOSED)
    assert (closed.body["opening_directive_id"], closed.body["fill_quantity"]) == (other, 0.03)
    assert volumes(rig) == []
    _, refused = rig.emitted(rig.issue("CLOSE", target_directive_id=one), *REFUSED)
    assert refused.code == "NO_POSITION"


@case(
    "N01",
    "On a netting account directives share one position, and each close reduces its target's allocation",
)
def on_netting(rig: ConformanceRig) -> None:
    shared(rig, MarginMode.RETAIL_NETTING)


@case("N02", "On an exchange account the same holds")
def on_exchange(rig: ConformanceRig) -> None:
    shared(rig, MarginMode.EXCHANGE)


@case(
    "N03",
    "An opposite open reduces the oldest allocations first, and is reported with the closed and the remaining ones",
)
def opposite(rig: ConformanceRig) -> None:
    netting(rig)
    one, other = rig.open(quantity=0.02), rig.open(quantity=0.03)
    short = rig.issue("OPEN_SHORT", quantity=0.04)
    *_, closed = rig.emitted(short, *NETTED, *ALLOCATION_CLOSED)
    assert (closed.body["opening_directive_id"], closed.body["fill_quantity"]) == (one, 0.02)
    assert volumes(rig) == [(PositionType.BUY, Decimal("0.01"))]
    *_, closed = rig.emitted(rig.issue("CLOSE"), *CLOSED)
    assert (closed.body["opening_directive_id"], closed.body["fill_quantity"]) == (other, 0.03)
    rig.emitted(one, *OPENED)
    *_, reduced = rig.emitted(other, *OPENED, EventType.ORDER_PARTIAL_FILL)
    emitted = (reduced.body["entry"], reduced.body["fill_quantity"], reduced.body["remaining_quantity"])
    assert emitted == ("OUT", 0.02, 0.01)


@case("N04", "An opposite open larger than the position reverses it: one part closes, one opens")
def turned(rig: ConformanceRig) -> None:
    netting(rig)
    long = rig.open(quantity=0.02)
    short = rig.issue("OPEN_SHORT", quantity=0.05, stop_loss=1.11)
    *_, filled, closed, opened = rig.emitted(
        short, *NETTED, EventType.POSITION_CLOSED, EventType.POSITION_OPENED
    )
    assert rig.broker.history_deals(0, 2**52)[-1].entry is DealEntry.INOUT
    assert (filled.body["fill_quantity"], opened.body["fill_quantity"]) == (0.05, 0.03)
    assert (closed.body["opening_directive_id"], closed.body["fill_quantity"]) == (long, 0.02)
    assert volumes(rig) == [(PositionType.SELL, Decimal("0.03"))]
    limit = rig.issue("OPEN_LONG", quantity=0.04, order_type="LIMIT", price=1.09)
    rig.emitted(limit, *PLACED)
    rig.quote("1.08950")
    *_, closed, _ = rig.emitted(limit, *NETTED, EventType.POSITION_CLOSED, EventType.POSITION_OPENED)
    assert (closed.body["opening_directive_id"], closed.body["fill_quantity"]) == (short, 0.03)
    *_, closed = rig.emitted(rig.issue("CLOSE_LONG"), *CLOSED)
    assert (closed.body["opening_directive_id"], closed.body["fill_quantity"]) == (limit, 0.01)


@case(
    "N05",
    "A stop or stop-out of a shared position is reported under each opening directive, with its allocation",
)
def stopped(rig: ConformanceRig) -> None:
    netting(rig)
    held = {rig.open(quantity=quantity, stop_loss=1.09): quantity for quantity in (0.02, 0.03)}
    rig.quote("1.08000")
    deal = rig.broker.history_deals(0, 2**52)[-1]
    profits = []
    for opening, quantity in held.items():
        *_, stop, closed = rig.emitted(opening, *OPENED, *STOPPED)
        assert (stop.body["fill_quantity"], closed.body["fill_quantity"]) == (quantity, quantity)
        profits.append(Decimal(str(closed.body["profit"])))
    assert sum(profits) == deal.profit
    assert deal.profit < 0
    again = {rig.open(quantity=quantity): quantity for quantity in (0.04, 0.01)}
    rig.broker.stop_out()
    for opening, quantity in again.items():
        *_, closed = rig.emitted(opening, *OPENED, *ALLOCATION_CLOSED)
        assert (closed.body["close_reason"], closed.body["fill_quantity"]) == ("SO", quantity)


@case("N06", "A manual addition to the position stays manual: manual sales reduce it first")
def manual(rig: ConformanceRig) -> None:
    netting(rig)
    ours = rig.open(quantity=0.03)
    rig.broker.manual_open("EURUSD", OrderType.BUY, Decimal("0.05"))
    rig.broker.manual_open("EURUSD", OrderType.SELL, Decimal("0.04"))
    other = rig.open(quantity=0.01)
    rig.emitted(rig.issue("CLOSE", target_directive_id=other), *CLOSED)
    assert volumes(rig) == [(PositionType.BUY, Decimal("0.04"))]
    rig.emitted(ours, *OPENED)
    rig.broker.manual_open("EURUSD", OrderType.SELL, Decimal("0.02"))
    *_, part = rig.emitted(ours, *OPENED, EventType.ORDER_PARTIAL_FILL)
    assert (part.body["entry"], part.body["fill_quantity"], part.body["remaining_quantity"]) == (
        "OUT",
        0.01,
        0.02,
    )
    rig.broker.manual_open("EURUSD", OrderType.BUY, Decimal("0.05"))
    rig.emitted(rig.issue("CLOSE"), *CLOSED)
    assert rig.broker.sends()[-1].request.volume == Decimal("0.02")
    assert volumes(rig) == [(PositionType.BUY, Decimal("0.05"))]
    _, refused = rig.emitted(rig.issue("CLOSE"), *REFUSED)
    assert refused.code == "NO_POSITION"


@case("N07", "A manual reversal closes the officer's allocation, and the rest is a manual position")
def reversed_manually(rig: ConformanceRig) -> None:
    netting(rig)
    ours = rig.open(quantity=0.02)
    rig.broker.manual_open("EURUSD", OrderType.SELL, Decimal("0.05"))
    *_, closed = rig.emitted(ours, *OPENED, *ALLOCATION_CLOSED)
    assert (closed.body["close_reason"], closed.body["fill_quantity"]) == ("CLIENT", 0.02)
    _, refused = rig.emitted(rig.issue("CLOSE"), *REFUSED)
    assert refused.code == "NO_POSITION"
    assert volumes(rig) == [(PositionType.SELL, Decimal("0.03"))]


@case("N08", "A CLOSE with a quantity reduces the oldest allocations; a side without a position is refused")
def by_quantity(rig: ConformanceRig) -> None:
    netting(rig)
    one, other = rig.open(quantity=0.02), rig.open(quantity=0.03)
    _, refused = rig.emitted(rig.issue("CLOSE_SHORT"), *REFUSED)
    assert refused.code == "NO_POSITION"
    part = rig.issue("CLOSE_LONG", quantity=0.04)
    events = rig.emitted(part, *CLOSED, *NETTED[1:], in_any_order=True)
    closed = next(event for event in events if event.type == EventType.POSITION_CLOSED)
    assert closed.body["opening_directive_id"] == one
    assert volumes(rig) == [(PositionType.BUY, Decimal("0.01"))]
    *_, closed = rig.emitted(rig.issue("CLOSE", quantity=0.5), *CLOSED)
    assert (closed.body["opening_directive_id"], closed.body["fill_quantity"]) == (other, 0.03)
    assert rig.broker.sends()[-1].request.volume == Decimal("0.01")


@case(
    "N09",
    "One MODIFY changes the levels of a shared position, and no opening directive reports a manual change",
)
def modified(rig: ConformanceRig) -> None:
    netting(rig)
    one, other = (rig.open(quantity=quantity, stop_loss=1.08) for quantity in (0.02, 0.03))
    change = rig.issue("MODIFY", stop_loss=1.085, take_profit=1.11)
    _, emitted = rig.emitted(change, *PLACED)
    assert (emitted.body["stop_loss"], emitted.body["take_profit"]) == (1.085, 1.11)
    target = rig.issue("MODIFY_SL", target_directive_id=other, stop_loss=1.086)
    rig.emitted(target, *PLACED)
    assert len(rig.broker.sends()) == 4
    rig.quote("1.08550")
    rig.emitted(one, *OPENED, *STOPPED)
    rig.emitted(other, *OPENED, *STOPPED)


@case("N10", "A CLOSE after the stop has fired raises an alarm, and halts its symbol until a resume")
def reversed_by_accident(rig: ConformanceRig) -> None:
    netting(rig, quirks=BY_SYMBOL_ALONE)
    stopped = rig.open(quantity=0.02, stop_loss=1.09)
    rig.fault(MoveMarket(bid=Decimal("1.08000"), ask=Decimal("1.08010")), SendKind.CLOSE)
    close = rig.issue("CLOSE")
    *_, error, opened = rig.emitted(close, *NETTED, EventType.SYSTEM_ERROR, EventType.POSITION_OPENED)
    assert (error.code, opened.body["fill_quantity"]) == ("ACCIDENTAL_REVERSAL", 0.02)
    rig.emitted(stopped, *OPENED, *STOPPED)
    assert volumes(rig) == [(PositionType.SELL, Decimal("0.02"))]
    _, refused = rig.emitted(rig.issue("OPEN_LONG"), *REFUSED)
    assert refused.code == "HALTED"
    rig.emitted(rig.issue("OPEN_LONG", symbol="GBPUSD"), *OPENED)
    rig.emitted(rig.issue("CLOSE", target_directive_id=close), *CLOSED)
    resumed = rig.bridge("resume", "--config", str(rig.config_path), "--symbol", "EURUSD", "--why", "seen")
    assert resumed.exited() == 0, resumed.log
    rig.open()


@case(
    "N11", "A CLOSE of a position that was reduced meanwhile reverses the rest, and that raises an alarm too"
)
def reduced_meanwhile(rig: ConformanceRig) -> None:
    netting(rig, quirks=BY_SYMBOL_ALONE)
    long = rig.open(quantity=0.05)
    rig.broker.manual_pending("EURUSD", OrderType.SELL_LIMIT, Decimal("0.03"), Decimal("1.1"))
    rig.fault(MoveMarket(bid=Decimal("1.10010"), ask=Decimal("1.10020")), SendKind.CLOSE)
    close = rig.issue("CLOSE")
    *_, filled, error, closed, opened = rig.emitted(
        close, *NETTED, EventType.SYSTEM_ERROR, EventType.POSITION_CLOSED, EventType.POSITION_OPENED
    )
    assert (error.code, filled.body["fill_quantity"]) == ("ACCIDENTAL_REVERSAL", 0.05)
    assert (closed.body["opening_directive_id"], opened.body["fill_quantity"]) == (long, 0.03)
    rig.emitted(long, *OPENED, EventType.ORDER_PARTIAL_FILL)
    assert volumes(rig) == [(PositionType.SELL, Decimal("0.03"))]
    _, refused = rig.emitted(rig.issue("OPEN_SHORT"), *REFUSED)
    assert refused.code == "HALTED"


@case("N12", "Where the broker closes the oldest position first, its refusal of another is reported as 10045")
def oldest_first(rig: ConformanceRig) -> None:
    rig.start_with(Scenario(account=AccountTerms(fifo_close=True)))
    old, new = rig.open(quantity=0.02), rig.open(quantity=0.03)
    _, refused = rig.emitted(rig.issue("CLOSE", target_directive_id=new), *REFUSED)
    assert refused.code == str(int(Retcode.FIFO_CLOSE))
    # The Expert Advisor learns it from OrderCheck, and sends nothing; the reference terminal from the send.
    by_check = "OrderCheck refused the request: Fifo close"
    says = by_check if rig.kind is Kind.NATIVE else "FIFO_CLOSE (10045): Fifo close"
    assert refused.body["error_message"] == says
    rig.compared = False
    *_, closed = rig.emitted(rig.issue("CLOSE", quantity=0.02), *CLOSED)
    assert closed.body["opening_directive_id"] == old
    rig.emitted(rig.issue("CLOSE", target_directive_id=new), *CLOSED)


@case("N13", "Manual CLOSE_BY of positions is reported under their opening directives, each with its part")
def closed_by(rig: ConformanceRig) -> None:
    rig.start()
    long, short = rig.open(quantity=0.02), rig.open("OPEN_SHORT", quantity=0.03)
    one, other = (position.ticket for position in rig.broker.positions())
    rig.broker.manual_close_by(one, other)
    *_, closed = rig.emitted(long, *OPENED, *ALLOCATION_CLOSED)
    assert (closed.body["fill_quantity"], closed.body["close_reason"]) == (0.02, "CLIENT")
    *_, part = rig.emitted(short, *OPENED, EventType.ORDER_PARTIAL_FILL)
    assert (part.body["fill_quantity"], part.body["remaining_quantity"]) == (0.02, 0.01)
    manually = rig.broker.manual_open("EURUSD", OrderType.BUY, Decimal("0.05"))
    rig.broker.manual_close_by(manually, other)
    rig.emitted(short, *OPENED, EventType.ORDER_PARTIAL_FILL, *ALLOCATION_CLOSED)
    assert volumes(rig) == [(PositionType.BUY, Decimal("0.04"))]


@case(
    "N14",
    "On a netting account an open that names no levels keeps those of the position that it adds to",
)
def keeps_levels(rig: ConformanceRig) -> None:
    netting(rig)
    one = rig.open(quantity=0.02, stop_loss=1.08, take_profit=1.11)
    other = rig.open(quantity=0.03)
    (position,) = rig.broker.positions()
    assert (position.sl, position.tp) == (Decimal("1.08"), Decimal("1.11"))
    moved = rig.open(quantity=0.01, stop_loss=1.085)
    (position,) = rig.broker.positions()
    assert (position.sl, position.tp) == (Decimal("1.085"), Decimal("1.11"))
    # What reduces the position leaves its levels, and what reverses it brings its own.
    rig.emitted(
        rig.issue("OPEN_SHORT", quantity=0.08), *NETTED, *3 * ALLOCATION_CLOSED, EventType.POSITION_OPENED
    )
    (position,) = rig.broker.positions()
    assert position.type is PositionType.SELL
    assert not (position.sl or position.tp)
    for opening in (one, other):
        *_, changed = rig.emitted(opening, *OPENED, EventType.ORDER_PLACED)
        assert (changed.body["action"], changed.body["stop_loss"]) == ("CHANGED", 1.085)
    rig.emitted(moved, *OPENED)


@case(
    "N15",
    "A stop that a pending order takes away from a shared position is missing at once, without waiting for a scan",
)
def loses_a_stop(rig: ConformanceRig) -> None:
    rig.configure(officers=[{"id": OFFICER, "risk_limits": {"missing_stop": "close"}}])
    netting(rig)
    # Each lot has a close of its own.
    rig.unordered.add("")
    one = rig.open(quantity=0.02, stop_loss=1.08)
    pending = rig.issue("OPEN_LONG", order_type="LIMIT", price=1.09, quantity=0.03)
    rests(rig, pending)
    rig.quote("1.08980")
    *_, missing, closed = rig.emitted(
        one, *OPENED, EventType.ORDER_PLACED, EventType.SYSTEM_ERROR, EventType.POSITION_CLOSED
    )
    assert (missing.code, closed.body["fill_quantity"]) == ("STOP_MISSING", 0.02)
    # It was raised in the very step that stored the position without its stop, and not by a later scan.
    raised = rig.journal.rows("SELECT min(created_at) AS at FROM events WHERE body LIKE '%STOP_MISSING%'")
    lost = rig.journal.rows(
        "SELECT min(received_at) AS at FROM reports WHERE kind = 'position' AND body NOT LIKE '%stop_loss%'"
    )
    assert raised == lost
    rig.emitted(
        pending,
        *PLACED,
        EventType.ORDER_FILLED,
        EventType.POSITION_OPENED,
        EventType.POSITION_CLOSED,
    )
    assert volumes(rig) == []
