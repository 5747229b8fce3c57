"""Rules about calls: the function exists, the number of arguments is right, references get variables.

Sources: reference/functions.txt for the built-in functions; MQL5 reference, 'Passing Parameters'.
"""

from collections.abc import Iterator
from typing import Final

from tests.mql5.lint.program import STATEMENT_WORDS, Finding, Program, Scope
from tests.mql5.reference import HANDLER_NAMES, Signature, functions
from tests.mql5.translator.declarators import matching
from tests.mql5.translator.expressions import BUILT_IN_TYPES
from tests.mql5.translator.lexer import Kind, Token

_LITERALS: Final = (Kind.NUMBER, Kind.STRING, Kind.CHAR, Kind.DATE, Kind.COLOR)
_OPERATORS: Final = frozenset("+ - / % < > == != <= >= && || | ^ << >> ?".split())


def calls(program: Program) -> Iterator[int]:
    """Yield the index of each call of a function by its bare name."""
    for at in program.words():
        inside = (
            program.scopes[at] in (Scope.CODE, Scope.VALUES)
            or program.depths[at] > 0
            or _initialises(program, at)
        )
        if inside and program.text(at + 1) == "(" and program.text(at) not in STATEMENT_WORDS:
            if program.text(at - 1) != "." and not _declares(program, at):
                yield at


def known_function(program: Program) -> Iterator[Finding]:
    """Report calls of functions that neither MQL5 nor the program has."""
    own = set(program.functions) | program.types | program.names.macros | BUILT_IN_TYPES | program.declared
    for at in calls(program):
        word = program.text(at)
        if word not in own and word not in functions() and word not in HANDLER_NAMES:
            rule = "neither MQL5 nor the program has it"
            remedy = "correct the name, or add it to reference/corrections.txt with its source"
            yield program.finding("known-function", at, f"function {word}", rule, remedy)


def argument_count(program: Program) -> Iterator[Finding]:
    """Report calls of built-in functions with a number of arguments that no variant takes."""
    for at in calls(program):
        word = program.text(at)
        if word in functions() and word not in program.functions and word not in program.names.macros:
            count = len(program.split(at + 1))
            if not any(_takes(variant, count) for variant in functions()[word]):
                known = " or ".join(variant.text for variant in functions()[word])
                thing = f"{word} with {count} arguments"
                rule = "no variant takes that number"
                yield program.finding("argument-count", at, thing, rule, f"call {known}")


def value_to_reference(program: Program) -> Iterator[Finding]:
    """Report literals, calls and calculations for a parameter by reference, const or not."""
    for at in program.words(program.functions):
        word = program.text(at)
        if program.text(at + 1) != "(" or _declares(program, at) or program.scopes[at] is not Scope.CODE:
            continue
        arguments = program.split(at + 1)
        variants = [
            variant
            for variant in program.functions[word]
            if sum(not one.has_default for one in variant) <= len(arguments) <= len(variant)
        ]
        for i, argument in enumerate(arguments):
            if (
                variants
                and all(variant[i].is_reference for variant in variants)
                and _is_value(program, argument)
            ):
                shown = " ".join(token.text for token in argument)
                thing = f"{word}: argument {i + 1} {shown}"
                rule = "a parameter by reference takes a variable"
                yield program.finding("value-to-reference", at, thing, rule, "store the value in a variable")


def _takes(variant: Signature, count: int) -> bool:
    return variant.least <= count and (variant.most is None or count <= variant.most)


def _is_value(program: Program, argument: list[Token]) -> bool:
    """Return True where an argument is certainly not a variable."""
    if not argument:
        return False
    if any(token.kind in _LITERALS for token in argument[:1]):
        return True
    depth = 0
    for i, token in enumerate(argument):
        if token.kind is Kind.SIGN:
            depth += (token.text in "([{") - (token.text in ")]}")
            if depth == 0 and i and token.text in _OPERATORS:
                return True
    last_is_call = argument[-1].text == ")" and len(argument) > 2
    if last_is_call and argument[0].text not in ("(",):
        return True
    # A cast to a built-in type makes a value of it; a cast of a pointer does not.
    return argument[0].text == "(" and len(argument) > 3 and argument[1].text in BUILT_IN_TYPES


def _declares(program: Program, at: int) -> bool:
    """Return True where `name(` declares something: a type precedes it."""
    before = program.code[at - 1] if at else None
    if before is None:
        return True
    if before.kind is Kind.WORD:
        return before.text not in ("return", "else", "case", "new", "delete", "do")
    if before.text in ("*", "&", ">") and at > 1 and program.text(at - 2) in program.types | BUILT_IN_TYPES:
        return True
    return before.text == "::" and program.scopes[at] is Scope.TOP and _has_body(program, at)


def _has_body(program: Program, at: int) -> bool:
    close = matching(program.code, at + 1)
    return program.text(close + 1) in ("{", ":", "const")


def _initialises(program: Program, at: int) -> bool:
    """Return True where a call follows the = of a global variable."""
    return program.text(at - 1) == "="


RULES: Final = (known_function, argument_count, value_to_reference)
