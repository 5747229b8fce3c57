"""Service managers: the file that each reads, and the commands that it is given. Nothing is executed here."""

import os
from collections.abc import Sequence
from pathlib import Path, PurePath, PurePosixPath
from typing import Final, assert_never

from msgspec import Struct

from bridge.cli.service import launchd, systemd, task_scheduler
from bridge.cli.service.definition import Definition, Manager, Scope

LINES: Final = 200
"""Lines of the log that are shown."""

Words = Sequence[str]


class Place(Struct, frozen=True, kw_only=True):
    """A service of that name under a manager, which may exist or not."""

    manager: Manager
    scope: Scope
    name: str
    home: PurePath
    """Home folder of the user, for the scope of a user."""
    uid: int = 0
    """Number of the user, for launchd's scope of a user."""

    @property
    def file(self) -> PurePath:
        """File that the manager reads."""
        user = self.scope is Scope.USER
        match self.manager:
            case Manager.SYSTEMD:
                folder = self.home / ".config/systemd/user" if user else PurePosixPath("/etc/systemd/system")
                return folder / f"{self.name}.service"
            case Manager.LAUNCHD:
                library = self.home / "Library" if user else PurePosixPath("/Library")
                return library / ("LaunchAgents" if user else "LaunchDaemons") / f"{self.name}.plist"
            case Manager.WINDOWS:
                # The scheduler copies it; the file stays for the operator to read.
                return self.home / f"{self.name}.task.xml"
            case _:
                assert_never(self.manager)

    def log_file(self, folder: PurePath) -> PurePath | None:
        """Return the file for the log, in the journal's folder; None where the manager keeps the log."""
        return None if self.manager is Manager.SYSTEMD else folder / f"{self.name}.log"

    @property
    def encoding(self) -> str:
        """Encoding of the file."""
        return "utf-16" if self.manager is Manager.WINDOWS else "utf-8"

    def text(self, definition: Definition) -> str:
        """Return the content of the file. Raises ServiceError."""
        match self.manager:
            case Manager.SYSTEMD:
                return systemd.unit(definition)
            case Manager.LAUNCHD:
                return launchd.property_list(definition)
            case Manager.WINDOWS:
                return task_scheduler.task(definition)
            case _:
                assert_never(self.manager)

    def installing(self) -> list[Words]:
        """Return the commands after the file was written."""
        match self.manager:
            case Manager.SYSTEMD:
                return [self._systemctl("daemon-reload"), self._systemctl("enable", self._unit)]
            case Manager.LAUNCHD:
                # It starts at once: launchd has no other way to know a service.
                return [("launchctl", "bootstrap", self._domain, str(self.file))]
            case Manager.WINDOWS:
                return [("schtasks", "/Create", "/TN", self.name, "/XML", str(self.file), "/F")]
            case _:
                assert_never(self.manager)

    def uninstalling(self) -> list[Words]:
        """Return the commands before the file is removed. They stop the service."""
        match self.manager:
            case Manager.SYSTEMD:
                return [self._systemctl("disable", "--now", self._unit)]
            case Manager.LAUNCHD:
                return [("launchctl", "bootout", self._target)]
            case Manager.WINDOWS:
                return [*self.stopping(), ("schtasks", "/Delete", "/TN", self.name, "/F")]
            case _:
                assert_never(self.manager)

    def uninstalled(self) -> list[Words]:
        """Return the commands after the file was removed."""
        return [self._systemctl("daemon-reload")] if self.manager is Manager.SYSTEMD else []

    def starting(self) -> list[Words]:
        """Return the commands that start it."""
        match self.manager:
            case Manager.SYSTEMD:
                return [self._systemctl("start", self._unit)]
            case Manager.LAUNCHD:
                return [("launchctl", "kickstart", self._target)]
            case Manager.WINDOWS:
                return [("schtasks", "/Run", "/TN", self.name)]
            case _:
                assert_never(self.manager)

    def stopping(self) -> list[Words]:
        """Return the commands that stop it, until the next start of the machine."""
        match self.manager:
            case Manager.SYSTEMD:
                return [self._systemctl("stop", self._unit)]
            case Manager.LAUNCHD:
                # It ends with status 0, after which launchd leaves it stopped.
                return [("launchctl", "kill", "SIGTERM", self._target)]
            case Manager.WINDOWS:
                return [("schtasks", "/End", "/TN", self.name)]
            case _:
                assert_never(self.manager)

    def restarting(self) -> list[Words]:
        """Return the commands that stop and start it."""
        match self.manager:
            case Manager.SYSTEMD:
                return [self._systemctl("restart", self._unit)]
            case Manager.LAUNCHD:
                return [("launchctl", "kickstart", "-k", self._target)]
            case Manager.WINDOWS:
                return [*self.stopping(), *self.starting()]
            case _:
                assert_never(self.manager)

    def showing(self) -> Words:
        """Return the command that shows its state, and ends with a status other than 0 where it does not run."""
        match self.manager:
            case Manager.SYSTEMD:
                return self._systemctl("status", "--no-pager", "--full", self._unit)
            case Manager.LAUNCHD:
                return ("launchctl", "print", self._target)
            case Manager.WINDOWS:
                return ("schtasks", "/Query", "/TN", self.name, "/V", "/FO", "LIST")
            case _:
                assert_never(self.manager)

    def logging(self, log_file: PurePath | None, *, follow: bool) -> Words:
        """Return the command that shows its log; `log_file` where the manager keeps none."""
        match self.manager:
            case Manager.SYSTEMD:
                user = ["--user"] if self.scope is Scope.USER else []
                more = ["--follow"] if follow else ["--no-pager"]
                return (
                    "journalctl",
                    *user,
                    "--unit",
                    self._unit,
                    "--lines",
                    str(LINES),
                    "--output",
                    "cat",
                    *more,
                )
            case Manager.LAUNCHD:
                return ("tail", "-n", str(LINES), *["-F"] * follow, str(log_file))
            case Manager.WINDOWS:
                wait = " -Wait" if follow else ""
                # In single quotes a quote is doubled.
                path = str(log_file).replace("'", "''")
                read = f"Get-Content -LiteralPath '{path}' -Tail {LINES}{wait}"
                return ("powershell", "-NoProfile", "-Command", read)
            case _:
                assert_never(self.manager)

    @property
    def _unit(self) -> str:
        return f"{self.name}.service"

    @property
    def _domain(self) -> str:
        return f"gui/{self.uid}" if self.scope is Scope.USER else "system"

    @property
    def _target(self) -> str:
        return f"{self._domain}/{self.name}"

    def _systemctl(self, *words: str) -> Words:
        return ("systemctl", *["--user"] * (self.scope is Scope.USER), *words)


def place(name: str, *, manager: Manager, scope: Scope) -> Place:
    """Return the place of a service for the user of this process."""
    uid = os.getuid() if hasattr(os, "getuid") else 0
    return Place(manager=manager, scope=scope, name=name, home=Path.home(), uid=uid)
