"""A terminal, its broker and its sidecar, stepped by the test."""

import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from bridge.core.link.reports import CommandReport
from bridge.simulator.broker.broker import Broker
from bridge.simulator.broker.scenario import Scenario
from bridge.simulator.terminal.ledger import Ledger
from bridge.simulator.terminal.terminal import ReferenceTerminal
from tests.sidecar_peer import KEY, OFFICER, SidecarPeer

START_MS = 1_750_000_000_000
"""The broker's first server time."""
STEP_MS = 20


@dataclass
class Rig:
    """Terminal, broker and sidecar. `run` moves the time; every frame is delivered at once."""

    folder: Path
    scenario: Scenario = field(default_factory=Scenario)
    peer: SidecarPeer = field(default_factory=SidecarPeer)
    mono_ms: int = 1_000_000
    reconnects: int = 0
    linked: bool = True
    """False: frames are lost in both directions."""
    poll_interval_s: int | None = None
    stalled_ms: int = 0
    """Time for which the terminal stands still within each timer call."""

    def __post_init__(self) -> None:
        self.broker = Broker.start(self.scenario, START_MS)
        self._random = random.Random(7)  # noqa: S311 - a seeded test
        self._born_ms = self.mono_ms
        self.load()

    def load(self) -> None:
        """Load the terminal's program."""
        self.ledger = Ledger(self.folder / "ledger.jsonl")
        self.terminal = ReferenceTerminal(
            officer=OFFICER,
            key=KEY,
            broker=self.broker,
            ledger=self.ledger,
            poll_interval_s=self.poll_interval_s,
            entropy=self._random.randbytes,
            uniform=self._random.random,
            mono_ms=lambda: self.mono_ms + self.stalled_ms,
        )

    def restart(self) -> None:
        """Kill the terminal without a bye, and load it again."""
        self.ledger.close()
        self.load()

    def deliver(self, frames: list[bytes]) -> None:
        """Deliver the terminal's frames to the sidecar, and its answers back, until there are none."""
        while frames and self.linked:
            answers = [answer for frame in frames for answer in self.peer.on_frame(frame)]
            frames = [frame for answer in answers for frame in self.terminal.on_frame(answer, self.mono_ms)]

    def send(self, frame: bytes) -> None:
        """Deliver a frame of the sidecar to the terminal."""
        self.deliver(self.terminal.on_frame(frame, self.mono_ms))

    def turn(self) -> None:
        """One timer call."""
        self.broker.advance(START_MS + self.mono_ms - self._born_ms)
        self.deliver(self.terminal.on_timer(self.mono_ms))
        self.reconnects += self.terminal.take_reconnect()

    def run(self, milliseconds: int) -> None:
        """Call the timer until so much time has passed, with the sidecar's heartbeats while there is a link."""
        end_ms = self.mono_ms + milliseconds
        while self.mono_ms < end_ms:
            self.mono_ms += STEP_MS
            if self.linked and self.terminal.up and self.mono_ms % 1000 == 0:
                self.send(self.peer.heartbeat(0))
            self.turn()

    def join(self) -> None:
        """Run until the session is up and the first scan is finished."""
        for _ in range(400):
            self.run(STEP_MS)
            if self.terminal.up:
                self.run(200)
                return
        raise AssertionError("no session")

    def stages(self, client_order_id: int = 1001) -> list[str]:
        """Return the reported stages of a command, in order; a `not_sent` with its reason."""
        return [
            f"{report.stage} {report.reason}" if report.reason else str(report.stage)
            for report in self.peer.reports_of(CommandReport)
            if report.client_order_id == client_order_id
        ]

    def sends(self, client_order_id: int = 1001) -> int:
        """Return the number of sends with that magic that the broker received."""
        return sum(record.request.magic == client_order_id for record in self.broker.sends())

    def close(self) -> None:
        self.ledger.close()


class JoinWith(Protocol):
    """Makes a rig with a session. Its fixture closes it."""

    def __call__(self, scenario: Scenario = ...) -> Rig: ...
