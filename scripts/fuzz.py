"""Fuzz the Expert Advisor's readers of foreign bytes: JSON, ZMTP, the sidecar's messages, the ledger.

    python scripts/fuzz.py                              (inside the project's environment) each reader for a minute
    python scripts/fuzz.py --reader zmtp --seconds 3600
    python scripts/fuzz.py --seconds 600 --keep         add what covers more to the corpora of tests/native/corpus

libFuzzer with AddressSanitizer and UndefinedBehaviorSanitizer tries inputs on the readers' own code, translated
from MQL5. It needs clang++ with its runtime (Debian: clang libclang-rt-14-dev). An index beyond an array, a report
of a sanitizer, an input that takes seconds, and a rule of programs/readers.mq5 that is broken are findings: the
input is kept, and the exit status is 1.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.mql5.builder.build import CACHE, STANDIN, translated
from tests.mql5.builder.compiler import BASE
from tests.mql5.reference import header
from tests.native.console import INCLUDE, PROGRAMS
from tests.native.corpora import READERS, load, save

DRIVER: Final = PROGRAMS.parent / "fuzzer.h"
FOLDER: Final = CACHE.parent / "fuzz"
MOST_BYTES: Final = 1024
SLOW_S: Final = 5
_STATS: Final = re.compile(r"stat::(\w+):\s+(\d+)")
_COVERED: Final = re.compile(r"cov: (\d+) ft: (\d+) corp: (\d+)")


def main() -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--reader", choices=list(READERS), action="append", help="default: all, one by one")
    parser.add_argument("--seconds", type=int, default=60, help="time for each reader; default: 60")
    parser.add_argument("--keep", action="store_true", help="add new inputs to the corpus")
    arguments = parser.parse_args()
    compiler = shutil.which("clang++")
    if compiler is None:
        parser.exit(
            2, "clang++ is not there; install it with its runtime (Debian: clang libclang-rt-14-dev)\n"
        )
    fuzzer = _build(compiler)
    print(f"{'reader':9} {'executions':>12} {'a second':>9} {'edges':>6} {'inputs':>7}  findings")
    found = 0
    for reader in arguments.reader or READERS:
        found += _fuzz(fuzzer, reader, seconds=arguments.seconds, keep=arguments.keep)
    return int(bool(found))


def _build(compiler: str) -> Path:
    FOLDER.mkdir(parents=True, exist_ok=True)
    source, fuzzer = FOLDER / "readers.cpp", FOLDER / "readers"
    text = translated(PROGRAMS / "readers.mq5", INCLUDE).text
    source.write_text(text + DRIVER.read_text("utf-8"), "utf-8")
    (FOLDER / "constants.h").write_text(header(), "utf-8")
    flags = [flag for flag in BASE if flag not in ("-shared", "-g0")]
    sanitizers = ["-g", "-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=undefined"]
    places = [f"-isystem{FOLDER}", f"-isystem{STANDIN}", "-o", str(fuzzer), str(source)]
    subprocess.run([compiler, *flags, *sanitizers, *places], check=True)
    return fuzzer


def _fuzz(fuzzer: Path, reader: str, *, seconds: int, keep: bool) -> int:
    """Fuzz one reader, and print its row. Return the number of findings."""
    kept = FOLDER / "findings" / reader
    kept.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        corpus, smallest = Path(folder, "corpus"), Path(folder, "smallest")
        smallest.mkdir()
        _unpack(load(reader), corpus)
        before = set(kept.iterdir())
        options = [f"-max_total_time={seconds}", f"-max_len={MOST_BYTES}", f"-timeout={SLOW_S}"]
        output = _run(
            fuzzer, reader, [*options, "-print_final_stats=1", f"-artifact_prefix={kept}/", str(corpus)]
        )
        findings = sorted(set(kept.iterdir()) - before)
        stats = dict(_STATS.findall(output))
        covered = _COVERED.findall(output)
        edges, inputs = (covered[-1][0], covered[-1][2]) if covered else ("?", "?")
        print(
            f"{reader:9} {int(stats.get('number_of_executed_units', 0)):12,}"
            f" {int(stats.get('average_exec_per_sec', 0)):9,} {edges:>6} {inputs:>7}"
            f"  {', '.join(str(path) for path in findings) or 'none'}",
            flush=True,
        )
        if keep:
            _run(fuzzer, reader, ["-merge=1", str(smallest), str(corpus)])
            save(reader, [path.read_bytes() for path in smallest.iterdir()])
        return len(findings)


def _unpack(inputs: list[bytes], folder: Path) -> None:
    folder.mkdir()
    for number, each in enumerate(inputs):
        (folder / str(number)).write_bytes(each)


def _run(fuzzer: Path, reader: str, arguments: list[str]) -> str:
    done = subprocess.run(
        [str(fuzzer), *arguments],
        env={**os.environ, "READER": str(READERS[reader])},
        capture_output=True,
        check=False,
    )
    return done.stderr.decode("utf-8", "replace")


if __name__ == "__main__":
    sys.exit(main())
