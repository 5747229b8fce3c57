"""Complete terminal under a simulated clock: timer, trade, transactions, reloads, files, and switches."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.mql5.host.binding.driver import ExpertCrashed
from tests.mql5.host.binding.host import Crash
from tests.mql5.host.simulated_network import Pipe
from tests.mql5.host.stepped import SteppedTerminal
from tests.mql5.host.switches import Switches, all_thrown

Built = Callable[[str], Path]
Make = Callable[..., SteppedTerminal]
SENT = "sent 1 retcode 10009 deal 500002 error 0"


@pytest.fixture
def make(built: Built, tmp_path: Path, request: pytest.FixtureRequest) -> Make:
    """Return a function that starts the corpus EA with a plan, and switches by name."""

    def made(plan: str = "", seed: int = 1, **switches: Any) -> SteppedTerminal:
        terminal = SteppedTerminal(built("expert"), {"InpPlan": plan}, tmp_path, Switches(**switches), seed)
        request.addfinalizer(terminal.close)
        return terminal

    return made


def journal(terminal: SteppedTerminal) -> list[str]:
    return terminal.terminal.program.journal


def timers(terminal: SteppedTerminal) -> list[int]:
    return [int(line.split()[1]) for line in journal(terminal) if line.startswith("timer")]


def test_timer_keeps_its_schedule(make: Make) -> None:
    terminal = make()
    terminal.start()
    terminal.advance(350)
    assert timers(terminal) == [100, 200, 300]


def test_late_timer_does_not_repeat_missed_events(make: Make) -> None:
    terminal = make()
    terminal.start()
    terminal.clock.sleep(450)
    terminal.advance(100)
    assert timers(terminal) == [450, 500]


def test_timer_and_tick_count_on_a_grid(make: Make) -> None:
    terminal = make(timer_grain_us=15_625, tick_count_grain_us=15_625, tick_count_starts_at=4_294_960_000)
    terminal.start()
    terminal.advance(1000)
    assert timers(terminal)[:3] == [4_294_960_109, 4_294_960_218, 4_294_960_328]


def test_timer_is_late_at_random(make: Make) -> None:
    terminal = make(timer_late=90)
    terminal.start()
    terminal.advance(2000)
    gaps = {b - a for a, b in zip([0, *timers(terminal)], timers(terminal), strict=False)}
    assert len(gaps) > 3
    assert max(gaps) <= 290


def test_timer_stalls_at_intervals(make: Make) -> None:
    terminal = make(timer_stalls_every=3)
    terminal.start()
    terminal.advance(12_000)
    calls = timers(terminal)
    gaps = [later - earlier for earlier, later in pairwise(calls)]
    usual = gaps[0]
    assert gaps[:6] == [usual, usual, usual + 4_500, usual, usual, usual + 4_500]


def test_transactions_follow_the_handler_that_traded(make: Make) -> None:
    terminal = make("trade")
    terminal.start()
    terminal.advance(250)
    lines = journal(terminal)
    assert lines[2] == SENT
    assert [line.split()[0] for line in lines[3:8]] == [
        "TRADE_TRANSACTION_ORDER_ADD",
        "TRADE_TRANSACTION_DEAL_ADD",
        "TRADE_TRANSACTION_ORDER_DELETE",
        "TRADE_TRANSACTION_HISTORY_ADD",
        "TRADE_TRANSACTION_REQUEST",
    ]
    assert lines[7].endswith("retcode 10009 magic 18446744073709551615")
    # The magic is unsigned in the request and signed as a property.
    assert lines[8] == "position 1000001 magic -1 EURUSD 0.10"
    assert lines[9] == "deal 500002 order 1000001"


@pytest.mark.parametrize(
    ("switches", "expected"),
    [
        ({"comment_most": 16}, SENT),
        ({"comment_too_long": "rejected"}, "sent 0 retcode 10013 deal 0 error 4756"),
        (
            {"comment_too_long": "rejected", "refused_send_is_true": True},
            "sent 1 retcode 10013 deal 0 error 0",
        ),
        ({"result_without_tickets": True}, "sent 1 retcode 10009 deal 0 error 0"),
    ],
)
def test_result_of_a_send(make: Make, switches: dict[str, Any], expected: str) -> None:
    terminal = make("trade", **switches)
    terminal.start()
    terminal.advance(150)
    assert [line for line in journal(terminal) if line.startswith("sent")] == [expected]


def test_refused_comment_is_refused_by_the_check_too(make: Make) -> None:
    terminal = make("trade", comment_too_long="rejected")
    terminal.start()
    terminal.advance(150)
    assert "check 10013 Invalid request" in journal(terminal)
    assert terminal.broker.sends() == []


@pytest.mark.parametrize(
    ("switches", "comment"),
    [
        ({}, "a comment of more than sixteen "),
        ({"comment_most": 16}, "a comment of mor"),
        ({"comment_rewritten": True}, "broker"),
    ],
)
def test_comment_is_truncated_refused_or_replaced(make: Make, switches: dict[str, Any], comment: str) -> None:
    terminal = make("trade", **switches)
    terminal.start()
    terminal.advance(150)
    assert terminal.broker.positions()[0].comment == comment


def delivered(terminal: SteppedTerminal) -> list[str]:
    return [line.split()[0] for line in journal(terminal) if line.startswith("TRADE_TRANSACTION")]


def test_transactions_are_dropped_delayed_and_shuffled(make: Make) -> None:
    orders = []
    for switches in (
        {},
        {"transactions_dropped_every": 2},
        {"transactions_late": 500},
        {"transaction_queue": 2},
    ):
        terminal = make("trade", **switches)
        terminal.start()
        terminal.advance(150)
        orders.append(delivered(terminal))
        if switches == {"transactions_late": 500}:
            assert orders.pop() == []
            terminal.advance(500)
            orders.append(delivered(terminal))
    plain, dropped, late, short = orders
    assert len(plain) == 5
    assert dropped == plain[::2]
    assert late == plain
    assert short == plain[-2:]
    shuffled = set()
    for seed in range(4):
        terminal = make("trade", seed, transactions_reordered=True)
        terminal.start()
        terminal.advance(150)
        shuffled.add(tuple(delivered(terminal)))
    assert len(shuffled) > 1
    assert all(sorted(one) == sorted(plain) for one in shuffled)


def test_history_is_delayed_by_the_switch(make: Make) -> None:
    terminal = make("trade", history_late=800)
    terminal.start()
    terminal.advance(850)
    assert not any(line.startswith("deal ") for line in journal(terminal))
    terminal.advance(300)
    assert any(line == "deal 500002 order 1000001" for line in journal(terminal))


def test_account_is_empty_before_the_login(make: Make) -> None:
    terminal = make("trade", account_late=700)
    terminal.start()
    assert not terminal.terminal.view.connected()
    terminal.advance(650)
    assert SENT not in journal(terminal)
    terminal.advance(200)
    assert SENT in journal(terminal)


def test_expert_is_loaded_twice_at_the_start(make: Make) -> None:
    terminal = make(init_twice=True, inputs_end_with_cr=True)
    terminal.start()
    # Loaded again: the count of OnInit begins at 1. The name has a seventh character.
    assert journal(terminal) == [
        "guard on",
        "init 1 expert\r 7",
        "deinit 6",
        "guard off",
        "guard on",
        "init 1 expert\r 7",
    ]


def test_a_change_of_inputs_keeps_globals_and_a_reload_does_not(make: Make) -> None:
    terminal = make()
    terminal.start()
    terminal.terminal.reinit(3)
    terminal.terminal.reload(2)
    assert [line for line in journal(terminal) if not line.startswith("guard")] == [
        "init 1 expert 6",
        "deinit 3",
        "init 2 expert 6",
        "deinit 2",
        "init 1 expert 6",
    ]


@pytest.mark.parametrize(("switch", "inits"), [(False, 1), (True, 2)])
def test_lost_broker_connection_ends_in_a_reload(make: Make, switch: bool, inits: int) -> None:
    terminal = make(reload_when_reconnected=switch)
    terminal.start()
    terminal.broker.disconnect()
    terminal.advance(200)
    terminal.broker.connect()
    terminal.advance(200)
    assert len([line for line in journal(terminal) if line.startswith("init")]) == inits


def test_expert_removes_itself(make: Make) -> None:
    terminal = make("leave")
    terminal.start()
    terminal.advance(300)
    assert journal(terminal)[2:] == ["deinit 0", "guard off"]
    assert terminal.terminal.expert is None


@pytest.mark.parametrize(("lost", "kept"), [(True, b"kept"), (False, b"keptkept")])
def test_crash_loses_unflushed_bytes(make: Make, tmp_path: Path, lost: bool, kept: bytes) -> None:
    terminal = make("write", unflushed_bytes_lost=lost)
    terminal.start()

    def crash(name: str, arguments: object) -> None:
        if name == "Print":
            raise Crash

    terminal.terminal.host.before = crash
    with pytest.raises(ExpertCrashed):
        terminal.advance(150)
    assert (tmp_path / "Files" / "notes.bin").read_bytes() == kept
    terminal.advance(150)


def test_two_terminals_trade_on_one_broker(make: Make, built: Built, tmp_path: Path) -> None:
    one = make("trade")
    two = SteppedTerminal(
        built("expert"), {"InpPlan": "trade"}, tmp_path / "two", clock=one.clock, broker=one.broker
    )
    one.start()
    two.start()
    one.advance(150)
    two.terminal.step()
    two.close()
    # The second terminal sees the position and the transactions of the first.
    assert "position 1000001 magic -1 EURUSD 0.10" in journal(two)
    assert delivered(one) == delivered(two)


@pytest.mark.parametrize("seed", range(3))
def test_same_seed_gives_the_same_run(make: Make, seed: int) -> None:
    runs = []
    for _ in range(2):
        terminal = SteppedTerminal(
            make().terminal.setup.library,
            {"InpPlan": "trade"},
            make().terminal.setup.files.parent,
            all_thrown(seed),
            seed,
        )
        terminal.start()
        terminal.advance(5000)
        terminal.close()
        runs.append(journal(terminal))
    assert runs[0] == runs[1]
    assert len(runs[0]) > 3


def test_bytes_are_exchanged(make: Make) -> None:
    terminal = make("talk")
    pipes: list[Pipe] = []
    terminal.network.listen("127.0.0.1", 5760, pipes.append)
    terminal.start()
    terminal.advance(150)
    (pipe,) = pipes
    pipe.send(b"hello")
    terminal.advance(100)
    assert pipe.receive() == b"hello"
    assert journal(terminal)[-1] == "read 5, sent 5"


def test_connect_without_a_listener_fails(make: Make) -> None:
    terminal = make("talk", connect_error=5273)
    terminal.start()
    terminal.advance(150)
    assert journal(terminal)[-1] == "not connected, error 5273"
