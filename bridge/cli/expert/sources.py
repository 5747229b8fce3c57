"""Sources of the Expert Advisor that this version has: their folder, their program's name, and their copies."""

import re
import shutil
from importlib import resources
from pathlib import Path
from typing import Final

import bridge

FOLDERS: Final = ("Experts/ExecutionOfficer", "Include/ExecutionOfficer")
MAIN: Final = "Experts/ExecutionOfficer/ExecutionOfficer.mq5"
_SUFFIXES: Final = (".mq5", ".mqh")
_PROGRAM: Final = re.compile(r'^#define PROGRAM "([^"]+)"', re.MULTILINE)


def folder() -> Path:
    """Return the folder of the sources: in the installed package, or in the checkout."""
    package = Path(str(resources.files(bridge)))
    installed = package / "mql5"
    return installed if installed.is_dir() else package.parent / "mql5"


def program(mql5: Path) -> str:
    """Return name and version of the sources in an MQL5 folder, as the hello has them; empty without them."""
    try:
        text = (mql5 / MAIN).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    found = _PROGRAM.search(text)
    return found[1] if found else ""


def shipped_program() -> str:
    """Return name and version of the Expert Advisor of this version; empty without its sources."""
    return program(folder())


def copy(target: Path) -> list[Path]:
    """Copy the sources into an MQL5 folder, and return the folders there. Raises OSError."""
    source = folder()
    made = []
    for name in FOLDERS:
        shutil.copytree(source / name, target / name, dirs_exist_ok=True)
        made.append(target / name)
    shutil.copy(source / "README.md", target / FOLDERS[0] / "README.md")
    return made


def different(mql5: Path) -> list[str]:
    """Return the files that are missing in an MQL5 folder, or differ in content, by their path there."""
    source = folder()
    found = []
    for name in FOLDERS:
        for path in sorted((source / name).rglob("*")):
            if path.suffix in _SUFFIXES:
                relative = path.relative_to(source)
                if _content(mql5 / relative) != _content(path):
                    found.append(relative.as_posix())
    return found


def is_compiled(mql5: Path) -> bool:
    """Return True where the compiled program is there, and no source was changed after it."""
    program_file = (mql5 / MAIN).with_suffix(".ex5")
    try:
        compiled = program_file.stat().st_mtime
    except OSError:
        return False
    files = [path for name in FOLDERS for path in (mql5 / name).rglob("*") if path.suffix in _SUFFIXES]
    return all(path.stat().st_mtime <= compiled for path in files)


def _content(path: Path) -> bytes | None:
    """Return a file's bytes, with one kind of line end: MetaEditor may write the other. None without the file."""
    try:
        return path.read_bytes().replace(b"\r\n", b"\n")
    except OSError:
        return None
