"""Lives of a terminal; the reference terminal: its real code, stepped as its process steps it."""

import shutil
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, Final, NamedTuple

from bridge.core.link.handshake import LinkKey
from bridge.simulator.broker.api import BrokerTimeout
from bridge.simulator.broker.broker import Broker
from bridge.simulator.mt5.types import TradeRequest, TradeResult
from bridge.simulator.terminal.ledger import Ledger
from bridge.simulator.terminal.terminal import ReferenceTerminal
from tests.simulation.network import MS, Network, TerminalSocket
from tests.simulation.schedule import Life, Schedule

TIMER_MS: Final = 20
READS_PER_TURN: Final = 64
NO_ANSWER_MS: Final = 10_000
"""Time that a terminal waits for an answer that never comes."""


class SlowBroker:
    """The broker as one life of a terminal calls it: each call takes time, and some are not answered."""

    def __init__(self, broker: Broker, random: Random, *, faults: dict[str, int]) -> None:
        self._broker = broker
        self._random = random
        self._faults = faults
        self.spent_ms = 0
        """Time that calls have taken since the beginning of this step of the terminal."""

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._broker, name)
        if not self._faults["broker does not answer"]:
            return call

        def perhaps(*arguments: Any, **named: Any) -> Any:
            if self._random.random() < 0.3:
                self.spent_ms += 1_000
                raise BrokerTimeout(f"{name}: no answer")
            return call(*arguments, **named)

        return perhaps

    def order_send(self, request: TradeRequest) -> TradeResult:
        self.spent_ms += self._random.randrange(1, 30)
        answer = self._broker.submit(request)
        self.spent_ms += answer.delay_ms + self._random.randrange(1, 120)
        if answer.result is None:
            self.spent_ms += NO_ANSWER_MS
            raise BrokerTimeout("order_send: the trade server's answer was lost")
        return answer.result


class Surroundings(NamedTuple):
    """World of a terminal process."""

    officer: str
    key: LinkKey
    broker: Broker
    schedule: Schedule
    network: Network
    trace: Callable[[str, str, dict[str, Any]], None]
    advance: Callable[[], None]
    """Brings the broker to the present."""
    killable: Callable[["TerminalProcess", Callable[[], None]], None]
    """Runs a step, which may be killed in it."""


class TerminalProcess(ABC):
    """One life of a terminal after the other. Its files are in a folder of its own."""

    def __init__(self, name: str, folder: Path, around: Surroundings, random: Random) -> None:
        self.name = name
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self._around = around
        self._schedule = around.schedule
        self._random = random
        self.faults = {"broker does not answer": 0, "slow timer": 0}
        self.life: Life | None = None
        self.lives = 0
        self.timer_ms = 0
        """Interval at which messages are read; 0: as they arrive."""
        self.errors: list[str] = []
        """Errors that ended a life."""
        self._step_at = -1
        self._step_number = 0

    @property
    def running(self) -> bool:
        return self.life is not None and self.life.alive

    def start(self) -> None:
        """Begin a life, unless there is one."""
        if self.running:
            return
        self.lives += 1
        self._around.trace(self.name, "starts", {"life": self.lives})
        life = self.life = Life(self.name)
        self._step_at = -1
        self._begin(life, Random(f"{self._random.random()}"))  # noqa: S311 - chosen to be repeated
        self._plan(self._schedule.now)

    def kill(self) -> None:
        """End the life where it is: what is in memory is lost, and what was not committed."""
        if self.life is not None and self.life.alive:
            self.life.alive = False
            self.end_dead()

    def end_dead(self) -> None:
        """Close what a life that is over has left open."""
        self._around.trace(self.name, "is killed", {})
        self._end()

    def copy_folder(self, target: Path) -> None:
        """Copy the files as they are, as a clone of the machine does."""
        shutil.copytree(self.folder, target, ignore=shutil.ignore_patterns("*.lock"), dirs_exist_ok=True)

    def put_folder(self, source: Path) -> None:
        """Put a copy of a folder in the place of its own. The terminal must not run."""
        shutil.rmtree(self.folder)
        shutil.copytree(source, self.folder)

    @abstractmethod
    def notify(self) -> None:
        """Learn that something has changed at the broker."""

    @abstractmethod
    def _begin(self, life: Life, random: Random) -> None:
        """Build everything for a life."""

    @abstractmethod
    def _end(self) -> None:
        """Close everything of the life, which is over."""

    @abstractmethod
    def _step(self) -> None:
        """Do what is due, and plan the next step."""

    def _plan(self, at: int) -> None:
        """Plan the next step at a time, or sooner where one is planned."""
        if 0 <= self._step_at <= at:
            return
        self._step_number += 1
        number, self._step_at = self._step_number, at

        def step() -> None:
            if number == self._step_number:
                self._step_at = -1
                self._around.killable(self, self._step)

        self._schedule.at(at, self.life, step)


class ReferenceProcess(TerminalProcess):
    """The reference terminal. It is woken by what arrives."""

    def __init__(self, name: str, folder: Path, around: Surroundings, random: Random) -> None:
        super().__init__(name, folder, around, random)
        self._ledger: Ledger | None = None
        self._terminal: ReferenceTerminal | None = None
        self._slow: SlowBroker | None = None
        self._socket: TerminalSocket | None = None
        self._turned_ms = 0
        self._changed = False
        """True where the broker has changed since the last timer call."""

    def _begin(self, life: Life, random: Random) -> None:
        around = self._around
        self._ledger = Ledger(self.folder / "terminal.ledger", entropy=random.randbytes)
        slow = self._slow = SlowBroker(around.broker, random, faults=self.faults)
        self._terminal = ReferenceTerminal(
            officer=around.officer,
            key=around.key,
            broker=slow,
            ledger=self._ledger,
            entropy=random.randbytes,
            uniform=random.random,
            mono_ms=lambda: self._now_ms() + slow.spent_ms,
        )
        self._socket = TerminalSocket(around.network, life, self._wake)
        self._turned_ms = self._now_ms() - TIMER_MS

    def _end(self) -> None:
        if self._socket is not None and self._ledger is not None:
            self._socket.close()
            self._ledger.close()

    def _wake(self) -> None:
        """Let the terminal look at what has arrived."""
        if self.running:
            self._plan(self._schedule.now)

    def notify(self) -> None:
        if self.running and self._terminal is not None:
            self._changed = True
            self._plan(max(self._schedule.now, self._next_ms(self._terminal) * MS))

    def _now_ms(self) -> int:
        return self._schedule.now // MS

    def _step(self) -> None:
        terminal, socket, slow, life = self._terminal, self._socket, self._slow, self.life
        assert terminal is not None and socket is not None and slow is not None and life is not None
        self._around.advance()
        slow.spent_ms = 0
        now_ms = self._now_ms()
        frames: list[bytes] = []
        for _ in range(min(READS_PER_TURN, len(socket.inbox))):
            frames += terminal.on_frame(socket.inbox.popleft(), now_ms)
        if now_ms >= self._next_ms(terminal):
            self._turned_ms, self._changed = now_ms, False
            frames += terminal.on_timer(now_ms, all_read=not socket.inbox)
            terminal.timer_took(slow.spent_ms * 1000)
        if slow.spent_ms:
            # The program is one thread: it sends, reads and turns when its call has returned.
            life.stopped_until = max(life.stopped_until, self._schedule.now + slow.spent_ms * MS)
        done = self._schedule.now + slow.spent_ms * MS
        reconnect = terminal.take_reconnect()
        self._schedule.at(
            done,
            life,
            lambda: self._around.killable(self, lambda: self._send(socket, deque(frames), reconnect)),
        )

    def _send(self, socket: TerminalSocket, frames: deque[bytes], reconnect: bool) -> None:
        terminal, life = self._terminal, self.life
        assert terminal is not None and life is not None
        while frames:
            if not socket.send(frames.popleft()):
                terminal.link_failed(self._now_ms(), "the socket takes no more")
                reconnect = terminal.take_reconnect() or reconnect
                break
        if reconnect:
            socket.close()
            self._socket = socket = TerminalSocket(self._around.network, life, self._wake)
        if socket.inbox:
            self._plan(self._schedule.now)
        late = self._random.randrange(0, 400) * MS if self.faults["slow timer"] else 0
        self._plan(max(self._schedule.now, self._next_ms(terminal) * MS) + late)

    def _next_ms(self, terminal: ReferenceTerminal) -> int:
        now_ms = self._now_ms()
        if terminal.pressing:
            return now_ms
        due_ms = now_ms if self._changed else terminal.due_ms(now_ms)
        return max(due_ms, self._turned_ms + TIMER_MS)
