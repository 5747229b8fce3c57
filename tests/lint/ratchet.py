"""The number of findings that each area still has. It may only go down, and ends at zero.

`python -m tests.lint --tighten` writes today's numbers where they are smaller.
"""

from typing import Final

MOST: Final[dict[str, dict[str, int]]] = {
    "docstrings": {
        "core": 109,
        "docs": 22,
        "journal": 88,
        "native": 64,
        "shell": 88,
        "terminal": 134,
    },
    "words": {
        "core": 114,
        "docs": 39,
        "ea": 97,
        "journal": 111,
        "native": 84,
        "shell": 127,
        "terminal": 245,
    },
}
"""The largest accepted number of findings, by lint and area; zero where there is none."""
