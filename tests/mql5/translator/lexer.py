"""Lexer: MQL5 source text to tokens that reproduce the text without loss.

Source: MQL5 reference, 'Language Basics' (comments, identifiers, reserved words, literal constants).
"""

import re
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from tests.mql5.translator.errors import TranslationError


class Kind(Enum):
    """Kind of a token."""

    WORD = auto()
    NUMBER = auto()
    STRING = auto()
    CHAR = auto()
    DATE = auto()
    """D'2026.01.31 12:00'."""
    COLOR = auto()
    """C'255,0,0'."""
    DIRECTIVE = auto()
    """Preprocessor line, with its continuation lines."""
    SIGN = auto()
    TYPE = auto()
    """C++ text that names a type. Made by the translator, never by the lexer."""
    END = auto()


@dataclass(slots=True)
class Token:
    """One token. `before` holds the white space and comments in front of it; `line` counts from 1.

    `lead` and `tail` are C++ emitted in front of the text and after it. `behind` holds C++ declarations emitted
    after the token: (line, file, text) of each.
    """

    kind: Kind
    text: str
    before: str
    file: str
    line: int
    lead: str = ""
    tail: str = ""
    behind: list[tuple[int, str, str]] = field(default_factory=list)
    following: list["Token"] = field(default_factory=list)
    """Tokens that the translator puts behind this one."""

    @property
    def where(self) -> str:
        """Position as `file:line`."""
        return f"{self.file}:{self.line}"


class LexError(TranslationError):
    """Text that is no token: an unclosed literal or comment, or a character outside MQL5's syntax."""


SIGNS: Final = (
    ">>=", "<<=", "...",
    "::", "->", "++", "--", "<<", ">>", "<=", ">=", "==", "!=", "&&", "||",
    "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "##",
)  # fmt: skip
"""Signs of several characters, longest first. `->` is not MQL5; it is a token so that the lint can report it."""

_BLANK: Final = re.compile(r"(?:[ \t\r\n\f]+|//[^\n]*|/\*.*?\*/)+", re.DOTALL)
_DIRECTIVE: Final = re.compile(r"#[ \t]*(?:\\\r?\n|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|(?!//)[^\n])*", re.DOTALL)
_WORD: Final = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")
_NUMBER: Final = re.compile(r"0[xX][0-9A-Fa-f]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_SUFFIX: Final = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")
_STRING: Final = re.compile(r'"(?:\\.|[^"\\\n])*"')
_CHAR: Final = re.compile(r"'(?:\\.|[^'\\\n])+'")
_SIGN: Final = re.compile("|".join(map(re.escape, SIGNS)) + r"|[-+*/%=<>!&|^~?:;,.(){}\[\]\#]")
_LITERAL_PREFIX: Final = {"D": Kind.DATE, "C": Kind.COLOR, "B": Kind.NUMBER}
_CONTINUED: Final = re.compile(r"\\[ \t]*(?:\r?\n|$)")
_BINARY: Final = re.compile(r"0[bB][01]+")


def lex(text: str, file: str = "", line: int = 1) -> list[Token]:
    """Return the tokens of a text that begins on `line`. The last is END, with the trailing white space and
    comments.

    Raises LexError.
    """
    tokens: list[Token] = []
    at = 0
    while True:
        blank = _BLANK.match(text, at)
        before = blank.group() if blank else ""
        at += len(before)
        line += before.count("\n")
        if at == len(text):
            tokens.append(Token(Kind.END, "", before, file, line))
            return tokens
        fresh = not tokens or "\n" in before
        kind, word = _next(text, at, fresh, f"{file}:{line}")
        tokens.append(Token(kind, word, before, file, line))
        at += len(word)
        line += word.count("\n")


def _next(text: str, at: int, fresh: bool, where: str) -> tuple[Kind, str]:
    """Return kind and text of the token at this place. `fresh`: it is the first of its line."""
    if fresh and (found := _DIRECTIVE.match(text, at)):
        return Kind.DIRECTIVE, found.group().rstrip()
    if _CONTINUED.match(text, at):
        rule = "the subset has continued lines in macros alone"
        raise LexError(where, "continued line", rule, "remove the \\ at the end of the line")
    if found := _WORD.match(text, at):
        word = found.group()
        quote = _CHAR.match(text, found.end()) if word in _LITERAL_PREFIX else None
        return (_LITERAL_PREFIX[word], word + quote.group()) if quote else (Kind.WORD, word)
    if found := _BINARY.match(text, at) or _NUMBER.match(text, at):
        suffix = _SUFFIX.match(text, found.end())
        return Kind.NUMBER, found.group() + (suffix.group() if suffix else "")
    for kind, pattern in ((Kind.STRING, _STRING), (Kind.CHAR, _CHAR), (Kind.SIGN, _SIGN)):
        # Without this check an unclosed comment would be read as a division.
        if (found := pattern.match(text, at)) and not text.startswith("/*", at):
            return kind, found.group()
    shown = text[at:].split("\n")[0][:20]
    if text.startswith("/*", at):
        raise LexError(where, f"unclosed comment {shown}", "a block comment ends with */", "add */")
    if text[at] in "\"'":
        rule = "a literal ends on the line on which it begins"
        raise LexError(where, f"unclosed literal {shown}", rule, f"add {text[at]} behind it")
    raise LexError(where, f"character {text[at]!r}", "it belongs to no token of MQL5", "remove it")


def join(tokens: list[Token]) -> str:
    """Return the text of the tokens, white space and comments included."""
    return "".join(token.before + token.lead + token.text + token.tail for token in tokens)


def compact(tokens: list[Token]) -> list[Token]:
    """Return the tokens without those that became empty; their white space stays, for the line numbers."""
    kept: list[Token] = []
    carried = ""
    for token in tokens:
        if token.text or token.lead or token.tail or token.kind in (Kind.DIRECTIVE, Kind.END):
            token.before = carried + token.before
            kept.append(token)
            carried = ""
        else:
            carried += token.before
    return kept
