"""The lints of the project's own hold, and find what they are meant to find."""

import pytest

from tests.lint import leaks, ratchet, tree, words
from tests.lint.__main__ import LINTS, counted


def test_no_area_has_more_findings_than_the_ratchet_accepts() -> None:
    """One test for all areas: the lints read every file, and xdist would repeat that in each of its processes."""
    too_many = [
        f"{lint}, {area}: {len(messages)} findings, at most {most} accepted (python -m tests.lint {area})\n"
        + "\n".join(messages)
        for lint, by_area in counted().items()
        for area, messages in by_area.items()
        if len(messages) > (most := ratchet.MOST.get(lint, {}).get(area, 0))
    ]
    assert too_many == [], "\n\n".join(too_many)


def test_ratchet_names_lints_and_areas_that_exist() -> None:
    assert set(ratchet.MOST) <= set(LINTS)
    assert {area for by_area in ratchet.MOST.values() for area in by_area} <= set(tree.AREAS)


def test_subwords_are_divided_at_capitals_and_underscores() -> None:
    assert words.subwords("COrderToken::m_last_fact") == " c order token m last fact "
    assert words.subwords("the EA's LEG_OPEN") == " the ea s leg open "


def test_glossary_lists_the_retired_words() -> None:
    listed = {word.word for word in words.retired()}
    assert {"fact", "token", "boot", "settle", "in doubt", "book_differs"} <= listed
    assert "holding" in {word.word for word in words.retired() if word.names_only}


def test_glossary_is_sorted_and_every_name_is_defined() -> None:
    names = [(name, definition) for name, definition, _ in words.rows(tree.content(words.GLOSSARY), "Names")]
    assert [name for name, _ in names] == sorted((name for name, _ in names), key=str.casefold)
    assert all(definition.endswith((".", "`")) for _, definition in names)


def test_every_exception_has_a_reason_and_a_retired_word() -> None:
    listed = {word.word for word in words.retired()} | {"*"}
    assert [
        exception for exception in words.allowed() if not exception.reason or exception.word not in listed
    ] == []


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("# fixes #41", "issue number"),
        ("see issue 12", "issue number"),
        ("open('/home/anna/journal.db')", "machine path"),
        ("in /Users/anna/hub.git", "machine path"),
        ("C:\\Users\\anna", "machine path"),
        ("--hash from https://pypi.org/simple", "registry host"),
    ],
)
def test_leak_is_found(text: str, kind: str) -> None:
    assert kind in {found for _, found, _ in leaks.leaks_in(text)}


@pytest.mark.parametrize(
    "text", ["#3c3c3c", "docs/page.md#3-anchor", "~/execution-officer", "{base}/run/x", "&#39;"]
)
def test_ordinary_text_is_no_leak(text: str) -> None:
    assert list(leaks.leaks_in(text)) == []
