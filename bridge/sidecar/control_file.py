"""The file that tells where the sidecar's control endpoint is, and its token. It stands beside the journal.

Whoever may read it may stop and close trades, so on POSIX nobody but its owner may. On Windows the folder's
access rights are the person's own affair.
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
    """What the file says."""

    port: Annotated[int, msgspec.Meta(ge=1, le=65_535)]
    """On 127.0.0.1."""
    token: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
    """256 random bits, drawn at each start."""
    pid: int
    """The sidecar's process, for people."""
    started_at: str

    def __repr__(self) -> str:
        return f"ControlFile(port={self.port}, pid={self.pid})"


def control_path(journal: Path) -> Path:
    """Where the file of the journal's sidecar is: beside the journal's own file, wherever a link to it is."""
    real = journal.resolve()
    return real.with_name(real.name + SUFFIX)


def write(path: Path, content: ControlFile) -> None:
    """Put the file there, whole or not at all, for its owner alone. Raises OSError."""
    # A name of its own: what a killed sidecar left half written is in nobody's way.
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        # The mode is given at creation: with a chmod after it there would be a moment in which others could read.
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "wb") as file:
            file.write(msgspec.json.encode(content) + b"\n")
        os.replace(draft, path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def read(path: Path) -> ControlFile | None:
    """What the file says; None where there is none, or none that makes sense."""
    try:
        with path.open("rb") as file:
            return msgspec.json.decode(file.read(_MAX_BYTES), type=ControlFile)
    except (OSError, msgspec.DecodeError):
        return None


def remove(path: Path, content: ControlFile) -> None:
    """Take the file away, where it is still this one."""
    if read(path) == content:
        with suppress(OSError):
            path.unlink()
