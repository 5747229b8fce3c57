"""Bench: the complete EA under a simulated clock, connected to the sidecar side of tests/sidecar_peer.py."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bridge.core.link.reports import CommandReport
from bridge.simulator.broker.broker import Broker
from bridge.simulator.broker.scenario import Scenario
from tests.mql5.host.clock import SimulatedClock
from tests.mql5.host.simulated_network import Pipe, SimulatedNetwork
from tests.mql5.host.stepped import SteppedTerminal
from tests.mql5.host.switches import Switches
from tests.native.zmtpend import ZmtpEnd
from tests.sidecar_peer import KEY, OFFICER, SidecarPeer

HOST: Final = "127.0.0.1"
PORT: Final = 5760
TIMER_MS: Final = 50


@dataclass
class Bench:
    """One EA with its broker and its sidecar. `run` moves the clock."""

    library: Path
    folder: Path
    switches: Switches = field(default_factory=Switches)
    inputs: dict[str, str] = field(default_factory=dict)
    scenario: Scenario | None = None
    seed: int = 1

    def __post_init__(self) -> None:
        self.peer = SidecarPeer()
        self.clock = SimulatedClock()
        self.network = SimulatedNetwork()
        self.pipes: list[Pipe] = []
        self.linked = True
        """False: bytes are lost in both directions."""
        self.beats = True
        """True while the sidecar sends heartbeats."""
        self._ends: list[ZmtpEnd] = []
        self._next_beat_ms = 0
        self._welcomed_ms = 0
        self._epoch = 0
        self.network.listen(HOST, PORT, self._accept)
        self.stepped = self._terminal(None)

    def _terminal(self, broker: Broker | None) -> SteppedTerminal:
        inputs = {"InpOfficer": OFFICER, "InpLinkKey": KEY.to_text(), "InpHost": HOST, "InpPort": str(PORT)}
        return SteppedTerminal(
            self.library,
            {**inputs, "InpTimerMs": str(TIMER_MS), **self.inputs},
            self.folder,
            self.switches,
            self.seed,
            scenario=self.scenario,
            clock=self.clock,
            network=self.network,
            broker=broker,
        )

    def _accept(self, pipe: Pipe) -> None:
        self.pipes.append(pipe)
        self._ends.append(ZmtpEnd())

    @property
    def broker(self) -> Broker:
        return self.stepped.broker

    @property
    def journal(self) -> list[str]:
        """Lines of the Experts log."""
        return self.stepped.terminal.program.journal

    @property
    def panel(self) -> str:
        """Visible text on the chart."""
        return self.stepped.terminal.chart.texts()

    @property
    def files(self) -> Path:
        """Folder MQL5\\Files."""
        return self.folder / "Files"

    @property
    def ledger(self) -> Path:
        """Path of the ledger."""
        (found,) = self.files.glob("*.ledger")
        return found

    # Life

    def start(self) -> None:
        """Load the EA."""
        assert self.stepped.start() == 0

    def stop(self) -> None:
        """Remove the EA from its chart."""
        self.stepped.terminal.stop(1)
        self.carry()

    def restart(self) -> None:
        """Kill the terminal as by kill -9 and start it again."""
        self.stepped.close()
        self.carry()
        self.stepped = self._terminal(self.broker)
        self.start()

    def list_address(self) -> None:
        """Add the address to the list of allowed addresses."""
        self.stepped.terminal.sockets.list_address()

    def close(self) -> None:
        self.stepped.close()

    # Time

    def run(self, milliseconds: int) -> None:
        """Move the clock in steps of one millisecond, carrying frames at each step."""
        end_us = self.clock.now_us() + milliseconds * 1000
        while self.clock.now_us() < end_us:
            self._beat()
            self.stepped.advance(min(TIMER_MS // 2, (end_us - self.clock.now_us() + 999) // 1000))
            self.carry()

    def run_until(self, reached: Callable[[], bool], within_ms: int) -> None:
        """Run until the condition holds; fail where it does not after so many milliseconds."""
        end_us = self.clock.now_us() + within_ms * 1000
        while not reached():
            assert self.clock.now_us() < end_us, f"not reached within {within_ms / 1000:g} s"
            self.run(500)

    def join(self, within_ms: int = 40_000) -> None:
        """Run until a session is established and the first scan has ended."""
        epoch = self.peer.epoch
        for _ in range(within_ms // 20):
            self.run(20)
            if self.peer.epoch > epoch:
                self.run(600)
                return
        raise AssertionError("no session was established; " + "\n".join(self.journal[-8:]))

    def send_frame(self, frame: bytes) -> None:
        """Send a frame of the sidecar on the newest connection."""
        self._ends[-1].send(frame)
        self.carry()

    def carry(self) -> None:
        """Carry bytes in both directions, and the peer's answers."""
        for pipe, end in zip(self.pipes, self._ends, strict=True):
            sent = pipe.receive()
            if not self.linked:
                end.out.clear()
                continue
            for message in end.take(sent):
                for answer in self.peer.on_frame(message):
                    end.send(answer)
            if end.out and not pipe.closed_by_expert:
                pipe.send(bytes(end.out))
            end.out.clear()
        if self.peer.epoch != self._epoch:
            self._epoch = self.peer.epoch
            self._welcomed_ms = self.clock.now_us() // 1000

    @property
    def clock_ms(self) -> int:
        """Return the link clock, ms."""
        return self.clock.now_us() // 1000 - self._welcomed_ms

    def _beat(self) -> None:
        now_ms = self.clock.now_us() // 1000
        alive = self.beats and self.linked and self.peer.epoch and self._ends[-1].ready
        if alive and now_ms >= self._next_beat_ms:
            self._next_beat_ms = now_ms + 1000
            self._ends[-1].send(self.peer.heartbeat(self.clock_ms))

    # Reports

    def stages(self, client_order_id: int = 1001) -> list[str]:
        """Return the stages reported for a command, in order; `not_sent` with its reason."""
        return [
            f"{report.stage} {report.reason}" if report.reason else str(report.stage)
            for report in self.peer.reports_of(CommandReport)
            if report.client_order_id == client_order_id
        ]

    def sends(self, client_order_id: int = 1001) -> int:
        """Return the number of order sends with that magic at the broker."""
        return sum(record.request.magic == client_order_id for record in self.broker.sends())
