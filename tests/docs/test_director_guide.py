"""The guide for a Director: its commands answer as the page says, and its table has every code."""

import asyncio
import os
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest
from aiohttp.test_utils import TestServer

from bridge.clock import SystemClock
from bridge.core.director.contract import EventType
from bridge.sandbox.server import make_app
from bridge.sandbox.state import SandboxState
from tests.docs import error_codes

PAGE: Final = Path(__file__).parents[2] / "docs" / "director.md"
TEXT: Final = PAGE.read_text(encoding="utf-8")
KEY_VARIABLE: Final = "DIRECTOR_API_KEY"
KEY: Final = "trial"
BASE: Final = "http://127.0.0.1:5780"
NO_EVENT: Final = {"NOTHING_OPEN", "RESUMED", "WITHDRAWN"}
"""Reasons for which a directive has ended that no event has."""
FROM_BROKER: Final = {"ORPHAN", "POSITION_MISMATCH"}
"""Codes that are computed, from what differs."""


class FixedClock(SystemClock):
    """A clock that shows the time of the contract's example."""

    def now(self) -> datetime:
        return datetime(2026, 1, 4, 10, tzinfo=UTC)


def steps() -> list[tuple[str, str]]:
    """Return the commands of the page with their answers, without the start of the sandbox."""
    found = []
    for block in re.findall(r"```console\n(.*?)```", TEXT, re.DOTALL):
        for part in block.split("$ ", 1)[1].split("\n$ "):
            command, _, answer = part.partition("\n")
            found.append((command, answer.strip()))
    return found


@pytest.mark.skipif(
    os.name != "posix" or shutil.which("curl") is None, reason="there is no shell, or no curl"
)
async def test_commands_of_the_page_answer_as_it_says() -> None:
    ids = iter(["of no directive: it has one", "67890"])
    state = SandboxState(KEY, FixedClock(), new_id=lambda: next(ids))
    asked = [(command, answer) for command, answer in steps() if command.startswith("curl ")]
    assert len(asked) == 11
    async with TestServer(make_app(state)) as server:
        for command, expected in asked:
            process = await asyncio.create_subprocess_shell(
                command.replace(BASE, str(server.make_url("")).rstrip("/")),
                env=os.environ | {KEY_VARIABLE: KEY},
                stdout=asyncio.subprocess.PIPE,
            )
            answer, _ = await process.communicate()
            assert (process.returncode, answer.decode()) == (0, expected), command


def test_start_of_the_sandbox_is_the_first_command() -> None:
    assert [command for command, _ in steps() if not command.startswith("curl ")] == [
        f"export {KEY_VARIABLE}={KEY}",
        f"execution-officer sandbox-director --api-key-env {KEY_VARIABLE} &",
    ]


def rows() -> list[tuple[set[str], str]]:
    """Return the codes and the event types of each row of the table of codes."""
    table = TEXT.partition("## Error codes")[2]
    lines = [line for line in table.splitlines() if line.startswith("| `")]
    return [
        (set(re.findall(r"`([A-Z_]+)`", line.split("|")[1])), line.split("|")[2].strip()) for line in lines
    ]


def test_table_has_every_code_that_the_bridge_writes_and_no_other() -> None:
    assert set().union(*(codes for codes, _ in rows())) == (error_codes.codes() - NO_EVENT) | FROM_BROKER


def test_event_types_of_the_table_are_the_contracts() -> None:
    assert {event_type for _, event_type in rows()} <= set(EventType)
