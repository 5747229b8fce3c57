"""Fixtures of the sidecar's tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from .harness import Harness, Sandbox, sandbox


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[Harness]:
    made = Harness(tmp_path / "journal.db")
    yield made
    made.close()


@pytest.fixture
async def director(harness: Harness) -> AsyncIterator[Sandbox]:
    """A Director whose events are timed by the harness's clock."""
    async with sandbox(harness.clock) as made:
        yield made
