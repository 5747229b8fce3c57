"""docs/simulated-broker.md: each example of the page is run, and each fault and each key is on it."""

import re
from pathlib import Path

import pytest

from bridge.simulator.broker.broker import Broker
from bridge.simulator.broker.operations import BrokerOperations
from bridge.simulator.broker.scenario_file import parse_scenario
from tests.docs.simulated_broker import EFFECTS, tag, undescribed_keys
from tests.unit.simulator.broker.build import START

PAGE = (Path(__file__).parents[4] / "docs" / "simulated-broker.md").read_text(encoding="utf-8")
_BLOCK = re.compile(r"^```(json|python)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_SETUP, *_ = [code for language, code in _BLOCK.findall(PAGE) if language == "python"]


def sections() -> dict[str, list[tuple[str, str]]]:
    """Return the code blocks of each section, by heading."""
    parts = re.split(r"^##+ (.+)$", PAGE, flags=re.MULTILINE)[1:]
    return {heading: _BLOCK.findall(text) for heading, text in zip(parts[::2], parts[1::2], strict=True)}


EXAMPLES = {
    heading: blocks
    for heading, blocks in sections().items()
    if [language for language, _ in blocks] in (["json", "python"] * (len(blocks) // 2),) and blocks
}


@pytest.mark.parametrize("heading", EXAMPLES)
def test_examples_of_a_section_hold(heading: str) -> None:
    blocks = EXAMPLES[heading]
    for (_, scenario), (_, code) in zip(blocks[::2], blocks[1::2], strict=True):
        names: dict[str, object] = {"broker": Broker.start(parse_scenario(scenario.encode()), START)}
        exec(compile(_SETUP + code, f"docs/simulated-broker.md, {heading}", "exec"), names)  # noqa: S102 - our page


def test_every_fault_has_an_example() -> None:
    faults = {tag(effect) for effect in EFFECTS}
    assert faults <= set(EXAMPLES)
    for fault in faults:
        assert any(f'"type": "{fault}"' in scenario for _, scenario in EXAMPLES[fault][::2]), fault


def test_every_operation_of_the_broker_has_an_example() -> None:
    used = "".join(code for blocks in EXAMPLES.values() for language, code in blocks if language == "python")
    operations = [name for name in vars(BrokerOperations) if not name.startswith("_")]
    assert [name for name in operations if f"broker.{name}(" not in used] == ["hide_order", "show_order"]


def test_scenario_of_the_page_is_accepted() -> None:
    (_, scenario), *_ = sections()["Scenario file"]
    broker = Broker.start(parse_scenario(scenario.encode()), START)
    assert broker.symbols() == ["EURUSD.r", "XAUUSD"]


def test_every_key_has_a_description() -> None:
    assert undescribed_keys() == []
