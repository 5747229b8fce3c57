"""MQL5 source text as tokens that can be put back together without losing a character.

Source: MQL5 reference, 'Language Basics' (comments, identifiers, reserved words, literal constants).
"""

import re
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final


class Kind(Enum):
    """What a token is."""

    WORD = auto()
    NUMBER = auto()
    STRING = auto()
    CHAR = auto()
    DATE = auto()
    """D'2026.01.31 12:00'."""
    COLOR = auto()
    """C'255,0,0'."""
    DIRECTIVE = auto()
    """A whole preprocessor line, with its continuation lines."""
    SIGN = auto()
    TYPE = auto()
    """C++ text that names a type. The lexer makes none: the translator does."""
    END = auto()


@dataclass(slots=True)
class Token:
    """One token. `before` is the white space and the comments in front of it; `line` counts from 1.

    `lead` and `tail` are C++ in front of the text and behind it; `behind` is C++ to be declared behind the
    token, each piece with the file and the line that it stands for.
    """

    kind: Kind
    text: str
    before: str
    file: str
    line: int
    lead: str = ""
    tail: str = ""
    behind: list[tuple[int, str, str]] = field(default_factory=list)

    @property
    def where(self) -> str:
        """file:line, as a person looks it up."""
        return f"{self.file}:{self.line}"


class LexError(ValueError):
    """The text is not MQL5: an unclosed literal or comment, or a character that the language does not
    have."""


SIGNS: Final = (
    ">>=", "<<=", "...",
    "::", "->", "++", "--", "<<", ">>", "<=", ">=", "==", "!=", "&&", "||",
    "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "##",
)  # fmt: skip
"""Signs of several characters, longest first. `->` is no MQL5: it is known so that the lint can name it."""

_BLANK: Final = re.compile(r"(?:[ \t\r\n\f]+|//[^\n]*|/\*.*?\*/)+", re.DOTALL)
_DIRECTIVE: Final = re.compile(r"#[ \t]*(?:\\\r?\n|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|(?!//)[^\n])*", re.DOTALL)
_WORD: Final = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")
_NUMBER: Final = re.compile(r"0[xX][0-9A-Fa-f]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_SUFFIX: Final = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")
_STRING: Final = re.compile(r'"(?:\\.|[^"\\\n])*"')
_CHAR: Final = re.compile(r"'(?:\\.|[^'\\\n])+'")
_SIGN: Final = re.compile("|".join(map(re.escape, SIGNS)) + r"|[-+*/%=<>!&|^~?:;,.(){}\[\]\#]")
_LITERAL_PREFIX: Final = {"D": Kind.DATE, "C": Kind.COLOR}


def lex(text: str, file: str = "") -> list[Token]:
    """The tokens of a source text; the last is END and holds what trails. Raises LexError."""
    tokens: list[Token] = []
    at, line = 0, 1
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
    """The kind and the text of the token at this place. `fresh` says that a line begins here."""
    if fresh and (found := _DIRECTIVE.match(text, at)):
        return Kind.DIRECTIVE, found.group().rstrip()
    if found := _WORD.match(text, at):
        word = found.group()
        quote = _CHAR.match(text, found.end()) if word in _LITERAL_PREFIX else None
        return (_LITERAL_PREFIX[word], word + quote.group()) if quote else (Kind.WORD, word)
    if found := _NUMBER.match(text, at):
        suffix = _SUFFIX.match(text, found.end())
        return Kind.NUMBER, found.group() + (suffix.group() if suffix else "")
    for kind, pattern in ((Kind.STRING, _STRING), (Kind.CHAR, _CHAR), (Kind.SIGN, _SIGN)):
        # An unclosed comment would otherwise pass for a division.
        if (found := pattern.match(text, at)) and not text.startswith("/*", at):
            return kind, found.group()
    raise LexError(f"{where}: cannot read {text[at : at + 20]!r}")


def join(tokens: list[Token]) -> str:
    """The text that the tokens came from."""
    return "".join(token.before + token.lead + token.text + token.tail for token in tokens)


def compact(tokens: list[Token]) -> list[Token]:
    """The tokens without those whose text was taken away; their white space stays, for the line numbers."""
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
