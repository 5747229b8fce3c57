"""Catalogue of foreign implementations: the source of each, and the command that serves its ROUTER."""

import os
import re
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.rig.packages import UnavailableError, debian, npm, one, pip, program, run

ROUTERS: Final = Path(__file__).parent / "routers"
ROOT: Final = Path(__file__).parents[2]
MANY_LINUX: Final = ("manylinux1", "manylinux2010", "manylinux2014", "manylinux_2_12", "manylinux_2_28")


@dataclass(frozen=True)
class Served:
    """Command line and environment of a ROUTER. The word `PORT` is replaced by the port number."""

    command: Sequence[str]
    environ: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Foreign:
    """One implementation. `install` fills an empty folder and returns the command. It raises UnavailableError."""

    name: str
    source: str
    install: Callable[[Path], Served]
    too_old: bool = False
    """Older than ZMTP 3: the expected result is that the EA refuses the connection."""


def _python(module: str, folder: Path, *words: str) -> Served:
    return Served(
        (sys.executable, "-m", f"tests.interop.routers.{module}", "PORT", *words),
        {"PYTHONPATH": os.pathsep.join((str(ROOT), str(folder)))},
    )


def _wheel(version: str, python: str) -> Callable[[Path], Served]:
    """Return the installer of the libzmq inside a wheel of pyzmq; the wheel may be for any Python."""

    def install(folder: Path) -> Served:
        if sys.platform != "linux":
            raise UnavailableError(f"platform {sys.platform} is not supported: the wheels are for Linux")
        machine = os.uname().machine
        platforms = [word for name in MANY_LINUX for word in ("--platform", f"{name}_{machine}")]
        only = ("--only-binary=:all:", "--implementation", "cp", "--python-version", python)
        pip(folder, "--no-deps", *only, *platforms, f"pyzmq=={version}")
        libraries = [*folder.rglob("libsodium*.so*"), one(folder, "libzmq*.so*")]
        return _python("libzmq", folder, *map(str, libraries))

    return install


def _debian_libzmq(folder: Path) -> Served:
    files = debian(folder, "libzmq5", "libnorm1", "libpgm-5.3-0", "libsodium23", "libbsd0", "libmd0")
    needed = [
        one(files, f"{name}.so.*") for name in ("libmd", "libbsd", "libnorm", "libpgm-5.3", "libsodium")
    ]
    return _python("libzmq", folder, *map(str, [*needed, one(files, "libzmq.so.5")]))


def _omq(folder: Path) -> Served:
    pip(folder, "pyomq")
    return _python("omq", folder)


def _azmq(folder: Path) -> Served:
    pip(folder, "azmq==1.0.6")
    # Two constructs in its source became syntax errors in Python 3.7 and 3.9.
    file = folder / "azmq" / "socket.py"
    text = file.read_text(encoding="utf-8").replace(
        "with await self._read_lock:", "async with self._read_lock:"
    )
    file.write_text(re.sub(r"\n( +)(p for p in .* is connection),\n", r"\n\1(\2),\n", text), encoding="utf-8")
    return _python("pure", folder)


def _node(folder: Path, node: str) -> Served:
    return Served((node, str(ROUTERS / "router.js"), "PORT"), {"NODE_PATH": str(folder / "node_modules")})


def _zeromq_6(version: str) -> Callable[[Path], Served]:
    def install(folder: Path) -> Served:
        node = program("node")
        npm(folder, f"zeromq@{version}")
        return _node(folder, node)

    return install


def _zeromq_5(folder: Path) -> Served:
    """Install zeromq 5 with Node 18 from PyPI: its binaries support no newer Node."""
    npm(folder, "zeromq@5.3.1", "--ignore-scripts")
    (folder / "python").mkdir()
    pip(folder / "python", "nodejs-bin==18.4.0a4")
    return _node(folder, str(one(folder / "python", "bin/node")))


def _java(jar: Path, version: str) -> Served:
    return Served((program("java"), "-cp", str(jar), str(ROUTERS / "Router.java"), "PORT", version))


def _toree(folder: Path) -> Served:
    """Install Apache Toree: its single jar contains a JeroMQ with ZMTP 3."""
    program("java")
    run(
        (sys.executable, "-m", "pip", "download", "-q", "--no-deps", "toree==0.5.0"),
        folder,
    )
    shutil.unpack_archive(one(folder, "toree-*.tar.gz"), folder)
    return _java(one(folder, "toree-assembly-*.jar"), "0.4")


def _kotlin(folder: Path) -> Served:
    """Install the Kotlin kernel of Jupyter: its jar contains a newer JeroMQ."""
    program("java")
    pip(folder, "--no-deps", "kotlin-jupyter-kernel==0.19.0.944")
    return _java(one(folder, "kotlin-jupyter-kernel-*-all.jar"), "0.6.0")


def _debian_jeromq(folder: Path) -> Served:
    program("java")
    debian(folder, "libjeromq-java")
    return _java(one(folder, "jeromq-0*.jar"), "0.3.6")


CATALOGUE: Final = (
    Foreign("libzmq 4.1", "PyPI pyzmq 16.0.2", _wheel("16.0.2", "3.6")),
    Foreign("libzmq 4.2", "PyPI pyzmq 17.1.2", _wheel("17.1.2", "3.7")),
    Foreign("libzmq 4.3.2", "PyPI pyzmq 19.0.2", _wheel("19.0.2", "3.8")),
    Foreign("libzmq 4.3.3", "PyPI pyzmq 20.0.0", _wheel("20.0.0", "3.8")),
    Foreign("libzmq 4.3.4", "PyPI pyzmq 24.0.1", _wheel("24.0.1", "3.11")),
    Foreign("libzmq 4.3.5", "PyPI pyzmq 26.4.0", _wheel("26.4.0", "3.11")),
    Foreign("libzmq of Debian", "Debian libzmq5", _debian_libzmq),
    Foreign("Node zeromq 5", "npm zeromq 5.3.1", _zeromq_5),
    Foreign("Node zeromq 6.0", "npm zeromq 6.0.4", _zeromq_6("6.0.4")),
    Foreign("Node zeromq 6", "npm zeromq", _zeromq_6("latest")),
    Foreign("omq.rs (Rust)", "PyPI pyomq", _omq),
    Foreign("azmq (Python)", "PyPI azmq 1.0.6", _azmq),
    Foreign("JeroMQ 0.6 (Java)", "PyPI kotlin-jupyter-kernel 0.19.0.944", _kotlin),
    Foreign("JeroMQ 0.4 (Java)", "PyPI toree 0.5.0", _toree),
    Foreign("JeroMQ 0.3 (Java)", "Debian libjeromq-java", _debian_jeromq, too_old=True),
)
