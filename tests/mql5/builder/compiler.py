"""C++ compiler: the system's, otherwise zig's from the PyPI package `ziglang`."""

import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

NAMES: Final = ("c++", "g++", "clang++")

# MQL5's integers wrap around where C++ has undefined behaviour. -Og compiles in two thirds of the time of -O1, and
# the tests wait for the calls into Python, not for the EA.
BASE: Final = (
    "-std=c++17", "-Og", "-g0", "-shared", "-fvisibility=hidden", "-fwrapv", "-fno-strict-aliasing",
    "-ffp-contract=off", "-D__MQL5__=1", "-D__MQLBUILD__=5260",
)  # fmt: skip

# MetaEditor warns of lost data, hidden names and mixed signs in comparisons; its warnings count as errors
# here. It does not warn of `int` to `uint` (mql5/FACTS.md 8.3: SocketTimeouts(h,int,int) compiled clean), nor of
# unused parameters and functions.
WARNINGS: Final = (
    "-Werror", "-Wall", "-Wextra", "-Wconversion", "-Wfloat-conversion", "-Wno-sign-conversion", "-Wsign-compare",
    "-Wshadow", "-Wunused", "-Wno-unused-parameter", "-Wno-unused-function", "-Wno-missing-field-initializers",
    "-Wno-parentheses", "-fno-diagnostics-color",
)  # fmt: skip

# Used where the compiler supports them: a pattern in uninitialised local variables, stores to memory before its
# constructor, no symbols shared by two loaded copies of a library, and none of the traps that zig adds. At -Og gcc
# inlines one of a class's new and delete, and takes the two for a mismatch.
OPTIONAL: Final = (
    "-fPIC", "-fno-sanitize=undefined",
    "-ftrivial-auto-var-init=pattern", "-fno-lifetime-dse", "-fno-gnu-unique", "-Wno-maybe-uninitialized",
    "-Wno-implicit-fallthrough", "-Wno-unused-private-field",
    "-Wno-mismatched-new-delete",
)  # fmt: skip


class CompilerError(Exception):
    """No C++ compiler was found. The message names the packages to install."""


@dataclass(frozen=True)
class Compiler:
    """Compiler: command line, output of --version, and supported flags."""

    command: tuple[str, ...]
    version: str
    flags: tuple[str, ...]


def find(scratch: Path) -> Compiler:
    """Return the first compiler that runs; CXX in the environment has priority. Raises CompilerError."""
    return _find(os.environ.get("CXX", ""), scratch)


@cache
def _find(wanted: str, scratch: Path) -> Compiler:
    scratch.mkdir(parents=True, exist_ok=True)
    candidates: list[tuple[str, ...]] = (
        [tuple(shlex.split(wanted))]
        if wanted
        else [(path,) for name in NAMES if (path := shutil.which(name))]
    )
    if not wanted and importlib.util.find_spec("ziglang") is not None:
        candidates.append((sys.executable, "-m", "ziglang", "c++"))
    for command in candidates:
        try:
            done = subprocess.run([*command, "--version"], capture_output=True, text=True, check=False)
        except OSError:
            continue
        if done.returncode == 0:
            known = tuple(flag for flag in OPTIONAL if _takes(command, flag, scratch))
            return Compiler(command, done.stdout.strip(), BASE + WARNINGS + known)
    raise CompilerError("no C++ compiler runs here; install c++, g++ or clang++, or the PyPI package ziglang")


def _takes(command: tuple[str, ...], flag: str, scratch: Path) -> bool:
    """Return True where the compiler accepts a flag. A warning about an unknown flag counts as False."""
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        source = Path(folder, "empty.cpp")
        source.write_text("int nothing;\n", encoding="utf-8")
        # A compiler reports an unknown -Wno-x only beside another diagnostic: test its positive form.
        asked = flag.replace("-Wno-", "-W")
        done = subprocess.run(
            [*command, "-Werror", asked, "-c", str(source), "-o", str(source.with_suffix(".o"))],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        return done.returncode == 0 and not done.stderr
