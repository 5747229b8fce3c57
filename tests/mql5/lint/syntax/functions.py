"""Reading of functions, constructors, destructors and operators, from the name to the end of the body."""

from typing import Final

from tests.mql5.lint.syntax.cursor import Fault
from tests.mql5.lint.syntax.statements import StatementReader
from tests.mql5.lint.syntax.tree import Function, Type
from tests.mql5.translator.lexer import Kind, Token

_BEHIND: Final = ("const", "override", "final", "export")
_OPERATORS: Final = frozenset(
    "+ - * / % << >> < > <= >= == != && || ! ~ & | ^ = += -= *= /= %= &= |= ^= <<= >>= ++ -- [".split()
)


class FunctionReader(StatementReader):
    """Reader of functions. `imported` is True between #import "FILE" and the #import that ends it."""

    imported = False

    def destructor(
        self, kind: Type | None, owner: str, words: frozenset[str], access: str, *, outside: bool = False
    ) -> Function:
        token = self.read()
        if kind is not None:
            raise Fault(122, token, "destructor with a type", "remove the type")
        if not self.is_word() or (owner and self.peek().text != owner):
            name = self.peek().text
            raise Fault(122, token, f"destructor ~{name} of {owner or 'no class'}", f"write ~{owner}")
        found = self.function_behind(
            None, Token(Kind.WORD, f"~{self.read().text}", "", token.file, token.line), words, [], access
        )
        found.owner = owner if outside else ""
        return found

    def typed_function(
        self, kind: Type, words: frozenset[str], templates: list[str], access: str
    ) -> Function:
        kind = self.marked(kind)
        owner = ""
        while self.sign(1) in ("::", "<") and not self.is_next("operator"):
            owner = self.read().text
            if self.is_next("<"):
                self._type_arguments()
            self.expect("::", 149)
        token = self.read()
        if token.text == "~":
            raise Fault(122, token, "destructor with a type", "remove the type")
        if token.text == "operator" and self.peek().kind is Kind.SIGN and self.peek().text in _OPERATORS:
            sign = self.read().text
            if sign == "[":
                self.expect("]", 352)
                sign = "[]"
            token = Token(Kind.WORD, f"operator{sign}", "", token.file, token.line)
        elif token.text == "operator":
            if self.is_next("(", "new", "delete", "?", ",", ".", "->"):
                raise Fault(353, token, f"operator {self.peek().text}", "write a method")
            raise Fault(352, token, f"operator {self.peek().text[:40]}", "write the sign of an operator")
        found = self.function_behind(kind, token, words, templates, access)
        found.owner = owner
        return found

    def function_behind(
        self, kind: Type | None, token: Token, words: frozenset[str], templates: list[str], access: str
    ) -> Function:
        found = Function(
            kind, token.text, token, self.parameters(), words=words, templates=templates, access=access
        )
        found.imported = self.imported
        found.behind = self.words(_BEHIND)
        if self.is_next("="):
            self.read()
            value = self.read()
            if value.text == "delete":
                found.behind |= {"delete"}
            elif value.text in ("0", "NULL"):
                found.behind |= {"pure"}
            elif value.text == "default":
                found.behind |= {"default"}
            else:
                raise Fault(
                    381, value, f"= {value.text[:40]} behind a function", "write =0 for a pure virtual one"
                )
            found.behind |= self.words(_BEHIND)
        if self.is_next(":"):
            self._initialisation(found)
        if self.is_next("{"):
            found.body = self.body()
        else:
            if self.peek().kind is Kind.END:
                raise Fault(161, self.peek(), remedy="add ;")
            self.expect(";", 141)
        return found

    def _initialisation(self, function: Function) -> None:
        token = self.read()
        if function.type is not None or function.name.startswith("~"):
            raise Fault(
                329, token, f"list of initialisation behind {function.name}", "set the members in the body"
            )
        function.first = []
        while self.is_word():
            name = self.read()
            if self.is_next("<"):
                self._type_arguments()
            if not self.is_next("("):
                raise Fault(132, self.peek())
            function.first.append((name, self.arguments()))
            if not self.accept(","):
                break
        if not function.first:
            raise Fault(331, token, "empty list of initialisation", "remove the colon")
        if not self.is_next("{"):
            raise Fault(330, self.peek(), "list of initialisation without a body", "write the body behind it")
