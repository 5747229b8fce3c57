"""The reference terminal: session, sending, status replies and scanner as one object that is stepped from outside.

Frames in, frames out, the time as an argument; no socket and no clock. The caller gives received frames to
`on_frame`, calls `on_timer` every few milliseconds, sends the returned frames, and opens a new socket when
`take_reconnect` is True.
"""

import random
import secrets
from collections import Counter, deque
from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from bridge import __version__
from bridge.core.link.handshake import LinkKey
from bridge.core.link.messages import Command, CommandKind, Inquire, ScanRequest, StatusRequest, Welcome
from bridge.core.link.reports import AnyReport, ConnectionReport, NotSentReason, TroubleReport
from bridge.core.units.clock import Entropy, Uniform
from bridge.simulator.broker.api import BrokerApi, BrokerGone, BrokerTimeout
from bridge.simulator.terminal.broker_reports import TEXT_MAX, ledger_reports, symbol_report
from bridge.simulator.terminal.ledger import Ledger
from bridge.simulator.terminal.scan import Scanner
from bridge.simulator.terminal.send import Sender
from bridge.simulator.terminal.session import LinkSession
from bridge.simulator.terminal.standing import Standing, look
from bridge.simulator.terminal.status import StatusReplies

MAX_COMMANDS: Final = 32
"""Most commands that wait. A further one is answered BUSY."""
MAX_QUESTIONS: Final = 1024
"""Most status requests and inquiries that wait. A further one is dropped and counted; the sidecar asks again."""
QUESTIONS_PER_CALL: Final = 4
_RANDOM: Final = random.SystemRandom()


class ReferenceTerminal:
    """One instance of a terminal: one account, one ledger, one sidecar."""

    def __init__(
        self,
        *,
        officer: str,
        key: LinkKey,
        broker: BrokerApi,
        ledger: Ledger,
        poll_interval_s: int | None = None,
        entropy: Entropy = secrets.token_bytes,
        uniform: Uniform = _RANDOM.random,
        mono_ms: Callable[[], int] | None = None,
    ) -> None:
        """The caller closes `ledger`. Tests inject `entropy` and `uniform`. `mono_ms` reads the monotonic clock
        anew, since a call to the broker may take long; without it no time passes within a timer call."""
        self.instance_id = entropy(16).hex()
        self._mono_ms = mono_ms
        self._broker = broker
        self._ledger = ledger
        self._session = session = LinkSession(
            officer=officer,
            key=key,
            instance_id=self.instance_id,
            program=f"reference terminal {__version__}",
            entropy=entropy,
            uniform=uniform,
            poll_interval_s=poll_interval_s,
        )
        self._scanner = scanner = Scanner(broker, self.instance_id, session.post, self._alarm)
        self._sender = Sender(broker, ledger, session.post, scanner.report_now, self._alarm)
        self._status = StatusReplies(
            broker, ledger, self._sender, session.post, scanner.report_now, self._alarm
        )
        self._commands: deque[Command] = deque()
        self._questions: deque[StatusRequest | Inquire] = deque()
        self._announced = False  # the heartbeat that announces the next send was sent
        self._standing: Standing | None = None
        self._connected = False
        self._connected_since_ms = 0
        self._was_connected = False
        self._forbidden_by = ""
        self._connections = 0
        self._troubles = 0
        self._timer_max_us = 0

    @property
    def up(self) -> bool:
        """True while a session with the sidecar is established."""
        return self._session.up

    @property
    def counts(self) -> Counter[str]:
        """Messages that were dropped, by reason."""
        return self._session.counts

    @property
    def pressing(self) -> bool:
        """True where work should not wait for the next timer call: send the frames, then call `on_timer` again."""
        return self._announced or bool(self._questions)

    def due_ms(self, mono_ms: int) -> int:
        """Return the time of the next timer call, if nothing comes from the sidecar or the broker before."""
        if self._standing is None or self._commands:
            return mono_ms
        due = self._session.due_ms(mono_ms)
        if self._session.up and self._standing.connected:
            due = min(due, self._scanner.due_ms(mono_ms))
        return due

    def take_reconnect(self) -> bool:
        """Return True once after a session ended: send the remaining frames, then open a new socket."""
        return self._session.take_reconnect()

    def timer_took(self, microseconds: int) -> None:
        """Take in the duration of a timer call, for the heartbeat."""
        self._timer_max_us = max(self._timer_max_us, microseconds)

    def link_failed(self, mono_ms: int, reason: str) -> None:
        """End the session: the socket took no more, and unsent frames are lost."""
        self._session.drop(mono_ms, reason)

    def bye(self, reason: str) -> list[bytes]:
        """End in order. Return the last frames to send."""
        self._forget_work()
        self._session.bye(reason)
        return self._session.take_frames()

    def on_frame(self, frame: bytes, mono_ms: int) -> list[bytes]:
        """Take in one message, and return the frames to send now. Executes nothing."""
        if self._standing is None:
            return []  # nothing was sent yet, so this is no answer
        self._ledger.enter(self.instance_id)
        match self._session.on_frame(frame, mono_ms, self._standing, self._ledger.identity):
            case Welcome() as welcome:
                self._forget_work()
                self._scanner.begin(welcome, self._ledger_after(welcome.ledger_mark))
            case Command() as command:
                self._take_command(command)
            case (StatusRequest() | Inquire()) as question:
                if len(self._questions) < MAX_QUESTIONS:
                    self._questions.append(question)
                else:
                    self.counts["questions_over_limit"] += 1
            case ScanRequest():
                self._scanner.scan_soon()
            case None:
                pass
        return self._session.take_frames()

    def on_timer(self, mono_ms: int, *, all_read: bool = True) -> list[bytes]:
        """Do a bounded amount of what is due, and return the frames to send now. At most one order is sent.

        `all_read` False: messages of the sidecar wait. Nothing is sent then, since the end of the session may be
        among them.
        """
        standing = self._look()
        if standing is None:
            return []
        if standing.account is not None:
            self._ledger.make(standing.account.login)
        self._watch(standing, mono_ms)
        if self._session.on_timer(mono_ms, standing, self._timer_max_us):
            self._timer_max_us = 0
        if not self._session.up:
            self._forget_work()
            return self._session.take_frames()
        try:
            self._answer_questions(mono_ms)
            self._execute(mono_ms, standing, all_read=all_read)
            if standing.connected:
                self._scanner.note(standing.transaction, standing.changes)
                self._scanner.step(mono_ms, self._session.reports.room)
        except (BrokerTimeout, BrokerGone):
            pass  # the next call continues
        return self._session.take_frames()

    def _take_command(self, command: Command) -> None:
        client_order_id = command.order.client_order_id
        if any(
            waiting.order.client_order_id == client_order_id and waiting.attempt >= command.attempt
            for waiting in self._commands
        ):
            return
        if self._sender.answered(command):
            return
        if len(self._commands) >= MAX_COMMANDS:
            message = f"{MAX_COMMANDS} commands are waiting"
            self._sender.refuse(client_order_id, command.attempt, NotSentReason.BUSY, message)
            return
        self._sender.receive(command)
        self._put(command)

    def _put(self, command: Command) -> None:
        """Put the command behind those of its kind: closes, changes and cancels go before opens."""
        place = len(self._commands)
        if command.order.kind is not CommandKind.OPEN:
            while place and self._commands[place - 1].order.kind is CommandKind.OPEN:
                place -= 1
        self._commands.insert(place, command)
        if place == 0:
            # It has taken the place of an open that was the next one, and is announced like any other.
            self._end_busy()

    def _end_busy(self) -> None:
        if self._announced:
            self._session.end_busy()
        self._announced = False

    def _answer_questions(self, mono_ms: int) -> None:
        for _ in range(min(QUESTIONS_PER_CALL, len(self._questions))):
            question = self._questions.popleft()
            if isinstance(question, StatusRequest):
                connected_ms = mono_ms - self._connected_since_ms if self._connected else 0
                self._status.reply(question.item, connected_ms)
            else:
                # The name counts exactly; where the broker does not answer, the sidecar asks again.
                self._session.post(symbol_report(question.symbol, self._broker.symbol(question.symbol)))

    def _execute(self, mono_ms: int, standing: Standing, *, all_read: bool) -> None:
        """Execute a command in two calls: the first sends a busy heartbeat, the second the order."""
        # Status requests or a broker that answers late may have taken seconds since the timer call began.
        now_ms = self._mono_ms or (lambda: mono_ms)
        account = self._session.account
        if not self._commands or account is None or not self._session.in_contact(now_ms()):
            self._end_busy()
        elif not self._announced:
            self._session.begin_busy(standing)
            self._announced = True
        elif all_read:
            self._sender.execute(self._commands.popleft(), lambda: self._session.link_ms(now_ms()), account)
            self._end_busy()

    def _forget_work(self) -> None:
        """Drop what waits: commands of an ended session are not executed; the sidecar asks for their status."""
        self._commands.clear()
        self._questions.clear()
        self._end_busy()

    def _ledger_after(self, mark: int) -> Iterator[AnyReport]:
        for entry in self._ledger.after(mark):
            yield from ledger_reports(entry, with_request=True)

    def _look(self) -> Standing | None:
        """Return the terminal's state. A broker that does not answer counts as disconnected."""
        try:
            self._standing = look(self._broker)
        except (BrokerTimeout, BrokerGone):
            if self._standing is not None:
                self._standing = msgspec.structs.replace(self._standing, connected=False)
        return self._standing

    def _watch(self, standing: Standing, mono_ms: int) -> None:
        """Report a lost or restored connection to the broker, and a missing permission."""
        if standing.connected is not self._connected:
            self._connected = standing.connected
            if standing.connected:
                self._connected_since_ms = mono_ms
                self._scanner.rescan_now()
            if self._was_connected:  # the first connection restores none
                self._report_connection(standing.connected)
            self._was_connected = True
        if standing.connected and standing.forbidden_by != self._forbidden_by:
            # While disconnected, every permission looks missing.
            self._forbidden_by = standing.forbidden_by
            if standing.forbidden_by:
                self._alarm("TRADING_OFF", standing.forbidden_by)

    def _report_connection(self, up: bool) -> None:
        self._connections += 1
        message = "the broker is connected again" if up else "the connection to the broker is lost"
        self._session.post(
            ConnectionReport(instance_id=self.instance_id, counter=self._connections, up=up, message=message)
        )

    def _alarm(self, code: str, message: str) -> None:
        self._troubles += 1
        self._session.post(
            TroubleReport(
                instance_id=self.instance_id, counter=self._troubles, code=code, message=message[:TEXT_MAX]
            )
        )
