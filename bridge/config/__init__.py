"""Configuration file: TOML, read into core.settings, with absolute paths.

    config = load(Path("bridge.toml"))

Nothing is created, and no key file is read.
"""

import codecs
import os
import sys
import tomllib
from decimal import Decimal
from pathlib import Path, PureWindowsPath
from typing import Any

from msgspec import Struct

from bridge import confinement
from bridge.config import windows_paths
from bridge.config.problem import ConfigError, Problem, shown
from bridge.config.reading import read_table
from bridge.config.rules import check
from bridge.core.settings import Settings

__all__ = ["Config", "ConfigError", "Problem", "beside", "load", "read"]


class Config(Struct, frozen=True, kw_only=True):
    """Settings, and the absolute paths of the files that they name."""

    source: Path
    """Path of the configuration file."""
    settings: Settings
    journal: Path
    api_key_file: Path | None
    """None if the API key is in an environment variable."""
    page_key_file: Path | None
    """None where the page takes no commands."""


def load(path: Path) -> Config:
    """Read and check a configuration file. Raises ConfigError.

    Relative paths in it start at the file's own folder, `~` at the home folder.
    """
    source = Path(os.path.abspath(path))  # not resolve(): messages name the file as it was given
    return read(source, _content(source))


def read(source: Path, content: bytes) -> Config:
    """Check the content of a configuration file, which need not exist. Raises ConfigError. `source`: absolute."""
    settings, problems = read_table(Settings, _parse(source, content))
    if settings is not None:
        problems = check(settings)
    if settings is None or problems:
        raise ConfigError(source, problems)
    key_file = settings.director.api_key_file
    page_key_file = None if settings.web is None else settings.web.key_file
    journal = beside(source, settings.journal.path)
    if sys.platform == "win32" and (found := windows_paths.place_problem(PureWindowsPath(journal))):
        raise ConfigError(source, [Problem("journal.path", shown(settings.journal.path), *found)])
    return Config(
        source=source,
        settings=settings,
        journal=journal,
        api_key_file=None if key_file is None else beside(source, key_file),
        page_key_file=None if page_key_file is None else beside(source, page_key_file),
    )


def beside(source: Path, path: str) -> Path:
    """Return the absolute path of one in the configuration: a relative one starts at its folder."""
    if sys.platform == "win32":
        path = windows_paths.without_prefix(path)
    return Path(os.path.abspath(source.parent / Path(path).expanduser()))


def _content(source: Path) -> bytes:
    """Return the file's bytes. Raises ConfigError."""
    try:
        return source.read_bytes()
    except FileNotFoundError:
        remedy = "name the right file with --config, or make one with 'execution-officer init'"
        if (hidden := source.with_name(f"{source.name}.txt")).is_file():
            # Editors on Windows add this ending, and its Explorer hides it.
            remedy = f"rename {hidden.name}, which is beside it, to {source.name}"
        raise _error(source, "does not exist", remedy + confinement.hint(source)) from None
    except OSError as problem:
        remedy = "check that it is a file and its permissions" + confinement.hint(source)
        raise _error(source, f"cannot be read ({problem.strerror})", remedy) from None


def _parse(source: Path, raw: bytes) -> dict[str, Any]:
    """Return the tables of a file's bytes. Raises ConfigError."""
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        remedy = "save it as UTF-8; Notepad's 'Unicode' and > in Windows PowerShell write UTF-16"
        raise _error(source, "is UTF-16, and must be UTF-8", remedy)
    try:
        text = raw.decode("utf-8-sig")  # editors on Windows add a byte order mark
    except UnicodeDecodeError as problem:
        raise _error(source, f"is not UTF-8 (byte {problem.start})", "save it as UTF-8") from None
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except (ValueError, ArithmeticError, RecursionError) as problem:
        # Besides TOML's own errors: too many digits, an exponent that is too large, nested brackets.
        detail = str(problem) if isinstance(problem, ValueError) else type(problem).__name__
        remedy = "correct the line"
        if "\\" in text:
            remedy += "; Windows paths belong in single quotes, as in 'C:\\bridge\\journal.db'"
        raise _error(source, f"is not TOML ({detail})", remedy) from None


def _error(source: Path, rule: str, remedy: str) -> ConfigError:
    return ConfigError(source, [Problem("", None, rule, remedy)])
