"""The promise 'at most once', against whatever may happen in whatever order."""

import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.core.facts import CommandFact, CommandStage
from bridge.core.protocol import Bye, encode
from bridge.paper.script import Effect, LoseAnswer, Reject, Rule
from tests.native.bench import Bench
from tests.peers import open_order
from tests.terminal.driver import ExpertCrashed
from tests.terminal.host import Crash

CALLS = ["OrderCheck", "OrderSend", "FileWriteArray", "FileFlush", "SocketSend"]
FAULTS: list[Effect] = [LoseAnswer(retcode=None), LoseAnswer(retcode=10031), Reject(retcode=10018)]

tokens = st.integers(1, 4)
actions = st.one_of(
    st.tuples(st.just("command"), tokens, st.integers(1, 3)),
    st.tuples(st.just("settle"), tokens, st.integers(1, 3)),
    st.tuples(st.just("replay"), st.integers(0, 5), st.just(0)),
    st.tuples(st.just("run"), st.sampled_from([20, 40, 300, 4_000]), st.just(0)),
    st.tuples(st.just("crash"), st.integers(0, 4), st.integers(0, 1)),
    st.tuples(st.just("restart"), st.just(0), st.just(0)),
    st.tuples(st.just("reinit"), st.sampled_from([3, 5]), st.just(0)),
    st.tuples(st.just("cut"), st.just(0), st.just(0)),
    st.tuples(st.just("link"), st.just(0), st.just(0)),
    st.tuples(st.just("broker"), st.just(0), st.just(0)),
    st.tuples(st.just("fault"), st.integers(0, 2), st.just(0)),
)


class Driver:
    """An EA with everything that can go wrong around it."""

    def __init__(self, library: Path, folder: Path) -> None:
        self.bench = Bench(library, folder)
        self.bench.start()
        self.bench.join()
        self.said: list[bytes] = []

    @property
    def up(self) -> bool:
        return bool(self.bench.pipes) and not self.bench.pipes[-1].closed_by_expert

    def act(self, what: str, first: int, second: int) -> None:
        bench = self.bench
        match what:
            case "command" if self.up:
                self.said.append(bench.peer.command(open_order(first), attempt=second))
                bench.say(self.said[-1])
            case "settle" if self.up:
                bench.say(bench.peer.settle(open_order(first), attempt=second))
            case "replay" if self.said and self.up:
                bench.say(self.said[first % len(self.said)])
            case "run":
                bench.run(first)
            case "crash":
                self.crash_at(CALLS[first], behind=bool(second))
            case "restart":
                bench.restart()
            case "reinit":
                bench.stepped.terminal.reinit(first)
                bench.carry()
            case "cut" if self.up:
                bench.say(encode(Bye(epoch=bench.peer.epoch, reason="test")))
            case "link":
                bench.linked = not bench.linked
            case "broker":
                (bench.broker.disconnect if bench.broker.connected() else bench.broker.connect)()
            case "fault":
                bench.broker.add_rule(Rule(effect=FAULTS[first]))

    def crash_at(self, call: str, *, behind: bool) -> None:
        """Let the terminal die at the next such call."""
        host = self.bench.stepped.terminal.host

        def crash(name: str, arguments: object) -> None:
            if name == call:
                raise Crash

        host.before, host.behind = (None, crash) if behind else (crash, None)

    def finish(self) -> None:
        """Let everything calm down, and settle every token."""
        bench = self.bench
        bench.linked = True
        bench.broker.connect()
        bench.restart()
        bench.join(120_000)
        bench.peer.forget()
        for token in range(1, 5):
            bench.say(bench.peer.settle(open_order(token), attempt=3))
        bench.run(1_500)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(taken=st.lists(actions, max_size=25))
def test_no_sequence_of_events_sends_a_token_twice(expert: Path, taken: list[tuple[str, int, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        driver = Driver(expert, Path(folder))
        bench = driver.bench
        try:
            for what, first, second in taken:
                try:
                    driver.act(what, first, second)
                except ExpertCrashed:
                    bench.restart()
                assert max(_sends(bench).values(), default=0) <= 1
            driver.finish()
            numbers = [seq for epoch, seq in bench.peer.sequence if epoch == bench.peer.epoch]
            assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
            for token in range(1, 5):
                _check_answer(bench, token)
        finally:
            bench.close()


def _sends(bench: Bench) -> Counter[int]:
    return Counter(record.request.magic for record in bench.broker.sends())


def _check_answer(bench: Bench, token: int) -> None:
    """The settle says what the broker's record of sends says."""
    stages = {fact.stage for fact in bench.peer.facts_of(CommandFact) if fact.token == token}
    if bench.sends(token):
        assert CommandStage.NOT_SENT not in stages
        assert CommandStage.SUBMITTED in stages
    elif CommandStage.SUBMITTED in stages:
        assert CommandStage.SETTLED in stages or CommandStage.RESULT in stages
    else:
        assert stages == {CommandStage.NOT_SENT}
