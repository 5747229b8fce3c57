"""Corpora of the fuzzer (scripts/fuzz.py): inputs of the Expert Advisor's readers that cover different code.

One file for each reader, one input in each line, in hex.
"""

from pathlib import Path
from typing import Final

READERS: Final = {"json": 21, "zmtp": 22, "message": 23, "ledger": 24}
"""Command of programs/readers.mq5 by reader."""
FOLDER: Final = Path(__file__).parent / "corpus"


def load(reader: str) -> list[bytes]:
    """Return the reader's inputs; none where it has no corpus yet."""
    path = FOLDER / f"{reader}.txt"
    return [bytes.fromhex(line) for line in path.read_text("ascii").splitlines()] if path.is_file() else []


def save(reader: str, inputs: list[bytes]) -> None:
    """Write the reader's inputs, the shortest first."""
    lines = [each.hex() for each in sorted(inputs, key=lambda each: (len(each), each)) if each]
    (FOLDER / f"{reader}.txt").write_text("".join(f"{line}\n" for line in lines), "ascii")
