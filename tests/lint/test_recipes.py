"""Checks of the recipes in CONTRIBUTING.md: each names the place where something new was forgotten."""

import re
from typing import Final

import pytest

from bridge.core.director.actions import ACTIONS, Intent
from bridge.core.director.contract import Action
from bridge.core.link.messages import CommandKind
from tests.lint.tree import ROOT, content

EXPERT: Final = "mql5/Experts/ExecutionOfficer/ExecutionOfficer.mq5"
RECORDS: Final = "mql5/Include/ExecutionOfficer/Link/Records.mqh"
INPUTS: Final = re.findall(r"^input (?!group)\S+ +(Inp\w+)=[^;]*; *// (.+)$", content(EXPERT), re.MULTILINE)


def sources(folder: str, pattern: str = "*.py") -> str:
    """Return the text of all files of a folder with such a name."""
    return "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / folder).rglob(pattern)))


@pytest.mark.parametrize("action", list(Action))
def test_action_has_a_rule_documents_and_tests(action: Action) -> None:
    table = content("docs/directives.md").partition("## Actions")[2].partition("\n## ")[0]
    forgotten = {
        f"add {action} to ACTIONS in bridge/core/director/actions.py": action in ACTIONS,
        f"add `{action}` to the table of actions in docs/directives.md": f"`{action}`" in table,
        f"test the planning of Action.{action.name} in tests/unit/core/trade/test_planning_targets.py": re.search(
            rf"\bAction\.{action.name}\b", sources("tests/unit/core/trade", "test_planning*.py")
        ),
        f'add a case that issues "{action}" to a module of tests/conformance/specification': f'"{action}"'
        in sources("tests/conformance/specification"),
    }
    missing = [remedy for remedy, done in forgotten.items() if not done]
    assert not missing, "; ".join(missing)


@pytest.mark.parametrize("intent", list(Intent))
def test_intent_has_an_action_and_a_test_of_the_journal(intent: Intent) -> None:
    names = [action for action, rule in ACTIONS.items() if rule.intent is intent]
    assert names, f"no action of bridge/core/director/actions.py has the intent {intent}"
    tests = sources("tests/integration/journal")
    assert any(f'"{name}"' in tests for name in names), (
        f"add a test of {' or '.join(names)} to tests/integration/journal"
    )


@pytest.mark.parametrize("kind", list(CommandKind))
def test_command_kind_is_known_to_both_terminals(kind: CommandKind) -> None:
    kinds = re.search(r'#define COMMAND_KINDS "([^"]*)"', content(RECORDS))
    assert kinds is not None
    assert kind in kinds[1].split(","), f"add it to COMMAND_KINDS in {RECORDS}"
    constant = f"COMMAND_KIND_{kind.name}"
    assert f'#define {constant} "{kind}"' in content(RECORDS)
    request = "mql5/Include/ExecutionOfficer/Orders/OrderRequest.mqh"
    assert constant in content(request), f"say in {request} which request it becomes"
    reference = "bridge/simulator/terminal/request.py"
    assert f"CommandKind.{kind.name}" in content(reference), f"say in {reference} which request it becomes"


def test_every_input_of_the_expert_advisor_has_a_label() -> None:
    assert len(INPUTS) == len(re.findall(r"^input (?!group)", content(EXPERT), re.MULTILINE))


@pytest.mark.parametrize(("name", "label"), INPUTS, ids=[name for name, _ in INPUTS])
def test_input_is_used_and_described(name: str, label: str) -> None:
    body = content(EXPERT).partition("int OnInit(void)")[2]
    assert len(re.findall(rf"=\s*{name};", body)) == 1, f"copy {name} to the settings in OnInit"
    rows = re.findall(r"^\| [^|]*\| ([^|]+) \| [^|]*\|", content("mql5/README.md"), re.MULTILINE)
    described = [row for row in rows if label.startswith(row.strip())]
    assert described, (
        f"add a row for {name} to the inputs in mql5/README.md; its name begins the label: {label}"
    )


def test_recipes_name_files_that_exist_and_the_checks() -> None:
    recipes = content("CONTRIBUTING.md").partition("## Recipes")[2]
    named = set(re.findall(r"\b(?:tests|bridge|mql5|docs)/[\w/]+\.\w+", recipes))
    assert len(named) > 20
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []
