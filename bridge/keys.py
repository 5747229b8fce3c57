"""Keys on disk and in the environment: the officers' link keys, the Director's API key.

A key file holds one line of text, and on POSIX nobody but its owner may read it. On Windows the mode says
nothing about who may; there the folder's access rights are the person's own affair, and are not checked.

No message ever holds a key or what may be one.
"""

import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from bridge.core.link.handshake import KEY_BYTES, LinkKey, LinkKeyError

SUFFIX: Final = ".linkkey"
_MAX_BYTES: Final = 4096
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_HAS_MODES = os.name == "posix"


class KeyFileError(Exception):
    """A key file cannot be used. The message names it, says what is wrong, and what to do."""


class LinkKeyFileError(KeyFileError):
    """An officer's link key cannot be had."""


class ApiKeyError(KeyFileError):
    """The Director's API key cannot be had, from its file or its environment variable."""


class ApiKey:
    """The Director's API key. It never shows itself in a log or a traceback."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The key itself, for the request's header."""
        return self._text

    def __repr__(self) -> str:
        return "ApiKey(...)"


def link_key_path(journal: Path, officer: str) -> Path:
    """Where an officer's link key is: beside the journal."""
    return journal.parent / f"{officer}{SUFFIX}"


def create_link_key(path: Path) -> LinkKey:
    """Draw a key and store it, durably, for its owner alone.

    Raises FileExistsError where anything is there, and leaves that as it is; OSError where it cannot be
    written, and leaves nothing.
    """
    key = LinkKey(secrets.token_bytes(KEY_BYTES))
    # The mode is given at creation: with a chmod after it there would be a moment in which others could read.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(descriptor, "wb") as file:
            file.write(key.to_text().encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        _sync_folder(path.parent)
    except OSError:
        path.unlink(missing_ok=True)  # half a key would pass for one that somebody damaged
        raise
    return key


def load_link_key(path: Path) -> LinkKey:
    """The key that a file holds. Raises LinkKeyFileError."""
    try:
        text = _read_private(path)
    except FileNotFoundError:
        raise LinkKeyFileError(
            f"there is no link key at {path}. Run 'execution-officer setup', which makes it, "
            "or copy it from where it was made"
        ) from None
    except (KeyFileError, OSError) as error:
        raise LinkKeyFileError(_unusable("link key file", path, error)) from None
    try:
        return LinkKey.from_text(text)
    except LinkKeyError as error:
        raise LinkKeyFileError(
            f"the link key file {path} cannot be used: {error}. Restore it; or move it away, run "
            "'execution-officer setup', and give the terminal the new key"
        ) from None


def find_api_key(variable: str | None, file: Path | None, environ: Mapping[str, str] = os.environ) -> ApiKey:
    """The API key, from an environment variable or a file: exactly one is given. Raises ApiKeyError."""
    if variable is not None and file is None:
        return api_key_from_environment(variable, environ)
    if file is not None and variable is None:
        return api_key_from_file(file)
    raise ValueError("name a variable or a file")


def api_key_from_environment(variable: str, environ: Mapping[str, str] = os.environ) -> ApiKey:
    """The API key in an environment variable. Raises ApiKeyError."""
    text = environ.get(variable)
    where = f"the environment variable {variable}"
    if text is None:
        raise ApiKeyError(f"{where} is not set. Set it to the Director's API key for this process")
    return _api_key(text, where)


def api_key_from_file(path: Path) -> ApiKey:
    """The API key in a file, white space around it dropped. Raises ApiKeyError."""
    try:
        text = _read_private(path)
    except FileNotFoundError:
        raise ApiKeyError(
            f"there is no API key file at {path}. Write the Director's API key into it"
        ) from None
    except (KeyFileError, OSError) as error:
        raise ApiKeyError(_unusable("API key file", path, error)) from None
    return _api_key(text, f"the API key file {path}")


def _api_key(text: str, where: str) -> ApiKey:
    key = text.strip()
    if not key:
        raise ApiKeyError(f"{where} is empty. It must hold the Director's API key")
    # Else it could not stand in an HTTP header.
    if not key.isascii() or not key.isprintable():
        raise ApiKeyError(
            f"{where} holds characters that no API key has (control characters, more than one line, or "
            "letters beyond ASCII). It must hold the key and nothing else"
        )
    return ApiKey(key)


def _read_private(path: Path) -> str:
    """A short text file that nobody else may read. Raises KeyFileError, OSError."""
    # O_NONBLOCK: a named pipe in the file's place must not hold us up.
    with open(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as file:
        status = os.fstat(file.fileno())  # of what was opened: a path may be another file by now
        if not stat.S_ISREG(status.st_mode):
            raise KeyFileError("it is not an ordinary file. Name the file that holds the key")
        if _HAS_MODES and status.st_mode & _OTHERS:
            raise KeyFileError(
                f"others may read or change it (its mode is {stat.S_IMODE(status.st_mode):03o}). "
                f"Run: chmod 600 '{path}'"
            )
        raw = file.read(_MAX_BYTES + 1)
    if len(raw) > _MAX_BYTES:
        raise KeyFileError(f"it is longer than {_MAX_BYTES} bytes. It must hold the key and nothing else")
    try:
        return raw.decode("utf-8-sig")  # Windows' editors put a mark in front
    except UnicodeDecodeError:
        raise KeyFileError("it is not UTF-8 text. Save it as UTF-8") from None


def _unusable(what: str, path: Path, error: KeyFileError | OSError) -> str:
    if isinstance(error, OSError):
        return f"the {what} {path} cannot be read: {error.strerror}. Check its owner and permissions"
    return f"the {what} {path} cannot be used: {error}"


def _sync_folder(folder: Path) -> None:
    """Make a new name in a folder outlive a power cut. Windows has no such call, and no need of it."""
    if not _HAS_MODES:
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
