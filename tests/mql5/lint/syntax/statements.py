"""Reading of statements (reference, 'Operators')."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from tests.mql5.lint.syntax.cursor import Fault
from tests.mql5.lint.syntax.declarators import DeclaratorReader
from tests.mql5.lint.syntax.expressions import WORDS
from tests.mql5.lint.syntax.tree import (
    Block,
    Class,
    Declared,
    DoWhile,
    Empty,
    Enumeration,
    Evaluated,
    For,
    If,
    Label,
    Leave,
    Return,
    Statement,
    Switch,
    Variable,
    While,
)
from tests.mql5.translator.lexer import Kind, Token

_INNER_TYPES: Final = ("class", "struct", "enum", "union", "interface", "typedef")


class StatementReader(DeclaratorReader):
    """Reader of statements. `loops` and `breakable` count the statements around that continue and break leave."""

    def __init__(self, tokens: list[Token], types: set[str]) -> None:
        super().__init__(tokens, types)
        self.loops = 0
        self.breakable = 0
        self.inner: list[Class | Enumeration] = []
        """Types that are declared inside functions."""
        self.local_variables: list[list[Variable]] = []
        """Variables that are declared together with such a type."""

    def local_type(self) -> None:
        """Read a type inside a function."""
        raise NotImplementedError

    def block(self) -> Block:
        """Read statements in braces."""
        token = self.expect("{", 141)
        found = Block(token)
        while not self.is_next("}"):
            if self.peek().kind is Kind.END:
                raise Fault(161, self.peek(), remedy="add }")
            found.items.append(self.statement())
        self.read()
        return found

    @contextmanager
    def _inside(self, loops: int, breakable: int) -> Iterator[None]:
        self.loops += loops
        self.breakable += breakable
        yield
        self.loops -= loops
        self.breakable -= breakable

    def body(self) -> Block:
        """Read the body of a function."""
        loops, breakable, self.loops, self.breakable = self.loops, self.breakable, 0, 0
        found = self.block()
        self.loops, self.breakable = loops, breakable
        return found

    def statement(self) -> Statement:
        """Read one statement."""
        token = self.peek()
        match token.text if token.kind in (Kind.WORD, Kind.SIGN) else "":
            case "{":
                return self.block()
            case ";":
                return Empty(self.read())
            case "if":
                return self._if()
            case "while":
                return self._while()
            case "do":
                return self._do()
            case "for":
                return self._for()
            case "switch":
                return self._switch()
            case "break" | "continue":
                return self._leave()
            case "return":
                self.read()
                value = None if self.is_next(";") else self.expression()
                self._end()
                return Return(token, value)
            case "else":
                raise Fault(183, token, "else", "write its if in front")
            case "case" | "default":
                raise Fault(184, token, token.text, "write it in a switch")
            case "template":
                raise Fault(325, token, "template in a function", "move it out of the function")
            case "input" | "sinput" | "extern" | "virtual" | "public" | "protected" | "private" | "namespace":
                raise Fault(326, token, f"{token.text} in a function", "move it out of the function")
            case "override" | "final" | "export":
                if not self.sign(1).startswith(("=", "(", ".", "[", "+", "-")):
                    raise Fault(149, token)
            case word if word in _INNER_TYPES:
                self.local_variables.clear()
                self.local_type()
                variables = [one for some in self.local_variables for one in some]
                return Declared(token, variables) if variables else Empty(token)
        if self.is_declaration():
            return self.local()
        value = self.expression()
        self._end()
        return Evaluated(token, value)

    def local(self, *, ends: bool = True) -> Declared:
        """Read a declaration of local variables."""
        token = self.peek()
        found = Declared(token, self.variables(local=True))
        if ends:
            self._end()
        return found

    def _end(self) -> None:
        token = self.peek()
        if token.kind is Kind.END:
            raise Fault(161, token, remedy="add ;")
        if not self.accept(";"):
            number = 149 if token.text in (")", "]", ":") and token.kind is Kind.SIGN else 154
            raise Fault(number, token, f"{token.text[:40]!r} in place of ;", "write ; in front of it")

    def _condition_in_brackets(self) -> None:
        self.expect("(", 132)
        if self.is_next(")"):
            raise Fault(157, self.peek(), "empty condition", "write the condition")

    def _if(self) -> Statement:
        token = self.read()
        self._condition_in_brackets()
        condition = self.expression()
        self.expect(")", 145)
        yes = self.statement()
        no = self.statement() if self.accept("else") else None
        return If(token, condition, yes, no)

    def _while(self) -> Statement:
        token = self.read()
        self._condition_in_brackets()
        condition = self.expression()
        self.expect(")", 145)
        with self._inside(1, 1):
            return While(token, condition, self.statement())

    def _do(self) -> Statement:
        token = self.read()
        with self._inside(1, 1):
            body = self.statement()
        self.expect("while", 236)
        self._condition_in_brackets()
        condition = self.expression()
        self.expect(")", 145)
        self._end()
        return DoWhile(token, body, condition)

    def _for(self) -> Statement:
        token = self.read()
        self.expect("(", 132)
        start: Statement | None = None
        if self.is_declaration():
            declared = self.local(ends=False)
            for variable in declared.variables:
                if variable.dimensions:
                    raise Fault(
                        324, variable.token, f"array {variable.name} in a for", "declare it before the loop"
                    )
            start = declared
        elif not self.is_next(";"):
            start = Evaluated(self.peek(), self.expression())
        self.expect(";", 154)
        condition = None if self.is_next(";") else self.expression()
        self.expect(";", 154)
        step = None if self.is_next(")") else self.expression()
        self.expect(")", 145)
        with self._inside(1, 1):
            return For(token, start, condition, step, self.statement())

    def _switch(self) -> Statement:
        token = self.read()
        self._condition_in_brackets()
        found = Switch(token, self.expression(), [])
        self.expect(")", 145)
        self.expect("{", 141)
        with self._inside(0, 1):
            while not self.is_next("}"):
                label = self.accept("case", "default")
                if label is None:
                    if not any(isinstance(item, Label) for item in found.items):
                        raise Fault(149, self.peek(), remedy="write a case in front of it")
                    if self.is_declaration():
                        shown = f"declaration that begins with {self.peek().text!r} in a case"
                        raise Fault(179, self.peek(), shown, "put braces around the statements of the case")
                    found.items.append(self.statement())
                    continue
                value = None
                if label.text == "case":
                    if self.is_next(":"):
                        raise Fault(187, label, "case without a value", "write a constant")
                    value = self._ternary()
                self.expect(":", 123)
                found.items.append(Label(label, value))
        self.read()
        return found

    def _leave(self) -> Statement:
        token = self.read()
        if token.text == "break" and not self.breakable:
            raise Fault(153, token, "break", "use it in a loop or switch")
        if token.text == "continue" and not self.loops:
            raise Fault(210, token, "continue", "use it in a loop")
        self._end()
        return Leave(token)

    def is_declaration(self) -> bool:
        """Return True where the statement declares variables."""
        if self.is_next("static", "const"):
            return True
        ahead = self.behind_type()
        if ahead is not None:
            if self.sign(ahead) in ("(", "::", ".", "[", "++", "--"):
                return False
            return True
        # A name that is no known type: two names side by side, or a pointer that is declared.
        if not self.is_word() or self.peek().text in WORDS | {"return", "delete", "new", "sizeof", "this"}:
            return False
        behind = 1
        if self.sign(1) == "<" and (close := self._behind_arguments(1)) is not None:
            behind = close
        if self.is_word(behind) and self.sign(behind) not in WORDS:
            return behind > 1 or self.sign(behind) not in ("new", "delete", "this")
        return (
            self.sign(behind) in ("*", "&")
            and self.is_word(behind + 1)
            and self.sign(behind + 2) in (";", "=", "[")
            and not self.is_next("NULL", "true", "false")
        )
