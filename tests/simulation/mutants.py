"""Mutants: the errors of `mutants.toml`, put into a copy of the product, each of which the simulation must find."""

import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parents[2]
FIRST_SEED: Final = 1_000


class Mutant(NamedTuple):
    """One error: a text of a file, in place of another one that is in it once."""

    name: str
    file: str
    text: str
    instead: str
    terminal: str = "reference"
    """Terminal of the hunt: expert or reference."""
    seed: int = FIRST_SEED
    """First seed of the hunt."""


def listed() -> tuple[Mutant, ...]:
    """Return the mutants of the list."""
    tables = tomllib.loads((Path(__file__).parent / "mutants.toml").read_text(encoding="utf-8"))["mutant"]
    return tuple(Mutant(**table) for table in tables)


class Found(NamedTuple):
    """Result of the hunt for one mutant."""

    mutant: Mutant
    seed: int | None
    """Seed of the first violation; None: none was found."""
    violation: str
    seconds: float


def hunt(mutants: tuple[Mutant, ...], minutes: float, *, jobs: int) -> Iterator[Found]:
    """Put each mutant into a copy, and hunt there until a violation is found or the time is over."""
    for mutant in mutants:
        with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
            copy = Path(folder)
            for name in ("bridge", "tests", "scripts", "mql5"):
                shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
            put(mutant, copy)
            began = time.monotonic()
            hunted = subprocess.run(
                [
                    sys.executable,
                    "scripts/simulate.py",
                    "--minutes",
                    str(minutes),
                    "--first",
                    str(mutant.seed),
                    "--terminal",
                    mutant.terminal,
                    "--stop",
                    "--jobs",
                    str(jobs),
                ],
                cwd=copy,
                capture_output=True,
                text=True,
                check=False,
            )
            took = time.monotonic() - began
            match = re.search(r"^seed (\d+):\n\s*(.*(?:\n    .*)*)", hunted.stdout, re.MULTILINE)
            if match is not None:
                yield Found(mutant, int(match[1]), match[2].strip().splitlines()[-1].strip(), took)
            else:
                yield Found(mutant, None, hunted.stderr.strip()[-300:], took)


def put(mutant: Mutant, folder: Path) -> None:
    """Put the mutant into a copy of the product. Raises ValueError where its text is not there, or twice."""
    file = folder / mutant.file
    text = file.read_text(encoding="utf-8")
    if (count := text.count(mutant.text)) != 1:
        raise ValueError(f"mutant {mutant.name!r}: its text is {count} times in {mutant.file}; write it once")
    file.write_text(text.replace(mutant.text, mutant.instead), encoding="utf-8")
