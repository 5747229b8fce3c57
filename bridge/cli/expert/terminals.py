"""Data folders of MetaTrader 5 terminals: on Windows, in Wine prefixes, and in portable mode.

A data folder has a folder MQL5. `origin.txt` in it, in UTF-16, has the path of the terminal's program. A terminal
in portable mode has its data beside the program, and no such file.
"""

import codecs
from collections.abc import Iterator, Mapping
from pathlib import Path, PureWindowsPath

import msgspec

_TERMINALS = "AppData/Roaming/MetaQuotes/Terminal"
_PROGRAMS = ("Program Files", "Program Files (x86)")


class Terminal(msgspec.Struct, frozen=True):
    """Terminal with its data folder."""

    data: Path
    name: str
    """Name of its program's folder, which brokers choose, such as 'MetaTrader 5'."""
    program: Path | None = None
    """Folder of its program; None where that is not known on this machine."""

    @property
    def mql5(self) -> Path:
        """Folder for Expert Advisors, headers and presets."""
        return self.data / "MQL5"


def find(home: Path, environ: Mapping[str, str], *, windows: bool) -> list[Terminal]:
    """Return the terminals of this user, each data folder once."""
    found: dict[Path, Terminal] = {}
    for terminal in _windows(environ) if windows else _wine(home, environ):
        found.setdefault(terminal.data, terminal)
    return list(found.values())


def at(data: Path) -> Terminal | None:
    """Return the terminal of a data folder, or of its MQL5 folder; None where it is no such folder."""
    if data.name.upper() == "MQL5" and data.is_dir():
        data = data.parent
    if not (data / "MQL5").is_dir():
        return None
    origin = _origin(data)
    if origin:
        return Terminal(data, PureWindowsPath(origin).name, _program_folder(origin, data))
    return Terminal(data, f"{data.name} (portable)", data if (data / "terminal64.exe").is_file() else None)


def _windows(environ: Mapping[str, str]) -> Iterator[Terminal]:
    if "APPDATA" in environ:
        yield from _installed(Path(environ["APPDATA"]) / "MetaQuotes" / "Terminal")
    for variable in ("ProgramFiles", "ProgramFiles(x86)"):
        if variable in environ:
            yield from _portable(Path(environ[variable]))


def _wine(home: Path, environ: Mapping[str, str]) -> Iterator[Terminal]:
    named = environ.get("WINEPREFIX")
    for prefix in (*([Path(named)] if named else []), home / ".wine", home / ".mt5"):
        for user in _folders(prefix / "drive_c/users"):
            yield from _installed(user / _TERMINALS)
        for programs in _PROGRAMS:
            yield from _portable(prefix / "drive_c" / programs)


def _installed(terminals: Path) -> Iterator[Terminal]:
    for data in _folders(terminals):
        # Folders without origin.txt are no terminal's: 'Common', 'Help'.
        if _origin(data) and (terminal := at(data)) is not None:
            yield terminal


def _portable(programs: Path) -> Iterator[Terminal]:
    """Yield the terminals whose data is beside the program: one that was started otherwise has no Config there."""
    for folder in _folders(programs):
        used = any((folder / name / "common.ini").is_file() for name in ("Config", "config"))
        if used and (folder / "terminal64.exe").is_file() and (terminal := at(folder)) is not None:
            yield terminal


def _folders(path: Path) -> list[Path]:
    try:
        return sorted(each for each in path.iterdir() if each.is_dir())
    except OSError:
        return []


def _origin(data: Path) -> str:
    """Return the content of origin.txt; empty where there is none, or none that can be read."""
    try:
        raw = (data / "origin.txt").read_bytes()
    except OSError:
        return ""
    marked = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = raw.decode("utf-16" if marked else "utf-16-le" if b"\0" in raw else "utf-8", errors="replace")
    return text.strip().strip("\0").rstrip("\\")


def _program_folder(origin: str, data: Path) -> Path | None:
    """Return the program's folder on this machine: as it stands, or below the Wine prefix of the data folder."""
    if Path(origin).is_dir():
        return Path(origin)
    drive_c = next((parent for parent in data.parents if parent.name == "drive_c"), None)
    windows = PureWindowsPath(origin)
    if drive_c is None or windows.drive.upper() != "C:":
        return None
    inside = drive_c.joinpath(*windows.parts[1:])
    return inside if inside.is_dir() else None
