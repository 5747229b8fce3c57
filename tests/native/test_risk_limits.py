"""Risk limits: an OPEN beyond a limit is refused with its name and the numbers; other commands are not."""

import re
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace

from bridge.core.link.messages import CommandKind, Order
from bridge.core.link.reports import CommandReport, CommandStage, NotSentReason
from bridge.core.units.mt5_terms import Side
from bridge.simulator.broker.fault_rules import Reject, Rule
from bridge.simulator.mt5.types import OrderType, Retcode, TradeRequest
from tests.mql5.host.functions.chart import Variables
from tests.mql5.host.switches import thrown
from tests.native.bench import Bench
from tests.native.requests import Commands, change, pending
from tests.native.test_commands import begin
from tests.sidecar_peer import open_order

DAY_MS = 86_400_000


def send(bench: Bench, order: Order) -> str:
    """Send a command; return "" where the EA sent it, else the refusal."""
    bench.send_frame(bench.peer.command(order))
    bench.run(150)
    refusals = [
        report
        for report in bench.peer.reports_of(CommandReport)
        if report.client_order_id == order.client_order_id and report.stage is CommandStage.NOT_SENT
    ]
    if not refusals:
        assert bench.sends(order.client_order_id) == 1
        return ""
    (report,) = refusals
    assert report.reason is NotSentReason.INPUTS
    return report.message


def variables(bench: Bench) -> dict[str, float]:
    """Return the terminal's global variables."""
    (found,) = [part for part in bench.stepped.terminal.host.parts if isinstance(part, Variables)]
    return found.values


def test_action_can_be_switched_off(bench: Bench) -> None:
    bench.start()
    bench.join()
    position = bench.broker.manual_open("EURUSD", OrderType.BUY, Decimal("0.10"))
    orders = {
        "InpAllowLong": open_order(),
        "InpAllowShort": pending("LIMIT", "1.10000", side="SELL"),
        "InpAllowCloses": open_order(kind=CommandKind.CLOSE, side=Side.SELL, position=position),
        "InpAllowModify": change("MODIFY", position=position, stops=("1.09000", None)),
        "InpAllowCancel": change("CANCEL", order=1),
    }
    actions = ["OPEN LONG", "OPEN SHORT", "CLOSE", "MODIFY", "CANCEL"]
    for (name, order), action in zip(orders.items(), actions, strict=True):
        begin(bench, **{name: "false"})
        others = ", ".join(other for other in actions if other != action)
        message = f"{action} is not among the allowed actions ({others})"
        assert Commands(bench).execute(order) == (NotSentReason.INPUTS, 0, message)
        del bench.inputs[name]
    everything = dict.fromkeys(orders, "false")
    assert "(none)" in send(begin(bench, **everything), open_order())


def test_symbol_outside_the_allowed_list_is_refused(bench: Bench) -> None:
    begin(bench, InpSymbols=" GBPUSD ,,USDJPY,")
    commands = Commands(bench)
    found = commands.execute(open_order())
    assert found == (NotSentReason.INPUTS, 0, "EURUSD is not among the allowed symbols (GBPUSD, USDJPY)")
    assert isinstance(commands.execute(open_order(symbol="GBPUSD")), TradeRequest)
    assert commands.execute(open_order(symbol="USD")) == (
        NotSentReason.INPUTS,
        0,
        "USD is not among the allowed symbols (GBPUSD, USDJPY)",
    )
    position = bench.broker.manual_open("EURUSD", OrderType.BUY, Decimal("0.10"))
    close = open_order(kind=CommandKind.CLOSE, side=Side.SELL, position=position)
    assert isinstance(commands.execute(close), TradeRequest)


def test_long_list_of_symbols_is_continued_in_further_inputs(bench: Bench) -> None:
    lists = {name: ",".join(f"X{name}{n:03}" for n in range(15)) for name in "ABC"}
    inputs = ("InpSymbols", "InpSymbols2", "InpSymbols3")
    begin(
        bench,
        **{
            name: f"{text},EURUSD" if "B" in text else text
            for name, text in zip(inputs, lists.values(), strict=True)
        },
    )
    commands = Commands(bench)
    assert isinstance(commands.execute(open_order()), TradeRequest)
    begin(bench, InpSymbols2=lists["B"])
    found = commands.execute(open_order())
    assert isinstance(found, tuple) and found[0] is NotSentReason.INPUTS
    assert found[2] == "EURUSD is not among the 45 allowed symbols"


@pytest.mark.parametrize(
    ("name", "label", "most"),
    [
        ("InpSymbols", "Symbols allowed for opening", 244),
        ("InpSymbols2", "Further symbols, first continuation", 243),
        ("InpSymbols3", "Further symbols, second continuation", 243),
        ("InpHost", "Host", 247),
    ],
)
@pytest.mark.parametrize("more", [0, 1, 100])
def test_text_input_of_full_length_stops_the_program_with_its_name(
    bench: Bench, name: str, label: str, most: int, more: int
) -> None:
    bench.inputs[name] = "E" * (most + more)
    bench.restart()
    bench.run(1_000)
    panel = re.sub(r"\s+", " ", bench.panel)
    assert f"the input '{label}' has {most} characters, the most that the terminal keeps" in panel
    assert bench.pipes == []


def test_text_input_below_full_length_is_used(bench: Bench) -> None:
    begin(bench, InpSymbols="EURUSD,".ljust(243, "E"))
    assert isinstance(Commands(bench).execute(open_order()), TradeRequest)


@pytest.mark.parametrize(("price", "points"), [(None, 50), (None, None), ("1.09480", 50)])
def test_close_is_not_refused_for_its_deviation(bench: Bench, price: str | None, points: int | None) -> None:
    begin(bench, InpDeviation="20", InpMaxDeviation="10")
    commands = Commands(bench)
    position = bench.broker.manual_open("EURUSD", OrderType.BUY, Decimal("0.10"))
    wished = open_order(side=Side.SELL, position=position, price=price, deviation_points=points)
    sent = commands.execute(replace(wished, kind=CommandKind.CLOSE))
    assert isinstance(sent, TradeRequest)
    assert sent.deviation == 10
    found = commands.execute(open_order(deviation_points=points))
    asked = points or 20
    message = f"a deviation of {asked} points is more than the maximum deviation 10"
    assert found == (NotSentReason.INPUTS, 0, message)


def test_positions_and_volume_per_symbol_are_limited(bench: Bench) -> None:
    begin(bench, InpMaxSymbolPositions="3", InpMaxSymbolLots="0.35")
    bench.broker.manual_open("EURUSD", OrderType.BUY, Decimal("5"))  # of another program
    assert send(bench, open_order(1)) == ""
    assert send(bench, replace(pending("LIMIT", "1.09000"), client_order_id=2)) == ""
    assert send(bench, open_order(3, volume="0.20")) == (
        "0.40 lots in EURUSD are more than the maximum volume per symbol 0.35"
    )
    assert send(bench, open_order(4, volume="0.15")) == ""
    assert send(bench, open_order(5, volume="0.01")) == (
        "4 positions and pending orders in EURUSD are more than the maximum positions per symbol 3"
    )
    assert send(bench, open_order(6, symbol="GBPUSD")) == ""
    ours = next(p for p in bench.broker.positions() if p.magic == 1)
    assert send(bench, open_order(7, kind=CommandKind.CLOSE, side=Side.SELL, position=ours.identifier)) == ""
    assert send(bench, open_order(8, volume="0.02")) == ""


def test_position_without_magic_counts(bench: Bench) -> None:
    begin(bench, InpMaxSymbolPositions="1")
    assert send(bench, open_order(1)) == ""
    (position,) = bench.broker.positions()
    bench.broker.manual_close(position.ticket, Decimal("0.05"))
    assert bench.broker.positions()[0].magic == 0
    assert send(bench, open_order(2)).startswith("2 positions and pending orders")


@pytest.mark.parametrize("switch", ["position_late", "order_in_neither_list"])
@pytest.mark.parametrize("form", ["MARKET", "LIMIT"])
def test_sent_order_counts_before_it_is_visible(expert: Path, tmp_path: Path, form: str, switch: str) -> None:
    limits = {"InpMaxSymbolPositions": "2", "InpMaxSymbolLots": "0.25"}
    bench = Bench(expert, tmp_path, thrown(switch), inputs=limits)
    orders = [open_order(client_order_id) for client_order_id in range(1, 9)]
    if form == "LIMIT":
        orders = [
            replace(pending("LIMIT", "1.09000"), client_order_id=order.client_order_id) for order in orders
        ]
    try:
        bench.start()
        bench.join()
        bench.broker.add_rule(Rule(effect=Reject(retcode=Retcode.NO_MONEY)))
        assert [send(bench, order) for order in orders[:3]] == [
            "",
            "",
            "",
        ]  # the first was refused and does not count
        assert send(bench, orders[3]).startswith("3 positions and pending orders")
        bench.run(1_000)
        assert send(bench, orders[5]).startswith("3 positions and pending orders")
    finally:
        bench.close()


def test_closed_position_does_not_count(bench: Bench) -> None:
    begin(bench, InpMaxSymbolPositions="1")
    assert send(bench, open_order(1)) == ""
    bench.broker.manual_close(bench.broker.positions()[0].ticket)
    assert send(bench, replace(pending("LIMIT", "1.09000"), client_order_id=2)) == ""
    bench.broker.manual_cancel(bench.broker.orders()[0].ticket)
    assert send(bench, open_order(3)) == ""


def test_invisible_order_counts_for_five_connected_seconds(bench: Bench) -> None:
    begin(bench, InpMaxSymbolPositions="1")
    bench.broker.add_rule(Rule(effect=Reject(retcode=Retcode.TIMEOUT)))
    assert send(bench, open_order(1)) == ""
    bench.broker.disconnect()
    bench.run(10_000)
    bench.broker.connect()
    bench.run(4_000)
    assert send(bench, open_order(2)).startswith("2 positions and pending orders")
    bench.run(1_000)
    assert send(bench, open_order(3)) == ""


def test_orders_per_minute_are_limited(bench: Bench) -> None:
    begin(bench, InpMaxOrdersPerMinute="2")
    assert send(bench, open_order(1)) == ""
    bench.run(30_000)
    assert send(bench, open_order(2)) == ""
    assert (
        send(bench, open_order(3)) == "2 orders were sent within a minute; the maximum orders per minute is 2"
    )
    position = bench.broker.positions()[0].identifier
    assert send(bench, open_order(4, kind=CommandKind.CLOSE, side=Side.SELL, position=position)) == ""
    bench.run(30_000)
    assert send(bench, open_order(5)) == ""
    assert send(bench, open_order(6)) != ""


def test_margin_level_is_limited(bench: Bench) -> None:
    begin(bench, InpMinMarginLevel="5000")
    assert send(bench, open_order(1)) == ""  # the level is undefined without margin
    assert send(bench, open_order(2)) == ""
    level = bench.broker.account().margin_level
    assert send(bench, open_order(3)) == (
        f"the margin level {level:.2f} % is below the minimum margin level 5000.00 %"
    )


def test_daily_loss_survives_a_restart_and_ends_with_the_day(bench: Bench) -> None:
    begin(bench, InpMaxDailyLoss="50")
    assert send(bench, open_order(1)) == ""
    bench.broker.set_quote("EURUSD", Decimal("1.08900"), Decimal("1.08910"))
    equity = bench.broker.account().equity
    message = send(bench, open_order(2))
    assert message == (
        f"the equity {equity:.2f} is {10000 - equity:.2f} below 10000.00, "
        "the equity at the start of the broker's day; the maximum daily loss is 50.00"
    )
    (day,) = [value for name, value in variables(bench).items() if name.endswith(".day")]
    assert day == bench.broker.server_time() // DAY_MS
    bench.restart()
    bench.join()
    assert send(bench, open_order(3)) == message
    bench.clock.advance_us((DAY_MS - bench.broker.server_time() % DAY_MS + 1_000) * 1_000)
    bench.join()
    assert send(bench, open_order(4)) == ""


@pytest.mark.parametrize(
    ("inputs", "word"),
    [
        ({"InpMaxSymbolPositions": "-1"}, "Maximum positions per symbol"),
        ({"InpMaxSymbolLots": "-0.1"}, "Maximum volume per symbol"),
        ({"InpMaxOrdersPerMinute": "-1"}, "Maximum orders per minute"),
        ({"InpMinMarginLevel": "-1"}, "Minimum margin level"),
        ({"InpMaxDailyLoss": "-1"}, "Maximum daily loss"),
    ],
)
def test_invalid_risk_limit_is_named(bench: Bench, inputs: dict[str, str], word: str) -> None:
    bench.inputs.update(inputs)
    bench.restart()
    assert f"Not working: the input '{word}'" in bench.panel
