"""The Expert Advisor's box comments: a frame of 70 columns, and a first word that is a noun or a verb."""

from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2] / "mql5"
SOURCES: Final = sorted(ROOT.rglob("*.mq[5h]"))
BAR: Final = "//+" + "-" * 66 + "+"
QUESTIONS: Final = {"What", "Which", "Whose", "Whether", "Who", "Why", "How", "Where", "When", "That"}


def banners(text: str) -> list[list[str]]:
    """Return the lines of each box, without its bars."""
    lines = text.split("\n")
    found: list[list[str]] = []
    for i, line in enumerate(lines):
        if line.startswith("//|") and lines[i - 1] == BAR:
            end = next(k for k in range(i, len(lines)) if not lines[k].startswith("//|"))
            assert lines[end] == BAR, f"line {end + 1}: a box ends with a bar"
            found.append(lines[i:end])
    return found


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_box_comment_keeps_frame_and_begins_with_noun_or_verb(source: Path) -> None:
    boxes = banners(source.read_text(encoding="utf-8"))
    assert source.name in boxes[0][0]
    for lines in [boxes[0][1:], *boxes[1:]]:
        assert lines, "a box has a text"
        assert lines[0].split()[1] not in QUESTIONS, lines[0]
    for line in (line for lines in boxes for line in lines):
        assert len(line) == len(BAR) and line.endswith("|"), line
