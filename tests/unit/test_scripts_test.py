"""scripts/test.py: every check runs, pytest last, and any failure fails the whole."""

import importlib
import importlib.util
import subprocess
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
Main = Callable[..., int]


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(ROOT / "scripts")
    # Not by its name: `test` is a package of the standard library.
    spec = importlib.util.spec_from_file_location("scripts_test", ROOT / "scripts" / "test.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module._environment, "enter", lambda *_: None)
    return module


@pytest.fixture
def ran(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Return the commands that ran. Those with '--red' fail."""
    commands: list[list[str]] = []

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[bytes]:
        commands.append(command)
        return subprocess.CompletedProcess(command, 1 if "--red" in command else 0)

    monkeypatch.setattr(script.subprocess, "run", run)

    def collection(_: object) -> nullcontext[None]:
        commands.append(["collection"])
        return nullcontext()

    monkeypatch.setattr(script, "collection", collection)
    # Named, so that none is looked for, and none is installed where there is none.
    monkeypatch.setenv("CXX", "a-compiler")
    return commands


def test_all_checks_run_and_pytest_last(
    script: ModuleType, ran: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert script.main(["-k", "x"]) == 0
    assert [name for name, _ in script.steps()] == ["ruff check", "ruff format", "mypy", "lint-imports"]
    assert ran[:-1] == [["collection"], *(command for _, command in script.steps())]
    assert ran[-1][1:] == ["-m", "pytest", *script.side_by_side(), "-k", "x"]
    assert capsys.readouterr().out.endswith("==> pytest\n")


def test_quick_leaves_out_types_and_all_tests_but_the_quick_ones(
    script: ModuleType, ran: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script, "ensure_compiler", lambda _: pytest.fail("the quick tests need no compiler"))
    assert script.main(["--quick", "-x"]) == 0
    assert [name for name, _ in script.steps(quick=True)] == ["ruff check", "ruff format", "lint-imports"]
    assert ["collection"] not in ran
    assert ran[-1][1:] == ["-m", "pytest", "-m", "quick", "-q", "-x"]


def test_failed_check_stops_nothing_and_is_named_before_the_tests(
    script: ModuleType,
    ran: list[list[str]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(
        script, "steps", lambda **_: [("one", ["--red"]), ("two", ["good"]), ("three", ["--red"])]
    )
    assert script.main([]) == 1
    assert len(ran) == 5
    assert capsys.readouterr().out.endswith("FAILED before the tests: one, three\n\n==> pytest\n")


def test_compiled_files_are_cached_below_build_where_none_may_lie_beside_the_sources(
    script: ModuleType, tmp_path: Path
) -> None:
    elsewhere = {"PYTHONPYCACHEPREFIX": str(tmp_path / "build" / "bytecode")}
    assert script.cached({"A": "b", "PYTHONDONTWRITEBYTECODE": "1"}, tmp_path) == {"A": "b", **elsewhere}
    chosen = {"PYTHONPYCACHEPREFIX": "/elsewhere"}
    assert script.cached({**chosen, "PYTHONDONTWRITEBYTECODE": "1"}, tmp_path) == chosen
    assert script.cached({"A": "b"}, tmp_path) == {"A": "b"}


def test_failed_test_gives_status_1(script: ModuleType, ran: list[list[str]]) -> None:
    assert script.main(["--red"]) == 1


def test_missing_program_is_a_failure(
    script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert script.run("gone", [str(tmp_path / "gone")], {}) == 1
    assert "does not start" in capsys.readouterr().out


def test_output_is_plain_only_on_ci(script: ModuleType) -> None:
    assert script.plain({"FORCE_COLOR": "1"}) == {"FORCE_COLOR": "1"}
    assert script.plain({"CI": "true", "FORCE_COLOR": "1"}) == {"CI": "true", "NO_COLOR": "1", "TERM": "dumb"}
