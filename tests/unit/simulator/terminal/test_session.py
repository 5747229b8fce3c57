"""The link session: handshake, epochs, heartbeats, time-outs."""

import msgspec
import pytest

from bridge.core.link.handshake import LinkKey
from bridge.core.link.messages import (
    PROTOCOL_MAX,
    Ack,
    Bye,
    Challenge,
    Command,
    ErrorMessage,
    FromTerminal,
    Hello,
    Prove,
    RefusalCode,
    Refused,
    ReportMessage,
    SidecarHeartbeat,
    StatusRequest,
    TerminalHeartbeat,
    Welcome,
    encode,
)
from bridge.simulator.terminal.session import DEAD_MS, HANDSHAKE_MS, Phase
from tests.sidecar_peer import KEY, OFFICER, SidecarPeer, open_order
from tests.unit.simulator.terminal.line import ACCOUNT, LEDGER, STANDING, Line, trouble


@pytest.fixture
def line() -> Line:
    return Line()


def test_no_hello_before_the_account_is_connected(line: Line) -> None:
    line.standing = msgspec.structs.replace(STANDING, account=None)
    assert line.timer() == []
    line.standing = msgspec.structs.replace(STANDING, connected=False)
    assert line.timer() == []
    line.standing = STANDING
    assert line.hello().officer == OFFICER


def test_handshake_establishes_a_session(line: Line) -> None:
    welcome = line.join()
    assert isinstance(welcome, Welcome)
    assert line.session.up
    assert line.session.account == ACCOUNT
    assert line.peer.proofs[0].ledger == LEDGER
    assert line.peer.proofs[0].account == ACCOUNT


def test_wrong_proof_is_never_answered_with_a_proof(line: Line) -> None:
    hello = line.hello()
    stranger = SidecarPeer(LinkKey(bytes(32)))
    line.receive(stranger.challenge(hello))
    assert line.sent() == []
    assert line.session.phase is Phase.DOWN
    assert line.session.take_reconnect()
    assert line.session.counts["wrong_proof"] == 1
    line.now += 900
    assert line.timer() == []


def test_replayed_terminal_proof_is_no_sidecar_proof(line: Line) -> None:
    hello = line.hello()
    mirrored = KEY.terminal_proof(hello, PROTOCOL_MAX, hello.nonce, ACCOUNT)
    line.receive(Challenge(version=PROTOCOL_MAX, nonce=hello.nonce, proof=mirrored))
    assert line.sent() == []
    assert line.session.phase is Phase.DOWN


def test_version_that_was_not_offered_is_refused(line: Line) -> None:
    hello, other = line.hello(), PROTOCOL_MAX + 1
    line.receive(Challenge(version=other, nonce="5e" * 32, proof=KEY.sidecar_proof(hello, other, "5e" * 32)))
    assert line.sent() == []
    assert line.session.phase is Phase.DOWN


def test_back_off_doubles_to_thirty_seconds_and_a_session_resets_it(line: Line) -> None:
    said: list[FromTerminal] = [line.hello()]
    waits = []
    for _ in range(7):
        line.receive(Refused(code=RefusalCode.ACCOUNT, message="no", remedy="rebind"))
        assert line.session.take_reconnect()
        began = line.now
        while line.session.phase is Phase.DOWN:
            line.now += 100
            said = line.timer()
        waits.append((line.now - began) // 1000)
    assert waits == [1, 2, 4, 8, 16, 30, 30]
    (hello,) = said
    assert isinstance(hello, Hello)
    line.receive(line.peer.challenge(hello))
    (prove,) = [message for message in line.sent() if isinstance(message, Prove)]
    line.receive(line.peer.welcome(prove))
    line.session.drop(line.now, "lost")
    line.now += 1_000
    assert line.hello().officer == OFFICER


def test_unanswered_hello_ends_the_attempt(line: Line) -> None:
    line.hello()
    line.now += HANDSHAKE_MS
    assert line.timer() == []
    assert line.session.take_reconnect()
    assert line.session.phase is Phase.DOWN


@pytest.mark.parametrize(("wait_ms", "up"), [(HANDSHAKE_MS, True), (HANDSHAKE_MS + 1, False)])
def test_stale_welcome_is_dropped(line: Line, wait_ms: int, up: bool) -> None:
    prove = line.prove()
    line.now += wait_ms
    line.receive(line.peer.welcome(prove))
    assert line.session.up is up
    assert line.session.take_reconnect() is not up
    assert line.session.counts["stale_welcome"] == (not up)


def test_second_welcome_is_ignored(line: Line) -> None:
    line.join()
    assert line.receive(line.peer.welcome(line.peer.proofs[0])) is None
    assert line.session.counts["out_of_turn"] == 1
    assert line.session.up


def test_messages_of_another_epoch_are_dropped_and_counted(line: Line) -> None:
    line.join()
    for message in (
        Command(epoch=9, attempt=1, deadline_ms=10**9, order=open_order()),
        Ack(epoch=9, seq=1),
        SidecarHeartbeat(epoch=9, clock_ms=10**6),
        Bye(epoch=9, reason="x"),
    ):
        assert line.receive(message) is None
    assert line.session.counts["other_epoch"] == 4
    assert line.session.link_ms(line.now) == 0
    assert line.session.up


def test_commands_and_status_requests_are_passed_on(line: Line) -> None:
    line.join()
    assert isinstance(line.receive(line.peer.command(open_order())), Command)
    assert isinstance(line.receive(line.peer.status_request(open_order())), StatusRequest)


def test_heartbeats_keep_their_schedule_without_bursts(line: Line) -> None:
    line.join()
    beats = []
    start = line.now
    for passed in [*range(0, 3_000, 37), 7_777, 7_900, 8_000]:
        line.now = start + passed
        line.receive(SidecarHeartbeat(epoch=1, clock_ms=passed))
        beats += [passed for message in line.timer() if isinstance(message, TerminalHeartbeat)]
    assert beats == [0, 1_036, 2_035, 7_777, 8_000]


def test_heartbeat_carries_the_terminals_state(line: Line) -> None:
    line.join()
    line.standing = msgspec.structs.replace(STANDING, forbidden_by="Algo Trading is off")
    (beat,) = line.timer()
    assert isinstance(beat, TerminalHeartbeat)
    assert not beat.trade_allowed
    assert beat.trade_forbidden_by == "Algo Trading is off"
    assert beat.balance == 10000


def test_three_missed_heartbeats_suspend_and_a_message_resumes(line: Line) -> None:
    line.join()
    line.now += 3_000
    assert line.session.in_contact(line.now)
    line.now += 1
    assert not line.session.in_contact(line.now)
    line.receive(SidecarHeartbeat(epoch=1, clock_ms=1))
    assert line.session.in_contact(line.now)


def test_dead_sidecar_causes_a_reconnect(line: Line) -> None:
    line.join()
    line.now += DEAD_MS - 1
    line.timer()
    assert not line.session.take_reconnect()
    line.now += 1
    line.timer()
    assert line.session.take_reconnect()
    assert not line.session.take_reconnect()
    assert line.session.phase is Phase.DOWN


def test_bye_of_the_sidecar_ends_the_session(line: Line) -> None:
    line.join()
    line.receive(Bye(epoch=1, reason="shutdown"))
    assert line.session.phase is Phase.DOWN
    assert line.session.take_reconnect()


def test_bye_of_the_terminal_follows_the_reports(line: Line) -> None:
    line.join()
    line.session.post(trouble(1))
    line.session.bye("SIGTERM")
    assert [type(message) for message in line.sent()] == [ReportMessage, Bye]


def test_account_change_ends_the_session_and_drops_its_reports(line: Line) -> None:
    line.join()
    line.session.post(trouble(1))
    line.timer()
    other = msgspec.structs.replace(ACCOUNT, login=6)
    line.standing = msgspec.structs.replace(STANDING, account=other)
    assert [type(message) for message in line.timer()] == [Bye]
    assert line.session.take_reconnect()
    line.now += 2_000
    line.join()
    assert line.session.account == other
    assert line.report_numbers(line.sent()) == []


def test_account_change_between_sessions_drops_reports(line: Line) -> None:
    line.join()
    line.session.post(trouble(1))
    line.timer()
    line.receive(Bye(epoch=1, reason="restart"))
    line.standing = msgspec.structs.replace(STANDING, account=msgspec.structs.replace(ACCOUNT, login=6))
    line.now += 2_000
    line.join()
    assert line.report_numbers(line.sent()) == []


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (b"", "MALFORMED"),
        (b"\xff\xfe", "MALFORMED"),
        (b"[1]", "MALFORMED"),
        (b'{"type":"command"}', "MALFORMED"),
        (b"[" * 60_000, "MALFORMED"),
        (b" " * 70_000, "MALFORMED"),
        (b'{"type":"novelty"}', "UNKNOWN_TYPE"),
    ],
)
def test_undecodable_message_is_counted_and_answered_by_name(line: Line, frame: bytes, code: str) -> None:
    line.join()
    line.timer()
    assert line.receive(frame) is None
    (answer,) = line.sent()
    assert isinstance(answer, ErrorMessage)
    assert answer.code == code
    assert line.session.counts[code.lower()] == 1
    assert line.session.up


@pytest.mark.parametrize(
    "frame", [encode(ErrorMessage(code="X", message="y")), b'{"type":"error"}', b'{"type":"error","code":1}']
)
def test_error_is_never_answered(line: Line, frame: bytes) -> None:
    line.join()
    line.timer()
    line.receive(frame)
    assert line.sent() == []
