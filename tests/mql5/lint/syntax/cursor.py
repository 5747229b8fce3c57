"""Place in the tokens of a program, and the faults that end its reading."""

from collections.abc import Collection
from typing import Final

from tests.mql5.lint.program import Finding
from tests.mql5.reference import errors
from tests.mql5.translator.expressions import BUILT_IN_TYPES
from tests.mql5.translator.lexer import Kind, Token

ACCESSES: Final = ("public", "protected", "private")


def finding(number: int, token: Token, thing: str, remedy: str = "correct it") -> Finding:
    """Return the finding of one of MetaQuotes' compile errors."""
    return Finding(f"error-{number}", token.file, token.line, thing, errors()[number], remedy)


class Fault(Exception):
    """Text that ends the reading of a program, with its finding."""

    def __init__(self, number: int, token: Token, thing: str = "", remedy: str = "correct it") -> None:
        shown = thing or (f"{token.text[:40]!r}" if token.text else "end of the program")
        self.finding = finding(number, token, shown, remedy)
        super().__init__(str(self.finding))


class Cursor:
    """Tokens of a program and the place that is read next. `types` are the names of all types of the program."""

    def __init__(self, tokens: list[Token], types: set[str]) -> None:
        end = tokens[-1] if tokens else Token(Kind.END, "", "", "", 1)
        self.tokens = [token for token in tokens if token.kind is not Kind.END]
        self.end = Token(Kind.END, "", "", end.file, end.line)
        self.types = types
        self.at = 0
        self.found: list[Finding] = []
        """Findings that do not end the reading."""

    def peek(self, ahead: int = 0) -> Token:
        """Return a token without reading it."""
        at = self.at + ahead
        return self.tokens[at] if at < len(self.tokens) else self.end

    def is_next(self, *texts: str) -> bool:
        """Return True where the next token is one of these words or signs."""
        token = self.peek()
        return token.kind in (Kind.WORD, Kind.SIGN) and token.text in texts

    def sign(self, ahead: int = 0) -> str:
        """Return the word or sign ahead; "" for literals and the end."""
        token = self.peek(ahead)
        return token.text if token.kind in (Kind.WORD, Kind.SIGN) else ""

    def read(self) -> Token:
        """Read the next token."""
        token = self.peek()
        self.at += 1
        return token

    def accept(self, *texts: str) -> Token | None:
        """Read the next token where it is one of these."""
        return self.read() if self.is_next(*texts) else None

    def expect(self, text: str, number: int) -> Token:
        """Read this token. Raises Fault with the number where another one stands there."""
        if not self.is_next(text):
            token = self.peek()
            if token.kind is Kind.END:
                raise Fault(161, token, remedy=f"add {text}")
            raise Fault(
                number, token, f"{token.text[:40]!r} in place of {text}", f"write {text} in front of it"
            )
        return self.read()

    def is_word(self, ahead: int = 0) -> bool:
        """Return True where a name or a word of the language is ahead."""
        return self.peek(ahead).kind is Kind.WORD

    def is_type_name(self, ahead: int = 0) -> bool:
        """Return True where the name of a type is ahead."""
        token = self.peek(ahead)
        return token.kind is Kind.WORD and (token.text in BUILT_IN_TYPES or token.text in self.types)

    def behind_type(self, ahead: int = 0) -> int | None:
        """Return the distance behind the type that begins ahead; None where no type begins."""
        while self.sign(ahead) in ("const", "static", "input", "sinput", "extern", "::"):
            ahead += 1
        if not self.is_type_name(ahead):
            return None
        while True:
            ahead += 1
            if self.sign(ahead) == "<":
                close = self._behind_arguments(ahead)
                if close is None:
                    return ahead
                ahead = close
            if self.sign(ahead) == "::" and self.is_type_name(ahead + 1):
                ahead += 1
                continue
            return ahead

    def _behind_arguments(self, ahead: int) -> int | None:
        depth = 0
        while True:
            text = self.sign(ahead)
            token = self.peek(ahead)
            if text in ("<", ">", ">>"):
                depth += {"<": 1, ">": -1, ">>": -2}[text]
            elif text not in (",", "*", "::", "&") and token.kind is not Kind.WORD:
                return None
            ahead += 1
            if depth <= 0:
                return ahead

    def words(self, texts: Collection[str]) -> frozenset[str]:
        """Read words as long as they are among these."""
        found = set()
        while self.is_word() and self.peek().text in texts:
            found.add(self.read().text)
        return frozenset(found)
