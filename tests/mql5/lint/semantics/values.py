"""Values of expressions: their types, as far as declarations give them, and what names stand for."""

from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from tests.mql5.lint.program import Finding
from tests.mql5.lint.semantics.tables import INTEGERS, REALS, Tables
from tests.mql5.lint.syntax.cursor import finding
from tests.mql5.lint.syntax.tree import Class, Expression, Function, Scoped, Type, Variable
from tests.mql5.reference import constants, enum_names, functions, groups, names
from tests.mql5.translator.expressions import BUILT_IN_TYPES
from tests.mql5.translator.lexer import Token

NUMBERS: Final = INTEGERS | REALS
IN_FUNCTIONS: Final = ("__FUNCTION__", "__FUNCSIG__")


@dataclass(frozen=True)
class Value:
    """Value of an expression. `name` is the name of its type, "" where it is not known."""

    name: str = ""
    pointers: int = 0
    dimensions: int = 0
    sizes: tuple[int | None, ...] = ()
    const: bool = False
    to_const: bool = False
    """True for a pointer to a constant object."""
    is_place: bool = False
    is_member: bool = False
    """True for a member of the object whose method is checked."""
    number: int | float | None = None
    functions: tuple[Function, ...] = ()
    owner: str = ""
    """Class of the methods."""
    built_in: str = ""

    @property
    def is_plain(self) -> bool:
        """True for a single value, neither an array nor a pointer."""
        return bool(self.name) and not self.dimensions and not self.pointers and not self.functions


UNKNOWN: Final = Value()


@cache
def constant_types() -> dict[str, str]:
    """Return the type of each constant of MQL5 that the tables have."""
    found = {name: group.name or group.type for group in groups() for name in group.values}
    # WRONG_VALUE is converted to every enumeration without a cast (reference, 'Other Constants').
    return found | {"WRONG_VALUE": ""}


@cache
def result_types() -> dict[str, str]:
    """Return the type of the result of each built-in function whose variants agree on it."""
    found = {}
    for name, variants in functions().items():
        kinds = {variant.text.split("(")[0].rsplit(" ", 1)[0] for variant in variants}
        (kind,) = kinds if len(kinds) == 1 else ("",)
        found[name] = kind if kind in BUILT_IN_TYPES or kind in enum_names() else ""
    return found


class Scope:
    """Names that are visible at a place of a function."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.found: list[Finding] = []
        self.scopes: list[dict[str, Variable]] = []
        self.function: Function | None = None
        self.owner: Class | None = None
        self.is_static = False
        self.is_const = False
        self.templates: set[str] = set()
        self.called: set[str] = set()
        """Names of the functions that are called."""

    def report(self, number: int, token: Token, thing: str, remedy: str = "correct it") -> None:
        """Keep a finding."""
        self.found.append(finding(number, token, thing, remedy))

    def of_variable(self, variable: Variable) -> Value:
        """Return the value of a variable."""
        kind = variable.type
        name = "" if kind.name in self.templates or kind.name in self.tables.macros else kind.name
        sizes = tuple(self.tables.number(one) for one in variable.dimensions)
        is_const = kind.const and not kind.pointers
        if {"input", "sinput"} & variable.words:
            is_const = True
        to_const = kind.const and bool(kind.pointers)
        return Value(name, kind.pointers, len(variable.dimensions), sizes, is_const, to_const, is_place=True)

    def of_type(self, kind: Type | None) -> Value:
        """Return a value of this type that is no variable."""
        if kind is None or kind.name in self.templates:
            return UNKNOWN
        return Value(kind.name, kind.pointers, to_const=kind.const and bool(kind.pointers))

    def lookup(self, token: Token, name: str) -> Value | None:
        """Return what a name stands for; None where nothing declares it."""
        for scope in reversed(self.scopes):
            if name in scope:
                return self.of_variable(scope[name])
        if self.owner is not None and (found := self._own_member(token, name)) is not None:
            return found
        return self.lookup_global(token, name)

    def _own_member(self, token: Token, name: str) -> Value | None:
        assert self.owner is not None
        if name == "this":
            return Value(self.owner.name, pointers=1, to_const=self.is_const)
        found = self.tables.member(self.owner.name, name)
        if found is None:
            chain = list(self.tables.chain(self.owner.name))
            is_open = any(one.base is not None and one.base.name not in self.tables.classes for one in chain)
            return UNKNOWN if is_open or any(one.templates for one in chain) else None
        one, member = found
        if self.is_static:
            is_bound = isinstance(member, Variable) and "static" not in member.words
            if is_bound or (
                not isinstance(member, Variable) and not any("static" in m.words for m in member)
            ):
                self.report(351, token, f"member {name}", "make it static, or use an object")
        if one is not self.owner:
            self.check_access(token, one, member, name)
        if isinstance(member, Variable):
            value = self.of_variable(member)
            if one.templates:
                value = replace(value, name=value.name if value.name in BUILT_IN_TYPES else "")
            return replace(value, is_member="static" not in member.words)
        return Value(functions=tuple(member), owner=one.name)

    def lookup_global(self, token: Token, name: str) -> Value | None:
        """Return what a name stands for at the top level, or in MQL5."""
        tables = self.tables
        if name in tables.globals:
            return self.of_variable(tables.globals[name])
        if name in tables.values:
            enumeration, number = tables.values[name]
            return Value(enumeration, number=number)
        if name in tables.functions:
            return Value(functions=tuple(tables.functions[name]))
        if name in IN_FUNCTIONS:
            if self.function is None:
                self.report(377, token, name, "use it in a function")
            return Value("string")
        if name in constants():
            return Value(constant_types()[name], number=constants()[name])
        if name in names().functions:
            return Value(built_in=name)
        known = (
            name in names().constants
            or name in names().types
            or name in tables.macros
            or name.startswith("_")
        )
        known = known or name in tables.classes or name in tables.enums or name in tables.function_types
        return UNKNOWN if known or name in BUILT_IN_TYPES or name in self.templates else None

    def check_access(self, token: Token, one: Class, member: Variable | list[Function], name: str) -> None:
        """Report a private or protected member that is used outside its class."""
        access = member.access if isinstance(member, Variable) else _widest(member)
        own = self.owner.name if self.owner is not None else ""
        if access == "public" or own == one.name or one.templates:
            return
        is_method = not isinstance(member, Variable)
        thing = f"{access} {one.name}::{name}"
        if access == "private":
            self.report(214 if is_method else 211, token, thing, "use a public method")
        elif not self.tables.derives(own, one.name):
            self.report(264 if is_method else 204, token, thing, "use a public method")

    def member_of(self, token: Token, owner: Value, name: str) -> Value:
        """Return a member of an object."""
        if owner.is_plain and owner.name in BUILT_IN_TYPES and owner.name != "void":
            self.report(280, token, f".{name} behind a value of type {owner.name}", "use a function")
            return UNKNOWN
        if owner.name not in self.tables.classes or owner.dimensions:
            return UNKNOWN
        found = self.tables.member(owner.name, name)
        if found is None:
            if self.tables.is_whole(owner.name):
                self.report(130, token, f"{owner.name}.{name}", "correct the name, or declare it")
            return UNKNOWN
        one, member = found
        self.check_access(token, one, member, name)
        is_const = owner.to_const if owner.pointers else owner.const
        if isinstance(member, list):
            return Value(functions=tuple(member), owner=one.name, const=is_const)
        value = self.of_variable(member)
        if one.templates and value.name not in BUILT_IN_TYPES:
            return UNKNOWN
        return replace(value, const=value.const or is_const)

    def scoped(self, value: Scoped) -> Value:
        """Return the value of `owner::name`."""
        if not value.owner:
            found = self.lookup_global(value.token, value.name)
            if found is None:
                self.report(256, value.token, f"::{value.name}", "declare it")
            return found or UNKNOWN
        owner = self.tables.classes.get(value.owner)
        if owner is None:
            if value.owner in self.tables.enums and value.name in self.tables.values:
                return Value(value.owner, number=self.tables.values[value.name][1])
            return UNKNOWN
        member = self.tables.member(value.owner, value.name)
        if member is None:
            known = (
                value.name in self.tables.values
                or value.name in self.tables.classes
                or value.name in self.tables.enums
            )
            if self.tables.is_whole(value.owner) and not known:
                self.report(
                    130, value.token, f"{value.owner}::{value.name}", "correct the name, or declare it"
                )
            return UNKNOWN
        one, found_member = member
        self._check_bound(value, one, found_member)
        if isinstance(found_member, list):
            return Value(functions=tuple(found_member), owner=one.name)
        return self.of_variable(found_member) if not one.templates else UNKNOWN

    def _check_bound(self, value: Scoped, one: Class, member: Variable | list[Function]) -> None:
        words = [member.words] if isinstance(member, Variable) else [function.words for function in member]
        own = self.owner.name if self.owner is not None else ""
        self.check_access(value.token, one, member, value.name)
        if any("static" in some for some in words) or (own and one.templates):
            return
        if not own or not (self.tables.derives(own, one.name) or self.tables.derives(one.name, own)):
            self.report(374, value.token, f"{value.owner}::{value.name}", "use an object")
        elif self.is_static:
            self.report(351, value.token, f"{value.owner}::{value.name}", "use an object")

    def number(self, value: Expression | None) -> int | None:
        """Return the integer of a constant expression."""
        return self.tables.number(value)


def _widest(methods: list[Function]) -> str:
    found = {method.access for method in methods}
    return next(access for access in ("public", "protected", "private") if access in found)
