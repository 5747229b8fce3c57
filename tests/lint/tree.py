"""The tracked files, the areas to which they belong, and the names and texts in them."""

import ast
import functools
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

ROOT: Final = Path(__file__).parents[2]

AREAS: Final[dict[str, tuple[str, ...]]] = {
    "core": ("bridge/core/", "tests/unit/core/", "tests/unit/test_layers.py"),
    "journal": ("bridge/journal/", "tests/integration/journal/"),
    "broker": (
        "bridge/simulator/broker/",
        "bridge/simulator/mt5/",
        "tests/unit/simulator/broker/",
        "tests/integration/test_simulated_broker",
    ),
    "terminal": (
        "bridge/simulator/",
        "bridge/cli/simulator",
        "tests/unit/simulator/",
        "tests/integration/test_reference_terminal",
        "tests/conformance/",
        "tests/rig/",
    ),
    "ea": ("mql5/",),
    "native": ("tests/native/", "tests/mql5/", "tests/interop/", "tests/sidecar_peer"),
    "docs": (
        "README.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "CHANGELOG.md",
        "pyproject.toml",
        ".",
        "docs/",
        "scripts/",
        "tests/README.md",
        "tests/docs/",
        "tests/lint/",
        "tests/unit/test_scripts_",
    ),
    "shell": ("",),
}
"""Prefixes of the paths of each area; the first area with a matching prefix counts."""

_TEXT: Final = {
    ".py",
    ".pyi",
    ".md",
    ".mqh",
    ".mq5",
    ".toml",
    ".yaml",
    ".yml",
    ".txt",
    ".h",
    ".hpp",
    ".cpp",
    ".js",
    ".java",
}
_MQL5: Final = {".mqh", ".mq5"}
_MQL5_LEXEME: Final = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|[A-Za-z_]\w*', re.DOTALL)


@dataclass(frozen=True)
class Passage:
    """A name or a text in a file."""

    path: str
    line: int
    kind: Literal["name", "docstring", "text"]
    text: str


def area_of(path: str) -> str:
    """Return the area to which a tracked path belongs."""
    return next(area for area, prefixes in AREAS.items() if path.startswith(prefixes))


@functools.cache
def tracked() -> tuple[str, ...]:
    """Return the paths of all text files under version control, or of all that an unpacked archive has."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],  # noqa: S607 (the git of the PATH)
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if listed.returncode == 0:
        paths = listed.stdout.splitlines()
    else:
        folders = ("bridge", "docs", "mql5", "scripts", "tests")
        found = [file for folder in folders for file in (ROOT / folder).rglob("*")] + list(ROOT.glob("*.*"))
        paths = [file.relative_to(ROOT).as_posix() for file in found if "__pycache__" not in file.parts]
    return tuple(
        path
        for path in sorted(paths)
        if (Path(path).suffix in _TEXT or "." not in path) and (ROOT / path).is_file()
    )


@functools.cache
def content(path: str) -> str:
    """Return a tracked file's text."""
    return (ROOT / path).read_text(encoding="utf-8")


@functools.cache
def passages(path: str) -> tuple[Passage, ...]:
    """Return the names and texts of one file, each name once."""
    suffix = Path(path).suffix
    stem = Passage(path, 1, "name", path)
    if suffix == ".py":
        return (stem, *_python(path))
    if suffix in _MQL5:
        return (stem, *_mql5(path))
    return (stem, *_plain(path))


def _plain(path: str) -> Iterator[Passage]:
    """Yield the lines of a document, without the generated parts: their source is a file of its own."""
    generated = False
    for number, line in enumerate(content(path).splitlines(), 1):
        generated = (generated or line.startswith("<!-- generated:")) and line != "<!-- end -->"
        if not generated:
            yield Passage(path, number, "text", line)


def _mql5(path: str) -> Iterator[Passage]:
    text = content(path)
    seen: set[str] = set()
    line, at = 1, 0
    for lexeme in _MQL5_LEXEME.finditer(text):
        line, at = line + text.count("\n", at, lexeme.start()), lexeme.start()
        found = lexeme.group()
        if found.startswith(("/", '"')):
            yield Passage(path, line, "text", found)
        elif found not in seen:
            seen.add(found)
            yield Passage(path, line, "name", found)


def _python(path: str) -> Iterator[Passage]:
    source = content(path)
    nodes = list(ast.walk(ast.parse(source)))
    docstrings = {
        id(node.value)
        for node in nodes
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    seen: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield Passage(path, node.lineno, "docstring" if id(node) in docstrings else "text", node.value)
        for name in _names(node):
            if name not in seen:
                seen.add(name)
                yield Passage(path, getattr(node, "lineno", 1), "name", name)
    yield from _comments(path, source, nodes)


def _comments(path: str, source: str, nodes: list[ast.AST]) -> Iterator[Passage]:
    """Yield the comments: a number sign begins one if it is in no string. Much faster than `tokenize`."""
    strings: dict[int, list[tuple[int, int]]] = {}
    for node in nodes:
        if isinstance(node, ast.JoinedStr) or (
            isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)
        ):
            last = node.end_lineno or node.lineno
            for at in range(node.lineno, last + 1):
                start = node.col_offset if at == node.lineno else 0
                end = (node.end_col_offset or 0) if at == last else 1_000_000
                strings.setdefault(at, []).append((start, end))
    for number, line in enumerate(source.splitlines(), 1):
        if "#" not in line:
            continue
        raw = line.encode()
        at = raw.find(b"#")
        while at >= 0 and any(start <= at < end for start, end in strings.get(number, ())):
            at = raw.find(b"#", at + 1)
        if at >= 0:
            yield Passage(path, number, "text", raw[at:].decode())


def _names(node: ast.AST) -> Iterator[str]:
    """Yield the identifiers that a node itself bears."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
            yield name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.keyword(arg=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            yield name
        case ast.alias(name=name, asname=other):
            yield from filter(None, (name, other))
        case ast.ImportFrom(module=str(name)):
            yield name
