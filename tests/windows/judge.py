"""Judgement of a suite's outcomes against the failures that are expected of Wine."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

FAILED, PASSED, SKIPPED = "failed", "passed", "skipped"
_WORST = (PASSED, SKIPPED, FAILED)


@dataclass
class Verdict:
    """Numbers of one suite, and a sentence for each thing that is not as expected."""

    passed: int = 0
    skipped: int = 0
    expected: dict[str, str] = field(default_factory=dict)
    """Tests that failed as expected, with the reason."""
    troubles: list[str] = field(default_factory=list)


def outcomes(lines: Iterable[str]) -> tuple[dict[str, str], str]:
    """Return the outcome of each test, and the test in which the run stopped; empty where it ran to its end.

    A test that failed in any of its phases has failed.
    """
    found: dict[str, str] = {}
    last, finished = "the collection", False
    for line in lines:
        record = json.loads(line)
        if record["when"] == "start":
            last = record["id"]
        elif record["when"] == "finish":
            finished = True
        else:
            before = found.get(record["id"], PASSED)
            found[record["id"]] = max(before, record["outcome"], key=_WORST.index)
    return found, "" if finished else last


def judge(found: Mapping[str, str], stopped_in: str, expected: Mapping[str, str]) -> Verdict:
    """Return the verdict. `expected`: the reason of each test of this suite that must fail."""
    verdict = Verdict()
    for test, outcome in found.items():
        if outcome == FAILED and test in expected:
            verdict.expected[test] = expected[test]
        elif outcome == FAILED:
            verdict.troubles.append(f"failed: {test}")
        elif test in expected:
            verdict.troubles.append(f"{outcome}, and was expected to fail ({expected[test]}): {test}")
        elif outcome == SKIPPED:
            verdict.skipped += 1
        else:
            verdict.passed += 1
    if stopped_in:
        verdict.troubles.append(f"the run did not end; its last test was {stopped_in}")
    else:
        verdict.troubles += [
            f"not found, and was expected to fail ({expected[test]}): {test}"
            for test in expected
            if test not in found
        ]
    if not found:
        verdict.troubles.append("no test was run")
    return verdict
