"""Checks of calls: numbers, types and places of arguments."""

from tests.mql5.lint.semantics.assignments import Assignments
from tests.mql5.lint.semantics.inheritance import has_objects
from tests.mql5.lint.semantics.tables import least
from tests.mql5.lint.semantics.values import NUMBERS, UNKNOWN, Value, result_types
from tests.mql5.lint.syntax.tree import Call, Class, Function, Name, Variable
from tests.mql5.translator.expressions import BUILT_IN_TYPES


class Calls(Assignments):
    """Checks of calls."""

    def call(self, call: Call, called: Value, values: list[Value]) -> Value:
        """Check a call of a function of the program and return its value."""
        count = len(values)
        fitting = [one for one in called.functions if least(one) <= count <= len(one.parameters)]
        name = called.functions[0].name
        self.called.add(name)
        distinct = {tuple(p.type.name for p in one.parameters) for one in called.functions}
        if not fitting:
            if called.owner and not self.tables.is_whole(called.owner):
                return UNKNOWN
            self.report(
                199 if len(distinct) == 1 else 166,
                call.token,
                f"{name} with {count} arguments",
                "correct them",
            )
            return UNKNOWN
        self._check_called(call, called, fitting)
        if any(one.templates for one in fitting):
            self._check_template(call, fitting[0], values)
            return UNKNOWN
        owner = self.tables.classes.get(called.owner)
        if owner is not None and owner.templates:
            return UNKNOWN
        if len({tuple(p.type.name for p in one.parameters) for one in fitting}) == 1:
            for parameter, value in zip(fitting[0].parameters, values, strict=False):
                self._argument(call, name, parameter, value)
        results = {(one.type.name, one.type.pointers) for one in fitting if one.type is not None}
        return self.of_type(fitting[0].type) if len(results) == 1 else UNKNOWN

    def _check_called(self, call: Call, called: Value, fitting: list[Function]) -> None:
        name = fitting[0].name
        if all("delete" in one.behind for one in fitting):
            self.report(412, call.token, f"function {name}", "do not call it")
        owner = self.tables.classes.get(called.owner)
        if owner is not None and owner.kind != "interface" and self._lacks_body(owner, fitting):
            number = 339 if name == owner.name else 270
            self.report(number, call.token, f"{owner.name}::{name}", "write its body")
        if called.const and not any("const" in one.behind or "static" in one.words for one in fitting):
            self.report(279, call.token, f"method {name} of a const object", "declare the method with const")

    def _lacks_body(self, owner: Class, fitting: list[Function]) -> bool:
        """Return True where a method is declared and has no body anywhere."""
        if any(one.body is not None or one.behind & {"pure", "delete"} for one in fitting):
            return False
        return not any(one.name == fitting[0].name for one in self.tables.outside.get(owner.name, []))

    def _check_template(self, call: Call, function: Function, values: list[Value]) -> None:
        if isinstance(call.function, Name) and not call.function.is_explicit:
            used = {
                name
                for one in function.parameters
                for name in (one.type.name, *(a.name for a in one.type.arguments))
            }
            for name in function.templates:
                if name not in used:
                    thing = f"type {name} of {function.name}"
                    self.report(363, call.token, thing, f"write {function.name}<TYPE>(...)")
            for name in function.templates:
                given = [
                    value
                    for one, value in zip(function.parameters, values, strict=False)
                    if one.type.name == name
                ]
                kinds = {
                    "string" if value.name == "string" else "number" for value in given if value.is_plain
                }
                known = all(value.name in NUMBERS | {"string"} for value in given if value.is_plain)
                if len(kinds) > 1 and known:
                    self.report(362, call.token, f"type {name} of {function.name}", "pass values of one type")

    def _argument(self, call: Call, name: str, parameter: Variable, value: Value) -> None:
        kind = parameter.type
        thing = f"{name}: parameter {parameter.name or '(no name)'}"
        if value.functions or value.built_in or kind.name in self.templates:
            return
        if (
            value.name
            and bool(parameter.dimensions) != bool(value.dimensions)
            and value.name in BUILT_IN_TYPES
        ):
            self.report(
                241, call.token, thing, "pass an array" if parameter.dimensions else "pass one element"
            )
            return
        if not kind.references:
            if not parameter.dimensions:
                self.assign(call.token, self.of_type(kind), value, thing)
            return
        if value.const and not kind.const and not value.pointers and value.is_place:
            self.report(202, call.token, thing, "declare the parameter with const")
        elif value.is_place and value.is_plain and not parameter.dimensions and not kind.const:
            both = {kind.name, value.name} <= NUMBERS | {"string"} and not kind.pointers
            if both and kind.name != value.name and value.number is None:
                self.report(201, call.token, thing, f"pass a variable of type {kind.name}")

    def call_built_in(self, call: Call, name: str, values: list[Value]) -> Value:
        """Check a call of a built-in function and return its value."""
        first = values[0] if values else UNKNOWN
        for value in values:
            if value.name == "void" and not value.pointers and value.number is None:
                self.report(
                    151, call.token, f"argument of {name} of type void", "call a function with a result"
                )
        if name == "ZeroMemory" and not first.pointers and has_objects(self.tables, first.name):
            self.report(
                226, call.token, f"ZeroMemory of an object of {first.name}", "write a method that resets it"
            )
        elif name == "EnumToString" and first.is_plain and first.name in NUMBERS | {"string"}:
            self.report(
                321, call.token, f"EnumToString of a value of type {first.name}", "cast it to the enumeration"
            )
        return Value(result_types().get(name, ""))
