"""Driver: separate instances, inputs, handlers, crashes of the host and faults of the EA."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.mql5.host.binding.driver import ExpertCrashed, ExpertKilled, InputError, NativeExpert
from tests.mql5.host.binding.host import Answer, Crash, Fault, Host, fail
from tests.mql5.host.binding.library import Cell
from tests.mql5.host.clock import SimulatedClock
from tests.mql5.host.functions.program import Program
from tests.mql5.host.switches import Switches

Built = Callable[[str], Path]


def expert(library: Path, **inputs: str) -> tuple[NativeExpert, list[str]]:
    """Return the EA of the corpus, and its journal."""
    program = Program(SimulatedClock(), Switches())
    loaded = NativeExpert(library, Host(program))
    loaded.set_inputs(inputs)
    return loaded, program.journal


def test_inputs_are_listed_as_declared(built: Built) -> None:
    loaded, _ = expert(built("expert"))
    with loaded:
        timer, name, plan, code = loaded.inputs
    assert (timer.name, timer.type, timer.value, timer.description, timer.group) == (
        "InpTimerMs",
        "int",
        "100",
        "Timer, milliseconds",
        "Timer",
    )
    assert (name.type, name.value, plan.group, code.value) == ("string", "expert", "Plan", "0")


@pytest.mark.parametrize(
    ("name", "value"), [("InpNone", "1"), ("InpTimerMs", "x"), ("InpTimerMs", "99999999999")]
)
def test_unknown_input_or_value_is_refused(built: Built, name: str, value: str) -> None:
    loaded, _ = expert(built("expert"))
    with loaded, pytest.raises(InputError, match=name):
        loaded.set_inputs({name: value})


def test_instances_are_independent(built: Built) -> None:
    one, first = expert(built("expert"), InpName="one")
    two, second = expert(built("expert"), InpName="two")
    with one, two:
        assert (one.start(), one.init(), two.start()) == (0, 0, 0)
    assert first == ["guard on", "init 1 one 3", "init 2 one 3", "guard off"]
    assert second == ["guard on", "init 1 two 3", "guard off"]


def test_failed_init_is_deinitialised(built: Built) -> None:
    loaded, journal = expert(built("expert"), InpInitCode="1")
    with loaded:
        assert loaded.start() == 1
    assert journal == ["guard on", "init 1 expert 6", "deinit 8", "guard off"]


def test_every_handler_is_reached(built: Built) -> None:
    loaded, journal = expert(built("expert"))
    with loaded:
        loaded.start()
        loaded.tick()
        loaded.trade()
        loaded.chart_event(1, -5, 0.5, "żółw")
        row: list[Cell] = [7, 2**64 - 1, "EURUSD", 6, 0, 4, 1, 0, 0, 1.5, 0.0, 0.0, 0.0, 0.25, 9, 0]
        row += [1, 2**64 - 2, 0, "EURUSD", 0.25, 0.0, 0.0, 0.0, 0.0, 0, 0, 0, 0, 0, "c", 0, 0]
        row += [10009, 7, 8, 0.25, 1.5, 1.5, 1.6, "done", 3, -1]
        loaded.trade_transaction(row)
        loaded.deinit(1)
    assert journal[2:] == [
        "tick",
        "event 1 -5 0.5 żółw",
        "TRADE_TRANSACTION_DEAL_ADD deal 7 order 18446744073709551615 EURUSD volume 0.25 retcode 10009"
        " magic 18446744073709551614",
        "deinit 1",
        "guard off",
    ]


@pytest.mark.parametrize("at", ["before", "behind"])
def test_crash_ends_the_instance_at_the_call(built: Built, at: str) -> None:
    loaded, journal = expert(built("expert"))

    def crash(name: str, arguments: Sequence[Cell]) -> None:
        if name == "GetTickCount64":
            raise Crash

    with loaded:
        loaded.start()
        setattr(loaded.host, at, crash)
        with pytest.raises(ExpertCrashed, match="crash at GetTickCount64"):
            loaded.timer()
        loaded.host.before = loaded.host.behind = None
        with pytest.raises(ExpertCrashed):
            loaded.timer()
    # No destructor of the EA has run, nor any code after the crash.
    assert journal == ["guard on", "init 1 expert 6"]


def test_missing_or_refused_function_kills_the_expert(built: Built) -> None:
    class Refusing:
        def GetTickCount64(self) -> Answer:
            raise Fault("refused")

    program = Program(SimulatedClock(), Switches())
    with NativeExpert(built("expert"), Host(program, Refusing())) as loaded:
        loaded.start()
        with pytest.raises(ExpertKilled, match="GetTickCount64: refused"):
            loaded.timer()
    with NativeExpert(built("expert"), Host()) as loaded:
        with pytest.raises(ExpertKilled, match="Print: this terminal does not have the function"):
            loaded.start()
        assert loaded.dead


def test_exception_of_the_host_is_raised_unchanged(built: Built) -> None:
    class Broken:
        def Print(self, text: str) -> Answer:
            raise ZeroDivisionError("in the host")

    with NativeExpert(built("expert"), Host(Broken())) as loaded:
        with pytest.raises(ZeroDivisionError, match="in the host"):
            loaded.start()


def test_result_of_a_wrong_type_is_an_error_of_the_host(built: Built) -> None:
    class Confused:
        def GetTickCount64(self) -> Answer:
            return fail(0, "a text")

    program = Program(SimulatedClock(), Switches())
    with NativeExpert(built("expert"), Host(program, Confused())) as loaded:
        loaded.start()
        with pytest.raises(ExpertKilled, match="another kind of value"):
            loaded.timer()


def test_hundreds_of_instances_load_and_unload(built: Built) -> None:
    library = built("expert")
    for _ in range(200):
        loaded, journal = expert(library)
        with loaded:
            assert loaded.start() == 0
        assert journal[1] == "init 1 expert 6"


LIFE = """
import sys
from pathlib import Path
from tests.mql5.host.clock import SimulatedClock
from tests.mql5.host.binding.driver import NativeExpert
from tests.mql5.host.binding.host import Host
from tests.mql5.host.functions.program import Program
from tests.mql5.host.switches import Switches

with NativeExpert(Path(sys.argv[1]), Host(Program(SimulatedClock(), Switches()))) as loaded:
    loaded.start()
"""


def test_process_exits_with_0_after_unloading_an_instance(built: Built) -> None:
    command = [sys.executable, "-c", LIFE, str(built("expert"))]
    root = Path(__file__).parents[3]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
