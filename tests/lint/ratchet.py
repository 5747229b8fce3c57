"""The number of findings that each area still has. It may only go down, and ends at zero.

`python -m tests.lint --tighten` writes today's numbers where they are smaller.
"""

from typing import Final

MOST: Final[dict[str, dict[str, int]]] = {
    "docstrings": {
        "broker": 51,
        "core": 137,
        "docs": 22,
        "journal": 88,
        "native": 64,
        "shell": 104,
        "terminal": 134,
    },
    "words": {
        "broker": 22,
        "core": 157,
        "docs": 39,
        "ea": 102,
        "journal": 111,
        "native": 86,
        "shell": 140,
        "terminal": 245,
    },
}
"""The largest accepted number of findings, by lint and area; zero where there is none."""
