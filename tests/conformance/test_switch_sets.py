"""One sequence of directives under all switches and under halves of them; the Director receives the same events.

With RIG_SWITCHES=each also under each switch alone, and under more sets of many.

Several native terminals share a Director and a sidecar, each with its own broker and its own switches. Beside them
runs one reference terminal, with which each of them is compared.
"""

import os
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Final

import pytest

from bridge.core.director.contract import EventType
from bridge.simulator.broker.fault_rules import (
    DelayHistory,
    DropTransactions,
    Fills,
    LoseAnswer,
    Match,
    Reject,
    Rule,
    SendKind,
)
from bridge.simulator.broker.scenario import AccountTerms, Scenario, SymbolTerms
from bridge.simulator.mt5.types import Retcode
from tests.conformance.recording import Recorded, Recording, differences, record, without
from tests.conformance.rig import ConformanceRig, Kind
from tests.conformance.switch_sets import SwitchSet, chosen
from tests.rig.director import Event
from tests.rig.rig import CLOSED, OPENED, REFUSED

REFERENCE: Final = "reference"
E = EventType
FILLING_ANY_PART: Final = Scenario(
    symbols=(
        SymbolTerms(name="EURUSD"),
        SymbolTerms(name="GBPUSD"),
        SymbolTerms(name="USDJPY", filling=("IOC",)),
        SymbolTerms(name="XAUUSD"),
        SymbolTerms(name="SILVER", like="XAUUSD"),
    )
)
LATE_EVIDENCE: Final = (E.DIRECTIVE_RECEIVED, E.BROKER_ERROR, *OPENED[1:])
PLACED: Final = (E.DIRECTIVE_RECEIVED, E.ORDER_PLACED)
IN_PART: Final = (
    E.DIRECTIVE_RECEIVED,
    E.ORDER_PLACED,
    E.ORDER_PARTIAL_FILL,
    E.POSITION_OPENED,
    E.ORDER_PARTIAL_FILL,
    E.ORDER_CANCELLED,
)
FAULTS: Final = (
    Rule(effect=Reject(retcode=Retcode.NO_MONEY), match=Match(symbol="XAUUSD")),
    Rule(effect=Fills(volumes=(Decimal("0.01"), Decimal("0.02"))), match=Match(symbol="USDJPY", nth=1)),
    Rule(effect=DropTransactions(), match=Match(symbol="USDJPY", nth=1)),
    Rule(effect=LoseAnswer(retcode=Retcode.TIMEOUT), match=Match(symbol="SILVER", nth=1)),
    Rule(effect=DelayHistory(milliseconds=300), match=Match(symbol="SILVER", nth=1)),
    Rule(
        effect=Fills(volumes=(Decimal("0.01"), Decimal("0.01"))),
        match=Match(symbol="SILVER", kind=SendKind.CLOSE),
    ),
)


def _was_emitted(officer: str, type_: EventType, events: list[Event]) -> bool:
    """Return True where the officer has reported an event of this type."""
    return any(event.body["reported_by"] == officer and event.type == type_ for event in events)


class _Terminals:
    """All officers of a test. Each of them receives the same directives."""

    def __init__(self, rig: ConformanceRig, members: dict[str, SwitchSet]) -> None:
        self.rig = rig
        rig.kinds[REFERENCE] = Kind.REFERENCE
        rig.switch_sets |= {_officer(name): chosen for name, chosen in members.items()}
        self.names = {REFERENCE: REFERENCE} | {_officer(name): name for name in members}
        # On a busy machine a command that is late must not be sent again, in another order.
        slow = {"command_deadline_s": 60.0, "unknown_grace_s": 60.0}
        # So many officers that are polled at the short interval, and terminals with a timer call every 20 ms, would
        # keep the machine busy.
        rig.configure(
            officers=[{"id": officer} for officer in self.names], director={"poll_interval_s": 0.5}, link=slow
        )
        rig.inputs["InpTimerMs"] = "100"
        self._directives: dict[tuple[str, str], str] = {}
        self._emitted: dict[str, tuple[EventType, ...]] = {}

    def start(self) -> None:
        self.rig.start_director()
        for number, officer in enumerate(self.names):
            account = AccountTerms(login=AccountTerms().login + number)
            self.rig.start_broker(officer, Scenario(account=account, symbols=FILLING_ANY_PART.symbols))
            for rule in FAULTS:
                self.rig.brokers[officer].add_rule(rule)
        self.rig.start_sidecar()
        self.start_terminals()
        self.rig.ready()

    def start_terminals(self) -> None:
        self.each(self.rig.start_terminal)
        self.each(self.rig.list_address)

    def each(self, what: Callable[[str], object]) -> None:
        for officer in self.names:
            what(officer)

    def issue(self, name: str, action: str, target: str | None = None, **fields: object) -> None:
        """Issue the directive for each officer; `name` and `target` name directives of this test."""
        for officer in self.names:
            given = dict(fields)
            if target is not None:
                given["target_directive_id"] = self._directives[officer, target]
            # The comment that is made of it is long, and the same for each.
            given["directive_id"] = f"{name:-<32}{officer}"
            self._directives[officer, name] = self.rig.issue(action, officer=officer, **given)

    def emitted(self, name: str, *types: EventType) -> None:
        """Wait until each officer has reported exactly these events of it since the last call."""
        self._emitted[name] = (*self._emitted.get(name, ()), *types)
        for officer in self.names:
            self.rig.emitted(self._directives[officer, name], *self._emitted[name])

    def emitted_besides(self, type_: EventType) -> None:
        """Wait until each officer has reported this event without a directive."""
        for officer in self.names:
            self.rig.director.wait(
                f"waited for {type_} of {self.names[officer]}",
                partial(_was_emitted, officer, type_),
            )

    def compare(self) -> list[str]:
        """Return the differences of any terminal from the reference terminal."""
        reference = _unordered(record(self.rig, REFERENCE))
        found: list[str] = []
        for officer, name in self.names.items():
            withheld = self.rig.switch_sets[officer].withheld if officer in self.rig.switch_sets else set()
            emitted = Recorded(name, without(_unordered(record(self.rig, officer)), withheld))
            found += differences(emitted, Recorded(REFERENCE, without(reference, withheld)))
        return found


def _officer(name: str) -> str:
    return name.replace("_", "-").replace(" ", "-")


def run(rig: ConformanceRig, members: dict[str, SwitchSet]) -> None:
    """Run refusals, partial fills, a lost answer, changes, a crash, a broker that is away, all closings."""
    all_ = _Terminals(rig, members)
    all_.start()
    all_.issue("no-money", "OPEN_LONG", symbol="XAUUSD")
    all_.issue("off-the-step", "OPEN_LONG", quantity=0.015)
    all_.issue("stopped", "OPEN_LONG", stop_loss=1.09, take_profit=1.2)
    all_.issue("manual", "OPEN_SHORT", symbol="GBPUSD", quantity=0.04)
    all_.issue("in-part", "OPEN_LONG", symbol="USDJPY", quantity=0.05, stop_loss=140)
    all_.issue("answer-lost", "OPEN_LONG", symbol="SILVER", quantity=0.02)
    all_.issue(
        # No expiry: a PC's clock that is ahead would find it over.
        "resting",
        "OPEN_LONG",
        symbol="GBPUSD",
        order_type="LIMIT",
        price=1.1,
        time_in_force="GTC",
    )
    all_.emitted("no-money", *REFUSED)
    all_.emitted("off-the-step", *REFUSED)
    all_.emitted("stopped", *OPENED)
    all_.emitted("manual", *OPENED)
    all_.emitted("in-part", *IN_PART)
    all_.emitted("answer-lost", *LATE_EVIDENCE)
    all_.emitted("resting", *PLACED)

    all_.issue("part", "CLOSE", "manual", symbol="GBPUSD", quantity=0.01)
    all_.issue("in-parts", "CLOSE", "answer-lost", symbol="SILVER")
    all_.issue("moved", "MODIFY", "resting", symbol="GBPUSD", price=1.12)
    all_.issue("tightened", "MODIFY_SL", "stopped", stop_loss=1.091)
    all_.emitted("moved", *PLACED)
    all_.emitted("tightened", *PLACED)
    all_.emitted("part", *CLOSED[:-1])
    all_.emitted("in-parts", E.DIRECTIVE_RECEIVED, E.ORDER_PLACED, E.ORDER_PARTIAL_FILL, *CLOSED[2:])

    all_.each(lambda officer: rig.terminals[officer].kill())
    all_.each(lambda officer: rig.quote("1.08000", officer=officer))
    all_.each(lambda officer: _close_manually(rig, officer, "GBPUSD", "0.01"))
    all_.start_terminals()
    all_.emitted("stopped", E.SL_TRIGGERED, E.POSITION_CLOSED)
    all_.emitted("manual", E.ORDER_PARTIAL_FILL)
    all_.issue("cancelling", "CANCEL", "resting", symbol="GBPUSD")
    all_.emitted("cancelling", E.DIRECTIVE_RECEIVED, E.ORDER_CANCELLED)
    all_.emitted("resting", E.ORDER_CANCELLED)

    all_.each(lambda officer: rig.brokers[officer].disconnect())
    all_.emitted_besides(E.CONNECTION_LOST)
    all_.each(lambda officer: rig.quote("139.000", symbol="USDJPY", officer=officer))
    all_.issue("last", "CLOSE", "manual", symbol="GBPUSD")
    all_.each(lambda officer: rig.brokers[officer].connect())
    all_.emitted_besides(E.CONNECTION_RESTORED)
    all_.emitted("in-part", E.SL_TRIGGERED, E.POSITION_CLOSED)
    all_.emitted("last", *CLOSED)
    all_.each(lambda officer: _holds_nothing(rig, officer))
    found = all_.compare()
    assert not found, "\n".join(found)


def _unordered(recording: Recording) -> Recording:
    """Return the recording with its requests sorted: directives that are issued together have no promised order."""
    requests = sorted(recording["requests"], key=lambda body: (body["symbol"], body["type"], body["volume"]))
    return recording | {"requests": requests}


def _close_manually(rig: ConformanceRig, officer: str, symbol: str, volume: str) -> None:
    broker = rig.brokers[officer]
    (position,) = (each for each in broker.positions() if each.symbol == symbol)
    broker.manual_close(position.ticket, Decimal(volume))


def _holds_nothing(rig: ConformanceRig, officer: str) -> None:
    assert rig.brokers[officer].positions() == []


@pytest.mark.parametrize(
    "members", chosen(os.environ.get("RIG_SWITCHES", "")), ids=lambda members: "+".join(members)
)
def test_switches_do_not_change_the_events(bench: ConformanceRig, members: dict[str, SwitchSet]) -> None:
    run(bench, members)
