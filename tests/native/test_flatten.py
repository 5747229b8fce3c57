"""Flatten button: two clicks close everything of this EA and nothing else, without the sidecar, with a bounded
number of tries. Commands are refused until the button is pressed again."""

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
    """Click a button of the chart. It stays pressed, as MetaTrader's do."""
    objects = bench.stepped.terminal.chart.objects
    if name in objects:
        objects[name]["OBJPROP_STATE"] = 1
    assert bench.stepped.terminal.expert is not None
    bench.stepped.terminal.expert.chart_event(constants()["CHARTEVENT_OBJECT_CLICK"], 0, 0.0, name)


def press(bench: Bench) -> None:
    """Press the flatten button twice."""
    click(bench)
    bench.run(1_000)
    click(bench)


def button(bench: Bench) -> str:
    return str(bench.stepped.terminal.chart.objects[BUTTON]["OBJPROP_TEXT"])


def trade(bench: Bench) -> None:
    """Open two positions and a pending order of the EA, and the same as manual trades."""
    bench.send_frame(bench.peer.command(open_order(1)))
    bench.send_frame(bench.peer.command(open_order(2, symbol="GBPUSD", volume="0.03")))
    bench.send_frame(bench.peer.command(replace(pending("LIMIT", "1.09000"), client_order_id=3)))
    bench.run(500)
    bench.broker.manual_open("EURUSD", OrderType.SELL, Decimal("0.07"))
    bench.broker.manual_pending("EURUSD", OrderType.SELL_LIMIT, Decimal("0.07"), price=Decimal("1.10000"))
    bench.run(500)
    bench.peer.forget()


def ours(bench: Bench) -> int:
    return sum(p.magic in (1, 2) for p in bench.broker.positions()) + sum(
        o.magic == 3 for o in bench.broker.orders()
    )


def test_flatten_closes_everything_of_the_ea_and_nothing_else(joined: Bench) -> None:
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
    # The journal receives the same reports as for manual trades.
    assert [f.state for f in joined.peer.reports_of(OrderReport) if f.magic == 3] == [OrderState.CANCELED]
    assert {f.magic for f in joined.peer.reports_of(DealReport)} == {0}
    assert "nothing of this program is open" in joined.panel


def test_single_click_has_no_effect_and_expires(joined: Bench) -> None:
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


def test_commands_are_refused_until_the_button_is_pressed_again(joined: Bench) -> None:
    press(joined)
    for order in (open_order(11), change("CANCEL", order=1, client_order_id=12)):
        joined.send_frame(joined.peer.command(order))
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
    joined.send_frame(joined.peer.command(open_order(13)))
    joined.run(100)
    assert joined.sends(13) == 1


def test_waiting_commands_are_refused(joined: Bench) -> None:
    joined.pipes[-1].window = 0  # 'busy' cannot be sent, so the command waits
    joined.send_frame(joined.peer.command(open_order(11)))
    joined.run(200)
    press(joined)
    joined.pipes[-1].window = 1 << 20
    joined.run(500)
    assert joined.stages(11)[-1] == "not_sent TRADING_OFF"
    assert joined.sends(11) == 0


def test_flatten_works_without_a_running_sidecar(joined: Bench) -> None:
    trade(joined)
    joined.linked = joined.beats = False
    joined.run(20_000)
    press(joined)
    joined.run(1_500)
    assert ours(joined) == 0


def test_flatten_works_before_the_first_session(joined: Bench) -> None:
    trade(joined)
    joined.linked = joined.beats = False
    joined.restart()
    joined.run(3_000)
    press(joined)
    joined.run(1_500)
    assert ours(joined) == 0


def test_refused_request_is_tried_five_times(joined: Bench) -> None:
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
    assert "1 positions and orders are open, 1 could not be closed" in joined.panel.replace("    ", " ")
    # Two more clicks start a new round.
    joined.broker.set_session("GBPUSD", True)
    click(joined)
    joined.run(1_000)
    press(joined)
    joined.run(1_000)
    assert ours(joined) == 0


def test_request_that_fails_once_is_repeated(joined: Bench) -> None:
    trade(joined)
    joined.broker.add_rule(Rule(effect=Reject(retcode=Retcode.REQUOTE)))
    press(joined)
    joined.run(4_000)
    assert ours(joined) == 0


def test_one_request_is_sent_per_timer_event(joined: Bench) -> None:
    trade(joined)
    requests: Counter[int] = Counter()

    def count(name: str, arguments: Sequence[Cell]) -> None:
        requests[joined.stepped.terminal.program.handler] += name == "OrderSend"

    joined.stepped.terminal.host.before = count
    press(joined)
    joined.run(1_500)
    assert sum(requests.values()) == 3 and max(requests.values()) == 1


def test_no_try_is_counted_without_permission(joined: Bench) -> None:
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
def test_reload_continues_the_flatten_and_refuses_commands(joined: Bench, how: str) -> None:
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
    joined.send_frame(joined.peer.command(open_order(11)))
    joined.run(100)
    assert [f.message for f in joined.peer.reports_of(CommandReport) if f.client_order_id == 11] == [PRESSED]
    joined.broker.set_session("GBPUSD", True)
    joined.run(3_000)
    assert ours(joined) == 0
    click(joined)
    joined.restart()
    joined.join()
    assert button(joined) == "flatten"
    joined.send_frame(joined.peer.command(open_order(12)))
    joined.run(100)
    assert joined.sends(12) == 1


def test_double_click_counts_once(joined: Bench) -> None:
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


def test_deleted_button_is_created_again(joined: Bench) -> None:
    joined.stepped.terminal.chart.objects.clear()
    joined.run(6_000)
    assert button(joined) == "flatten"
    assert "Broker: connected" in joined.panel


def test_position_without_magic_is_closed_by_its_entry_deal(joined: Bench) -> None:
    joined.send_frame(joined.peer.command(open_order(1)))
    joined.run(100)
    (position,) = joined.broker.positions()
    joined.broker.manual_close(position.ticket, Decimal("0.05"))
    assert joined.broker.positions()[0].magic == 0
    press(joined)
    joined.run(1_500)
    assert joined.broker.positions() == []


def test_refused_filling_mode_is_replaced(joined: Bench) -> None:
    joined.send_frame(joined.peer.command(open_order(1)))
    joined.run(100)
    terms = joined.broker.symbol("EURUSD")
    assert terms is not None and SymbolFilling.IOC in terms.filling_mode

    def change_terms(name: str, arguments: Sequence[Cell]) -> None:
        # After the EA has read the flags, and before the server does.
        if name == "OrderCheck":
            joined.broker.set_symbol(replace(terms, filling_mode=SymbolFilling.FOK))

    joined.stepped.terminal.host.before = change_terms
    press(joined)
    joined.run(1_500)
    assert joined.broker.positions() == []
    assert joined.broker.sends()[-1].request.type_filling is OrderFilling.FOK
    assert len(joined.broker.sends()) == 2
