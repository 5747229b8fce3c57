"""Flatten button on a netting account: it closes no more than this EA's allocation, and sends no second close while
the first may still be executed. Either would touch the volume of others."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Protocol

import pytest
from msgspec.structs import replace

from bridge.core.link.messages import CommandKind
from bridge.core.units.mt5_terms import MarginMode, Side
from bridge.simulator.broker.api import SendRecord
from bridge.simulator.broker.fault_rules import Fills, LoseAnswer, Match, Pace, Reject, Rule, SendKind
from bridge.simulator.broker.scenario import AccountTerms, Scenario, SymbolTerms
from bridge.simulator.mt5.types import OrderType, PositionType, Retcode, TradeAction
from tests.mql5.host.switches import Switches
from tests.native.bench import Bench
from tests.native.requests import pending
from tests.native.test_flatten import click, press
from tests.sidecar_peer import open_order

LOT, MORE = Decimal("0.10"), Decimal("0.30")
OPEN = [10008, 10009, 10010, 10011, 10012, 10028, 10031, 0]
"""Return codes after which a request may still be executed, or has been executed."""


class Netting(Protocol):
    """Factory of joined EAs on a netting account. The fixture closes them."""

    def __call__(self, mode: MarginMode = ..., switches: Switches = ...) -> Bench: ...


@pytest.fixture
def netting(expert: Path, tmp_path: Path) -> Iterator[Netting]:
    made: list[Bench] = []

    def make(mode: MarginMode = MarginMode.RETAIL_NETTING, switches: Switches | None = None) -> Bench:
        terms = AccountTerms(margin_mode=mode)
        bench = Bench(expert, tmp_path, switches or Switches(), scenario=Scenario(account=terms))
        made.append(bench)
        bench.start()
        bench.join()
        return bench

    yield make
    for bench in made:
        bench.close()


def opens(bench: Bench, client_order_id: int = 1, side: Side = Side.BUY, volume: str = "0.10") -> None:
    bench.send_frame(bench.peer.command(open_order(client_order_id, side=side, volume=volume)))
    bench.run(100)
    assert bench.sends(client_order_id) == 1


def manually(bench: Bench, side: OrderType = OrderType.BUY, volume: Decimal = MORE) -> None:
    bench.broker.manual_open("EURUSD", side, volume)


def closes(bench: Bench) -> list[SendRecord]:
    """Return the closing requests of the button."""
    return [
        record
        for record in bench.broker.sends()
        if record.request.action is TradeAction.DEAL and record.request.comment == "flatten"
    ]


def held(bench: Bench) -> list[tuple[PositionType, Decimal]]:
    return [(position.type, position.volume) for position in bench.broker.positions()]


BUY, SELL = PositionType.BUY, PositionType.SELL


@pytest.mark.parametrize("mode", [MarginMode.RETAIL_NETTING, MarginMode.EXCHANGE])
def test_flatten_closes_the_eas_allocation_only(netting: Netting, mode: MarginMode) -> None:
    bench = netting(mode)
    manually(bench)
    opens(bench)
    press(bench)
    bench.run(40_000)
    assert held(bench) == [(BUY, MORE)]
    assert [record.request.volume for record in closes(bench)] == [LOT]
    assert "nothing of this program is open" in bench.panel


@pytest.mark.parametrize("keep_magic", [True, False])
def test_reopening_by_the_server_changes_no_allocation(netting: Netting, keep_magic: bool) -> None:
    bench = netting()
    manually(bench)
    opens(bench)
    (position,) = bench.broker.positions()
    bench.broker.reopen_position(position.ticket, keep_magic=keep_magic)
    press(bench)
    bench.run(40_000)
    assert held(bench) == [(BUY, MORE)]
    assert [record.request.volume for record in closes(bench)] == [LOT]


def test_split_by_deals_splits_the_allocation(netting: Netting) -> None:
    bench = netting()
    manually(bench)
    opens(bench)
    bench.broker.split_symbol("EURUSD", Decimal(2), deals=True)
    press(bench)
    bench.run(40_000)
    assert held(bench) == [(BUY, 2 * MORE)]
    assert [record.request.volume for record in closes(bench)] == [2 * LOT]


def test_closed_volume_is_subtracted_from_the_allocation(netting: Netting) -> None:
    bench = netting()
    opens(bench)
    manually(bench)
    (position,) = bench.broker.positions()
    close = open_order(2, kind=CommandKind.CLOSE, side=Side.SELL, position=position.identifier, volume="0.04")
    bench.send_frame(bench.peer.command(close))
    bench.run(100)
    bench.broker.manual_close(position.ticket, Decimal("0.20"))  # a manual trade belongs to the operator
    press(bench)
    bench.run(1_500)
    assert held(bench) == [(BUY, Decimal("0.10"))]
    assert [record.request.volume for record in closes(bench)] == [Decimal("0.06")]


def test_manual_trade_beyond_its_own_volume_reduces_the_allocation(netting: Netting) -> None:
    bench = netting()
    opens(bench)
    manually(bench)
    bench.broker.manual_close(bench.broker.positions()[0].ticket, Decimal("0.36"))
    press(bench)
    bench.run(1_500)
    assert held(bench) == []
    assert [record.request.volume for record in closes(bench)] == [Decimal("0.04")]


@pytest.mark.parametrize("ours", [True, False])
def test_reversal_keeps_the_owner_of_the_remaining_volume(netting: Netting, ours: bool) -> None:
    bench = netting()
    if ours:
        manually(bench, OrderType.SELL)
        opens(bench, volume="0.50")
    else:
        opens(bench)
        manually(bench, OrderType.SELL)
    assert held(bench) == [(BUY if ours else SELL, Decimal("0.20"))]
    manually(bench, OrderType.BUY if ours else OrderType.SELL)
    press(bench)
    bench.run(1_500)
    assert [record.request.volume for record in closes(bench)] == [Decimal("0.20")] * ours
    assert held(bench) == ([(BUY, MORE)] if ours else [(SELL, Decimal("0.50"))])


@pytest.mark.parametrize("retcode", OPEN)
def test_inconclusive_answer_delays_the_next_close(netting: Netting, retcode: int) -> None:
    bench = netting()
    opens(bench)
    bench.broker.add_rule(Rule(effect=Reject(retcode=retcode)))
    press(bench)
    bench.run(29_500)
    assert len(closes(bench)) == 1
    bench.run(2_000)
    assert held(bench) == []
    one, other = closes(bench)
    assert 30_000 <= other.time_msc - one.time_msc <= 31_000


def test_new_press_does_not_shorten_the_delay(netting: Netting) -> None:
    bench = netting()
    opens(bench)
    bench.broker.add_rule(Rule(effect=Reject(retcode=Retcode.TIMEOUT)))
    press(bench)
    bench.run(1_000)
    click(bench)
    bench.run(1_000)
    press(bench)
    bench.run(26_000)
    assert len(closes(bench)) == 1
    bench.run(3_000)
    assert held(bench) == []


def test_refused_close_is_repeated_soon(netting: Netting) -> None:
    bench = netting()
    opens(bench)
    bench.broker.add_rule(Rule(effect=Reject(retcode=Retcode.REQUOTE), times=2))
    press(bench)
    bench.run(6_000)
    assert held(bench) == []
    assert all(b.time_msc - a.time_msc <= 2_600 for a, b in pairwise(closes(bench)))


@pytest.mark.parametrize("effect", [LoseAnswer(), LoseAnswer(retcode=10031), LoseAnswer(retcode=None)])
def test_lost_answer_causes_no_second_close(netting: Netting, effect: LoseAnswer) -> None:
    bench = netting()
    manually(bench)
    opens(bench)
    bench.broker.add_rule(Rule(effect=effect))
    press(bench)
    bench.run(40_000)
    assert held(bench) == [(BUY, MORE)]
    assert len(closes(bench)) == 1


@pytest.mark.parametrize("switches", [Switches(), Switches(comment_rewritten=True)])
def test_no_close_is_sent_while_the_order_is_open(netting: Netting, switches: Switches) -> None:
    bench = netting(switches=switches)
    manually(bench)
    opens(bench)
    sends = len(bench.broker.sends())
    bench.broker.add_rule(Rule(effect=Fills(volumes=(LOT,), pace=Pace.MANUALLY)))
    press(bench)
    bench.run(100_000)
    (order,) = bench.broker.orders()
    assert len(bench.broker.sends()) == sends + 1
    assert f"waiting for order {order.ticket} in EURUSD" in bench.panel
    bench.broker.fill(order.ticket, Decimal("0.04"))
    bench.run(1_000)
    assert len(bench.broker.sends()) == sends + 1
    bench.broker.manual_cancel(order.ticket)
    bench.run(2_000)
    assert held(bench) == [(BUY, MORE)]
    assert [record.request.volume for record in bench.broker.sends()[sends:]] == [LOT, Decimal("0.06")]


def test_remainder_of_a_partial_fill_is_closed(netting: Netting) -> None:
    bench = netting()
    manually(bench)
    opens(bench)
    bench.broker.add_rule(Rule(effect=Fills(volumes=(Decimal("0.04"),))))
    press(bench)
    bench.run(29_500)
    assert held(bench) == [(BUY, Decimal("0.36"))]
    bench.run(2_000)
    assert held(bench) == [(BUY, MORE)]
    assert [record.retcode for record in closes(bench)] == [Retcode.DONE_PARTIAL, Retcode.DONE]


def test_flatten_waits_for_an_open_order_of_the_ea(netting: Netting) -> None:
    bench = netting()
    opens(bench)
    bench.send_frame(bench.peer.command(replace(pending("LIMIT", "1.09000"), client_order_id=2)))
    bench.run(200)
    bench.broker.add_rule(Rule(effect=Reject(), match=Match(kind=SendKind.REMOVE)))
    press(bench)
    bench.run(1_900)
    assert closes(bench) == []
    bench.run(1_500)
    assert (held(bench), bench.broker.orders()) == ([], [])


def test_irremovable_order_does_not_prevent_the_close(netting: Netting) -> None:
    bench = netting()
    opens(bench)
    bench.send_frame(bench.peer.command(replace(pending("LIMIT", "1.09000"), client_order_id=2)))
    bench.run(200)
    bench.broker.add_rule(Rule(effect=Reject(), match=Match(kind=SendKind.REMOVE), times=100))
    press(bench)
    bench.run(15_000)
    assert held(bench) == []
    assert "1 could not be closed" in bench.panel


def test_flatten_waits_for_a_late_history(netting: Netting) -> None:
    bench = netting(switches=Switches(history_late=3_000))
    opens(bench)
    manually(bench)
    (position,) = bench.broker.positions()
    bench.run(4_000)
    close = open_order(2, kind=CommandKind.CLOSE, side=Side.SELL, position=position.identifier)
    bench.send_frame(bench.peer.command(close))
    bench.run(100)
    press(bench)
    bench.run(500)
    # The deal that closed the whole allocation is not in the history yet.
    assert f"waiting for the history of position {position.identifier}" in bench.panel
    bench.run(40_000)
    assert held(bench) == [(BUY, MORE)]
    assert closes(bench) == []


def test_reload_waits_for_a_close_sent_before(netting: Netting) -> None:
    bench = netting()
    opens(bench)
    bench.broker.add_rule(Rule(effect=Reject(retcode=Retcode.TIMEOUT)))
    press(bench)
    bench.run(1_000)
    assert len(closes(bench)) == 1
    bench.restart()
    bench.run(29_000)
    assert len(closes(bench)) == 1
    bench.run(3_000)
    assert held(bench) == []


@pytest.mark.parametrize("mode", list(MarginMode))
def test_rest_of_a_market_order_is_removed_and_what_was_filled_is_closed(
    expert: Path, tmp_path: Path, mode: MarginMode
) -> None:
    exchange = SymbolTerms(name="EURUSD", execution="EXCHANGE", filling=())
    scenario = Scenario(account=AccountTerms(margin_mode=mode), symbols=(exchange,))
    bench = Bench(expert, tmp_path, Switches(), scenario=scenario)
    try:
        bench.start()
        bench.join()
        bench.broker.add_rule(Rule(effect=Fills(volumes=(Decimal("0.04"),))))
        opens(bench)
        assert (held(bench), len(bench.broker.orders())) == ([(BUY, Decimal("0.04"))], 1)
        press(bench)
        bench.run(6_000)
        assert (held(bench), bench.broker.orders()) == ([], [])
        opening, *flattening = [record.request.action for record in bench.broker.sends()]
        assert opening is TradeAction.DEAL
        # On a netting account a live order could reverse what a close leaves.
        in_order = [TradeAction.REMOVE, TradeAction.DEAL]
        assert (flattening if mode.netting else sorted(flattening, reverse=True)) == in_order
        assert "nothing of this program is open" in bench.panel
    finally:
        bench.close()
