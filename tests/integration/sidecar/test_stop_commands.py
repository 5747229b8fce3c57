"""Halt and flatten of a running sidecar whose journal cannot be written: in force at once, stored later."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from bridge.cli.asking import LOOK_S
from bridge.cli.owner import OWN_S, STOP_S, own_wait_s
from bridge.journal.database.file import READ_S
from bridge.sidecar.operator.flatten import FlattenRequest
from bridge.sidecar.operator.halt import HaltRequest
from bridge.sidecar.stop_commands import PROMPT_S

from .clock import TIMEOUT_S
from .controlled import FLATTEN, Controlled, controlled
from .harness import OFFICER, Harness, Sandbox, eventually
from .terminal import Terminal

ANSWERED_S = 5.0
"""Time in which an operator's stop must be answered, on the sidecar's own clock."""


@pytest.fixture
async def sidecar(harness: Harness, director: Sandbox, tmp_path: Path) -> AsyncIterator[Controlled]:
    async with controlled(harness, director, tmp_path) as made:
        await made.status()
        yield made


@contextmanager
def locked(path: Path) -> Iterator[sqlite3.Connection]:
    """Another program that has locked the journal for writing."""
    with closing(sqlite3.connect(path, isolation_level=None, timeout=TIMEOUT_S)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield other
        other.execute("ROLLBACK")


async def answered(harness: Harness, answer: "asyncio.Task[dict[str, Any]]") -> dict[str, Any]:
    """Wait until the stop is in force, then let the clock advance until the answer is there."""
    await eventually(lambda: bool(harness.journal.stops.waiting))
    async with asyncio.timeout(TIMEOUT_S):
        while not answer.done():
            harness.clock.advance(PROMPT_S / 2)
            await asyncio.sleep(0)
    return answer.result()


async def stored(harness: Harness, query: str, *expected: object) -> None:
    """Let the clock advance until the query's rows are those."""
    async with asyncio.timeout(TIMEOUT_S):
        while [row[0] for row in harness.rows(query)] != list(expected):
            harness.clock.advance(0.1)
            await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("path", "body", "halts"),
    [
        ("/v1/halt", {"why": "news"}, ["news"]),
        ("/v1/flatten", {**FLATTEN, "why": "news"}, ["flatten: news"]),
        ("/v1/halt", {"symbol": "EURUSD", "why": "news"}, ["news"]),
    ],
)
async def test_stop_is_in_force_while_the_journal_takes_nothing_and_stored_once_it_does(
    harness: Harness, sidecar: Controlled, path: str, body: dict[str, Any], halts: list[str]
) -> None:
    harness.lock_journal()
    answer = await sidecar.post(path, body)
    assert "readonly" in answer["not_stored"]
    [shown] = (await sidecar.status())["stops_not_stored"]
    assert (shown["officer"], shown["why"]) == (OFFICER, halts[0])
    assert harness.rows("SELECT why FROM halts") == []
    harness.lock_journal(False)
    await stored(harness, "SELECT why FROM halts", *halts)
    await eventually(lambda: not harness.journal.stops.waiting)
    assert (await sidecar.status())["stops_not_stored"] == []
    if path == "/v1/flatten":
        [flattened] = answer["flattens"]
        assert harness.rows("SELECT directive_id FROM directives") == [(flattened["directive_id"],)]


@pytest.mark.parametrize(
    ("path", "body", "waits"),
    [("/v1/halt", {}, 1), ("/v1/flatten", FLATTEN, 1), ("/v1/halt", {"symbol": "EURUSD"}, 2)],
)
async def test_stop_is_answered_within_five_seconds_of_the_sidecar_s_clock(
    harness: Harness, sidecar: Controlled, path: str, body: dict[str, Any], waits: int
) -> None:
    began = harness.clock.monotonic()
    with locked(harness.path):
        answer = asyncio.create_task(sidecar.post(path, body))
        for _ in range(waits):
            # The answer is the only one that waits for just this time.
            await eventually(lambda: PROMPT_S in harness.clock.waits)
            harness.clock.advance(PROMPT_S)
        await eventually(answer.done)
        assert "another program locks the journal" in answer.result()["not_stored"]
        assert harness.clock.monotonic() - began == waits * PROMPT_S < ANSWERED_S


async def test_step_that_waits_for_a_lock_stores_a_later_halt_first_and_opens_nothing(
    harness: Harness, director: Sandbox, sidecar: Controlled
) -> None:
    async with Terminal(sidecar.endpoint, harness.clock) as terminal:
        await terminal.join()
        await terminal.heartbeat()
        await terminal.scan()
        await eventually(lambda: harness.journal.stops.waiting == ())
        with locked(harness.path):
            # The step that takes the open waits for the lock when the halt comes.
            director.issue(harness.directive("dir-1"))
            harness.clock.advance(harness.settings.director.poll_interval_s)
            await eventually(lambda: harness.journal.wait.waiting_s > 0)
            answer = await answered(harness, asyncio.create_task(sidecar.post("/v1/halt", {"why": "news"})))
            assert "another program locks the journal" in answer["not_stored"]
            assert [each.why for each in (stop.halt for stop in harness.journal.stops.waiting)] == ["news"]
        await stored(harness, "SELECT state FROM directives", "REJECTED")
    assert harness.rows(
        "SELECT kind, subject FROM audit WHERE kind IN ('operator', 'directive') ORDER BY seq"
    ) == [
        ("operator", "halt"),
        ("directive", "dir-1"),
    ]
    assert harness.rows("SELECT count(*) FROM commands") == [(0,)]


async def test_unknown_officer_is_refused_at_once_while_the_journal_is_locked(
    harness: Harness, sidecar: Controlled
) -> None:
    with locked(harness.path):
        status, answer = await sidecar.ask("POST", "/v1/halt", {"officer": "nobody"})
    assert (status, answer["error"]) == (409, "REFUSED")
    assert harness.journal.stops.waiting == ()


async def test_halt_given_twice_is_stored_once_with_its_first_reason(
    harness: Harness, sidecar: Controlled
) -> None:
    harness.lock_journal()
    for why in ("first", "second"):
        await sidecar.post("/v1/halt", {"why": why})
    harness.lock_journal(False)
    await stored(harness, "SELECT why FROM halts", "first")
    await eventually(lambda: not harness.journal.stops.waiting)
    assert harness.rows("SELECT count(*) FROM audit WHERE subject = 'halt'") == [(2,)]


async def test_flatten_of_an_unknown_symbol_is_refused_and_nothing_is_halted(
    harness: Harness, sidecar: Controlled
) -> None:
    status, answer = await sidecar.ask("POST", "/v1/flatten", {**FLATTEN, "symbol": "eurusd"})
    assert (status, answer["error"]) == (409, "REFUSED")
    assert 'unknown symbol "eurusd"' in answer["message"]
    assert harness.journal.stops.waiting == ()
    assert harness.rows("SELECT count(*) FROM halts") == [(0,)]


def test_command_line_waits_longer_than_the_sidecar_and_less_than_five_seconds() -> None:
    # The sidecar waits for the journal twice where a symbol is compared first. Without a sidecar the command waits
    # for the lock itself.
    assert 2 * PROMPT_S < STOP_S < ANSWERED_S


@pytest.mark.parametrize("asked_s", [0.0, 1.0, STOP_S])
def test_command_line_waits_less_than_five_seconds_for_a_deaf_sidecar_and_a_lock_together(
    asked_s: float,
) -> None:
    for waited_s in (own_wait_s(HaltRequest(), asked_s), own_wait_s(FlattenRequest(**FLATTEN), asked_s)):
        assert 0 < waited_s <= OWN_S
        assert asked_s + waited_s < ANSWERED_S


def test_status_waits_less_than_five_seconds_for_a_deaf_sidecar_and_a_lock_together() -> None:
    assert LOOK_S + READ_S < ANSWERED_S


async def test_status_is_answered_at_once_while_the_journal_is_locked(
    harness: Harness, sidecar: Controlled
) -> None:
    began = harness.clock.monotonic()
    with locked(harness.path):
        # The clock stands: the answer waits for nothing.
        assert (await sidecar.status())["stops_not_stored"] == []
    assert harness.clock.monotonic() == began
