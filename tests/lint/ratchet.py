"""The number of findings that each area still has. It may only go down, and ends at zero.

`python -m tests.lint --tighten` writes today's numbers where they are smaller.
"""

from typing import Final

MOST: Final[dict[str, dict[str, int]]] = {
    "docstrings": {
        "core": 13,
        "journal": 23,
        "shell": 30,
        "terminal": 2,
    },
    "words": {
        "core": 61,
        "ea": 18,
        "journal": 46,
        "native": 33,
        "shell": 72,
        "terminal": 21,
    },
}
"""The largest accepted number of findings, by lint and area; zero where there is none."""
