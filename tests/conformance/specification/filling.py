"""E: execution: filling modes, deviation, slippage."""

from decimal import Decimal

from bridge.core.director.contract import EventType
from bridge.core.units.mt5_terms import MarginMode
from bridge.exits import ExitCode
from bridge.simulator.broker.fault_rules import Fills, MoveMarket, SendKind
from bridge.simulator.broker.scenario import AccountTerms, Scenario, SymbolTerms
from bridge.simulator.mt5.types import OrderFilling, Retcode, TradeAction
from tests.conformance.reports import reported
from tests.conformance.rig import REQUESTS, ConformanceRig
from tests.conformance.specification.case import EXPERT_ONLY, case
from tests.conformance.specification.expectations import (
    CANCELLED,
    PLACED,
    refused,
    send_of,
    until,
    volumes,
)
from tests.rig.rig import CLOSED, OPENED, REFUSED
from tests.rig.world import OFFICER

FOK, IOC, RETURN = OrderFilling.FOK, OrderFilling.IOC, OrderFilling.RETURN


@case(
    "E01",
    "Opens, closes and pending orders have the filling mode that the symbol's flags and execution mode allow",
    kinds=EXPERT_ONLY,
)
def fillings(rig: ConformanceRig) -> None:
    symbols = (
        SymbolTerms(name="EURUSD", filling=("FOK", "IOC")),
        SymbolTerms(name="EURUSD.1", like="EURUSD", filling=("IOC",)),
        SymbolTerms(name="EURUSD.2", like="EURUSD", filling=("FOK",)),
        SymbolTerms(name="EURUSD.3", like="EURUSD", filling=("BOC", "IOC")),
        SymbolTerms(name="EURUSD.4", like="EURUSD", execution="EXCHANGE", filling=()),
        SymbolTerms(name="EURUSD.5", like="EURUSD", execution="EXCHANGE", filling=("FOK", "IOC")),
        SymbolTerms(name="EURUSD.6", like="EURUSD", execution="INSTANT", filling=()),
        SymbolTerms(name="EURUSD.7", like="EURUSD", execution="REQUEST", filling=("IOC",)),
    )
    # By symbol: an open's, a close's, a pending order's.
    wanted = {
        "EURUSD": (FOK, IOC, IOC),
        "EURUSD.1": (IOC, IOC, IOC),
        "EURUSD.2": (FOK, FOK, FOK),
        "EURUSD.3": (IOC, IOC, IOC),
        "EURUSD.4": (RETURN, RETURN, RETURN),
        "EURUSD.5": (FOK, IOC, RETURN),
        "EURUSD.6": (RETURN, RETURN, RETURN),
        "EURUSD.7": (IOC, IOC, RETURN),
    }
    rig.start_with(Scenario(symbols=symbols))
    opens = {symbol: rig.issue("OPEN_LONG", symbol=symbol) for symbol in wanted}
    for opening in opens.values():
        rig.emitted(opening, *OPENED)
    closes = {
        symbol: rig.issue("CLOSE", symbol=symbol, target_directive_id=opens[symbol]) for symbol in wanted
    }
    for close in closes.values():
        rig.emitted(close, *CLOSED)
    waiting = {
        symbol: rig.issue("OPEN_LONG", symbol=symbol, order_type="LIMIT", price=1.09) for symbol in wanted
    }
    for directive in waiting.values():
        rig.emitted(directive, *PLACED)
    found = {
        symbol: tuple(
            send_of(rig, directives[symbol]).request.type_filling for directives in (opens, closes, waiting)
        )
        for symbol in wanted
    }
    assert found == wanted


@case(
    "E02",
    "The deviation is the directive's, otherwise the configuration's; above the terminal's maximum it is refused",
    kinds=EXPERT_ONLY,
)
def deviations(rig: ConformanceRig) -> None:
    rig.configure(officers=[{"id": OFFICER, "deviation_points": 15}])
    rig.start()
    wanted = {rig.issue("OPEN_LONG", deviation_points=points): points for points in (None, 7, 0, 100)}
    for opening, points in wanted.items():
        rig.emitted(opening, *OPENED)
        assert send_of(rig, opening).request.deviation == (15 if points is None else points)
    refused(rig, "INPUTS", "a deviation of 101 points", "the maximum deviation 100", deviation_points=101)
    first, *_ = wanted
    rig.emitted(rig.issue("CLOSE", target_directive_id=first), *CLOSED)
    assert rig.broker.sends()[-1].request.deviation == 15
    waiting = rig.issue("OPEN_LONG", order_type="LIMIT", price=1.09, deviation_points=500)
    rig.emitted(waiting, *PLACED)


@case(
    "E03",
    "A market order whose price is missed by more than the deviation is refused; a better price never is",
)
def slippage(rig: ConformanceRig) -> None:
    rig.start()
    far = "the market is at 1.09510, 30 points worse than 1.0948; 20 are allowed"
    refused(rig, "CHECK", far, price=1.0948)
    refused(rig, "CHECK", "21 points worse than 1.09521; 20 are allowed", action="OPEN_SHORT", price=1.09521)
    refused(rig, "CHECK", "10 points worse than 1.095; 5 are allowed", price=1.095, deviation_points=5)
    assert rig.broker.sends() == []
    for price in (1.0949, 1.0953, 1.2):
        rig.emitted(rig.issue("OPEN_LONG", price=price), *OPENED)
    rig.emitted(rig.issue("OPEN_SHORT", price=0.5), *OPENED)
    assert {send.request.action for send in rig.broker.sends()} == {TradeAction.DEAL}


@case(
    "E04",
    "A market that moves during an order is filled within the deviation, and beyond it reported as a requote",
)
def requote(rig: ConformanceRig) -> None:
    rig.start_with(Scenario(symbols=(SymbolTerms(name="EURUSD", execution="INSTANT"),)))
    rig.fault(MoveMarket(bid=Decimal("1.09510"), ask=Decimal("1.09520")), SendKind.OPEN)
    *_, filled, _ = rig.emitted(rig.issue("OPEN_LONG"), *OPENED)
    assert filled.type == EventType.ORDER_FILLED
    rig.fault(MoveMarket(bid=Decimal("1.09600"), ask=Decimal("1.09610")), SendKind.OPEN)
    _, rejected = rig.emitted(rig.issue("OPEN_LONG"), *REFUSED)
    assert rejected.code == str(int(Retcode.REQUOTE))
    assert [send.executed for send in rig.broker.sends()] == [True, False]


EXCHANGE = SymbolTerms(name="EURUSD", execution="EXCHANGE", filling=())
"""A symbol of an exchange without a filling flag: its market orders go out with RETURN."""
IN_PART = (*PLACED, EventType.ORDER_PARTIAL_FILL, EventType.POSITION_OPENED)


def filled_in_part(rig: ConformanceRig, *, margin_mode: MarginMode = MarginMode.RETAIL_HEDGING) -> str:
    """Open 0.10 lots, of which the exchange fills 0.04; return the directive."""
    rig.start_with(Scenario(account=AccountTerms(margin_mode=margin_mode), symbols=(EXCHANGE,)))
    return fills_in_part(rig)


def fills_in_part(rig: ConformanceRig) -> str:
    """Open 0.10 lots, of which the exchange fills 0.04 and keeps 0.06 on its book; return the directive."""
    rig.fault(Fills(volumes=(Decimal("0.04"),)))
    opening = rig.issue("OPEN_LONG", quantity=0.10)
    until(rig, "the rest was seen", lambda: bool(rig.journal.rows("SELECT 1 FROM orders WHERE off_book = 0")))
    assert rest(rig) == [Decimal("0.06")]
    return opening


def rest(rig: ConformanceRig) -> list[Decimal]:
    """Return the volumes that rest on the broker's book."""
    return [order.volume_current for order in rig.broker.orders()]


def removals(rig: ConformanceRig) -> int:
    return sum(send.request.action is TradeAction.REMOVE for send in rig.broker.sends())


@case(
    "E05",
    "The rest of a market order that was filled in part stays on an exchange's book, and a CANCEL removes it",
)
def rest_is_cancelled(rig: ConformanceRig) -> None:
    rig.reports_compared = True
    opening = filled_in_part(rig)
    reported(rig, "order", type="BUY", state="PARTIAL", volume_current=0.06, time_done_server_ms=None)
    cancel = rig.issue("CANCEL", target_directive_id=opening)
    *_, cancelled = rig.emitted(opening, *IN_PART, EventType.ORDER_CANCELLED)
    assert cancelled.body["remaining_quantity"] == 0.06
    rig.emitted(cancel, *CANCELLED)
    assert (rest(rig), volumes(rig)) == ([], [Decimal("0.04")])
    *_, closed = rig.emitted(rig.issue("CLOSE"), *CLOSED)
    assert closed.body["fill_quantity"] == 0.04
    assert volumes(rig) == []


@case(
    "E06",
    "A CLOSE without a quantity removes the rest of a market order in its symbol, then closes what was filled",
)
def rest_is_removed_before_a_close(rig: ConformanceRig) -> None:
    opening = filled_in_part(rig)
    *_, closed = rig.emitted(rig.issue("CLOSE", target_directive_id=opening), *CLOSED)
    assert closed.body["fill_quantity"] == 0.04
    rig.emitted(opening, *IN_PART, EventType.ORDER_CANCELLED)
    assert (rest(rig), volumes(rig), removals(rig)) == ([], [], 1)


@case("E07", "A CLOSE with a quantity, and a MODIFY, do not wait for the rest of a market order, which stays")
def rest_holds_nothing_up(rig: ConformanceRig) -> None:
    opening = filled_in_part(rig)
    rig.emitted(rig.issue("MODIFY_SL", stop_loss=1.08), *PLACED)
    *_, reduced = rig.emitted(rig.issue("CLOSE", quantity=0.03), *PLACED, EventType.ORDER_FILLED)
    assert reduced.body["fill_quantity"] == 0.03
    assert (rest(rig), volumes(rig), removals(rig)) == ([Decimal("0.06")], [Decimal("0.01")], 0)
    rig.emitted(rig.issue("CANCEL", target_directive_id=opening), *CANCELLED)
    assert rest(rig) == []


@case("E08", "A flatten removes the rest of market orders, and closes what was filled")
def rest_is_flattened(rig: ConformanceRig) -> None:
    opening = filled_in_part(rig, margin_mode=MarginMode.EXCHANGE)
    # The removal and the close are independent.
    rig.unordered |= {"", REQUESTS}
    process = rig.bridge("flatten", "--config", str(rig.config_path), "--yes")
    assert process.exited() == ExitCode.OK, process.log
    rig.emitted(opening, *IN_PART, EventType.ORDER_CANCELLED, EventType.POSITION_CLOSED, in_any_order=True)
    assert (rest(rig), volumes(rig)) == ([], [])


@case(
    "E09",
    "A close that the exchange fills in part leaves no rest either: a CLOSE after it closes what is open",
)
def rest_of_a_close(rig: ConformanceRig) -> None:
    rig.start_with(Scenario(symbols=(EXCHANGE,)))
    rig.open(quantity=0.10)
    rig.fault(Fills(volumes=(Decimal("0.04"),)), SendKind.CLOSE)
    first = rig.issue("CLOSE")
    until(rig, "the rest was seen", lambda: bool(rig.journal.rows("SELECT 1 FROM orders WHERE off_book = 0")))
    *_, closed = rig.emitted(rig.issue("CLOSE"), *CLOSED)
    assert closed.body["fill_quantity"] == 0.10
    rig.emitted(first, *PLACED, EventType.ORDER_PARTIAL_FILL, EventType.ORDER_CANCELLED)
    assert (rest(rig), volumes(rig)) == ([], [])
