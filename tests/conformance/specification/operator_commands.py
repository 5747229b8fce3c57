"""W: operator commands: halt, resume, flatten, resolve and status, with and without a running sidecar."""

import json
import signal
from decimal import Decimal
from typing import Any

from bridge.core.director.contract import EventType
from bridge.exits import ExitCode
from bridge.simulator.broker.fault_rules import DelayHistory, DropTransactions, LoseAnswer, SendKind
from bridge.simulator.broker.scenario import Scenario, SymbolTerms
from bridge.simulator.mt5.types import OrderType, Retcode
from tests.conformance.rig import ConformanceRig, Kind
from tests.conformance.specification.case import case
from tests.conformance.specification.expectations import (
    CANCELLED,
    PLACED,
    refused,
    rests,
    shut,
    until,
    volumes,
)
from tests.rig.rig import CLOSED, OPENED
from tests.rig.world import OFFICER

LOST = (EventType.DIRECTIVE_RECEIVED, EventType.BROKER_ERROR, EventType.SYSTEM_ERROR)
"""Events of an open outcome without evidence."""
GONE = (*OPENED, EventType.POSITION_CLOSED)


def order(rig: ConformanceRig, *arguments: str, code: ExitCode = ExitCode.OK) -> str:
    """A person's command; what it said."""
    process = rig.bridge(arguments[0], "--config", str(rig.config_path), *arguments[1:])
    assert process.exited() == code, process.log
    return "\n".join(process.log)


def status(rig: ConformanceRig, *, code: ExitCode = ExitCode.OK) -> dict[str, Any]:
    report = json.loads(order(rig, "status", "--json", code=code).splitlines()[-1])
    assert isinstance(report, dict)
    return report


@case("W01", "A halt refuses opens with its reason and allows closes, changes and cancels, until a resume")
def halts(rig: ConformanceRig) -> None:
    rig.start()
    rig.open()
    waiting = rig.issue("OPEN_LONG", order_type="LIMIT", price=1.09)
    rig.emitted(waiting, *PLACED)
    order(rig, "halt", "--why", "news at ten")
    refused(rig, "HALTED", "news at ten")
    refused(rig, "HALTED", "news at ten", symbol="GBPUSD", order_type="LIMIT", price=1.2)
    rig.emitted(rig.issue("MODIFY_SL", stop_loss=1.08), *PLACED)
    rig.emitted(rig.issue("CANCEL"), *CANCELLED)
    rig.emitted(waiting, *PLACED, EventType.ORDER_CANCELLED)
    rig.emitted(rig.issue("CLOSE"), *CLOSED)
    order(rig, "resume")
    rig.open()
    order(rig, "halt", "--symbol", "EURUSD")
    refused(rig, "HALTED")
    rig.open(symbol="GBPUSD")


@case("W02", "A halt without a running sidecar holds, and outlives restarts of sidecar and terminal")
def halt_survives(rig: ConformanceRig) -> None:
    rig.start()
    assert rig.sidecar.terminate() == ExitCode.OK
    order(rig, "halt", "--officer", OFFICER, "--why", "over night")
    assert [halt["why"] for halt in status(rig, code=ExitCode.NOT_RUNNING)["journal"]["halts"]] == [
        "over night"
    ]
    rig.start_sidecar()
    refused(rig, "HALTED", "over night")
    rig.sidecar.kill()
    rig.start_sidecar()
    # A terminal that ends within its handshake says no bye, and its successor would have to wait.
    rig.sidecar.logged("terminal_connected")
    rig.terminal.terminate()
    rig.restart_terminal()
    refused(rig, "HALTED", "over night")
    rig.sidecar.terminate()
    order(rig, "resume")
    rig.start_sidecar()
    rig.open()


@case("W03", "A flatten closes this officer's positions, cancels its orders, leaves manual trades, and halts")
def flattens(rig: ConformanceRig) -> None:
    rig.start()
    held = rig.open(quantity=0.02)
    waiting = rig.issue("OPEN_LONG", order_type="LIMIT", price=1.09)
    rests(rig, waiting)
    rig.broker.manual_open("EURUSD", OrderType.BUY, Decimal("0.05"))
    rig.broker.manual_pending("EURUSD", OrderType.BUY_LIMIT, Decimal("0.05"), Decimal("1.09"))
    order(rig, "flatten", "--yes", "--why", "the strategy is off")
    rig.emitted(held, *GONE)
    rig.emitted(waiting, *PLACED, EventType.ORDER_CANCELLED)
    refused(rig, "HALTED")
    assert volumes(rig) == [Decimal("0.05")]
    assert [bool(each.magic) for each in rig.broker.orders()] == [False]
    assert [SendKind.of(send.request) for send in rig.broker.sends()[2:]] == [SendKind.REMOVE, SendKind.CLOSE]
    order(rig, "resume")
    rig.open()


@case("W04", "A flatten without a running sidecar is executed at the next start, once")
def flattens_later(rig: ConformanceRig) -> None:
    rig.start()
    held = rig.open()
    assert rig.sidecar.terminate() == ExitCode.OK
    assert "No sidecar runs" in order(rig, "flatten", "--yes")
    rig.start_sidecar()
    rig.emitted(held, *GONE)
    assert volumes(rig) == []
    rig.sidecar.terminate()
    rig.start_sidecar()
    refused(rig, "HALTED")
    assert len(rig.broker.sends()) == 2


@case("W05", "An UNKNOWN outcome is shown with a remedy and ends by `resolve`, which is audited and reported")
def resolves(rig: ConformanceRig) -> None:
    rig.start()
    unknown: dict[str, str] = {}
    for word in ("filled", "rejected", "cancelled"):
        rig.reject(Retcode.TIMEOUT)
        unknown[word] = rig.issue("OPEN_LONG")
        rig.emitted(unknown[word], *LOST)
    report = status(rig, code=ExitCode.ATTENTION)
    assert [required_action["code"] for required_action in report["required_actions"]] == ["UNKNOWN"] * 3
    assert {each["directive_id"] for each in report["journal"]["unresolved"]} == set(unknown.values())
    note = ("--note", "asked the broker's desk")
    order(rig, "resolve", unknown["rejected"], "--as", "rejected", *note)
    *_, emitted = rig.emitted(unknown["rejected"], *LOST, EventType.ORDER_REJECTED)
    assert "asked the broker's desk" in emitted.body["error_message"]
    order(rig, "resolve", unknown["filled"], "--as", "filled", "--price", "1.0951", *note)
    *_, emitted = rig.emitted(unknown["filled"], *LOST, EventType.ORDER_FILLED)
    assert (emitted.body["fill_price"], emitted.body["fill_quantity"]) == (1.0951, 0.01)
    rig.sidecar.terminate()
    order(rig, "resolve", unknown["cancelled"], "--as", "cancelled", *note)
    rig.start_sidecar()
    rig.emitted(unknown["cancelled"], *LOST, EventType.ORDER_CANCELLED)
    assert len(rig.journal.rows("SELECT 1 FROM audit WHERE body LIKE '%asked the broker''s desk%'")) >= 3
    until(rig, "no action is required", lambda: status_well(rig))
    order(rig, "resolve", unknown["filled"], "--as", "rejected", *note, code=ExitCode.FAILED)
    assert len(rig.broker.sends()) == 3


def status_well(rig: ConformanceRig) -> bool:
    """Assert that no action is required."""
    process = rig.bridge("status", "--config", str(rig.config_path))
    return process.exited() == ExitCode.OK


@case("W06", "An UNKNOWN outcome ends by evidence that appears later, and nothing is sent for it again")
def evidence(rig: ConformanceRig) -> None:
    rig.start()
    rig.open()
    # The position is gone: nothing but the history shows the close.
    for effect in (LoseAnswer(), DropTransactions(), DelayHistory(milliseconds=15_000)):
        rig.fault(effect, SendKind.CLOSE)
    close = rig.issue("CLOSE")
    rig.emitted(close, *LOST, *CLOSED[1:])
    assert rig.journal.state(close) == "FILLED"
    assert len(rig.broker.sends()) == 2


@case(
    "W07",
    "The Expert Advisor's flatten button works while the sidecar is dead, which learns of it afterwards",
    # The reference terminal has no chart to put a button on.
    kinds=(Kind.NATIVE,),
)
def button(rig: ConformanceRig) -> None:
    rig.start()
    held = rig.open(quantity=0.02)
    waiting = rig.issue("OPEN_LONG", order_type="LIMIT", price=1.09)
    rests(rig, waiting)
    rig.broker.manual_open("EURUSD", OrderType.BUY, Decimal("0.05"))
    rig.button_pressed = True
    rig.terminal.send(signal.SIGUSR1)
    rig.terminal.line("pressed by SIGUSR1")
    mark = rig.terminal.mark
    rig.sidecar.kill()
    # It tries again a second later: by now the first click was handled, and a second one is no double click.
    rig.terminal.line("no connection to", since=mark)
    rig.terminal.send(signal.SIGUSR1)
    rig.sent(4)
    rig.start_sidecar()
    rig.emitted(held, *GONE)
    rig.emitted(waiting, *PLACED, EventType.ORDER_CANCELLED)
    assert volumes(rig) == [Decimal("0.05")]


@case("W08", "A flatten closes positions of a closed market when it opens; the reason is reported once")
def flattens_when_open(rig: ConformanceRig) -> None:
    rig.start()
    held = rig.open()
    shut(rig, "EURUSD", 15)
    order(rig, "flatten", "--yes")
    rig.emitted(held, *GONE)
    assert volumes(rig) == []
    # The Expert Advisor finds the market closed before the send; the reference terminal leaves that to the broker.
    state = "NEVER_SENT" if rig.kind is Kind.NATIVE else "REJECTED"
    tries = rig.journal.rows("SELECT 1 FROM commands WHERE kind = 'CLOSE' AND state = ?", state)
    assert len(tries) >= 2
    rig.compared = False
    [emitted] = [event for event in rig.director.events() if event.type == EventType.ORDER_REJECTED]
    assert (emitted.directive_id, emitted.code) == (None, str(int(Retcode.MARKET_CLOSED)))


@case("W09", "A flatten of one symbol, by the Director's or the broker's name, closes and halts that alone")
def flattens_one_symbol(rig: ConformanceRig) -> None:
    rig.configure(officers=[{"id": OFFICER, "symbols": {"EURUSD": "EURUSD.r"}}])
    rig.start_with(
        Scenario(symbols=(SymbolTerms(name="EURUSD.r", like="EURUSD"), SymbolTerms(name="GBPUSD")))
    )
    pound = rig.open(symbol="GBPUSD")
    for name in ("EURUSD", "EURUSD.r"):
        euro = rig.open()
        waiting = rig.issue("OPEN_LONG", order_type="LIMIT", price=1.09)
        rests(rig, waiting)
        printed = order(rig, "flatten", "--symbol", name, "--yes", "--wait", "60")
        assert "everything is closed and cancelled; 2 closes and cancels took effect." in printed
        rig.emitted(euro, *GONE)
        rig.emitted(waiting, *PLACED, EventType.ORDER_CANCELLED)
        assert [position.symbol for position in rig.broker.positions()] == ["GBPUSD"]
        refused(rig, "HALTED")
        order(rig, "resume", "--symbol", name)
    order(rig, "flatten", "--symbol", "EURUSD.x", "--yes", code=ExitCode.FAILED)
    rig.emitted(pound, *OPENED)
    rig.open(symbol="GBPUSD")
