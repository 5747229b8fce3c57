"""M: measures of the broker: what its server and its staff do to an account without a request of a terminal.

The reports of both terminals are compared here as well, field by field: the last one of each deal, order and
position, and the alarms. A stop that is filled in parts is case F13, which does the same.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import msgspec
import pytest

from bridge.core.director.contract import EventType
from bridge.simulator.broker.api import ControlError
from bridge.simulator.broker.fault_rules import DropStops, Match, MoveMarket, Rule, SendKind
from bridge.simulator.broker.scenario import AccountTerms, Scenario, ScheduledCall, SymbolTerms
from bridge.simulator.mt5.types import DealReason, DealType, OrderType, Retcode
from tests.conformance.reports import reported
from tests.conformance.rig import ConformanceRig
from tests.conformance.specification.case import case
from tests.conformance.specification.comparison import REOPENED
from tests.conformance.specification.events import at, near
from tests.conformance.specification.expectations import (
    CANCELLED,
    PLACED,
    refused,
    rests,
    until,
    volumes,
)
from tests.conformance.specification.fills import number, sums_up
from tests.rig.rig import CLOSED, OPENED

E = EventType
HOUR_MS: Final = 3_600_000
GAP_MS: Final = 2_000
MONEY: Final = (
    DealType.COMMISSION,
    DealType.CHARGE,
    DealType.CORRECTION,
    DealType.INTEREST,
    DealType.DEAL_DIVIDEND,
)


def start(rig: ConformanceRig, scenario: Scenario | None = None) -> None:
    """Start everything. The reports of both terminals are compared after the case."""
    rig.reports_compared = True
    rig.start_with(scenario or Scenario())


def held(rig: ConformanceRig) -> int:
    """Return the identifier of the one open position."""
    (only,) = rig.broker.positions()
    return only.identifier


@case("M01", "The money of an account in another currency, and of symbols with terms of their own, is exact")
def other_terms(rig: ConformanceRig) -> None:
    few = SymbolTerms(name="EURUSD", digits=4, contract_size=Decimal(1_000))
    many = SymbolTerms(name="USDJPY", commission=Decimal("3.37"), swap_mode="POINTS", swap_long=Decimal(-7))
    start(rig, Scenario(account=AccountTerms(currency="EUR"), symbols=(few, many)))
    dollars = rig.open(quantity=1, stop_loss=1.08)
    yen = rig.open(symbol="USDJPY", quantity=0.5)
    reported(rig, "position", symbol="EURUSD", price_open=1.0951, stop_loss=1.08)
    rig.broker.set_quote("EURUSD", Decimal("1.1000"), Decimal("1.1001"))
    rig.broker.set_quote("USDJPY", Decimal("151.012"), Decimal("151.024"))
    *_, closed = rig.emitted(rig.issue("CLOSE", target_directive_id=dollars), *CLOSED)
    # 4.90 dollars at 1.1001.
    assert number(closed.body["profit"]) == Decimal("4.45")
    sums_up(rig, closed, dollars)
    *_, closed = rig.emitted(rig.issue("CLOSE", symbol="USDJPY"), *CLOSED)
    # 50,000 yen at 151.024, and those dollars at 1.1001.
    assert number(closed.body["profit"]) == Decimal("300.95")
    sums_up(rig, closed, yen)


@case("M02", "A market below zero is traded and reported")
def below_zero(rig: ConformanceRig) -> None:
    oil = SymbolTerms(name="XAUUSD", bid=Decimal("-37.65"), ask=Decimal("-37.60"), negative_quotes=True)
    start(rig, Scenario(symbols=(oil,)))
    opening = rig.open("OPEN_SHORT", symbol="XAUUSD")
    reported(rig, "position", symbol="XAUUSD", price_open=-37.65)
    rig.broker.set_quote("XAUUSD", Decimal("-40.00"), Decimal("-39.95"))
    *_, closed = rig.emitted(rig.issue("CLOSE", symbol="XAUUSD"), *CLOSED)
    assert closed.body["fill_price"] == -39.95
    sums_up(rig, closed, opening)


@case("M03", "A position that is reopened under another ticket, at once or after a gap, keeps its identifier")
def reopened(rig: ConformanceRig) -> None:
    start(rig)
    opening = rig.open(stop_loss=1.08)
    identifier = held(rig)
    ticket = rig.broker.reopen_position(identifier, reopen_price=Decimal("1.09515"))
    for entry in ("OUT", "IN"):
        reported(rig, "deal", entry=entry, reason="ROLLOVER", position_id=identifier, order=0)
    reported(rig, "position", identifier=identifier, ticket=ticket, price_open=1.09515)
    rig.emitted(opening, *OPENED, *REOPENED)
    # The server's orders bear the position's magic: they are no orders of the officer, and no alarm.
    rig.broker.reopen_position(ticket, reopen_price=Decimal("1.09525"), gap_ms=GAP_MS, orders=True)
    reported(rig, "position", identifier=identifier, price_open=1.09525)
    for entry in ("OUT", "IN"):
        reported(rig, "deal", entry=entry, reason="ROLLOVER", price=1.095 if entry == "OUT" else 1.09525)
    rig.emitted(opening, *OPENED, *REOPENED, *REOPENED)
    *_, closed = rig.emitted(rig.issue("CLOSE", target_directive_id=opening), *CLOSED)
    assert (closed.body["fill_quantity"], volumes(rig)) == (0.01, [])


@case("M04", "A stop that is lost at the execution, and a split by deals, are reported as they stand")
def lost_level_and_split(rig: ConformanceRig) -> None:
    start(rig)
    rig.fault(DropStops())
    opening = rig.issue("OPEN_LONG", quantity=0.1, stop_loss=1.08)
    *_, missing = rig.emitted(opening, *OPENED, E.SYSTEM_ERROR)
    assert missing.code == "STOP_MISSING"
    reported(rig, "order", type="BUY", stop_loss=1.08)
    reported(rig, "position", volume=0.1, stop_loss=None)
    rig.broker.split_symbol("EURUSD", Decimal(2), deals=True)
    reported(rig, "deal", reason="SPLIT", entry="OUT", volume=0.1)
    reported(rig, "deal", reason="SPLIT", entry="IN", volume=0.2)
    reported(rig, "position", volume=0.2, price_open=0.54755)
    rig.emitted(opening, *OPENED, E.SYSTEM_ERROR, *REOPENED)
    *_, closed = rig.emitted(rig.issue("CLOSE"), *CLOSED)
    assert (closed.body["fill_quantity"], volumes(rig)) == (0.2, [])


@case(
    "M05", "Money that is a deal of its own has its type, reason and position, and counts for that position"
)
def money(rig: ConformanceRig) -> None:
    start(rig)
    opening = rig.open()
    identifier = held(rig)
    for type in MONEY:
        rig.broker.book_deal(type, Decimal("-0.5"), position=identifier)
        rig.broker.book_deal(type, Decimal("0.5"), reason=DealReason.CORPORATE_ACTION)
    rollover = DealReason.ROLLOVER
    rig.broker.book_deal(DealType.CHARGE, swap=Decimal("-0.7"), position=identifier, reason=rollover)
    for type in MONEY:
        reported(rig, "deal", type=type.name, position_id=identifier, symbol="EURUSD", profit=-0.5)
        reported(rig, "deal", type=type.name, position_id=0, symbol="", reason="CORPORATE_ACTION")
    reported(rig, "deal", type="CHARGE", reason="ROLLOVER", swap=-0.7)
    # The day's profit of a future: booked, and the position goes on under its own ticket.
    rig.quote("1.09610")
    assert rig.broker.reopen_position(identifier, reason=DealReason.VMARGIN, new_ticket=False) == identifier
    reported(rig, "deal", entry="OUT", reason="VMARGIN", price=1.0961)
    reported(rig, "position", identifier=identifier, price_open=1.0961)
    rig.emitted(opening, *OPENED, *REOPENED)
    *_, closed = rig.emitted(rig.issue("CLOSE"), *CLOSED)
    body = {name: number(closed.body[name]) for name in ("profit", "swap", "commission", "fee")}
    made = rig.broker.deals_by_position(identifier)
    booked = sum(deal.profit + deal.swap + deal.commission + deal.fee for deal in made)
    assert body["profit"] + body["swap"] - body["commission"] - body["fee"] == booked, body


@case("M06", "A deal that comes late is reported once it is there; one that is deleted ends nothing")
def late_and_deleted(rig: ConformanceRig) -> None:
    start(rig)
    rig.broker.delay_history(deals=HOUR_MS)
    opening = rig.issue("OPEN_LONG")
    reported(rig, "position", volume=0.01)
    rig.emitted(opening, *PLACED)
    assert rig.broker.deals_by_position(held(rig)) == []
    rig.broker.delay_history()
    # The first deal is the deposit.
    rig.broker.show_deal(Scenario().first_deal + 1)
    rig.emitted(opening, *OPENED)
    (deal,) = rig.broker.deals_by_position(held(rig))
    reported(rig, "deal", ticket=deal.ticket, entry="IN")
    rig.broker.delete_deal(deal.ticket)
    rig.deleted_deals.add(deal.ticket)
    assert rig.broker.deals_by_position(held(rig)) == []
    rig.open(quantity=0.02)
    rig.emitted(rig.issue("CLOSE", target_directive_id=opening), *CLOSED)
    assert volumes(rig) == [Decimal("0.02")]
    assert [event.code for event in rig.director.events() if event.code] == []


@case(
    "M07",
    "A terminal with another login is refused until it has its own again; a renamed symbol has its new name",
)
def renamed(rig: ConformanceRig) -> None:
    start(rig)
    opening = rig.open()
    waiting = rig.issue("OPEN_LONG", order_type="LIMIT", price=1.09, time_in_force="GTC")
    rests(rig, waiting)
    login = rig.broker.account().login
    mark = rig.sidecar.mark
    # A renamed server is case L03. One refusal a minute is logged.
    rig.broker.set_account(login=login + 776)
    rig.sidecar.logged("terminal_refused", refusal="ACCOUNT", since=mark)
    mark = rig.sidecar.mark
    rig.broker.set_account(login=login)
    rig.sidecar.logged("terminal_connected", since=mark)
    rig.broker.rename_symbol("EURUSD", "EURUSD.r")
    reported(rig, "position", identifier=held(rig), symbol="EURUSD.r")
    reported(rig, "order", type="BUY_LIMIT", state="PLACED", symbol="EURUSD.r")
    reported(rig, "deal", entry="IN", symbol="EURUSD")
    rig.emitted(rig.issue("CLOSE", symbol="EURUSD.r"), *CLOSED)
    rig.emitted(rig.issue("CANCEL", symbol="EURUSD.r"), *CANCELLED)
    rig.emitted(opening, *OPENED)
    rig.emitted(waiting, *PLACED, E.ORDER_CANCELLED)
    assert (volumes(rig), rig.broker.orders()) == ([], [])


@case(
    "M08", "A right to trade that is withdrawn is an alarm that names it; once it is granted, trading goes on"
)
def permission(rig: ConformanceRig) -> None:
    start(rig)
    rig.open()
    ways: tuple[dict[str, Any], ...] = ({"trade_expert": False}, {"trade_allowed": False})
    for counter, withdrawn in enumerate(ways, 1):
        rig.broker.set_account(**withdrawn)
        trouble = reported(rig, "trouble", code="TRADING_OFF", counter=counter)
        (name,) = withdrawn
        assert name.upper() in str(trouble["message"])
        rig.broker.set_account(trade_expert=True, trade_allowed=True)
    rig.emitted(rig.issue("CLOSE"), *CLOSED)
    codes = [event.code for event in rig.director.events() if event.type == E.SYSTEM_ERROR]
    assert codes == ["TRADING_OFF", "TRADING_OFF"]


@case("M09", "Trades of another program, with a negative magic too, are manual trades, and no alarm")
def another_program(rig: ConformanceRig) -> None:
    start(rig)
    foreign = rig.broker.manual_open("EURUSD", OrderType.BUY, Decimal("0.1"), magic=-5)
    rig.broker.manual_pending("EURUSD", OrderType.BUY_LIMIT, Decimal("0.1"), Decimal("1.09"), magic=-6)
    # A program's records have its reason, also where their magic is none of ours.
    reported(rig, "deal", symbol="EURUSD", reason="EXPERT", usable=True)
    reported(rig, "position", symbol="EURUSD", usable=True)
    reported(rig, "order", type="BUY_LIMIT", reason="EXPERT", usable=True)
    refused(rig, "NO_POSITION", action="CLOSE")
    rig.broker.manual_close(foreign, magic=-7)
    reported(rig, "deal", entry="OUT", reason="EXPERT", usable=True)
    rig.open()
    refused(rig, "NO_ORDER", action="CANCEL")
    rig.emitted(rig.issue("CLOSE"), *CLOSED)
    assert [order.magic for order in rig.broker.orders()] == [-6]
    assert [event.type for event in rig.director.events() if event.directive_id is None] == []


@case("M10", "Records are reported after the broker's clock was set back, and their times are right")
def clock_back(rig: ConformanceRig) -> None:
    start(rig)
    measured = "SELECT seconds FROM clock_offsets ORDER BY since"

    def shift(milliseconds: int, *hours: int) -> None:
        rig.broker.shift_clock(milliseconds)
        # A single measurement does not count: it may have waited in a buffer.
        until(
            rig,
            f"the offsets are {hours}",
            lambda: [row["seconds"] // 3_600 for row in rig.journal.rows(measured)] == [*hours],
        )

    before = rig.open()
    # The hour of the first deal comes once more.
    shift(-HOUR_MS, 2, 1)
    after = rig.open(quantity=0.02)
    rig.broker.manual_open("EURUSD", OrderType.BUY, Decimal("0.3"))
    reported(rig, "deal", volume=0.3)
    rig.restart_terminal()
    shift(HOUR_MS, 2, 1, 2)
    ahead = rig.open(quantity=0.04)
    *_, closed = rig.emitted(rig.issue("CLOSE", target_directive_id=before), *CLOSED)
    emitted = [event for event in rig.director.events() if event.directive_id in (before, after, ahead)]
    assert near([*emitted, closed], datetime.now(UTC)), [at(event) for event in emitted]


@case("M11", "A market that moves before a removal fills the order, and the terminal goes on")
def moved_before_a_removal(rig: ConformanceRig) -> None:
    start(rig)
    resting = rig.issue("OPEN_LONG", order_type="LIMIT", price=1.09, time_in_force="GTC")
    rests(rig, resting)
    moved = MoveMarket(bid=Decimal("1.08990"), ask=Decimal("1.08995"))
    rig.broker.add_rule(Rule(effect=moved, match=Match(kind=SendKind.REMOVE, symbol="EURUSD")))
    refused(rig, int(Retcode.INVALID), action="CANCEL", target_directive_id=resting)
    reported(rig, "order", type="BUY_LIMIT", state="FILLED")
    rig.emitted(resting, *OPENED)
    rig.open(quantity=0.02)
    rig.emitted(rig.issue("CLOSE", target_directive_id=resting), *CLOSED)


@case(
    "M12",
    "A rule or an operation whose arguments make no sense is answered with an error, and trading goes on",
)
def senseless(rig: ConformanceRig) -> None:
    unknown = ScheduledCall(at_ms=1, call="reopen_position", arguments=msgspec.Raw(b'{"position": 7}'))
    start(rig, Scenario(calls=(unknown,)))
    opening = rig.open()
    negative = MoveMarket(bid=Decimal(-2), ask=Decimal(-1))
    refusals: tuple[tuple[Callable[[], object], str], ...] = (
        (lambda: rig.broker.add_rule(Rule(effect=negative)), "effect.bid -2"),
        (lambda: rig.broker.add_rule(Rule(effect=DropStops(), times=0)), "times 0"),
        (lambda: rig.broker.reopen_position(7), "position 7"),
        (lambda: rig.broker.split_symbol("EURUSD", Decimal(0)), "ratio 0"),
        (lambda: rig.broker.rename_symbol("EURUSD", "GBPUSD"), "new_name 'GBPUSD'"),
        (lambda: rig.broker.book_deal(DealType.BUY, Decimal(1)), "BUY"),
        (lambda: rig.broker.shift_clock(2**60), "milliseconds"),
    )
    for senseless_call, message in refusals:
        with pytest.raises(ControlError, match=message):
            senseless_call()
    (noted,) = rig.broker.refused_calls()
    assert "reopen_position: position 7 is not open" in noted
    *_, closed = rig.emitted(rig.issue("CLOSE"), *CLOSED)
    sums_up(rig, closed, opening)
