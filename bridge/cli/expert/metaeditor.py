"""MetaEditor's command line, and its log. Its exit status says nothing: the log's line `Result:` does."""

import re
import subprocess
from pathlib import Path, PureWindowsPath
from typing import Final

import msgspec

EDITOR: Final = "metaeditor64.exe"
COMPILE_S: Final = 300.0
_MESSAGE: Final = re.compile(r"(?P<file>.+?)\((?P<line>\d+),\d+\)\s*:\s*(?P<text>(?:error|warning)\b.*)")
_RESULT: Final = re.compile(
    r"Result:?\s*(?P<errors>\d+) errors?,\s*(?P<warnings>\d+) warnings?", re.IGNORECASE
)


class Log(msgspec.Struct, frozen=True):
    """Result of a compilation."""

    messages: list[str]
    """Errors and warnings, each as FILE:LINE: MESSAGE."""
    errors: int | None
    """None where the log has no result: the compilation failed then, too."""
    warnings: int = 0


def read_log(raw: bytes) -> Log:
    """Return the content of a log, which is UTF-16."""
    marked = raw.startswith((b"\xff\xfe", b"\xfe\xff"))
    lines = raw.decode("utf-16" if marked else "utf-16-le", errors="replace").splitlines()
    messages, result = [], None
    for line in lines:
        if (found := _MESSAGE.match(line.strip())) is not None:
            file = PureWindowsPath(found["file"]).name
            messages.append(f"{file}:{found['line']}: {found['text'].strip()}")
        result = _RESULT.search(line) or result
    if result is None:
        return Log(messages, None)
    return Log(messages, int(result["errors"]), int(result["warnings"]))


def command(program: Path | None, *, windows: bool) -> list[str]:
    """Return the start of the command line of a terminal's MetaEditor; empty where it cannot be run here."""
    editor = None if program is None else program / EDITOR
    return [str(editor)] if windows and editor is not None and editor.is_file() else []


def compile_source(start: list[str], source: Path, mql5: Path) -> Log:
    """Compile a source file. The old program and log are deleted first, since they would pass for the new ones.

    Raises OSError and subprocess.TimeoutExpired.
    """
    log = source.with_suffix(".log")
    for path in (source.with_suffix(".ex5"), log):
        path.unlink(missing_ok=True)
    subprocess.run(  # noqa: S603 - the terminal's own compiler
        [*start, f"/compile:{source}", f"/inc:{mql5}", f"/log:{log}"],
        check=False,
        timeout=COMPILE_S,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        return read_log(log.read_bytes())
    except FileNotFoundError:
        return Log([], None)
