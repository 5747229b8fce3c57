"""The handshake: who gets a session, who is refused, and who is not even answered."""

from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.link.handshake import LinkKey
from bridge.core.link.messages import (
    PROTOCOL_MAX,
    PROTOCOL_MIN,
    Bye,
    Challenge,
    ErrorMessage,
    Hello,
    Message,
    Prove,
    RefusalCode,
    Refused,
    decode_from_sidecar,
    encode,
)
from bridge.core.link.session import HANDSHAKE_S, HELLOS, HELLOS_S, MAX_PENDING, Sessions
from bridge.core.link.session_effects import Admit, Effect, Ended, HeartbeatReceived, Send
from bridge.core.units.mt5_terms import TradeMode
from tests.unit.core.generate import instances
from tests.unit.core.samples import OFFICER
from tests.unit.core.terminals import ACCOUNT, KEYS, OTHER, Terminal, challenged, heartbeat, sessions, welcome


def refusal(effects: list[Effect], officer: str = OFFICER) -> str:
    """The code of what refuses, and says whom it concerns."""
    (send,) = effects
    assert isinstance(send, Send) and isinstance(send.message, Refused)
    assert send.message.message and send.message.remedy
    assert send.officer == officer
    return send.message.code


def test_both_sides_prove_themselves_and_the_journal_admits() -> None:
    link, terminal = sessions(), Terminal()
    challenge = challenged(terminal.send_hello(link))
    assert challenge.proof == terminal.key.sidecar_proof(terminal.hello, PROTOCOL_MAX, challenge.nonce)
    prove = terminal.proof(challenge)
    assert terminal.say(link, prove) == [Admit(b"peer-1", OFFICER, terminal.hello, prove)]
    assert link.session(OFFICER) is None  # the journal decides
    assert link.admit(b"peer-1", welcome(7), 3.0) == [Send(b"peer-1", welcome(7))]
    session = link.session(OFFICER)
    assert session is not None
    assert (session.peer, session.instance_id, session.epoch, session.ready) == (
        b"peer-1",
        "a" * 32,
        7,
        False,
    )
    assert link.alive(OFFICER, 3.0)


def test_every_challenge_has_its_own_nonce() -> None:
    link, terminal = sessions(), Terminal()
    nonces = [challenged(terminal.send_hello(link)).nonce for _ in range(3)]
    assert len(set(nonces)) == 3


@pytest.mark.parametrize(
    ("low", "high", "remedy"),
    [
        (PROTOCOL_MAX + 1, PROTOCOL_MAX + 9, "update the sidecar"),
        (999, PROTOCOL_MAX, "update the sidecar"),
        (1, PROTOCOL_MIN - 1, "update the terminal's program"),
    ],
)
def test_versions_that_do_not_meet_are_refused_with_who_is_to_update(
    low: int, high: int, remedy: str
) -> None:
    terminal = Terminal()
    terminal.hello = msgspec.structs.replace(terminal.hello, min_version=low, max_version=high)
    effects = terminal.send_hello(sessions())
    assert refusal(effects) == RefusalCode.VERSION
    assert isinstance(effects[0], Send) and isinstance(effects[0].message, Refused)
    assert effects[0].message.remedy == remedy


def test_an_officer_that_is_not_configured_is_refused() -> None:
    terminal = Terminal()
    terminal.hello = msgspec.structs.replace(terminal.hello, officer="eo-999")
    assert refusal(terminal.send_hello(sessions()), "") == RefusalCode.OFFICER


def with_key(key: LinkKey, challenge: Challenge) -> Prove:
    terminal = Terminal()
    terminal.key = key
    return terminal.proof(challenge)


RIGHT = Terminal()
WRONG: dict[str, Callable[[Challenge], Prove]] = {
    "another key": lambda challenge: with_key(LinkKey(b"x" * 32), challenge),
    "another officer's key": lambda challenge: with_key(KEYS[OTHER], challenge),
    "an earlier proof": lambda challenge: RIGHT.proof(msgspec.structs.replace(challenge, nonce="0" * 64)),
    "our own proof": lambda challenge: msgspec.structs.replace(RIGHT.proof(challenge), proof=challenge.proof),
    "another account": lambda challenge: msgspec.structs.replace(
        RIGHT.proof(challenge), account=msgspec.structs.replace(ACCOUNT, trade_mode=TradeMode.REAL)
    ),
}


@pytest.mark.parametrize("wrong", list(WRONG))
def test_a_wrong_proof_is_refused_and_its_challenge_is_used_up(wrong: str) -> None:
    link, terminal = sessions(), Terminal()
    assert challenged(Terminal(b"earlier").send_hello(link)).nonce == "0" * 64
    challenge = challenged(terminal.send_hello(link))
    assert refusal(terminal.say(link, WRONG[wrong](challenge))) == RefusalCode.KEY
    assert link.counters.key_refused == 1
    assert terminal.say(link, terminal.proof(challenge)) == []
    assert link.admit(b"peer-1", welcome(1), 0.0) == []
    assert link.session(OFFICER) is None


def test_a_proof_without_a_challenge_or_for_another_peers_is_not_answered() -> None:
    link, terminal, thief = sessions(), Terminal(), Terminal(b"peer-2")
    prove = terminal.proof(challenged(terminal.send_hello(link)))
    assert thief.say(link, prove) == []
    assert link.counters.unproven == 1


def test_a_proof_said_twice_admits_once() -> None:
    link, terminal = sessions(), Terminal()
    prove = terminal.proof(challenged(terminal.send_hello(link)))
    assert len(terminal.say(link, prove)) == 1
    assert terminal.say(link, prove) == []
    terminal_effects = link.admit(b"peer-1", welcome(1), 0.0)
    assert len(terminal_effects) == 1
    assert terminal.say(link, prove) == []


def test_refusal_of_the_journal_is_sent_with_its_remedy() -> None:
    link, terminal = sessions(), Terminal()
    terminal.prove(link)
    refused = link.refuse(b"peer-1", RefusalCode.ACCOUNT, "another account", "rebind it")
    message = Refused(code=RefusalCode.ACCOUNT, message="another account", remedy="rebind it")
    assert refused == [Send(b"peer-1", message, OFFICER)]
    assert link.admit(b"peer-1", welcome(1), 0.0) == []
    assert link.session(OFFICER) is None


def test_second_instance_is_refused_while_the_first_is_alive() -> None:
    link, first, second = sessions(), Terminal(), Terminal(b"peer-2", instance_id="b")
    first.enter(link)
    first.beat(link, now=10.0)
    assert refusal(second.send_hello(link, 12.999)) == RefusalCode.SECOND_INSTANCE
    assert challenged(second.send_hello(link, 13.0)).version == PROTOCOL_MAX
    effects = second.enter(link, epoch=2, now=13.0)
    assert effects == [
        Send(b"peer-1", Bye(epoch=1, reason="a new session took over")),
        Ended(OFFICER, 1, "a new session took over"),
        Send(b"peer-2", welcome(2)),
    ]
    session = link.session(OFFICER)
    assert session is not None and session.instance_id == "b" * 32


@pytest.mark.parametrize("silent_end", [False, True])
def test_instance_that_was_replaced_is_left_to_the_journal(silent_end: bool) -> None:
    """It proves itself, so that the journal can refuse it and quarantine the officer."""
    link, first, second = sessions(), Terminal(), Terminal(b"peer-2", instance_id="b")
    first.enter(link)
    if silent_end:
        assert any(isinstance(effect, Ended) for effect in link.tick(15.0, 15.0))
    second.enter(link, epoch=2, now=15.0)
    back = Terminal(b"peer-3")
    assert isinstance(back.prove(link, 15.0)[0], Admit)
    # Where the journal admitted it all the same, the living session would stand.
    assert refusal(link.admit(b"peer-3", welcome(3), 15.0)) == RefusalCode.SECOND_INSTANCE
    third = Terminal(b"peer-4", instance_id="c")
    assert refusal(third.send_hello(link, 15.0)) == RefusalCode.SECOND_INSTANCE


def test_only_one_of_two_simultaneous_hellos_gets_the_session() -> None:
    """Two charts of one restarted terminal: both are challenged before either has a session."""
    link, first, second = sessions(), Terminal(), Terminal(b"peer-2", instance_id="b")
    proofs = [(each, each.proof(challenged(each.send_hello(link)))) for each in (first, second)]
    for epoch, (terminal, prove) in enumerate(proofs, 1):
        for effect in terminal.say(link, prove, 0.1):
            if isinstance(effect, Admit):
                link.admit(terminal.peer, welcome(epoch), 0.1)
    session = link.session(OFFICER)
    assert session is not None
    assert session.instance_id == first.hello.instance_id


def test_only_one_of_two_simultaneous_admissions_gets_the_session() -> None:
    """The journal takes its time: both have proved themselves before either is admitted."""
    link, first, second = sessions(), Terminal(), Terminal(b"peer-2", instance_id="b")
    proofs = [(each, each.proof(challenged(each.send_hello(link)))) for each in (first, second)]
    for terminal, prove in proofs:
        terminal.say(link, prove, 0.1)
    link.admit(first.peer, welcome(1), 0.1)
    link.admit(second.peer, welcome(2), 0.1)
    session = link.session(OFFICER)
    assert session is not None
    assert session.instance_id == first.hello.instance_id


def test_same_instance_takes_over_at_any_time_from_its_old_peer() -> None:
    link, old, new = sessions(), Terminal(), Terminal(b"peer-2")
    old.enter(link)
    assert new.enter(link, epoch=2) == [
        Send(b"peer-1", Bye(epoch=1, reason="a new session took over")),
        Ended(OFFICER, 1, "a new session took over"),
        Send(b"peer-2", welcome(2)),
    ]
    assert old.beat(link) == [Send(b"peer-1", Bye(epoch=1, reason="unknown session: send hello"))]
    assert link.alive(OFFICER, 0.0)


def test_a_session_stands_until_the_new_one_is_admitted() -> None:
    link, old, new = sessions(), Terminal(), Terminal(b"peer-2")
    old.enter(link)
    new.prove(link)
    assert old.beat(link) == [HeartbeatReceived(OFFICER, heartbeat(1))]
    link.refuse(b"peer-2", RefusalCode.ACCOUNT, "m", "r")
    assert old.beat(link) == [HeartbeatReceived(OFFICER, heartbeat(1))]


def test_one_peer_that_speaks_for_two_officers_keeps_only_the_last() -> None:
    link, one, two = sessions(), Terminal(), Terminal(officer=OTHER, instance_id="b")
    one.enter(link)
    assert two.enter(link, epoch=2) == [
        Ended(OFFICER, 1, "a new session took over"),
        Send(b"peer-1", welcome(2)),
    ]
    assert link.session(OFFICER) is None
    assert one.beat(link, epoch=1) == []
    assert two.beat(link, epoch=2) == [HeartbeatReceived(OTHER, heartbeat(2))]


def test_two_officers_live_side_by_side() -> None:
    link, one, two = sessions(), Terminal(), Terminal(b"peer-2", officer=OTHER)
    one.enter(link)
    two.enter(link, epoch=2)
    assert one.beat(link, epoch=1) == [HeartbeatReceived(OFFICER, heartbeat(1))]
    assert two.beat(link, epoch=2) == [HeartbeatReceived(OTHER, heartbeat(2))]


@pytest.mark.parametrize("proved", [False, True])
def test_proof_for_one_officer_does_not_admit_another(proved: bool) -> None:
    """The journal takes its time over the first; meanwhile the same peer greets as somebody else."""
    link, one, two = sessions(), Terminal(), Terminal(officer=OTHER, instance_id="b")
    one.prove(link)
    answer = two.send_hello(link)
    if proved and answer:
        two.say(link, two.proof(challenged(answer)))
    link.admit(b"peer-1", welcome(1), 0.0)  # the epoch that was opened for the first
    assert link.session(OTHER) is None


def test_who_has_not_proved_itself_is_not_admitted() -> None:
    link, terminal = sessions(), Terminal()
    terminal.send_hello(link)
    assert link.admit(b"peer-1", welcome(1), 0.0) == []
    assert link.session(OFFICER) is None


@pytest.mark.parametrize(("after_s", "answered"), [(HANDSHAKE_S - 0.001, True), (HANDSHAKE_S, False)])
def test_handshake_that_takes_too_long_is_dropped(after_s: float, answered: bool) -> None:
    link, terminal = sessions(), Terminal()
    prove = terminal.proof(challenged(terminal.send_hello(link)))
    link.tick(after_s, after_s)
    assert bool(terminal.say(link, prove, after_s)) is answered


def terminals_with_proofs(link: Sessions, count: int) -> list[tuple[Terminal, Prove]]:
    """Return terminals that sent a hello, no faster than they are answered, each with its proof."""
    waiting = [Terminal(b"%d" % number) for number in range(count)]
    times = [number // HELLOS * 2 * HELLOS_S for number in range(count)]
    return [
        (each, each.proof(challenged(each.send_hello(link, at))))
        for each, at in zip(waiting, times, strict=True)
    ]


def test_pending_handshakes_are_bounded_and_the_oldest_is_dropped() -> None:
    link = sessions()
    answers = [
        bool(each.say(link, prove, 2.0)) for each, prove in terminals_with_proofs(link, MAX_PENDING + 1)
    ]
    assert answers == [False] + [True] * MAX_PENDING


def test_second_hello_of_a_peer_drops_no_other_handshake() -> None:
    link = sessions()
    waiting = terminals_with_proofs(link, MAX_PENDING)
    waiting[-1][0].send_hello(link, 2.0)
    first, prove = waiting[0]
    assert first.say(link, prove, 2.0)


def test_a_flood_of_hellos_leaves_a_handshake_its_place_for_half_a_second() -> None:
    link, terminal = sessions(), Terminal()
    prove = terminal.proof(challenged(terminal.send_hello(link)))
    for number in range(5000):
        Terminal(b"stranger %d" % number, instance_id="f").send_hello(link, number / 10_000)
    assert isinstance(terminal.say(link, prove, 0.5)[0], Admit)


def test_hellos_over_the_limit_are_answered_after_a_tenth_of_a_second() -> None:
    link = sessions()
    waiting = [Terminal(b"%d" % number) for number in range(HELLOS + 3)]
    assert [bool(each.send_hello(link, 7.0)) for each in waiting] == [True] * HELLOS + [False] * 3
    assert waiting[-1].send_hello(link, 7.0 + HELLOS_S / 2) == []
    assert link.counters.hellos_limited == 4
    assert waiting[-1].send_hello(link, 7.0 + HELLOS_S + 1e-9)


@pytest.mark.parametrize(
    ("frame", "counter"),
    [
        (b"", "malformed"),
        (b"GET / HTTP/1.1", "malformed"),
        (b"\xff\x00", "malformed"),
        (b'{"type":"hello"}', "malformed"),
        (b'{"type":"new"}', "unknown_type"),
        (b'{"type":"ack","epoch":1,"seq":1}', "unknown_type"),
        (b'{"type":"bye","epoch":1,"reason":""}', "unproven"),
        (b'{"type":"error","code":"","message":""}', "unproven"),
    ],
)
def test_message_other_than_hello_without_a_session_gets_no_answer(frame: bytes, counter: str) -> None:
    link = sessions()
    assert link.receive(b"stranger", frame, 0.0) == []
    assert getattr(link.counters, counter) == 1


@pytest.mark.parametrize("kind", ["report", "heartbeat"])
def test_report_of_an_unknown_session_is_answered_with_bye(kind: str) -> None:
    link, terminal = sessions(), Terminal()
    effects = terminal.report(link, 1, epoch=4) if kind == "report" else terminal.beat(link, epoch=4)
    (send,) = effects
    assert isinstance(send, Send) and isinstance(send.message, Bye)
    assert (send.peer, send.message.epoch) == (b"peer-1", 4)
    assert link.counters.unproven == 1


FRAMES = st.one_of(
    st.binary(max_size=60),
    *[instances(cls).map(encode) for cls in (Hello, ErrorMessage, Bye)],
    st.sampled_from([encode(heartbeat(1)), encode(Terminal().hello), encode(Terminal(officer=OTHER).hello)]),
    instances(Hello).map(
        lambda hello: encode(msgspec.structs.replace(hello, officer=OFFICER, min_version=PROTOCOL_MIN))
    ),
    instances(Prove).map(encode),
)


@given(st.lists(st.tuples(st.sampled_from([b"a", b"b", b"c"]), FRAMES, st.floats(0, 10)), max_size=30))
def test_no_message_without_a_proof_raises_or_admits(
    frames: list[tuple[bytes, bytes, float]],
) -> None:
    link, now = sessions(), 0.0
    for peer, frame, pause in frames:
        now += pause
        for effect in [*link.receive(peer, frame, now), *link.tick(now, now)]:
            assert isinstance(effect, Send)
            assert isinstance(effect.message, Challenge | Refused | Bye)
            readable(effect.message)
        link.admit(peer, welcome(1), now)
    assert link.session(OFFICER) is None and link.session(OTHER) is None


@given(instances(Hello))
def test_every_answer_to_a_greeting_can_be_read_by_the_terminal(hello: Hello) -> None:
    link = sessions()
    for effect in link.receive(b"stranger", encode(hello), 0.0):
        assert isinstance(effect, Send)
        readable(effect.message)


def readable(message: Message) -> None:
    assert decode_from_sidecar(encode(message)) == message


def test_challenges_that_nobody_answers_are_counted_until_a_terminal_answers_one() -> None:
    link, terminal = sessions(), Terminal()
    assert link.unanswered(OFFICER, 0.0) == 0
    challenge = challenged(terminal.send_hello(link))
    # One may be a terminal that was ended.
    assert link.unanswered(OFFICER, 1.0) == 0
    challenge = challenged(terminal.send_hello(link))
    assert link.unanswered(OFFICER, 1.0) == 2
    assert link.unanswered(OFFICER, 1000.0) == 0
    assert link.unanswered(OTHER, 1.0) == 0
    terminal.say(link, terminal.proof(challenge))
    assert link.unanswered(OFFICER, 1.0) == 0
