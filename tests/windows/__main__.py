"""Run the bridge and its tests on a Windows CPython under Wine.

Debian 12's Wine and python.org's CPython, each pinned, in a folder that is made and kept. The exit status is 0 only
if everything passed but the failures of Wine's that tests/windows/expected.py lists, and each of those failed.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from filelock import FileLock, Timeout
from rich.console import Console
from rich.table import Table

from tests.windows.judge import Verdict
from tests.windows.machine import ROOT, SetUpError, set_up
from tests.windows.suites import SUITES


def main() -> int:
    """Parse the command line, set up, run; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.windows",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    usual = [name for name, suite in SUITES.items() if suite.always]
    parser.add_argument(
        "suites", nargs="*", metavar="SUITE", choices=[*SUITES, []],
        help=f"one or more of {', '.join(SUITES)}; without any: {', '.join(usual)}",
    )  # fmt: skip
    parser.add_argument(
        "--folder",
        type=Path,
        default=ROOT / "build" / "windows",
        help="place of the machine; a second run takes up what is there (default: build/windows)",
    )
    options = parser.parse_args()
    names = options.suites or usual
    folder = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / "lock").acquire(timeout=0):
            return _run(folder, names)
    except Timeout:
        print(f"Error: {folder} is in use by another run; name another --folder", file=sys.stderr)
        return 2
    except SetUpError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 2


def _run(folder: Path, names: Sequence[str]) -> int:
    wine = set_up(folder, compiler=any(SUITES[name].compiler for name in names))
    verdicts: dict[str, tuple[Verdict, float]] = {}
    try:
        for name in names:
            print(f"==> {name}", flush=True)
            began = time.monotonic()
            verdict = SUITES[name].run(wine)
            verdicts[name] = verdict, time.monotonic() - began
            for trouble in verdict.troubles:
                print(f"  {trouble}", flush=True)
    finally:
        wine.stop()
    _show(verdicts, wine.output)
    return 1 if any(verdict.troubles for verdict, _ in verdicts.values()) else 0


def _show(verdicts: dict[str, tuple[Verdict, float]], output: Path) -> None:
    table = Table("suite", "passed", "skipped", "failed as expected", "not as expected", "time")
    for name, (verdict, took_s) in verdicts.items():
        numbers = (verdict.passed, verdict.skipped, len(verdict.expected), len(verdict.troubles))
        table.add_row(name, *map(str, numbers), f"{took_s:.0f} s")
    screen = Console()
    screen.print(table)
    reasons: dict[str, int] = {}
    for verdict, _ in verdicts.values():
        for reason in verdict.expected.values():
            reasons[reason] = reasons.get(reason, 0) + 1
    for reason, count in reasons.items():
        screen.print(f"{count} expected: {reason}", markup=False, highlight=False)
    for name, (verdict, _) in verdicts.items():
        for trouble in verdict.troubles:
            screen.print(f"{name}: {trouble}", markup=False, highlight=False, soft_wrap=True)
    screen.print(f"The output of each program is in {output}.", markup=False, highlight=False, soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
