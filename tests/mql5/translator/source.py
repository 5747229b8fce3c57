"""Source of a program: the main file with every include in place, each file once.

Source: MQL5 reference, 'Including Files (#include)'.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.mql5.translator.errors import TranslationError
from tests.mql5.translator.lexer import Kind, Token, lex

_INCLUDE: Final = re.compile(r"#[ \t]*include[ \t]*(?:<([^>]+)>|\"([^\"]+)\")")


class SourceError(TranslationError):
    """A source file cannot be read."""


@dataclass
class Source:
    """One program. `tokens` are those of all files in order of inclusion; `files` maps file name to path."""

    main: Path
    tokens: list[Token] = field(default_factory=list)
    files: dict[str, Path] = field(default_factory=dict)

    @property
    def texts(self) -> list[str]:
        """Text of every file, in order of inclusion."""
        return [path.read_text(encoding="utf-8") for path in self.files.values()]


def load(main: Path, include_dir: Path | None = None) -> Source:
    """Read a program. `include_dir` is the folder of `#include <x>`, MQL5's Include.

    Raises SourceError, LexError.
    """
    source = Source(main)
    _read(source, main, include_dir or include_folder(main), "")
    source.tokens[-1].kind = Kind.END
    return source


def files_of(main: Path, include_dir: Path | None = None) -> set[Path]:
    """Return the program's files that exist, without reading what they mean: also those named in comments."""
    base = include_dir or include_folder(main)
    found: set[Path] = set()
    waiting = [main]
    while waiting:
        path = waiting.pop().resolve()
        if path in found or not path.is_file():
            continue
        found.add(path)
        for name in _INCLUDE.finditer(path.read_bytes().decode("utf-8", "replace")):
            folder = base if name[1] else path.parent
            waiting.append(folder / (name[1] or name[2]).replace("\\", "/"))
    return found


def include_folder(main: Path) -> Path:
    """Return the nearest folder `Include` in a parent folder of the file, or the file's own folder."""
    for folder in main.resolve().parents:
        if (folder / "Include").is_dir():
            return folder / "Include"
    return main.resolve().parent


def _read(source: Source, path: Path, include_dir: Path, wanted_at: str) -> None:
    name = _name(path)
    if name in source.files:
        return
    try:
        data = path.read_bytes()
        text = data.decode("utf-8-sig")
    except OSError as error:
        thing = f"file {path} cannot be read ({error.strerror})"
        raise SourceError(
            wanted_at or f"{name}:1", thing, "a program's files must be readable", "correct the path"
        ) from None
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        thing = f"byte 0x{data[error.start]:02x} is not UTF-8"
        raise SourceError(
            f"{name}:{line}", thing, "sources are UTF-8", "save the file in that encoding"
        ) from None
    # Newlines as read_text makes them: the lexer counts lines by \n.
    tokens = lex(text.replace("\r\n", "\n").replace("\r", "\n"), name)
    source.files[name] = path
    for token in tokens:
        found = _INCLUDE.match(token.text) if token.kind is Kind.DIRECTIVE else None
        if found is None:
            if token.kind is Kind.END:  # the including file continues after the include
                token.kind = Kind.DIRECTIVE
            source.tokens.append(token)
            continue
        # The directive's white space is kept, so that lines keep their numbers.
        source.tokens.append(Token(Kind.DIRECTIVE, "", token.before, name, token.line))
        base = include_dir if found[1] else path.parent
        target = base / (found[1] or found[2]).replace("\\", "/")
        _read(source, target, include_dir, token.where)


def _name(path: Path) -> str:
    """Return the file's name for diagnostics: its resolved path."""
    return path.resolve().as_posix()
