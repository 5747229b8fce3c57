"""Alert rules and dashboard of docs/monitoring: each metric that they name exists."""

import json
import re
from pathlib import Path
from typing import Final

import pytest

from bridge.web.metrics import PREFIX, Kind, described

FOLDER: Final = Path(__file__).parents[3] / "docs" / "monitoring"
FILES: Final = sorted(path for path in FOLDER.iterdir() if path.suffix in (".yml", ".json"))
SELECTED: Final = re.compile(rf"\b({PREFIX}\w+)(?:\{{([^}}]*)\}})?")
LABEL: Final = re.compile(r'(\w+)\s*(?:=~|!~|!=|=)\s*\\?"')
OF_THE_SCRAPE: Final = {"instance", "job"}
"""Labels that Prometheus adds."""


def known() -> dict[str, set[str]]:
    """Return the labels of each series by its name."""
    found: dict[str, set[str]] = {}
    for name, kind, labels, _ in described():
        if kind is Kind.HISTOGRAM:
            found |= {f"{name}_bucket": {*labels, "le"}, f"{name}_sum": {*labels}, f"{name}_count": {*labels}}
        else:
            found[name] = {*labels}
    return found


def unknown_names(text: str) -> list[str]:
    """Return each series or label in a text that no metric has."""
    found = []
    for name, selection in SELECTED.findall(text):
        labels = known().get(name)
        if labels is None:
            found.append(name)
        else:
            used = set(LABEL.findall(selection)) - OF_THE_SCRAPE
            found += [f"{name} {label}" for label in used - labels]
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_each_metric_and_label_of_a_file_exists(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert SELECTED.search(text)
    assert unknown_names(text) == []


def test_check_finds_an_unknown_metric_and_an_unknown_label() -> None:
    text = 'execution_officer_nothing > 0 or execution_officer_halts{colour="red", officer="x"} > 0'
    assert unknown_names(text) == ["execution_officer_nothing", "execution_officer_halts colour"]


def test_both_files_are_there_and_the_dashboard_is_json() -> None:
    assert [path.name for path in FILES] == ["alerts.yml", "dashboard.json"]
    dashboard = json.loads((FOLDER / "dashboard.json").read_text(encoding="utf-8"))
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])


def test_each_alert_has_a_severity_a_summary_and_a_remedy() -> None:
    rules = (FOLDER / "alerts.yml").read_text(encoding="utf-8").split("- alert: ")[1:]
    assert len(rules) > 10
    for rule in rules:
        assert all(part in rule for part in ("expr: ", "severity: ", "summary: ", "remedy: ")), rule
