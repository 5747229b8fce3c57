"""Rules about single words, signs and directives that MQL5 does not have.

Sources: MQL5 reference, 'Language Basics', 'Preprocessor'; mql5/FACTS.md 6.
"""

import re
from collections.abc import Iterator
from typing import Final

from tests.mql5.lint.program import Finding, Program
from tests.mql5.translator.lexer import Kind

ABSENT: Final = frozenset(
    "auto goto try catch throw nullptr constexpr friend decltype typeid noexcept mutable explicit volatile inline"
    " static_cast reinterpret_cast const_cast unsigned signed std wchar_t size_t and or not xor asm register"
    " static_assert thread_local co_await co_return requires concept".split()
)
DIRECTIVES: Final = frozenset("property include define undef ifdef ifndef else endif import resource".split())
LIBRARY: Final = frozenset(
    "Arrays Canvas ChartObjects Charts Controls Expert Files Generic Graphics Indicators Math Models OpenCL"
    " Strings Tools Trade WinAPI Object.mqh StdLibErr.mqh MovingAverages.mqh VirtualKeys.mqh".split()
)
"""Folders and files of MQL5's standard library in MetaEditor's Include folder."""
_PLAIN: Final = re.compile(r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[fF]?")
_SUFFIXED: Final = re.compile(r"(?:0[xX][0-9A-Fa-f]+|\d+)[uUlL]+")
"""Numbers that the rules of the subset report."""
_HEX: Final = re.compile(r"0[xX][0-9A-Fa-f]+")
_ESCAPE: Final = re.compile(
    r"\\(?:x[0-9A-Fa-f]{1,4}|[ntr\\\"']|0(?![0-9]))|(?P<other>\\(?:[0-9]+|.))", re.DOTALL
)
_QUOTED: Final = re.compile(r"\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'")
MAX_MACRO_PARAMETERS: Final = 8


def absent_word(program: Program) -> Iterator[Finding]:
    """Report C++ words that MQL5 does not have, also as names: they would confuse a reader."""
    for at in program.words(ABSENT):
        word = program.text(at)
        yield program.finding(
            "absent-word", at, word, "MQL5 has no such word", "use MQL5's own construct or name"
        )


def arrow(program: Program) -> Iterator[Finding]:
    """Report ->: MQL5 writes a dot."""
    for at in program.signs("->"):
        yield program.finding("arrow", at, "operator ->", "MQL5 has no such operator", "write a dot")


def lambda_expression(program: Program) -> Iterator[Finding]:
    """Report lambda expressions."""
    for at in program.signs("["):
        inside = program.text(at + 1) in ("]", "&", "=", "this")
        if inside and program.text(at - 1) in ("=", "(", ",", "return", "?", ":"):
            rule = "MQL5 has no lambda expressions"
            yield program.finding("lambda", at, "lambda expression", rule, "write a function")


def scoped_enum(program: Program) -> Iterator[Finding]:
    """Report scoped, unnamed and typed enumerations."""
    for at in program.words(("enum",)):
        if program.text(at + 1) in ("class", "struct", "{"):
            rule = "an enumeration is unscoped and has a name"
            yield program.finding("plain-enum", at, f"enum {program.text(at + 1)}", rule, "write enum NAME")
        elif program.text(at + 2) == ":":
            thing = f"enum {program.text(at + 1)}"
            rule = "an enumeration is an int and has no underlying type"
            yield program.finding("plain-enum", at, thing, rule, "remove the type")


def range_for(program: Program) -> Iterator[Finding]:
    """Report range-based for loops."""
    for at in program.words(("for",)):
        depth = program.depths[at]
        i = at + 2
        while i < len(program.code) and program.depths[i] > depth:
            if program.text(i) == "?":
                break
            if program.text(i) == ":" and program.depths[i] == depth + 1:
                rule = "MQL5 has no range-based for"
                yield program.finding("range-for", i, "for loop", rule, "count with an index")
                break
            i += 1


def number_suffix(program: Program) -> Iterator[Finding]:
    """Report suffixes of integers and octal numbers. 1.5f is a float in MQL5 too."""
    for i, token in enumerate(program.code):
        if token.kind is Kind.NUMBER:
            pattern = _HEX if token.text.lower().startswith("0x") else _PLAIN
            is_known = (
                token.text[0] == "B" or token.text[:2] in ("0b", "0B") or _SUFFIXED.fullmatch(token.text)
            )
            if not is_known and not pattern.fullmatch(token.text):
                yield _suffix(program, i)
            elif re.fullmatch(r"0\d+", token.text):
                rule = "C++ reads it as octal, MQL5 as decimal"
                yield program.finding("octal", i, f"number {token.text}", rule, "remove the leading zeros")


def _suffix(program: Program, at: int) -> Finding:
    thing = f"number {program.text(at)}"
    return program.finding("number-suffix", at, thing, "MQL5's integers have no suffix", "remove it")


def character(program: Program) -> Iterator[Finding]:
    """Report character literals of several characters."""
    for i, token in enumerate(program.code):
        if token.kind is Kind.CHAR and not re.fullmatch(r"'(?:\\x[0-9A-Fa-f]{1,4}|\\?.)'", token.text):
            rule = "a character literal holds one character"
            yield program.finding("character", i, f"literal {token.text}", rule, "write a string")


def escape(program: Program) -> Iterator[Finding]:
    """Report sequences behind a backslash whose result MetaQuotes leaves undefined, and decimal codes.

    Source: MQL5 reference, 'Character Constants'. How many digits a decimal code takes is not documented.
    """
    for token in program.code:
        if token.kind in (Kind.STRING, Kind.CHAR):
            yield from _escapes(token.text, token.file, token.line)
    for token in program.directives:
        if re.match(r"#[ \t]*define\b", token.text):
            for quoted in _QUOTED.findall(token.text):
                yield from _escapes(quoted, token.file, token.line)


def _escapes(text: str, file: str, line: int) -> Iterator[Finding]:
    for found in _ESCAPE.finditer(text):
        if other := found["other"]:
            rule = "behind a backslash stand n t r \\ ' \", x and 1 to 4 hexadecimal digits, or a single 0"
            yield Finding(
                "escape", file, line, f"sequence {other}", rule, "write the character's code as \\xHHHH"
            )


def delete_array(program: Program) -> Iterator[Finding]:
    """Report delete[]."""
    for at in program.words(("delete",)):
        if program.text(at + 1) == "[":
            rule = "MQL5's delete takes one object"
            yield program.finding("delete-array", at, "delete[]", rule, "delete each object")


def default_body(program: Program) -> Iterator[Finding]:
    """Report `= default`; MQL5 has `= delete` and `= 0`."""
    for at in program.words(("default",)):
        if program.text(at - 1) == "=":
            rule = "MQL5 has no such body"
            yield program.finding("default-body", at, "= default", rule, "write the body or omit it")


def directive(program: Program) -> Iterator[Finding]:
    """Report directives that MQL5 does not have, or that the EA does not use."""
    for token in program.directives:
        found = re.match(r"#[ \t]*(\w*)", token.text)
        word = found[1] if found else ""
        place = (token.file, token.line)
        if word not in DIRECTIVES:
            rule = "MQL5 has no such directive"
            yield Finding("directive", *place, f"#{word}", rule, "use #ifdef or #ifndef for conditions")
        elif word == "import":
            yield Finding("dll-import", *place, "#import", "the EA uses no DLL", "write the function in MQL5")
        elif word == "property" and token.file.endswith(".mqh"):
            rule = "MetaEditor reads #property in the .mq5 file only"
            yield Finding("property-place", *place, "#property", rule, "move it there")
        elif word == "define":
            yield from _macro(token.text, token.file, token.line)
        elif word == "include":
            target = re.search(r"<([^>/\\]+)", token.text)
            if target and target[1] in LIBRARY:
                rule = "the EA does not use MQL5's standard library"
                yield Finding(
                    "library-include", *place, f"#include <{target[1]}>", rule, "write what is needed"
                )


def _macro(text: str, file: str, line: int) -> Iterator[Finding]:
    found = re.match(r"#[ \t]*define[ \t]+\w+\(([^)]*)\)", text)
    if found is None:
        return
    count = len(found[1].split(","))
    if count > MAX_MACRO_PARAMETERS:
        rule = f"a macro has at most {MAX_MACRO_PARAMETERS}"
        yield Finding(
            "macro-parameters", file, line, f"macro with {count} parameters", rule, "write a function"
        )
    if "..." in found[1]:
        rule = "MQL5 has no variadic macros"
        yield Finding("macro-parameters", file, line, "macro with ...", rule, "name its parameters")


RULES: Final = (
    absent_word,
    arrow,
    lambda_expression,
    scoped_enum,
    range_for,
    number_suffix,
    character,
    escape,
    delete_array,
    default_body,
    directive,
)
