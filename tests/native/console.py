"""A small MQL5 program of a test, as something that one can talk to.

Each program in `programs/` includes some of the EA's files and answers OnChartEvent: the event's id is a
command, its numbers and text are the arguments, and what it prints is the answer.
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
        """Send one event; the lines that the program printed."""
        before = len(self._program.journal)
        self.expert.chart_event(command, number, real, text)
        return self._program.journal[before:]

    def one(self, command: int, text: str = "", number: int = 0, real: float = 0.0) -> str:
        """The same, for a command that prints one line."""
        (line,) = self.ask(command, text, number, real)
        return line

    def crash(self) -> None:
        """Let the terminal die: files close, and what was not flushed is lost."""
        self.files.close_all(crashed=True)


def variables(folder: Path) -> Variables:
    """The global variables of a terminal whose data are in the folder."""
    return Variables(SimulatedClock(), folder / "variables.json")


@contextmanager
def console(name: str, folder: Path, *parts: object) -> Iterator[Console]:
    """Run a program of `programs/`; its files are in `folder`. `parts` are further parts of its terminal."""
    switches = Switches()
    clock = SimulatedClock()
    program = Program(clock, switches)
    files = Files(folder, folder / "common", switches)
    host = Host(program, files, *parts)
    with NativeExpert(build(PROGRAMS / f"{name}.mq5", INCLUDE).library, host) as expert:
        expert.start()
        try:
            yield Console(expert, program, files, clock)
        finally:
            files.close_all(crashed=False)
