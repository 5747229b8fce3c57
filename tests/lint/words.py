"""Retired words do not return. The glossary's tables are the only list of them."""

import fnmatch
import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tests.lint.tree import Passage, content, passages, tracked

GLOSSARY: Final = "docs/glossary.md"

_CODE: Final = re.compile(r"`([^`]+)`( \(names\))?")
_SUBWORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


@dataclass(frozen=True)
class Retired:
    """A retired word or phrase, in lower case."""

    word: str
    name: str
    """The name that replaces it."""
    names_only: bool


@dataclass(frozen=True)
class Allowed:
    """A place in which a retired word may stand."""

    word: str
    path: str
    """A pattern of paths; empty where a text is given."""
    text: str
    reason: str


def rows(text: str, heading: str) -> list[list[str]]:
    """Return the cells of the table under a heading of the second level, without its head."""
    section = text.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


@functools.cache
def retired() -> tuple[Retired, ...]:
    """Return the retired words of the glossary that a tool looks for."""
    return tuple(
        Retired(word.lower(), name, bool(names_only))
        for name, _, replaced in rows(content(GLOSSARY), "Names")
        for word, names_only in _CODE.findall(replaced)
    )


@functools.cache
def allowed() -> tuple[Allowed, ...]:
    """Return the glossary's exceptions."""
    found = []
    for word, place, reason in rows(content(GLOSSARY), "Exceptions"):
        text = place.strip('"') if place.startswith('"') else ""
        found.append(Allowed(word.strip("`"), "" if text else place, text, reason))
    return tuple(found)


def subwords(text: str) -> str:
    """Return the words of a name or a text in lower case, divided at capitals and underscores, between blanks."""
    return f" {' '.join(word.lower() for word in _SUBWORD.findall(text))} "


def findings() -> Iterator[tuple[str, str]]:
    """Yield path and message of each name or text with a retired word."""
    for path in tracked():
        for passage in passages(path):
            for word in _retired_in(passage):
                shown = " ".join(passage.text.split())[:70]
                yield (
                    path,
                    f'{path}:{passage.line}: {passage.kind} has the retired word "{word.word}"; '
                    f"use the glossary's {word.name}: {shown}",
                )


@functools.cache
def _any_retired() -> re.Pattern[str]:
    words = sorted((subwords(word.word).strip() for word in retired()), key=len, reverse=True)
    return re.compile(rf"(?<= )(?:{'|'.join(map(re.escape, words))})(?= )")


@functools.cache
def _hint() -> re.Pattern[str]:
    """Return a pattern that a text without retired words seldom has; it saves dividing most texts into words."""
    first = {subwords(word.word).split()[0] for word in retired()}
    return re.compile("|".join(map(re.escape, sorted(first))), re.IGNORECASE)


def _retired_in(passage: Passage) -> Iterator[Retired]:
    if not _hint().search(passage.text):
        return
    found = set(_any_retired().findall(subwords(passage.text)))
    if not found:
        return
    for word in retired():
        if subwords(word.word).strip() not in found or (word.names_only and passage.kind != "name"):
            continue
        if not _is_allowed(word, passage):
            yield word


def _is_allowed(word: Retired, passage: Passage) -> bool:
    for exception in allowed():
        if exception.word not in ("*", word.word):
            continue
        if exception.path and fnmatch.fnmatchcase(passage.path, exception.path):
            return True
        allowed_text = subwords(exception.text)
        if exception.text and subwords(word.word) not in subwords(passage.text).replace(allowed_text, " / "):
            return True
    return False
