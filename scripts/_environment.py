"""The project's own environment, `.venv` in the checkout: made when a script first needs it, then used.

Every package is installed in the version, and with the hash, that constraints/ names. Standard library only,
since this runs before anything is installed. A Python that is too old must be able to parse this file, so that
it can print the reason. Nothing is installed into the Python that runs the script.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from _lock import held

ROOT = Path(__file__).resolve().parent.parent
MINIMUM = (3, 11)
FAILED = 3
"""The exit status where the environment could not be made."""
INTERRUPTED = 130

_RUNS_HERE = f"{sys.version_info[0]}.{sys.version_info[1]}"
_MISLEADING = frozenset(
    ["PYTHONHOME", "PYTHONPATH", "PIP_PREFIX", "PIP_PYTHON", "PIP_ROOT", "PIP_TARGET", "PIP_USER"]
)
"""Environment variables that would make pip install into another place than the environment."""


class EnvironmentUnusableError(Exception):
    """The environment cannot be made. The message has the reason and the remedy."""


def enter(script: str, extra: str = "") -> None:
    """Return if this interpreter has the project; otherwise run `script` in the environment that has it.

    `extra` is one of pyproject's optional groups, which is needed as well.
    """
    _escape_what_the_streams_lack()
    try:
        require_python(sys.version_info)
        environment = Environment(ROOT)
        if environment.serves(extra):
            return
        environment.prepare(extra)
        _run_instead(environment.python, [os.path.abspath(script), *sys.argv[1:]])
    except EnvironmentUnusableError as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(FAILED)
    except KeyboardInterrupt:
        print("\nInterrupted. The next run continues.", file=sys.stderr)
        sys.exit(INTERRUPTED)


def _escape_what_the_streams_lack() -> None:
    """Let stdout and stderr escape the characters that their encoding lacks, as the bridge's commands do."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def require_python(version: Sequence[object]) -> None:
    """Raise EnvironmentUnusableError for a Python that is too old."""
    found, needed = (".".join(str(part) for part in parts[:2]) for parts in (version, MINIMUM))
    if tuple(version[:2]) < MINIMUM:
        raise EnvironmentUnusableError(
            f"Python {found} ({sys.executable}) is too old: {needed} or later is needed. "
            f"Run it with a later one, for example: python{needed} {sys.argv[0]}"
        )


class Environment:
    """The virtual environment of one checkout, and the stamp that records what was installed into it."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.folder = root / ".venv"
        self.python = self.folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        self._stamp = self.folder / "scripts-stamp.json"
        self._lock = self.folder / "scripts-lock"

    def serves(self, extra: str) -> bool:
        """Return whether the script can continue in the interpreter that runs it."""
        if self._is_running() and self._stamp.exists():
            return self.is_current(extra)
        return has_project(self._root, extra)

    def is_current(self, extra: str) -> bool:
        """Return whether the environment fits this checkout and Python, and has every requirement."""
        stamp = self._read_stamp()
        wanted = self._wanted()
        return (
            all(stamp.get(key) == value for key, value in wanted.items())
            and extra in stamp.get("extras", [])
            and self.python.exists()
        )

    def prepare(self, extra: str) -> None:
        """Make the environment, and install what is missing. Two runs at the same time take turns.

        Raises EnvironmentUnusableError.
        """
        try:
            foreign = self.folder.is_dir() and any(self.folder.iterdir()) and not self._lock.exists()
            with held(self._lock, lambda: _say(f"Another run is preparing {self.folder}; waiting for it.\n")):
                if self.is_current(extra):  # another run has done it
                    return
                began = time.monotonic()
                _say(f"Preparing {self.folder}, once; this can take a minute ...")
                try:
                    if not self._is_usable():
                        self._make_anew(foreign)
                    self._install(extra)
                except BaseException:
                    _say("\n")  # the error has a line of its own
                    raise
                _say(f" done in {time.monotonic() - began:.0f} s.\n")
        except OSError as error:
            raise EnvironmentUnusableError(f"cannot make {self.folder}: {error}") from error

    def _is_running(self) -> bool:
        return self.folder.is_dir() and os.path.samefile(sys.prefix, self.folder)

    def _is_usable(self) -> bool:
        """Return whether the existing environment has a Python of this version, with pip, in this place."""
        stamp = self._read_stamp()
        # In a checkout that was moved, the installed programs start the Python of the old place.
        if stamp and {key: stamp.get(key) for key in ("python", "root")} != self._place():
            return False
        code = "import sys, pip; print(f'{sys.version_info[0]}.{sys.version_info[1]}')"
        try:
            found = _run([str(self.python), "-c", code], self._root)
        except OSError:
            return False
        return found.returncode == 0 and found.stdout.strip() == _RUNS_HERE

    def _make_anew(self, foreign: bool) -> None:
        if foreign or self._is_running():
            origin = "runs this script" if self._is_running() else "was not made by this script"
            raise EnvironmentUnusableError(
                f"{self.folder} {origin}, and cannot be used with Python {_RUNS_HERE}. Move it away, and run "
                "this again with a Python from outside of it"
            )
        missing = [name for name in ("venv", "ensurepip") if importlib.util.find_spec(name) is None]
        if missing:
            raise EnvironmentUnusableError(lacking(missing, windows=os.name == "nt"))
        for item in self.folder.iterdir():
            if item == self._lock:
                continue
            if item.is_dir() and not item.is_symlink():
                shutil.rmtree(item)
            else:
                item.unlink()
        made = _run([sys.executable, "-m", "venv", str(self.folder)], self._root)
        if made.returncode:
            raise EnvironmentUnusableError(f"the virtual environment was not made:\n{made.stdout}")

    def _install(self, extra: str) -> None:
        stamp = self._read_stamp()
        extras = sorted({"", extra, *stamp.get("extras", [])})
        # While pip runs, and after it failed, the content of the environment is unknown.
        self._stamp.unlink(missing_ok=True)
        pip = [
            str(self.python),
            "-m",
            "pip",
            "install",
            "--disable-pip-version-check",
            "--no-input",
            # Python compiles what is imported. pip would compile all, and in vain where bytecode is kept elsewhere.
            "--no-compile",
            "--no-deps",
        ]
        # The project's own build backend is pinned too, and therefore installed first.
        for step in (
            ["--require-hashes", "--requirement", str(self._root / "constraints" / pins(extras))],
            ["--no-build-isolation", "--editable", "."],
        ):
            done = _run([*pip, *step], self._root)
            if done.returncode:
                raise EnvironmentUnusableError(f"the installation failed; output of pip:\n{done.stdout}")
        fresh = self._stamp.with_suffix(".new")
        fresh.write_text(json.dumps({**self._wanted(), "extras": extras}), encoding="utf-8")
        fresh.replace(self._stamp)

    def _place(self) -> dict[str, str]:
        return {"python": _RUNS_HERE, "root": str(self._root)}

    def _wanted(self) -> dict[str, str]:
        files = [self._root / "pyproject.toml", *sorted((self._root / "constraints").glob("*.txt"))]
        project = b"".join(file.read_bytes() for file in files)
        return {**self._place(), "project": hashlib.sha256(project).hexdigest()}

    def _read_stamp(self) -> dict[str, Any]:
        """Return the stamp; an empty one if there is none that can be read."""
        try:
            found = json.loads(self._stamp.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}


def lacking(modules: Sequence[str], *, windows: bool) -> str:
    """Return the message for a Python without the modules that make an environment."""
    remedy = f"On Debian and Ubuntu: sudo apt install python{_RUNS_HERE}-venv"
    if windows:
        remedy = "Install Python with its installer: the embeddable package lacks them"
    return (
        f"this Python ({sys.executable}) lacks {' and '.join(modules)}, and cannot make virtual environments. "
        f"{remedy}. Then run this again"
    )


def pins(extras: Sequence[str]) -> str:
    """Return the file of constraints/ with the packages of these optional groups."""
    return "test.txt" if "test" in extras else "run.txt"


def has_project(root: Path, extra: str) -> bool:
    """Return whether this interpreter has the checkout itself installed, and every requirement.

    An environment that somebody made for the checkout is then used, and no second one is made.
    """
    spec = importlib.util.find_spec("bridge")
    if spec is None or spec.origin is None or Path(spec.origin).resolve().parent != root / "bridge":
        return False
    try:
        for name in needed(root, extra):
            importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def needed(root: Path, extra: str) -> list[str]:
    """Return the names of the project and of its requirements, from pyproject.toml."""
    import tomllib  # Not at the top: a Python that is too old has no tomllib.

    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    required = [*project["dependencies"], *(project["optional-dependencies"][extra] if extra else [])]
    names = [re.match(r"[A-Za-z0-9._-]+", requirement) for requirement in required]
    return [project["name"], *(name[0] for name in names if name)]


def for_installing(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables for venv and pip, without those that change the place of the installation."""
    kept = {name: value for name, value in environ.items() if name.upper() not in _MISLEADING}
    if os.name == "posix" and not kept.get("HOME"):
        # pip would make its cache in the root folder, or in a folder named '~'.
        kept.pop("HOME", None)
        kept["PIP_NO_CACHE_DIR"] = "1"
    return kept


def _run(command: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run to the end. `stdout` of the result has the output of both streams."""
    return subprocess.run(
        command,
        cwd=folder,
        env=for_installing(os.environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )


def _run_instead(python: Path, arguments: Sequence[str]) -> NoReturn:
    """Continue as another Python. Never returns."""
    if Path(sys.executable) == python and not os.path.samefile(sys.prefix, python.parent.parent):
        raise EnvironmentUnusableError(
            f"{python} does not start in its own environment. Move {python.parent.parent}"
        )
    # With PYTHONHOME the environment's Python would not use its own environment.
    os.environ.pop("PYTHONHOME", None)
    command = [str(python), *arguments]
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name != "nt":
        os.execv(command[0], command)  # noqa: S606 (the environment's own Python, no shell)
    # On Windows exec starts a second process and ends this one, so that the shell would not wait. Ctrl-C reaches
    # both; the child reacts, and this process returns the child's exit status.
    signal.signal(signal.SIGINT, lambda *_: None)
    sys.exit(subprocess.run(command).returncode)


def _say(text: str) -> None:
    # On stderr: stdout has the output of the script alone.
    print(text, end="", file=sys.stderr, flush=True)
