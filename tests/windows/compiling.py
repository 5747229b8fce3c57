"""Compilation for the Windows side: its requests (`inside/compiler.py`) are carried out by mingw-w64 out here."""

import json
import os
import re
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.windows import pins
from tests.windows.wine import PYTHON, Wine

FOLDER: Final = r"C:\compile"
LOOK_S: Final = 0.05
_PATH: Final = re.compile(r"^(-isystem|-I|-o)?([CZ]:[\\/].*)$", re.IGNORECASE)


def command() -> str:
    """Return the value of CXX on Windows. The slashes are those that a POSIX shell's quoting leaves alone."""
    words = (PYTHON, rf"{FOLDER}\compiler.py", FOLDER)
    return " ".join(word.replace("\\", "/") for word in words)


@contextmanager
def serving(wine: Wine) -> Iterator[None]:
    """Carry out the requests in the folder while the context lasts."""
    folder = wine.path(FOLDER)
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    inside = Path(__file__).parent / "inside" / "compiler.py"
    (folder / "compiler.py").write_bytes(inside.read_bytes())
    over = threading.Event()

    def serve() -> None:
        while not over.wait(LOOK_S):
            for request in sorted(folder.glob("*.request")):
                _answer(wine, request)

    thread = threading.Thread(target=serve, name="compiling")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _answer(wine: Wine, request: Path) -> None:
    arguments: Sequence[str] = json.loads(request.read_text(encoding="utf-8"))
    request.unlink()
    names: dict[str, str] = {}

    def outside(argument: str) -> str:
        found = _PATH.match(argument)
        if found is None:
            return argument
        path = str(wine.path(found[2]))
        names[path] = found[2]
        return f"{found[1] or ''}{path}"

    done = subprocess.run(
        [*pins.COMPILER, *map(outside, arguments)], capture_output=True, text=True, check=False
    )
    texts = {"stdout": done.stdout, "stderr": done.stderr}
    for path in sorted(names, key=len, reverse=True):
        texts = {name: text.replace(path, names[path]) for name, text in texts.items()}
    answer = request.with_suffix(".written")
    answer.write_text(json.dumps({"status": done.returncode, **texts}), encoding="utf-8")
    os.replace(answer, request.with_suffix(".answer"))
