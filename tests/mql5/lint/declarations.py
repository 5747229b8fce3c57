"""Rules about declarations: variables, members, parameters, classes, templates, inputs.

Sources: MQL5 reference, 'Variables', 'Object-Oriented Programming', 'Passing Parameters'; mql5/FACTS.md 6.
"""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from tests.mql5.lint.program import Finding, Parameter, Program, Scope
from tests.mql5.reference import constants, groups
from tests.mql5.translator.declarators import closing_angle, matching
from tests.mql5.translator.expressions import BUILT_IN_TYPES
from tests.mql5.translator.lexer import Kind

MOST_PARAMETERS: Final = 64
LONGEST_DESCRIPTION: Final = 63
_FORBIDDEN_OPERATORS: Final = frozenset({"(", ",", "?", "new", "delete", "->", "."})


def local_reference(program: Program) -> Iterator[Finding]:
    """References are parameters, nothing else."""
    for start, end, name in program.declarators():
        if program.text(end) != "&" or program.depths[start]:
            continue
        if program.text(name + 1) in ("=", ";", ",") or program.scopes[start] is Scope.CODE:
            yield program.finding("reference", name, f"{program.text(name)}: only parameters are references")
        elif program.text(name + 1) in ("(", "::"):
            yield program.finding("reference", name, f"{program.text(name)}: no function returns a reference")


def plain_pointer(program: Program) -> Iterator[Finding]:
    """Pointers point to objects of classes."""
    plain = set(BUILT_IN_TYPES) | program.names.structs | set(program.names.enums)
    for start, end, name in program.declarators():
        if program.text(end) == "*" and end == start + 1 and program.text(start) in plain:
            text = f"{program.text(name)}: no pointers to {program.text(start)}, only to classes"
            yield program.finding("plain-pointer", name, text)


def member_initialiser(program: Program) -> Iterator[Finding]:
    """Members get their values in a constructor; static ones outside of the class."""
    for start, _, name in program.declarators():
        if program.scopes[start] not in (Scope.CLASS, Scope.STRUCT) or program.depths[start]:
            continue
        behind = name + 1
        while program.text(behind) == "[":
            behind = matching(program.code, behind) + 1
        if program.text(behind) in ("=", "{"):
            yield program.finding(
                "member-initialiser", name, f"{program.text(name)}: no initialiser in a class"
            )


def brace_initialiser(program: Program) -> Iterator[Finding]:
    """A list in braces follows `=`."""
    for _, _, name in program.declarators():
        if program.text(name + 1) == "{" and program.text(name - 1) != "::":
            yield program.finding(
                "brace-initialiser", name, f"{program.text(name)}: write = in front of the list"
            )
    for at in program.signs("{"):
        if program.text(at - 1) in ("return", "("):
            yield program.finding("brace-initialiser", at, "no list in braces as a value")


def condition_declaration(program: Program) -> Iterator[Finding]:
    """Nothing is declared in a condition."""
    for start, _, name in program.declarators():
        if program.text(start - 1) == "(" and program.text(start - 2) in ("if", "while", "switch"):
            yield program.finding("condition-declaration", name, "no declaration in a condition")


def parameters(program: Program) -> Iterator[Finding]:
    """Arrays, structures and objects go by reference; 64 parameters are the most."""
    for variants in program.functions.values():
        for variant in variants:
            for parameter in variant:
                yield from _parameter(program, parameter)
            if len(variant) > MOST_PARAMETERS:
                token = variant[0].tokens[0]
                text = f"more than {MOST_PARAMETERS} parameters"
                yield Finding("parameter-count", token.file, token.line, text)
            for one, following in pairwise(variant):
                if one.has_default and not following.has_default:
                    token = following.tokens[0]
                    text = "a parameter without a default behind one with"
                    yield Finding("parameter-default", token.file, token.line, text)


def _parameter(program: Program, parameter: Parameter) -> Iterator[Finding]:
    head = parameter.before_default
    texts = [token.text for token in head]
    if not head or parameter.is_reference or "*" in texts:
        return
    where = head[0]
    if "[" in texts:
        yield Finding("array-by-value", where.file, where.line, f"{' '.join(texts)}: an array needs &")
    elif next((text for text in texts if text != "const"), "") in program.objects:
        text = f"{' '.join(texts)}: an object or structure needs &"
        yield Finding("object-by-value", where.file, where.line, text)


def inheritance(program: Program) -> Iterator[Finding]:
    """One base, named with its access."""
    for at in program.words(("class", "struct", "interface")):
        if program.text(at + 2) == ":":
            brace = next(i for i in range(at, len(program.code)) if program.text(i) == "{")
            texts = [program.text(i) for i in range(at + 3, brace)]
            depth = 0
            for text in texts:
                depth += (text == "<") - (text == ">")
                if text == "," and depth == 0:
                    yield program.finding("inheritance", at, f"{program.text(at + 1)}: one base is the most")
            if texts and texts[0] not in ("public", "protected", "private"):
                yield program.finding(
                    "inheritance", at, f"{program.text(at + 1)}: say public in front of the base"
                )


def structure(program: Program) -> Iterator[Finding]:
    """A structure has no virtual methods."""
    for at in program.words(("virtual",)):
        if program.scopes[at] is Scope.STRUCT:
            yield program.finding("structure", at, "a structure has no virtual methods")


def template(program: Program) -> Iterator[Finding]:
    """Template parameters are types, each by `typename`, without defaults."""
    for at in program.words(("template",)):
        close = closing_angle(program.code, at + 1) or next(
            i for i in range(at, len(program.code)) if program.text(i) == ">"
        )
        for part in _between_commas(program, at + 2, close):
            if len(part) != 2 or part[0] != "typename":
                yield program.finding("template", at, f"{' '.join(part)}: only `typename T` is taken")
        if close == at + 2:
            yield program.finding("template", at, "no specialisation of templates")


def _between_commas(program: Program, start: int, stop: int) -> list[list[str]]:
    parts: list[list[str]] = [[]]
    for i in range(start, stop):
        if program.text(i) == ",":
            parts.append([])
        else:
            parts[-1].append(program.text(i))
    return [part for part in parts if part]


def operator_overload(program: Program) -> Iterator[Finding]:
    """Operators are methods; some cannot be overloaded."""
    for at in program.words(("operator",)):
        following = program.text(at + 1)
        if following in _FORBIDDEN_OPERATORS or program.code[at + 1].kind is Kind.WORD:
            yield program.finding("operator", at, f"operator {following} cannot be overloaded")
        elif program.scopes[at] is Scope.TOP and program.text(at - 1) != "::":
            yield program.finding("operator", at, "an operator is a method of a class or structure")


def unique_constants(program: Program) -> Iterator[Finding]:
    """No constant's name is in two enumerations, nor one of MQL5's own (build 5200)."""
    seen: dict[str, str] = {name: group.name for group in groups() for name in group.values}
    for at in program.words(("enum",)):
        name = program.text(at + 1)
        for word in program.names.enums.get(name, []) if program.text(at + 2) == "{" else []:
            if word in seen:
                text = f"{word} is a constant of {seen[word] or 'MQL5'} already"
                yield program.finding("unique-constant", at, text)
            seen[word] = name


def inputs(program: Program) -> Iterator[Finding]:
    """Inputs are simple, initialised, described in 63 characters, and never assigned."""
    found = set()
    for at in program.words(("input", "sinput")):
        if program.scopes[at] is not Scope.TOP or program.text(at + 1) == "group":
            continue
        name = at + 2
        found.add(program.text(name))
        if program.text(at + 1) in program.objects or program.text(name + 1) == "[":
            yield program.finding(
                "input", name, f"{program.text(name)}: an input is no structure and no array"
            )
        elif program.text(name + 1) != "=":
            yield program.finding("input", name, f"{program.text(name)}: an input has a default")
        end = next((i for i in range(at, len(program.code)) if program.text(i) == ";"), at)
        behind = program.code[end + 1].before if end + 1 < len(program.code) else program.trailing
        comment = re.match(r"[ \t]*//[ \t]*([^\n]*)", behind)
        if comment and len(comment[1].strip()) > LONGEST_DESCRIPTION:
            text = f"{program.text(name)}: a description has at most {LONGEST_DESCRIPTION} characters"
            yield program.finding("input-description", name, text)
    for at in program.signs("=", "+=", "-=", "++", "--"):
        if program.text(at - 1) in found and program.text(at - 3) not in ("input", "sinput"):
            yield program.finding("input", at, f"{program.text(at - 1)}: an input is read-only")


def array_value(program: Program) -> Iterator[Finding]:
    """Arrays are copied by ArrayCopy, and never returned."""
    arrays = {name for name, always in program.arrays.items() if always}
    for at in program.signs("="):
        if program.scopes[at] is Scope.CODE and program.text(at - 1) in arrays:
            if program.text(at - 2) in (";", "{", "}", ")", "else", "."):
                yield program.finding("array-value", at, f"{program.text(at - 1)}: an array is not assigned")
    for at in program.words(("return",)):
        inner = at + 2 if program.text(at + 1) == "(" else at + 1
        if program.text(inner) in arrays and program.text(inner + 1) in (";", ")"):
            yield program.finding("array-value", at, f"{program.text(inner)}: an array is not returned")


def known_constant(program: Program) -> Iterator[Finding]:
    """A name in capitals is a constant of MQL5's or the program's."""
    own = program.declared | program.names.macros | program.types | set(program.functions)
    for at in program.words():
        word = program.text(at)
        if not re.fullmatch(r"[A-Z][A-Z0-9]*_[A-Z0-9_]+", word) or word in own or word in constants():
            continue
        if word not in _NUMERIC and program.text(at - 1) not in (".", "::"):
            yield program.finding("known-constant", at, f"{word} is not in the table of constants")


_NUMERIC: Final = frozenset(
    "CHAR_MIN CHAR_MAX UCHAR_MAX SHORT_MIN SHORT_MAX USHORT_MAX INT_MIN INT_MAX UINT_MAX LONG_MIN LONG_MAX"
    " ULONG_MAX DBL_MIN DBL_MAX DBL_EPSILON DBL_DIG DBL_MANT_DIG FLT_MIN FLT_MAX FLT_EPSILON EMPTY_VALUE"
    " M_PI M_E".split()
)
"""Reference, 'Numerical Type Constants', 'Mathematical Constants'."""


RULES: Final = (
    local_reference,
    plain_pointer,
    member_initialiser,
    brace_initialiser,
    condition_declaration,
    parameters,
    inheritance,
    structure,
    template,
    operator_overload,
    unique_constants,
    inputs,
    array_value,
    known_constant,
)
