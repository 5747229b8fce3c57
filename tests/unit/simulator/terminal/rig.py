"""A terminal, its broker and its sidecar in one place, stepped by hand."""

import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from bridge.core.link.reports import CommandReport
from bridge.simulator.broker.broker import Broker
from bridge.simulator.broker.scenario import Scenario
from bridge.simulator.terminal.inputs import Inputs
from bridge.simulator.terminal.ledger import Ledger
from bridge.simulator.terminal.terminal import ReferenceTerminal
from tests.sidecar_peer import KEY, OFFICER, SidecarPeer

START_MS = 1_750_000_000_000
"""The broker's first server time."""
STEP_MS = 20


@dataclass
class Rig:
    """All parts. `run` moves the time; every frame is carried at once."""

    folder: Path
    inputs: Inputs = field(default_factory=Inputs)
    scenario: Scenario = field(default_factory=Scenario)
    peer: SidecarPeer = field(default_factory=SidecarPeer)
    mono_ms: int = 1_000_000
    reconnects: int = 0
    linked: bool = True
    """False: frames get lost both ways."""

    def __post_init__(self) -> None:
        self.broker = Broker.start(self.scenario, START_MS)
        self._random = random.Random(7)  # noqa: S311 - a test's own chance
        self._born_ms = self.mono_ms
        self.instance_id()

    def instance_id(self) -> None:
        """Load the terminal's program."""
        self.ledger = Ledger(self.folder / "ledger.jsonl")
        self.terminal = ReferenceTerminal(
            officer=OFFICER,
            key=KEY,
            broker=self.broker,
            ledger=self.ledger,
            inputs=self.inputs,
            entropy=self._random.randbytes,
            uniform=self._random.random,
        )

    def restart(self) -> None:
        """Kill the terminal, without a bye, and load it again."""
        self.ledger.close()
        self.instance_id()

    def carry(self, frames: list[bytes]) -> None:
        """The terminal's frames to the sidecar, and its answers back, until nobody has anything to say."""
        while frames and self.linked:
            answers = [answer for frame in frames for answer in self.peer.on_frame(frame)]
            frames = [frame for answer in answers for frame in self.terminal.on_frame(answer, self.mono_ms)]

    def say(self, frame: bytes) -> None:
        """A frame of the sidecar's to the terminal."""
        self.carry(self.terminal.on_frame(frame, self.mono_ms))

    def turn(self) -> None:
        """One timer call."""
        self.broker.advance(START_MS + self.mono_ms - self._born_ms)
        self.carry(self.terminal.on_timer(self.mono_ms))
        self.reconnects += self.terminal.take_reconnect()

    def run(self, milliseconds: int) -> None:
        """Timer calls until so much time has passed, with the sidecar's heartbeats where there is a link."""
        end_ms = self.mono_ms + milliseconds
        while self.mono_ms < end_ms:
            self.mono_ms += STEP_MS
            if self.linked and self.terminal.up and self.mono_ms % 1000 == 0:
                self.say(self.peer.heartbeat(0))
            self.turn()

    def join(self) -> None:
        """Run until the session stands and the first scan is through."""
        for _ in range(400):
            self.run(STEP_MS)
            if self.terminal.up:
                self.run(200)
                return
        raise AssertionError("no session")

    def stages(self, client_order_id: int = 1001) -> list[str]:
        """The stages reported of a command, in order; a `not_sent` with its reason."""
        return [
            f"{report.stage} {report.reason}" if report.reason else str(report.stage)
            for report in self.peer.reports_of(CommandReport)
            if report.client_order_id == client_order_id
        ]

    def sends(self, client_order_id: int = 1001) -> int:
        """How many order sends with that magic the broker has seen."""
        return sum(record.request.magic == client_order_id for record in self.broker.sends())

    def close(self) -> None:
        self.ledger.close()


class JoinWith(Protocol):
    """Makes a rig in a session. Its fixture closes it."""

    def __call__(self, scenario: Scenario = ..., inputs: Inputs = ...) -> Rig: ...
