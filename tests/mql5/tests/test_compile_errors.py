"""Compile errors of MetaQuotes' list: a snippet with each is refused, a snippet without it passes."""

import re
from pathlib import Path

import pytest

from tests.mql5.lint import check_text
from tests.mql5.reference import errors
from tests.mql5.tests.compile_errors import Pair, classes, statements, texts, top_level
from tests.mql5.translator.errors import TranslationError

PAIRS = (*texts.PAIRS, *top_level.PAIRS, *classes.PAIRS, *statements.PAIRS)
DOCUMENT = Path(__file__).parents[1] / "lint/ERRORS.md"


def name(pair: Pair) -> str:
    return f"{pair.number}-{errors()[pair.number].replace(' ', '-')}"


def codes(text: str) -> set[str]:
    """Return the codes of all findings, or the class of the refusal."""
    try:
        return {finding.code for finding in check_text(text)}
    except TranslationError as refusal:
        return {type(refusal).__name__}


@pytest.mark.parametrize("pair", PAIRS, ids=name)
def test_snippet_with_a_compile_error_is_refused_under_its_number(pair: Pair) -> None:
    assert pair.wanted in codes(pair.fails)


@pytest.mark.parametrize("pair", PAIRS, ids=name)
def test_snippet_without_the_compile_error_passes(pair: Pair) -> None:
    assert [str(finding) for finding in check_text(pair.passes)] == []


def test_every_error_of_the_list_has_a_pair_or_a_reason() -> None:
    judged = {pair.number for pair in PAIRS}
    reasons = {
        int(number): text
        for number, text in re.findall(r"^\| (\d+) \| (.+) \|$", DOCUMENT.read_text(), re.MULTILINE)
    }
    assert judged | set(reasons) == set(errors())
    assert judged & set(reasons) == set()
    assert len(judged) >= 120
    assert all(text.endswith(".") for text in reasons.values())
