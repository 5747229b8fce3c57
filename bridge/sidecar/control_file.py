"""Control file: port and token of the sidecar's control endpoint, beside the journal.

A process that can read it can stop and close trades. On POSIX only its owner can. On Windows the operator sets the
folder's access rights.
"""

import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Final

import msgspec

SUFFIX: Final = ".control"
HOST: Final = "127.0.0.1"
_MAX_BYTES: Final = 4096


class ControlFile(msgspec.Struct, frozen=True, kw_only=True):
    """Content of the file."""

    port: Annotated[int, msgspec.Meta(ge=1, le=65_535)]
    """Port on 127.0.0.1."""
    token: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
    """256 random bits, drawn at each start."""
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
    """Write the file, whole or not at all, readable by its owner only. Raises OSError."""
    # A random name: a file that a killed sidecar left half written does not get in the way.
    partial = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        # The mode is given at creation: with a chmod after it there would be a moment in which others could read.
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "wb") as file:
            file.write(msgspec.json.encode(content) + b"\n")
        os.replace(partial, path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise


def read(path: Path) -> ControlFile | None:
    """Return the file's content; None if it does not exist or is not valid."""
    try:
        with path.open("rb") as file:
            return msgspec.json.decode(file.read(_MAX_BYTES), type=ControlFile)
    except (OSError, msgspec.DecodeError):
        return None


def remove(path: Path, content: ControlFile) -> None:
    """Delete the file if it still has this content."""
    if read(path) == content:
        with suppress(OSError):
            path.unlink()
