"""The flatten button: two clicks, everything of this program and nothing else, without the sidecar, a bounded
number of times; no command meanwhile, until it is pressed again."""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

import pytest
from msgspec.structs import replace

from bridge.core.link.messages import TerminalHeartbeat
from bridge.core.link.reports import CommandReport, DealReport, NotSentReason, OrderReport, TroubleReport
from bridge.core.units.mt5_terms import OrderState
from bridge.simulator.broker.fault_rules import Reject, Rule
from bridge.simulator.mt5.types import OrderFilling, OrderType, Retcode, SymbolFilling, TradeAction
from tests.mql5.host.binding.library import Cell
from tests.mql5.reference import constants
from tests.native.bench import Bench
from tests.native.requests import change, pending
from tests.sidecar_peer import open_order

BUTTON = "ExecutionOfficer.flatten"
PRESSED = "the flatten button was pressed; press it again to allow trading"


def click(bench: Bench, name: str = BUTTON) -> None:
    """Press a button of the chart. It stays in, as MetaTrader's do."""
    objects = bench.stepped.terminal.chart.objects
    if name in objects:
        objects[name]["OBJPROP_STATE"] = 1
    assert bench.stepped.terminal.expert is not None
    bench.stepped.terminal.expert.chart_event(constants()["CHARTEVENT_OBJECT_CLICK"], 0, 0.0, name)


def press(bench: Bench) -> None:
    """Press it, and once more."""
    click(bench)
    bench.run(1_000)
    click(bench)


def button(bench: Bench) -> str:
    return str(bench.stepped.terminal.chart.objects[BUTTON]["OBJPROP_TEXT"])


def trade(bench: Bench) -> None:
    """Two positions and a pending order of ours, and as much by hand."""
    bench.say(bench.peer.command(open_order(1)))
    bench.say(bench.peer.command(open_order(2, symbol="GBPUSD", volume="0.03")))
    bench.say(bench.peer.command(replace(pending("LIMIT", "1.09000"), client_order_id=3)))
    bench.run(500)
    bench.broker.manual_open("EURUSD", OrderType.SELL, Decimal("0.07"))
    bench.broker.manual_pending("EURUSD", OrderType.SELL_LIMIT, Decimal("0.07"), price=Decimal("1.10000"))
    bench.run(500)
    bench.peer.forget()


def ours(bench: Bench) -> int:
    return sum(p.magic in (1, 2) for p in bench.broker.positions()) + sum(
        o.magic == 3 for o in bench.broker.orders()
    )


def test_it_closes_and_removes_what_is_ours_and_nothing_else(joined: Bench) -> None:
    trade(joined)
    assert ours(joined) == 3
    sends = len(joined.broker.sends())
    press(joined)
    joined.run(1_500)
    assert ours(joined) == 0
    assert [p.volume for p in joined.broker.positions()] == [Decimal("0.07")]
    assert [o.volume_current for o in joined.broker.orders()] == [Decimal("0.07")]
    sent = [record.request for record in joined.broker.sends()[sends:]]
    assert [request.action for request in sent] == [TradeAction.REMOVE, TradeAction.DEAL, TradeAction.DEAL]
    assert {request.magic for request in sent} == {0}
    assert {request.comment for request in sent[1:]} == {"flatten"}
    # The journal learns of it as of anything that is done by hand.
    assert [f.state for f in joined.peer.reports_of(OrderReport) if f.magic == 3] == [OrderState.CANCELED]
    assert {f.magic for f in joined.peer.reports_of(DealReport)} == {0}
    assert "nothing of this program is open" in joined.panel


def test_one_click_does_nothing_and_is_forgotten(joined: Bench) -> None:
    trade(joined)
    assert button(joined) == "flatten"
    click(joined)
    assert button(joined) == "press again to flatten"
    assert joined.stepped.terminal.chart.objects[BUTTON]["OBJPROP_STATE"] == 0
    joined.run(5_500)
    assert button(joined) == "flatten"
    click(joined)
    joined.run(4_000)
    assert ours(joined) == 3
    click(joined, "ExecutionOfficer.1")
    click(joined, "somebody else's")
    joined.run(500)
    assert ours(joined) == 3


def test_no_command_until_it_is_pressed_again(joined: Bench) -> None:
    press(joined)
    for order in (open_order(11), change("CANCEL", order=1, client_order_id=12)):
        joined.say(joined.peer.command(order))
    joined.run(1_500)
    refused = [(f.client_order_id, f.reason, f.message) for f in joined.peer.reports_of(CommandReport)]
    assert refused == [(11, NotSentReason.TRADING_OFF, PRESSED), (12, NotSentReason.TRADING_OFF, PRESSED)]
    assert button(joined) == "allow trading"
    beat = joined.peer.messages_of(TerminalHeartbeat)[-1]
    assert (beat.trade_allowed, beat.trade_forbidden_by) == (False, PRESSED)
    (trouble,) = joined.peer.reports_of(TroubleReport)
    assert (trouble.code, trouble.message) == ("TRADING_OFF", PRESSED)
    click(joined)
    joined.run(1_500)
    assert button(joined) == "flatten"
    assert joined.peer.messages_of(TerminalHeartbeat)[-1].trade_allowed
    joined.say(joined.peer.command(open_order(13)))
    joined.run(100)
    assert joined.sends(13) == 1


def test_commands_that_wait_are_refused(joined: Bench) -> None:
    joined.pipes[-1].window = 0  # 'busy' cannot leave, so that the command waits
    joined.say(joined.peer.command(open_order(11)))
    joined.run(200)
    press(joined)
    joined.pipes[-1].window = 1 << 20
    joined.run(500)
    assert joined.stages(11)[-1] == "not_sent TRADING_OFF"
    assert joined.sends(11) == 0


def test_it_works_with_the_sidecar_dead(joined: Bench) -> None:
    trade(joined)
    joined.linked = joined.beats = False
    joined.run(20_000)
    press(joined)
    joined.run(1_500)
    assert ours(joined) == 0


def test_it_works_before_any_sidecar_was_there(joined: Bench) -> None:
    trade(joined)
    joined.linked = joined.beats = False
    joined.restart()
    joined.run(3_000)
    press(joined)
    joined.run(1_500)
    assert ours(joined) == 0


def test_what_is_refused_is_tried_five_times(joined: Bench) -> None:
    trade(joined)
    sends = len(joined.broker.sends())
    joined.broker.set_session("GBPUSD", False)
    press(joined)
    joined.run(20_000)
    assert ours(joined) == 1
    tries = [record for record in joined.broker.sends()[sends:] if record.request.symbol == "GBPUSD"]
    assert [record.retcode for record in tries] == [Retcode.MARKET_CLOSED] * 5
    gaps = [b.time_msc - a.time_msc for a, b in pairwise(tries)]
    assert all(2_000 <= gap <= 2_600 for gap in gaps)
    assert "1 positions and orders are left, 1 could not be closed" in joined.panel.replace("    ", " ")
    # Pressed twice more it starts anew.
    joined.broker.set_session("GBPUSD", True)
    click(joined)
    joined.run(1_000)
    press(joined)
    joined.run(1_000)
    assert ours(joined) == 0


def test_a_request_that_fails_once_is_tried_again(joined: Bench) -> None:
    trade(joined)
    joined.broker.add_rule(Rule(effect=Reject(retcode=Retcode.REQUOTE)))
    press(joined)
    joined.run(4_000)
    assert ours(joined) == 0


def test_one_request_in_a_timer_call(joined: Bench) -> None:
    trade(joined)
    requests: Counter[int] = Counter()

    def count(name: str, arguments: Sequence[Cell]) -> None:
        requests[joined.stepped.terminal.program.handler] += name == "OrderSend"

    joined.stepped.terminal.host.before = count
    press(joined)
    joined.run(1_500)
    assert sum(requests.values()) == 3 and max(requests.values()) == 1


def test_without_permission_no_try_is_wasted(joined: Bench) -> None:
    trade(joined)
    joined.stepped.terminal.program.permissions.terminal_trade = False
    sends = len(joined.broker.sends())
    press(joined)
    joined.run(30_000)
    assert len(joined.broker.sends()) == sends
    assert "Flatten: Algo Trading is off" in joined.panel
    joined.stepped.terminal.program.permissions.terminal_trade = True
    joined.run(1_500)
    assert ours(joined) == 0


@pytest.mark.parametrize("how", ["restart", "reload", "reinit"])
def test_a_new_load_closes_on_and_allows_no_trading_until_it_is_pressed_again(
    joined: Bench, how: str
) -> None:
    trade(joined)
    joined.broker.set_session("GBPUSD", False)
    press(joined)
    joined.run(1_000)
    assert ours(joined) == 1
    if how == "restart":
        joined.restart()
    else:
        getattr(joined.stepped.terminal, how)(constants()["REASON_ACCOUNT"])
    joined.join()
    assert button(joined) == "allow trading"
    joined.say(joined.peer.command(open_order(11)))
    joined.run(100)
    assert [f.message for f in joined.peer.reports_of(CommandReport) if f.client_order_id == 11] == [PRESSED]
    joined.broker.set_session("GBPUSD", True)
    joined.run(3_000)
    assert ours(joined) == 0
    click(joined)
    joined.restart()
    joined.join()
    assert button(joined) == "flatten"
    joined.say(joined.peer.command(open_order(12)))
    joined.run(100)
    assert joined.sends(12) == 1


def test_a_double_click_is_one_click(joined: Bench) -> None:
    trade(joined)
    click(joined)
    click(joined)
    assert button(joined) == "press again to flatten"
    joined.run(500)
    click(joined)
    joined.run(1_500)
    assert ours(joined) == 3
    click(joined)
    click(joined)
    assert button(joined) == "allow trading"
    joined.run(3_000)
    assert ours(joined) == 0
    click(joined)
    click(joined)
    assert button(joined) == "flatten"


def test_the_button_comes_back_when_somebody_clears_the_chart(joined: Bench) -> None:
    joined.stepped.terminal.chart.objects.clear()
    joined.run(6_000)
    assert button(joined) == "flatten"
    assert "Broker: connected" in joined.panel


def test_a_position_that_lost_its_magic_is_ours_by_its_entry(joined: Bench) -> None:
    joined.say(joined.peer.command(open_order(1)))
    joined.run(100)
    (position,) = joined.broker.positions()
    joined.broker.manual_close(position.ticket, Decimal("0.05"))
    assert joined.broker.positions()[0].magic == 0
    press(joined)
    joined.run(1_500)
    assert joined.broker.positions() == []


def test_a_filling_mode_that_does_not_pass_gives_way(joined: Bench) -> None:
    joined.say(joined.peer.command(open_order(1)))
    joined.run(100)
    terms = joined.broker.symbol("EURUSD")
    assert terms is not None and SymbolFilling.IOC in terms.filling_mode

    def change_terms(name: str, arguments: Sequence[Cell]) -> None:
        # Behind the program's look at the flags, and before the server's.
        if name == "OrderCheck":
            joined.broker.set_symbol(replace(terms, filling_mode=SymbolFilling.FOK))

    joined.stepped.terminal.host.before = change_terms
    press(joined)
    joined.run(1_500)
    assert joined.broker.positions() == []
    assert joined.broker.sends()[-1].request.type_filling is OrderFilling.FOK
    assert len(joined.broker.sends()) == 2
