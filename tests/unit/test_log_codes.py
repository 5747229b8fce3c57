"""Log codes: every record of the package bears a registered one, and every registered one is in use."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import structlog

from bridge import log_codes
from bridge.log_codes import LogCode
from bridge.logs import EventLog

PACKAGE = Path(log_codes.__file__).parent
EMITTING = frozenset({"debug", "info", "warning", "repeated", "error", "exception", "critical"})
LOGGERS = frozenset({"log", "_log", "logger", "_logger"})
RAW_LOGGERS = re.compile(r"\b(structlog(\.stdlib)?\.get_logger|logging\.getLogger)\(")


def modules() -> Iterator[tuple[str, str]]:
    """(path within the package, text) of each module."""
    for path in sorted(PACKAGE.rglob("*.py")):
        yield path.relative_to(PACKAGE).as_posix(), path.read_text(encoding="utf-8")


def logging_calls(tree: ast.AST) -> Iterator[ast.Call]:
    """Calls such as `log.info(...)` and `self._runtime.log.info(...)`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in EMITTING:
            receiver = node.func.value
            name = receiver.attr if isinstance(receiver, ast.Attribute) else getattr(receiver, "id", "")
            if name in LOGGERS:
                yield node


def codes_of(node: ast.expr) -> list[str]:
    """Members of LogCode that an expression can be; empty for any other expression."""
    if isinstance(node, ast.IfExp):
        both = codes_of(node.body), codes_of(node.orelse)
        return [*both[0], *both[1]] if all(both) else []
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "LogCode":
        return [node.attr]
    return []


def test_every_logging_call_uses_a_registered_code() -> None:
    wrong = [
        f"bridge/{name}:{call.lineno}"
        for name, text in modules()
        for call in logging_calls(ast.parse(text))
        if name != "logs.py" and not (call.args and codes_of(call.args[0]))
    ]
    assert not wrong, f"logging calls without a member of LogCode: {', '.join(wrong)}"


def test_only_the_log_module_makes_raw_loggers() -> None:
    wrong = [f"bridge/{name}" for name, text in modules() if name != "logs.py" and RAW_LOGGERS.search(text)]
    assert not wrong, f"use bridge.logs.EventLog.named in {', '.join(wrong)}"


def test_every_registered_code_is_used() -> None:
    used = {
        node.attr
        for name, text in modules()
        if name != "log_codes.py"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "LogCode"
    }
    unused = [code.name for code in LogCode if code.name not in used]
    assert not unused, f"codes of bridge/log_codes.py that nothing logs: {', '.join(unused)}"


@pytest.mark.parametrize("code", LogCode)
def test_code_is_snake_case_of_its_member_name(code: LogCode) -> None:
    assert code.value == code.name.lower()
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", code.value)
    assert code.event == code.value.replace("_", " ")


@pytest.mark.parametrize("code", LogCode)
def test_meaning_is_one_sentence_or_two_on_one_line(code: LogCode) -> None:
    assert code.meaning.endswith(".")
    assert "\n" not in code.meaning


def test_record_has_event_code_and_fields() -> None:
    records: list[Any] = []

    def keep(_: object, level: str, record: Any) -> Any:
        records.append((level, record))
        raise structlog.DropEvent

    log = EventLog(structlog.wrap_logger(None, processors=[keep], wrapper_class=structlog.stdlib.BoundLogger))
    log.bind(officer="eo-001").info(LogCode.POLL_FAILED, kind="BUSY")
    log.repeated(LogCode.POLL_FAILED, first=True)
    log.repeated(LogCode.POLL_FAILED, first=False)
    assert records == [
        ("info", {"event": "poll failed", "code": "poll_failed", "officer": "eo-001", "kind": "BUSY"}),
        ("warning", {"event": "poll failed", "code": "poll_failed"}),
        ("debug", {"event": "poll failed", "code": "poll_failed"}),
    ]


@pytest.mark.parametrize("code", ["poll_failed", "poll failed", "no_such_code"])
def test_unregistered_code_is_refused_by_name(code: str) -> None:
    with pytest.raises(TypeError, match=f"log code '{code}' is not registered"):
        EventLog.named("bridge.x").info(cast(LogCode, code))
