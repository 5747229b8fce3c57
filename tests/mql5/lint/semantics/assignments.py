"""Rules of assignment: from which values a variable of a type is set."""

from typing import Final

from tests.mql5.lint.semantics.tables import INTEGERS
from tests.mql5.lint.semantics.values import NUMBERS, Scope, Value
from tests.mql5.reference import enum_names
from tests.mql5.translator.lexer import Token

_ASSIGNED: Final = ("=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>=")


class Assignments(Scope):
    """Checks of values that become those of variables, parameters and results."""

    def is_enum(self, name: str) -> bool:
        """Return True for the name of an enumeration, of the program or of MQL5."""
        return name in self.tables.enums or name in enum_names()

    def is_object(self, value: Value) -> bool:
        """Return True for an object or structure of the program."""
        return value.is_plain and value.name in self.tables.classes

    def assign(self, token: Token, to: Value, value: Value, thing: str) -> None:
        """Report where a value cannot become that of a variable of this type."""
        if value.name == "void" and not value.pointers and not value.functions:
            self.report(151, token, thing, "call a function with a result")
            return
        if to.name in self.tables.function_types and not to.dimensions:
            self._function_pointer(token, value, thing)
            return
        if to.pointers and value.pointers and not to.dimensions and not value.dimensions:
            self._pointer(token, to, value, thing)
        if not to.is_plain or not value.is_plain or value.built_in:
            return
        if to.name in NUMBERS and value.name == "string":
            self.report(180, token, thing, "call StringToInteger or StringToDouble")
        elif to.name == "string" and value.name in NUMBERS:
            self.report(181, token, thing, "call IntegerToString or DoubleToString, or cast to string")
        elif self.is_enum(to.name):
            if value.name in (NUMBERS | {"string"}) - {"bool"} or (
                self.is_enum(value.name) and value.name != to.name
            ):
                if value.number != 0 or value.name != "int" or self.is_enum(value.name):
                    self.report(262, token, thing, f"cast it to {to.name}")
        elif self.is_object(to) and self.is_object(value):
            if to.name != value.name and not self._converts(to, value):
                self.report(302, token, thing, "use one type")
        elif self.is_object(to) and value.name in NUMBERS | {"string"} and not self._has(to, "operator="):
            if not self._is_constructed(to.name):
                self.report(302, token, thing, "use one type")
        elif to.name in NUMBERS | {"string"} and self.is_object(value):
            self.report(302, token, thing, "use a member of the object")

    def _converts(self, to: Value, value: Value) -> bool:
        tables = self.tables
        is_whole = tables.is_whole(to.name) and tables.is_whole(value.name)
        related = tables.derives(value.name, to.name) or tables.derives(to.name, value.name)
        return not is_whole or related or self._has(to, "operator=") or self._is_constructed(to.name)

    def _is_constructed(self, name: str) -> bool:
        one = self.tables.classes[name]
        return any(function.name == name and function.parameters for function in one.functions)

    def _has(self, value: Value, operator: str) -> bool:
        return self.tables.member(value.name, operator) is not None or not self.tables.is_whole(value.name)

    def _function_pointer(self, token: Token, value: Value, thing: str) -> None:
        if value.functions and value.owner and not any("static" in one.words for one in value.functions):
            self.report(386, token, thing, "use a function or a static method")
        elif value.is_plain and value.name in NUMBERS | {"string"} and value.number != 0:
            self.report(385, token, thing, "use the name of a function")

    def _pointer(self, token: Token, to: Value, value: Value, thing: str) -> None:
        if (
            value.to_const
            and not to.to_const
            and value.name in self.tables.classes
            and to.name in self.tables.classes
        ):
            self.report(358, token, thing, "declare the pointer with const")
        if to.name != value.name and self._is_private_base(value.name, to.name):
            self.report(284, token, thing, f"derive {value.name} with public")

    def _is_private_base(self, name: str, base: str) -> bool:
        for one in self.tables.chain(name):
            if one.base is not None and one.base.name == base:
                return one.base_access == "private"
        return False

    def set(self, token: Token, to: Value, thing: str) -> None:
        """Report where a value is no variable that can be set."""
        if to.functions or to.built_in or (to.name and not to.is_place and not to.pointers):
            self.report(177, token, thing, "write a variable")
        elif to.const:
            self.report(189, token, thing, "remove const, or use another variable")
        elif to.is_member and self.is_const:
            self.report(274, token, thing, "remove const behind the method")

    def operands(self, token: Token, sign: str, left: Value, right: Value) -> None:
        """Report operands that an operator does not take."""
        for one in (left, right):
            if one.name == "void" and not one.pointers:
                self.report(151, token, f"value of type void at {sign}", "call a function with a result")
                return
        plain = sign.removesuffix("=") if sign in _ASSIGNED and sign != "=" else sign
        if plain in ("&&", "||", "=", ","):
            return
        texts = [one for one in (left, right) if one.is_plain and one.name == "string"]
        objects = [one for one in (left, right) if self.is_object(one)]
        if texts and plain not in ("+", "==", "!=", "<", ">", "<=", ">="):
            self.report(150, token, f"operator {sign} with a text", "use a function for texts")
        elif objects and self.is_object(left) and not self._has(left, f"operator{sign}"):
            self.report(
                150, token, f"operator {sign} with an object of {left.name}", f"declare operator{sign}"
            )
        elif objects and not self.is_object(left) and left.is_plain:
            self.report(150, token, f"operator {sign} with an object of {right.name}", "use a member")
        elif plain in ("%", "<<", ">>", "&", "|", "^"):
            reals = [one for one in (left, right) if one.is_plain and one.name in ("double", "float")]
            if reals:
                self.report(
                    334, token, f"operator {sign} with a value of type {reals[0].name}", "convert it to long"
                )
        if plain in ("/", "%") and right.number == 0 and left.number is not None and left.name in INTEGERS:
            self.report(198, token, f"operator {sign} with 0", "divide by another number")
