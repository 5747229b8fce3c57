"""Modules of the measurement with hostile neighbours: its judgement, and what it reads of a process."""

import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


class Parts:
    """The modules of scripts/attackers_parts."""

    def __getattr__(self, name: str) -> Any:
        return importlib.import_module(f"attackers_parts.{name}")


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> Parts:
    monkeypatch.syspath_prepend(ROOT / "scripts")
    return Parts()


def measured(parts: Parts, **changed: object) -> Any:
    figures = {
        "kind": "junk",
        "order_s": 0.4,
        "halt_s": 0.1,
        "hello_s": 0.1,
        "memory_mb": 60.0,
        "descriptors": 24,
        "cpu": 0.1,
        "log_lines": 10,
    }
    return parts.judgement.Measured(**{**figures, **changed})


def compared(parts: Parts, **changed: object) -> Any:
    return parts.judgement.Compared(attacked=measured(parts, **changed), quiet_s=0.2, quiet_mb=50.0)


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        pytest.param({}, [], id="twice the quiet time"),
        pytest.param({"order_s": 0.43}, ["an order takes 2.1 times as long"], id="order"),
        pytest.param({"halt_s": 5.0, "memory_mb": 100.0}, [], id="both bounds"),
        pytest.param({"halt_s": 5.1}, ["halt takes 5.1 s"], id="halt"),
        pytest.param({"memory_mb": 101.0}, ["51 MB more memory"], id="memory"),
        pytest.param({"memory_mb": None}, [], id="memory that the system does not show"),
    ],
)
def test_figure_beyond_its_bound_is_a_problem(
    parts: Parts, changed: dict[str, object], found: list[str]
) -> None:
    assert compared(parts, **changed).problems() == found


@pytest.mark.parametrize(
    ("halts", "measured_s"),
    [
        pytest.param([1.0, 2.0, 3.0], 1.0, id="borne at once"),
        pytest.param([6.0, 2.0, 3.0], 2.0, id="borne at the second try"),
        pytest.param([6.0, 7.0, 3.0], 7.0, id="not borne"),
    ],
)
def test_kind_that_is_not_borne_is_measured_once_more(
    parts: Parts, halts: list[float], measured_s: float
) -> None:
    tries = (compared(parts, halt_s=each) for each in halts)
    assert parts.judgement.first_borne(lambda: next(tries)).attacked.halt_s == measured_s


def test_json_has_each_kind_with_its_quiet_time_and_problems(parts: Parts) -> None:
    answer = json.loads(parts.judgement.as_json(measured(parts), [compared(parts, halt_s=6.0)]))
    [row] = answer["attacked"]
    assert answer["quiet"]["order_s"] == 0.4
    assert (row["kind"], row["quiet_order_s"], row["problems"]) == ("junk", 0.2, ["halt takes 6.0 s"])


def test_every_kind_has_a_row_in_the_table_of_the_document(parts: Parts) -> None:
    page = (ROOT / "docs" / "operation.md").read_text(encoding="utf-8")
    table = page.partition("| neighbour |")[2].partition("\n\n")[0]
    rows = [line.split("|")[1].strip() for line in table.splitlines()[2:]]
    assert rows == ["none", *parts.attack.KINDS]


@pytest.mark.skipif(sys.platform != "linux", reason="the figures are read from /proc")
def test_usage_of_a_process_has_its_cpu_time(parts: Parts) -> None:
    with parts.usage.Usage(os.getpid()) as usage:
        before = os.times()
        while os.times().user - before.user < 0.3:
            pass
    assert usage.cpu > 0
    assert usage.memory_mb > 1
    assert usage.descriptors > 2


@pytest.mark.skipif(sys.platform != "linux", reason="the figures are read from /proc")
def test_usage_of_a_process_that_is_gone_has_no_figures(parts: Parts) -> None:
    with parts.usage.Usage(2**30) as usage:
        pass
    assert (usage.memory_mb, usage.descriptors, usage.cpu) == (None, None, None)
