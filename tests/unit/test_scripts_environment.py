"""The scripts' bootstrap: when it goes on, when it makes an environment, what it says when it cannot."""

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


@pytest.fixture
def instance_id(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(ROOT / "scripts")
    return importlib.import_module("_environment")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "a checkout"
    folder.mkdir()
    (folder / "pyproject.toml").write_text(PROJECT)
    return folder


class FakeRun:
    """Stands for venv and pip: it makes what they would make, and remembers what it was asked."""

    def __init__(self, environment: Any) -> None:
        self.environment = environment
        self.commands: list[list[str]] = []
        self.fails = ""
        self.probe_says = f"{sys.version_info[0]}.{sys.version_info[1]}\n"

    def __call__(self, command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
        self.commands.append(command)
        if "-c" in command and not self.environment.python.exists():
            raise FileNotFoundError(command[0])
        if "venv" in command:
            self.environment.python.parent.mkdir(parents=True)
            self.environment.python.touch()
        failed = bool(self.fails) and self.fails in command
        return subprocess.CompletedProcess(
            command, int(failed), "what it said" if failed else self.probe_says
        )

    @property
    def installs(self) -> list[str]:
        return [command[-1] for command in self.commands if "pip" in command]

    @property
    def makes(self) -> int:
        return sum("venv" in command for command in self.commands)


@pytest.fixture
def environment(instance_id: ModuleType, root: Path) -> Any:
    return instance_id.Environment(root)


@pytest.fixture
def run(instance_id: ModuleType, environment: Any, monkeypatch: pytest.MonkeyPatch) -> FakeRun:
    fake = FakeRun(environment)
    monkeypatch.setattr(instance_id, "_run", fake)
    return fake


def test_an_old_python_is_emitted_which_it_must_be(instance_id: ModuleType) -> None:
    with pytest.raises(
        instance_id.EnvironmentTrouble, match=r"needs Python 3\.11 or later, and this is 3\.9"
    ):
        instance_id.require_python((3, 9, 1))
    instance_id.require_python((3, 11, 0))
    instance_id.require_python((4, 0, 0))


def test_the_names_of_what_is_needed_come_from_the_project_file(instance_id: ModuleType, root: Path) -> None:
    assert instance_id.needed(root, "") == ["sample", "one", "two_b"]
    assert instance_id.needed(root, "test") == ["sample", "one", "two_b", "three"]


def test_an_interpreter_serves_only_the_checkout_that_it_has_installed(
    instance_id: ModuleType, root: Path
) -> None:
    assert instance_id.has_project(ROOT, "test")
    assert not instance_id.has_project(root, "")


def test_an_interpreter_that_lacks_a_requirement_does_not_serve(
    instance_id: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instance_id, "needed", lambda *_: ["execution-officer", "no-such-distribution"])
    assert not instance_id.has_project(ROOT, "")


def test_a_first_run_makes_and_installs_and_a_second_does_nothing(environment: Any, run: FakeRun) -> None:
    environment.prepare("")
    assert (run.makes, run.installs) == (1, ["."])
    environment.prepare("")
    assert (run.makes, run.installs) == (1, ["."])
    assert environment.is_current("")


def test_another_group_is_added_to_what_is_there(environment: Any, run: FakeRun) -> None:
    environment.prepare("")
    environment.prepare("test")
    assert (run.makes, run.installs) == (1, [".", ".[test]"])
    assert environment.is_current("")
    assert environment.is_current("test")


def test_a_changed_project_is_installed_again_with_the_groups_that_were_there(
    environment: Any, run: FakeRun, root: Path
) -> None:
    environment.prepare("test")
    (root / "pyproject.toml").write_text(PROJECT + "# changed\n")
    assert not environment.is_current("")
    environment.prepare("")
    assert (run.makes, run.installs) == (1, [".[test]", ".[test]"])


def test_a_checkout_that_was_moved_gets_a_new_environment(
    instance_id: ModuleType, environment: Any, run: FakeRun, root: Path
) -> None:
    environment.prepare("")
    moved = root.rename(root.with_name("moved"))
    elsewhere = instance_id.Environment(moved)
    run.environment = elsewhere
    assert not elsewhere.is_current("")
    elsewhere.prepare("")
    assert run.makes == 2
    assert elsewhere.is_current("")


def test_an_environment_of_another_python_is_made_anew(environment: Any, run: FakeRun) -> None:
    environment.prepare("")
    environment._stamp.unlink()
    run.probe_says = "2.7\n"
    environment.prepare("")
    assert run.makes == 2


def test_a_failed_installation_leaves_no_stamp_and_shows_what_pip_said(
    instance_id: ModuleType, environment: Any, run: FakeRun
) -> None:
    run.fails = "pip"
    with pytest.raises(instance_id.EnvironmentTrouble, match="what it said"):
        environment.prepare("")
    assert not environment.is_current("")
    run.fails = ""
    environment.prepare("")
    assert environment.is_current("")


def test_a_failure_ends_the_script_with_status_3(
    instance_id: ModuleType, root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def failing(_: Any, extra: str) -> None:
        raise instance_id.EnvironmentTrouble("no room")

    monkeypatch.setattr(instance_id, "ROOT", root)
    monkeypatch.setattr(instance_id.Environment, "prepare", failing)
    with pytest.raises(SystemExit) as ended:
        instance_id.enter("demo.py")
    assert ended.value.code == 3
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "Error: no room\n")


def test_a_python_without_ensurepip_is_emitted_the_remedy(
    instance_id: ModuleType, environment: Any, run: FakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "ensurepip" else object())
    with pytest.raises(
        instance_id.EnvironmentTrouble, match=r"lacks ensurepip.*apt install python3\.\d+-venv"
    ):
        environment.prepare("")


def test_somebodys_own_unusable_environment_is_left_alone(
    instance_id: ModuleType, environment: Any, run: FakeRun
) -> None:
    environment.folder.mkdir()
    theirs = environment.folder / "theirs.txt"
    theirs.touch()
    with pytest.raises(instance_id.EnvironmentTrouble, match="was not made by this script"):
        environment.prepare("")
    assert theirs.exists()


def test_somebodys_own_usable_environment_is_used(environment: Any, run: FakeRun) -> None:
    environment.python.parent.mkdir(parents=True)
    environment.python.touch()
    environment.prepare("")
    assert (run.makes, run.installs) == (0, ["."])


def test_variables_that_lead_pip_astray_are_dropped(instance_id: ModuleType) -> None:
    kept = instance_id.for_installing({"HOME": "/h", "PIP_TARGET": "/t", "PIP_USER": "1", "PIP_TIMEOUT": "9"})
    assert kept == {"HOME": "/h", "PIP_TIMEOUT": "9"}


@pytest.mark.skipif(os.name == "nt", reason="HOME means nothing on Windows")
@pytest.mark.parametrize("environ", [{}, {"HOME": ""}])
def test_without_a_home_pip_keeps_no_cache(instance_id: ModuleType, environ: dict[str, str]) -> None:
    assert instance_id.for_installing(environ) == {"PIP_NO_CACHE_DIR": "1"}


@pytest.mark.skipif(os.name == "nt", reason="Windows starts a child instead")
def test_the_script_goes_on_in_the_environment_with_its_arguments(
    instance_id: ModuleType, environment: Any, run: FakeRun, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Gone(BaseException):
        """exec never returns."""

    def fake_exec(path: str, command: list[str]) -> None:
        assert path == command[0]
        raise Gone(*command)

    monkeypatch.setattr(instance_id, "ROOT", root)
    monkeypatch.setattr(instance_id.os, "execv", fake_exec)
    monkeypatch.setattr(sys, "argv", ["demo.py", "--json"])
    monkeypatch.setenv("PYTHONHOME", "/elsewhere")
    with pytest.raises(Gone) as gone:
        instance_id.enter("/x/demo.py")
    assert gone.value.args == (str(environment.python), "/x/demo.py", "--json")
    assert "PYTHONHOME" not in os.environ


def test_two_runs_take_turns(instance_id: ModuleType, tmp_path: Path) -> None:
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
