"""The number of findings that each area still has. It may only go down, and ends at zero.

`python -m tests.lint --tighten` writes today's numbers where they are smaller.
"""

from typing import Final

MOST: Final[dict[str, dict[str, int]]] = {
    "docstrings": {
        "broker": 51,
        "core": 149,
        "docs": 33,
        "journal": 89,
        "native": 64,
        "shell": 105,
        "terminal": 134,
    },
    "words": {
        "broker": 25,
        "core": 162,
        "docs": 63,
        "ea": 103,
        "journal": 120,
        "native": 103,
        "shell": 203,
        "terminal": 245,
    },
}
"""The largest accepted number of findings, by lint and area; zero where there is none."""
