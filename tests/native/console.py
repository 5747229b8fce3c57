"""Console of a small MQL5 test program.

Each program in `programs/` includes some of the EA's files and handles OnChartEvent: the event's id is the command,
its numbers and text are the arguments, and the printed lines are the answer.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.mql5.builder.build import build
from tests.mql5.host.binding.driver import NativeExpert
from tests.mql5.host.binding.host import Host
from tests.mql5.host.clock import SimulatedClock
from tests.mql5.host.functions.chart import Variables
from tests.mql5.host.functions.files import Files
from tests.mql5.host.functions.program import Program
from tests.mql5.host.switches import Switches

ROOT: Final = Path(__file__).parents[2]
PROGRAMS: Final = Path(__file__).parent / "programs"
INCLUDE: Final = ROOT / "mql5" / "Include"


class Console:
    """One running program."""

    def __init__(self, expert: NativeExpert, program: Program, files: Files, clock: SimulatedClock) -> None:
        self.expert = expert
        self.clock = clock
        self._program = program
        self.files = files

    def ask(self, command: int, text: str = "", number: int = 0, real: float = 0.0) -> list[str]:
        """Send one event and return the lines that the program printed."""
        before = len(self._program.journal)
        self.expert.chart_event(command, number, real, text)
        return self._program.journal[before:]

    def one(self, command: int, text: str = "", number: int = 0, real: float = 0.0) -> str:
        """Send one event and return its single line."""
        (line,) = self.ask(command, text, number, real)
        return line

    def crash(self) -> None:
        """Kill the terminal: files are closed and unflushed bytes are lost."""
        self.files.close_all(crashed=True)


def variables(folder: Path) -> Variables:
    """Return the global variables of the terminal with this data folder."""
    return Variables(SimulatedClock(), folder / "variables.json")


@contextmanager
def console(name: str, folder: Path, *functions: object) -> Iterator[Console]:
    """Run a program of `programs/` with its files in `folder`. `functions` are further objects of its host."""
    switches = Switches()
    clock = SimulatedClock()
    program = Program(clock, switches)
    files = Files(folder, folder / "common", switches)
    host = Host(program, files, *functions)
    with NativeExpert(build(PROGRAMS / f"{name}.mq5", INCLUDE).library, host) as expert:
        expert.start()
        try:
            yield Console(expert, program, files, clock)
        finally:
            files.close_all(crashed=False)
