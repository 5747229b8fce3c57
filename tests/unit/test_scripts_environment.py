"""The environment of the scripts: when it is used, when it is made, and the errors where it cannot be made."""

import importlib
import os
import subprocess
import sys
import threading
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = """\
[project]
name = "sample"
dependencies = ["one>=1", "two_b[extra]>=2 ; python_version > '3'"]
[project.optional-dependencies]
test = ["three"]
"""

RUN = ["run.txt", "."]
TEST = ["test.txt", "."]
"""The installations of each kind of environment: its pinned packages, then the project."""


@pytest.fixture
def environment_module(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(ROOT / "scripts")
    return importlib.import_module("_environment")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "a checkout"
    folder.mkdir()
    (folder / "pyproject.toml").write_text(PROJECT)
    (folder / "constraints").mkdir()
    (folder / "constraints" / "run.txt").write_text("one==1\n")
    return folder


class FakeRun:
    """Substitute for venv and pip: make the files that they would make, and record the commands."""

    def __init__(self, environment: Any) -> None:
        self.environment = environment
        self.commands: list[list[str]] = []
        self.fails = ""
        self.probe_output = f"{sys.version_info[0]}.{sys.version_info[1]}\n"

    def __call__(self, command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
        self.commands.append(command)
        if "-c" in command and not self.environment.python.exists():
            raise FileNotFoundError(command[0])
        if "venv" in command:
            self.environment.python.parent.mkdir(parents=True)
            self.environment.python.touch()
        failed = bool(self.fails) and self.fails in command
        return subprocess.CompletedProcess(
            command, int(failed), "output of a failed pip" if failed else self.probe_output
        )

    @property
    def installs(self) -> list[str]:
        """The pinned files and the projects that were installed, in order."""
        return [Path(command[-1]).name or "." for command in self.commands if "pip" in command]

    @property
    def makes(self) -> int:
        return sum("venv" in command for command in self.commands)


@pytest.fixture
def environment(environment_module: ModuleType, root: Path) -> Any:
    return environment_module.Environment(root)


@pytest.fixture
def run(environment_module: ModuleType, environment: Any, monkeypatch: pytest.MonkeyPatch) -> FakeRun:
    fake = FakeRun(environment)
    monkeypatch.setattr(environment_module, "_run", fake)
    return fake


def test_old_python_is_refused_with_the_version_needed(environment_module: ModuleType) -> None:
    with pytest.raises(
        environment_module.EnvironmentUnusableError,
        match=r"Python 3\.9 .* is too old: 3\.11 or later is needed",
    ):
        environment_module.require_python((3, 9, 1))
    environment_module.require_python((3, 11, 0))
    environment_module.require_python((4, 0, 0))


def test_needed_names_come_from_the_project_file(environment_module: ModuleType, root: Path) -> None:
    assert environment_module.needed(root, "") == ["sample", "one", "two_b"]
    assert environment_module.needed(root, "test") == ["sample", "one", "two_b", "three"]


def test_an_interpreter_serves_only_the_checkout_that_it_has_installed(
    environment_module: ModuleType, root: Path
) -> None:
    assert environment_module.has_project(ROOT, "test")
    assert not environment_module.has_project(root, "")


def test_interpreter_without_a_requirement_does_not_serve(
    environment_module: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        environment_module, "needed", lambda *_: ["execution-officer", "no-such-distribution"]
    )
    assert not environment_module.has_project(ROOT, "")


def test_first_run_installs_and_second_does_nothing(environment: Any, run: FakeRun) -> None:
    environment.prepare("")
    assert (run.makes, run.installs) == (1, RUN)
    environment.prepare("")
    assert (run.makes, run.installs) == (1, RUN)
    assert environment.is_current("")


def test_another_group_is_added_to_the_installed_ones(environment: Any, run: FakeRun) -> None:
    environment.prepare("")
    environment.prepare("test")
    assert (run.makes, run.installs) == (1, [*RUN, *TEST])
    assert environment.is_current("")
    assert environment.is_current("test")


def test_changed_project_is_installed_again_with_the_same_groups(
    environment: Any, run: FakeRun, root: Path
) -> None:
    environment.prepare("test")
    (root / "pyproject.toml").write_text(PROJECT + "# changed\n")
    assert not environment.is_current("")
    environment.prepare("")
    assert (run.makes, run.installs) == (1, [*TEST, *TEST])


def test_changed_pin_is_installed(environment: Any, run: FakeRun, root: Path) -> None:
    environment.prepare("")
    (root / "constraints" / "run.txt").write_text("one==2\n")
    assert not environment.is_current("")


def test_packages_are_installed_with_hashes_and_the_project_without_others(
    environment: Any, run: FakeRun
) -> None:
    environment.prepare("test")
    pinned, project = (command for command in run.commands if "pip" in command)
    assert "--require-hashes" in pinned
    assert project[-4:] == ["--no-deps", "--no-build-isolation", "--editable", "."]


def test_moved_checkout_gets_a_new_environment(
    environment_module: ModuleType, environment: Any, run: FakeRun, root: Path
) -> None:
    environment.prepare("")
    moved = root.rename(root.with_name("moved"))
    elsewhere = environment_module.Environment(moved)
    run.environment = elsewhere
    assert not elsewhere.is_current("")
    elsewhere.prepare("")
    assert run.makes == 2
    assert elsewhere.is_current("")


def test_environment_of_another_python_is_made_anew(environment: Any, run: FakeRun) -> None:
    environment.prepare("")
    environment._stamp.unlink()
    run.probe_output = "2.7\n"
    environment.prepare("")
    assert run.makes == 2


def test_failed_installation_leaves_no_stamp_and_shows_the_output_of_pip(
    environment_module: ModuleType, environment: Any, run: FakeRun
) -> None:
    run.fails = "pip"
    with pytest.raises(environment_module.EnvironmentUnusableError, match="output of a failed pip"):
        environment.prepare("")
    assert not environment.is_current("")
    run.fails = ""
    environment.prepare("")
    assert environment.is_current("")


def test_failure_ends_the_script_with_status_3(
    environment_module: ModuleType,
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def failing(_: Any, extra: str) -> None:
        raise environment_module.EnvironmentUnusableError("no room")

    monkeypatch.setattr(environment_module, "ROOT", root)
    monkeypatch.setattr(environment_module.Environment, "prepare", failing)
    with pytest.raises(SystemExit) as ended:
        environment_module.enter("demo.py")
    assert ended.value.code == 3
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "Error: no room\n")


def test_python_without_ensurepip_gets_the_remedy(
    environment_module: ModuleType, environment: Any, run: FakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "ensurepip" else object())
    with pytest.raises(environment_module.EnvironmentUnusableError, match="lacks ensurepip, and cannot make"):
        environment.prepare("")


@pytest.mark.parametrize(
    ("windows", "remedy"),
    [(False, "sudo apt install python3"), (True, "Install Python with its installer: the embeddable")],
)
def test_remedy_for_a_python_without_venv_fits_the_platform(
    environment_module: ModuleType, windows: bool, remedy: str
) -> None:
    assert remedy in environment_module.lacking(["venv", "ensurepip"], windows=windows)


def test_unusable_environment_of_another_origin_is_left_untouched(
    environment_module: ModuleType, environment: Any, run: FakeRun
) -> None:
    environment.folder.mkdir()
    theirs = environment.folder / "theirs.txt"
    theirs.touch()
    with pytest.raises(environment_module.EnvironmentUnusableError, match="was not made by this script"):
        environment.prepare("")
    assert theirs.exists()


def test_usable_environment_of_another_origin_is_used(environment: Any, run: FakeRun) -> None:
    environment.python.parent.mkdir(parents=True)
    environment.python.touch()
    environment.prepare("")
    assert (run.makes, run.installs) == (0, RUN)


def test_variables_that_change_the_place_of_installation_are_dropped(environment_module: ModuleType) -> None:
    kept = environment_module.for_installing(
        {"HOME": "/h", "PIP_TARGET": "/t", "PIP_USER": "1", "PIP_TIMEOUT": "9"}
    )
    assert kept == {"HOME": "/h", "PIP_TIMEOUT": "9"}


@pytest.mark.skipif(os.name == "nt", reason="HOME means nothing on Windows")
@pytest.mark.parametrize("environ", [{}, {"HOME": ""}])
def test_without_a_home_pip_keeps_no_cache(environment_module: ModuleType, environ: dict[str, str]) -> None:
    assert environment_module.for_installing(environ) == {"PIP_NO_CACHE_DIR": "1"}


@pytest.mark.skipif(os.name == "nt", reason="Windows starts a child instead")
def test_script_continues_in_the_environment_with_its_arguments(
    environment_module: ModuleType,
    environment: Any,
    run: FakeRun,
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Gone(BaseException):
        """Exception in place of exec, which never returns."""

    def fake_exec(path: str, command: list[str]) -> None:
        assert path == command[0]
        raise Gone(*command)

    monkeypatch.setattr(environment_module, "ROOT", root)
    monkeypatch.setattr(environment_module.os, "execv", fake_exec)
    monkeypatch.setattr(sys, "argv", ["demo.py", "--json"])
    monkeypatch.setenv("PYTHONHOME", "/elsewhere")
    with pytest.raises(Gone) as gone:
        environment_module.enter("/x/demo.py")
    assert gone.value.args == (str(environment.python), "/x/demo.py", "--json")
    assert "PYTHONHOME" not in os.environ


def test_two_runs_take_turns(environment_module: ModuleType, tmp_path: Path) -> None:
    held = importlib.import_module("_lock").held
    waits = threading.Event()
    order: list[str] = []

    def second() -> None:
        with held(tmp_path / "new" / "lock", waits.set):
            order.append("second")

    with held(tmp_path / "new" / "lock", lambda: None):
        thread = threading.Thread(target=second)
        thread.start()
        assert waits.wait(10)
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]
