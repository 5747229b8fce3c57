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

MAX_PARAMETERS: Final = 64
MAX_DESCRIPTION: Final = 63
_FORBIDDEN_OPERATORS: Final = frozenset({"(", ",", "?", "new", "delete", "->", "."})


def local_reference(program: Program) -> Iterator[Finding]:
    """Report references other than parameters."""
    for start, end, name in program.declarators():
        if program.text(end) != "&" or program.depths[start]:
            continue
        if program.text(name + 1) in ("=", ";", ",") or program.scopes[start] is Scope.CODE:
            thing, rule = f"reference {program.text(name)}", "only parameters are references"
            yield program.finding("reference", name, thing, rule, "declare a variable or a pointer")
        elif program.text(name + 1) in ("(", "::"):
            thing, rule = f"function {program.text(name)}", "a function returns no reference"
            yield program.finding("reference", name, thing, rule, "return a value or a pointer")


def plain_pointer(program: Program) -> Iterator[Finding]:
    """Report pointers to anything but objects of classes."""
    plain = set(BUILT_IN_TYPES - {"void"}) | program.names.structs | set(program.names.enums)
    for start, end, name in program.declarators():
        if program.text(end) == "*" and end == start + 1 and program.text(start) in plain:
            thing = f"pointer {program.text(name)} to {program.text(start)}"
            rule = "a pointer refers to an object of a class"
            yield program.finding("plain-pointer", name, thing, rule, "pass a reference")


def member_initialiser(program: Program) -> Iterator[Finding]:
    """Report initialisers of members inside a class."""
    for start, _, name in program.declarators():
        if program.scopes[start] not in (Scope.CLASS, Scope.STRUCT) or program.depths[start]:
            continue
        behind = name + 1
        while program.text(behind) == "[":
            behind = matching(program.code, behind) + 1
        if program.text(behind) in ("=", "{"):
            thing, rule = f"member {program.text(name)}", "a class holds no initialisers"
            remedy = "set it in the constructor; a static one outside the class"
            yield program.finding("member-initialiser", name, thing, rule, remedy)


def brace_initialiser(program: Program) -> Iterator[Finding]:
    """Report lists in braces that do not follow `=`."""
    for _, _, name in program.declarators():
        if program.text(name + 1) == "{" and program.text(name - 1) != "::":
            thing, rule = f"variable {program.text(name)}", "a list in braces follows ="
            yield program.finding("brace-initialiser", name, thing, rule, "write = in front of the list")
    for at in program.signs("{"):
        if program.text(at - 1) in ("return", "("):
            rule = "a list in braces is an initialiser, not a value"
            yield program.finding("brace-initialiser", at, "list in braces", rule, "use a variable")


def condition_declaration(program: Program) -> Iterator[Finding]:
    """Report declarations in a condition."""
    for start, _, name in program.declarators():
        if program.text(start - 1) == "(" and program.text(start - 2) in ("if", "while", "switch"):
            thing, rule = f"variable {program.text(name)}", "a condition declares nothing"
            yield program.finding("condition-declaration", name, thing, rule, "declare it before")


def parameters(program: Program) -> Iterator[Finding]:
    """Report arrays, structures and objects by value, too many parameters, and misplaced defaults."""
    for variants in program.functions.values():
        for variant in variants:
            for parameter in variant:
                yield from _parameter(program, parameter)
            if len(variant) > MAX_PARAMETERS and variant[0].tokens:
                token = variant[0].tokens[0]
                thing, rule = f"{len(variant)} parameters", f"a function has at most {MAX_PARAMETERS}"
                yield Finding("parameter-count", token.file, token.line, thing, rule, "pass a structure")
            for one, following in pairwise(variant):
                if one.has_default and following.tokens and not following.has_default:
                    token = following.tokens[0]
                    thing = f"parameter {' '.join(part.text for part in following.tokens)}"
                    rule = "after a parameter with a default, all have one"
                    yield Finding("parameter-default", token.file, token.line, thing, rule, "add a default")


def _parameter(program: Program, parameter: Parameter) -> Iterator[Finding]:
    head = parameter.before_default
    texts = [token.text for token in head]
    if not head or parameter.is_reference or "*" in texts:
        return
    where = head[0]
    if "[" in texts:
        thing, rule = f"parameter {' '.join(texts)}", "an array is passed by reference"
        yield Finding("array-by-value", where.file, where.line, thing, rule, "add &")
    elif next((text for text in texts if text != "const"), "") in program.objects:
        thing, rule = f"parameter {' '.join(texts)}", "an object or structure is passed by reference"
        yield Finding("object-by-value", where.file, where.line, thing, rule, "add &")


def inheritance(program: Program) -> Iterator[Finding]:
    """Report several bases, and a base without its access."""
    for at in program.words(("class", "struct", "interface")):
        if program.text(at + 2) == ":":
            brace = next((i for i in range(at, len(program.code)) if program.text(i) == "{"), at)
            name = f"{program.text(at)} {program.text(at + 1)}"
            texts = [program.text(i) for i in range(at + 3, brace)]
            depth = 0
            for text in texts:
                depth += (text == "<") - (text == ">")
                if text == "," and depth == 0:
                    rule = "a class has at most one base"
                    yield program.finding("inheritance", at, name, rule, "remove the others")
            if texts and texts[0] not in ("public", "protected", "private"):
                rule = "the base is named with its access"
                yield program.finding("inheritance", at, name, rule, "write public in front of it")


def structure(program: Program) -> Iterator[Finding]:
    """Report virtual methods of structures."""
    for at in program.words(("virtual",)):
        if program.scopes[at] is Scope.STRUCT:
            rule = "a structure has no virtual methods"
            yield program.finding("structure", at, "virtual", rule, "use a class")


def template(program: Program) -> Iterator[Finding]:
    """Report template parameters other than `typename T`, and specialisations."""
    for at in program.words(("template",)):
        close = closing_angle(program.code, at + 1) or next(
            (i for i in range(at, len(program.code)) if program.text(i) == ">"), at
        )
        if close == at:
            rule = "a template begins with template<typename T>"
            yield program.finding("template", at, "template clause", rule, "write it so")
        for part in _between_commas(program, at + 2, close):
            if len(part) != 2 or part[0] != "typename":
                thing, rule = f"parameter {' '.join(part)}", "a template parameter is a type"
                yield program.finding("template", at, thing, rule, "write typename NAME")
        if close == at + 2:
            rule = "MQL5 has no specialisation of templates"
            yield program.finding("template", at, "template<>", rule, "overload the function")


def _between_commas(program: Program, start: int, stop: int) -> list[list[str]]:
    parts: list[list[str]] = [[]]
    for i in range(start, stop):
        if program.text(i) == ",":
            parts.append([])
        else:
            parts[-1].append(program.text(i))
    return [part for part in parts if part]


def operator_overload(program: Program) -> Iterator[Finding]:
    """Report operators outside classes, and those that cannot be overloaded."""
    for at in program.words(("operator",)):
        following = program.text(at + 1)
        is_word = at + 1 < len(program.code) and program.code[at + 1].kind is Kind.WORD
        if following in _FORBIDDEN_OPERATORS or is_word:
            rule = "MQL5 does not overload it"
            yield program.finding("operator", at, f"operator {following}", rule, "write a method")
        elif program.scopes[at] is Scope.TOP and program.text(at - 1) != "::":
            rule = "an operator is a method of a class or structure"
            yield program.finding("operator", at, f"operator {following}", rule, "move it there")


def unique_constants(program: Program) -> Iterator[Finding]:
    """Report names of constants that another enumeration or MQL5 itself uses (build 5200)."""
    seen: dict[str, str] = {name: group.name for group in groups() for name in group.values}
    for at in program.words(("enum",)):
        name = program.text(at + 1)
        for word in program.names.enums.get(name, []) if program.text(at + 2) == "{" else []:
            if word in seen:
                rule = f"{seen[word] or 'MQL5'} has a constant of that name"
                yield program.finding("unique-constant", at, f"constant {word}", rule, "rename it")
            seen[word] = name


def inputs(program: Program) -> Iterator[Finding]:
    """Report inputs that are structures or arrays, have no default or a long description, or are assigned."""
    found = set()
    for at in program.words(("input", "sinput")):
        if program.scopes[at] is not Scope.TOP or program.text(at + 1) == "group":
            continue
        name = at + 2
        found.add(program.text(name))
        if program.text(at + 1) in program.objects or program.text(name + 1) == "[":
            thing, rule = f"input {program.text(name)}", "an input is no structure and no array"
            yield program.finding("input", name, thing, rule, "use a simple type")
        elif program.text(name + 1) != "=":
            thing, rule = f"input {program.text(name)}", "an input has a default"
            yield program.finding("input", name, thing, rule, "add = VALUE")
        end = next((i for i in range(at, len(program.code)) if program.text(i) == ";"), at)
        behind = program.code[end + 1].before if end + 1 < len(program.code) else program.trailing
        comment = re.match(r"[ \t]*//[ \t]*([^\n]*)", behind)
        if comment and len(comment[1].strip()) > MAX_DESCRIPTION:
            thing = f"description of {program.text(name)}, {len(comment[1].strip())} characters"
            rule = f"an input's description has at most {MAX_DESCRIPTION}"
            yield program.finding("input-description", name, thing, rule, "shorten it")
    for at in program.signs("=", "+=", "-=", "++", "--"):
        if program.text(at - 1) in found and program.text(at - 3) not in ("input", "sinput"):
            thing = f"assignment to {program.text(at - 1)}"
            yield program.finding("input", at, thing, "an input is read-only", "use a variable")


def array_value(program: Program) -> Iterator[Finding]:
    """Report assigned and returned arrays."""
    arrays = {name for name, always in program.arrays.items() if always}
    for at in program.signs("="):
        if program.scopes[at] is Scope.CODE and program.text(at - 1) in arrays:
            if program.text(at - 2) in (";", "{", "}", ")", "else", "."):
                thing, rule = f"array {program.text(at - 1)}", "an array is not assigned"
                yield program.finding("array-value", at, thing, rule, "call ArrayCopy")
    for at in program.words(("return",)):
        inner = at + 2 if program.text(at + 1) == "(" else at + 1
        if program.text(inner) in arrays and program.text(inner + 1) in (";", ")"):
            thing, rule = f"array {program.text(inner)}", "a function returns no array"
            yield program.finding("array-value", at, thing, rule, "fill a parameter")


def array_dimension(program: Program) -> Iterator[Finding]:
    """Report dimensions without a size behind the first one."""
    for at in program.signs("]"):
        if program.text(at + 1) == "[" and program.text(at + 2) == "]":
            rule = "the first dimension alone may be without a size"
            yield program.finding("array-dimension", at, "[] behind a dimension", rule, "write its size")


def known_constant(program: Program) -> Iterator[Finding]:
    """Report names in capitals that neither MQL5 nor the program declares."""
    own = program.declared | program.names.macros | program.types | set(program.functions)
    for at in program.words():
        word = program.text(at)
        if not re.fullmatch(r"[A-Z][A-Z0-9]*_[A-Z0-9_]+", word) or word in own or word in constants():
            continue
        if word not in _NUMERIC and program.text(at - 1) not in (".", "::"):
            rule = "neither the program nor reference/constants.txt has it"
            remedy = "correct the name, or add it there with its source"
            yield program.finding("known-constant", at, f"constant {word}", rule, remedy)


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
    array_dimension,
    known_constant,
)
