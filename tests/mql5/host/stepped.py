"""Terminal under a simulated clock and network: the complete EA, deterministic and without waiting."""

from pathlib import Path

from bridge.simulator.broker.broker import Broker
from bridge.simulator.broker.scenario import Scenario
from tests.mql5.host.clock import SimulatedClock
from tests.mql5.host.simulated_network import SimulatedNetwork
from tests.mql5.host.switches import Switches
from tests.mql5.host.terminal import NativeTerminal, Setup


class SteppedTerminal:
    """Terminal with a broker in this process and a network on which tests listen."""

    def __init__(
        self,
        library: Path,
        inputs: dict[str, str],
        folder: Path,
        switches: Switches | None = None,
        seed: int = 1,
        *,
        scenario: Scenario | None = None,
        clock: SimulatedClock | None = None,
        network: SimulatedNetwork | None = None,
        broker: Broker | None = None,
    ) -> None:
        self.clock = clock or SimulatedClock()
        self.network = network or SimulatedNetwork()
        used = switches or Switches()
        self._offset_ms = used.server_offset_s * 1000
        self.broker = broker or Broker.start(scenario or Scenario(), self.clock.utc_ms() + self._offset_ms)
        self.terminal = NativeTerminal(
            Setup(
                library=library,
                inputs=inputs,
                clock=self.clock,
                network=self.network,
                broker=self.broker,
                files=folder / "Files",
                common=folder / "Common",
                switches=used,
                seed=seed,
            )
        )

        self.terminal.view.live = self._live
        self._lived_ms = 0

    def start(self) -> int:
        """Load the EA and return OnInit's result. Raises ExpertKilled."""
        return self.terminal.start()

    def advance(self, milliseconds: int) -> None:
        """Move the clock and run everything that becomes due. Raises ExpertKilled."""
        until = self.clock.now_us() + milliseconds * 1000
        while True:
            self._live()
            if self.terminal.step():
                continue
            now = self.clock.now_us()
            due = self.terminal.next_due_us()
            if now >= until:
                return
            self.clock.advance_us(max(1, min(until, until if due is None else due) - now))

    def _live(self) -> None:
        """Move the broker to the current time; within a handler too, where an EA may wait for a change."""
        now_ms = self.clock.utc_ms() + self._offset_ms
        if now_ms > self._lived_ms:
            self._lived_ms = now_ms
            self.broker.advance(now_ms)

    def close(self) -> None:
        """Unload the EA without OnDeinit, where it still runs."""
        if self.terminal.expert is not None:
            self.terminal.kill()
