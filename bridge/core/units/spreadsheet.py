"""Texts in cells of a spreadsheet: none is run as a formula, and each can be read back as it was.

A spreadsheet runs a cell that begins with one of `=`, `+`, `-` or `@`, whoever wrote it. It may also divide a line
at another separator than the file's: where it does, the text behind a semicolon begins a cell. An apostrophe before
such a character makes the cell plain text.
Source: https://owasp.org/www-community/attacks/CSV_Injection
"""

import re
from typing import Final

_CELL_START: Final = r"((?:^|[;|\t\r\n])[ ]*)"
_FORMULA: Final = re.compile(_CELL_START + r"(?=['=+\-@\uff1d\uff0b\uff0d\uff20])")
"""Beginning of a formula. An apostrophe that is there already gets a second one, so that one can be taken away."""
_MARK: Final = re.compile(_CELL_START + "'")
_NUMBER: Final = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")


def harmless(text: str) -> str:
    """Return the text with an apostrophe before each character that could begin a formula. Numbers stay."""
    return text if _NUMBER.fullmatch(text) else _FORMULA.sub(r"\1'", text)


def original(cell: str) -> str:
    """Return the text that `harmless` made the cell of."""
    return _MARK.sub(r"\1", cell)
