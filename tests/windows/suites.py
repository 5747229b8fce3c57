"""The suites of the check: each runs on the Windows CPython and gives a verdict."""

import json
import re
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Final

from tests.windows.compiling import command, serving
from tests.windows.expected import EXPECTED_FAILURES, NOT_RUN
from tests.windows.judge import Verdict, judge, outcomes
from tests.windows.wine import TIMED_OUT, Wine

START_S: Final = 300.0
"""Limit for a command: under Wine on a busy machine a start of Python takes seconds."""
TESTS_S: Final = 7200.0
DEMO_S: Final = 600.0
STOPS: Final = 4


def imports(wine: Wine) -> Verdict:
    """Import the dependencies that have compiled parts, and show their versions."""
    code = (
        "import aiohttp, filelock, msgspec, platform, sqlite3, sqlite_utils, ssl, sys, zmq; "
        "print(sys.version); print(platform.platform()); "
        "print('libzmq', zmq.zmq_version(), 'SQLite', sqlite3.sqlite_version)"
    )
    wine.python("-c", code, log="imports.txt", limit_s=START_S)
    text = wine.text("imports.txt")
    print(text, end="", flush=True)
    return _one("[MSC v." in text, "the imports failed: " + text[-300:])


def cli(wine: Wine) -> Verdict:
    """Run the installed program: its help, with the exit statuses."""
    program = r"C:\Python311\Scripts\execution-officer.exe"
    status = wine.run([program, "--help"], log="cli.txt", limit_s=START_S)
    text = wine.text("cli.txt")
    return _one(status == 0 and "Exit status:" in text, f"--help ended with {status}: {text[-300:]}")


def stop(wine: Wine) -> Verdict:
    """Stop the sidecar in order several times: exit status 0, and the control file is removed."""
    folder = rf"C:\stop-{time.time_ns()}"
    words = ("-m", "tests.windows.inside.stop", folder, str(STOPS))
    wine.python(*words, log="stop.txt", limit_s=START_S * STOPS)
    verdict = Verdict()
    for line in wine.text("stop.txt").splitlines():
        print(f"  {line}", flush=True)
        report = json.loads(line) if line.startswith("{") else {}
        if report.get("exit_status") == 0 and not report["control_file_left"]:
            verdict.passed += 1
    if verdict.passed != STOPS:
        verdict.troubles.append(
            f"{verdict.passed} of {STOPS} stops were orderly; see {wine.output / 'stop.txt'}"
        )
    return verdict


def demo(wine: Wine) -> Verdict:
    """Run scripts/demo.py, with more time than a real machine needs."""
    folder = rf"C:\demo-{time.time_ns()}"
    words = ("scripts/demo.py", "--keep", folder, "--deadline", str(DEMO_S))
    status = wine.python(*words, log="demo.txt", limit_s=DEMO_S + START_S)
    last = next((line for line in wine.text("demo.txt").splitlines() if line.startswith("OK:")), "")
    print(f"  {last}", flush=True)
    return _one(
        status == 0 and bool(last), f"it ended with exit status {status}; see {wine.output / 'demo.txt'}"
    )


def _one(good: bool, trouble: str) -> Verdict:
    return Verdict(passed=1) if good else Verdict(troubles=[trouble])


def tests(
    name: str, paths: Sequence[str], *, compiler: bool = False, selection: str = ""
) -> Callable[[Wine], Verdict]:
    """Return the suite that runs pytest on these paths.

    `compiler`: with a C++ compiler for the Expert Advisor. `selection`: marker of the tests that are run.
    """

    def run(wine: Wine) -> Verdict:
        record = wine.drive / f"{name}.jsonl"
        record.unlink(missing_ok=True)
        left_out = [word for test in NOT_RUN if _is_in(test, paths) for word in ("--deselect", test)]
        environ = {"OUTCOMES": rf"C:\{record.name}"} | ({"CXX": command()} if compiler else {})
        chosen = ("-m", selection) if selection else ()
        options = ("-q", "--tb=short", "-p", "no:cacheprovider", "-p", "no:xdist", *chosen)
        with serving(wine) if compiler else nullcontext():
            status = wine.python(
                *("-m", "pytest", "-p", "tests.windows.inside.outcomes", *options, *paths, *left_out),
                log=f"{name}.txt", limit_s=TESTS_S, environ=environ,
            )  # fmt: skip
        lines = record.read_text(encoding="utf-8").splitlines() if record.exists() else []
        found, stopped_in = outcomes(lines)
        expected = {test: why for test, why in EXPECTED_FAILURES.items() if _is_in(test, paths)}
        verdict = judge(found, stopped_in, expected)
        if status == TIMED_OUT:
            verdict.troubles.append(f"it was ended after {TESTS_S:g} s")
        return verdict

    return run


def _is_in(test: str, paths: Sequence[str]) -> bool:
    return any(re.match(rf"{re.escape(path)}(?:/|::|$)", test) for path in paths)


@dataclass(frozen=True)
class Suite:
    """One suite. `always`: it is run where no suite is named."""

    run: Callable[[Wine], Verdict]
    compiler: bool = False
    always: bool = True


SUITES: Final[dict[str, Suite]] = {
    "imports": Suite(imports),
    "cli": Suite(cli),
    "stop": Suite(stop),
    "demo": Suite(demo),
    "unit": Suite(tests("unit", ["tests/unit"])),
    "journal": Suite(tests("journal", ["tests/integration/journal"])),
    "sidecar": Suite(tests("sidecar", ["tests/integration/sidecar"])),
    "integration": Suite(
        tests(
            "integration",
            [
                f"tests/integration/test_{name}.py"
                for name in ("director", "link", "reference_terminal", "sandbox", "simulated_broker")
            ],
        )
    ),
    "mql5": Suite(tests("mql5", ["tests/mql5/tests"], compiler=True), compiler=True),
    "native": Suite(tests("native", ["tests/native"], compiler=True), compiler=True),
    "acceptance": Suite(tests("acceptance", ["tests/acceptance"], selection="not rig")),
    # Several processes for each test: it takes much longer than the others.
    "rig": Suite(tests("rig", ["tests/acceptance"], selection="rig"), always=False),
}
