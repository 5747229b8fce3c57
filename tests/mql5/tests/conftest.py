"""What the rig's own tests share: each program of the corpus is compiled once, and found compiled the next time."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.mql5.builder.build import build

CORPUS = Path(__file__).parent / "corpus"


@pytest.fixture(scope="session")
def built() -> Callable[[str], Path]:
    """The library of a program of the corpus."""
    return lambda name: build(CORPUS / f"{name}.mq5").library
