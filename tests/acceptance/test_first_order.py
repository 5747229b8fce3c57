"""A new user reaches the first filled order of a trial by the command lines that `init` names, and by no other."""

import sys
from pathlib import Path

import pytest

from tests.acceptance.first_order import OFFICER, FirstOrder


@pytest.mark.skipif(sys.platform == "win32", reason="the lines are read as a shell of Unix reads them")
def test_first_order_is_filled_by_the_commands_that_init_names(tmp_path: Path) -> None:
    transcript: list[str] = []
    [directive] = FirstOrder(tmp_path, transcript.append).run()
    assert (directive["officer"], directive["symbol"], directive["state"]) == (OFFICER, "EURUSD", "FILLED")
    assert "FILLED" in transcript[-1]
