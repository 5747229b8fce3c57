"""Terminal in real time: TCP sockets, the machine's clock, files in a folder."""

from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bridge.simulator.broker.rpc.client import BrokerClient
from tests.mql5.host.clock import RealClock
from tests.mql5.host.kept_broker import KeptBroker
from tests.mql5.host.real_network import RealNetwork
from tests.mql5.host.switches import Switches
from tests.mql5.host.terminal import NativeTerminal, Setup
from tests.mql5.reference import constants

LONGEST_WAIT_S: Final = 0.05
"""Transactions come from another process and do not end a wait."""


def real_setup(
    library: Path,
    inputs: dict[str, str],
    broker: BrokerClient,
    folder: Path,
    switches: Switches | None = None,
    seed: int = 1,
) -> Setup:
    """Return a setup over TCP. `folder` is the terminal's data folder."""
    clock = RealClock()
    return Setup(
        library=library,
        inputs=inputs,
        clock=clock,
        network=RealNetwork(),
        broker=KeptBroker(broker, clock),
        files=folder / "Files",
        common=folder / "Common",
        switches=switches or Switches(),
        seed=seed,
    )


class RealTerminal:
    """Terminal that runs its steps when they are due, until `stopping` is set. `echo` receives the EA's journal."""

    def __init__(self, setup: Setup, echo: Callable[[str], None] | None = None) -> None:
        self.terminal = NativeTerminal(setup)
        self.terminal.program.echo = echo
        self.stopping = False
        self._calls: deque[Callable[[], None]] = deque()

    def call_soon(self, call: Callable[[], None]) -> None:
        """Call it between two handlers of the EA. For signal handlers, which may run in the middle of one."""
        self._calls.append(call)

    def start(self) -> int:
        """Load the EA and return OnInit's result. Raises ExpertKilled."""
        return self.terminal.start()

    def run(self) -> None:
        """Run until stopped, or until the EA has removed itself. Raises ExpertKilled."""
        while not self.stopping and self.terminal.expert is not None:
            while self._calls:
                self._calls.popleft()()
            if not self.terminal.step():
                self._wait()
        self.terminal.stop(constants()["REASON_CLOSE"])

    def _wait(self) -> None:
        """Sleep until something is due: an EA is woken by timer events, not by its socket."""
        clock = self.terminal.setup.clock
        due = self.terminal.next_due_us()
        seconds = LONGEST_WAIT_S if due is None else (due - clock.now_us()) / 1_000_000
        clock.sleep(int(min(max(seconds, 0.0), LONGEST_WAIT_S) * 1000) or 1)
