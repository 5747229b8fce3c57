"""The rewriting of single tokens: literals, member access, division, and the names that C++ has otherwise.

Member access: MQL5 writes `.` for objects and for pointers alike. Every class and structure of the stand-in has
an `operator->` that gives itself, so that `.` becomes `->` without a look at types.

Division: `a / b` becomes `a / MQL_DIVISOR->*b`. The sign `->*` binds tighter than `/` and looser than a cast; it
gives `b` back, unless it is 0: that stops an EA.
"""

import re
from datetime import UTC, datetime
from typing import Final

from tests.mql5.translator.lexer import Kind, Token, lex

TYPE_NAMES: Final = {"char": "schar", "long": "int64", "ulong": "uint64"}
"""MQL5's types whose names mean something else in C++, or another width on another platform."""

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
"""Reserved in C++ (or a macro there), free for use in MQL5."""

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
_ESCAPES: Final = {
    "n": 10,
    "t": 9,
    "r": 13,
    "0": 0,
    "\\": 92,
    '"': 34,
    "'": 39,
    "a": 7,
    "b": 8,
    "f": 12,
    "v": 11,
}
_ESCAPE: Final = re.compile(r"\\(?:x([0-9A-Fa-f]{1,4})|(.))", re.DOTALL)
_DEFINE: Final = re.compile(r"#[ \t]*define[ \t]+\w+(?:\([^)]*\))?", re.DOTALL)
_CONDITION: Final = re.compile(r"#[ \t]*(?:ifdef|ifndef|else|endif|undef|if|elif)\b")


class LiteralError(ValueError):
    """A literal that MQL5 does not have. The message begins with file:line."""


def rewrite(tokens: list[Token]) -> None:
    """Rewrite every token in place. Raises LiteralError."""
    last = Token(Kind.SIGN, ";", "", "", 0)
    for token in tokens:
        token.text = _rewritten(token, last)
        if token.kind is not Kind.DIRECTIVE:
            last = token


def char_value(text: str) -> int:
    """The number that a character literal stands for: 'A' is 65, '\\x41' too."""
    units = _ESCAPE.sub(_unescaped, text[1:-1]).encode("utf-16-le", "surrogatepass")
    return int.from_bytes(units[:2], "little")


def _rewritten(token: Token, last: Token) -> str:
    match token.kind:
        case Kind.WORD:
            return f"{token.text}_mql" if token.text in CPP_WORDS else _WORDS.get(token.text, token.text)
        case Kind.SIGN:
            if token.text == "::" and last.kind is Kind.SIGN and last.text != ">":
                return "::ea::"
            return _SIGNS.get(token.text, token.text)
        case Kind.STRING:
            return f"u{_string(token.text)}_s"
        case Kind.CHAR:
            return f"ushort({char_value(token.text)})"
        case Kind.NUMBER:
            return _number(token.text)
        case Kind.DATE:
            return f"datetime({_date(token)})"
        case Kind.COLOR:
            return f"color({_color(token)})"
        case Kind.DIRECTIVE:
            return _directive(token)
        case _:
            return token.text


def _unescaped(found: re.Match[str]) -> str:
    return chr(int(found[1], 16) if found[1] else _ESCAPES.get(found[2], ord(found[2])))


def _string(text: str) -> str:
    """The C++ literal. MQL5's \\x takes four digits at most, that of C++ as many as there are."""

    def escaped(found: re.Match[str]) -> str:
        code = ord(_unescaped(found))
        return f"\\{code:03o}" if code < 0o400 else f"\\u{code:04X}"

    return _ESCAPE.sub(escaped, text)


def _number(text: str) -> str:
    """The C++ literal: without octal numbers, which MQL5 does not have, and with the largest ones unsigned."""
    if text.isdigit():
        value = int(text)
        return f"{value}u" if value >= 1 << 63 else str(value)
    return text


def _date(token: Token) -> int:
    """Seconds since 1970: D'2026.01.31', D'31.01.2026 12:00', D'2026.01.31 12:00:30'."""
    parts = [int(part) for part in re.findall(r"\d+", token.text)]
    if len(parts) >= 3 and parts[2] > 31:
        parts[0], parts[2] = parts[2], parts[0]
    try:
        moment = datetime(*(parts + [0] * 6)[:6], tzinfo=UTC)  # type: ignore[arg-type, misc]
    except ValueError:
        raise LiteralError(f"{token.where}: no date: {token.text}") from None
    return int(moment.timestamp())


def _color(token: Token) -> int:
    """C'red,green,blue' as MQL5 stores it: 0x00BBGGRR."""
    parts = [int(part, 0) for part in re.findall(r"0[xX][0-9A-Fa-f]+|\d+", token.text)]
    if len(parts) != 3 or max(parts) > 255:
        raise LiteralError(f"{token.where}: no color: {token.text}")
    return parts[0] | parts[1] << 8 | parts[2] << 16


def _directive(token: Token) -> str:
    """Keep conditions, rewrite what a macro stands for, drop what speaks to the terminal (#property)."""
    if _CONDITION.match(token.text):
        return token.text
    if (head := _DEFINE.match(token.text)) is None:
        return ""
    body = lex(token.text[head.end() :].replace("\\\n", "  "), token.file)
    rewrite(body)
    # A macro of several lines becomes one; the empty lines behind it keep the count.
    text = head.group() + "".join(part.before + part.text for part in body)
    return text.rstrip() + "\n" * token.text.count("\n")
