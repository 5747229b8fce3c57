"""Reading of a whole program: functions, classes, enumerations, variables of the top level."""

from typing import Final

from tests.mql5.lint.syntax.cursor import ACCESSES, Fault
from tests.mql5.lint.syntax.declarators import SPECIFIERS
from tests.mql5.lint.syntax.functions import FunctionReader
from tests.mql5.lint.syntax.tree import (
    Class,
    Enumeration,
    Expression,
    Function,
    FunctionType,
    Item,
    Type,
    Unit,
    Variable,
)
from tests.mql5.translator.lexer import Kind, Token

_KINDS: Final = ("class", "struct", "interface", "union")


class UnitReader(FunctionReader):
    """Reader of a program."""

    def unit(self) -> Unit:
        """Read everything. Raises Fault."""
        found = Unit()
        self._items(found.items, "")
        found.items += self.inner
        return found

    def _items(self, items: list[Item], end: str) -> None:
        while not (self.peek().kind is Kind.END or (end and self.is_next(end))):
            token = self.peek()
            if token.kind is Kind.DIRECTIVE:
                self.imported = '"' in token.text
                self.read()
            elif self.accept(";"):
                continue
            elif self.is_next("namespace"):
                self.at += 2
                while self.accept("::"):
                    self.read()
                self.expect("{", 141)
                self._items(items, "}")
                self.expect("}", 133)
            else:
                items += self._item()

    def _item(self) -> list[Item]:
        templates = self._template()
        words_ahead = 0
        while self.sign(words_ahead) in ("const", "static", "extern", "public"):
            words_ahead += 1
        if self._defines_type(words_ahead):
            if words_ahead:
                number = 192 if self.sign(words_ahead) == "enum" else 149
                raise Fault(number, self.peek(), f"{self.peek().text} in front of a type", "remove it")
            if self.is_next("enum"):
                return [self._enumeration()]
            one = self._class(templates)
            return [one, *one.behind]
        if self.is_next("typedef"):
            return [self._function_type()]
        if self.is_next("input", "sinput") and self.sign(1) == "group":
            self.at += 2
            self.read()
            self.accept(";")
            return []
        return self._entity("", templates, "public")

    def _defines_type(self, ahead: int) -> bool:
        """Return True where a type is defined or announced ahead; `enum X f(void);` only uses it."""
        if self.sign(ahead) not in (*_KINDS, "enum"):
            return False
        return not self.is_word(ahead + 1) or self.sign(ahead + 2) in ("{", ":", ";", "final", "pack", "int")

    def local_type(self) -> None:
        """Read a type inside a function."""
        if self.is_next("typedef"):
            self._function_type()
        elif self.is_next("enum"):
            self.inner.append(self._enumeration())
        else:
            one = self._class([])
            self.inner.append(one)
            self.local_variables.append(one.behind)

    def _template(self) -> list[str]:
        if not self.is_next("template"):
            return []
        token = self.read()
        if not self.accept("<"):
            raise Fault(379, token, "template without <", "write template<typename T>")
        names = []
        while not self.accept(">"):
            if not self.accept("typename", "class") or not self.is_word():
                raise Fault(379, self.peek(), remedy="write typename T")
            names.append(self.read().text)
            self.accept(",")
        return names

    def _function_type(self) -> FunctionType:
        token = self.read()
        self.marked(self.declared_type(frozenset()))
        self.expect("(", 387)
        self.expect("*", 387)
        found = FunctionType(self.variable_name(), token)
        self.expect(")", 387)
        self.parameters()
        self.expect(";", 154)
        return found

    def _enumeration(self) -> Enumeration:
        token = self.read()
        name = self.read().text if self.is_word() else ""
        if self.accept(":"):
            self.type()
        found = Enumeration(name, token)
        self.expect("{", 141)
        while not self.is_next("}"):
            if not self.is_word():
                raise Fault(196, self.peek(), remedy="write a name")
            constant = self.read()
            value: Expression | None = None
            if self.accept("="):
                value = self._ternary()
            found.constants.append((constant, value))
            if not self.accept(",") and not self.is_next("}"):
                self.expect(",", 155)
        self.read()
        self.expect(";", 154)
        return found

    def _class(self, templates: list[str]) -> Class:
        kind = self.read().text
        token = self.peek()
        found = Class(kind, self.variable_name(), token, templates=templates)
        words = []
        while self.is_next("final", "pack", "export") or self.peek().text == "pack":
            words.append(self.read().text)
            if self.is_next("("):
                self.arguments()
        found.final = "final" in words
        if self.is_next(";"):
            if kind in ("struct", "union"):
                raise Fault(
                    162, token, f"{kind} {found.name} without members", "declare it once, with its members"
                )
            if words:
                raise Fault(400, token, f"{words[0]} in a forward declaration", "remove it")
            self.read()
            found.is_forward = True
            return found
        if self.accept(":"):
            found.base_access = "".join(self.words(ACCESSES))
            if not self.is_word():
                raise Fault(232, self.peek(), remedy="name the base")
            found.base = self.type()
            while self.accept(","):
                self.words(ACCESSES)
                self.type()
        self.expect("{", 141)
        access = "private" if kind == "class" else "public"
        while not self.is_next("}"):
            if self.peek().kind is Kind.END:
                raise Fault(161, self.peek(), remedy="add }")
            if self.is_next(*ACCESSES):
                access = self.read().text
                self.expect(":", 123)
            elif not self.accept(";"):
                self._member(found, access)
        self.read()
        if self.is_word() and self.sign(1) in (";", "=", ",", "["):
            found.behind = self.declarators(Type(found.name, token), frozenset())
        self.expect(";", 154)
        return found

    def _member(self, owner: Class, access: str) -> None:
        templates = self._template()
        if self._defines_type(0):
            inner = self._enumeration() if self.is_next("enum") else self._class(templates)
            if isinstance(inner, Class):
                inner.access = access
                owner.variables += inner.behind
            owner.inner.append(inner)
            return
        if self.is_next("typedef"):
            self._function_type()
            return
        for item in self._entity(owner.name, templates, access):
            if isinstance(item, Function):
                owner.functions.append(item)
            elif isinstance(item, Variable):
                owner.variables.append(item)

    def _entity(self, owner: str, templates: list[str], access: str) -> list[Item]:
        """Read a function or variables, in a class (`owner`) or at the top level."""
        start = self.peek()
        words = self.words(SPECIFIERS)
        if words & {"input", "sinput"} and self.is_next("("):
            self.arguments()  # attributes, which the rules of the subset refuse
        if self.is_next("~"):
            return [self.destructor(None, owner, words, access)]
        if self.is_word() and self.sign(1) == "(" and self.peek().text == owner:
            return [self.function_behind(None, self.read(), words, templates, access)]
        if self.is_word() and self.sign(1) == "(" and self.peek().text != "operator":
            self._refuse_untyped(start)
        outside = self._outside(words, templates)
        if outside is not None:
            return [outside]
        if self.sign(1) == "::" and self.is_word(2) and self.sign(3) == "(" and not self.is_type_name(2):
            raise Fault(
                116, start, f"method {self.peek(2).text} without a type", "write the type of its result"
            )
        if self.is_word() and not self.is_type_name() and self.sign(1) in ("=", ";", "[", ","):
            raise Fault(116, start, f"{self.peek().text} without a type", "write a type in front of it")
        if not self.is_word():
            if words:
                raise Fault(116, self.peek(), remedy="write a type in front of it")
            is_expression = start.kind is not Kind.WORD
            raise Fault(175 if is_expression and start.text not in (")", "]", "}") else 149, self.peek())
        kind = self.declared_type(words)
        words |= self.words(("const", "static", "virtual"))
        if kind.name == "void" and (built := self._outside(words, templates)) is not None:
            return [built]
        ahead = 0
        while self.sign(ahead) in ("*", "&", "const"):
            ahead += 1
        if kind.name == "void" and self.sign(0) in ("~", owner) and self.sign(1) in ("(", owner):
            # Constructors and destructors may have the type void.
            if self.is_next("~"):
                return [self.destructor(None, owner, words, access)]
            return [self.function_behind(None, self.read(), words, templates, access)]
        if self.sign(ahead) == "~":
            self.marked(kind)
            return [self.destructor(kind, owner, words, access)]
        name_at = ahead
        while self.sign(name_at + 1) == "::" or (
            self.sign(name_at + 1) == "<" and not self._is_operator(name_at)
        ):
            close = self._behind_arguments(name_at + 1) if self.sign(name_at + 1) == "<" else None
            name_at = close - 1 if close is not None else name_at + 2
        if self._is_operator(name_at) or (
            self.sign(name_at + 1) == "(" and self._is_function(name_at + 1, owner)
        ):
            return [self.typed_function(kind, words, templates, access)]
        found: list[Item] = []
        found += self.declarators(kind, words)
        for variable in found:
            if isinstance(variable, Variable):
                variable.access = access
        token = self.peek()
        if token.kind is not Kind.END and not self.is_next(";"):
            number = 149 if token.text in (")", "]", "}", ":", "{") else 154
            raise Fault(number, token, f"{token.text[:40]!r} in place of ;", "write ; in front of it")
        self.expect(";", 154)
        return found

    def _is_operator(self, ahead: int) -> bool:
        return self.sign(ahead) == "operator"

    def _is_function(self, ahead: int, owner: str) -> bool:
        """Return True where the bracket ahead holds parameters, not the arguments of an object's constructor."""
        if owner or self.sign(ahead + 1) in (")", "void", "const", "..."):
            return True
        if self.sign(ahead + 1) in ("struct", "class", "enum"):
            return True
        behind = self.behind_type(ahead + 1)
        if behind is not None:
            return self.sign(behind) != "("
        return self.is_word(ahead + 1) and (
            self.is_word(ahead + 2) or self.sign(ahead + 2) in ("&", "*", "<")
        )

    def _refuse_untyped(self, start: Token) -> None:
        depth, ahead = 0, 1
        while self.peek(ahead).kind is not Kind.END:
            depth += (self.sign(ahead) == "(") - (self.sign(ahead) == ")")
            ahead += 1
            if depth == 0:
                break
        name = self.peek().text
        if self.sign(ahead) in ("{", "const"):
            raise Fault(
                116, start, f"function {name} without a type", "write the type of its result in front of it"
            )
        raise Fault(175, start, f"call of {name} outside a function", "move it into a function")

    def _outside(self, words: frozenset[str], templates: list[str]) -> Function | None:
        """Read a constructor or destructor outside its class; None where another item begins."""
        if not self.is_word():
            return None
        ahead = 1
        if self.sign(1) == "<" and (close := self._behind_arguments(1)) is not None:
            ahead = close
        owner = self.peek().text
        while self.sign(ahead) == "::" and self.is_word(ahead + 1) and self.sign(ahead + 2) == "::":
            owner = self.peek(ahead + 1).text
            ahead += 2
        if self.sign(ahead) != "::":
            return None
        if self.sign(ahead + 1) == "~":
            self.at += ahead + 1
            return self.destructor(None, owner, words, "public", outside=True)
        if self.peek(ahead + 1).text == owner and self.sign(ahead + 2) == "(":
            self.at += ahead + 1
            found = self.function_behind(None, self.read(), words, templates, "public")
            found.owner = owner
            return found
        return None
