"""Plugin of pytest: write the outcome of each phase of each test into the file that OUTCOMES names, as JSON lines.

A line is written before the next test starts, so that a run that hangs or dies shows where.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest


def _write(record: Mapping[str, object]) -> None:
    with Path(os.environ["OUTCOMES"]).open("a", encoding="utf-8") as file:
        file.write(json.dumps(record) + "\n")


def pytest_runtest_logstart(nodeid: str) -> None:
    """Write the start of a test."""
    _write({"id": nodeid, "when": "start"})


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Write the outcome of a phase: setup, call or teardown."""
    _write({"id": report.nodeid, "when": report.when, "outcome": report.outcome})


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Write a module that could not be collected."""
    if report.failed:
        _write({"id": report.nodeid, "when": "call", "outcome": "failed"})


def pytest_sessionfinish() -> None:
    """Write the end of the run."""
    _write({"when": "finish"})
