"""The page of hard cases names tests that there are."""

import re
from pathlib import Path

import pytest

from tests.conformance.specification.case import TABLE
from tests.conformance.specification.test_specification import PARTS

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/hard-cases.md"
ROWS = {
    found[1]: found[2]
    for line in PAGE.read_text(encoding="utf-8").splitlines()
    if (found := re.fullmatch(r"\| ([A-F]\d+[a-f]?) \| .* \| (.*) \|", line))
}


@pytest.mark.parametrize("row", ROWS)
def test_shown_by_tests_that_there_are(row: str) -> None:
    assert PARTS
    tests, cases = re.findall(r"`([^`:]+)::(\w+)`", ROWS[row]), re.findall(r"\b[A-Z]\d\d\b", ROWS[row])
    assert tests or cases, "name a test or a case of the specification"
    for path, name in tests:
        assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8"), f"{path} has no {name}"
    assert set(cases) <= set(TABLE)


def test_every_row_has_an_id_of_its_own() -> None:
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if re.match(r"\| [A-F]\d", line)]
    assert len(ROWS) == len(lines)
