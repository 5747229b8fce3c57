"""Checks of the bodies of functions: statements, local variables, results."""

from dataclasses import replace

from tests.mql5.lint.semantics.classes import check_initialised_names
from tests.mql5.lint.semantics.expressions import Expressions
from tests.mql5.lint.semantics.flow import ends
from tests.mql5.lint.semantics.inheritance import needs_arguments
from tests.mql5.lint.semantics.tables import key_of
from tests.mql5.lint.semantics.top_level import check_variable
from tests.mql5.lint.semantics.values import NUMBERS, UNKNOWN
from tests.mql5.lint.syntax.expressions import ASSIGNMENTS
from tests.mql5.lint.syntax.tree import (
    Binary,
    Block,
    Class,
    Declared,
    Delete,
    DoWhile,
    Evaluated,
    Expression,
    For,
    Function,
    If,
    Label,
    Literal,
    Name,
    Return,
    Statement,
    Switch,
    Unary,
    Values,
    Variable,
    While,
)
from tests.mql5.reference import names
from tests.mql5.translator.expressions import BUILT_IN_TYPES
from tests.mql5.translator.lexer import Kind


class Bodies(Expressions):
    """Checks of all functions and start values of a program."""

    def run(self) -> None:
        """Check everything."""
        for variable in (*self.tables.all_globals, *self.tables.statics.values()):
            self.owner = self.tables.classes.get(variable.owner)
            self._typed(variable)
            self._start(variable)
        for one in self.tables.all_classes:
            for variable in one.variables:
                self.templates = set(one.templates)
                self._typed(variable)
            for function in one.functions:
                self.found += check_initialised_names(self.tables, one.name, function)
                self._function(function, one)
        for owner, functions in self.tables.outside.items():
            for function in functions:
                self._function(function, self.tables.classes.get(owner))
        for functions in self.tables.functions.values():
            for function in functions:
                self._function(function, None)
        for functions in self.tables.functions.values():
            self._check_implemented(functions)

    def _check_implemented(self, functions: list[Function]) -> None:
        bodies = {key_of(one) for one in functions if one.body is not None}
        for one in functions:
            if (
                one.body is None
                and not one.imported
                and key_of(one) not in bodies
                and one.name in self.called
            ):
                self.report(111, one.token, f"function {one.name}", "write its body")

    def _function(self, function: Function, owner: Class | None) -> None:
        if function.body is None:
            return
        declared = function
        if owner is not None and function.owner:
            same = [
                one
                for one in owner.functions
                if one.name == function.name and key_of(one) == key_of(function)
            ]
            declared = same[0] if same else function
        self.function, self.owner = function, owner
        self.is_static = "static" in declared.words
        self.is_const = "const" in declared.behind
        self.templates = {*function.templates, *declared.templates, *(owner.templates if owner else ())}
        self.scopes = [{one.name: one for one in function.parameters if one.name}]
        for parameter in function.parameters:
            self._typed(parameter)
        for _, arguments in function.first or []:
            for argument in arguments:
                self.value(argument)
        for item in function.body.items:
            self._statement(item)
        if function.type is not None and (function.type.name != "void" or function.type.pointers):
            if not ends(function.body):
                self.report(117, function.token, f"function {function.name}", "add return at the end")
        self.scopes, self.function, self.owner = [], None, None
        self.is_static = self.is_const = False
        self.templates = set()

    def _block(self, items: list[Statement]) -> None:
        self.scopes.append({})
        for item in items:
            self._statement(item)
        self.scopes.pop()

    def _statement(self, one: Statement | None) -> None:
        match one:
            case Block(items=items):
                self._block(items)
            case Declared(variables=variables):
                for variable in variables:
                    self._local(variable)
            case Evaluated(value=value):
                self._evaluated(value)
            case If(condition=condition, yes=yes, no=no):
                self._condition(condition)
                self._block([yes])
                if no is not None:
                    self._block([no])
            case While(condition=condition, body=body) | DoWhile(condition=condition, body=body):
                self._condition(condition)
                self._block([body])
            case For(start=start, condition=condition, step=step, body=body):
                self.scopes.append({})
                self._statement(start)
                self._condition(condition)
                self.value(step)
                self._block([body])
                self.scopes.pop()
            case Switch():
                self._switch(one)
            case Return():
                self._return(one)
            case _:
                pass

    def _condition(self, condition: Expression | None) -> None:
        value = self.value(condition)
        if condition is not None and value.name == "void" and not value.pointers:
            self.report(151, condition.token, "condition of type void", "call a function with a result")

    def _evaluated(self, one: Expression) -> None:
        if isinstance(one, Delete):
            self._delete(one)
            return
        if isinstance(one, Binary) and one.sign == ",":
            self._evaluated(one.left)
            self._evaluated(one.right)
            return
        self.value(one)
        is_calculation = isinstance(one, Binary) and one.sign not in ASSIGNMENTS
        is_sign = isinstance(one, Unary) and one.sign in ("-", "+", "!", "~")
        if is_calculation or is_sign or (isinstance(one, Literal) and one.token.kind is not Kind.WORD):
            self.report(
                178, one.token, f"value of {one.token.text[:20]!r}", "assign it, or remove the statement"
            )

    def _delete(self, one: Delete) -> None:
        if one.value is None:
            self.report(247, one.token, "delete without a pointer", "write the pointer behind it")
            return
        value = self.value(one.value)
        if value.dimensions:
            self.report(235, one.token, "array behind delete", "delete its elements")
        elif value.is_plain:
            self.report(237, one.token, f"value of type {value.name} behind delete", "write a pointer")

    def _return(self, one: Return) -> None:
        function = self.function
        assert function is not None
        is_void = function.type is None or (function.type.name == "void" and not function.type.pointers)
        if one.value is None:
            if not is_void:
                self.report(121, one.token, f"return in {function.name}", "write the value behind it")
            return
        value = self.value(one.value)
        if is_void:
            if (value.name != "void" and value is not UNKNOWN) or isinstance(one.value, Literal):
                self.report(167, one.token, f"return with a value in {function.name}", "remove the value")
            return
        self.assign(one.token, self.of_type(function.type), value, f"result of {function.name}")

    def _switch(self, one: Switch) -> None:
        value = self.value(one.value)
        if value.is_plain and (
            value.name in ("double", "float", "string") or value.name in self.tables.classes
        ):
            self.report(260, one.token, f"switch with a value of type {value.name}", "use if, or convert it")
        seen: set[int] = set()
        defaults = 0
        self.scopes.append({})
        for item in one.items:
            if not isinstance(item, Label):
                self._statement(item)
                continue
            if item.value is None:
                defaults += 1
                if defaults > 1:
                    self.report(238, item.token, "default", "remove one of them")
                continue
            self._case(item, item.value, seen)
        self.scopes.pop()

    def _case(self, label: Label, value: Expression, seen: set[int]) -> None:
        found = self.value(value)
        number = self.number(value)
        if isinstance(value, Literal) and (
            value.token.kind is Kind.STRING or isinstance(found.number, float)
        ):
            self.report(171, label.token, f"case {value.token.text[:20]}", "write an integer")
        elif number is None and isinstance(value, Name) and found.is_place:
            self.report(187, label.token, f"case {value.name}", "write a constant")
        elif number is not None:
            if number in seen:
                self.report(172, label.token, f"case {number}", "remove one of them")
            seen.add(number)

    def _local(self, variable: Variable) -> None:
        self.found += check_variable(self.tables, variable)
        for size in variable.dimensions:
            if isinstance(size, Name) and any(size.name in scope for scope in self.scopes):
                local = next(scope[size.name] for scope in reversed(self.scopes) if size.name in scope)
                if not local.type.const or local.start is None:
                    self.report(
                        188, variable.token, f"array {variable.name}", "use a constant, or ArrayResize"
                    )
        self._typed(variable)
        self._object(variable)
        if variable.name in self.scopes[-1]:
            self.report(124, variable.token, f"variable {variable.name}", "rename one of them")
        if variable.name in self.tables.classes:
            self.report(281, variable.token, f"variable {variable.name}", "rename it")
        elif variable.name in self.tables.enums:
            self.report(230, variable.token, f"variable {variable.name}", "rename it")
        if "static" in variable.words:
            self._static(variable, variable.start)
        self._start(variable)
        self.scopes[-1][variable.name] = variable

    def _static(self, variable: Variable, start: Expression | None) -> None:
        if isinstance(start, Name) and any(start.name in scope for scope in self.scopes):
            local = next(scope[start.name] for scope in reversed(self.scopes) if start.name in scope)
            if not (local.type.const and self.number(local.start) is not None):
                self.report(327, variable.token, f"static variable {variable.name}", "set it in a statement")
        elif isinstance(start, Binary):
            self._static(variable, start.left)
            self._static(variable, start.right)

    def _typed(self, variable: Variable) -> None:
        """Report a type that nothing declares."""
        kind = variable.type
        tables = self.tables
        known = kind.name in BUILT_IN_TYPES or kind.name in tables.classes or kind.name in tables.enums
        known = (
            known
            or kind.name in tables.function_types
            or kind.name in names().types
            or kind.name in tables.macros
        )
        if not known and kind.name not in self.templates:
            self.report(128, kind.token, f"type {kind.name}", "declare it, or correct the name")

    def _object(self, variable: Variable) -> None:
        """Check the object that a variable makes."""
        kind = variable.type
        if kind.name not in self.tables.classes or kind.pointers or kind.references:
            return
        owner = self.tables.classes[kind.name]
        if variable.dimensions:
            if needs_arguments(owner):
                self.report(328, variable.token, f"array {variable.name}", "use an array of pointers")
            return
        if variable.start is None and owner.kind in ("class", "interface"):
            arguments = variable.arguments or []
            values = [self.value(argument) for argument in arguments]
            self.made(Literal(variable.token), kind, values, arguments)

    def _start(self, variable: Variable) -> None:
        if self.function is None:
            self._object(variable)
        if variable.start is None:
            return
        value = self.value(variable.start)
        thing = f"start value of {variable.name}"
        if variable.dimensions or isinstance(variable.start, Values):
            if isinstance(variable.start, Literal) and variable.dimensions:
                self.report(242, variable.token, f"array {variable.name}", "write a list in braces")
            return
        to = replace(self.of_variable(variable), const=False)
        self.assign(variable.token, to, value, thing)
        if to.is_plain and to.name in NUMBERS and value.dimensions and not value.functions:
            self.report(302, variable.token, thing, "use one element")
