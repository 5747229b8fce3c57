"""Model of one command between a sidecar and two instances of the terminal, the second from a copied folder.

One step is one event of one participant: everything that can happen in one state, in any order, is a step. Time
passes in ticks of a second on which nothing else happens; ages are counted up to where they decide nothing more, so
that the state space is finite and time is not bounded. What is modelled:

- the sidecar: it dispatches, asks for the status, takes reports, loses a session, admits an instance, and restarts,
  as often as it likes;
- instance A and instance B: hello, reading a message, executing, reporting; B starts from a copy of A's ledger that
  may be older than A's intent;
- a send in two halves: the last check of the deadline with the intent in the ledger, and the request's arrival at
  the broker, up to REQUEST_S later;
- freezes of both, messages that wait in a frozen one's socket, and an estimate of the link clock that is LAG_S
  behind.

The decisions are the core's own: who may take over (`longest_wait`), which answers count (`answer_counts`), the
state of the command (`apply_command`, `dispatch_command`), the age of a dispatch (`DispatchClock`), and the
terminal's estimate of the link clock (`LinkClock`). The broker is not searched before a send: the rules must do
without it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final, NamedTuple

import msgspec

from bridge.core.link.reports import CommandReport, CommandStage, NotSentReason
from bridge.core.trade import executors
from bridge.core.trade.apply_reports import apply_command
from bridge.core.trade.command_states import CommandInput, CommandState
from bridge.core.trade.executors import Dispatch, DispatchClock
from bridge.core.trade.records import CommandRecord
from bridge.core.trade.transitions import advance, dispatch_command
from bridge.simulator.terminal.link_clock import LinkClock
from tests.unit.core.samples import CLIENT_ORDER_ID, NOW, OPEN, SCENE

DEADLINE_S: Final = 2
LAG_S: Final = 1
"""Time by which an instance's estimate of the link clock is behind."""
REQUEST_S: Final = 1
"""Longest time from the last check of the deadline to the request's arrival at the broker."""
MARGIN_S: Final = LAG_S + REQUEST_S + 1
"""Shortest margin in whole seconds that is longer than both together."""
LEDGER: Final = "1e" * 16
"""Id of A's ledger and of its copy."""
NAMES: Final = ("A", "B")
INSTANCE_IDS: Final = ("a" * 32, "b" * 32)
ATTEMPTS: Final = 2
"""Attempts that are explored."""


@dataclass(frozen=True)
class Rules:
    """Variant of the model."""

    admission_waits: bool = True
    """False: the old rule, by which another instance takes over once the first is silent."""
    answers_wait: bool = True
    """False: the old rule, by which another instance is asked at once, and believed."""
    margin_s: int = MARGIN_S
    bye: bool = True
    """A bye is sent to the instance whose session ends."""
    clock_stops: bool = False
    """An instance's own clock stands still while it is frozen."""
    freezes_in_send: bool = False
    """An instance may freeze between its last check and the request's arrival."""
    breaks: bool = True
    """The sidecar may restart, and sessions may be lost otherwise than by silence: no bye is read then."""


class Found(NamedTuple):
    """Report of the order as the broker shows it."""


Report = CommandReport | Found


class Message(NamedTuple):
    """Message of the sidecar that waits in an instance: a command, or a bye."""

    attempt: int
    """0: a bye."""
    age_s: int = 0
    """Time since its dispatch, on the instance's clock."""


BYE: Final = Message(0)


class Terminal(NamedTuple):
    """One instance."""

    started: bool = False
    frozen: bool = False
    up: bool = False
    """It believes that its session lasts."""
    linked: bool = False
    """Its session is the sidecar's present one."""
    inbox: tuple[Message, ...] = ()
    queue: tuple[Message, ...] = ()
    barred: int = 0
    """Highest attempt that it must not execute any more."""
    intent: int = 0
    """Attempt of the intent in its ledger; 0: none."""
    sending_s: int = -1
    """Seconds within which its request arrives; -1: no request is on its way."""
    concluded: bool = False
    outbox: tuple[Report, ...] = ()
    """Reports that wait for the next session."""


class Sidecar(NamedTuple):
    """The sidecar with its journal."""

    state: CommandState = CommandState.PLANNED
    attempt: int = 0
    to: int = 0
    """Instance of the last dispatch."""
    age_s: int = 0
    """Time since the last dispatch, or since the start of a process that did not make it."""
    session: int | None = 0
    """Instance of the present session."""
    last: int = 0
    """Instance of the last session."""


class State(NamedTuple):
    """State of everything."""

    sidecar: Sidecar
    terminals: tuple[Terminal, Terminal]
    sends: int
    """Requests that reached the broker."""


INITIAL: Final = State(Sidecar(), (Terminal(started=True, up=True, linked=True), Terminal()), 0)
"""A is connected, and the command is planned."""


def holds(state: State) -> bool:
    """Return True while at most one request has reached the broker under the client order id."""
    return state.sends <= 1


def goals(state: State) -> Iterator[str]:
    """Yield what a search must have reached, or it has shown nothing."""
    sidecar, (first, second) = state.sidecar, state.terminals
    if sidecar.attempt == ATTEMPTS and sidecar.to == 1 and second.concluded and not first.intent:
        yield "B executes the second attempt"
    if sidecar.attempt == ATTEMPTS and sidecar.to == 0 and first.concluded:
        yield "A executes the second attempt"
    if first.concluded and sidecar.session == 1 and not second.intent and not sidecar.state.unresolved:
        yield "B reports what A has sent"
    if first.frozen and first.queue and sidecar.session == 1:
        yield "A is frozen with a command, and B has its place"


class Model:
    """The steps of one variant."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self._oldest_s = DEADLINE_S + max(rules.margin_s, 0) + LAG_S + 1
        """Age from which on nothing changes any more."""

    def steps(self, state: State) -> Iterator[tuple[str, State]]:
        """Yield everything that can happen next."""
        yield from self._time(state)
        yield from self._sidecar(state)
        for index in (0, 1):
            yield from self._terminal(state, index)

    def _time(self, state: State) -> Iterator[tuple[str, State]]:
        if not any(each.sending_s == 0 and not each.frozen for each in state.terminals):
            yield "a second passes", self._tick(state)
        for index, terminal in enumerate(state.terminals):
            name = NAMES[index]
            if terminal.frozen:
                yield f"{name} wakes up", _put(state, index, terminal._replace(frozen=False))
            elif terminal.started and (terminal.sending_s < 0 or self.rules.freezes_in_send):
                yield f"{name} freezes", _put(state, index, terminal._replace(frozen=True))
        first, second = state.terminals
        if not second.started:
            # The copy may be from before A's intent, or from now.
            for intent in sorted({0, first.intent}):
                copy = Terminal(started=True, intent=intent, concluded=bool(intent) and first.concluded)
                yield f"B starts from a copy with{'' if intent else 'out'} the intent", _put(state, 1, copy)

    def _tick(self, state: State) -> State:
        first, second = (_older(each, self._oldest_s, self.rules.clock_stops) for each in state.terminals)
        aged = state.sidecar._replace(age_s=min(state.sidecar.age_s + 1, self._oldest_s))
        return state._replace(sidecar=aged, terminals=(first, second))

    # The sidecar

    def _sidecar(self, state: State) -> Iterator[tuple[str, State]]:
        sidecar = state.sidecar
        if self.rules.breaks:
            first, second = map(_unlinked, state.terminals)
            restarted = sidecar._replace(age_s=0, session=None)
            yield "the sidecar restarts", state._replace(sidecar=restarted, terminals=(first, second))
        if sidecar.session is None:
            return
        index, name = sidecar.session, NAMES[sidecar.session]
        terminal = state.terminals[index]
        if sidecar.state is CommandState.PLANNED and sidecar.attempt < ATTEMPTS:
            yield f"attempt {sidecar.attempt + 1} goes to {name}", _dispatch(state, index)
        idle = not (terminal.frozen or terminal.inbox or terminal.sending_s >= 0)
        wait = self.rules.answers_wait and self._left_s(state, index)
        if sidecar.state.unresolved and idle and not wait:
            asked, answer = _status(state, terminal)
            yield f"{name} is asked for the outcome", self._post(state, index, asked, *answer)
        if terminal.frozen or self.rules.breaks:
            yield f"the session of {name} is lost", self._end_session(state)

    def _end_session(self, state: State) -> State:
        index = state.sidecar.session
        if index is None:
            return state
        terminal = state.terminals[index]
        bye = (BYE,) if self.rules.bye else ()
        ended = _put(state, index, terminal._replace(linked=False, inbox=(*terminal.inbox, *bye)))
        return ended._replace(sidecar=state.sidecar._replace(session=None))

    def _left_s(self, state: State, index: int) -> float:
        """Return the seconds for which an instance has no say about the command."""
        sidecar = state.sidecar
        if not sidecar.attempt or sidecar.state not in executors.HELD:
            return 0.0
        dispatch, instance_id = _last_dispatch(sidecar.to, sidecar.age_s), INSTANCE_IDS[index]
        waits = executors.longest_wait([dispatch], instance_id, self.rules.margin_s)
        return 0.0 if waits is None else waits.left_s(instance_id, self.rules.margin_s)

    def _post(self, state: State, index: int, terminal: Terminal, *reports: Report) -> State:
        """Return the state after an instance has posted reports: they arrive at once, or wait for a session."""
        if not terminal.linked:
            fresh = tuple(report for report in reports if report not in terminal.outbox)
            return _put(state, index, terminal._replace(outbox=(*terminal.outbox, *fresh)))
        sidecar = state.sidecar
        for report in reports:
            if self._counts(sidecar, index, report):
                sidecar = sidecar._replace(state=_applied(report, sidecar.state, sidecar.attempt))
        return _put(state, index, terminal)._replace(sidecar=sidecar)

    def _counts(self, sidecar: Sidecar, index: int, report: Report) -> bool:
        if isinstance(report, Found) or not self.rules.answers_wait:
            return True
        return executors.answer_counts(
            report,
            _last_dispatch(sidecar.to, sidecar.age_s) if sidecar.attempt else None,
            instance_id=INSTANCE_IDS[index],
            ledger_id=LEDGER,
            margin_s=self.rules.margin_s,
        )

    # The instances

    def _terminal(self, state: State, index: int) -> Iterator[tuple[str, State]]:
        terminal, name = state.terminals[index], NAMES[index]
        if not terminal.started or terminal.frozen:
            return
        if terminal.sending_s >= 0:
            # The send is synchronous: nothing else happens in the instance.
            sent = terminal._replace(sending_s=-1, concluded=True)
            arrived = state._replace(sends=state.sends + 1)
            yield f"the request of {name} reaches the broker", self._post(arrived, index, sent, *_entry(sent))
            return
        if not terminal.up:
            yield from self._hello(state, index)
            return
        if terminal.inbox:
            yield (
                f"{name} reads {'a bye' if terminal.inbox[0] == BYE else 'the command'}",
                self._read(state, index),
            )
        elif terminal.queue:
            after, report = _execute(terminal)
            yield f"{name} executes", self._post(state, index, after, *report)
        if not terminal.linked:
            # Its heartbeat is answered with a bye, or the connection is closed.
            yield f"{name} notices that its session is over", _put(state, index, _down(terminal))

    def _hello(self, state: State, index: int) -> Iterator[tuple[str, State]]:
        sidecar, other = state.sidecar, state.terminals[1 - index]
        if index == 0 and sidecar.last == 1:
            # Another instance has taken its place: it is never admitted again.
            return
        if sidecar.session == 1 - index and not other.frozen:
            # The other one is alive by its heartbeats.
            return
        if self.rules.admission_waits and self._left_s(state, index):
            return
        ended = self._end_session(state)
        waiting = ended.terminals[index].outbox
        welcomed = ended.terminals[index]._replace(up=True, linked=True, inbox=(), queue=(), outbox=())
        admitted = ended._replace(sidecar=ended.sidecar._replace(session=index, last=index))
        yield f"{NAMES[index]} is admitted", self._post(admitted, index, welcomed, *waiting)

    def _read(self, state: State, index: int) -> State:
        terminal = state.terminals[index]
        message, terminal = terminal.inbox[0], terminal._replace(inbox=terminal.inbox[1:])
        if message == BYE:
            return _put(state, index, _down(terminal))
        if terminal.intent:
            return self._post(state, index, terminal, *_entry(terminal))
        if message.attempt <= terminal.barred:
            return _put(state, index, terminal)
        return _put(state, index, terminal._replace(queue=(*terminal.queue, message)))


@cache
def _older(terminal: Terminal, oldest_s: int, clock_stops: bool) -> Terminal:
    """Return the instance a second later. A few hundred instances occur in tens of thousands of states."""

    def older(message: Message) -> Message:
        if not message.attempt or (terminal.frozen and clock_stops):
            return message
        return message._replace(age_s=min(message.age_s + 1, oldest_s))

    waits = terminal.frozen or terminal.sending_s < 1
    return terminal._replace(
        inbox=tuple(map(older, terminal.inbox)),
        queue=tuple(map(older, terminal.queue)),
        sending_s=terminal.sending_s if waits else terminal.sending_s - 1,
    )


@cache
def _unlinked(terminal: Terminal) -> Terminal:
    return terminal._replace(linked=False)


def _put(state: State, index: int, terminal: Terminal) -> State:
    first, second = state.terminals
    return state._replace(terminals=(terminal, second) if index == 0 else (first, terminal))


def _dispatch(state: State, index: int) -> State:
    command = dispatch_command(_command(state.sidecar.state, state.sidecar.attempt), NOW)
    sent = state.sidecar._replace(state=command.state, attempt=command.attempt, to=index, age_s=0)
    terminal = state.terminals[index]
    queued = terminal._replace(inbox=(*terminal.inbox, Message(command.attempt)))
    return _put(state, index, queued)._replace(sidecar=sent)


def _down(terminal: Terminal) -> Terminal:
    """Return the instance without a session: its queue and its socket are gone."""
    return terminal._replace(up=False, linked=False, inbox=(), queue=())


def _status(state: State, terminal: Terminal) -> tuple[Terminal, list[Report]]:
    """Return the instance after a status request, and its answer."""
    if terminal.intent:
        return terminal, _entry(terminal)
    attempt = state.sidecar.attempt
    barred = terminal._replace(barred=max(terminal.barred, attempt))
    return barred, [Found() if state.sends else _not_sent(attempt, NotSentReason.NO_INTENT)]


def _execute(terminal: Terminal) -> tuple[Terminal, list[Report]]:
    """Return the instance after its last checks: it is late and reports so, or its intent is in the ledger."""
    command, terminal = terminal.queue[0], terminal._replace(queue=terminal.queue[1:])
    if terminal.intent or command.attempt <= terminal.barred:
        return terminal, []
    estimate_ms = LinkClock(0).now(max(command.age_s - LAG_S, 0) * 1000)
    if estimate_ms > DEADLINE_S * 1000:
        barred = terminal._replace(barred=command.attempt)
        return barred, [_not_sent(command.attempt, NotSentReason.LATE)]
    # The report of the intent leaves with the timer call's messages: after the synchronous request.
    return terminal._replace(intent=command.attempt, sending_s=REQUEST_S), []


@cache
def _stage(
    stage: CommandStage, attempt: int, reason: NotSentReason | None = None, retcode: int = 0
) -> CommandReport:
    return CommandReport(
        client_order_id=CLIENT_ORDER_ID, attempt=attempt, stage=stage, reason=reason, retcode=retcode
    )


def _entry(terminal: Terminal) -> list[Report]:
    """Return the reports of the ledger's entry."""
    submitted = _stage(CommandStage.SUBMITTED, terminal.intent)
    result = _stage(CommandStage.RESULT, terminal.intent, retcode=10009)
    return [submitted, result] if terminal.concluded else [submitted]


def _not_sent(attempt: int, reason: NotSentReason) -> CommandReport:
    return _stage(CommandStage.NOT_SENT, attempt, reason)


@cache
def _last_dispatch(to: int, age_s: int) -> Dispatch:
    return Dispatch(
        client_order_id=CLIENT_ORDER_ID,
        instance_id=INSTANCE_IDS[to],
        ledger_id=LEDGER,
        deadline_s=DEADLINE_S,
        age_s=DispatchClock(0).age_s(CLIENT_ORDER_ID, age_s),
    )


@cache
def _command(state: CommandState, attempt: int) -> CommandRecord:
    return msgspec.structs.replace(OPEN, state=state, attempt=attempt)


@cache
def _applied(report: Report, state: CommandState, attempt: int) -> CommandState:
    """Return the state that the core gives the command after the report."""
    command = _command(state, attempt)
    if isinstance(report, Found):
        outcome = advance(command, CommandInput.FILL_WHOLE, NOW)
    else:
        outcome = apply_command(report, command, SCENE)
    return outcome.command.state if outcome.command is not None else state
