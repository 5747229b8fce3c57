"""A service as a service manager needs it, independent of which manager that is."""

import sys
from enum import StrEnum
from pathlib import Path, PurePath
from typing import Final

from msgspec import Struct

import bridge
from bridge.config import Config

MADE_BY: Final = "Made by 'execution-officer service install'"
"""Words in every generated file. A file without them is not overwritten."""
CREDENTIAL: Final = "director-api-key"
"""Name of the API key among the credentials of the service."""
PROGRAM: Final = "execution-officer"


class Manager(StrEnum):
    """Service manager of an operating system."""

    SYSTEMD = "systemd"
    LAUNCHD = "launchd"
    WINDOWS = "windows"


class Scope(StrEnum):
    """Manager of the machine, or of one logged-in user."""

    SYSTEM = "system"
    USER = "user"


class ServiceError(Exception):
    """The service cannot be defined or changed. The message has the thing, the rule and the remedy."""


class Definition(Struct, frozen=True, kw_only=True):
    """The service: program, files, and the user that runs it."""

    name: str
    scope: Scope
    program: tuple[str, ...]
    """Absolute path of the program, and its words before the command."""
    reads: tuple[PurePath, ...] = ()
    """Folders of the program's Python and packages."""
    config: PurePath
    journal: PurePath
    api_key_file: PurePath | None
    """File that the configuration names; None where the API key is in an environment variable."""
    api_key_env: str | None
    environment_file: PurePath | None = None
    """File with the environment variable of the API key (systemd)."""
    user: str | None = None
    """User that runs a system's service; None for `dynamic_user`, and in the scope of a user."""
    dynamic_user: bool = False
    """A user that exists while the service runs (systemd)."""
    log_file: PurePath | None = None
    """File for the log where the manager keeps none (launchd, Windows)."""

    @property
    def folder(self) -> PurePath:
        """Folder of the journal, the only one that is written."""
        return self.journal.parent

    @property
    def credential(self) -> bool:
        """True where the manager itself reads the API key's file, so that root may own it."""
        return self.api_key_file is not None and self.scope is Scope.SYSTEM


def define(
    config: Config,
    *,
    name: str,
    scope: Scope,
    manager: Manager,
    user: str | None,
    dynamic_user: bool,
    environment_file: Path | None,
    log_file: PurePath | None = None,
) -> Definition:
    """Return the definition for a configuration. Raises ServiceError where something is missing or does not fit."""
    definition = Definition(
        name=name,
        scope=scope,
        program=this_program(),
        reads=(Path(sys.prefix), Path(sys.base_prefix), Path(bridge.__file__).parent),
        config=config.source,
        journal=config.journal,
        api_key_file=config.api_key_file,
        api_key_env=config.settings.director.api_key_env,
        environment_file=environment_file,
        user=None if scope is Scope.USER else user,
        dynamic_user=dynamic_user,
        log_file=log_file,
    )
    check(definition, manager)
    return definition


def check(definition: Definition, manager: Manager) -> None:
    """Check that the manager can run the service safely. Raises ServiceError."""
    if definition.api_key_env is not None and definition.environment_file is None:
        also = ", or give --environment-file" if manager is Manager.SYSTEMD else ""
        raise ServiceError(
            f"director.api_key_env = {definition.api_key_env}: a service does not have the variables of a shell; "
            f"set director.api_key_file in {definition.config}{also}"
        )
    if manager is not Manager.SYSTEMD and (definition.environment_file or definition.dynamic_user):
        raise ServiceError("--environment-file and --dynamic-user are of systemd; leave them out")
    if definition.scope is Scope.USER:
        if definition.dynamic_user:
            raise ServiceError("--dynamic-user is not allowed with --scope user; leave it out")
        return
    if definition.dynamic_user == (definition.user is not None):
        raise ServiceError(
            "the service needs a user of its own that is not root; name it with --run-as, and give it the "
            f"journal's folder {definition.folder}"
            + (", or give --dynamic-user" if manager is Manager.SYSTEMD else "")
        )


def this_program() -> tuple[str, ...]:
    """Return the words that start this very installation: its command, or its Python with the package."""
    python = Path(sys.executable)
    command = python.with_name(PROGRAM + python.suffix)
    return (str(command),) if command.is_file() else (str(python), "-m", "bridge")


def run_words(
    definition: Definition, *, api_key_file: str | None = None, stay_down: bool = False
) -> list[str]:
    """Return the words of the command that runs the sidecar.

    `api_key_file` replaces the configuration's. `stay_down`: the manager knows no statuses after which it must not
    start the service again.
    """
    log = ["--log-file", str(definition.log_file)] if definition.log_file is not None else []
    words = [*definition.program, "--log-json", *log, "run", "--config", str(definition.config)]
    return words + (["--api-key-file", api_key_file] if api_key_file else []) + ["--stay-down"] * stay_down
