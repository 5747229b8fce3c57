"""The inputs that look further than one order."""

from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace

from bridge.core.link.messages import CommandKind
from bridge.core.link.reports import CommandReport, NotSentReason
from bridge.core.units.mt5_terms import MarginMode, Side
from bridge.simulator.broker.broker import Broker
from bridge.simulator.broker.fault_rules import Reject, Rule
from bridge.simulator.broker.scenario import AccountTerms, Scenario
from bridge.simulator.mt5.types import Order, OrderType, Position, Retcode
from bridge.simulator.terminal.day_equity import DayEquity
from bridge.simulator.terminal.inputs import InputAction, Inputs
from tests.sidecar_peer import open_order
from tests.unit.simulator.terminal.rig import START_MS, JoinWith, Rig

LOT = Decimal("0.10")
DAY_MS = 86_400_000


def opens(rig: Rig, client_order_id: int, *, symbol: str = "EURUSD", volume: str = "0.10") -> str:
    """Let it open; the input's refusal, or nothing where it was sent."""
    rig.say(rig.peer.command(open_order(client_order_id, symbol=symbol, volume=volume)))
    rig.run(200)
    report = rig.peer.reports_of(CommandReport)[-1]
    assert report.client_order_id == client_order_id
    if report.reason is None:
        return ""
    assert report.reason is NotSentReason.INPUTS
    assert rig.sends(client_order_id) == 0
    return report.message


def test_symbols(join_with: JoinWith) -> None:
    rig = join_with(inputs=Inputs(symbols=("GBPUSD", "USDJPY")))
    assert opens(rig, 1) == "EURUSD is not among the allowed symbols (GBPUSD, USDJPY)"
    assert opens(rig, 2, symbol="GBPUSD") == ""


def test_positions_per_symbol_are_this_terminals_own(join_with: JoinWith) -> None:
    rig = join_with(inputs=Inputs(max_symbol_positions=2))
    rig.broker.manual_open("EURUSD", OrderType.BUY, LOT)
    assert [opens(rig, 1), opens(rig, 2)] == ["", ""]
    assert opens(rig, 3) == (
        "3 positions and pending orders in EURUSD are more than the maximum positions per symbol 2"
    )
    assert opens(rig, 4, symbol="GBPUSD") == ""


def test_a_position_stays_ours_when_a_manual_took_a_part_of_it(join_with: JoinWith) -> None:
    rig = join_with(inputs=Inputs(max_symbol_positions=1))
    assert opens(rig, 1) == ""
    (position,) = rig.broker.positions()
    rig.broker.manual_close(position.ticket, Decimal("0.04"))
    assert [present.magic for present in rig.broker.positions()] == [0]
    assert "2 positions and pending orders" in opens(rig, 2)


def test_a_netted_position_is_ours_where_a_manual_added_to_it_last(join_with: JoinWith) -> None:
    account = AccountTerms(margin_mode=MarginMode.RETAIL_NETTING)
    rig = join_with(Scenario(account=account), Inputs(max_symbol_positions=1))
    rig.broker.manual_open("EURUSD", OrderType.BUY, LOT)
    assert opens(rig, 1) == ""
    rig.broker.manual_open("EURUSD", OrderType.BUY, LOT)
    assert [present.magic for present in rig.broker.positions()] == [0]
    assert "2 positions and pending orders" in opens(rig, 2)


def test_volume_per_symbol(join_with: JoinWith) -> None:
    rig = join_with(inputs=Inputs(max_symbol_lots=Decimal("0.25")))
    assert [opens(rig, 1), opens(rig, 2, volume="0.15")] == ["", ""]
    assert opens(rig, 3, volume="0.01") == (
        "0.26 lots in EURUSD are more than the maximum volume per symbol 0.25"
    )
    assert opens(rig, 4, symbol="GBPUSD") == ""


class LateBroker(Broker):
    """A broker whose orders and positions enter the terminal's lists a second late."""

    def positions(self) -> list[Position]:
        return [each for each in super().positions() if each.time_msc <= self.server_time() - 1_000]

    def orders(self) -> list[Order]:
        return [each for each in super().orders() if each.time_setup_msc <= self.server_time() - 1_000]


def late(rig: Rig) -> Rig:
    rig.broker = LateBroker(rig.broker.state)
    rig.restart()
    rig.join()
    return rig


def test_what_was_just_sent_counts_before_it_shows(join_with: JoinWith) -> None:
    rig = late(join_with(inputs=Inputs(max_symbol_positions=2)))
    rig.broker.add_rule(Rule(effect=Reject(retcode=Retcode.NO_MONEY)))
    assert [opens(rig, client_order_id) for client_order_id in (1, 2, 3)] == [
        "",
        "",
        "",
    ]  # of the first there is nothing
    refusal = "3 positions and pending orders in EURUSD are more than the maximum positions per symbol 2"
    assert opens(rig, 4) == refusal
    assert opens(rig, 5, symbol="GBPUSD") == ""
    rig.run(1_500)
    assert opens(rig, 6) == refusal


def test_volume_that_was_just_sent_counts_before_it_shows(join_with: JoinWith) -> None:
    rig = late(join_with(inputs=Inputs(max_symbol_lots=Decimal("0.25"))))
    assert [opens(rig, 1), opens(rig, 2)] == ["", ""]
    assert opens(rig, 3) == "0.30 lots in EURUSD are more than the maximum volume per symbol 0.25"


def test_a_close_waits_until_its_position_shows(join_with: JoinWith) -> None:
    rig = late(join_with())
    assert opens(rig, 1) == ""
    (position,) = Broker(rig.broker.state).positions()
    assert rig.broker.positions() == []
    order = open_order(2, kind=CommandKind.CLOSE, side=Side.SELL, position=position.identifier)
    rig.say(rig.peer.command(replace(order, opener=1)))
    rig.run(1_500)
    assert rig.stages(2) == ["received", "submitted", "result"]


def test_what_showed_once_does_not_count_when_it_is_gone(join_with: JoinWith) -> None:
    rig = join_with(inputs=Inputs(max_symbol_positions=1))
    assert opens(rig, 1) == ""
    rig.broker.manual_close(rig.broker.positions()[0].ticket)
    assert opens(rig, 2) == ""


def test_what_never_shows_counts_for_five_seconds_of_a_connected_broker(join_with: JoinWith) -> None:
    rig = join_with(inputs=Inputs(max_symbol_positions=1))
    rig.broker.add_rule(Rule(effect=Reject(retcode=Retcode.TIMEOUT)))
    assert opens(rig, 1) == ""
    rig.broker.disconnect()
    rig.run(10_000)
    rig.broker.connect()
    rig.run(4_000)
    assert opens(rig, 2).startswith("2 positions and pending orders")
    rig.run(1_000)
    assert opens(rig, 3) == ""


def test_orders_per_minute(join_with: JoinWith) -> None:
    rig = join_with(inputs=Inputs(max_orders_per_minute=2))
    assert [opens(rig, 1), opens(rig, 2)] == ["", ""]
    refusal = "2 orders were sent within a minute; the maximum orders per minute are 2"
    assert opens(rig, 3) == refusal
    position = rig.broker.positions()[0]
    close = open_order(4, kind=CommandKind.CLOSE, side=Side.SELL, position=position.identifier)
    rig.say(rig.peer.command(close))
    rig.run(200)
    assert rig.sends(4) == 1
    rig.run(60_000)
    assert [opens(rig, 5), opens(rig, 6)] == ["", ""]
    assert opens(rig, 7) == refusal


def test_margin_level(join_with: JoinWith) -> None:
    rig = join_with(inputs=Inputs(min_margin_level=Decimal(5000)))
    assert opens(rig, 1, volume="0.50") == ""
    level = rig.broker.account().margin_level
    assert opens(rig, 2) == f"the margin level {level} % is below the minimum margin level 5000.00 %"


def test_daily_loss_is_counted_over_restarts_and_begins_anew_with_the_day(join_with: JoinWith) -> None:
    rig = join_with(inputs=Inputs(max_daily_loss=Decimal(100), max_lot=Decimal(2)))
    assert opens(rig, 1, volume="1.00") == ""
    rig.broker.set_quote("EURUSD", Decimal("1.09400"), Decimal("1.09410"))
    rig.restart()
    rig.join()
    equity = rig.broker.account().equity
    refusal = (
        f"the equity {equity} is {10_000 - equity} below 10000.00, with which the broker's day began; "
        "the maximum daily loss is 100.00"
    )
    assert opens(rig, 2) == refusal
    assert rig.terminal.up
    rig.mono_ms += DAY_MS
    rig.turn()  # the sidecar was silent for a day
    rig.join()
    assert opens(rig, 3) == ""


def test_every_action_has_its_switch(join_with: JoinWith) -> None:
    rig = join_with(inputs=Inputs(actions=frozenset(InputAction) - {InputAction.OPEN_SHORT}))
    assert opens(rig, 1) == ""
    rig.say(rig.peer.command(open_order(2, side=Side.SELL)))
    rig.run(200)
    assert rig.peer.reports_of(CommandReport)[-1].message == (
        "OPEN SHORT is not among the allowed actions (OPEN LONG, CLOSE, MODIFY, CANCEL)"
    )


def test_the_days_equity_outlives_damage(tmp_path: Path) -> None:
    path = tmp_path / "day"
    path.write_bytes(b'{"day":')
    day = DayEquity(path)
    assert day.equity is None
    day.beat(START_MS, Decimal(500))
    day.beat(START_MS + 1, Decimal(400))
    assert DayEquity(path).equity == Decimal(500)
    day.beat(START_MS - DAY_MS, Decimal(300))
    assert day.equity == Decimal(500)
    day.beat(START_MS + DAY_MS, Decimal(200))
    assert DayEquity(path).equity == Decimal(200)


def test_a_day_that_cannot_be_written_goes_on(tmp_path: Path) -> None:
    day = DayEquity(tmp_path / "nowhere" / "day")
    day.beat(START_MS, Decimal(500))
    assert day.equity == Decimal(500)


@pytest.mark.parametrize("kind", [CommandKind.CLOSE, CommandKind.MODIFY, CommandKind.CANCEL])
def test_what_takes_risk_away_passes_them_all(kind: CommandKind) -> None:
    inputs = Inputs(symbols=("GBPUSD",), max_lot=Decimal("0.01"), max_deviation_points=10)
    assert inputs.forbid(open_order(kind=kind, deviation_points=50)) == ""


@pytest.mark.parametrize(("asked", "sent"), [(5, 5), (10, 10), (50, 10), (None, 10)])
def test_a_close_goes_out_with_the_maximum_deviation_at_most(asked: int | None, sent: int) -> None:
    inputs = Inputs(deviation_points=20, max_deviation_points=10)
    close = open_order(kind=CommandKind.CLOSE, deviation_points=asked)
    assert (inputs.forbid(close), inputs.sent_deviation(close)) == ("", sent)
    assert ("maximum deviation 10" in inputs.forbid(open_order(deviation_points=asked))) is (sent != asked)
