"""Checks of the top level: names, functions, variables, enumerations."""

from collections.abc import Iterator
from typing import Final

from tests.mql5.lint.program import Finding
from tests.mql5.lint.semantics.tables import INTEGERS, SIZES, Tables, key_of
from tests.mql5.lint.syntax.cursor import finding
from tests.mql5.lint.syntax.tree import (
    Binary,
    Call,
    Cast,
    Class,
    Expression,
    Function,
    Literal,
    Name,
    New,
    Scoped,
    Ternary,
    Unary,
    Unit,
    Values,
    Variable,
)
from tests.mql5.reference import names
from tests.mql5.translator.expressions import BUILT_IN_TYPES
from tests.mql5.translator.lexer import Kind, Token

MAX_NAME: Final = 250
"""Limit of the list of errors."""
MAX_IDENTIFIER: Final = 63
"""Limit of the reference's page 'Identifiers'; of 'Input Variables' for the names of inputs."""
MAX_BYTES: Final = (1 << 31) - 1
INPUT: Final = frozenset({"input", "sinput"})
RESERVED: Final = frozenset(
    "bool char class color datetime double enum float int long short string struct uchar uint ulong union ushort"
    " void const delete override private protected public virtual extern input static"
    " break case continue default do dynamic_cast else for if new offsetof operator pack return sizeof switch while"
    " this true false template typename namespace"
    " matrix matrixf matrixc vector vectorf vectorc complex complexf".split()
)
"""Words of the reference's page 'Reserved Words', without `group`, which public code has as a name."""


def check_top_level(tables: Tables, unit: Unit) -> Iterator[Finding]:
    """Yield the faults of the declarations of the top level."""
    yield from _names(tables, unit)
    yield from _functions(tables)
    yield from _enumerations(tables)
    for variable in (*tables.all_globals, *tables.statics.values()):
        yield from check_variable(tables, variable)
        if "extern" in variable.words and variable.start is not None:
            others = [
                one for one in tables.all_globals if one.name == variable.name and one.start is not None
            ]
            if len(others) > 1 and others[0] is not variable:
                yield finding(303, variable.token, f"extern {variable.name}", "set it in one place")
    yield from _sizes(tables)


def _sizes(tables: Tables) -> Iterator[Finding]:
    total = sum(size_of(tables, one) for one in tables.all_globals)
    if tables.all_globals and total > MAX_BYTES:
        yield finding(337, tables.all_globals[-1].token, f"variables of {total} bytes", "use dynamic arrays")


def check_handlers(tables: Tables, properties: dict[str, Token]) -> Iterator[Finding]:
    """Yield a finding for each event handler that the program lacks. `properties` are those of #property."""
    if "OnTesterInit" in tables.functions and "OnTesterDeinit" not in tables.functions:
        token = tables.functions["OnTesterInit"][0].token
        yield finding(375, token, "OnTesterInit", "add OnTesterDeinit")
    for name, token in properties.items():
        if name.startswith("indicator_") and "OnCalculate" not in tables.functions:
            yield finding(209, token, f"indicator with {name}", "add OnCalculate")
            break
        if name.startswith("script_") and "OnStart" not in tables.functions:
            yield finding(356, token, f"script with {name}", "add OnStart")
            break


def _names(tables: Tables, unit: Unit) -> Iterator[Finding]:
    seen: dict[str, Variable] = {}
    built_in = names()
    for item in unit.items:
        if isinstance(item, Function) and item.owner:
            continue
        yield from check_name(item.token, item.name)
        if isinstance(item, Variable) and not item.owner:
            if item.name in built_in.constants:
                yield finding(191, item.token, f"variable {item.name}, a constant of MQL5", "rename it")
            if item.name in seen and not {"extern"} & (item.words | seen[item.name].words):
                yield finding(125, item.token, f"variable {item.name}", "rename one of them")
            seen.setdefault(item.name, item)
            if item.name in tables.classes:
                yield finding(195, item.token, f"variable {item.name}", "rename one of them")
            elif item.name in tables.enums:
                yield finding(230, item.token, f"variable {item.name}", "rename one of them")
            elif item.name in tables.functions:
                yield finding(194, item.token, f"variable {item.name}, also a function", "rename one of them")
    for one in tables.all_classes:
        if one.name in tables.enums:
            yield finding(230, one.token, f"{one.kind} {one.name}", "rename one of them")
    definitions: set[str] = set()
    for item in unit.items:
        if isinstance(item, Class) and not item.is_forward:
            if item.name in definitions:
                yield finding(127, item.token, f"{item.kind} {item.name}", "rename one of them")
            definitions.add(item.name)


def check_name(token: Token, name: str) -> Iterator[Finding]:
    """Yield the faults of a declared name."""
    if len(name) > MAX_NAME:
        yield finding(126, token, f"name of {len(name)} characters", "shorten it")
    elif len(name) > MAX_IDENTIFIER:
        thing, rule = f"name of {len(name)} characters", f"a name has at most {MAX_IDENTIFIER}"
        yield Finding("name-length", token.file, token.line, thing, rule, "shorten it")
    if name in RESERVED:
        yield finding(149, token, f"name {name}, a word of MQL5", "rename it")


def _functions(tables: Tables) -> Iterator[Finding]:
    for name, variants in tables.functions.items():
        if name in names().functions and not variants[0].imported:
            yield finding(271, variants[0].token, f"function {name}", "rename it")
        if name in names().constants:
            yield finding(191, variants[0].token, f"function {name}, a constant of MQL5", "rename it")
        first: dict[tuple[tuple[str, int, int, bool], ...], Function] = {}
        for variant in variants:
            yield from check_function(tables, variant)
            yield from _without_class(variant)
            known = first.setdefault(key_of(variant), variant)
            if known is variant or variant.templates:
                continue
            if known.type and variant.type and known.type.name != variant.type.name:
                thing = f"function {name} with the result {variant.type.name}"
                yield finding(163, variant.token, thing, f"write {known.type.name}")
            elif known.body and variant.body:
                yield finding(165, variant.token, f"function {name}", "remove one of them")
            yield from defaults_differ(known, variant)
            if variant.body and not known.body:
                first[key_of(variant)] = variant


def defaults_differ(one: Function, other: Function) -> Iterator[Finding]:
    """Yield a finding where two declarations have different defaults."""
    for left, right in zip(one.parameters, other.parameters, strict=False):
        if left.start and right.start and left.start.token.text != right.start.token.text:
            yield finding(278, right.token, f"default of {right.name}", "remove it in the definition")


def _without_class(function: Function) -> Iterator[Finding]:
    if "const" in function.behind:
        yield finding(272, function.token, f"const behind {function.name}", "remove it")
    if function.words & {"virtual"} or function.behind & {"override", "final", "pure"}:
        number = 382 if "pure" in function.behind else 403 if "final" in function.behind else 149
        yield finding(
            number, function.token, f"virtual method {function.name} without a class", "write a function"
        )


def check_function(tables: Tables, function: Function) -> Iterator[Finding]:
    """Yield the faults of the head of a function or method."""
    seen: set[str] = set()
    yield from check_name(function.token, function.name)
    for one in function.parameters:
        if one.name and one.name in seen:
            yield finding(376, one.token, f"parameter {one.name}", "rename one of them")
        seen.add(one.name)
        yield from check_name(one.token, one.name)
        if one.type.name == "void" and not one.dimensions and not one.type.pointers:
            yield finding(143, one.token, f"parameter {one.name} of type void", "write another type")
        if one.type.references and one.start is not None:
            yield finding(138, one.token, f"parameter {one.name}", "remove the default, or pass a value")
        elif one.start is not None and not _is_constant(tables, one.start):
            yield finding(188, one.token, f"default of {one.name}", "write a constant, or an overload")
        if one.name in tables.classes:
            yield finding(281, one.token, f"parameter {one.name}", "rename it")
    if "export" in function.behind or "export" in function.words:
        if function.templates:
            yield finding(366, function.token, f"template {function.name}", "remove export")
    if function.templates and "virtual" in function.words:
        yield finding(365, function.token, f"template {function.name}", "remove virtual")


def _enumerations(tables: Tables) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    for one in tables.all_enums:
        for token, _ in one.constants:
            yield from check_name(token, token.text)
            if token.text in names().constants:
                yield finding(191, token, f"enumerator {token.text}, a constant of MQL5", "rename it")
            elif token.text in seen:
                number = 191 if seen[token.text] == one.name else 193
                yield finding(number, token, f"enumerator {token.text}", "rename it")
            elif token.text in tables.globals:
                yield finding(194, token, f"enumerator {token.text}", "rename one of them")
            seen[token.text] = one.name


def size_of(tables: Tables, variable: Variable) -> int:
    """Return the bytes of a variable; 0 where they are not known."""
    size = (
        8
        if variable.type.pointers
        else SIZES.get(variable.type.name, 4 if variable.type.name in tables.enums else 0)
    )
    if size == 0 and variable.type.name in tables.classes:
        size = _class_size(tables, tables.classes[variable.type.name], 0)
    for dimension in variable.dimensions:
        size *= max(0, tables.number(dimension) or 0)
    return size


def _class_size(tables: Tables, one: Class, depth: int) -> int:
    if depth > 16:
        return 0
    return sum(size_of(tables, member) for member in one.variables if member.type.name != one.name)


def check_variable(tables: Tables, variable: Variable, *, member: bool = False) -> Iterator[Finding]:
    """Yield the faults of a variable's declaration."""
    yield from check_name(variable.token, variable.name)
    kind = variable.type
    if kind.name == "void" and not kind.pointers:
        yield finding(143, variable.token, f"variable {variable.name} of type void", "write another type")
    for dimension in variable.dimensions:
        yield from _dimension(tables, variable, dimension)
    if variable.dimensions and size_of(tables, variable) > MAX_BYTES:
        yield finding(335, variable.token, f"array {variable.name}", "use a smaller one")
    owner = tables.classes.get(kind.name)
    if owner is not None and not kind.pointers:
        if not member and owner.templates and not kind.arguments:
            yield finding(379, variable.token, f"template {kind.name} without its types", "write them in <>")
        elif owner.templates and len(owner.templates) != len(kind.arguments) and kind.arguments:
            thing = f"template {kind.name} with {len(kind.arguments)} types"
            yield finding(364, variable.token, thing, f"write {len(owner.templates)}")
        if _class_size(tables, owner, 0) > MAX_BYTES:
            yield finding(336, variable.token, f"{owner.kind} {owner.name}", "use smaller members")
    if (
        kind.const
        and not member
        and variable.start is None
        and variable.arguments is None
        and not variable.owner
    ):
        if not kind.pointers and (owner is None or owner.kind != "class") and not variable.dimensions:
            yield finding(389, variable.token, f"constant {variable.name}", "write = VALUE")
    if INPUT & variable.words and variable.start is not None and not _is_constant(tables, variable.start):
        yield finding(188, variable.token, f"start value of the input {variable.name}", "write a constant")
    yield from _values(tables, variable)


def _dimension(tables: Tables, variable: Variable, dimension: Expression | None) -> Iterator[Finding]:
    if dimension is None:
        return
    size = tables.number(dimension)
    thing = f"array {variable.name}"
    if size is None and isinstance(dimension, Literal) and dimension.token.kind is Kind.NUMBER:
        yield finding(173, variable.token, thing, "write an integer")
    elif size is None:
        if isinstance(dimension, Literal):
            yield finding(173, variable.token, thing, "write an integer")
        elif not _may_be_constant(tables, dimension):
            yield finding(188, variable.token, thing, "use a constant, or ArrayResize")
    elif size == 0:
        yield finding(146, variable.token, thing, "write 1 or more, or nothing for a dynamic array")
    elif size < 0:
        yield finding(203, variable.token, thing, "write a positive number")


def _may_be_constant(tables: Tables, dimension: Expression) -> bool:
    """Return True where a value that is not known here can be a constant: sizeof, a built-in one, a template's."""
    if isinstance(dimension, Name):
        variable = tables.globals.get(dimension.name)
        if variable is not None:
            return variable.type.const
        return dimension.name in names().constants or dimension.name not in tables.functions
    return not isinstance(dimension, Call)


def _is_constant(tables: Tables, value: Expression | None) -> bool:
    """Return False where a value depends on a call or a variable, as far as this program declares it."""
    match value:
        case Name(name=name) | Scoped(name=name):
            variable = tables.globals.get(name)
            return variable is None or (variable.type.const and not INPUT & variable.words)
        case Call(function=function, arguments=arguments):
            converts = isinstance(function, Name) and (
                function.name in BUILT_IN_TYPES or function.name in tables.enums
            )
            return converts and all(_is_constant(tables, one) for one in arguments)
        case Unary(operand=inner) | Cast(value=inner):
            return _is_constant(tables, inner)
        case Binary(left=left, right=right):
            return _is_constant(tables, left) and _is_constant(tables, right)
        case Ternary(condition=condition, yes=yes, no=no):
            return all(_is_constant(tables, one) for one in (condition, yes, no))
        case New():
            return False
        case _:
            return True


def _values(tables: Tables, variable: Variable) -> Iterator[Finding]:
    if not isinstance(variable.start, Values):
        return
    count = len(variable.start.items)
    kind = variable.type
    thing = f"variable {variable.name} with {count} values"
    if variable.dimensions:
        most = tables.number(variable.dimensions[0])
        if most is not None and count > most and len(variable.dimensions) == 1:
            yield finding(186, variable.token, thing, f"write {most} at most")
        if len(variable.dimensions) == 1 and kind.name in INTEGERS:
            if any(isinstance(item, Values) for item in variable.start.items):
                yield finding(276, variable.token, thing, "remove the inner braces")
    elif kind.name in INTEGERS | {"double", "float", "string"} or kind.pointers:
        if count > 1:
            yield finding(242, variable.token, thing, "write one value without braces")
    elif kind.name in tables.classes:
        owner = tables.classes[kind.name]
        if owner.kind == "class" or any(one.name == owner.name for one in owner.functions):
            if count:
                yield finding(242, variable.token, thing, "call its constructor")
        elif not owner.base and not owner.is_forward and count > len(owner.variables):
            yield finding(186, variable.token, thing, f"write {len(owner.variables)} at most")
