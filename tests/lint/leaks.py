"""Texts that do not belong in the repository: issue numbers, machine paths, hosts of package registries."""

import re
from collections.abc import Iterator
from typing import Final

from tests.lint.tree import content, tracked

OWN: Final = ("tests/lint/leaks.py", "tests/lint/test_lint.py")
"""Files that hold the patterns themselves, and examples of them."""

PATTERNS: Final = {
    "issue number": re.compile(r"(?<![\w&/#'\"(\[])#\d+\b(?!\w)|\b(?:issue|ticket|PR) #?\d+\b"),
    "machine path": re.compile(
        r"(?<![\w.])/(?:home|Users|root)/\w+|[A-Z]:\\+Users\\+(?!me\b)\w+", re.IGNORECASE
    ),
    "registry host": re.compile(
        r"\b(?:pypi\.org|pythonhosted\.org|npmjs\.(?:org|com)|crates\.io|rubygems\.org|repo1?\.maven\b)"
        r"|\b(?:proxy\.golang\.org|index-url)\b",
        re.IGNORECASE,
    ),
}
"""The patterns, by what they find."""


def leaks_in(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield line number, kind and match of each pattern in a text."""
    for number, line in enumerate(text.splitlines(), 1):
        for kind, pattern in PATTERNS.items():
            for found in pattern.finditer(line):
                yield number, kind, found.group()


def findings() -> Iterator[tuple[str, str]]:
    """Yield path and message of each such text in a tracked file."""
    for path in tracked():
        if path in OWN:
            continue
        for number, kind, found in leaks_in(content(path)):
            yield path, f"{path}:{number}: {kind} {found!r}; say what it is instead"
