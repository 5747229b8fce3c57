"""Checks of expressions, from their operands to the whole."""

from dataclasses import replace
from typing import Final

from tests.mql5.lint.semantics.calls import Calls
from tests.mql5.lint.semantics.inheritance import abstract_methods
from tests.mql5.lint.semantics.values import NUMBERS, UNKNOWN, Value
from tests.mql5.lint.syntax.expressions import ASSIGNMENTS
from tests.mql5.lint.syntax.tree import (
    Binary,
    Call,
    Cast,
    Delete,
    Expression,
    Index,
    Literal,
    Member,
    Name,
    New,
    Scoped,
    SizeOf,
    Ternary,
    Type,
    Unary,
    Values,
)
from tests.mql5.reference import names
from tests.mql5.translator.expressions import BUILT_IN_TYPES
from tests.mql5.translator.lexer import Kind

_LITERALS: Final = {
    Kind.STRING: "string", Kind.CHAR: "ushort", Kind.DATE: "datetime", Kind.COLOR: "color",
}  # fmt: skip
_COMPARED: Final = frozenset("== != < > <= >= && ||".split())


class Expressions(Calls):
    """Checks of expressions."""

    def value(self, one: Expression | None) -> Value:
        """Check an expression and return its value."""
        match one:
            case Literal():
                return self._literal(one)
            case Name():
                return self._name(one)
            case Scoped():
                return self.scoped(one)
            case Member(token, owner, name):
                return self.member_of(token, self.value(owner), name)
            case Call():
                return self._call(one)
            case Index():
                return self._index(one)
            case Unary():
                return self._unary(one)
            case Binary():
                return self._binary(one)
            case Ternary(_, condition, yes, no):
                self.value(condition)
                left, right = self.value(yes), self.value(no)
                same = (left.name, left.pointers) == (right.name, right.pointers)
                return Value(left.name, left.pointers) if same and not left.dimensions else UNKNOWN
            case Cast():
                return self._cast(one)
            case New():
                return self._new(one)
            case Delete(token):
                self.report(247, token, "delete in an expression", "write it as a statement")
                return UNKNOWN
            case SizeOf(token, kind, inner):
                if kind is not None and kind.name == "void":
                    self.report(143, token, "void in sizeof", "name another type")
                self.value(inner)
                return Value("string" if token.text == "typename" else "ulong")
            case Values(items=items):
                for item in items:
                    self.value(item)
                return UNKNOWN
            case _:
                return UNKNOWN

    def _literal(self, one: Literal) -> Value:
        token = one.token
        if token.kind is Kind.NUMBER:
            number = self.tables.literal_number(one)
            name = "int" if isinstance(number, int) else "float" if token.text[-1] in "fF" else "double"
            if isinstance(number, int) and number > 0x7FFFFFFF:
                name = "long"
            return Value(name, number=number)
        if token.kind in _LITERALS:
            return Value(_LITERALS[token.kind], number=self.tables.literal_number(one))
        return Value("bool") if token.text in ("true", "false") else UNKNOWN

    def _name(self, one: Name) -> Value:
        found = self.lookup(one.token, one.name)
        if found is None:
            self.report(256, one.token, f"name {one.name}", "declare it, or correct it")
        return found or UNKNOWN

    def _call(self, one: Call) -> Value:
        function = one.function
        if isinstance(function, Name) and function.name in BUILT_IN_TYPES:
            for argument in one.arguments:
                self.value(argument)
            return Value(function.name)
        if isinstance(function, Name) and self.lookup(function.token, function.name) is None:
            self.report(168, function.token, f"function {function.name}", "declare it, or correct the name")
            called = UNKNOWN
        else:
            called = self.value(function)
        if isinstance(function, Member) and called.functions and function.name == called.owner:
            self.report(
                305, function.token, f"call of the constructor {function.name}", "make an object with new"
            )
        values = [self.value(argument) for argument in one.arguments]
        if called.built_in:
            return self.call_built_in(one, called.built_in, values)
        if called.functions:
            return self.call(one, called, values)
        if called.is_plain and called.name in NUMBERS:
            self.report(385, one.token, "call of a value", "write the name of a function")
        return UNKNOWN

    def _index(self, one: Index) -> Value:
        array, at = self.value(one.array), self.value(one.at)
        if one.at is None:
            self.report(120, one.token, "[] without an index", "write the index")
        if array.dimensions and at.is_plain and at.name in ("double", "float", "string"):
            self.report(197, one.token, f"index of type {at.name}", "convert it to int")
        if array.is_plain and array.name in NUMBERS and array.is_place:
            self.report(241, one.token, f"[] behind a value of type {array.name}", "declare an array")
            return UNKNOWN
        if not array.dimensions:
            return UNKNOWN
        number = self.number(one.at)
        if number is not None:
            size = array.sizes[0]
            if number < 0 or (size is not None and number >= size):
                thing = f"index {number} of an array of {size if size is not None else 'any size'}"
                self.report(218, one.token, thing, "use an index from 0 to the size less one")
        return replace(array, dimensions=array.dimensions - 1, sizes=array.sizes[1:])

    def _unary(self, one: Unary) -> Value:
        value = self.value(one.operand)
        if value.name == "void" and not value.pointers:
            self.report(151, one.token, f"value of type void at {one.sign}", "call a function with a result")
            return UNKNOWN
        if one.sign in ("++", "--"):
            if (
                value.name
                and not value.is_place
                and not value.pointers
                and value.name in NUMBERS | {"string"}
            ):
                self.report(137, one.token, f"operator {one.sign} without a variable", "write a variable")
            else:
                self.set(one.token, value, f"operator {one.sign}")
            return replace(value, is_place=False, number=None)
        if one.sign == "&":
            return Value(value.name, 1, const=value.const) if not value.dimensions else UNKNOWN
        if one.sign == "!":
            return Value("bool")
        if one.sign == "*":
            return UNKNOWN
        if value.is_plain and value.name == "string":
            self.report(150, one.token, f"operator {one.sign} with a text", "use a function for texts")
        elif one.sign == "~" and value.is_plain and value.name in ("double", "float"):
            self.report(334, one.token, f"operator ~ with a value of type {value.name}", "convert it to long")
        return replace(value, is_place=False, number=self.number(one))

    def _binary(self, one: Binary) -> Value:
        left, right = self.value(one.left), self.value(one.right)
        if one.sign in ASSIGNMENTS:
            thing = f"assignment {one.sign}"
            self.set(one.token, left, thing)
            self.operands(one.token, one.sign, left, right)
            if one.sign == "=":
                self.assign(one.token, left, right, thing)
            return replace(left, is_place=True, number=None)
        self.operands(one.token, one.sign, left, right)
        if one.sign == ",":
            return right
        if one.sign in _COMPARED:
            return Value("bool")
        if not (left.is_plain and right.is_plain):
            return UNKNOWN
        if "string" in (left.name, right.name):
            return Value("string")
        if {left.name, right.name} & {"double", "float"}:
            return Value("double", number=None)
        number = self.number(one)
        same = left.name == right.name and left.name in NUMBERS
        return Value(left.name if same else "int" if number is not None else "", number=number)

    def _cast(self, one: Cast) -> Value:
        value, kind = self.value(one.value), one.type
        if one.dynamic:
            if not kind.pointers or (kind.name not in self.tables.classes and kind.name in BUILT_IN_TYPES):
                self.report(384, one.token, f"dynamic_cast to {kind.name}", "write a pointer to a class")
        elif kind.name in BUILT_IN_TYPES:
            if value.name == "void" and not value.pointers:
                self.report(151, one.token, "cast of a value of type void", "call a function with a result")
            elif self.is_object(value):
                self.report(
                    252, one.token, f"cast of an object of {value.name} to {kind.name}", "use a member"
                )
        elif kind.name in self.tables.classes:
            if value.is_plain and value.name in NUMBERS | {"string"} and value.number != 0:
                self.report(406, one.token, f"cast of {value.name} to {kind.name}", "make an object")
            elif kind.pointers and value.pointers and self._is_private_base(value.name, kind.name):
                self.report(388, one.token, f"cast of {value.name} to {kind.name}", "derive with public")
        return Value("" if kind.name in self.templates else kind.name, kind.pointers, number=self.number(one))

    def _new(self, one: New) -> Value:
        values = [self.value(argument) for argument in one.arguments]
        kind = one.type
        if kind.name in BUILT_IN_TYPES or kind.name in self.tables.enums:
            self.report(156, one.token, f"new {kind.name}", "use a variable or an array")
            return UNKNOWN
        if kind.name not in self.tables.classes:
            if kind.name not in self.templates | self.tables.macros | names().types:
                self.report(128, one.token, f"class {kind.name}", "declare it, or correct the name")
            return UNKNOWN
        if self.tables.classes[kind.name].kind in ("struct", "union"):
            self.report(156, one.token, f"new {kind.name}, a structure", "use a variable or a class")
            return UNKNOWN
        self.made(one, kind, values, one.arguments)
        return Value(kind.name, 1)

    def made(self, at: Expression, kind: Type, values: list[Value], arguments: list[Expression]) -> None:
        """Check the making of an object."""
        owner = self.tables.classes[kind.name]
        if owner.kind == "interface":
            self.report(
                399, at.token, f"object of the interface {kind.name}", "make one of a class that has it"
            )
        elif missing := abstract_methods(self.tables, kind.name):
            self.report(383, at.token, f"object of {kind.name}, which lacks {missing[0]}", "derive from it")
        constructors = [one for one in owner.functions if one.name == owner.name]
        if constructors and not owner.templates:
            call = Call(at.token, Name(at.token, kind.name), arguments)
            self.call(call, Value(functions=tuple(constructors), owner=kind.name), values)
