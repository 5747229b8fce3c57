"""The pages say what the code does."""

import typing
from collections import Counter

import pytest

from bridge.core.director.contract import ExecutionEvent
from bridge.core.link import messages, reports
from bridge.link import Pings
from tests.docs import examples, generate, module_map, specification

PAGES = {page.name: page for page in generate.PAGES}


@pytest.mark.parametrize("page", PAGES)
def test_generated_parts_of_a_page_are_those_of_the_code(page: str) -> None:
    text = PAGES[page].read_text(encoding="utf-8")
    assert text == generate.filled(text), "run: python -m tests.docs.generate"


def test_every_generated_part_stands_in_one_page() -> None:
    texts = [page.read_text(encoding="utf-8") for page in generate.PAGES]
    found = Counter(
        {part: sum(text.count(f"<!-- generated: {part} -->") for text in texts) for part in generate.PARTS}
    )
    assert found == dict.fromkeys(generate.PARTS, 1)


def test_specification_page_has_its_cases() -> None:
    text = specification.README.read_text(encoding="utf-8")
    assert text == specification.page(), "run: python -m tests.docs.generate"


def test_every_module_and_header_has_a_line_for_the_map() -> None:
    lines = {
        path: module_map.python_line(path) for path in sorted((module_map.ROOT / "bridge").rglob("*.py"))
    } | {path: module_map.mql5_line(path) for path in sorted((module_map.ROOT / "mql5").rglob("*.mq*"))}
    without = [path.relative_to(module_map.ROOT).as_posix() for path, line in lines.items() if not line]
    assert without == [], "these files have no docstring or head comment, and so no line in the map"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Prices. And more.", "Prices"),
        ("Two lines,\none sentence.\n\nMore.", "Two lines, one sentence"),
        (
            "The journal's file: made by `setup`, opened by `run`.",
            "The journal's file: made by `setup`, opened by `run`",
        ),
        ("Written by version 1.5 of it. More.", "Written by version 1.5 of it"),
    ],
)
def test_first_sentence_of_a_text(text: str, sentence: str) -> None:
    assert module_map.first_sentence(text) == sentence


def test_page_of_the_link_has_the_times_of_its_pings() -> None:
    text = " ".join(PAGES["link-protocol.md"].read_text(encoding="utf-8").split())
    every_s, silence_s = Pings().every_ms // 1000, Pings().silence_ms // 1000
    assert f"a PING every {every_s} s from" in text
    assert f"within {silence_s} s after a PING is disconnected: after {every_s + silence_s} s of" in text


def test_every_column_of_the_journal_has_its_own_comment() -> None:
    without = [
        f"{table}.{column}" if column else table
        for table, columns in generate.table_comments().items()
        for column, comment in columns.items()
        if not comment
    ]
    assert without == [], "give each its own line and comment in bridge/journal/database/schema.py"


def test_every_column_of_the_journal_is_in_the_page() -> None:
    page = PAGES["journal-schema.md"].read_text(encoding="utf-8")
    missing = [
        f"{table}.{column}"
        for table, columns in generate.columns().items()
        for column in columns
        if f"| `{column}` |" not in page.partition(f"### `{table}`\n")[2].partition("\n### ")[0]
    ]
    assert missing == [], "write one column on each line of the schema, then: python -m tests.docs.generate"


def test_every_addition_to_an_event_has_a_text() -> None:
    """Fields that the contract's example does not have say what they mean."""
    without = generate.undescribed_event_fields()
    assert without == [], f"write a docstring below each of these fields of {ExecutionEvent.__name__}"


def test_every_message_and_report_has_an_example() -> None:
    assert {type(message) for message in examples.FROM_TERMINAL} == set(
        typing.get_args(messages.FromTerminal)
    )
    assert {type(message) for message in examples.FROM_SIDECAR} == set(typing.get_args(messages.FromSidecar))
    assert {type(report) for report in examples.REPORTS} == set(typing.get_args(reports.AnyReport))
    stages = {report.stage for report in examples.REPORTS if isinstance(report, reports.CommandReport)}
    assert stages == set(reports.CommandStage)


def test_every_example_is_decoded_as_it_was_encoded() -> None:
    for said in examples.FROM_TERMINAL:
        assert messages.encode(messages.decode_from_terminal(messages.encode(said))) == messages.encode(said)
    for answer in examples.FROM_SIDECAR:
        assert messages.decode_from_sidecar(messages.encode(answer)) == answer
    for report in examples.REPORTS:
        assert reports.decode_report(reports.encode_report(report)) == report
