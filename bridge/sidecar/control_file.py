"""Control file: port and secret of the sidecar's control endpoint, beside the journal.

A process that can read it can stop and close trades, and who can write it can name another endpoint. On POSIX
it is believed only where it belongs to this user, to root or to the journal's owner, and nobody else may read
or write it. On Windows the access rights of the folder protect it; that it is a regular file is checked.
"""

import os
import secrets
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Final

import msgspec

from bridge import ownership
from bridge.replacement import replace

SUFFIX: Final = ".control"
HOST: Final = "127.0.0.1"
_MAX_BYTES: Final = 4096
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
# Without O_NOFOLLOW a link in a shared folder could lead to any file; without O_NONBLOCK a pipe is waited for.
_FLAGS: Final = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class ControlFileError(Exception):
    """The control file cannot be believed, read or written. The message has the file, the reason and the remedy."""


class ControlFile(msgspec.Struct, frozen=True, kw_only=True):
    """Content of the file."""

    port: Annotated[int, msgspec.Meta(ge=1, le=65_535)]
    """Port on 127.0.0.1."""
    secret: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
    """Secret of 256 random bits, drawn at each start. It is never sent (`control_proof`)."""
    pid: int
    """Process id of the sidecar, for people."""
    started_at: str

    def __repr__(self) -> str:
        return f"ControlFile(port={self.port}, pid={self.pid})"


def control_path(journal: Path) -> Path:
    """Return the path of the control file: beside the journal's own file, also when `journal` is a link to it."""
    real = journal.resolve()
    return real.with_name(real.name + SUFFIX)


def write(path: Path, content: ControlFile) -> None:
    """Write the file, readable by its owner only. Raises ControlFileError.

    It is replaced as a whole. Where that is impossible (a reader holds it open on Windows, the folder takes no new
    file, the disk is full) a file of our own that is there is written in place.
    """
    data = msgspec.json.encode(content) + b"\n"
    try:
        try:
            _replace(path, data)
        except OSError as error:
            if not path.exists():
                raise
            _overwrite(path, data, error)
    except OSError as error:
        raise ControlFileError(
            f"the control file {path} cannot be written: {error.strerror or error}; without it no command would "
            "reach the sidecar. Make room on its disk, or give this user the right to write there"
        ) from error


def _replace(path: Path, data: bytes) -> None:
    # A random name: a file that a killed sidecar left half written does not get in the way.
    partial = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        # The mode is given at creation: with a chmod after it there would be a moment in which others could read.
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "wb") as file:
            journal = path.with_name(path.name.removesuffix(SUFFIX))
            ownership.give(file.fileno(), journal if journal.exists() else path.parent)
            file.write(data)
        replace(partial, path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise


def _overwrite(path: Path, data: bytes, error: OSError) -> None:
    """Write into the file that is there, where it is ours. Raises the error of the replacement where it is not."""
    descriptor = os.open(path, os.O_RDWR | _FLAGS)
    with open(descriptor, "r+b") as file:
        if _distrust(os.fstat(descriptor), owners=None):
            raise error
        # The old content is longer or as long: its room on the disk is enough.
        file.write(data)
        file.truncate()


def read(path: Path) -> ControlFile | None:
    """Return the file's content; None if it does not exist or is not valid. Raises ControlFileError."""
    try:
        descriptor = os.open(path, os.O_RDONLY | _FLAGS)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ControlFileError(
            f"the control file {path} cannot be read: {error.strerror or error}; run the command as the user that "
            "runs the sidecar"
        ) from error
    try:
        if why := _distrust(os.fstat(descriptor), owners=_owner_of(path)):
            raise ControlFileError(
                f"the control file {path} is not believed: {why}. Another user may have put it there; remove it, "
                "and give the journal's folder to the user that runs the sidecar alone"
            )
        return msgspec.json.decode(os.read(descriptor, _MAX_BYTES), type=ControlFile)
    except (OSError, msgspec.DecodeError):
        return None
    finally:
        os.close(descriptor)


def _owner_of(path: Path) -> int | None:
    """Return the owner of the journal that the file is beside; None where it cannot be found out."""
    try:
        return path.with_name(path.name.removesuffix(SUFFIX)).stat().st_uid
    except OSError:
        return None


def _distrust(found: os.stat_result, *, owners: int | None) -> str:
    """Return the reason for which a file is not believed; empty where it is. `owners`: one more user to believe."""
    if not stat.S_ISREG(found.st_mode):
        return "it is not a regular file"
    if sys.platform == "win32":
        return ""
    if found.st_uid not in (os.geteuid(), 0, owners):
        return f"it belongs to user {found.st_uid}, and neither to this user nor to the journal's owner"
    if found.st_mode & _OTHERS:
        return f"its mode {stat.S_IMODE(found.st_mode):03o} lets others read or change it"
    return ""


def remove(path: Path, content: ControlFile) -> None:
    """Delete the file if it still has this content."""
    with suppress(ControlFileError, OSError):
        if read(path) == content:
            path.unlink()
