"""Reports in the outbox: numbered without a gap, within a window, until they are acknowledged."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.link.messages import (
    Ack,
    Bye,
    Hello,
    RefusalCode,
    Refused,
    ReportMessage,
    SidecarHeartbeat,
    encode,
)
from bridge.simulator.terminal.outbox import WINDOW
from bridge.simulator.terminal.session import Phase
from tests.unit.simulator.terminal.line import Line, trouble


@pytest.fixture
def line() -> Line:
    return Line()


def test_reports_are_numbered_within_a_window(line: Line) -> None:
    line.join()
    for counter in range(WINDOW + 10):
        line.session.post(trouble(counter))
    assert line.report_numbers(line.timer()) == list(range(1, WINDOW + 1))
    line.receive(Ack(epoch=1, seq=4))
    assert line.report_numbers(line.sent()) == list(range(WINDOW + 1, WINDOW + 5))
    line.receive(Ack(epoch=1, seq=WINDOW + 4))
    assert line.report_numbers(line.sent()) == list(range(WINDOW + 5, WINDOW + 11))


def test_acknowledgement_of_an_unsent_number_changes_nothing(line: Line) -> None:
    line.join()
    line.session.post(trouble(1))
    line.timer()
    line.receive(Ack(epoch=1, seq=2))
    assert line.session.counts["wild_ack"] == 1
    assert len(line.session.reports) == 1
    line.receive(Ack(epoch=1, seq=1))
    line.receive(Ack(epoch=1, seq=0))
    assert len(line.session.reports) == 0


def test_new_epoch_renumbers_unacknowledged_reports_in_order(line: Line) -> None:
    line.join()
    for counter in range(5):
        line.session.post(trouble(counter))
    line.timer()
    line.receive(Ack(epoch=1, seq=2))
    line.session.drop(line.now, "lost")
    line.session.post(trouble(5))
    line.now += 2_000
    line.join()
    reports = [m for m in line.sent() if isinstance(m, ReportMessage)]
    assert [(m.epoch, m.seq) for m in reports] == [(2, 1), (2, 2), (2, 3), (2, 4)]
    counters = [msgspec.json.decode(m.report)["counter"] for m in reports]
    assert counters == [2, 3, 4, 5]


@pytest.mark.parametrize(("stored", "again"), [((1, 4), [4]), ((1, 99), [2, 3, 4]), ((7, 4), [2, 3, 4])])
def test_report_that_the_welcome_says_to_be_stored_is_not_sent_again(
    line: Line, stored: tuple[int, int], again: list[int]
) -> None:
    line.join()
    for counter in range(5):
        line.session.post(trouble(counter))
    line.timer()
    line.receive(Ack(epoch=1, seq=2))
    line.session.drop(line.now, "lost")
    line.now += 2_000
    line.peer.stored = stored
    line.join()
    reports = [m for m in line.sent() if isinstance(m, ReportMessage)]
    assert [msgspec.json.decode(m.report)["counter"] for m in reports] == again


messages = st.one_of(
    st.builds(Ack, epoch=st.integers(0, 3), seq=st.integers(0, 30)),
    st.builds(SidecarHeartbeat, epoch=st.integers(0, 3), clock_ms=st.integers(0, 10**6)),
    st.builds(Bye, epoch=st.integers(0, 3), reason=st.just("x")),
    st.builds(Refused, code=st.sampled_from(RefusalCode), message=st.just(""), remedy=st.just("")),
).map(encode)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("frame"), messages | st.binary(max_size=40)),
        st.tuples(st.just("pass"), st.integers(1, 20_000)),
        st.tuples(st.just("post"), st.integers(1, 400)),
        st.tuples(st.just("join"), st.none()),
    ),
    max_size=40,
)


@given(steps)
def test_numbers_never_have_a_gap(taken: list[tuple[str, object]]) -> None:
    line, last, counter = Line(), {0: 0}, 0
    for what, argument in taken:
        match what, argument:
            case "frame", bytes(frame):
                line.receive(frame)
            case "pass", int(passed):
                line.now += passed
            case "post", int(count):
                for _ in range(count):
                    counter += 1
                    line.session.post(trouble(counter))
            case _:
                _try_to_join(line)
        line.session.on_timer(line.now, line.standing)
        in_flight = 0
        for message in line.sent():
            if isinstance(message, ReportMessage):
                assert message.seq == last.get(message.epoch, 0) + 1
                last[message.epoch] = message.seq
                in_flight += 1
            if isinstance(message, Hello):
                line.peer.challenge(message)
        assert in_flight <= WINDOW


def _try_to_join(line: Line) -> None:
    """Deliver frames in both directions, without acknowledgements."""
    line.peer.acks = False
    for _ in range(4):
        line.now += 10_000 if line.session.phase is Phase.DOWN else 10
        line.session.on_timer(line.now, line.standing)
        for frame in line.session.take_frames():
            if b'"type":"report"' in frame:
                continue
            for answer in line.peer.on_frame(frame):
                line.receive(answer)
        if line.session.up:
            return
