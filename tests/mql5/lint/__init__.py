"""Lint: rules of MQL5 that a C++ compiler does not check.

    python -m tests.mql5.lint FILE.mq5

The rules of `words`, `declarations` and `calls` read tokens. `syntax` reads the program into a tree, and
`semantics` judges its names and, as far as declarations give them, its types; their findings have the numbers of
MetaQuotes' list of compile errors (reference/errors.txt), and ERRORS.md lists the errors that are not judged. The
rest is left to the compiler, whose warnings are errors (builder/compiler.py).
"""

from pathlib import Path
from typing import Final

from tests.mql5.lint import calls, declarations, handlers, subset, words
from tests.mql5.lint.program import Finding, Program, parse, read
from tests.mql5.lint.semantics import judge
from tests.mql5.translator.lexer import Token, lex
from tests.mql5.translator.source import load

RULES: Final = (*words.RULES, *declarations.RULES, *calls.RULES, *handlers.RULES, *subset.RULES)


def check(program: Program, tokens: list[Token]) -> list[Finding]:
    """Return every finding, sorted by file and line. `tokens` are the program's in order of inclusion."""
    found = {finding for rule in RULES for finding in rule(program)}
    found.update(judge(tokens))
    return sorted(found, key=lambda finding: (finding.file, finding.line, finding.code, finding.thing))


def check_text(text: str, file: str = "snippet.mq5") -> list[Finding]:
    """Check one text. Raises TranslationError where it cannot be read."""
    return check(parse([(text, file)]), lex(text.removeprefix("\ufeff"), file))


def check_file(main: Path, include_dir: Path | None = None) -> list[Finding]:
    """Check a program with all of its includes. Raises TranslationError where it cannot be read."""
    source = load(main, include_dir)
    paths = list(source.files.values())
    found = check(read(paths), source.tokens)
    for path in paths:
        if path.read_bytes().startswith(b"\xef\xbb\xbf"):
            rule = "sources are UTF-8 without BOM"
            found.append(
                Finding(
                    "byte-order-mark", path.as_posix(), 1, "byte order mark", rule, "save the file without it"
                )
            )
    return found
