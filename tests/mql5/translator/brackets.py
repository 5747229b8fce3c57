"""Check of brackets, before anything else relies on their balance.

Both branches of an #ifdef count: a bracket that only one branch opens is refused, although MetaEditor accepts it.
"""

from collections.abc import Iterable

from tests.mql5.translator.declarators import CLOSERS
from tests.mql5.translator.errors import TranslationError
from tests.mql5.translator.lexer import Kind, Token

RULE = "round, square and curly brackets are closed in the reverse order of their opening"


class BracketError(TranslationError):
    """A bracket without its partner."""


def check_brackets(tokens: Iterable[Token]) -> None:
    """Raise BracketError at the first bracket that is not closed, or closes nothing."""
    opened: list[Token] = []
    for token in tokens:
        if token.kind is not Kind.SIGN:
            continue
        if token.text in CLOSERS:
            opened.append(token)
        elif token.text in CLOSERS.values():
            if not opened:
                raise BracketError(token.where, f"{token.text} closes no bracket", RULE, "remove it")
            opener = opened.pop()
            if CLOSERS[opener.text] != token.text:
                raise BracketError(
                    token.where,
                    f"{token.text} does not close the {opener.text} of line {opener.line}",
                    RULE,
                    f"write {CLOSERS[opener.text]} first",
                )
    if opened:
        last = opened[-1]
        raise BracketError(last.where, f"{last.text} is not closed", RULE, f"add {CLOSERS[last.text]}")
