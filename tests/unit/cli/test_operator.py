"""Operator commands: each is known in every place that its recipe names, and a missing place is named."""

import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import msgspec
import pytest

from bridge import cli
from bridge.cli import operator as command_lines
from bridge.exits import ExitCode
from bridge.sidecar import operator as requests
from bridge.sidecar.operator.request import Request

ROOT = Path(__file__).parents[3]
SHARED = frozenset({"request", "refused_events", "lost_orders", "not_stored", "flatten_wait"})
"""Modules of the two packages that are no command."""


class PauseRequest(Request[msgspec.Struct], frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A command that only its request struct knows of."""

    name = "pause"


def modules_of(package: ModuleType) -> list[str]:
    """Return the names of the package's command modules."""
    return [each.name for each in pkgutil.iter_modules(package.__path__) if each.name not in SHARED]


def missing(
    kinds: Iterable[type[Request[Any]]], commands: Iterable[click.Command], page: str
) -> Iterator[str]:
    """Yield each place that lacks a command which another place has."""
    names, lines = {kind.name for kind in kinds}, {str(command.name) for command in commands}
    for name in modules_of(requests):
        if name not in names:
            yield f"{name}: not in REQUESTS of bridge/sidecar/operator/__init__.py"
    for name in modules_of(command_lines):
        if name not in lines:
            yield f"{name}: not in COMMANDS of bridge/cli/operator/__init__.py"
    for name in sorted(names):
        if name not in modules_of(requests):
            yield f"{name}: no module bridge/sidecar/operator/{name}.py"
        if name not in lines:
            yield f"{name}: no command line in bridge/cli/operator"
        if f"\n    execution-officer {name} " not in page:
            yield f"{name}: no line among the operator commands of docs/operation.md"
    for name in sorted(lines - names):
        yield f"{name}: no request in bridge/sidecar/operator"


def test_every_operator_command_is_known_in_every_place() -> None:
    text = (ROOT / "docs" / "operation.md").read_text(encoding="utf-8")
    assert list(missing(requests.REQUESTS, command_lines.COMMANDS, text.replace("\n", " \n"))) == []


def test_missing_places_of_a_new_command_are_named() -> None:
    found = list(missing([*requests.REQUESTS, PauseRequest], command_lines.COMMANDS, ""))
    assert "pause: no module bridge/sidecar/operator/pause.py" in found
    assert "pause: no command line in bridge/cli/operator" in found
    assert "pause: no line among the operator commands of docs/operation.md" in found


def test_unlisted_modules_of_a_command_are_named() -> None:
    kinds = [kind for kind in requests.REQUESTS if kind.name != "halt"]
    commands = [command for command in command_lines.COMMANDS if command.name != "resume"]
    found = list(missing(kinds, commands, ""))
    assert "halt: not in REQUESTS of bridge/sidecar/operator/__init__.py" in found
    assert "halt: no request in bridge/sidecar/operator" in found
    assert "resume: not in COMMANDS of bridge/cli/operator/__init__.py" in found


def test_every_operator_command_is_in_the_program() -> None:
    assert {command.name for command in command_lines.COMMANDS} <= set(cli.cli.commands)


def test_every_request_is_declared_in_the_module_of_its_name() -> None:
    for kind in requests.REQUESTS:
        assert importlib.import_module(f"bridge.sidecar.operator.{kind.name}") is importlib.import_module(
            kind.__module__
        )
        assert kind.path() == f"/v1/{kind.name}"


def test_every_request_says_how_it_is_answered_and_performed() -> None:
    for kind in requests.REQUESTS:
        assert issubclass(kind.answer_type(), msgspec.Struct), kind.name
        assert "perform" in vars(kind), f"{kind.name}: no perform in bridge/sidecar/operator/{kind.name}.py"


def test_unknown_command_is_refused_with_the_supported_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.invoke(["pause"]) == ExitCode.USAGE
    assert f'unknown command "pause"; supported: {", ".join(cli.cli.commands)}' in capsys.readouterr().err


def test_unknown_journal_command_is_refused_with_the_supported_ones(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.invoke(["journal", "--path", "journal.db", "rewrite"]) == ExitCode.USAGE
    assert 'unknown command "rewrite"; supported: list, show, undelivered, ' in capsys.readouterr().err
