"""Stand-in: the corpus verifies documented behaviour, and faults of MQL5 stop a program here too."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bridge.simulator.broker.broker import Broker
from bridge.simulator.broker.scenario import Scenario
from tests.mql5.host.binding.driver import ExpertKilled, NativeExpert
from tests.mql5.host.binding.host import Host
from tests.mql5.host.clock import SimulatedClock
from tests.mql5.host.functions.broker_view import BrokerView
from tests.mql5.host.functions.program import Program
from tests.mql5.host.functions.trade import Trade
from tests.mql5.host.switches import Switches

Built = Callable[[str], Path]

# Case number of corpus/faults.mq5, and the stand-in's message.
FAULTS = {
    1: "faults.mq5:22: array out of range: index 3 of 3",
    2: "faults.mq5:23: array out of range: index -1 of 3",
    3: "faults.mq5:24: array out of range: index 0 of 0",
    4: "faults.mq5:25: zero divide",
    5: "faults.mq5:26: zero divide",
    6: "faults.mq5:27: zero divide",
    7: "faults.mq5:28: zero divide",
    8: "invalid pointer access",
    9: "invalid pointer access",
    10: "faults.mq5:31: delete of an object that new did not make",
    11: "faults.mq5:32: incorrect casting of pointers",
    12: "faults.mq5:33: format %d: a long needs %I64d or %lld",
    13: "faults.mq5:34: format %s: a string is needed",
    14: "faults.mq5:35: format %d %d: more specifications than arguments",
    15: "faults.mq5:36: format %d: more arguments than specifications",
    16: "faults.mq5:37: string index out of range: 3 of 3",
    17: "PositionGetInteger: number 99999 is not in ENUM_POSITION_PROPERTY_INTEGER",
    18: "faults.mq5:39: integer overflow in a division",
    19: "faults.mq5:40: integer overflow in a division",
    20: "faults.mq5:41: integer overflow in a division",
}


def run(library: Path, *switches: str, **inputs: str) -> tuple[list[str], str]:
    """Run a script with these switches of the stand-in on. Return its journal and its fault."""
    clock = SimulatedClock()
    program = Program(clock, Switches())
    view = BrokerView(Broker.start(Scenario(), clock.utc_ms()), program, Switches())
    with NativeExpert(library, Host(program, Trade(view, Switches()))) as expert:
        expert.set_inputs(inputs)
        for name in switches:
            expert.set_switch(name, True)
        try:
            expert.create()
            expert.run()
        except ExpertKilled as killed:
            return program.journal, str(killed)
    return program.journal, ""


@pytest.mark.parametrize(
    ("name", "checks"), [("language", 54), ("classes", 23), ("texts", 54), ("lists", 17)]
)
def test_corpus_program_meets_its_expectations(built: Built, name: str, checks: int) -> None:
    assert run(built(name)) == ([f"{checks} checks"], "")


def test_switch_makes_a_count_of_0_mean_all(built: Built) -> None:
    journal, _ = run(built("texts"), "zero_count_takes_all")
    assert journal == ["FAIL got <żółć> wanted <>", "54 checks"]


@pytest.mark.parametrize("case", FAULTS)
def test_fault_kills_the_program(built: Built, case: int) -> None:
    journal, fault = run(built("faults"), InpCase=str(case))
    assert FAULTS[case] in fault
    # A killed program runs no more code: the destructor of case 9's object ran before, by delete.
    assert journal == (["destroyed"] if case == 9 else [])


def test_ended_program_destroys_its_objects(built: Built) -> None:
    assert run(built("faults")) == (["alive", "destroyed"], "")
