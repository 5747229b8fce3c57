"""Names that a program declares, with lookups along base classes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tests.mql5.lint.syntax.tree import (
    Binary,
    Cast,
    Class,
    Enumeration,
    Expression,
    Function,
    FunctionType,
    Item,
    Literal,
    Name,
    Scoped,
    Type,
    Unary,
    Unit,
    Variable,
)
from tests.mql5.reference import constants
from tests.mql5.translator.errors import TranslationError
from tests.mql5.translator.expressions import char_value
from tests.mql5.translator.lexer import Kind

INTEGERS: Final = frozenset(
    "bool char uchar short ushort int uint long ulong datetime color int8_t uint8_t int16_t uint16_t int32_t"
    " uint32_t int64_t uint64_t".split()
)
REALS: Final = frozenset({"double", "float"})
SIZES: Final = {
    "bool": 1, "char": 1, "uchar": 1, "short": 2, "ushort": 2, "int": 4, "uint": 4, "long": 8, "ulong": 8,
    "datetime": 8, "color": 4, "double": 8, "float": 4, "string": 12,
}  # fmt: skip


@dataclass
class Tables:
    """Declarations of a program, by name."""

    unit: Unit
    macros: set[str]

    def __post_init__(self) -> None:
        self.classes: dict[str, Class] = {}
        self.all_classes: list[Class] = []
        self.enums: dict[str, Enumeration] = {}
        self.all_enums: list[Enumeration] = []
        self.values: dict[str, tuple[str, int | None]] = {}
        """Enumeration and value of each enumerator."""
        self.functions: dict[str, list[Function]] = {}
        self.outside: dict[str, list[Function]] = {}
        """Methods that are defined outside their class, by class."""
        self.globals: dict[str, Variable] = {}
        self.all_globals: list[Variable] = []
        self.statics: dict[tuple[str, str], Variable] = {}
        """Static members that are defined outside their class."""
        self.function_types: set[str] = set()
        for item in self.unit.items:
            self._add(item)

    def _add(self, item: Item) -> None:
        match item:
            case Class():
                self._add_class(item)
            case Enumeration():
                self._add_enum(item)
            case FunctionType():
                self.function_types.add(item.name)
            case Function():
                if item.owner:
                    self.outside.setdefault(item.owner, []).append(item)
                else:
                    self.functions.setdefault(item.name, []).append(item)
            case Variable():
                if item.owner:
                    self.statics[(item.owner, item.name)] = item
                else:
                    self.globals.setdefault(item.name, item)
                    self.all_globals.append(item)

    def _add_class(self, item: Class) -> None:
        known = self.classes.get(item.name)
        if known is None or known.is_forward:
            self.classes[item.name] = item
        self.all_classes.append(item)
        for inner in item.inner:
            if isinstance(inner, Class):
                self._add_class(inner)
            else:
                self._add_enum(inner)

    def _add_enum(self, item: Enumeration) -> None:
        self.enums.setdefault(item.name, item)
        self.all_enums.append(item)
        following: int | None = 0
        for token, start in item.constants:
            following = self.number(start) if start is not None else following
            self.values.setdefault(token.text, (item.name, following))
            following = None if following is None else following + 1

    def chain(self, name: str) -> Iterator[Class]:
        """Yield a class and its bases, as far as they are known."""
        seen = set()
        while name in self.classes and name not in seen:
            seen.add(name)
            yield self.classes[name]
            base = self.classes[name].base
            name = base.name if base else ""

    def is_whole(self, name: str) -> bool:
        """Return True where the class and all of its bases are known, and no type is a template's."""
        for one in self.chain(name):
            if one.is_forward or one.templates or (one.base and one.base.name not in self.classes):
                return False
        return name in self.classes

    def member(self, owner: str, name: str) -> tuple[Class, Variable | list[Function]] | None:
        """Return the class and the variable or methods of that name; None where there is none."""
        for one in self.chain(owner):
            for variable in one.variables:
                if variable.name == name:
                    return one, variable
            if found := [function for function in one.functions if function.name == name]:
                return one, found
        return None

    def derives(self, name: str, base: str) -> bool:
        """Return True where a class is the other one or derives from it."""
        return any(one.name == base for one in self.chain(name))

    def is_object(self, kind: Type) -> bool:
        """Return True for the type of an object or structure of the program."""
        return kind.name in self.classes and not kind.pointers

    def literal_number(self, value: Literal) -> int | float | None:
        """Return the number of a literal; None for a text, a date or a color."""
        return literal(value.token.kind, value.token.text)

    def number(self, value: Expression | None) -> int | None:
        """Return the integer of a constant expression; None where it has none."""
        found = self._constant(value)
        return found if isinstance(found, int) else None

    def _constant(self, value: Expression | None) -> int | float | None:
        match value:
            case Literal(token):
                return literal(token.kind, token.text)
            case Name(name=name) | Scoped(name=name):
                if name in self.values:
                    return self.values[name][1]
                variable = self.globals.get(name)
                if variable is not None and variable.type.const and not variable.dimensions:
                    return self._constant(variable.start) if variable.start is not value else None
                return constants().get(name)
            case Cast(type=kind, value=inner):
                found = self._constant(inner)
                return int(found) if found is not None and kind.name in INTEGERS else found
            case Unary(sign=sign, operand=inner):
                found = self._constant(inner)
                if found is None:
                    return None
                if sign == "~":
                    return ~found if isinstance(found, int) else None
                return {"-": -found, "+": found}.get(sign)
            case Binary(sign=sign, left=left, right=right):
                return _computed(sign, self._constant(left), self._constant(right))
            case _:
                return None


def literal(kind: Kind, text: str) -> int | float | None:
    """Return the number of a literal; None for a text, a date or a color."""
    if kind is Kind.NUMBER:
        try:
            if text.lower().startswith("0x"):
                return int(text, 16)
            if text[:2] == "B'":
                return int(text[2:-1], 2)
            text = text.rstrip("uUlL")
            return int(text) if text.isdigit() else float(text.rstrip("fF"))
        except ValueError:
            return None
    if kind is Kind.CHAR:
        try:
            return char_value(text)
        except (TranslationError, ValueError):
            return None
    return {"true": 1, "false": 0, "NULL": 0}.get(text)


def _computed(sign: str, left: int | float | None, right: int | float | None) -> int | float | None:
    if left is None or right is None:
        return None
    if isinstance(left, int) and isinstance(right, int):
        match sign:
            case "/" if right:
                return abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
            case "%" if right:
                return abs(left) % abs(right) * (-1 if left < 0 else 1)
            case "<<" if 0 <= right < 64:
                return left << right
            case ">>" if 0 <= right < 64:
                return left >> right
            case "|":
                return left | right
            case "&":
                return left & right
            case "^":
                return left ^ right
    match sign:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "/" if right:
            return left / right
        case _:
            return None


def key_of(function: Function) -> tuple[tuple[str, int, int, bool], ...]:
    """Return what distinguishes a function from its overloads: the types of its parameters."""
    return tuple(
        (one.type.name, one.type.pointers, one.type.references, bool(one.dimensions))
        for one in function.parameters
    )


def least(function: Function) -> int:
    """Return the smallest number of arguments that a function takes."""
    return sum(one.start is None for one in function.parameters)
