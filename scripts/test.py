"""Run every check of the project: lint, format, types, layers, and then the tests.

    python3 scripts/test.py [PYTEST ARGUMENT ...]
    python3 scripts/test.py --quick [PYTEST ARGUMENT ...]

--quick runs ruff, the import layers and the core's tests with few generated examples, in about 15 seconds of
CPU. All checks run even if one fails; the exit status is 0 only if none failed. The tests come last, so that
pytest's summary ends the output. CI=true gives plain output.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path

import _environment

WORKERS_PER_CORE = 4
WORKERS = range(4, 17)
"""Least and most workers, the end excluded."""
QUICK = ("-m", "quick", "-q")
COMPILERS = ("c++", "g++", "clang++")
COLORS = ("FORCE_COLOR", "CLICOLOR_FORCE", "PY_COLORS", "MYPY_FORCE_COLOR")


def side_by_side() -> tuple[str, ...]:
    """Return the options for tests at the same time; a later `-n 0` runs one after the other.

    Tests that start processes mostly wait for them, so each core has several workers. One that has finished takes
    tests from the others; `tests/order.py` has the order.
    """
    wanted = WORKERS_PER_CORE * (os.cpu_count() or 1)
    return "-n", str(min(max(wanted, WORKERS.start), WORKERS.stop - 1)), "--dist", "worksteal"


def steps(*, quick: bool = False) -> list[tuple[str, list[str]]]:
    """Return name and command of each check that precedes the tests."""
    python = [sys.executable, "-m"]
    programs = Path(sysconfig.get_path("scripts"))
    checks = [
        ("ruff check", [*python, "ruff", "check", "."]),
        ("ruff format", [*python, "ruff", "format", "--check", "."]),
        ("mypy", [*python, "mypy"]),
        # It cannot be run as a module.
        ("lint-imports", [str(programs / "lint-imports")]),
    ]
    return [check for check in checks if not quick or check[0] != "mypy"]


def plain(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables for the checks; on CI they switch colors off, which its logs do not show."""
    kept = dict(environ)
    if kept.get("CI", "").lower() in ("true", "1"):
        for name in COLORS:
            kept.pop(name, None)
        kept.update(NO_COLOR="1", TERM="dumb")
    return kept


def cached(environ: Mapping[str, str], root: Path) -> dict[str, str]:
    """Return the variables with which Python caches what it compiles, beside the sources or below `build`.

    Hundreds of processes import the project. Where the environment forbids files beside the sources, each of them
    would compile all of it again.
    """
    kept = dict(environ)
    if kept.pop("PYTHONDONTWRITEBYTECODE", ""):
        kept.setdefault("PYTHONPYCACHEPREFIX", str(root / "build" / "bytecode"))
    return kept


def collection(environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start to collect the tests, beside the checks: otherwise each worker would compile all of them by itself.

    Its output is not shown: a test that cannot be collected is reported by pytest later.
    """
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q"]
    return subprocess.Popen(command, cwd=_environment.ROOT, env=environ, stdout=subprocess.DEVNULL)


def run(name: str, command: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run one check in the checkout; print its name before and its outcome after."""
    print(f"==> {name}", flush=True)
    began = time.monotonic()
    try:
        status = subprocess.run(command, cwd=_environment.ROOT, env=environ).returncode
    except OSError as error:
        print(f"{command[0]} does not start: {error}")
        status = 1
    outcome = "ok" if status == 0 else f"FAILED (exit status {status})"
    print(f"<== {name}: {outcome}, {time.monotonic() - began:.1f} s\n", flush=True)
    return status


def ensure_compiler(environ: Mapping[str, str]) -> bool:
    """Return whether there is a C++ compiler for the Expert Advisor's tests: the system's, or one from a package.

    The package is installed if needed. Where that fails, pip has printed the reason.
    """
    if "CXX" in environ or any(shutil.which(name) for name in COMPILERS):
        return True
    if importlib.util.find_spec("ziglang") is not None:
        return True
    print("No C++ compiler was found: installing the package ziglang into this environment.", flush=True)
    pinned = str(_environment.ROOT / "constraints" / "compiler.txt")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--require-hashes", "--requirement", pinned]
    return run("ziglang", command, environ) == 0


def main(arguments: Sequence[str]) -> int:
    """Run all checks; return the exit status."""
    if arguments and arguments[0] in ("-h", "--help"):
        print(__doc__)
        return 0
    _environment.enter(__file__, "test")
    environ = cached(plain(os.environ), _environment.ROOT)
    quick = "--quick" in arguments
    options = [*(QUICK if quick else side_by_side()), *(word for word in arguments if word != "--quick")]
    try:
        if not quick and not ensure_compiler(environ):
            return _environment.FAILED
        with nullcontext() if quick else collection(environ):
            failed = [name for name, command in steps(quick=quick) if run(name, command, environ)]
        if failed:
            print(f"FAILED before the tests: {', '.join(failed)}\n")
        print("==> pytest", flush=True)
        # Nothing may be printed after it: its summary is the last line.
        tests = subprocess.run(
            [sys.executable, "-m", "pytest", *options], cwd=_environment.ROOT, env=environ
        ).returncode
    except KeyboardInterrupt:
        return _environment.INTERRUPTED
    return tests or (1 if failed else 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
