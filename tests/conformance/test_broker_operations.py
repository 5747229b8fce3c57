"""Operations of the broker itself: both terminals report them alike, raise no alarm for them, and go on.

The last report of every deal, order and position is compared. What the sidecar makes of these reports is tested in
the specification (tests/conformance/specification), not here.
"""

from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bridge.core.director.contract import EventType
from bridge.simulator.broker.fault_rules import DropStops, Fills, Match, MoveMarket, Rule, SendKind
from bridge.simulator.broker.scenario import Scenario, SymbolTerms
from bridge.simulator.mt5.types import DealReason, DealType, OrderType
from tests.conformance.conftest import name_of, passed, show_logs
from tests.conformance.recording import compare
from tests.conformance.reports import reported, reports
from tests.conformance.rig import ConformanceRig, Kind
from tests.conformance.specification.expectations import rests
from tests.rig.fork_server import ForkServer
from tests.rig.rig import CLOSED

LATE_MS = 3_000
GAP_MS = 2_000
HOUR_MS = 3_600_000
MONEY = (
    DealType.COMMISSION,
    DealType.CHARGE,
    DealType.CORRECTION,
    DealType.INTEREST,
    DealType.DEAL_DIVIDEND,
)


@pytest.fixture
def rig(
    tmp_path: Path,
    expert: Path,
    fork_server: ForkServer,
    kind: Kind,
    recordings: Path,
    request: pytest.FixtureRequest,
) -> Iterator[ConformanceRig]:
    """A bench with either terminal. After the test its reports are compared with those of the other one."""
    with closing(ConformanceRig(tmp_path, fork_server, kind, expert)) as made:
        show_logs(request, made)
        yield made
        if passed(request):
            differences = compare(recordings, name_of(request), kind, {"reports": reports(made)})
            assert not differences, "\n".join(differences)
            made.stop()


def position_of(rig: ConformanceRig) -> int:
    """Return the identifier of the one open position."""
    (position,) = rig.broker.positions()
    return position.identifier


def test_reopened_position_is_reported_with_its_new_ticket_and_old_identifier(rig: ConformanceRig) -> None:
    rig.start()
    rig.open(stop_loss=1.08)
    identifier = position_of(rig)
    ticket = rig.broker.reopen_position(identifier, reopen_price=Decimal("1.09515"))
    for entry in ("OUT", "IN"):
        reported(rig, "deal", entry=entry, reason="ROLLOVER", position_id=identifier, order=0)
    reported(rig, "position", identifier=identifier, ticket=ticket, price_open=Decimal("1.09515"))


def test_position_that_is_reopened_after_a_gap_is_reported_again(rig: ConformanceRig) -> None:
    rig.start()
    rig.open()
    identifier = position_of(rig)
    rig.broker.reopen_position(identifier, reopen_price=Decimal("1.09515"), gap_ms=GAP_MS, orders=True)
    reported(rig, "deal", entry="OUT", reason="ROLLOVER", position_id=identifier)
    reported(rig, "position", identifier=identifier, price_open=1.09515)
    reported(rig, "deal", entry="IN", reason="ROLLOVER", position_id=identifier)


def test_position_corrected_without_a_deal_is_reported_with_its_new_values(rig: ConformanceRig) -> None:
    rig.start()
    rig.open(quantity=0.1)
    identifier = position_of(rig)
    rig.broker.correct_position(identifier, Decimal("0.20"), Decimal("0.5"), sl=Decimal("0.4"))
    reported(rig, "position", identifier=identifier, volume=0.2, price_open=0.5, stop_loss=0.4)


def test_renamed_symbol_is_reported_in_positions_and_live_orders(rig: ConformanceRig) -> None:
    rig.start()
    rig.open()
    rests(rig, rig.issue("OPEN_LONG", order_type="LIMIT", price=1.09, time_in_force="GTC"))
    rig.broker.rename_symbol("EURUSD", "EURUSD.r")
    reported(rig, "position", identifier=position_of(rig), symbol="EURUSD.r")
    reported(rig, "order", type="BUY_LIMIT", state="PLACED", symbol="EURUSD.r")
    reported(rig, "deal", entry="IN", symbol="EURUSD")


@pytest.mark.parametrize("property", ["server", "login"])
def test_terminal_is_refused_with_a_renamed_server_or_another_login(
    rig: ConformanceRig, property: str
) -> None:
    rig.start()
    rig.open()
    account = rig.broker.account()
    mark = rig.sidecar.mark
    if property == "server":
        rig.broker.set_account(server="Live02")
    else:
        rig.broker.set_account(login=5000777)
    rig.sidecar.line("terminal_refused", since=mark)
    mark = rig.sidecar.mark
    rig.broker.set_account(server=account.server, login=account.login)
    rig.sidecar.line("terminal_connected", since=mark)
    rig.open(quantity=0.02)


def test_late_deal_is_reported_once_it_is_there_and_a_deleted_one_ends_nothing(rig: ConformanceRig) -> None:
    rig.start()
    rig.broker.delay_history(deals=LATE_MS)
    rig.open()
    rig.broker.delay_history()
    (deal,) = rig.broker.deals_by_position(position_of(rig))
    rig.broker.delete_deal(deal.ticket)
    rig.open(quantity=0.02)
    reported(rig, "deal", ticket=deal.ticket, entry="IN")


def test_money_of_its_own_is_reported_with_type_reason_and_position(rig: ConformanceRig) -> None:
    rig.start()
    rig.open()
    identifier = position_of(rig)
    for type in MONEY:
        rig.broker.book_deal(type, Decimal("-0.5"), position=identifier)
        rig.broker.book_deal(type, Decimal("0.5"), reason=DealReason.CORPORATE_ACTION)
    rig.broker.book_deal(
        DealType.CHARGE, swap=Decimal("-0.7"), position=identifier, reason=DealReason.ROLLOVER
    )
    for type in MONEY:
        reported(rig, "deal", type=type.name, position_id=identifier, symbol="EURUSD", profit=-0.5)
        reported(rig, "deal", type=type.name, position_id=0, symbol="", reason="CORPORATE_ACTION")
    reported(rig, "deal", type="CHARGE", reason="ROLLOVER", swap=-0.7)


def test_rest_of_a_market_order_is_reported_as_a_live_order(rig: ConformanceRig) -> None:
    rig.start_with(Scenario(symbols=(SymbolTerms(name="EURUSD", execution="EXCHANGE", filling=()),)))
    rig.fault(Fills(volumes=(Decimal("0.04"),)))
    rig.issue("OPEN_LONG", quantity=0.1)
    reported(rig, "order", type="BUY", state="PARTIAL", volume_current=0.06, time_done_server_ms=None)
    reported(rig, "position", volume=0.04)
    (order,) = rig.broker.orders()
    rig.broker.manual_cancel(order.ticket)
    reported(rig, "order", ticket=order.ticket, state="CANCELED", volume_current=0.06)


def test_records_of_another_program_with_a_negative_magic_raise_no_alarm(rig: ConformanceRig) -> None:
    rig.start()
    position = rig.broker.manual_open("EURUSD", OrderType.BUY, Decimal("0.1"), magic=-5)
    rig.broker.manual_pending("EURUSD", OrderType.BUY_LIMIT, Decimal("0.1"), Decimal("1.09"), magic=-6)
    # A program's records have its reason, also where their magic is none of ours.
    reported(rig, "deal", symbol="EURUSD", reason="EXPERT", usable=True)
    reported(rig, "position", symbol="EURUSD", usable=True)
    reported(rig, "order", type="BUY_LIMIT", reason="EXPERT", usable=True)
    rig.broker.manual_close(position, magic=-7)
    reported(rig, "deal", entry="OUT", reason="EXPERT", usable=True)
    rig.open()
    assert [event.type for event in rig.director.events() if event.directive_id is None] == []
    assert [event.type for event in rig.director.events() if event.type is EventType.SYSTEM_ERROR] == []


def test_records_after_the_clock_was_set_back_are_reported(rig: ConformanceRig) -> None:
    rig.start()
    rig.open()
    rig.broker.shift_clock(-HOUR_MS)
    rig.open(quantity=0.02)
    rig.broker.manual_open("EURUSD", OrderType.BUY, Decimal("0.3"))
    reported(rig, "deal", volume=0.3)
    rig.restart_terminal()
    rig.broker.shift_clock(HOUR_MS)
    rig.open(quantity=0.04)


def test_market_below_zero_is_traded_and_reported(rig: ConformanceRig) -> None:
    oil = SymbolTerms(name="XAUUSD", bid=Decimal("-37.65"), ask=Decimal("-37.60"), negative_quotes=True)
    rig.start_with(Scenario(symbols=(oil,)))
    rig.issue("OPEN_SHORT", symbol="XAUUSD", quantity=0.01)
    reported(rig, "position", symbol="XAUUSD", price_open=-37.65)
    rig.broker.set_quote("XAUUSD", Decimal("-40.00"), Decimal("-39.95"))
    rig.issue("CLOSE", symbol="XAUUSD")
    reported(rig, "deal", entry="OUT", price=-39.95, reason="EXPERT")


def test_withdrawn_permission_is_an_alarm_on_both(rig: ConformanceRig) -> None:
    rig.start()
    rig.open()
    for permission in ("trade_expert", "trade_allowed"):
        if permission == "trade_expert":
            rig.broker.set_account(trade_expert=False)
        else:
            rig.broker.set_account(trade_allowed=False)
        trouble = reported(
            rig, "trouble", code="TRADING_OFF", counter=1 if permission == "trade_expert" else 2
        )
        assert permission.upper() in str(trouble["message"])
        rig.broker.set_account(trade_expert=True, trade_allowed=True)
    rig.emitted(rig.issue("CLOSE"), *CLOSED)


@pytest.mark.parametrize(
    ("level", "reason", "prices"),
    [
        ({"stop_loss": 1.09}, "SL", ("1.08900", "1.08890", "1.08880")),
        ({"take_profit": 1.10}, "TP", ("1.10010", "1.10020", "1.10030")),
    ],
    ids=["stop loss", "take profit"],
)
def test_level_that_is_filled_in_parts_is_reported_deal_by_deal(
    rig: ConformanceRig, level: dict[str, Any], reason: str, prices: tuple[str, str, str]
) -> None:
    rig.start_with(Scenario(symbols=(SymbolTerms(name="EURUSD", execution="EXCHANGE"),)))
    rig.open(quantity=0.1, **level)
    rig.broker.set_depth("EURUSD", Decimal("0.04"))
    for bid, left in zip(prices, (0.06, 0.02), strict=False):
        rig.quote(bid)
        reported(rig, "position", volume=left)
        reported(rig, "order", reason=reason, state="PARTIAL", volume_current=left)
    rig.quote(prices[-1])
    reported(rig, "order", reason=reason, state="FILLED")
    for price in prices:
        reported(rig, "deal", reason=reason, entry="OUT", price=float(price))


def test_lost_level_and_split_are_reported(rig: ConformanceRig) -> None:
    rig.start()
    rig.fault(DropStops())
    rig.issue("OPEN_LONG", quantity=0.1, stop_loss=1.08)
    reported(rig, "order", type="BUY", stop_loss=1.08)
    reported(rig, "position", volume=0.1, stop_loss=None)
    rig.broker.split_symbol("EURUSD", Decimal(2), deals=True)
    reported(rig, "deal", reason="SPLIT", entry="OUT", volume=0.1)
    reported(rig, "deal", reason="SPLIT", entry="IN", volume=0.2)
    reported(rig, "position", volume=0.2, price_open=0.54755)


def test_market_that_moves_before_a_removal_ends_no_terminal(rig: ConformanceRig) -> None:
    rig.start()
    resting = rig.issue("OPEN_LONG", order_type="LIMIT", price=1.09, time_in_force="GTC")
    rests(rig, resting)
    moved = MoveMarket(bid=Decimal("1.08990"), ask=Decimal("1.08995"))
    rig.broker.add_rule(Rule(effect=moved, match=Match(kind=SendKind.REMOVE, symbol="EURUSD")))
    rig.issue("CANCEL", target_directive_id=resting)
    reported(rig, "order", type="BUY_LIMIT", state="FILLED")
    rig.open(quantity=0.02)
