"""The reference terminal: session, executor, settles and scanner as one thing that is stepped from outside.

Frames in, frames out, the time as an argument; no socket and no clock. The shell calls `on_frame` for what the
sidecar sends and `on_timer` every few milliseconds, sends what comes back, and opens a new socket when
`take_reconnect` says so.
"""

import random
import secrets
from collections import Counter, deque
from collections.abc import Iterator
from typing import Final

import msgspec

from bridge import __version__
from bridge.core.link.handshake import LinkKey
from bridge.core.link.messages import Command, Inquire, StatusRequest, Welcome
from bridge.core.link.reports import AnyReport, ConnectionReport, NotSentReason, TroubleReport
from bridge.core.units.clock import Uniform
from bridge.simulator.broker.api import BrokerApi, BrokerGone, BrokerTimeout
from bridge.simulator.terminal.broker_reports import TEXT_MAX, ledger_reports
from bridge.simulator.terminal.day_equity import DayEquity
from bridge.simulator.terminal.detection import Detection
from bridge.simulator.terminal.executor import Executor
from bridge.simulator.terminal.inputs import Inputs
from bridge.simulator.terminal.ledger import Ledger
from bridge.simulator.terminal.risk_limits import RiskLimits
from bridge.simulator.terminal.scanner import Scanner
from bridge.simulator.terminal.session import Entropy, LinkSession
from bridge.simulator.terminal.standing import Standing, look

MAX_COMMANDS: Final = 32
"""Commands that wait at most. A further one is answered BUSY."""
MAX_STATUS_REQUESTS: Final = 1024
"""Settles that wait at most. A further one is dropped; the sidecar asks again."""
STATUS_REQUESTS_PER_CALL: Final = 4
_RANDOM: Final = random.SystemRandom()


class ReferenceTerminal:
    """One boot of a terminal: one account, one ledger, one sidecar."""

    def __init__(
        self,
        *,
        officer: str,
        key: LinkKey,
        broker: BrokerApi,
        ledger: Ledger,
        inputs: Inputs | None = None,
        entropy: Entropy = secrets.token_bytes,
        uniform: Uniform = _RANDOM.random,
    ) -> None:
        """`ledger` stays the caller's to close. `entropy` and `uniform` are injected by tests."""
        self.instance_id = entropy(16).hex()
        self._broker = broker
        self._ledger = ledger
        self._inputs = inputs or Inputs()
        self._session = LinkSession(
            officer=officer,
            key=key,
            instance_id=self.instance_id,
            program=f"reference terminal {__version__}",
            entropy=entropy,
            uniform=uniform,
            poll_interval_s=self._inputs.poll_interval_s,
        )
        self._risk_limits = RiskLimits(
            self._inputs, ledger, DayEquity(ledger.path.with_name(ledger.path.name + ".day"))
        )
        self._scanner = Scanner(broker, self.instance_id, self._session.post, self._alarm)
        self._executor = Executor(
            broker, ledger, self._risk_limits, self._session.post, self._scanner.sight, self._alarm
        )
        self._detection = Detection(broker, self._session.post)
        self._commands: deque[Command] = deque()
        self._status_requests: deque[StatusRequest] = deque()
        self._announced = False
        self._standing: Standing | None = None
        self._connected = False
        self._connected_since_ms = 0
        self._seen_connected = False
        self._forbidden_by = ""
        self._connections = 0
        self._troubles = 0
        self._timer_max_us = 0

    # What the shell asks

    @property
    def up(self) -> bool:
        """There is a session with the sidecar."""
        return self._session.up

    @property
    def counts(self) -> Counter[str]:
        """Frames that were dropped, by reason."""
        return self._session.counts

    @property
    def pressing(self) -> bool:
        """There is work that should not wait for the next timer call. Send the frames, then call again."""
        return self._announced or bool(self._status_requests)

    def take_reconnect(self) -> bool:
        """True once after a session ended: send the frames that there are, then open a new socket."""
        return self._session.take_reconnect()

    # What the shell tells

    def on_frame(self, frame: bytes, mono_ms: int) -> list[bytes]:
        """Take in one message; the frames to send now. Executes nothing."""
        if self._standing is None:
            return []  # nothing was said yet, so this is no answer
        work = self._session.on_frame(frame, mono_ms, self._standing, self._ledger.identity)
        match work:
            case Welcome():
                self._forget_work()
                self._scanner.begin(work, self._beyond(work.ledger_mark))
            case Command():
                self._take_command(work)
            case StatusRequest():
                self._take_status_request(work)
            case Inquire():
                if not self._detection.take(work):
                    self._session.counts["inquiries_over_limit"] += 1
            case None:
                pass
        return self._session.take_frames()

    def on_timer(self, mono_ms: int) -> list[bytes]:
        """Do what is due, a bounded amount of it; the frames to send now. At most one order is sent."""
        standing = self._look()
        if standing is None:
            return []
        self._watch(standing, mono_ms)
        self._risk_limits.beat(mono_ms, standing, self._broker)
        if self._session.on_timer(mono_ms, standing, self._timer_max_us):
            self._timer_max_us = 0
        if not self._session.up:
            self._forget_work()
        else:
            self._status_request(mono_ms)
            self._execute(mono_ms, standing)
            self._scan(mono_ms, standing)
            self._detect(standing)
        return self._session.take_frames()

    def timer_took(self, microseconds: int) -> None:
        """How long a timer call took, for the heartbeat."""
        self._timer_max_us = max(self._timer_max_us, microseconds)

    def link_failed(self, mono_ms: int, reason: str) -> None:
        """The socket took no more: what was not sent is lost, and the session with it."""
        self._session.fail(mono_ms, reason)

    def bye(self, reason: str) -> list[bytes]:
        """End in order; the last frames to send."""
        self._forget_work()
        self._session.bye(reason)
        return self._session.take_frames()

    # Work

    def _take_command(self, command: Command) -> None:
        if any(
            waiting.order.client_order_id == command.order.client_order_id
            and waiting.attempt >= command.attempt
            for waiting in self._commands
        ):
            return
        if self._executor.answered(command):
            return
        if len(self._commands) >= MAX_COMMANDS:
            self._executor.refuse(command, NotSentReason.BUSY, f"{MAX_COMMANDS} commands are waiting")
            return
        self._executor.receive(command)
        self._commands.append(command)

    def _take_status_request(self, status_request: StatusRequest) -> None:
        if len(self._status_requests) >= MAX_STATUS_REQUESTS:
            self._session.counts["status_requests_over_limit"] += 1
            return
        self._status_requests.append(status_request)

    def _status_request(self, mono_ms: int) -> None:
        for _ in range(min(STATUS_REQUESTS_PER_CALL, len(self._status_requests))):
            item = self._status_requests.popleft().item
            since = self._connected_since_ms
            self._executor.status_request(item, mono_ms - since if self._connected else 0)

    def _execute(self, mono_ms: int, standing: Standing) -> None:
        """One command in two calls: the first says 'busy' and lets that out of the door, the second sends."""
        account = self._session.account
        if not self._commands or account is None or not self._session.hears(mono_ms):
            self._announced = False
            return
        if not self._announced:
            order = self._commands[0].order
            if standing.connected and order.position and self._risk_limits.unseen(order.opener):
                return  # its deals are told as soon as they are in the history; it may be shown later
            self._session.beat(mono_ms, standing, busy=True)
            self._announced = True
            return
        self._announced = False
        self._executor.execute(self._commands.popleft(), self._session.link_ms(mono_ms), account)

    def _scan(self, mono_ms: int, standing: Standing) -> None:
        if not standing.connected:
            return
        try:
            self._scanner.step(mono_ms, self._session.reports.room)
        except (BrokerTimeout, BrokerGone):
            pass  # the next call takes it up again

    def _detect(self, standing: Standing) -> None:
        if not standing.connected:
            return
        try:
            self._detection.step()
        except (BrokerTimeout, BrokerGone):
            pass  # the next call takes it up again

    def _forget_work(self) -> None:
        """Commands of a session that is no more are not executed; the sidecar asks what became of them."""
        self._commands.clear()
        self._status_requests.clear()
        self._detection.clear()
        self._announced = False

    def _beyond(self, mark: int) -> Iterator[AnyReport]:
        for entry in self._ledger.after(mark):
            yield from ledger_reports(entry)

    # The terminal's own state

    def _look(self) -> Standing | None:
        """How the terminal stands. A broker that does not answer is one that is not connected."""
        try:
            self._standing = look(self._broker, self._inputs)
        except (BrokerTimeout, BrokerGone):
            if self._standing is not None:
                self._standing = msgspec.structs.replace(self._standing, connected=False)
        return self._standing

    def _watch(self, standing: Standing, mono_ms: int) -> None:
        """Report a connection that went or came, and a permission that is missing."""
        if standing.connected and not self._connected:
            self._connected_since_ms = mono_ms
            self._scanner.hurry()
        if standing.connected is not self._connected:
            self._connected = standing.connected
            if self._seen_connected:  # the first connection is none that came back
                self._post_connection(standing.connected)
            self._seen_connected = True
        if standing.connected and standing.forbidden_by != self._forbidden_by:
            # While disconnected, every permission looks missing.
            self._forbidden_by = standing.forbidden_by
            if standing.forbidden_by:
                self._alarm("TRADING_OFF", standing.forbidden_by)

    def _post_connection(self, up: bool) -> None:
        self._connections += 1
        message = "the broker is back" if up else "the connection to the broker is lost"
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
