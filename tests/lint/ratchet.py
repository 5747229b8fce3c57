"""The number of findings that each area still has. It may only go down, and ends at zero.

`python -m tests.lint --tighten` writes today's numbers where they are smaller.
"""

from typing import Final

MOST: Final[dict[str, dict[str, int]]] = {
    "docstrings": {
        "core": 86,
        "journal": 23,
        "native": 14,
        "shell": 87,
        "terminal": 43,
    },
    "words": {
        "core": 96,
        "ea": 18,
        "journal": 46,
        "native": 61,
        "shell": 121,
        "terminal": 83,
    },
}
"""The largest accepted number of findings, by lint and area; zero where there is none."""
