"""Reading of expressions, with the precedence of MQL5 (reference, 'Precedence Rules')."""

from typing import Final

from tests.mql5.lint.syntax.cursor import Cursor, Fault
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
from tests.mql5.translator.lexer import Kind, Token

ASSIGNMENTS: Final = frozenset("= += -= *= /= %= &= |= ^= <<= >>=".split())
_LEVELS: Final = (
    ("||",), ("&&",), ("|",), ("^",), ("&",), ("==", "!="), ("<", ">", "<=", ">="), ("<<", ">>"),
    ("+", "-"), ("*", "/", "%"),
)  # fmt: skip
_UNARY: Final = ("+", "-", "!", "~", "++", "--", "*", "&")
_LITERALS: Final = (Kind.NUMBER, Kind.STRING, Kind.CHAR, Kind.DATE, Kind.COLOR)
WORDS: Final = frozenset(
    "if else for while do switch case default return break continue class struct interface enum union template"
    " typename operator input sinput group extern typedef using namespace const static virtual override final"
    " public protected private offsetof pack".split()
)
"""Words of the language that are no operand."""


class ExpressionReader(Cursor):
    """Reader of expressions."""

    def expression(self) -> Expression:
        """Read an expression with its commas, as statements and loops have it."""
        left = self.assignment()
        while token := self.accept(","):
            left = Binary(token, ",", left, self.assignment())
        return left

    def assignment(self) -> Expression:
        """Read an expression without a comma outside brackets."""
        left = self._ternary()
        if self.peek().kind is Kind.SIGN and self.peek().text in ASSIGNMENTS:
            token = self.read()
            if self.is_next("{"):
                return Binary(token, token.text, left, self.values())
            self._want_operand(157)
            return Binary(token, token.text, left, self.assignment())
        return left

    def values(self) -> Values:
        """Read a list in braces."""
        token = self.read()
        items: list[Expression] = []
        while not self.is_next("}"):
            items.append(self.values() if self.is_next("{") else self.assignment())
            if not self.accept(",") and not self.is_next("}"):
                self.expect(",", 155)
        self.read()
        return Values(token, items)

    def _want_operand(self, number: int) -> None:
        token = self.peek()
        if token.kind is Kind.END:
            raise Fault(161, token)
        if token.kind is Kind.SIGN and token.text not in (*_UNARY, "(", "::", "{", "["):
            raise Fault(
                number, token, f"{token.text!r} without an operand in front", "write a value in front of it"
            )
        if (
            token.kind is Kind.WORD
            and token.text in WORDS
            and self.sign(1) != "("
            and token.text != "operator"
        ):
            raise Fault(number, token, f"word {token.text!r} as a value", "write a value in front of it")

    def _ternary(self) -> Expression:
        condition = self._binary(0)
        if token := self.accept("?"):
            yes = self.assignment()
            self.expect(":", 123)
            return Ternary(token, condition, yes, self.assignment())
        return condition

    def _binary(self, level: int) -> Expression:
        if level == len(_LEVELS):
            return self._unary()
        left = self._binary(level + 1)
        while self.peek().kind is Kind.SIGN and self.peek().text in _LEVELS[level]:
            token = self.read()
            self._want_operand(223)
            left = Binary(token, token.text, left, self._binary(level + 1))
        return left

    def _unary(self) -> Expression:
        token = self.peek()
        if token.kind is Kind.SIGN and token.text in _UNARY:
            self.read()
            self._want_operand(223)
            return Unary(token, token.text, self._unary())
        if self.is_next("("):
            behind = self._behind_cast()
            if behind is not None:
                self.read()
                kind = self.type()
                kind.pointers += self._count("*")
                self.accept("&")
                self.expect(")", 145)
                return Cast(token, kind, self._unary())
        if self.is_next("delete"):
            self.read()
            if self.is_next(";", ")"):
                return Delete(token, None)
            if self.is_next("[") and self.sign(1) == "]":
                self.at += 2
            return Delete(token, self._unary())
        return self._postfix(self._primary())

    def _count(self, sign: str) -> int:
        found = 0
        while self.accept(sign):
            found += 1
        return found

    def _behind_cast(self) -> int | None:
        """Return the distance behind `(TYPE)`; None where the bracket holds a value."""
        ahead = self.behind_type(1)
        if ahead is None:
            return None
        while self.sign(ahead) in ("*", "&"):
            ahead += 1
        return ahead + 1 if self.sign(ahead) == ")" else None

    def type(self) -> Type:
        """Read a type with its arguments, without pointers and references. Raises Fault."""
        is_const = bool(self.accept("const"))
        self.accept("::")
        if self.is_next("enum", "class", "struct") and self.is_word(1):
            self.read()
        token = self.peek()
        if token.kind is not Kind.WORD:
            raise Fault(116, token)
        self.read()
        kind = Type(token.text, token, is_const)
        kind.arguments = self._type_arguments()
        while self.is_next("::") and self.is_type_name(1):
            self.read()
            token = self.read()
            kind = Type(token.text, token, is_const)
            kind.arguments = self._type_arguments()
        if self.accept("const"):
            kind.const = True
        return kind

    def _type_arguments(self) -> list[Type]:
        if not self.is_next("<") or self._behind_arguments(0) is None:
            return []
        self.read()
        found = []
        while not self.is_next(">", ">>"):
            one = self.type()
            one.pointers += self._count("*")
            found.append(one)
            if not self.accept(",") and not self.is_next(">", ">>"):
                self.expect(",", 155)
        token = self.peek()
        if token.text == ">>":
            self.tokens[self.at] = Token(Kind.SIGN, ">", "", token.file, token.line)
        else:
            self.read()
        return found

    def _primary(self) -> Expression:
        token = self.peek()
        if token.kind in _LITERALS:
            self.read()
            while token.kind is Kind.STRING and self.peek().kind is Kind.STRING:
                self.read()
            return Literal(token)
        if token.kind is Kind.END:
            raise Fault(161, token)
        if token.kind is Kind.SIGN:
            return self._bracket(token)
        match token.text:
            case "true" | "false" | "NULL":
                self.read()
                return Literal(token)
            case "new":
                return self._new()
            case "sizeof" | "offsetof" | "typename":
                return self._size()
            case "dynamic_cast":
                return self._dynamic_cast()
        if token.text == "operator" and self.peek(1).kind is Kind.SIGN:
            return Name(token, self._member_name())
        if token.text in WORDS:
            raise Fault(157, token, f"word {token.text!r}", "write a value in its place")
        return self._name()

    def _bracket(self, token: Token) -> Expression:
        if self.accept("("):
            inner = self.expression()
            if self.is_operand():
                shown = f"{self.peek().text!r} behind a value"
                raise Fault(152, self.peek(), shown, "write an operator between them")
            self.expect(")", 145)
            return inner
        if self.is_next("::") and self.is_word(1):
            self.read()
            return Scoped(token, "", self.read().text)
        raise Fault(149 if token.text in (")", "]", "}", ":") else 157, token)

    def is_operand(self) -> bool:
        """Return True where a value begins."""
        token = self.peek()
        return token.kind in _LITERALS or (token.kind is Kind.WORD and token.text not in WORDS)

    def _name(self) -> Expression:
        token = self.read()
        is_explicit = self.is_next("<") and self._is_explicit_template()
        if is_explicit:
            # A call with explicit types, or the static member of a class template.
            self._type_arguments()
        value: Expression = Name(token, token.text, is_explicit)
        while self.is_next("::") and (self.is_word(1) or self.sign(1) == "~"):
            self.read()
            owner = value.name if isinstance(value, (Name, Scoped)) else ""
            value = Scoped(token, owner, self._member_name())
        return value

    def _member_name(self) -> str:
        token = self.read()
        if token.text == "operator":
            sign = self.read().text
            if sign in ("[", "("):
                sign += self.read().text
            return f"operator{sign}"
        return token.text

    def _is_explicit_template(self) -> bool:
        ahead = self._behind_arguments(0)
        return ahead is not None and self.sign(ahead) in ("(", "::") and self.is_type_name(1)

    def _new(self) -> Expression:
        token = self.read()
        if not self.is_word():
            raise Fault(156, self.peek(), remedy="name the class of the object")
        kind = self.type()
        kind.pointers += self._count("*")
        arguments = self.arguments() if self.is_next("(") else []
        return New(token, kind, arguments)

    def _size(self) -> Expression:
        token = self.read()
        self.expect("(", 118)
        behind = self.behind_type(0)
        if behind is not None and self.sign(behind) in (")", "*", ","):
            kind = self.type()
            kind.pointers += self._count("*")
            if self.accept(","):
                self.read()
            self.expect(")", 145)
            return SizeOf(token, kind, None)
        value = self.expression()
        self.expect(")", 145)
        return SizeOf(token, None, value)

    def _dynamic_cast(self) -> Expression:
        token = self.read()
        self.expect("<", 132)
        kind = self.type()
        kind.pointers += self._count("*")
        self.expect(">", 149)
        self.expect("(", 118)
        value = self.expression()
        self.expect(")", 145)
        return Cast(token, kind, value, dynamic=True)

    def arguments(self) -> list[Expression]:
        """Read the arguments of a call with their brackets."""
        self.read()
        found: list[Expression] = []
        while not self.is_next(")"):
            if self.is_next(","):
                raise Fault(
                    291, self.peek(), "comma without an argument", "write the argument, or remove the comma"
                )
            found.append(self.values() if self.is_next("{") else self.assignment())
            if self.accept(","):
                if self.is_next(")"):
                    thing = "comma in front of )"
                    raise Fault(291, self.peek(), thing, "write the argument, or remove the comma")
            elif not self.is_next(")"):
                if self.is_operand():
                    raise Fault(155, self.peek(), remedy="write a comma in front of it")
                self.expect(")", 149)
        self.read()
        return found

    def _postfix(self, value: Expression) -> Expression:
        while self.peek().kind is Kind.SIGN:
            token = self.peek()
            match token.text:
                case "." | "->":
                    self.read()
                    if not self.is_word():
                        raise Fault(130, self.peek(), remedy="write the name of a member")
                    value = Member(token, value, self._member_name())
                    while self.accept("::"):  # p.CBase::Method()
                        value.name = self._member_name()
                    if self.is_next("<") and self._is_explicit_template():
                        self._type_arguments()
                case "[":
                    self.read()
                    at = None if self.is_next("]") else self.expression()
                    while self.accept(","):
                        self.expression()
                    self.expect("]", 190)
                    value = Index(token, value, at)
                case "(":
                    value = Call(token, value, self.arguments())
                case "++" | "--":
                    self.read()
                    value = Unary(token, token.text, value, behind=True)
                case _:
                    return value
        return value
