"""Order of sends: closes, changes and cancels overtake opens. A long send is announced until it is over."""

from collections.abc import Sequence
from decimal import Decimal

import pytest
from msgspec.structs import replace

from bridge.core.link.messages import CommandKind, ReportMessage, TerminalHeartbeat
from bridge.core.link.reports import CommandReport, DealReport, decode_report
from bridge.core.units.mt5_terms import Side
from tests.mql5.host.binding.library import Cell
from tests.native.bench import Bench
from tests.native.requests import change, pending
from tests.native.test_flatten import ours, press, trade
from tests.sidecar_peer import open_order

SEND_US = 1_500_000


def slow_broker(bench: Bench, microseconds: int = SEND_US) -> None:
    """Let each OrderSend take that long."""

    def before(name: str, arguments: Sequence[Cell]) -> None:
        if name == "OrderSend":
            bench.clock.advance_us(microseconds)

    bench.stepped.terminal.host.before = before


def sent(bench: Bench) -> list[int]:
    """Return the magics of the sends, in order."""
    return [record.request.magic for record in bench.broker.sends()]


def until_sends(bench: Bench, number: int) -> None:
    """Run until so many orders are sent."""
    for _ in range(10_000):
        if len(bench.broker.sends()) >= number:
            return
        bench.run(20)
    raise AssertionError(f"{len(bench.broker.sends())} orders are sent, not {number}")


def said_by(bench: Bench) -> list[str]:
    """Return 'busy' or 'idle' for each heartbeat, and each stage of a command, in order."""
    said = []
    for message in bench.peer.messages:
        if isinstance(message, TerminalHeartbeat):
            said.append("busy" if message.busy else "idle")
        elif isinstance(message, ReportMessage):
            report = decode_report(bytes(message.report))
            if isinstance(report, CommandReport):
                said.append(str(report.stage))
    return said


def test_close_is_sent_before_twenty_opens_that_came_earlier(joined: Bench) -> None:
    joined.send_frame(joined.peer.command(open_order(1, symbol="GBPUSD")))
    joined.send_frame(joined.peer.command(replace(pending("LIMIT", "1.09000"), client_order_id=2)))
    until_sends(joined, 2)
    joined.run(500)
    position = joined.peer.reports_of(DealReport)[0].position_id
    slow_broker(joined)
    for client_order_id in range(101, 121):
        joined._ends[-1].send(joined.peer.command(open_order(client_order_id, volume="0.01")))
    joined.carry()
    until_sends(joined, 4)
    modify = replace(change(CommandKind.MODIFY, position=position), client_order_id=201, symbol="GBPUSD")
    joined.send_frame(joined.peer.command(replace(modify, stop_loss=Decimal("1.00000"))))
    close = open_order(202, symbol="GBPUSD", side=Side.SELL, kind=CommandKind.CLOSE, position=position)
    joined.send_frame(joined.peer.command(close))
    until_sends(joined, 24)
    # A MODIFY of a position bears no magic.
    actions = [record.request.action.name for record in joined.broker.sends()][2:]
    assert actions == ["DEAL", "DEAL", "SLTP", *["DEAL"] * 19]
    assert [magic for magic in sent(joined)[2:] if magic > 100] == [101, 102, 202, *range(103, 121)]


def test_close_that_takes_the_place_of_an_announced_open_is_announced_itself(joined: Bench) -> None:
    joined.send_frame(joined.peer.command(open_order(1)))
    joined.run(500)
    position = joined.peer.reports_of(DealReport)[0].position_id
    joined.pipes[-1].window = 0  # 'busy' cannot be sent, so the command waits
    joined.send_frame(joined.peer.command(open_order(2)))
    joined.run(100)
    close = open_order(3, side=Side.SELL, kind=CommandKind.CLOSE, position=position)
    joined.send_frame(joined.peer.command(close))
    joined.run(100)
    joined.peer.forget()
    joined.pipes[-1].window = 1 << 20
    joined.run(300)
    assert sent(joined) == [1, 3, 2]
    # Announced for the open, for the close that took its place, and again for the open.
    said = [word for word in said_by(joined) if word != "idle"]
    assert said == [
        "received",
        "busy",
        "received",
        "busy",
        "submitted",
        "result",
        "busy",
        "submitted",
        "result",
    ]


def test_busy_follows_the_reports_before_it_and_ends_after_the_send(joined: Bench) -> None:
    joined.run(200)
    joined.peer.forget()
    slow_broker(joined, 4_000_000)
    joined.send_frame(joined.peer.command(open_order()))
    joined.run(5_000)
    said = said_by(joined)
    start = said.index("received")
    assert said[start : start + 2] == ["received", "busy"]
    send = said[start:]
    assert send.index("result") < send.index("idle")


@pytest.mark.parametrize("window", [1 << 20, 0])
def test_sends_of_the_button_are_announced_and_wait_for_no_socket(joined: Bench, window: int) -> None:
    trade(joined)
    joined.peer.forget()
    busy_before: list[bool] = []

    def before(name: str, arguments: Sequence[Cell]) -> None:
        if name == "OrderSend":
            joined.carry()
            beats = joined.peer.messages_of(TerminalHeartbeat)
            busy_before.append(bool(beats) and beats[-1].busy)
            joined.clock.advance_us(4_000_000)

    joined.pipes[-1].window = window
    joined.stepped.terminal.host.before = before
    press(joined)
    joined.run(15_000)
    assert ours(joined) == 0
    assert busy_before == [bool(window)] * 3
    joined.pipes[-1].window = 1 << 20
    joined.run(2_000)
    assert joined.peer.messages_of(TerminalHeartbeat)[-1].busy is False
