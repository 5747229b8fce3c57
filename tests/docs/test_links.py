"""Links and paths in the documents lead somewhere, and the versions are those of the code."""

import re

import pytest

import bridge
from bridge.core.link.messages import PROTOCOL_MAX, PROTOCOL_MIN
from bridge.journal.database.schema import known_migrations
from tests.lint.tree import ROOT, content, tracked

DOCUMENTS = [path for path in tracked() if path.endswith(".md")]
_LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)\)")
_PATH = re.compile(r"`(?P<path>(?:bridge|mql5|tests|scripts|docs)/[\w./*-]+)`")
_HISTORY = ("CHANGELOG.md", "docs/decisions/")
"""Documents about the past may name files that are gone."""


def anchors(text: str) -> set[str]:
    """Return the anchors of a page's headings, as code hosts make them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def broken_links(path: str) -> list[str]:
    """Return the relative links of a document that lead to no file or no heading."""
    broken = []
    for found in _LINK.finditer(content(path)):
        target, _, anchor = found["target"].partition("#")
        if "://" in target or target.startswith("mailto:"):
            continue
        file = (ROOT / path).parent / target if target else ROOT / path
        if not file.exists() or (anchor and anchor not in anchors(file.read_text(encoding="utf-8"))):
            broken.append(found["target"])
    return broken


@pytest.mark.parametrize("path", DOCUMENTS)
def test_every_link_of_a_document_leads_somewhere(path: str) -> None:
    assert broken_links(path) == []


@pytest.mark.parametrize("path", DOCUMENTS)
def test_every_path_in_a_document_exists(path: str) -> None:
    if path.startswith(_HISTORY):
        return
    named = {found["path"] for found in _PATH.finditer(content(path))}
    assert [name for name in sorted(named) if not any(ROOT.glob(name.rstrip("/")))] == []


def test_link_to_a_missing_heading_is_found() -> None:
    assert "no-such-heading" not in anchors(content("README.md"))
    assert {"glossary", "names", "exceptions"} == anchors(content("docs/glossary.md"))


def test_table_of_versions_is_that_of_the_code() -> None:
    page = content("docs/versions.md")
    expert = content("mql5/Experts/ExecutionOfficer/ExecutionOfficer.mq5")
    program = re.search(r'#define PROGRAM "ExecutionOfficer ([\d.]+)"', expert)
    ledger = re.search(
        r"#define LEDGER_VERSION (\d+)", content("mql5/Include/ExecutionOfficer/Ledger/LedgerBook.mqh")
    )
    assert program is not None
    assert ledger is not None
    assert f'#property version     "{program[1]}"' in expert
    now = [
        bridge.__version__,
        program[1],
        f"{PROTOCOL_MIN}..{PROTOCOL_MAX}",
        known_migrations()[-1],
        ledger[1],
    ]
    kinds = ("execution-officer", "Expert Advisor", "link protocol", "journal schema", "ledger")
    for kind, version in zip(kinds, now, strict=True):
        assert f"| {kind} {version} |" in page
    assert f"| {' | '.join(now)} |" in page, "the versions that work together"


def test_changelog_begins_with_the_current_version() -> None:
    first = re.search(r"^## (\S+)", content("CHANGELOG.md"), re.MULTILINE)
    assert first is not None
    assert first[1] == bridge.__version__


def test_every_decision_has_its_headings_and_a_line_in_the_list() -> None:
    pages = [path for path in DOCUMENTS if re.match(r"docs/decisions/\d{4}-", path)]
    listed = content("docs/decisions/README.md")
    for number, path in enumerate(pages, 1):
        name = path.rpartition("/")[2]
        text = content(path)
        assert name.startswith(f"{number:04}-")
        assert text.startswith(f"# {number:04}. ")
        assert f"]({name})" in listed
        headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
        assert headings == ["Status", "Context", "Decision", "Alternatives", "Consequences"], path
