"""The four processes of the demo in one folder: Director, broker, sidecar, terminal."""

import os
import secrets
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec

from bridge.simulator.broker.scenario import Scenario
from demo_parts.deadline import Deadline, TimeUpError
from demo_parts.process import Process, ProcessDiedError, bridge_command

OFFICER: Final = "eo-demo"
KEY_VARIABLE: Final = "DIRECTOR_API_KEY"

_CONFIGURATION: Final = """\
# Made by one of scripts/. Every port was free and is free again: the sandbox Director has ended.
[director]
url = "{url}"
api_key_env = "{variable}"
poll_interval_s = 0.2                       # the default is 5

[journal]
path = 'journal.db'

[link]
endpoint = "tcp://127.0.0.1:*"              # any free port; name one in production

[[officers]]
id = "{officer}"
"""


def configuration(director_url: str, officer: str) -> str:
    """Return the text of a bridge.toml in whose folder everything is."""
    return _CONFIGURATION.format(url=director_url, variable=KEY_VARIABLE, officer=officer)


def environment(api_key: str) -> dict[str, str]:
    """Return the variables for all processes."""
    return {
        **os.environ,
        KEY_VARIABLE: api_key,
        "PYTHONUNBUFFERED": "1",
        "PYTHONIOENCODING": "utf-8",
    }


class Processes:
    """Director, broker, sidecar and terminal as processes. Leaving the context ends all of them."""

    def __init__(self, folder: Path, deadline: Deadline) -> None:
        self.folder: Final = folder
        self.configuration: Final = folder / "bridge.toml"
        self.journal: Final = folder / "journal.db"
        self.api_key: Final = secrets.token_urlsafe(24)
        self.director_url = ""
        self.broker_endpoint = ""
        self._deadline = deadline
        self._environ = environment(self.api_key)
        self._processes: dict[str, Process] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        # In reverse order: a terminal without its broker would wait for its answers before it ends.
        for process in reversed(self._processes.values()):
            process.end()

    def build(self, scenario: Scenario) -> None:
        """Write the folder and start everything, until the terminal has its session with the sidecar.

        Raises ProcessDiedError, and the errors of the deadline.
        """
        scenario_path = self.folder / "scenario.json"
        scenario_path.write_bytes(msgspec.json.format(msgspec.json.encode(scenario)))
        director = self._start(
            "director",
            ["sandbox-director", "--port", "0", "--api-key-env", KEY_VARIABLE, "--json"],
            ready=r'"url": "([^"]+)"',
        )
        broker = self._start(
            "broker",
            [
                "simulated-broker",
                "--endpoint",
                "tcp://127.0.0.1:*",
                "--scenario",
                scenario_path.name,
                "--json",
            ],
            ready=r'"endpoint": ?"([^"]+)"',
        )
        self.director_url = director.wait_until_ready(self._deadline)
        self.configuration.write_text(configuration(self.director_url, OFFICER), encoding="utf-8")
        self._set_up()
        # Only its log shows the port that it took. A port chosen beforehand might be in use by then.
        sidecar = self._start(
            "sidecar",
            ["--log-json", "run", "--config", self.configuration.name],
            ready=r'"link": ?"([^"]+)"',
        )
        self.broker_endpoint = broker.wait_until_ready(self._deadline)
        link = sidecar.wait_until_ready(self._deadline)
        terminal = self._start(
            "terminal",
            [
                "reference-terminal",
                *("--endpoint", link),
                *("--broker", self.broker_endpoint),
                *("--officer", OFFICER),
                *("--link-key-file", f"{OFFICER}.linkkey"),
            ],
            ready=r"connected to (\S+)",
        )
        terminal.wait_until_ready(self._deadline)

    def check(self) -> None:
        """Raise ProcessDiedError if one of them has ended."""
        for process in self._processes.values():
            process.check()

    def end_sidecar(self) -> None:
        """End it in order: it delivers the events in flight, and the journal is complete.

        Raises ProcessDiedError unless its exit status is 0.
        """
        self._processes.pop("sidecar").end_in_order()

    def _start(self, name: str, arguments: list[str], *, ready: str) -> Process:
        process = Process(name, arguments, folder=self.folder, environ=self._environ, ready=ready)
        self._processes[name] = process
        return process

    def _set_up(self) -> None:
        """Make the journal and the link key with the command `setup`."""
        try:
            done = subprocess.run(
                bridge_command("setup", "--config", self.configuration.name),
                cwd=self.folder,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=self._deadline.left(),
            )
        except subprocess.TimeoutExpired as error:
            raise TimeUpError("setup did not end in time") from error
        (self.folder / "setup.log").write_bytes(done.stdout)
        if done.returncode:
            said = done.stdout.decode("utf-8", "replace")
            raise ProcessDiedError(f"setup ended with exit status {done.returncode}. Its output:\n{said}")
