"""The page about Wine: its commands, in a home folder with a Wine prefix like MetaTrader's, answer as it says."""

import re
import shlex
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.acceptance.commands import run

PAGE: Final = Path(__file__).parents[2] / "docs" / "wine.md"
BLOCK: Final = re.compile(r"```console\n\$ execution-officer ([^\n]*)\n(.*?)```", re.DOTALL)
DATA: Final = (
    ".wine/drive_c/users/trader/AppData/Roaming/MetaQuotes/Terminal/D0E8209F77C8CF37AD8BF550E51FF075"
)
PROGRAM: Final = ".wine/drive_c/Program Files/MetaTrader 5"


def lay_out_terminal(home: Path) -> None:
    """Make the folders that a terminal has once it was started."""
    (home / DATA / "MQL5").mkdir(parents=True)
    (home / DATA / "origin.txt").write_bytes("C:\\Program Files\\MetaTrader 5".encode("utf-16"))
    (home / PROGRAM).mkdir(parents=True)
    for name in ("terminal64.exe", "MetaEditor64.exe"):
        (home / PROGRAM / name).touch()


def shown(home: Path, line: str) -> str:
    """Return what a command of the page prints, with the home folder as ~."""
    words = shlex.split(line)
    done = run(*words, cwd=home, HOME=str(home), WINEPREFIX="")
    assert done.stderr == ""
    return done.stdout.replace(str(home), "~")


@pytest.mark.skipif(sys.platform == "win32", reason="Wine runs elsewhere")
def test_commands_of_the_page_answer_as_it_says(tmp_path: Path) -> None:
    lay_out_terminal(tmp_path)
    blocks = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    assert len(blocks) == 3
    for line, answer in blocks:
        assert shown(tmp_path, line) == answer, line
