"""Codes that the bridge itself writes into an event's `error_code`, read from its sources.

Others come from elsewhere: return codes of the broker, as numbers, and a terminal's reasons for not sending.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

SOURCES: Final = Path(__file__).parents[2] / "bridge"
PARTS: Final = ("core", "journal", "sidecar")
_PLACE: Final = {"Problem": 0, "RefusedError": 0, "_refuse": 0, "emit_trouble": 1, "_member": 3}
"""By function, the place of the code among its arguments."""
_KEYWORDS: Final = ("code", "error_code")
_CODE: Final = re.compile(r"[A-Z]{2,}(_[A-Z]+)*")
_MAKERS: Final = frozenset({"system_error", "connection", "broker_error", "RequiredAction", "ExecutionEvent"})


def codes() -> set[str]:
    """Return every code that a call writes as a literal."""
    return {
        code
        for part in PARTS
        for path in sorted((SOURCES / part).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        for code in _of_call(node)
    }


def _of_call(call: ast.Call) -> Iterator[str]:
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    place = _PLACE.get(name)
    if place is not None and len(call.args) > place:
        yield from _code(call.args[place])
    for keyword in call.keywords:
        if keyword.arg in _KEYWORDS:
            yield from _code(keyword.value)


def _code(value: ast.expr) -> Iterator[str]:
    for node in ast.walk(value):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _CODE.fullmatch(node.value):
            yield node.value
