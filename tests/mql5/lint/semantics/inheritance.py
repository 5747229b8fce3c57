"""Checks of a class against its base classes."""

from collections.abc import Iterator

from tests.mql5.lint.program import Finding
from tests.mql5.lint.semantics.tables import Tables, key_of
from tests.mql5.lint.syntax.cursor import finding
from tests.mql5.lint.syntax.tree import Class, Function
from tests.mql5.reference import names


def check_inheritance(tables: Tables) -> Iterator[Finding]:
    """Yield the faults of all classes with a base, and of methods that override."""
    for one in tables.all_classes:
        if one.is_forward:
            continue
        yield from _base(tables, one)
        for function in one.functions:
            yield from _override(tables, one, function)
        if one.base is not None and one.base.name in tables.classes:
            yield from _default_constructor(tables, one)


def _base(tables: Tables, one: Class) -> Iterator[Finding]:
    if one.base is None:
        return
    base = tables.classes.get(one.base.name)
    thing = f"{one.kind} {one.name} with the base {one.base.name}"
    if base is None:
        known = one.base.name in tables.enums or one.base.name[:1].islower()
        if known and one.base.name not in tables.macros:
            yield finding(232, one.token, thing, "name a class")
        elif one.base.name not in one.templates and one.base.name not in names().types:
            yield finding(128, one.token, thing, "declare it")
        return
    if base.kind == "struct" and one.kind == "class":
        yield finding(266, one.token, thing, "make both of one kind")
    elif base.kind in ("class", "interface") and one.kind == "struct":
        yield finding(267, one.token, thing, "make both of one kind")
    elif one.kind == "interface" and base.kind != "interface":
        yield finding(395, one.token, thing, "name an interface")
    if base.kind == "interface" and one.base_access not in ("public", ""):
        yield finding(397, one.token, thing, "write public")
    if base.final:
        yield finding(401, one.token, thing, "remove final, or the base")


def _base_methods(tables: Tables, one: Class, function: Function) -> Iterator[tuple[Class, Function]]:
    for base in list(tables.chain(one.name))[1:]:
        for method in base.functions:
            if method.name == function.name and key_of(method) == key_of(function):
                yield base, method


def _is_virtual(tables: Tables, one: Class, function: Function) -> bool:
    if "virtual" in function.words or function.behind & {"override", "pure"} or one.kind == "interface":
        return True
    return any(
        "virtual" in method.words or base.kind == "interface"
        for base, method in _base_methods(tables, one, function)
    )


def _override(tables: Tables, one: Class, function: Function) -> Iterator[Finding]:
    is_whole = all(base.base is None or base.base.name in tables.classes for base in tables.chain(one.name))
    is_plain = not any(base.templates for base in tables.chain(one.name))
    overridden = list(_base_methods(tables, one, function))
    virtual = [(base, method) for base, method in overridden if _is_virtual(tables, base, method)]
    if "override" in function.behind and not virtual and is_whole and is_plain:
        yield finding(
            404,
            function.token,
            f"method {function.name}",
            "correct its name or parameters, or remove override",
        )
    if "final" in function.behind and not _is_virtual(tables, one, function) and is_whole and is_plain:
        yield finding(403, function.token, f"method {function.name}", "remove final")
    for _, method in virtual:
        if "final" in method.behind:
            yield finding(402, function.token, f"method {function.name}", "remove it, or final")
        if method.type and function.type and is_plain:
            same = (method.type.name, method.type.pointers) == (function.type.name, function.type.pointers)
            if not same:
                yield finding(265, function.token, f"method {function.name}", f"return {method.type.name}")


def _default_constructor(tables: Tables, one: Class) -> Iterator[Finding]:
    """Yield a finding where the base has constructors with parameters alone, and nothing calls one of them."""
    assert one.base is not None
    base = tables.classes[one.base.name]
    if not needs_arguments(base) or base.templates:
        return
    own = [function for function in one.functions if function.name == one.name]
    own += [function for function in tables.outside.get(one.name, []) if function.name == one.name]
    bodies = [function for function in own if function.body is not None]
    for function in bodies:
        if not any(token.text == base.name for token, _ in function.first or []):
            remedy = f"write : {base.name}(...) behind it"
            yield finding(
                339, function.token, f"constructor of {one.name} without that of {base.name}", remedy
            )
    if not own:
        yield finding(
            339,
            one.token,
            f"{one.kind} {one.name} without a constructor",
            f"write one that calls {base.name}'s",
        )


def needs_arguments(one: Class) -> bool:
    """Return True where every constructor of a class has parameters without a default."""
    found = [
        function
        for function in one.functions
        if function.name == one.name and "delete" not in function.behind
    ]
    return bool(found) and all(any(p.start is None for p in function.parameters) for function in found)


def abstract_methods(tables: Tables, name: str) -> list[str]:
    """Return the pure methods that a class does not implement."""
    if not tables.is_whole(name):
        return []
    chain = list(tables.chain(name))
    found = []
    for i, one in enumerate(chain):
        for function in one.functions:
            is_pure = "pure" in function.behind or (one.kind == "interface" and not function.body)
            if is_pure and not function.name.startswith("~"):
                below = [method for base in chain[:i] for method in base.functions]
                same = [
                    m
                    for m in below
                    if m.name == function.name and len(m.parameters) == len(function.parameters)
                ]
                if not any("pure" not in method.behind for method in same):
                    found.append(function.name)
    return found


def has_objects(tables: Tables, name: str, depth: int = 0) -> bool:
    """Return True where ZeroMemory is refused: a base, protected members, virtual methods, or objects inside."""
    one = tables.classes.get(name)
    if one is None or depth > 16:
        return False
    if (one.base is not None and one.base.name not in names().types) or any(
        variable.access == "protected" for variable in one.variables
    ):
        return True
    if any(function.access == "protected" or "virtual" in function.words for function in one.functions):
        return True
    return any(
        has_objects(tables, variable.type.name, depth + 1)
        for variable in one.variables
        if not variable.type.pointers
    )
