"""Lives of the Expert Advisor: its own code in the native build, stepped in a stand-in of its terminal.

Its terminal calls it by timer events and trade transactions alone: what arrives at a socket waits for the timer.
"""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from random import Random
from typing import Final

from tests.mql5.builder.build import build
from tests.mql5.host.binding.driver import ExpertCrashed, ExpertKilled
from tests.mql5.host.binding.host import Crash
from tests.mql5.host.binding.library import Cell
from tests.mql5.host.switches import ABOUT, Switches, thrown
from tests.mql5.host.terminal import NativeTerminal, Setup
from tests.simulation.clock import START
from tests.simulation.expert_socket import ByteNetwork
from tests.simulation.network import MS
from tests.simulation.schedule import Life, Schedule
from tests.simulation.sidecar import Killed
from tests.simulation.terminal import SlowBroker, Surroundings, TerminalProcess

EXPERT: Final = Path(__file__).parents[2] / "mql5/Experts/ExecutionOfficer/ExecutionOfficer.mq5"
MANY_STEPS: Final = 200
"""Most handlers in a row."""
SWITCHES: Final = tuple(
    name
    for name in ABOUT
    # Left out: what the world decides itself (clocks, addresses), and what stops an EA for good.
    if name
    not in (
        "address_refused",
        "comment_rewritten",
        "server_offset_s",
        "pc_clock_off_s",
        "long_read_blocks",
        "zero_wait_read_blocks",
    )
)
"""Behaviours in which terminals differ, of which a seed draws some."""


@cache
def library() -> Path:
    """Return the EA's library. Raises BuildError, and CompilerError without a compiler."""
    return build(EXPERT).library


class StepClock:
    """Clock of one life of the EA (`tests.mql5.host.clock`): simulated time, and what the present step took."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self.broker: SlowBroker | None = None
        self.spent_us = 0

    def begin(self) -> None:
        """Begin a step."""
        self.spent_us = 0
        if self.broker is not None:
            self.broker.spent_ms = 0

    def taken_us(self) -> int:
        """Return the time that the present step has taken."""
        return self.spent_us + (self.broker.spent_ms * MS if self.broker is not None else 0)

    def now_us(self) -> int:
        return self._schedule.now + self.taken_us()

    def utc_ms(self) -> int:
        return int(START.timestamp()) * 1000 + self.now_us() // MS

    def sleep(self, milliseconds: int) -> None:
        self.spent_us += milliseconds * MS

    def spend(self, microseconds: int) -> None:
        self.spent_us += microseconds


class ExpertProcess(TerminalProcess):
    """The Expert Advisor on one chart of a terminal. Its switches and its timer are drawn once."""

    def __init__(
        self, name: str, folder: Path, around: Surroundings, random: Random, *, passed: Callable[[str], None]
    ) -> None:
        """`passed` is called with the name of each place at which the EA's process may be killed."""
        super().__init__(name, folder, around, random)
        self._passed = passed
        drawn = random.sample(SWITCHES, random.choice([0, 0, 1, 3, 6]))
        self.switches: Switches = thrown(*drawn)
        self.timer_ms = random.choice([50, 100, 100, 250])
        around.trace(name, "has", {"switches": drawn, "timer_ms": self.timer_ms})
        self._clock: StepClock | None = None
        self._terminal: NativeTerminal | None = None
        self._loaded = False
        self._sent = False
        """True where the EA has sent an order, and has flushed nothing since."""

    def _begin(self, life: Life, random: Random) -> None:
        around = self._around
        clock = self._clock = StepClock(self._schedule)
        clock.broker = SlowBroker(around.broker, random, faults=self.faults)
        self._loaded = self._sent = False
        terminal = self._terminal = NativeTerminal(
            Setup(
                library=library(),
                inputs={
                    "InpOfficer": around.officer,
                    "InpLinkKey": around.key.to_text(),
                    "InpTimerMs": str(self.timer_ms),
                    "InpPollIntervalS": "0",
                },
                clock=clock,
                network=ByteNetwork(around.network, life, random),
                broker=clock.broker,
                files=self.folder / "Files",
                common=self.folder / "Common",
                switches=self.switches,
                seed=random.randrange(2**31),
            )
        )
        terminal.program.echo = lambda text: around.trace(self.name, "prints", {"text": text})
        terminal.host.before, terminal.host.behind = self._before, self._behind

    def _end(self) -> None:
        if self._terminal is not None:
            self._terminal.kill()

    def notify(self) -> None:
        if self.running:
            self._plan(self._schedule.now)

    def _step(self) -> None:
        terminal, clock, life = self._terminal, self._clock, self.life
        assert terminal is not None and clock is not None and life is not None
        self._around.advance()
        clock.begin()
        try:
            self._run(terminal)
        except ExpertCrashed:
            raise Killed from None
        except ExpertKilled as error:
            self.errors.append(f"the EA was stopped: {error}")
        life.stopped_until = max(life.stopped_until, clock.now_us())
        due = terminal.next_due_us()
        if due is not None:
            late = self._random.randrange(0, 400) * MS if self.faults["slow timer"] else 0
            self._plan(max(due, clock.now_us()) + late)

    def _run(self, terminal: NativeTerminal) -> None:
        if not self._loaded:
            self._loaded = True
            if code := terminal.start():
                self.errors.append(f"OnInit returned {code}: {terminal.program.journal[-3:]}")
            return
        for _ in range(MANY_STEPS):
            if not terminal.step():
                return

    def _before(self, name: str, arguments: Sequence[Cell]) -> None:
        if name == "OrderSend":
            self._pass("terminal.intent_written")
        elif name in ("FileFlush", "FileWriteArray", "SocketSend"):
            self._pass(f"terminal.before_{name}")

    def _behind(self, name: str, arguments: Sequence[Cell]) -> None:
        if name == "OrderSend":
            self._sent = True
            self._pass("terminal.order_sent")
        elif name == "FileFlush":
            if self._sent:
                self._sent = False
                self._pass("terminal.result_written")
            self._pass("terminal.after_FileFlush")

    def _pass(self, point: str) -> None:
        try:
            self._passed(point)
        except Killed:
            raise Crash from None
