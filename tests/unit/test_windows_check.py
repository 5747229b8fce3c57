"""The check on Windows itself: its judgement of outcomes, its packages, and its list of expected failures."""

import ast
import json
from pathlib import Path

import pytest

from tests.windows.expected import EXPECTED_FAILURES, NOT_RUN
from tests.windows.judge import FAILED, PASSED, SKIPPED, judge, outcomes
from tests.windows.machine import ROOT, for_windows

A, B = "tests/a.py::test_a", "tests/a.py::test_b"
EXPECTED = {A: "Wine lacks it"}


def lines(*records: tuple[str, str, str]) -> list[str]:
    return [json.dumps({"id": test, "when": when, "outcome": outcome}) for test, when, outcome in records]


FINISH = json.dumps({"when": "finish"})


def test_expected_failure_is_counted_with_its_reason_and_no_trouble() -> None:
    verdict = judge({A: FAILED, B: PASSED}, "", EXPECTED)
    assert (verdict.passed, verdict.expected, verdict.troubles) == (1, EXPECTED, [])


@pytest.mark.parametrize(
    ("found", "trouble"),
    [
        ({A: FAILED, B: FAILED}, f"failed: {B}"),
        ({A: PASSED, B: PASSED}, f"passed, and was expected to fail (Wine lacks it): {A}"),
        ({A: SKIPPED, B: PASSED}, f"skipped, and was expected to fail (Wine lacks it): {A}"),
        ({B: PASSED}, f"not found, and was expected to fail (Wine lacks it): {A}"),
    ],
)
def test_every_other_outcome_is_a_trouble(found: dict[str, str], trouble: str) -> None:
    assert judge(found, "", EXPECTED).troubles == [trouble]


def test_suite_without_a_test_is_a_trouble() -> None:
    assert judge({}, "", {}).troubles == ["no test was run"]


def test_run_that_stops_names_its_last_test() -> None:
    found, stopped_in = outcomes([*lines((A, "call", PASSED)), json.dumps({"id": B, "when": "start"})])
    assert (found, stopped_in) == ({A: PASSED}, B)
    assert judge(found, stopped_in, {}).troubles == [f"the run did not end; its last test was {B}"]


def test_test_that_fails_in_any_phase_has_failed() -> None:
    phases = lines((A, "setup", PASSED), (A, "call", FAILED), (A, "teardown", PASSED), (B, "setup", SKIPPED))
    assert outcomes([*phases, FINISH]) == ({A: FAILED, B: SKIPPED}, "")
    phases = lines((A, "setup", PASSED), (A, "call", PASSED), (A, "teardown", FAILED))
    assert outcomes([*phases, FINISH]) == ({A: FAILED}, "")


def test_packages_are_those_whose_marker_holds_on_windows() -> None:
    text = (
        "# a comment\none==1.0 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n"
        "two==2.0 ; sys_platform == 'win32' \\\n    --hash=sha256:cc\n"
        "three==3.0 ; implementation_name == 'pypy' \\\n    --hash=sha256:dd\n"
    )
    kept = [" ".join(line.split()) for line in for_windows(text)]
    assert kept == ["one==1.0 --hash=sha256:aa --hash=sha256:bb", "two==2.0 --hash=sha256:cc"]


def test_pinned_packages_of_the_project_have_hashes_on_windows() -> None:
    kept = for_windows((ROOT / "constraints" / "test.txt").read_text(encoding="utf-8"))
    assert {"pyzmq", "colorama", "pytest"} <= {line.partition("==")[0] for line in kept}
    assert all("--hash=sha256:" in line for line in kept)


@pytest.mark.parametrize("test", [*EXPECTED_FAILURES, *NOT_RUN])
def test_expected_failure_names_a_test_that_exists(test: str) -> None:
    file, _, name = test.partition("::")
    path = ROOT / Path(file)
    assert path.is_file()
    if name:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        functions = (ast.FunctionDef, ast.AsyncFunctionDef)
        assert name.partition("[")[0] in {each.name for each in ast.walk(tree) if isinstance(each, functions)}


POSIX_ALONE = {
    "os": {
        "chown",
        "fork",
        "getegid",
        "geteuid",
        "getgid",
        "getuid",
        "killpg",
        "mkfifo",
        "mknod",
        "setsid",
        "wait4",
    },
    "signal": {"SIGALRM", "SIGCONT", "SIGHUP", "SIGKILL", "SIGSTOP", "SIGUSR1", "SIGUSR2"},
    "socket": {"AF_UNIX"},
}
POSIX_MODULES = {"fcntl", "grp", "pty", "pwd", "resource", "termios"}
CONDITIONS = ("hasattr", "sys.platform", "os.name")


def at_collection(tree: ast.AST) -> list[ast.AST]:
    """Return what runs when a module is imported: everything but the bodies of functions."""
    found: list[ast.AST] = []
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        found.append(node)
        if isinstance(node, ast.Lambda):
            continue
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            waiting += [*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)]
        elif not any(each in ast.unparse(node) for each in CONDITIONS) or isinstance(
            node, ast.Module | ast.ClassDef
        ):
            waiting += ast.iter_child_nodes(node)
    return found


def names_of_posix(text: str) -> list[str]:
    """Return the names in a module that its import needs, and that a Windows Python lacks."""
    found = []
    for node in at_collection(ast.parse(text)):
        match node:
            case ast.Attribute(value=ast.Name(id=module), attr=name) if name in POSIX_ALONE.get(module, ()):
                found.append(f"{module}.{name}")
            case ast.Import(names=names):
                found += [each.name for each in names if each.name in POSIX_MODULES]
            case ast.ImportFrom(module=str(module)) if module in POSIX_MODULES:
                found.append(module)
    return found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("@mark('make', [os.mkfifo])\ndef test_a(): pass", ["os.mkfifo"]),
        ("@mark(hasattr(os, 'geteuid') and os.geteuid() == 0)\ndef test_a(): pass", []),
        ("def test_a(): os.mkfifo('a')", []),
        ("STOP = signal.SIGSTOP", ["signal.SIGSTOP"]),
        ("import pwd", ["pwd"]),
        ("if sys.platform != 'win32':\n    import pwd", []),
    ],
)
def test_name_that_a_windows_python_lacks_is_found_where_it_is_collected(text: str, found: list[str]) -> None:
    assert names_of_posix(text) == found


@pytest.mark.parametrize("folder", ["unit", "integration", "acceptance", "native", "mql5/tests"])
def test_tests_that_run_on_windows_can_be_collected_there(folder: str) -> None:
    found = {
        str(path.relative_to(ROOT)): names
        for path in sorted((ROOT / "tests" / folder).rglob("*.py"))
        if (names := names_of_posix(path.read_text(encoding="utf-8")))
    }
    assert found == {}
