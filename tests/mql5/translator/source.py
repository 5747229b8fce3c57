"""An MQL5 program's source: the main file with each of its includes in place, once.

Source: MQL5 reference, 'Including Files (#include)'.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.mql5.translator.lexer import Kind, LexError, Token, lex

_INCLUDE: Final = re.compile(r"#[ \t]*include[ \t]*(?:<([^>]+)>|\"([^\"]+)\")")


class SourceError(ValueError):
    """A file cannot be read, or is not MQL5. The message begins with file:line."""


@dataclass
class Source:
    """A program. `tokens` are all files' in order of inclusion; `files` maps each file's name to its path."""

    main: Path
    tokens: list[Token] = field(default_factory=list)
    files: dict[str, Path] = field(default_factory=dict)

    @property
    def texts(self) -> list[str]:
        """Every file's text, in order of inclusion."""
        return [path.read_text(encoding="utf-8") for path in self.files.values()]


def load(main: Path, include_dir: Path | None = None) -> Source:
    """Read a program. `include_dir` is where `#include <x>` looks: MQL5's Include folder. Raises SourceError."""
    source = Source(main)
    _read(source, main, include_dir or include_folder(main), "")
    source.tokens[-1].kind = Kind.END
    return source


def include_folder(main: Path) -> Path:
    """The Include folder beside the nearest Experts folder above a file; else the file's own folder."""
    for folder in main.resolve().parents:
        if (folder / "Include").is_dir():
            return folder / "Include"
    return main.resolve().parent


def _read(source: Source, path: Path, include_dir: Path, wanted_at: str) -> None:
    name = _name(path)
    if name in source.files:
        return
    try:
        tokens = lex(path.read_text(encoding="utf-8-sig"), name)
    except OSError as error:
        raise SourceError(f"{wanted_at or name + ':1'}: cannot read {path}: {error.strerror}") from None
    except (LexError, UnicodeDecodeError) as error:
        raise SourceError(str(error)) from None
    source.files[name] = path
    for token in tokens:
        found = _INCLUDE.match(token.text) if token.kind is Kind.DIRECTIVE else None
        if found is None:
            if token.kind is Kind.END:  # the main file's goes on behind an include's
                token.kind = Kind.DIRECTIVE
            source.tokens.append(token)
            continue
        # The directive leaves its white space behind, so that lines keep their numbers.
        source.tokens.append(Token(Kind.DIRECTIVE, "", token.before, name, token.line))
        base = include_dir if found[1] else path.parent
        target = base / (found[1] or found[2]).replace("\\", "/")
        _read(source, target, include_dir, token.where)


def _name(path: Path) -> str:
    """A file's name in diagnostics: its resolved path."""
    return path.resolve().as_posix()
