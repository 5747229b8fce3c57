"""The core has no clock and touches nothing. The import check sees modules; this sees calls."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

CORE = Path(__file__).parents[2] / "bridge" / "core"
MODULES = sorted(CORE.rglob("*.py"))
READS_A_CLOCK = {"now", "today", "utcnow"}
TOUCHES_THE_WORLD = {"open", "print", "input", "exec", "eval", "__import__"}


def impure_calls(source: str) -> Iterator[str]:
    """The calls in a module's source that read a clock or touch the world."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        match node.func:
            case ast.Attribute(value=ast.Name(id="datetime" | "date"), attr=name) if name in READS_A_CLOCK:
                yield f"line {node.lineno}: datetime.{name}()"
            case ast.Name(id=name) if name in TOUCHES_THE_WORLD:
                yield f"line {node.lineno}: {name}()"


@pytest.mark.parametrize(
    "module", MODULES, ids=lambda path: ".".join(path.relative_to(CORE).with_suffix("").parts)
)
def test_no_module_of_the_core_reads_a_clock_or_touches_the_world(module: Path) -> None:
    assert list(impure_calls(module.read_text(encoding="utf-8"))) == []


def test_the_check_sees_what_it_is_to_see() -> None:
    assert {path.parent.name for path in MODULES} == {"core", "units", "director", "link", "trade", "alerts"}
    assert list(impure_calls("from datetime import datetime\nx = datetime.now()")) == [
        "line 2: datetime.now()"
    ]
    assert list(impure_calls("open('x')")) == ["line 1: open()"]
