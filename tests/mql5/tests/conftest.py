"""Fixtures for the tests of the toolchain. Each program of the corpus is compiled once and cached."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.mql5.builder.build import build

CORPUS = Path(__file__).parent / "corpus"


@pytest.fixture(scope="session")
def built() -> Callable[[str], Path]:
    """Return a function from the name of a corpus program to its library."""
    return lambda name: build(CORPUS / f"{name}.mq5").library
