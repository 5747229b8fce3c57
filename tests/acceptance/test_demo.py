"""scripts/demo.py as a user starts it: the whole bridge as processes, none of which remains afterwards."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

DEMO = Path(__file__).resolve().parents[2] / "scripts" / "demo.py"
GRACE_S = 90.0
DEMO_S = 300.0
"""Limit of a whole demo: on a busy machine under Wine, each of its processes takes long to start."""

OPENED = ["DIRECTIVE_RECEIVED", "ORDER_PLACED", "ORDER_FILLED", "POSITION_OPENED"]
EXPECTED = {
    "take-profit": ("FILLED", [*OPENED, "TP_TRIGGERED", "POSITION_CLOSED"]),
    "stop-loss": ("FILLED", [*OPENED, "SL_TRIGGERED", "POSITION_CLOSED"]),
    "to-be-closed": ("FILLED", OPENED),
    "close": ("FILLED", ["DIRECTIVE_RECEIVED", "ORDER_PLACED", "ORDER_FILLED", "POSITION_CLOSED"]),
    "pending": (
        "FILLED",
        ["DIRECTIVE_RECEIVED", "ORDER_PLACED", "ORDER_PARTIAL_FILL", "POSITION_OPENED", "ORDER_FILLED"],
    ),
    "modify": ("DONE", ["DIRECTIVE_RECEIVED", "ORDER_PLACED"]),
    "move-stop": ("DONE", ["DIRECTIVE_RECEIVED", "ORDER_PLACED"]),
    "stop-order": ("CANCELLED", ["DIRECTIVE_RECEIVED", "ORDER_PLACED", "ORDER_CANCELLED"]),
    "cancel": ("DONE", ["DIRECTIVE_RECEIVED", "ORDER_CANCELLED"]),
    "invalid": ("REJECTED", ["DIRECTIVE_RECEIVED", "ORDER_REJECTED"]),
    "no-money": ("REJECTED", ["DIRECTIVE_RECEIVED", "ORDER_REJECTED"]),
}


def demo(*arguments: str, folder: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the demo to its end. It finds the project in this interpreter, so nothing is installed."""
    return subprocess.run(
        [sys.executable, str(DEMO), "--deadline", str(DEMO_S), *arguments],
        cwd=folder,
        env={**os.environ, **environ},
        capture_output=True,
        encoding="utf-8",
        timeout=DEMO_S + GRACE_S,
    )


def assert_no_process_is_left(folder: Path) -> None:
    """Check that no process uses the folder, and that none listens on the former addresses."""
    if Path("/proc/self/cwd").exists():
        users = [entry.name for entry in Path("/proc").glob("[0-9]*") if working_folder(entry) == folder]
        assert users == []
    logs = "\n".join(log.read_text(encoding="utf-8") for log in folder.glob("*.log"))
    ports = {int(port) for port in re.findall(r"(?:tcp|http)://127\.0\.0\.1:(\d+)", logs)}
    for port in ports:
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0, f"a process listens on {port}"


def working_folder(process: Path) -> Path | None:
    try:
        return (process / "cwd").readlink()
    except OSError:  # it has ended, or is another user's
        return None


def test_demo_with_json_prints_all_results_and_leaves_no_file(tmp_path: Path) -> None:
    places = {name: str(tmp_path) for name in ("TMPDIR", "TEMP", "TMP")}
    done = demo("--json", folder=tmp_path, **places)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 1
    result: dict[str, Any] = json.loads(done.stdout)
    assert result["ok"] is True
    assert {
        each["directive_id"]: (each["state"], each["events"]) for each in result["directives"]
    } == EXPECTED
    for directive_id, (_, events) in EXPECTED.items():
        assert [e["event_type"] for e in result["events"] if e["directive_id"] == directive_id] == events
    assert len(result["events"]) == sum(len(events) for _, events in EXPECTED.values())
    assert_outcomes(result["events"])
    assert list(tmp_path.iterdir()) == []


def assert_outcomes(events: list[dict[str, Any]]) -> None:
    """Check the numbers of the result: each step of the demo ended as intended."""
    by_kind = {(event["directive_id"], event["event_type"]): event for event in events}
    assert by_kind["take-profit", "POSITION_CLOSED"]["profit"] > 0
    assert by_kind["take-profit", "POSITION_CLOSED"]["close_reason"] == "TP"
    assert by_kind["stop-loss", "POSITION_CLOSED"]["profit"] < 0
    assert by_kind["stop-loss", "POSITION_CLOSED"]["close_reason"] == "SL"
    assert by_kind["close", "POSITION_CLOSED"]["opening_directive_id"] == "to-be-closed"
    assert by_kind["pending", "ORDER_FILLED"]["fill_quantity"] == 0.1
    assert by_kind["modify", "ORDER_PLACED"]["price"] == 1.265
    assert by_kind["move-stop", "ORDER_PLACED"]["stop_loss"] == 1.26
    assert by_kind["cancel", "ORDER_CANCELLED"]["opening_directive_id"] == "stop-order"
    assert by_kind["invalid", "ORDER_REJECTED"]["error_code"] == "INVALID_VALUE"
    assert by_kind["no-money", "ORDER_REJECTED"]["error_code"] == "10019"


def test_demo_with_keep_keeps_the_folder_and_prints_commands_that_work(tmp_path: Path) -> None:
    folder = tmp_path / "kept here"
    done = demo("--keep", str(folder), folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "OK: the Director received the 38 events" in done.stdout
    assert "TP_TRIGGERED" in done.stdout
    kept = {path.name for path in folder.iterdir()}
    logs = {f"{name}.log" for name in ("director", "broker", "setup", "sidecar", "terminal")}
    assert {"bridge.toml", "scenario.json", "journal.db", "eo-demo.linkkey", *logs} <= kept
    assert_no_process_is_left(folder)

    lines = [line.strip() for line in done.stdout.splitlines() if " journal --path " in line]
    assert len(lines) == 4
    for line in lines:
        # Through the shell, as a user would paste it.
        pasted = subprocess.run(line, shell=True, capture_output=True, timeout=GRACE_S)  # noqa: S602
        assert pasted.returncode == 0, pasted.stderr

    again = demo("--keep", str(folder), folder=tmp_path)
    assert again.returncode == 2
    assert "not empty" in again.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_ends_every_process_of_the_demo(tmp_path: Path, number: signal.Signals) -> None:
    folder = tmp_path / "kept"
    started = subprocess.Popen(
        [sys.executable, str(DEMO), "--json", "--keep", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    deadline = time.monotonic() + GRACE_S
    while not (folder / "sidecar.log").exists():
        assert started.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    started.send_signal(number)
    answer, _ = started.communicate(timeout=GRACE_S)
    assert started.returncode == 128 + number
    result = json.loads(answer)
    assert result["ok"] is False
    assert result["errors"] == [f"interrupted by {number.name}"]
    assert_no_process_is_left(folder)
