"""Fixtures of the sidecar's tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from .station import Sandbox, Station, sandbox


@pytest.fixture
async def station(tmp_path: Path) -> AsyncIterator[Station]:
    made = Station(tmp_path / "journal.db")
    yield made
    made.close()


@pytest.fixture
async def director(station: Station) -> AsyncIterator[Sandbox]:
    """A Director whose events are timed by the station's clock."""
    async with sandbox(station.clock) as made:
        yield made
