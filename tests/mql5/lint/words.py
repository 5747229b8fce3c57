"""Rules about single words, signs and directives: what MQL5 does not have.

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
"""What MetaEditor's Include folder is delivered with."""
_SUFFIX: Final = re.compile(r"(?:\d|\.)[fF]?$|^0[xX][0-9A-Fa-f]+$")
MOST_MACRO_PARAMETERS: Final = 8


def absent_word(program: Program) -> Iterator[Finding]:
    """C++ words that MQL5 does not have. As names of one's own they would only confuse."""
    for at in program.words(ABSENT):
        yield program.finding("absent-word", at, f"MQL5 has no {program.text(at)}")


def arrow(program: Program) -> Iterator[Finding]:
    """Members of pointers are reached by a dot."""
    for at in program.signs("->"):
        yield program.finding("arrow", at, "no -> in MQL5: write a dot")


def lambda_expression(program: Program) -> Iterator[Finding]:
    """There are no functions inside of expressions."""
    for at in program.signs("["):
        inside = program.text(at + 1) in ("]", "&", "=", "this")
        if inside and program.text(at - 1) in ("=", "(", ",", "return", "?", ":"):
            yield program.finding("lambda", at, "no lambda expressions in MQL5")


def scoped_enum(program: Program) -> Iterator[Finding]:
    """Enumerations are plain and have names."""
    for at in program.words(("enum",)):
        if program.text(at + 1) in ("class", "struct", "{"):
            yield program.finding("plain-enum", at, "an enumeration is plain and has a name")
        elif program.text(at + 2) == ":":
            yield program.finding("plain-enum", at, "an enumeration has no underlying type: it is an int")


def range_for(program: Program) -> Iterator[Finding]:
    """A for loop has three parts."""
    for at in program.words(("for",)):
        depth = program.depths[at]
        i = at + 2
        while i < len(program.code) and program.depths[i] > depth:
            if program.text(i) == "?":
                break
            if program.text(i) == ":" and program.depths[i] == depth + 1:
                yield program.finding("range-for", i, "no range-based for in MQL5")
                break
            i += 1


def number_suffix(program: Program) -> Iterator[Finding]:
    """Integers have no suffix: their size decides. 1.5f is a float."""
    for i, token in enumerate(program.code):
        if token.kind is Kind.NUMBER:
            is_plain = token.text[-1].isdigit() or token.text[-1] == "."
            if not is_plain and not token.text.lower().startswith("0x") and not _SUFFIX.search(token.text):
                yield program.finding("number-suffix", i, f"{token.text}: no suffixes on integers")
            elif token.text.lower().startswith("0x") and not _SUFFIX.search(token.text):
                yield program.finding("number-suffix", i, f"{token.text}: no suffixes on integers")
            elif re.fullmatch(r"0\d+", token.text):
                yield program.finding("octal", i, f"{token.text}: octal in C++, not in MQL5")


def character(program: Program) -> Iterator[Finding]:
    """A character literal holds one character."""
    for i, token in enumerate(program.code):
        if token.kind is Kind.CHAR and not re.fullmatch(r"'(?:\\x[0-9A-Fa-f]{1,4}|\\?.)'", token.text):
            yield program.finding("character", i, f"{token.text}: one character between quotes")


def delete_array(program: Program) -> Iterator[Finding]:
    """delete takes one object."""
    for at in program.words(("delete",)):
        if program.text(at + 1) == "[":
            yield program.finding("delete-array", at, "no delete[] in MQL5: delete each object")


def default_body(program: Program) -> Iterator[Finding]:
    """Of `= default`, `= delete` and `= 0`, MQL5 knows the last two."""
    for at in program.words(("default",)):
        if program.text(at - 1) == "=":
            yield program.finding("default-body", at, "no = default in MQL5")


def directive(program: Program) -> Iterator[Finding]:
    """What the preprocessor knows."""
    for token in program.directives:
        found = re.match(r"#[ \t]*(\w*)", token.text)
        word = found[1] if found else ""
        if word not in DIRECTIVES:
            yield Finding("directive", token.file, token.line, f"no #{word} in MQL5: only #ifdef and #ifndef")
        elif word == "import":
            yield Finding("dll-import", token.file, token.line, "no #import: the EA uses no DLL")
        elif word == "property" and token.file.endswith(".mqh"):
            yield Finding("property-place", token.file, token.line, "#property counts in the .mq5 file alone")
        elif word == "define":
            yield from _macro(token.text, token.file, token.line)
        elif word == "include":
            target = re.search(r"<([^>/\\]+)", token.text)
            if target and target[1] in LIBRARY:
                text = f"<{target[1]}>: the EA uses nothing of the standard library"
                yield Finding("library-include", token.file, token.line, text)


def _macro(text: str, file: str, line: int) -> Iterator[Finding]:
    found = re.match(r"#[ \t]*define[ \t]+\w+\(([^)]*)\)", text)
    if found and len(found[1].split(",")) > MOST_MACRO_PARAMETERS:
        yield Finding(
            "macro-parameters", file, line, f"a macro has at most {MOST_MACRO_PARAMETERS} parameters"
        )
    if found and "..." in found[1]:
        yield Finding("macro-parameters", file, line, "no variadic macros in MQL5")


RULES: Final = (
    absent_word,
    arrow,
    lambda_expression,
    scoped_enum,
    range_for,
    number_suffix,
    character,
    delete_array,
    default_body,
    directive,
)
