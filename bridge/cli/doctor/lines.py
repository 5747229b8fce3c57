"""Findings as lines: each check on one, its remedy beneath it, wrapped between words on a terminal."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from bridge.cli.doctor.finding import Finding, Level
from bridge.cli.tables import wrapped
from bridge.status.texts import printable

_INDENT: Final = " " * 9


def lines(findings: Sequence[Finding], width: int | None) -> Iterator[str]:
    """Yield the lines. `width`: columns of the terminal; None: nothing is wrapped, so that scripts can read it."""
    for finding in findings:
        officer = f" of {finding.officer}" if finding.officer else ""
        head = f"{finding.level:<8} {finding.check}{officer}: {finding.value}"
        yield from wrapped(printable(head), _INDENT, width)
        if finding.remedy:
            yield from wrapped(f"{_INDENT}-> {printable(finding.remedy)}", _INDENT + "   ", width)
    yield ""
    yield summary(findings)


def summary(findings: Sequence[Finding]) -> str:
    """Return the number of findings of each level, in words."""
    count = Counter(finding.level for finding in findings)
    warnings = f"{count[Level.WARNING]} {'warning' if count[Level.WARNING] == 1 else 'warnings'}"
    return f"{count[Level.OK]} ok, {warnings}, {count[Level.WRONG]} wrong."
