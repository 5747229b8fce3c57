"""Changes to the machine: files of service managers, and their commands."""

import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path, PurePath

from bridge.cli.service.definition import MADE_BY, Definition, Manager, Scope, ServiceError
from bridge.cli.service.managers import Place, Words
from bridge.replacement import replace


def this_manager() -> Manager:
    """Return the service manager of this operating system."""
    return {"win32": Manager.WINDOWS, "darwin": Manager.LAUNCHD}.get(sys.platform, Manager.SYSTEMD)


def this_scope() -> Scope:
    """Return SYSTEM for root, USER for any other user. Windows: SYSTEM."""
    return Scope.USER if hasattr(os, "geteuid") and os.geteuid() != 0 else Scope.SYSTEM


def owner_of_folder(folder: PurePath) -> str | None:
    """Return the name of the user that owns the journal's folder; None where it is root, or cannot be found out."""
    if sys.platform == "win32":
        return None
    import pwd

    try:
        owner = Path(folder).stat().st_uid
        return pwd.getpwuid(owner).pw_name if owner else None
    except (OSError, KeyError):
        return None


def check_user(user: str) -> None:
    """Check that the user exists. Raises ServiceError."""
    if sys.platform == "win32":
        return
    import pwd

    try:
        found = pwd.getpwnam(user)
    except KeyError:
        raise ServiceError(
            f"the user {user} does not exist; make it: useradd --system --user-group --no-create-home {user}"
        ) from None
    if found.pw_uid == 0:
        raise ServiceError(
            f"the user {user} is root, and the service needs no such rights; name another user"
        )


def check_program(user: str, program: Words) -> None:
    """Check that the user can run the program, where root can find that out. Raises ServiceError."""
    if sys.platform == "win32" or os.geteuid() != 0:
        return
    import pwd

    found = pwd.getpwnam(user)
    try:
        done = subprocess.run(  # noqa: S603 - our own program
            [*program, "--version"],
            user=found.pw_uid,
            group=found.pw_gid,
            extra_groups=[],
            cwd="/",
            capture_output=True,
            text=True,
        )
        why = "" if done.returncode == 0 else (done.stderr.strip().splitlines() or ["no words"])[-1]
    except OSError as error:
        why = str(error)
    if why:
        raise ServiceError(
            f"the user {user} cannot run {' '.join(program)}: {why}; install the bridge where every user may read "
            "it, such as below /opt, with a Python that is there too"
        )


def write(place: Place, definition: Definition) -> None:
    """Write the manager's file. Raises ServiceError where that of another program is there, or for OSErrors."""
    path, text = Path(place.file), place.text(definition)
    try:
        if path.is_symlink() or (path.exists() and MADE_BY not in path.read_text(place.encoding, "replace")):
            raise ServiceError(f"{path} was not made by this command, and is left alone; move it away")
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            partial.write_text(text, place.encoding)
            replace(partial, path)
        finally:
            partial.unlink(missing_ok=True)
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise ServiceError(f"{path} cannot be written: {why}; {_more_rights(place)}") from error


def remove(place: Place) -> None:
    """Remove the manager's file. Raises ServiceError."""
    try:
        Path(place.file).unlink(missing_ok=True)
    except OSError as error:
        raise ServiceError(
            f"{place.file} cannot be removed: {error.strerror}; {_more_rights(place)}"
        ) from error


def check_installed(place: Place) -> None:
    """Check that there is a file of such a service. Raises ServiceError."""
    if not Path(place.file).is_file():
        raise ServiceError(
            f"there is no service {place.name} of the {place.scope} ({place.file} does not exist); install it, or "
            "name another with --name or --scope"
        )


def run_all(place: Place, commands: Iterable[Words]) -> None:
    """Run the commands. Raises ServiceError for the first that fails."""
    for words in commands:
        if status := run(words):
            raise ServiceError(f"'{' '.join(words)}' ended with status {status}; {_more_rights(place)}")


def run(words: Words) -> int:
    """Run a command on this process's streams and return its exit status. Raises ServiceError without it."""
    program = shutil.which(words[0])
    if program is None:
        raise ServiceError(
            f"{words[0]} is not there: this machine has no such service manager; use --manager"
        )
    return subprocess.run([program, *words[1:]]).returncode  # noqa: S603 - words of this package


def _more_rights(place: Place) -> str:
    return "run the command as root" if place.scope is Scope.SYSTEM else "see the message above"
