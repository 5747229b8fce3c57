"""Files that a command writes: complete under their name, or not there. No file that exists is lost by mistake."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from bridge import ownership
from bridge.cli.failure import Failure
from bridge.exits import ExitCode
from bridge.journal.database.file import sync_folder
from bridge.journal.database.own_names import is_own
from bridge.replacement import replace


def check_free(target: Path, *, journal: Path, force: bool) -> None:
    """Raise Failure where a file has the name, and may not be replaced: one of the journal's own never may."""
    if is_own(target, journal):
        raise Failure(
            ExitCode.NOT_WRITTEN, f"{target} is the name of a file of the journal itself; name another one"
        )
    if target.is_dir():
        raise Failure(ExitCode.NOT_WRITTEN, f"{target} is a folder; name a file in it")
    if target.exists() and not force:
        raise Failure(
            ExitCode.NOT_WRITTEN,
            f"the file {target} exists, and is left as it is; name another one, or give --force",
        )


@contextmanager
def new_file(target: Path, *, journal: Path, force: bool) -> Iterator[TextIO]:
    """Yield a text file that gets its name once it is complete and on the disk; readable by its owner alone.

    Where the body or the disk fails, nothing is left of it, and what has the name stays. Raises Failure.
    """
    check_free(target, journal=journal, force=force)
    partial = target.with_name(f"{target.name}.{secrets.token_hex(4)}.part")
    try:
        ownership.make_private(partial, target.parent)
        with partial.open("w", encoding="utf-8", newline="") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        check_free(target, journal=journal, force=force)
        replace(partial, target)
        sync_folder(target.parent)
    except OSError as error:
        raise Failure(
            ExitCode.NOT_WRITTEN,
            f"{target} was not written: {error.strerror or error}; free space on its disk, or name another folder",
        ) from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
