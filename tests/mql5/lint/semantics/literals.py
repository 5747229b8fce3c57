"""Checks of literals: numbers, texts and dates, wherever they stand."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from tests.mql5.lint.program import Finding
from tests.mql5.lint.syntax.cursor import finding
from tests.mql5.translator.expressions import LiteralError, date_value
from tests.mql5.translator.lexer import Kind, Token

MAX_TEXT: Final = 65534
MAX_DIGITS: Final = 511


def check_literals(tokens: Iterable[Token]) -> Iterator[Finding]:
    """Yield the faults of literals."""
    for token in tokens:
        if token.kind is Kind.NUMBER and token.text[:2] in ("0x", "0X"):
            if not re.fullmatch(r"0[xX][0-9A-Fa-f]+[uUlL]*", token.text) or len(token.text) > MAX_DIGITS + 2:
                yield finding(158, token, f"number {token.text[:40]}", "write 0x and hexadecimal digits")
        elif token.kind is Kind.STRING and len(token.text) - 2 > MAX_TEXT:
            number = 371 if len(token.text) - 2 > MAX_TEXT + 1 else 159
            yield finding(number, token, f"text of {len(token.text) - 2} characters", "divide it")
        elif token.kind is Kind.DATE:
            try:
                date_value(token)
            except LiteralError:
                yield finding(287, token, f"date {token.text[:40]}", "write D'YYYY.MM.DD HH:MM:SS'")
