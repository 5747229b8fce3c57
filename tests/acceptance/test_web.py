"""`run` with [web]: metrics and health of a sidecar that trades, and Prometheus' own word on them."""

import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from bridge.exits import ExitCode
from tests.acceptance.web import Web, value
from tests.rig.ports import HOST
from tests.rig.rig import OPENED, Rig

RULES: Final = Path(__file__).parents[2] / "docs" / "monitoring" / "alerts.yml"
PROMTOOL: Final = shutil.which("promtool")
HOPS: Final = ("poll", "intake", "dispatch", "terminal", "fill", "report")

promtool_only = pytest.mark.skipif(
    PROMTOOL is None, reason="promtool is not installed; it is in Debian's package prometheus"
)


def traded(rig: Rig, web: Web) -> str:
    """Open a position, and return the metrics once each step of it is counted."""
    rig.emitted(rig.issue("OPEN_LONG"), *OPENED)
    return web.metrics_with("hop_seconds_count", len(OPENED), hop="report")


def test_trade_passes_every_hop_of_the_metrics(rig: Rig) -> None:
    web = Web(rig)
    rig.start()
    assert web.get("/healthz") == (200, "ok\n")
    assert web.get("/readyz") == (200, "ok\n")
    text = traded(rig, web)
    assert {hop: value(text, "hop_seconds_count", hop=hop) > 0 for hop in HOPS} == dict.fromkeys(HOPS, True)
    assert value(text, "terminal_connected") == 1
    assert value(text, "open_positions") == 1
    assert value(text, "account_equity") > 0
    assert web.get("/metrics", host="evil.example")[0] == 403


def test_run_loads_the_packages_of_the_web_server_only_where_it_is_configured() -> None:
    packages = {"prometheus_client", "jinja2", "bridge.web"}
    code = f"import sys, bridge.cli.run; print(*({packages!r} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("\n", "")


def test_port_in_use_ends_the_start_with_its_remedy(rig: Rig) -> None:
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        rig.configure(web={"port": port})
        process = rig.bridge("run", "--config", str(rig.config_path))
        assert process.exited() == ExitCode.ENDPOINT
    assert f"the web address 127.0.0.1:{port} is in use" in "\n".join(process.log)


@promtool_only
def test_promtool_accepts_the_rules() -> None:
    assert PROMTOOL is not None
    done = subprocess.run([PROMTOOL, "check", "rules", str(RULES)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@promtool_only
def test_promtool_accepts_the_metrics_of_a_real_run_and_alerts_only_for_what_is_wrong(
    rig: Rig, tmp_path: Path
) -> None:
    assert PROMTOOL is not None
    web = Web(rig)
    rig.start()
    text = traded(rig, web)
    lint = subprocess.run([PROMTOOL, "check", "metrics"], input=text, capture_output=True, text=True)
    assert lint.returncode == 0, lint.stdout + lint.stderr
    assert fired(text, tmp_path / "well") == set()
    rig.terminal.kill()
    text = web.metrics_with("required_actions", 1, code="NO_TERMINAL")
    assert fired(text, tmp_path / "away") == {"ExecutionOfficerActionRequired"}


def fired(text: str, folder: Path) -> set[str]:
    """Return the alerts that the rules raise where the metrics have been these for an hour, by promtool's word."""
    assert PROMTOOL is not None
    folder.mkdir()
    series = [
        f"      - {{series: {quoted(sample)}, values: '{sample.value!r}x60'}}"
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    ]
    names = [
        line.split()[-1] for line in RULES.read_text(encoding="utf-8").splitlines() if "- alert:" in line
    ]
    raised = set()
    for name in names:
        case = [
            f"rule_files: [{str(RULES)!r}]",
            "evaluation_interval: 1m",
            "tests:",
            "  - interval: 1m",
            "    input_series:",
            *series,
            "    alert_rule_test:",
            f"      - {{eval_time: 1h, alertname: {name}, exp_alerts: []}}",
        ]
        path = folder / f"{name}.yml"
        path.write_text("\n".join(case) + "\n", encoding="utf-8")
        done = subprocess.run([PROMTOOL, "test", "rules", str(path)], capture_output=True, text=True)
        if done.returncode != 0:
            assert f"alertname: {name}" in done.stdout + done.stderr, done.stdout + done.stderr
            raised.add(name)
    return raised


def quoted(sample: Sample) -> str:
    """Return a sample's series as a text in YAML."""
    labels = ",".join(f'{name}="{given}"' for name, given in sorted(sample.labels.items()))
    return "'" + f"{sample.name}{{{labels}}}" + "'"
