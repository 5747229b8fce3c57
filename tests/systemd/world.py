"""The bridge in a private systemd: sandbox Director and reference terminal outside, the sidecar as its service."""

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tests.rig.director import Director
from tests.rig.ports import free_port
from tests.systemd.machine import (
    SERVICE_UID,
    SERVICE_USER,
    Machine,
    eventually,
    interpreter,
)

REPOSITORY: Final = Path(__file__).parents[2]
OFFICER: Final = "eo-001"
NAME: Final = "execution-officer"
UNIT: Final = f"{NAME}.service"
API_KEY: Final = "key-of-the-sandbox"
_STEP_S: Final = 1


class World:
    """One installation. A context manager that removes it, and ends its programs."""

    def __init__(self, machine: Machine, *, folder: str = "/var/lib/execution-officer") -> None:
        self.machine = machine
        self.folder = Path(folder)
        """Folder of the journal, as the machine sees it."""
        self.link = free_port()
        self.director_port = free_port()
        self.director = Director(self.director_port, API_KEY)
        self._python = interpreter()
        self._programs: list[subprocess.Popen[bytes]] = []
        self._logs: list[Path] = []

    def outside(self, path: Path) -> Path:
        """Return the path by which this process reaches a file of the machine."""
        if path.is_relative_to("/home"):
            return self.machine.home / path.relative_to("/home")
        return self.machine.state / path.relative_to("/var/lib")

    @property
    def config(self) -> Path:
        return Path("/var/lib/configuration/bridge.toml")

    @property
    def key(self) -> Path:
        return self.config.with_name("director.key")

    def __enter__(self) -> Self:
        packages = Path(sysconfig.get_path("purelib"))
        program = self.machine.state / "program"
        if not program.exists():
            shutil.copytree(
                REPOSITORY / "bridge", program / "bridge", ignore=shutil.ignore_patterns("__pycache__")
            )
        self._path = f"/var/lib/program:{packages}"
        for folder in (self.config.parent, self.folder):
            self.outside(folder).mkdir(parents=True, exist_ok=True)
        os.chown(self.outside(self.folder), SERVICE_UID, SERVICE_UID)
        self.configure()
        # Of root alone: the service gets it as a credential.
        self.outside(self.key).write_text(API_KEY)
        self.outside(self.key).chmod(0o600)
        self.drop_in(
            "program", Environment=f'"PYTHONPATH={self._path}" PYTHONDONTWRITEBYTECODE=1', RestartSec=_STEP_S
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            print(self.log()[-8000:], file=sys.stderr)
        for program in self._programs:
            program.kill()
            program.wait()
        self.machine.run("systemctl", "stop", UNIT)
        self.machine.run("systemctl", "reset-failed", UNIT)
        shutil.rmtree(self.machine.units / f"{UNIT}.d", ignore_errors=True)
        (self.machine.units / UNIT).unlink(missing_ok=True)
        self.machine.run("systemctl", "daemon-reload")
        for folder in (self.config.parent, self.folder, Path("/var/lib/private")):
            outside = self.outside(folder)
            outside.unlink() if outside.is_symlink() else shutil.rmtree(outside, ignore_errors=True)

    def configure(self, url: str | None = None, extra: str = "") -> None:
        """Write the configuration. `url`: another Director's."""
        director = url or f"http://127.0.0.1:{self.director_port}"
        self.outside(self.config).write_text(
            f'[director]\nurl = "{director}"\napi_key_file = "director.key"\n'
            f"poll_interval_s = 1.0\n[journal]\npath = '{self.folder}/journal.db'\n"
            f'[link]\nendpoint = "tcp://127.0.0.1:{self.link}"\n[[officers]]\nid = "{OFFICER}"\n{extra}'
        )

    def drop_in(self, name: str, **settings: object) -> None:
        """Change settings of [Service] by a drop-in. A list is set anew."""
        lines = [line for key, value in settings.items() for line in _lines(key, value)]
        folder = self.machine.units / f"{UNIT}.d"
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.conf").write_text("[Service]\n" + "\n".join(lines) + "\n")
        self.machine.run("systemctl", "daemon-reload")

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the bridge in the machine, as root."""
        return self.machine.run(self._python, "-m", "bridge", *words, PYTHONPATH=self._path)

    def set_up(self) -> None:
        done = self.command("setup", "--config", str(self.config))
        assert done.returncode == 0, done.stderr

    def install(self, *options: str) -> None:
        """Set up as root, install and start. AssertionError where it does not start."""
        self.set_up()
        done = self.service("install", "--config", str(self.config), *(options or ("--run-as", SERVICE_USER)))
        assert done.returncode == 0, done.stderr

    @contextmanager
    def occupying(self, words: str) -> Iterator[None]:
        """Have a shell command run in the machine while the context lasts; it is given a moment to begin."""
        pid = self.machine.run("sh", "-c", f"{words} > /dev/null 2>&1 & echo $!; sleep 2").stdout.strip()
        try:
            yield
        finally:
            self.machine.run("kill", "-9", pid)

    def service(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.command("service", *words)

    def start(self) -> None:
        done = self.service("start")
        assert done.returncode == 0, f"{done.stderr}\n{self.log()}"

    def property(self, name: str) -> str:
        return self.machine.run("systemctl", "show", "--value", "--property", name, UNIT).stdout.strip()

    def state(self) -> dict[str, str]:
        """Return what systemd knows of the service's end."""
        names = ("ActiveState", "SubState", "Result", "ExecMainStatus", "NRestarts")
        return {name: self.property(name) for name in names}

    def ended(self) -> dict[str, str]:
        """Wait until the service is at rest, and longer than a restart would take; return its state."""
        eventually(lambda: self.property("ActiveState") in ("inactive", "failed"), lambda: str(self.state()))
        self.machine.run("sleep", str(3 * _STEP_S))
        return self.state()

    def log(self) -> str:
        return self.machine.run("journalctl", "--no-pager", "--unit", UNIT, "--output", "cat").stdout

    def start_director(self) -> None:
        self._start("sandbox-director", "--port", str(self.director_port), "--api-key-env", "KEY")
        eventually(self._director_answers, lambda: self._said())

    def start_terminal(self, folder: Path | None = None) -> None:
        """Start a reference terminal with its own broker, as root. `folder`: of the link key, seen from outside."""
        key = (folder or self.outside(self.folder)) / f"{OFFICER}.linkkey"
        ledger = self.outside(self.config.with_name(f"{OFFICER}.ledger"))
        endpoint = f"tcp://127.0.0.1:{self.link}"
        self._start(
            *("reference-terminal", "--endpoint", endpoint, "--officer", OFFICER),
            *("--link-key-file", str(key), "--ledger", str(ledger)),
        )

    def _start(self, *words: str) -> None:
        log = self.outside(self.config.with_name(f"{words[0]}.log"))
        self._logs.append(log)
        with log.open("wb") as stream:
            self._programs.append(
                subprocess.Popen(
                    [sys.executable, "-m", "bridge", *words],
                    cwd=REPOSITORY,
                    env={**os.environ, "PYTHONPATH": str(REPOSITORY), "KEY": API_KEY},
                    stdout=stream,
                    stderr=stream,
                )
            )

    def _said(self) -> str:
        return "\n".join(log.read_text(errors="replace")[-2000:] for log in self._logs)

    def _director_answers(self) -> bool:
        try:
            self.director.events()
        except OSError:
            return False
        return True

    def trade(self, directive_id: str) -> None:
        """Issue a directive, and wait until the Director has the events of its fill."""
        issued = self.director.issue(
            OFFICER,
            {
                "directive_id": directive_id,
                "symbol": "EURUSD",
                "action": "OPEN_LONG",
                "order_type": "MARKET",
                "quantity": 0.01,
            },
        )
        wanted = {"DIRECTIVE_RECEIVED", "ORDER_PLACED", "ORDER_FILLED", "POSITION_OPENED"}
        self.director.wait(
            f"events of {issued}",
            lambda events: wanted <= {each.type for each in events if each.directive_id == issued},
        )


def _lines(key: str, value: object) -> list[str]:
    if isinstance(value, list):
        return [f"{key}=", *(f"{key}={each}" for each in value)]
    return [f"{key}={value}"]
