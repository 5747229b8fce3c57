"""The number of findings that each area still has. It may only go down, and ends at zero.

`python -m tests.lint --tighten` writes today's numbers where they are smaller.
"""

from typing import Final

MOST: Final[dict[str, dict[str, int]]] = {}
"""The largest accepted number of findings, by lint and area; zero where there is none."""
