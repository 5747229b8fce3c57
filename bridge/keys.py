"""Keys on disk and in the environment: link keys of the officers, API key of the Director, page key.

A key file contains one line of text. On POSIX only root and the user that reads it may have access, by mode or by
access control list: a service manager gives a credential to a service by such a list. On Windows the mode does not
show who has access; there the operator sets the folder's access rights, and they are not checked.

No message ever contains a key or a text that may be one.
"""

import errno
import hashlib
import hmac
import os
import secrets
import shlex
import stat
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from bridge import confinement, ownership
from bridge.core.link.handshake import KEY_BYTES, LinkKey, LinkKeyError
from bridge.core.units import posix_acl

SUFFIX: Final = ".linkkey"
PAGE_KEY_BYTES: Final = 32
LEAST_PAGE_KEY: Final = 32
"""Least characters of the page key: nobody can try that many."""
_MAX_BYTES: Final = 4096
_HAS_MODES = os.name == "posix"


class KeyFileError(Exception):
    """A key file cannot be used. The message has the file, the rule that it breaks, and the remedy."""


class LinkKeyFileError(KeyFileError):
    """An officer's link key cannot be loaded."""


class ApiKeyError(KeyFileError):
    """The Director's API key cannot be loaded from its file or environment variable."""


class PageKeyError(KeyFileError):
    """The key of the page's commands cannot be loaded."""


class PageKey:
    """Key of the page's commands. Its digest alone is kept, and its repr does not show it."""

    __slots__ = ("_digest",)

    def __init__(self, text: str) -> None:
        self._digest = _digest(text)

    def matches(self, given: str) -> bool:
        """Compare a text with the page key, in the same time wherever they differ."""
        return hmac.compare_digest(self._digest, _digest(given))

    def __repr__(self) -> str:
        return "PageKey(...)"


class ApiKey:
    """API key of the Director. Its repr does not show it, so that no log or traceback does."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the key itself, for the request's header."""
        return self._text

    def __repr__(self) -> str:
        return "ApiKey(...)"


def link_key_path(journal: Path, officer: str) -> Path:
    """Return the path of an officer's link key, beside the journal."""
    return journal.parent / f"{officer}{SUFFIX}"


def create_link_key(path: Path) -> LinkKey:
    """Draw a random key and store it durably, readable by its owner only: for root, the owner of its folder.

    Raises FileExistsError if the path exists, and leaves it unchanged; OSError if the file cannot be written, and
    leaves none.
    """
    key = LinkKey(secrets.token_bytes(KEY_BYTES))
    _create(path, key.to_text())
    return key


def create_page_key(path: Path) -> None:
    """Draw a random page key and store it like a link key. Raises FileExistsError, OSError."""
    _create(path, secrets.token_urlsafe(PAGE_KEY_BYTES))


def _create(path: Path, text: str) -> None:
    # The mode is given at creation: with a chmod after it there would be a moment in which others could read.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(descriptor, "wb") as file:
            ownership.give(file.fileno(), path.parent)
            file.write(text.encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        _sync_folder(path.parent)
    except OSError:
        path.unlink(missing_ok=True)  # half a key would look like a damaged one
        raise


def load_link_key(path: Path) -> LinkKey:
    """Return the key in a file. Raises LinkKeyFileError."""
    try:
        text = read_private(path)
    except FileNotFoundError:
        raise LinkKeyFileError(
            f"the link key file {path} does not exist; run 'execution-officer setup' to create it, "
            f"or copy it from the machine on which it was created{confinement.hint(path)}"
        ) from None
    except (KeyFileError, OSError) as error:
        raise LinkKeyFileError(_unusable("link key file", path, error)) from None
    try:
        return LinkKey.from_text(text)
    except LinkKeyError as error:
        raise LinkKeyFileError(
            f"the link key file {path} cannot be used: {error}; restore it, or move it away, run "
            "'execution-officer setup', and give the terminal the new key"
        ) from None


def load_page_key(path: Path) -> PageKey:
    """Return the page key in a file, without surrounding white space. Raises PageKeyError."""
    try:
        text = read_private(path).strip()
    except FileNotFoundError:
        raise PageKeyError(
            f"the page key file {path} does not exist; run 'execution-officer setup' to create it"
            f"{confinement.hint(path)}"
        ) from None
    except (KeyFileError, OSError) as error:
        raise PageKeyError(_unusable("page key file", path, error)) from None
    if len(text) < LEAST_PAGE_KEY or not text.isascii() or not text.isprintable():
        raise PageKeyError(
            f"the page key file {path} cannot be used: it must contain one line of at least {LEAST_PAGE_KEY} "
            "printable ASCII characters; move it away, and run 'execution-officer setup'"
        )
    return PageKey(text)


def find_api_key(variable: str | None, file: Path | None, environ: Mapping[str, str] = os.environ) -> ApiKey:
    """Return the API key from an environment variable or a file; exactly one is given. Raises ApiKeyError."""
    if variable is not None and file is None:
        return api_key_from_environment(variable, environ)
    if file is not None and variable is None:
        return api_key_from_file(file)
    raise ValueError("exactly one of variable and file must be given")


def api_key_from_environment(variable: str, environ: Mapping[str, str] = os.environ) -> ApiKey:
    """Return the API key in an environment variable. Raises ApiKeyError."""
    text = environ.get(variable)
    where = f"the environment variable {variable}"
    if text is None:
        raise ApiKeyError(f"{where} is not set; set it to the Director's API key for this process")
    return _api_key(text, where)


def api_key_from_file(path: Path) -> ApiKey:
    """Return the API key in a file, without surrounding white space. Raises ApiKeyError."""
    try:
        text = read_private(path)
    except FileNotFoundError:
        remedy = "write the Director's API key into it"
        if (hidden := path.with_name(f"{path.name}.txt")).is_file():
            # Editors on Windows add this ending, and its Explorer hides it.
            remedy = f"rename {hidden.name}, which is beside it, to {path.name}"
        raise ApiKeyError(
            f"the API key file {path} does not exist; {remedy}{confinement.hint(path)}"
        ) from None
    except (KeyFileError, OSError) as error:
        raise ApiKeyError(_unusable("API key file", path, error)) from None
    return _api_key(text, f"the API key file {path}")


def _api_key(text: str, where: str) -> ApiKey:
    key = text.strip()
    if not key:
        raise ApiKeyError(f"{where} is empty; set it to the Director's API key")
    # It must fit into an HTTP header.
    if not key.isascii() or not key.isprintable():
        raise ApiKeyError(
            f"{where} contains characters that are not allowed in an API key (control characters, several lines, "
            "or non-ASCII letters); it must contain only the key"
        )
    return ApiKey(key)


def read_private(path: Path) -> str:
    """Return the text of a short file that only root and this user may read. Raises KeyFileError, OSError."""
    # O_NONBLOCK: a named pipe in the file's place must not block.
    with open(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as file:
        status = os.fstat(file.fileno())  # of the opened file: the path may name another one by now
        if not stat.S_ISREG(status.st_mode):
            raise KeyFileError("it is not a regular file; name the file that contains the key")
        _check_private(path, file.fileno(), status)
        raw = file.read(_MAX_BYTES + 1)
    if len(raw) > _MAX_BYTES:
        raise KeyFileError(f"it is longer than {_MAX_BYTES} bytes; it must contain only the key")
    try:
        return raw.decode("utf-8-sig")  # editors on Windows add a byte order mark
    except UnicodeDecodeError:
        raise KeyFileError(
            "it is not UTF-8 text; save it as UTF-8 (Notepad's 'Unicode' and > in Windows PowerShell write UTF-16)"
        ) from None


def _check_private(path: Path, descriptor: int, status: os.stat_result) -> None:
    """Raise KeyFileError where anybody but root and this user has a right to the open file."""
    if not _HAS_MODES:
        return
    try:
        attribute = _acl(descriptor)
        openings = posix_acl.openings(status.st_mode, status.st_uid, attribute, user=os.geteuid())
    except posix_acl.AclError as error:
        openings, attribute = [f"its access control list cannot be understood: {error}"], b""
    if not openings:
        return
    if os.fstatvfs(descriptor).f_flag & os.ST_RDONLY:
        remedy = (
            "its file system is read-only: correct the owner and the rights where the file comes from, such as the "
            "LoadCredential= of a unit or the mode of a container's secret"
        )
    else:
        remedy = f"run: {_restriction(path, status.st_uid, has_acl=attribute is not None)}"
    raise KeyFileError(f"{', and '.join(openings)}; {remedy}")


def _acl(descriptor: int) -> bytes | None:
    """Return the access control list of the open file; None where it has none. macOS keeps no such list."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        return os.getxattr(descriptor, posix_acl.ATTRIBUTE)
    except OSError as error:
        if error.errno in (errno.ENODATA, errno.ENOTSUP):
            return None
        raise


def _restriction(path: Path, owner: int, *, has_acl: bool) -> str:
    """Return the command that leaves the file to root and this user alone."""
    user = os.geteuid()
    name = shlex.quote(str(path))
    clear = f"setfacl -b {name} && " if has_acl else ""
    if user in (posix_acl.ROOT, owner):
        return f"{clear}chmod 600 {name}"
    return f"{clear}chown {user} {name} && chmod 600 {name}"


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _unusable(what: str, path: Path, error: KeyFileError | OSError) -> str:
    if isinstance(error, OSError):
        remedy = f"check its owner and permissions{confinement.hint(path)}"
        return f"the {what} {path} cannot be read: {error.strerror}; {remedy}"
    return f"the {what} {path} cannot be used: {error}"


def _sync_folder(folder: Path) -> None:
    """Make a new directory entry durable. Windows has no such call and does not need it."""
    if not _HAS_MODES:
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
