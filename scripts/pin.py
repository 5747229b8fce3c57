"""Pin every package of the project's environments to a version and its hashes, in constraints/.

    python3 scripts/pin.py [--upgrade]

It needs the program `uv` (`pip install uv`). Without --upgrade the versions in the files stay as far as
pyproject.toml allows them.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "constraints"
BUILD = ("hatchling>=1.24", "editables>=0.5")
"""Packages that build the project itself. They are installed beforehand, so that pip downloads none unpinned."""

HEAD = (
    "# Made by scripts/pin.py from pyproject.toml. Each version is installed only with one of its hashes.\n"
)


def requirements() -> dict[str, tuple[list[str], list[str]]]:
    """Return the requirements of each file: options of `uv pip compile`, and further packages."""
    return {
        "run.txt": (["pyproject.toml"], list(BUILD)),
        "test.txt": (["pyproject.toml", "--extra", "test"], list(BUILD)),
        "compiler.txt": ([], ["ziglang"]),
    }


def main(arguments: Sequence[str]) -> int:
    """Write the files; return the exit status."""
    if any(argument != "--upgrade" for argument in arguments):
        print(__doc__)
        return 0 if arguments[0] in ("-h", "--help") else 2
    uv = shutil.which("uv")
    if uv is None:
        print("Error: the program uv is missing; install it with: pip install uv", file=sys.stderr)
        return 3
    FOLDER.mkdir(exist_ok=True)
    options = ["--universal", "--python-version", "3.11", "--generate-hashes", "--no-header", "--no-annotate"]
    for name, (sources, packages) in requirements().items():
        target = FOLDER / name
        with tempfile.TemporaryDirectory() as folder:
            listed = Path(folder) / "packages.in"
            listed.write_text("".join(f"{package}\n" for package in packages), encoding="utf-8")
            command = [uv, "pip", "compile", "--quiet", *options, *arguments, *sources, str(listed)]
            done = subprocess.run([*command, "--output-file", str(target)], cwd=ROOT)
        if done.returncode:
            return 1
        target.write_text(HEAD + target.read_text(encoding="utf-8"), encoding="utf-8")
        print(f"{target.relative_to(ROOT)} is written.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
