"""Program state in the terminal: clock, timer, journal, properties.

Source: MQL5 reference, 'Date and Time', 'Event Handling', 'Checkup', 'Common Functions'; mql5/FACTS.md 4 and 8.2.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from tests.mql5.host.binding.host import Answer, Fault, fail
from tests.mql5.host.clock import Clock
from tests.mql5.host.switches import Switches
from tests.mql5.reference import constants, spelled

STALL_US: Final = 4_500_000
LEAST_TIMER_US: Final = 10_000
"""Resolution of a timer is 10 to 16 ms (mql5/FACTS.md 4)."""
LOOK_US: Final = 1
"""Duration of one clock query on a simulated clock, so that a loop that waits by the clock ends."""
MANY_LOOKS: Final = 2_000
LONG_LOOK_US: Final = 1_000
"""Duration of each further query after MANY_LOOKS in one handler: a waiting loop is shortened."""


@dataclass
class Permissions:
    """Permissions that the operator can switch off, and the place where the terminal runs."""

    terminal_trade: bool = True
    """State of the Algo Trading button."""
    expert_trade: bool = True
    """State of 'Allow Algo Trading' in the EA's settings."""
    hosted: bool = False
    """True: the terminal runs on MetaQuotes' virtual hosting."""


@dataclass
class Program:
    """Program on one chart. `journal` is the Experts log, `comment` the text on the chart."""

    clock: Clock
    switches: Switches
    connected: Callable[[], bool] = lambda: True
    server_ms: Callable[[], int] | None = None
    """Clock of the trade server; without one, UTC plus the switch's offset."""
    last_quote_ms: Callable[[], int] | None = None
    permissions: Permissions = field(default_factory=Permissions)
    journal: list[str] = field(default_factory=list)
    echo: Callable[[str], None] | None = None
    comment: str = ""
    seed: int = 1
    stopped: bool = False
    removed: bool = False
    reason: int = 0
    timer_us: int = 0
    next_timer_us: int = 0
    handler: int = 0
    """Number of handlers run so far; identifies the handler of a call."""

    def __post_init__(self) -> None:
        self._start_us = self.clock.now_us()
        self._chance = random.Random(self.seed)  # noqa: S311 - a test's dice
        self._rand = random.Random(self.seed)  # noqa: S311
        self._looks = self._looking = self._timers = 0

    def elapsed_ms(self) -> int:
        """Return milliseconds since the terminal started."""
        return (self.clock.now_us() - self._start_us) // 1000

    def timer_due_us(self) -> int | None:
        """Return the due time of the next OnTimer by `clock.now_us`; None without a timer."""
        return self.next_timer_us if self.timer_us else None

    def timer_done(self) -> None:
        """Schedule the next OnTimer. A missed one is not repeated: timer events do not queue."""
        if not self.timer_us:
            # The handler has killed the timer.
            return
        now = self.clock.now_us()
        late = self._chance.randrange(self.switches.timer_late * 1000 + 1)
        self._timers += 1
        if (every := self.switches.timer_stalls_every) and self._timers % every == 0:
            late += STALL_US
        while self.next_timer_us <= now:
            self.next_timer_us += self.timer_us
        self.next_timer_us = self._on_grid(self.next_timer_us + late)

    # Clock

    def TimeTradeServer(self) -> Answer:
        """Return the PC's time, moved by whole hours: a clock error of less than half an hour remains."""
        return self._look(self._server_ms() // 1000 + self.switches.pc_clock_off_s)

    def TimeCurrent(self) -> Answer:
        if self.last_quote_ms is not None and self.switches.current_time_frozen:
            return self._look(self.last_quote_ms() // 1000)
        return self._look(self._server_ms() // 1000)

    def TimeLocal(self) -> Answer:
        return self._look(self.clock.utc_ms() // 1000 + self.switches.pc_clock_off_s)

    def TimeGMT(self) -> Answer:
        return self.TimeLocal()

    def TimeGMTOffset(self) -> Answer:
        return 0

    def TimeDaylightSavings(self) -> Answer:
        return 0

    def GetTickCount64(self) -> Answer:
        now = self.clock.now_us() - self._start_us
        if grain := self.switches.tick_count_grain_us:
            now -= now % grain
        return self._look(self.switches.tick_count_starts_at + now // 1000)

    def GetMicrosecondCount(self) -> Answer:
        return self._look(self.clock.now_us() - self._start_us)

    def Sleep(self, milliseconds: int) -> Answer:
        self.clock.sleep(milliseconds)
        return None

    def MathRand(self) -> Answer:
        return self._rand.randrange(32_768)

    def MathSrand(self, seed: int) -> Answer:
        self._rand.seed(seed)
        return None

    # Journal

    def Print(self, text: str) -> Answer:
        self.journal.append(text)
        if self.echo is not None:
            self.echo(text)
        return None

    def Alert(self, text: str) -> Answer:
        return self.Print(f"Alert: {text}")

    def Comment(self, text: str) -> Answer:
        self.comment = text
        return None

    def SendNotification(self, text: str) -> Answer:
        return fail(4515, False)

    def PlaySound(self, file: str) -> Answer:
        return True

    # Timer

    def EventSetTimer(self, seconds: int) -> Answer:
        return self._set_timer(seconds * 1_000_000)

    def EventSetMillisecondTimer(self, milliseconds: int) -> Answer:
        return self._set_timer(milliseconds * 1000)

    def EventKillTimer(self) -> Answer:
        self.timer_us = 0
        return None

    # State

    def IsStopped(self) -> Answer:
        return self.stopped

    def ExpertRemove(self) -> Answer:
        self.stopped = self.removed = True
        return None

    def UninitializeReason(self) -> Answer:
        return self.reason

    def TerminalInfoInteger(self, number: int) -> Answer:
        name = _known("ENUM_TERMINAL_INFO_INTEGER", number)
        if name == "TERMINAL_CONNECTED":
            return self.connected()
        values = {
            "TERMINAL_BUILD": 5260,
            "TERMINAL_TRADE_ALLOWED": self.permissions.terminal_trade,
            "TERMINAL_DLLS_ALLOWED": False,
            "TERMINAL_PING_LAST": 21_000,
            "TERMINAL_VPS": self.permissions.hosted,
        }
        return values.get(name, 0)

    def TerminalInfoDouble(self, number: int) -> Answer:
        _known("ENUM_TERMINAL_INFO_DOUBLE", number)
        return 0.0

    def TerminalInfoString(self, number: int) -> Answer:
        values = {
            "TERMINAL_NAME": "Stand-in",
            "TERMINAL_COMPANY": "Stand-in",
            "TERMINAL_LANGUAGE": "English",
            "TERMINAL_DATA_PATH": "C:\\Terminal",
            "TERMINAL_PATH": "C:\\Terminal",
            "TERMINAL_COMMONDATA_PATH": "C:\\Common",
        }
        return values.get(_known("ENUM_TERMINAL_INFO_STRING", number), "")

    def MQLInfoInteger(self, number: int) -> Answer:
        values = {
            "MQL_PROGRAM_TYPE": constants()["PROGRAM_EXPERT"],
            "MQL_TRADE_ALLOWED": self.permissions.expert_trade,
            "MQL_DLLS_ALLOWED": False,
        }
        return values.get(_known("ENUM_MQL_INFO_INTEGER", number), 0)

    def MQLInfoString(self, number: int) -> Answer:
        values = {"MQL_PROGRAM_NAME": "ExecutionOfficer", "MQL_PROGRAM_PATH": "C:\\Terminal\\MQL5\\Experts"}
        return values[_known("ENUM_MQL_INFO_STRING", number)]

    def _look(self, seen: int) -> int:
        """Read a clock, then add the duration of the query."""
        if self._looking != self.handler:
            self._looking, self._looks = self.handler, 0
        self._looks += 1
        self.clock.spend(LOOK_US if self._looks <= MANY_LOOKS else LONG_LOOK_US)
        return seen

    def _server_ms(self) -> int:
        if self.server_ms is not None:
            return self.server_ms()
        return self.clock.utc_ms() + self.switches.server_offset_s * 1000

    def _set_timer(self, microseconds: int) -> Answer:
        if microseconds <= 0:
            return fail(constants()["ERR_INVALID_PARAMETER"], False)
        self.timer_us = max(microseconds, LEAST_TIMER_US)
        self.next_timer_us = self._on_grid(self.clock.now_us() + self.timer_us)
        return True

    def _on_grid(self, moment_us: int) -> int:
        """Return the time, rounded up to Windows' timer grid."""
        grain = self.switches.timer_grain_us
        return -(-moment_us // grain) * grain if grain else moment_us


def _known(enumeration: str, number: int) -> str:
    """Return a property's name. Raises Fault for an unknown number: a mistake that a terminal might hide."""
    name = spelled(enumeration).get(number)
    if name is None:
        raise Fault(f"number {number} is not in {enumeration}")
    return name
