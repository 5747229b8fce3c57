"""`sandbox-director`, `simulated-broker` and `reference-terminal` as processes: ready lines and exits."""

import http.client
import json
import os
import signal
import socket
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from bridge.exits import ExitCode
from bridge.keys import create_link_key
from bridge.simulator.broker.rpc.client import connect_broker
from tests.acceptance.commands import TIMEOUT_S, first_line, run, running

signals_only = pytest.mark.skipif(os.name != "posix", reason="Windows cannot send SIGTERM to a process")


def end(process: subprocess.Popen[str]) -> tuple[int, str]:
    """End the process by a signal; return its exit status and its output."""
    process.send_signal(signal.SIGTERM)
    _, stdout = process.communicate(timeout=TIMEOUT_S)
    return process.returncode, stdout


def ask(url: str, key: str) -> tuple[int, bytes]:
    """Poll once; return status and body."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=TIMEOUT_S)
    with closing(connection):
        connection.request("GET", "/v1/directives/pending?officer=eo-001", headers={"X-API-Key": key})
        answer = connection.getresponse()
        return answer.status, answer.read()


@signals_only
def test_sandbox_prints_its_url_and_requires_the_key(tmp_path: Path) -> None:
    command = ("sandbox-director", "--port", "0", "--api-key-env", "KEY", "--json")
    with running(*command, cwd=tmp_path, KEY="right") as process:
        url = json.loads(first_line(process))["url"]
        assert url.startswith("http://127.0.0.1:")
        assert ask(url, "right") == (200, b'{"directives": []}')
        assert ask(url, "wrong")[0] == 401
        assert end(process)[0] == ExitCode.OK


def test_sandbox_without_api_key_does_not_start(tmp_path: Path) -> None:
    done = run("sandbox-director", "--api-key-env", "NO_SUCH_KEY", cwd=tmp_path)
    assert done.returncode == ExitCode.API_KEY
    assert "the environment variable NO_SUCH_KEY is not set" in done.stderr


def test_sandbox_on_a_used_port_does_not_start(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = run("sandbox-director", "--port", port, "--api-key-env", "KEY", cwd=tmp_path, KEY="x")
    assert done.returncode == ExitCode.ENDPOINT
    assert f"--port {port}: cannot listen on 127.0.0.1:{port}" in done.stderr


@signals_only
def test_simulated_broker_prints_its_endpoint_and_logs_json(tmp_path: Path) -> None:
    command = ("simulated-broker", "--endpoint", "tcp://127.0.0.1:*", "--json")
    with running(*command, cwd=tmp_path) as process:
        client = connect_broker(json.loads(first_line(process))["endpoint"])
        try:
            assert client.account().login == 5000001
        finally:
            client.close()
        code, stdout = end(process)
    assert code == ExitCode.OK
    assert {json.loads(line)["level"] for line in stdout.splitlines()} == {"info"}


@pytest.mark.parametrize(
    ("endpoint", "says"),
    [("tcp://0.0.0.0:5770", "is not on loopback"), ("nonsense", "is not on loopback")],
)
def test_simulated_broker_on_a_forbidden_endpoint_does_not_start(
    tmp_path: Path, endpoint: str, says: str
) -> None:
    done = run("simulated-broker", "--endpoint", endpoint, cwd=tmp_path)
    assert done.returncode == ExitCode.ENDPOINT
    assert says in done.stderr


def test_simulated_broker_on_a_used_port_does_not_start(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = run(
            "simulated-broker", "--endpoint", f"tcp://127.0.0.1:{taken.getsockname()[1]}", cwd=tmp_path
        )
    assert done.returncode == ExitCode.ENDPOINT
    assert "with a port that nothing else uses" in done.stderr


@pytest.mark.parametrize("command", ["reference-terminal", "simulated-broker"])
def test_invalid_scenario_is_refused(tmp_path: Path, command: str) -> None:
    create_link_key(tmp_path / "key")
    (tmp_path / "bad.json").write_text('{"account": {"leverage": 0}}')
    needs = ("--officer", "eo-001", "--link-key-file", "key") if command == "reference-terminal" else ()
    done = run(command, "--scenario", "bad.json", *needs, cwd=tmp_path)
    assert done.returncode == ExitCode.CONFIG
    assert "scenario file bad.json: account.leverage 0 is below 1; write 100" in done.stderr


@signals_only
def test_reference_terminal_runs_without_a_sidecar_until_a_signal(tmp_path: Path) -> None:
    create_link_key(tmp_path / "eo-001.linkkey")
    command = (
        "reference-terminal",
        "--officer",
        "eo-001",
        "--link-key-file",
        "eo-001.linkkey",
        "--poll-interval",
        "5",
    )
    with running(*command, "--endpoint", "tcp://127.0.0.1:1", cwd=tmp_path) as process:
        assert process.stderr is not None
        assert json.loads(process.stderr.readline())["code"] == "terminal_starting"
        assert json.loads(process.stderr.readline())["code"] == "no_session"
        assert end(process)[0] == ExitCode.OK


def test_reference_terminal_without_link_key_does_not_start(tmp_path: Path) -> None:
    done = run("reference-terminal", "--officer", "eo-001", "--link-key-file", "none", cwd=tmp_path)
    assert done.returncode == ExitCode.LINK_KEY
    assert "the link key file none does not exist" in done.stderr


@pytest.mark.parametrize("option", ["--endpoint", "--broker"])
def test_reference_terminal_with_an_invalid_address_does_not_start(tmp_path: Path, option: str) -> None:
    create_link_key(tmp_path / "key")
    done = run(
        "reference-terminal",
        "--officer",
        "eo-001",
        "--link-key-file",
        "key",
        option,
        "nonsense",
        cwd=tmp_path,
    )
    assert done.returncode == ExitCode.ENDPOINT
    assert f"{option} nonsense: " in done.stderr


def test_reference_terminal_with_an_invalid_ledger_does_not_start(tmp_path: Path) -> None:
    create_link_key(tmp_path / "key")
    (tmp_path / "key.ledger").write_text("no ledger\n")
    done = run("reference-terminal", "--officer", "eo-001", "--link-key-file", "key", cwd=tmp_path)
    assert done.returncode == ExitCode.FAILED
    assert "key.ledger" in done.stderr
    assert "internal error" not in done.stderr


@pytest.mark.parametrize(
    "wrong",
    [
        ("--poll-interval", "0"),
        ("--poll-interval", "301"),
        ("--poll-interval", "often"),
        ("--max-lot", "1"),
        ("--broker", "tcp://127.0.0.1:1", "--scenario", "x.json"),
    ],
)
def test_reference_terminal_with_wrong_inputs_exits_with_usage(
    tmp_path: Path, wrong: tuple[str, ...]
) -> None:
    done = run("reference-terminal", "--officer", "eo-001", "--link-key-file", "key", *wrong, cwd=tmp_path)
    assert done.returncode == ExitCode.USAGE
    assert wrong[-2] in done.stderr
