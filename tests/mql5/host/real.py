"""A terminal in real time: real sockets, the machine's clock, files in a folder."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from bridge.simulator.broker.api import BrokerApi
from tests.mql5.host.clock import RealClock
from tests.mql5.host.real_network import RealNetwork
from tests.mql5.host.switches import Switches
from tests.mql5.host.terminal import NativeTerminal, Setup
from tests.mql5.reference import constants

LONGEST_WAIT_S: Final = 0.05
"""Transactions come from another process, and do not wake us."""


def real_setup(
    library: Path,
    inputs: dict[str, str],
    broker: BrokerApi,
    folder: Path,
    switches: Switches | None = None,
    seed: int = 1,
) -> Setup:
    """A setup over real TCP. `folder` is the terminal's data folder."""
    return Setup(
        library=library,
        inputs=inputs,
        clock=RealClock(),
        network=RealNetwork(),
        broker=broker,
        files=folder / "Files",
        common=folder / "Common",
        switches=switches or Switches(),
        seed=seed,
    )


class RealTerminal:
    """Runs the terminal's steps as they fall due, until `stopping` is set. `echo` gets the EA's journal."""

    def __init__(self, setup: Setup, echo: Callable[[str], None] | None = None) -> None:
        self.terminal = NativeTerminal(setup)
        self.terminal.program.echo = echo
        self.stopping = False

    def start(self) -> int:
        """Load the EA: OnInit's result. Raises ExpertKilled."""
        return self.terminal.start()

    def run(self) -> None:
        """Until stopped, or until the EA has removed itself. Raises ExpertKilled."""
        while not self.stopping and self.terminal.expert is not None:
            if not self.terminal.step():
                self._wait()
        self.terminal.stop(constants()["REASON_CLOSE"])

    def _wait(self) -> None:
        """Sleep until something is due; a timer event is what an EA waits for, not its socket."""
        clock = self.terminal.setup.clock
        due = self.terminal.next_due_us()
        seconds = LONGEST_WAIT_S if due is None else (due - clock.now_us()) / 1_000_000
        clock.sleep(int(min(max(seconds, 0.0), LONGEST_WAIT_S) * 1000) or 1)
