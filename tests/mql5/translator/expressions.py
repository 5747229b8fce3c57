"""Rewriting of single tokens: literals, member access, division, and names with another meaning in C++.

Member access: MQL5 writes `.` for objects and pointers alike. Every class and structure of the stand-in has an
`operator->` that returns the object itself, so `.` becomes `->` without type analysis.

Division: `a / b` becomes `a / MQL_DIVISOR->*b`. The operator `->*` binds tighter than `/` and looser than a cast;
it returns `b`, or stops the EA where `b` is 0, as MQL5 does.
"""

import re
from datetime import UTC, datetime
from typing import Final

from tests.mql5.translator.errors import TranslationError
from tests.mql5.translator.lexer import Kind, Token, lex

TYPE_NAMES: Final = {"char": "schar", "long": "int64", "ulong": "uint64"}
"""MQL5 types whose names have another meaning in C++, or another width on some platform."""

BUILT_IN_TYPES: Final = frozenset(
    "bool char uchar short ushort int uint long ulong float double string datetime color void"
    " int8_t uint8_t int16_t uint16_t int32_t uint32_t int64_t uint64_t schar int64 uint64".split()
)

CPP_WORDS: Final = frozenset(
    "alignas alignof and and_eq asm bitand bitor catch co_await co_return co_yield compl concept constexpr"
    " const_cast decltype explicit extern friend goto inline mutable noexcept not not_eq nullptr or or_eq register"
    " reinterpret_cast requires signed static_cast thread_local throw try typeid unsigned volatile wchar_t xor"
    " xor_eq errno stdin stdout stderr".split()
)
"""Words reserved in C++ (or macros there) that are free in MQL5."""

_SIGNS: Final = {
    ".": "->",
    "/": "/ MQL_DIVISOR->*",
    "%": "% MQL_DIVISOR->*",
    "/=": "/= MQL_DIVISOR %=",
    "%=": "%= MQL_DIVISOR %=",
}
_WORDS: Final = TYPE_NAMES | {
    "NULL": "::rt::null",
    "delete": "MQL_DELETE->*",
    "__FUNCTION__": "MQL_FUNCTION",
    "__FUNCSIG__": "MQL_FUNCSIG",
    "__FILE__": "MQL_FILE",
    "_LastError": "::rt::last_error()",
    "dynamic_cast": "::rt::pointer_cast",
}
_ESCAPES: Final = {"n": 10, "t": 9, "r": 13, "0": 0, "\\": 92, '"': 34, "'": 39}
"""Those of the reference's page 'Character Constants'; the lint refuses others, whose result is undefined there."""
_ESCAPE: Final = re.compile(r"\\(?:x([0-9A-Fa-f]{1,4})|(.))", re.DOTALL)
_DATE: Final = re.compile(
    r"D'(\d{1,4})\.(\d{1,2})\.(\d{1,4})(?: +(\d{1,2})(?::(\d{1,2})(?::(\d{1,2}))?)?)? *'", re.ASCII
)
_YEARS: Final = range(1970, 3001)
_DEFINE: Final = re.compile(r"#[ \t]*define[ \t]+\w+(?:\([^)]*\))?", re.DOTALL)
_CONDITION: Final = re.compile(r"#[ \t]*(?:ifdef|ifndef|else|endif|undef|if|elif)\b")


class LiteralError(TranslationError):
    """A literal with a value that MQL5 does not have."""


def rewrite(tokens: list[Token]) -> None:
    """Rewrite every token in place. Raises LiteralError, and LexError in a macro's body."""
    last = Token(Kind.SIGN, ";", "", "", 0)
    for token in tokens:
        token.text = _rewritten(token, last)
        if token.kind is not Kind.DIRECTIVE:
            last = token


def char_value(text: str) -> int:
    """Return the number of a character literal: 'A' is 65, and so is '\\x41'."""
    units = _ESCAPE.sub(_unescaped, text[1:-1]).encode("utf-16-le", "surrogatepass")
    return int.from_bytes(units[:2], "little")


def _rewritten(token: Token, last: Token) -> str:
    match token.kind:
        case Kind.WORD:
            return f"{token.text}_mql" if token.text in CPP_WORDS else _WORDS.get(token.text, token.text)
        case Kind.SIGN:
            if token.text == "::" and last.kind is Kind.SIGN and last.text != ">":
                return "::ea::"
            if last.kind is Kind.WORD and last.text == "operator":
                return token.text
            return _SIGNS.get(token.text, token.text)
        case Kind.STRING:
            return f"u{_string(token.text)}_s"
        case Kind.CHAR:
            return f"ushort({char_value(token.text)})"
        case Kind.NUMBER:
            return _number(token)
        case Kind.DATE:
            return f"datetime({date_value(token)})"
        case Kind.COLOR:
            return f"color({_color(token)})"
        case Kind.DIRECTIVE:
            return _directive(token)
        case _:
            return token.text


def _unescaped(found: re.Match[str]) -> str:
    return chr(int(found[1], 16) if found[1] else _ESCAPES.get(found[2], ord(found[2])))


def _string(text: str) -> str:
    """Return the C++ literal. MQL5's \\x takes at most four digits; that of C++ takes all that follow."""

    def escaped(found: re.Match[str]) -> str:
        code = ord(_unescaped(found))
        if code < 0o400:
            return f"\\{code:03o}"
        return f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"

    return _ESCAPE.sub(escaped, text)


def _number(token: Token) -> str:
    """Return the C++ literal: no octal numbers, which MQL5 does not have; numbers from 2^63 are unsigned."""
    text = token.text
    if text[0] == "B":
        if not re.fullmatch(r"B'[01]{1,64}'", text):
            rule = "a binary number is B'1010', with 64 digits at most"
            raise LiteralError(token.where, f"number {text[:24]}", rule, "correct it")
        text = str(int(text[2:-1], 2))
    if text.isdigit():
        if len(text.lstrip("0")) > 20 or (value := int(text)) >= 1 << 64:
            rule = "the largest integer is 18446744073709551615"
            raise LiteralError(token.where, f"number {text[:24]}", rule, "use a smaller one, or a double")
        return f"{value}u" if value >= 1 << 63 else str(value)
    return text


def date_value(token: Token) -> int:
    """Return seconds since 1970 of D'2026.01.31', D'31.01.2026 12:00' or D'2026.01.31 12:00:30'."""
    found = _DATE.fullmatch(token.text)
    parts = [int(part or 0) for part in found.groups()] if found else [0, 0, 0, 0, 0, 0]
    if parts[2] > 31:
        parts[0], parts[2] = parts[2], parts[0]
    year, month, day, hour, minute, second = parts
    try:
        if year not in _YEARS:
            raise ValueError(year)
        moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        rule = "a date is D'YYYY.MM.DD [HH[:MM[:SS]]]', from 1970 to 3000, and exists in the calendar"
        raise LiteralError(token.where, f"date {token.text}", rule, "correct it") from None
    return int(moment.timestamp())


def _color(token: Token) -> int:
    """Return C'red,green,blue' as MQL5 stores it: 0x00BBGGRR."""
    found = re.findall(r"0[xX][0-9A-Fa-f]{1,8}|\d{1,9}", token.text)
    parts = [int(part, 16 if part[:2] in ("0x", "0X") else 10) for part in found]
    if len(parts) != 3 or max(parts) > 255:
        rule = "a color is C'red,green,blue', each from 0 to 255"
        raise LiteralError(token.where, f"color {token.text}", rule, "correct it")
    return parts[0] | parts[1] << 8 | parts[2] << 16


def _directive(token: Token) -> str:
    """Keep conditions, rewrite a macro's body, drop directives for the terminal (#property)."""
    if _CONDITION.match(token.text):
        return token.text
    if (head := _DEFINE.match(token.text)) is None:
        return ""
    # A macro may end with a continued line that is empty.
    joined = re.sub(r"\\[ \t]*(?:\n|$)", "  ", token.text[head.end() :])
    body = lex(joined, token.file, token.line)
    rewrite(body)
    # A macro of several lines becomes one line; empty lines behind it keep the line numbers.
    text = head.group() + "".join(part.before + part.text for part in body)
    return text.rstrip() + "\n" * token.text.count("\n")
