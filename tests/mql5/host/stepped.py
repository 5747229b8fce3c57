"""A terminal under a simulated clock and network: the whole EA, deterministic, as fast as it computes."""

from pathlib import Path

from bridge.simulator.broker.broker import Broker
from bridge.simulator.broker.scenario import Scenario
from tests.mql5.host.clock import SimulatedClock
from tests.mql5.host.simulated_network import SimulatedNetwork
from tests.mql5.host.switches import Switches
from tests.mql5.host.terminal import NativeTerminal, Setup


class SteppedTerminal:
    """A terminal, its broker in this process, and a network where tests listen."""

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
        """Load the EA: OnInit's result. Raises ExpertKilled."""
        return self.terminal.start()

    def advance(self, milliseconds: int) -> None:
        """Let time pass, and run everything that falls due in it. Raises ExpertKilled."""
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
        """Bring the broker to the moment. Within a handler too: an EA may wait for something there."""
        now_ms = self.clock.utc_ms() + self._offset_ms
        if now_ms > self._lived_ms:
            self._lived_ms = now_ms
            self.broker.advance(now_ms)

    def close(self) -> None:
        """Let go of the EA without a word, where it still runs."""
        if self.terminal.expert is not None:
            self.terminal.kill()
