"""The map of all modules: the first sentence of each module's docstring or head comment."""

import ast
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
_FRAME: Final = re.compile(r"^//\| ?(?P<text>.*?)\s*\|$")


def python_map() -> str:
    """Return a table for each package of `bridge` with a line for each of its modules."""
    return _tables(((path, python_line(path)) for path in sorted((ROOT / "bridge").rglob("*.py"))), "module")


def mql5_map() -> str:
    """Return a table for each folder of `mql5` with a line for each of its files."""
    files = (path for path in sorted((ROOT / "mql5").rglob("*.mq*")))
    return _tables(((path, mql5_line(path)) for path in files), "file")


def python_line(path: Path) -> str:
    """Return the first sentence of a module's docstring; empty where it has none."""
    return first_sentence(ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "")


def mql5_line(path: Path) -> str:
    """Return the first sentence of a file's head comment, which stands in a frame below the file's name."""
    lines = []
    for line in path.read_text(encoding="utf-8").splitlines()[2:]:
        if (framed := _FRAME.match(line)) is None:
            break
        lines.append(framed["text"])
    return first_sentence("\n".join(lines))


def first_sentence(text: str) -> str:
    """Return a text's first sentence on one line."""
    paragraph = " ".join(text.strip().split("\n\n")[0].split())
    end = re.search(r"[.:](?= [A-Z`])|\.$", paragraph)
    return paragraph[: end.start()] if end else paragraph


def _tables(lines: Iterable[tuple[Path, str]], head: str) -> str:
    folders: dict[str, list[str]] = {}
    for path, line in lines:
        folder = path.parent.relative_to(ROOT).as_posix()
        folders.setdefault(folder, []).append(f"| `{path.name}` | {line.replace('|', chr(92) + '|')} |")
    return "\n".join(
        f"`{folder}/`\n\n| {head} | content |\n| --- | --- |\n" + "\n".join(rows) + "\n"
        for folder, rows in folders.items()
    )
