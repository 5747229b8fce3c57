"""What MQL5 forbids and a C++ compiler lets through.

    python -m tests.mql5.lint FILE.mq5

Rules read tokens, not types: what needs types is left to the compiler, whose warnings are errors (compiler.py).
"""

from pathlib import Path
from typing import Final

from tests.mql5.lint import calls, declarations, words
from tests.mql5.lint.program import Finding, Program, parse, read
from tests.mql5.translator.source import load

RULES: Final = (*words.RULES, *declarations.RULES, *calls.RULES)


def check(program: Program) -> list[Finding]:
    """Every finding, by file and line."""
    found = {finding for rule in RULES for finding in rule(program)}
    return sorted(found, key=lambda finding: (finding.file, finding.line, finding.rule, finding.text))


def check_text(text: str, file: str = "snippet.mq5") -> list[Finding]:
    """Check one text. Raises LexError."""
    return check(parse([(text, file)]))


def check_file(main: Path, include_dir: Path | None = None) -> list[Finding]:
    """Check a program with all of its includes. Raises SourceError."""
    paths = list(load(main, include_dir).files.values())
    found = check(read(paths))
    for path in paths:
        if path.read_bytes().startswith(b"\xef\xbb\xbf"):
            found.append(Finding("byte-order-mark", path.as_posix(), 1, "sources are UTF-8 without BOM"))
    return found
