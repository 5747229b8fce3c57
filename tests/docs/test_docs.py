"""The pages say what the code does."""

import typing

from bridge.core.link import messages, reports
from tests.docs import examples, generate, specification


def test_the_generated_parts_of_the_architecture_page_are_those_of_the_code() -> None:
    text = generate.README.read_text(encoding="utf-8")
    assert text == generate.filled(text), "run: python -m tests.docs.generate"


def test_the_architecture_page_has_every_generated_part() -> None:
    text = generate.README.read_text(encoding="utf-8")
    assert [name for name in generate.PARTS if f"<!-- generated: {name} -->" not in text] == []


def test_the_specification_s_table_has_its_cases() -> None:
    text = specification.README.read_text(encoding="utf-8")
    assert text == specification.page(), "run: python -m tests.docs.generate"


def test_every_message_and_report_has_an_example() -> None:
    assert {type(message) for message in examples.FROM_TERMINAL} == set(
        typing.get_args(messages.FromTerminal)
    )
    assert {type(message) for message in examples.FROM_SIDECAR} == set(typing.get_args(messages.FromSidecar))
    assert {type(report) for report in examples.REPORTS} == set(typing.get_args(reports.AnyReport))
    stages = {report.stage for report in examples.REPORTS if isinstance(report, reports.CommandReport)}
    assert stages == set(reports.CommandStage)


def test_every_example_is_read_back_as_it_was_written() -> None:
    for said in examples.FROM_TERMINAL:
        assert messages.encode(messages.decode_from_terminal(messages.encode(said))) == messages.encode(said)
    for answer in examples.FROM_SIDECAR:
        assert messages.decode_from_sidecar(messages.encode(answer)) == answer
    for report in examples.REPORTS:
        assert reports.decode_report(reports.encode_report(report)) == report
