"""Alerts of a running sidecar, by the real Apprise to a real HTTP server; and `alerts test`."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bridge.exits import ExitCode
from tests.acceptance.command_line import CommandLine
from tests.integration.alerts.web_hook import WebHook
from tests.rig.rig import Rig

TABLE = """
[alerts]
addresses_file = 'alerts.txt'
wait_s = 0
connection_lost_s = 0
resolved_after_s = 0
least_interval_s = 0
"""


@pytest.fixture
def hook() -> Iterator[WebHook]:
    with closing(WebHook()) as made:
        yield made


def configure(config: Path, *addresses: str, table: str = TABLE) -> None:
    config.write_text(config.read_text() + table)
    file = config.parent / "alerts.txt"
    file.write_text("# who gets them\n" + "\n".join(addresses) + "\n")
    file.chmod(0o600)


def about(body: dict[str, Any]) -> str:
    return f"{body['title'].partition(': ')[2]} | {body['message']}"


def test_terminal_that_is_away_is_sent_and_its_return_too(rig: Rig, hook: WebHook) -> None:
    configure(rig.config_path, hook.address)
    rig.start_director()
    rig.start_sidecar()
    [first] = hook.wait(1)
    assert about(first).startswith("1 alert | eo-001: ")
    assert first["type"] == "warning"
    rig.sidecar.logged("alert_sent")
    rig.start_broker()
    rig.start_terminal()
    later = hook.wait(2)[-1]
    assert about(later).startswith("1 resolved | resolved: eo-001: ")
    assert not any("secret-word" in line for line in rig.sidecar.log)
    assert rig.sidecar.terminate() == ExitCode.OK


def test_alert_that_cannot_be_sent_is_an_action_of_status_and_trading_goes_on(
    rig: Rig, hook: WebHook
) -> None:
    hook.release.clear()
    configure(rig.config_path, hook.address, table=TABLE + "timeout_s = 1\n")
    rig.start_director()
    rig.start_sidecar()
    rig.sidecar.logged("alert_failed")
    rig.start_broker()
    rig.start_terminal()
    rig.open()
    assert rig.sidecar.terminate() == ExitCode.OK


def test_test_message_reaches_every_address(command_line: CommandLine, hook: WebHook) -> None:
    configure(command_line.folder / "bridge.toml", hook.address, "no-such-scheme://secret-word")
    assert command_line.run_plain("alerts", "test", "--config", str(command_line.folder / "bridge.toml")) == 1
    assert command_line.stdout == "address 1 accepted the message\naddress 2 is no address of Apprise\n"
    assert "not every message was accepted" in command_line.stderr
    [body] = hook.wait(1)
    assert about(body) == "a test | Alerts arrive here."


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("", "has no table [alerts]"),
        ("[alerts]\n", "one of them must name the place of the addresses"),
        ("[alerts]\naddresses_env = 'NO_SUCH_VARIABLE'\n", "NO_SUCH_VARIABLE is not set"),
        ("[alerts]\naddresses_file = 'none.txt'\n", "none.txt does not exist; make it"),
        ("[alerts]\naddresses_file = 'json://secret-word'\n", "must be the path of a file"),
        ("[alerts]\naddresses_env = 'A'\nquiet_hours = ['22-6']\n", "must be two times in UTC"),
        ("[alerts]\naddresses_env = 'A'\ndaily_summary = '9'\n", "must be a time in UTC"),
    ],
)
def test_alerts_that_cannot_be_sent_are_refused(command_line: CommandLine, table: str, says: str) -> None:
    config = command_line.folder / "bridge.toml"
    config.write_text(config.read_text() + table)
    assert command_line.run_plain("alerts", "test", "--config", str(config)) == ExitCode.CONFIG
    assert says in command_line.stderr
    assert "secret-word" not in command_line.stderr
    assert command_line.stderr.count("\n") == 1
