"""Rules of the subset: constructs that MetaEditor accepts and the tools of this project do not (README.md)."""

import re
from collections.abc import Iterator
from typing import Final

from tests.mql5.lint.program import Finding, Program, Scope
from tests.mql5.translator.lexer import Kind

_WORDS: Final = {
    "namespace": "namespaces",
    "using": "namespaces",
    "export": "libraries",
    "matrix": "matrices",
    "matrixf": "matrices",
    "matrixc": "matrices",
    "vector": "matrices",
    "vectorf": "matrices",
    "vectorc": "matrices",
    "complex": "complex numbers",
    "complexf": "complex numbers",
}
_INTEGER: Final = re.compile(r"(?:0[xX][0-9A-Fa-f]+|\d+)[uUlL]+")


def outside_subset(program: Program) -> Iterator[Finding]:
    """Report words, signs and literals outside the subset."""
    for at, token in enumerate(program.code):
        if token.kind is Kind.WORD and token.text in _WORDS and program.text(at - 1) not in (".", "::"):
            yield _finding(program, at, token.text, _WORDS[token.text], "write it without")
        elif token.kind is Kind.NUMBER and _INTEGER.fullmatch(token.text):
            yield _finding(program, at, f"number {token.text}", "suffixes of integers", "remove the suffix")
        elif token.kind is Kind.NUMBER and token.text[:2] in ("0b", "0B"):
            yield _finding(program, at, f"number {token.text}", "numbers 0b", "write B'101' or 0x5")
        elif token.text in ("input", "sinput") and program.text(at + 1) == "(":
            thing = f"{token.text}(...)"
            yield _finding(program, at, thing, "attributes of inputs", "write the label as a comment")
        elif token.text == "void" and program.text(at + 1) == "*":
            yield _finding(program, at, "pointer to void", "pointers to void", "name the class")
        elif token.text == "typedef" and program.text(at + 1) in ("enum", "struct", "class"):
            thing = f"typedef {program.text(at + 1)}"
            yield _finding(program, at, thing, "types named by typedef", "name the type behind its keyword")


def variable_behind_type(program: Program) -> Iterator[Finding]:
    """Report variables that are declared together with a type."""
    kinds = (Scope.CLASS, Scope.STRUCT, Scope.ENUM)
    for at in program.signs("}"):
        following = program.code[at + 1] if at + 1 < len(program.code) else None
        if following is not None and following.kind is Kind.WORD and program.scopes[at] in kinds:
            if program.text(at + 2) in (";", "=", ",", "["):
                thing = f"variable {following.text} behind a type"
                yield _finding(
                    program, at + 1, thing, "variables declared with their type", "declare it by itself"
                )


def _finding(program: Program, at: int, thing: str, what: str, remedy: str) -> Finding:
    return program.finding("subset", at, thing, f"the subset has no {what}", remedy)


RULES: Final = (outside_subset, variable_behind_type)
