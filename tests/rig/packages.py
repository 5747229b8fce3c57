"""Packages of public registries, unpacked into a folder: for suites that try other software, and need a network."""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

INSTALL_S: Final = 300


class UnavailableError(Exception):
    """The software cannot be installed or started on this machine. The message gives the reason."""


def run(command: Sequence[str], folder: Path) -> None:
    """Run a command of an installation. Raises UnavailableError where it fails."""
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, errors="replace", timeout=INSTALL_S
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UnavailableError(str(error)) from None
    if done.returncode:
        output = (done.stderr or done.stdout).strip().splitlines()
        raise UnavailableError(f"{command[0]}: {output[-1] if output else f'exit code {done.returncode}'}")


def program(name: str) -> str:
    """Return the path of a program of this machine. Raises UnavailableError."""
    found = shutil.which(name)
    if found is None:
        raise UnavailableError(f"program {name} is not installed")
    return found


def pip(folder: Path, *words: str) -> None:
    """Install packages of PyPI into the folder."""
    command = (sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-input")
    run((*command, "--target", str(folder), *words), folder)


def npm(folder: Path, package: str, *words: str) -> None:
    """Install a package of the npm registry into the folder."""
    (folder / "package.json").write_text("{}", encoding="utf-8")
    run((program("npm"), "install", "--no-audit", "--no-fund", *words, package), folder)


def debian(folder: Path, *packages: str) -> Path:
    """Unpack Debian packages into the folder, without installing them; return the folder."""
    for name in packages:
        run((program("apt-get"), "download", name), folder)
        run((program("dpkg"), "-x", str(one(folder, f"{name}_*.deb")), str(folder)), folder)
    return folder


def one(folder: Path, pattern: str) -> Path:
    """Return the first file of that name anywhere in the folder. Raises UnavailableError."""
    found = sorted(folder.rglob(pattern))
    if not found:
        raise UnavailableError(f"the package holds no file {pattern}")
    return found[0]
