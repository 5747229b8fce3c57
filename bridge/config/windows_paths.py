r"""Rules of Windows for the paths of files. They read texts alone, and are tested on every platform.

Windows itself often does not refuse such a path: it removes a final dot or space, opens a device in place of the
file, or takes the current folder of a drive. The journal would then be another file than the one that is named.
Source: https://learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file
"""

import re
from pathlib import PureWindowsPath
from typing import Final

MOST_CHARACTERS: Final = 180
"""Characters of a path with its folders. Windows opens 259; the names of the files beside it are up to 72 long."""

_DEVICES: Final = frozenset(
    ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"]
    + [f"{device}{digit}" for device in ("COM", "LPT") for digit in "0123456789¹²³"]
)
_FORBIDDEN: Final = re.compile(r'[<>:"|?*]')
_DRIVE_RELATIVE: Final = re.compile(r"[A-Za-z]:(?![\\/])")
_VERBATIM: Final = re.compile(r"\\\\\?\\(?:(UNC)\\)?", re.IGNORECASE)
_SYNCHRONIZED: Final = re.compile(
    r"onedrive(?: - .*)?|dropbox(?: \(.*\))?|google drive|my drive|iclouddrive", re.IGNORECASE
)
"""Names of the folders that a program copies to other machines and back."""

NETWORK: Final = "where SQLite's write-ahead log does not work"
LOCAL: Final = "put it on a disk of this machine"
ABSOLUTE: Final = r"write the whole path, as in 'C:\bridge\journal.db'"


def is_device(name: str) -> bool:
    """Return True for a reserved name of a device, with any extension."""
    return name.partition(".")[0].rstrip(" ").upper() in _DEVICES


def without_prefix(path: str) -> str:
    r"""Return a path without the prefix `\\?\` of long paths, which `file:` URIs do not have."""
    found = _VERBATIM.match(path)
    if found is None:
        return path
    rest = path[found.end() :]
    return rf"\\{rest}" if found[1] else rest


def is_network(path: str) -> bool:
    r"""Return True for a path of a network drive, `\\server\share`, and False for a device, `\\.\C:`."""
    return PureWindowsPath(without_prefix(path)).drive.startswith("\\\\") and not _is_device_path(path)


def _is_device_path(path: str) -> bool:
    return path.replace("/", "\\").startswith("\\\\.\\")


def problem(path: str) -> tuple[str, str] | None:
    """Return rule and remedy for a path, as written, that Windows takes for another file; None for any other."""
    text = without_prefix(path)
    if text[:1] == "~" and text[1:2] not in ("", "\\", "/"):
        return "names the home folder of another user, which Windows does not look up", ABSOLUTE
    if _is_device_path(text):
        return "names a device, and not a file", ABSOLUTE
    if _DRIVE_RELATIVE.match(text):
        rule = f"starts in the current folder of drive {text[:2]}, which differs from program to program"
        return rule, rf"write {text[:2]}\ and all folders, or a path without a drive"
    pure = PureWindowsPath(text)
    for part in pure.parts[1:] if pure.anchor else pure.parts:
        if found := _name_problem(part):
            return found, "write another name"
    return None


def _name_problem(part: str) -> str | None:
    """Return the rule that the name of a file or folder breaks."""
    if part in (".", ".."):
        return None
    if forbidden := _FORBIDDEN.search(part):
        return f"has the character {forbidden[0]} in the name {part}, where Windows does not allow it"
    if part.endswith((" ", ".")):
        end = "space" if part[-1] == " " else "dot"
        return f'has a name that ends with a {end} ("{part}"), which Windows removes'
    if is_device(part):
        return f"has the name {part}, which is reserved for a device of Windows"
    return None


def copy_problem(path: str) -> tuple[str, str] | None:
    """Return rule and remedy for the path of a backup that cannot be made there; None for any other."""
    if is_network(path):
        return "is on a network drive, where the copy cannot be checked", f"{LOCAL}, and copy it from there"
    return problem(path)


def place_problem(path: PureWindowsPath) -> tuple[str, str] | None:
    """Return rule and remedy for the absolute path of a journal that cannot be there; None for any other."""
    if is_network(str(path)):
        return f"is on a network drive ({path}), {NETWORK}", LOCAL
    if len(str(path)) > MOST_CHARACTERS:
        rule = f"has {len(str(path))} characters with its folders ({path}), and {MOST_CHARACTERS} is the most"
        return rule, "put it into a folder nearer to the drive"
    for part in path.parts[1:-1]:
        if _SYNCHRONIZED.fullmatch(part):
            rule = (
                f"is in the folder {part} ({path}), whose program copies, locks and replaces files by itself"
            )
            return rule, r"put it into a folder of this machine alone, as in 'C:\bridge\journal.db'"
    return None
