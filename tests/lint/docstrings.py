"""A docstring begins with a noun or a verb."""

import re
from collections.abc import Iterator
from typing import Final

from tests.lint.tree import passages, tracked

REFUSED: Final = ("What", "Whose", "Whether", "Who", "Whom", "Why", "How", "Where", "When", "Which")
"""Words with which no docstring begins: "Return whether ..." and "Time at which ..." do as well."""

_FIRST: Final = re.compile(rf"\s*({'|'.join(REFUSED)})\b")


def findings() -> Iterator[tuple[str, str]]:
    """Yield path and message of each docstring (of a field, too) with a refused first word."""
    for path in tracked():
        if not path.endswith(".py"):
            continue
        for passage in passages(path):
            if passage.kind == "docstring" and (found := _FIRST.match(passage.text)):
                first = passage.text.strip().splitlines()[0]
                yield (
                    path,
                    f'{path}:{passage.line}: docstring begins with "{found[1]}"; '
                    f"begin with a noun or verb: {first[:70]}",
                )
