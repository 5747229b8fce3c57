"""Reading of variables and parameters: type, pointer or reference, name, dimensions, start value."""

from dataclasses import replace
from typing import Final

from tests.mql5.lint.syntax.cursor import Fault
from tests.mql5.lint.syntax.expressions import WORDS, ExpressionReader
from tests.mql5.lint.syntax.tree import Expression, Type, Variable
from tests.mql5.translator.lexer import Kind

SPECIFIERS: Final = ("static", "const", "extern", "input", "sinput", "virtual", "export")


class DeclaratorReader(ExpressionReader):
    """Reader of declarations of variables."""

    def declared_type(self, words: frozenset[str]) -> Type:
        """Read the type of a declaration behind its words."""
        if not self.is_word():
            raise Fault(116 if words else 149, self.peek(), remedy="write a type in front of it")
        kind = self.type()
        kind.const = kind.const or "const" in words
        return kind

    def marked(self, kind: Type) -> Type:
        """Read the signs * and & in front of a name, and return the type with them. Raises Fault."""
        kind = replace(kind, pointers=0, references=0)
        while True:
            token = self.peek()
            if self.accept("*"):
                if kind.references:
                    raise Fault(248, token, "pointer to a reference", "write *& for a reference to a pointer")
                if kind.pointers:
                    raise Fault(250, token, "pointer to a pointer", "remove one *")
                kind.pointers += 1
            elif self.accept("&"):
                if kind.references:
                    raise Fault(249, token, "reference to a reference", "remove one &")
                kind.references += 1
            elif self.accept("&&"):
                raise Fault(249, token, "reference to a reference", "remove one &")
            elif not self.accept("const"):
                return kind

    def variable_name(self) -> str:
        """Read a variable's name. Raises Fault."""
        token = self.peek()
        if token.kind is Kind.END:
            raise Fault(161, token)
        if token.kind is not Kind.WORD or token.text in WORDS - {"group"}:
            number = 149 if token.kind is Kind.WORD else 228
            raise Fault(number, token, f"{token.text[:40]!r} in place of a name", "write a name")
        self.read()
        return token.text

    def dimensions(self) -> list[Expression | None]:
        """Read the brackets behind an array's name."""
        found: list[Expression | None] = []
        while self.accept("["):
            found.append(None if self.is_next("]") else self.assignment())
            while self.accept(","):
                found.append(self.assignment())
            self.expect("]", 190)
        return found

    def variables(self, *, local: bool = False) -> list[Variable]:
        """Read the declaration of one or more variables up to its semicolon, which stays."""
        words = self.words(SPECIFIERS)
        kind = self.declared_type(words)
        words |= self.words(("const", "static"))
        return self.declarators(kind, words, local=local)

    def declarators(self, kind: Type, words: frozenset[str], *, local: bool = False) -> list[Variable]:
        """Read the names of a declaration behind its type."""
        found = []
        while True:
            marked = self.marked(kind)
            token = self.peek()
            variable = Variable(marked, self.variable_name(), token, words=words)
            if self.accept("::"):  # a static member outside its class
                variable.owner = variable.name
                token = self.peek()
                variable.token, variable.name = token, self.variable_name()
            self._behind_name(variable, local=local)
            found.append(variable)
            if not self.accept(","):
                return found
            if self.is_type_name() and self.is_word(1):
                raise Fault(149, self.peek(), remedy="write ; in front of it")

    def _behind_name(self, variable: Variable, *, local: bool) -> None:
        variable.dimensions = self.dimensions()
        if self.accept("="):
            if self.is_next(";", ",", ")"):
                raise Fault(
                    170, self.peek(), f"variable {variable.name} without its value", "write a value behind ="
                )
            variable.start = self.values() if self.is_next("{") else self.assignment()
        elif self.is_next("("):
            if local and (self.sign(1) == "void" or self._holds_parameters()):
                remedy = "move it out of the function"
                raise Fault(160, variable.token, f"function {variable.name} in a function", remedy)
            variable.arguments = self.arguments()
            if self.is_next("{"):
                remedy = "move it out of the function"
                raise Fault(160, variable.token, f"function {variable.name} in a function", remedy)
        elif self.is_next("{"):
            variable.start = self.values()
        elif self.peek().kind in (Kind.NUMBER, Kind.STRING, Kind.CHAR, Kind.DATE, Kind.COLOR):
            raise Fault(
                140,
                self.peek(),
                f"value {self.peek().text[:40]} behind {variable.name}",
                "write = between them",
            )

    def _holds_parameters(self) -> bool:
        """Return True where the brackets ahead hold parameters: a type and a name."""
        behind = self.behind_type(1)
        if behind is None:
            return False
        while self.sign(behind) in ("*", "&"):
            behind += 1
        return self.is_word(behind) or self.sign(behind) == ","

    def parameters(self) -> list[Variable]:
        """Read the parameters of a function with their brackets."""
        self.expect("(", 132)
        found: list[Variable] = []
        if self.sign(0) == "void" and self.sign(1) == ")":
            self.read()
        while not self.is_next(")"):
            token = self.peek()
            if self.is_next("..."):
                raise Fault(185, token, "...", "name the parameters")
            if self.is_next("struct", "class", "enum", "union") and self.sign(2) in ("{", ":"):
                raise Fault(251, token, f"{token.text} in a list of parameters", "declare the type before")
            words = self.words(SPECIFIERS)
            kind = self.marked(self.declared_type(words))
            name_token = self.peek()
            name = self.variable_name() if self.is_word() else ""
            variable = Variable(kind, name, name_token if name else token, words=words)
            variable.dimensions = self.dimensions()
            if self.accept("="):
                variable.start = self.assignment()
            found.append(variable)
            if not self.accept(",") and not self.is_next(")"):
                if self.is_word():
                    raise Fault(155, self.peek(), remedy="write a comma in front of it")
                self.expect(")", 149)
        self.read()
        return found
