"""A session: its reports in order, its life and death, the heartbeats, and what comes late or broken."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.link.messages import Ack, Bye, ErrorMessage, SidecarHeartbeat, Welcome
from bridge.core.link.session import BUSY_S, Sessions
from bridge.core.link.session_effects import Effect, Ended, HeartbeatReceived, Reports, Send
from tests.unit.core.samples import OFFICER
from tests.unit.core.terminals import OTHER, Terminal, heartbeat, sessions


def entered() -> tuple[Sessions, Terminal]:
    link, terminal = sessions(), Terminal()
    terminal.enter(link)
    return link, terminal


def ack(seq: int) -> Send:
    return Send(b"peer-1", Ack(epoch=1, seq=seq))


def report(seq: int) -> Reports:
    return Reports(OFFICER, 1, seq, b'{"n":%d}' % seq)


def test_reports_go_to_the_journal_in_order_with_their_exact_text() -> None:
    link, terminal = entered()
    assert [terminal.report(link, seq) for seq in (1, 2, 3)] == [[report(1)], [report(2)], [report(3)]]


def test_nothing_is_acknowledged_before_it_is_committed() -> None:
    link, terminal = entered()
    terminal.report(link, 1)
    terminal.report(link, 2)
    assert terminal.report(link, 1) == []
    assert link.committed(OFFICER, 1, 2, ready=False) == [ack(2)]


def test_a_repeated_report_is_acknowledged_again_once_committed_and_not_journaled_twice() -> None:
    link, terminal = entered()
    for seq in (1, 2, 3):
        terminal.report(link, seq)
    link.committed(OFFICER, 1, 2, ready=False)
    assert [terminal.report(link, seq) for seq in (1, 2, 3)] == [[ack(2)], [ack(2)], []]
    assert terminal.report(link, 4) == [report(4)]


def test_an_acknowledgement_never_goes_back() -> None:
    link, terminal = entered()
    for seq in (1, 2, 3):
        terminal.report(link, seq)
    link.committed(OFFICER, 1, 3, ready=False)
    assert link.committed(OFFICER, 1, 1, ready=False) == [ack(3)]


@pytest.mark.parametrize("seq", [2, 3, 2**53 - 1])
def test_a_gap_ends_the_session_so_that_the_terminal_numbers_anew(seq: int) -> None:
    link, terminal = entered()
    why = f"report {seq} came after report 0"
    assert terminal.report(link, seq) == [Send(b"peer-1", Bye(epoch=1, reason=why)), Ended(OFFICER, 1, why)]
    assert link.session(OFFICER) is None
    terminal.enter(link, epoch=2)
    assert terminal.report(link, 1, epoch=2) == [Reports(OFFICER, 2, 1, b'{"n":1}')]


def test_peer_lost_by_the_transport_ends_its_session_at_once() -> None:
    link, terminal = entered()
    terminal.say(link, heartbeat(1, busy=True))
    assert link.gone(b"peer-1") == [Ended(OFFICER, 1, "the terminal takes no messages")]
    assert link.gone(b"peer-1") == []
    Terminal(b"peer-2", instance_id="b").enter(link, epoch=2)
    successor = link.session(OFFICER)
    assert successor is not None and successor.peer == b"peer-2"


@pytest.mark.parametrize("epoch", [0, 2, 2**53 - 1])
def test_message_of_another_epoch_is_dropped_and_is_no_sign_of_life(epoch: int) -> None:
    link, terminal = entered()
    assert terminal.report(link, 1, epoch=epoch, now=2.0) == []
    assert terminal.beat(link, epoch=epoch, now=2.0) == []
    assert terminal.say(link, Bye(epoch=epoch, reason=""), 2.0) == []
    assert link.counters.stale_epoch == 3
    assert not link.alive(OFFICER, 3.0)


def test_a_commit_of_an_earlier_epoch_says_nothing_in_the_present_one() -> None:
    link, terminal = entered()
    terminal.report(link, 1)
    terminal.enter(link, epoch=2)
    assert link.committed(OFFICER, 1, 1, ready=True) == []
    session = link.session(OFFICER)
    assert session is not None
    assert (session.acked, session.ready) == (0, False)
    assert link.committed(OTHER, 1, 1, ready=True) == []


def test_welcome_says_which_reports_of_the_instance_are_in_the_journal() -> None:
    link, terminal = entered()
    for seq in (1, 2, 3):
        terminal.report(link, seq)
    link.committed(OFFICER, 1, 2, ready=False)
    link.gone(b"peer-1")
    # Its step was under way when the connection was lost.
    link.committed(OFFICER, 1, 3, ready=False)
    assert stored(terminal.enter(link, epoch=2)) == (1, 3)
    # Nothing of epoch 2 was stored: the terminal may never have had its welcome.
    link.committed(OFFICER, 2, 0, ready=False)
    assert stored(terminal.enter(link, epoch=3)) == (1, 3)
    link.gone(b"peer-1")
    assert stored(Terminal(b"peer-2", instance_id="b").enter(link, epoch=4)) == (0, 0)


def test_welcome_keeps_what_the_journal_says_unless_a_later_step_has_ended() -> None:
    link, terminal = entered()
    terminal.report(link, 1)
    link.committed(OFFICER, 1, 1, ready=False)
    assert stored(terminal.enter(link, epoch=2, stored=(1, 4))) == (1, 4)
    terminal.report(link, 1)
    link.committed(OFFICER, 2, 1, ready=False)
    assert stored(terminal.enter(link, epoch=3, stored=(1, 4))) == (2, 1)


def stored(effects: list[Effect]) -> tuple[int, int]:
    (welcome,) = (
        each.message for each in effects if isinstance(each, Send) and isinstance(each.message, Welcome)
    )
    return welcome.stored_epoch, welcome.stored_seq


def test_a_session_is_ready_from_its_first_scan_on() -> None:
    link, terminal = entered()
    session = link.session(OFFICER)
    assert session is not None
    seen = []
    for seq, scanned in ((1, False), (2, True), (3, False)):
        terminal.report(link, seq)
        link.committed(OFFICER, 1, seq, ready=scanned)
        seen.append(session.ready)
    assert seen == [False, True, True]


@pytest.mark.parametrize("alive_by", ["beat", "report", "error"])
def test_a_terminal_lives_for_three_heartbeats_after_each_message(alive_by: str) -> None:
    link, terminal = entered()
    match alive_by:
        case "beat":
            terminal.beat(link, now=100.0)
        case "report":
            terminal.report(link, 1, now=100.0)
        case _:
            terminal.say(link, ErrorMessage(code="X", message=""), 100.0)
    assert link.alive(OFFICER, 102.999)
    assert not link.alive(OFFICER, 103.0)


def test_garbage_from_a_terminal_is_answered_and_is_no_sign_of_life() -> None:
    link, _ = entered()
    effects = [link.receive(b"peer-1", frame, 2.5) for frame in (b"\xff", b'{"type":"new"}')]
    codes = []
    for (effect,) in effects:
        assert isinstance(effect, Send) and isinstance(effect.message, ErrorMessage)
        codes.append(effect.message.code)
    assert codes == ["MALFORMED", "UNKNOWN_TYPE"]
    assert (link.counters.malformed, link.counters.unknown_type) == (1, 1)
    assert not link.alive(OFFICER, 3.0)
    assert link.session(OFFICER) is not None


def test_a_busy_terminal_lives_for_as_long_as_a_synchronous_send_may_take() -> None:
    link, terminal = entered()
    terminal.beat(link, now=10.0, busy=True)
    assert link.alive(OFFICER, 10.0 + BUSY_S - 0.001)
    assert not link.alive(OFFICER, 10.0 + BUSY_S)
    terminal.beat(link, now=11.0)
    assert not link.alive(OFFICER, 14.0)


def test_report_does_not_end_the_busy_time() -> None:
    """A report may have waited in the socket behind the heartbeat, and the send is not over."""
    link, terminal = entered()
    terminal.beat(link, now=10.0, busy=True)
    terminal.report(link, 1, now=10.5)
    assert link.alive(OFFICER, 10.5 + BUSY_S - 0.001)
    silent = [each for each in link.tick(30.0, 30.0) if isinstance(each, Ended)]
    assert silent == []
    terminal.beat(link, now=31.0)
    assert not link.alive(OFFICER, 34.0)


@pytest.mark.parametrize(
    ("busy", "lost_s"), [(False, 15.0), (True, BUSY_S)], ids=["silent", "silent since it was busy"]
)
def test_silent_terminal_is_lost_at_its_limit_once(busy: bool, lost_s: float) -> None:
    link, terminal = entered()
    terminal.beat(link, now=100.0, busy=busy)
    lost_at = 100.0 + lost_s
    assert not [each for each in link.tick(lost_at - 0.001, lost_at - 0.001) if isinstance(each, Ended)]
    lost = [each for each in link.tick(lost_at, lost_at) if isinstance(each, Ended)]
    assert lost == [Ended(OFFICER, 1, f"silent for {lost_s:.1f} s")]
    assert [each for each in link.tick(lost_at + 1, lost_at + 1) if isinstance(each, Ended)] == []
    assert link.session(OFFICER) is None


@pytest.mark.parametrize("busy", [False, True])
def test_unread_messages_do_not_count_as_silence(busy: bool) -> None:
    link, terminal = entered()
    terminal.beat(link, now=100.0, busy=busy)
    assert not [each for each in link.tick(1000.0, 114.9) if isinstance(each, Ended)]
    lost_s = BUSY_S if busy else 15.0
    lost = [each for each in link.tick(1000.0, 100.0 + lost_s) if isinstance(each, Ended)]
    assert lost == [Ended(OFFICER, 1, f"silent for {lost_s:.1f} s")]


def test_a_heartbeat_says_how_the_terminal_stands() -> None:
    link, terminal = entered()
    assert terminal.beat(link, now=1.0) == [HeartbeatReceived(OFFICER, heartbeat(1))]
    session = link.session(OFFICER)
    assert session is not None and session.heartbeat == heartbeat(1)


def test_a_goodbye_ends_the_session_at_once() -> None:
    link, terminal = entered()
    ended = terminal.say(link, Bye(epoch=1, reason="chart closed"))
    assert ended == [Ended(OFFICER, 1, "the terminal ended the session: chart closed")]
    assert link.session(OFFICER) is None
    assert not link.alive(OFFICER, 0.0)


def test_session_dropped_by_the_sidecar_sends_bye() -> None:
    link, _ = entered()
    assert link.drop(OFFICER, "halt") == [
        Send(b"peer-1", Bye(epoch=1, reason="halt")),
        Ended(OFFICER, 1, "halt"),
    ]
    assert link.drop(OFFICER, "halt") == []


def beats(effects: list[Effect]) -> list[int]:
    """The link clocks of the heartbeats among the effects."""
    return [
        each.message.clock_ms
        for each in effects
        if isinstance(each, Send) and isinstance(each.message, SidecarHeartbeat)
    ]


def test_heartbeats_keep_their_schedule_however_late_each_tick_is() -> None:
    link, terminal = entered()
    times = []
    for tenth in range(0, 200):
        now = tenth * 0.1 + (0.09 if tenth % 3 else 0.0)
        terminal.beat(link, now=now)
        if beats(link.tick(now, now)):
            times.append(now)
    assert len(times) == 20
    assert all(number <= at < number + 0.2 for number, at in enumerate(times))


def test_a_stall_is_followed_by_one_heartbeat_and_no_burst() -> None:
    link, terminal = entered()
    link.tick(0.0, 0.0)
    terminal.beat(link, now=9.7)
    assert beats(link.tick(9.7, 9.7)) == [9700]
    assert [beats(link.tick(now, now)) for now in (9.71, 10.0, 10.69)] == [[], [], []]
    assert beats(link.tick(10.7, 10.7)) == [10700]


def test_the_link_clock_counts_from_the_welcome_of_each_session() -> None:
    link, one, two = sessions(), Terminal(), Terminal(b"peer-2", officer=OTHER)
    one.enter(link, now=1000.0)
    two.enter(link, epoch=2, now=1001.5)
    sent = [each for each in link.tick(1002.0, 1002.0) if isinstance(each, Send)]
    assert sent == [
        Send(b"peer-1", SidecarHeartbeat(epoch=1, clock_ms=2000)),
        Send(b"peer-2", SidecarHeartbeat(epoch=2, clock_ms=500)),
    ]


@given(st.lists(st.integers(1, 6), max_size=40), st.data())
def test_the_journal_is_given_each_number_once_and_in_order(numbers: list[int], data: st.DataObject) -> None:
    link, terminal = entered()
    given_: list[int] = []
    for seq in numbers:
        effects = terminal.report(link, seq)
        if any(isinstance(each, Ended) for each in effects):
            assert seq > len(given_) + 1
            return
        given_ += [each.seq for each in effects if isinstance(each, Reports)]
        if given_:
            link.committed(OFFICER, 1, data.draw(st.integers(1, len(given_))), ready=False)
        acks = [
            each.message.seq for each in effects if isinstance(each, Send) and isinstance(each.message, Ack)
        ]
        assert all(number <= len(given_) for number in acks)
    assert given_ == list(range(1, len(given_) + 1))


def test_each_session_keeps_its_own_count() -> None:
    link, one, two = sessions(), Terminal(), Terminal(b"peer-2", officer=OTHER)
    one.enter(link)
    two.enter(link, epoch=2)
    one.report(link, 1)
    assert two.report(link, 1, epoch=2) == [Reports(OTHER, 2, 1, b'{"n":1}')]
    assert link.committed(OTHER, 2, 1, ready=False) == [Send(b"peer-2", Ack(epoch=2, seq=1))]
    session = link.session(OFFICER)
    assert session is not None and session.acked == 0


def test_a_report_of_any_json_is_passed_on_unread() -> None:
    link, terminal = entered()
    frame = b'{"type":"report","epoch":1,"seq":1,"report":{"kind":"of tomorrow", "price": 1.0950}}'
    assert link.receive(b"peer-1", frame, 0.0) == [
        Reports(OFFICER, 1, 1, b'{"kind":"of tomorrow", "price": 1.0950}')
    ]
    assert terminal.report(link, 2) == [report(2)]
