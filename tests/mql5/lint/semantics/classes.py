"""Checks of each class by itself: members, methods, constructors."""

from collections.abc import Iterator
from typing import Final

from tests.mql5.lint.program import Finding
from tests.mql5.lint.semantics.tables import Tables, key_of
from tests.mql5.lint.semantics.top_level import check_function, check_variable, defaults_differ
from tests.mql5.lint.syntax.cursor import finding
from tests.mql5.lint.syntax.tree import Class, Function, Variable
from tests.mql5.translator.lexer import Token

_OPERANDS: Final = {
    "operator[]": {1}, "operator!": {0}, "operator~": {0}, "operator++": {0, 1}, "operator--": {0, 1},
    "operator+": {0, 1}, "operator-": {0, 1}, "operator*": {0, 1}, "operator&": {0, 1},
}  # fmt: skip


def check_classes(tables: Tables) -> Iterator[Finding]:
    """Yield the faults of all classes, structures, unions and interfaces."""
    for one in tables.all_classes:
        if one.is_forward:
            continue
        yield from _members(tables, one)
        yield from _methods(tables, one)
        if one.kind == "interface":
            yield from _interface(one)
        elif one.kind == "union":
            yield from _union(tables, one)
    yield from _outside(tables)
    yield from _statics(tables)


def _members(tables: Tables, one: Class) -> Iterator[Finding]:
    seen: dict[str, Variable] = {}
    methods = {function.name for function in one.functions}
    for variable in one.variables:
        yield from check_variable(tables, variable, member=True)
        if variable.name in seen:
            yield finding(129, variable.token, f"member {variable.name}", "rename one of them")
        seen[variable.name] = variable
        if variable.name in methods:
            first = next(function for function in one.functions if function.name == variable.name)
            is_later = (variable.token.line, one.variables.index(variable)) > (first.token.line, -1)
            thing = f"{one.name}::{variable.name}"
            if is_later and first.token.line < variable.token.line:
                yield finding(347, variable.token, thing, "rename one of them")
            else:
                yield finding(346, first.token, thing, "rename one of them")
        if "virtual" in variable.words:
            yield finding(263, variable.token, f"virtual {variable.name}", "remove virtual")


def _methods(tables: Tables, one: Class) -> Iterator[Finding]:
    first: dict[tuple[str, object, bool], Function] = {}
    for function in one.functions:
        yield from check_function(tables, function)
        key = (function.name, key_of(function), "const" in function.behind)
        if key in first and not function.templates:
            yield finding(222, function.token, f"method {function.name}", "remove one of them")
        first[key] = function
        is_built = function.type is None
        if is_built:
            yield from _constructor(one, function)
        if "virtual" in function.words and one.kind in ("struct", "union"):
            yield finding(269, function.token, f"virtual {function.name}", "declare a class")
        if "virtual" in function.words and "static" in function.words:
            yield finding(348, function.token, f"virtual static {function.name}", "remove one of them")
        if "static" in function.words and "const" in function.behind:
            yield finding(349, function.token, f"static {function.name} const", "remove const")
        if "export" in function.behind or "export" in function.words:
            yield finding(357, function.token, f"method {function.name}", "remove export")
        if "pure" in function.behind and "virtual" not in function.words and one.kind != "interface":
            yield finding(382, function.token, f"method {function.name}", "write virtual in front of it")
        counts = _OPERANDS.get(function.name, {1} if function.name.startswith("operator") else None)
        if counts is not None and len(function.parameters) not in counts:
            thing = f"{function.name} with {len(function.parameters)} parameters"
            yield finding(355, function.token, thing, f"write {max(counts)}")


def _constructor(one: Class, function: Function) -> Iterator[Finding]:
    kind = "destructor" if function.name.startswith("~") else "constructor"
    if kind == "destructor" and function.parameters:
        yield finding(221, function.token, function.name, "remove the parameters")
    if kind == "constructor" and "virtual" in function.words:
        yield finding(268, function.token, f"virtual {function.name}", "remove virtual")
    if "static" in function.words:
        yield finding(350, function.token, f"static {function.name}", "remove static")
    if "const" in function.behind:
        yield finding(286, function.token, f"{function.name} const", "remove const")
    if one.kind == "interface" and kind == "constructor":
        yield finding(393, function.token, f"constructor of {one.name}", "remove it")
    yield from _initialisation(one, function)


def _initialisation(one: Class, function: Function) -> Iterator[Finding]:
    members = {variable.name: variable for variable in one.variables}
    seen: set[str] = set()
    for token, _ in function.first or []:
        name = token.text
        if name in seen:
            yield finding(343, token, f"member {name}", "set it once")
        seen.add(name)
        if name in members:
            if "static" in members[name].words:
                yield finding(344, token, f"member {name}", "set it outside the class")
            elif members[name].dimensions:
                yield finding(332, token, f"array {name}", "set it in the body")


def check_initialised_names(tables: Tables, owner: str, function: Function) -> Iterator[Finding]:
    """Yield the faults of a list of initialisation that names members of base classes, or none."""
    if owner not in tables.classes:
        return
    one = tables.classes[owner]
    own = {variable.name for variable in one.variables}
    for token, _ in function.first or []:
        if (
            token.text in own
            or token.text == one.name
            or any(base.name == token.text for base in tables.chain(owner))
        ):
            continue
        found = tables.member(owner, token.text)
        if found is not None:
            yield finding(333, token, f"member {token.text} of {found[0].name}", "pass it to its constructor")
        elif tables.is_whole(owner) and not one.templates and token.text not in one.templates:
            yield finding(130, token, f"member {token.text} of {owner}", "declare it, or correct the name")


def _interface(one: Class) -> Iterator[Finding]:
    for variable in one.variables:
        yield finding(398, variable.token, f"member {variable.name} of {one.name}", "remove it")
    for function in one.functions:
        if function.access != "public":
            yield finding(393, function.token, f"{function.access} {function.name}", "make it public")
    for inner in one.inner:
        if isinstance(inner, Class) and inner.kind == "interface":
            yield finding(394, inner.token, f"interface {inner.name}", "move it out")


def _union(tables: Tables, one: Class) -> Iterator[Finding]:
    for variable in one.variables:
        owner = tables.classes.get(variable.type.name)
        is_object = owner is not None and owner.kind == "class" and not variable.type.pointers
        is_dynamic = None in variable.dimensions
        if variable.type.name == "string" or is_object or is_dynamic:
            yield finding(409, variable.token, f"member {variable.name}", "use a simple type")


def _outside(tables: Tables) -> Iterator[Finding]:
    """Yield the faults of methods that are defined outside their class."""
    for owner, functions in tables.outside.items():
        one = tables.classes.get(owner)
        for function in functions:
            if one is None:
                yield finding(128, function.token, f"class {owner}", "declare it")
                continue
            yield from check_function(tables, function)
            yield from check_initialised_names(tables, owner, function)
            yield from _initialisation(one, function)
            if "virtual" in function.words or function.behind & {"override", "final"}:
                yield finding(405, function.token, f"{owner}::{function.name}", "remove it here")
            yield from _declared(one, function)


def _declared(one: Class, function: Function) -> Iterator[Finding]:
    thing = f"{one.name}::{function.name}"
    named = [method for method in one.functions if method.name == function.name]
    if not named:
        yield finding(213, function.token, thing, "declare it in the class")
        return
    if one.templates or function.templates:
        return
    same = [method for method in named if key_of(method) == key_of(function)]
    if not same:
        yield finding(224, function.token, thing, "write the parameters of the declaration")
        return
    if not any(("const" in method.behind) == ("const" in function.behind) for method in same):
        number, remedy = (
            (307, "remove const") if "const" in function.behind else (306, "write const behind it")
        )
        yield finding(number, function.token, thing, remedy)
    left, right = same[0].type, function.type
    if left and right and (left.name, left.pointers) != (right.name, right.pointers):
        yield finding(354, function.token, thing, f"write {left.name}")
    if same[0].body and function.body:
        yield finding(165, function.token, thing, "remove one of them")
    yield from defaults_differ(same[0], function)


def _statics(tables: Tables) -> Iterator[Finding]:
    for one in tables.all_classes:
        for variable in one.variables:
            if (
                "static" in variable.words
                and (one.name, variable.name) not in tables.statics
                and not one.templates
            ):
                if variable.start is None:
                    thing = f"static member {one.name}::{variable.name}"
                    remedy = f"write {variable.type.name} {one.name}::{variable.name}=VALUE; outside"
                    yield finding(370, variable.token, thing, remedy)
    for (owner, name), outside in tables.statics.items():
        found = tables.classes.get(owner)
        if found is None:
            continue
        token: Token = outside.token
        members = [variable for variable in found.variables if variable.name == name]
        if members and "static" not in members[0].words:
            yield finding(345, token, f"member {owner}::{name}", "set it in the constructor")
        elif not members:
            yield finding(130, token, f"member {owner}::{name}", "declare it in the class")
