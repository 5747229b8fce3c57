"""Every check of the project: lint, format, types, layers, and the tests last.

    python3 scripts/test.py [PYTEST ARGUMENT ...]

All of them run, whatever fails, and the exit status is 0 only where none did. The tests come last so that
pytest's summary closes the output. CI=true gives plain output.
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
from pathlib import Path

import _environment

SIDE_BY_SIDE = ("-n", "6", "--dist", "worksteal")
"""Most tests through processes wait for these; an argument of `-n 0` puts them one after the other. Who is through
takes from the others: slow stories stand together."""
COMPILERS = ("c++", "g++", "clang++")
COLORS = ("FORCE_COLOR", "CLICOLOR_FORCE", "PY_COLORS", "MYPY_FORCE_COLOR")


def steps() -> list[tuple[str, list[str]]]:
    """What comes before the tests: each check's name and command."""
    python = [sys.executable, "-m"]
    programs = Path(sysconfig.get_path("scripts"))
    return [
        ("ruff check", [*python, "ruff", "check", "."]),
        ("ruff format", [*python, "ruff", "format", "--check", "."]),
        ("mypy", [*python, "mypy"]),
        # It cannot be run as a module.
        ("lint-imports", [str(programs / "lint-imports")]),
    ]


def plain(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables for the checks: on CI, whose logs show no colors, without any."""
    kept = dict(environ)
    if kept.get("CI", "").lower() in ("true", "1"):
        for name in COLORS:
            kept.pop(name, None)
        kept.update(NO_COLOR="1", TERM="dumb")
    return kept


def run(name: str, command: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run one check in the checkout, with its name before and its outcome behind."""
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
    """The Expert Advisor's tests need a C++ compiler: the system's, or else one from a package.

    False where there is none and none could be installed; pip has then said why.
    """
    if "CXX" in environ or any(shutil.which(name) for name in COMPILERS):
        return True
    if importlib.util.find_spec("ziglang") is not None:
        return True
    print("No C++ compiler here: installing the package ziglang into this environment.", flush=True)
    return run("ziglang", [sys.executable, "-m", "pip", "install", "--quiet", "ziglang"], environ) == 0


def main(arguments: Sequence[str]) -> int:
    """Run everything; the exit status."""
    if arguments and arguments[0] in ("-h", "--help"):
        print(__doc__)
        return 0
    _environment.enter(__file__, "test")
    environ = plain(os.environ)
    try:
        if not ensure_compiler(environ):
            return _environment.FAILED
        failed = [name for name, command in steps() if run(name, command, environ)]
        if failed:
            print(f"FAILED before the tests: {', '.join(failed)}\n")
        print("==> pytest", flush=True)
        # Nothing may be printed behind it: its summary is the last line.
        tests = subprocess.run(
            [sys.executable, "-m", "pytest", *SIDE_BY_SIDE, *arguments], cwd=_environment.ROOT, env=environ
        ).returncode
    except KeyboardInterrupt:
        return _environment.INTERRUPTED
    return tests or (1 if failed else 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
