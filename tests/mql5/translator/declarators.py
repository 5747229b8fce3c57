"""Pointers and arrays: `CFoo *p` becomes `::rt::ptr<CFoo> p`, `T a[]` an `::rt::array<T>`, `T a[3]` a
`::rt::fixed<T, (3)>`.

An array parameter accepts fixed and dynamic arrays, as in MQL5: `fixed` derives from `array`.
"""

from collections.abc import Iterable
from typing import Final

from tests.mql5.translator.expressions import BUILT_IN_TYPES
from tests.mql5.translator.lexer import Kind, Token

CLOSERS: Final = {"(": ")", "[": "]", "{": "}"}
_QUALIFIERS: Final = frozenset({"const", "static", "virtual", "public", "protected", "private"})


def matching(tokens: list[Token], at: int) -> int:
    """Return the index of the sign that closes the bracket at `at`; the last index where there is none."""
    depth = 0
    for i in range(at, len(tokens)):
        if tokens[i].kind is Kind.SIGN:
            depth += (tokens[i].text in CLOSERS) - (tokens[i].text in CLOSERS.values())
            if depth == 0:
                return i
    return len(tokens) - 1


def closing_angle(tokens: list[Token], at: int) -> int | None:
    """Return the index of the `>` that closes the type arguments at `at`; None where `<` is a comparison."""
    depth = 0
    for i in range(at, len(tokens)):
        token = tokens[i]
        if token.kind is Kind.SIGN:
            if token.text not in ("<", ">", ">>", ",", "*", "::"):
                return None
            depth += {"<": 1, ">": -1, ">>": -2}.get(token.text, 0)
        elif token.kind not in (Kind.WORD, Kind.TYPE):
            return None
        if depth <= 0:
            return i
    return None


def text_of(tokens: Iterable[Token]) -> str:
    """Return the tokens' text on one line, without comments."""
    return " ".join(token.text for token in tokens if token.text)


def merge_pointers(tokens: list[Token], classes: set[str]) -> list[Token]:
    """Replace each `CFoo *`, `const CFoo *` and `CList<int> *` by one TYPE token."""
    merged: list[Token] = []
    i = 0
    while i < len(tokens):
        token = tokens[i]
        end = type_end(tokens, i, classes) if token.kind is Kind.WORD and token.text in classes else i
        if end == i or not _is(tokens, end, "*"):
            merged.append(token)
            i += 1
            continue
        name = text_of(merge_pointers(tokens[i:end], classes))
        before = token.before
        if merged and merged[-1].text == "const":
            name, before = f"const {name}", merged.pop().before
        merged.append(Token(Kind.TYPE, f"::rt::ptr<{name}>", before, token.file, token.line))
        i = end + 1
    return merged


def type_end(tokens: list[Token], at: int, types: set[str]) -> int:
    """Return the index behind the type that begins at `at`; `at` itself where no type begins."""
    token = tokens[at]
    if token.kind is Kind.TYPE:
        return at + 1
    if token.kind is not Kind.WORD or (token.text not in types and token.text not in BUILT_IN_TYPES):
        return at
    if _is(tokens, at + 1, "<") and (close := closing_angle(tokens, at + 1)) is not None:
        return close + 1
    if _is(tokens, at + 1, "::") and at + 2 < len(tokens) and tokens[at + 2].text in types:
        return type_end(tokens, at + 2, types)
    return at + 1


def rewrite_arrays(tokens: list[Token], types: set[str]) -> list[Token]:
    """Rewrite every array declaration: variables, members and parameters. Return the tokens."""
    i = 0
    while i < len(tokens):
        end = type_end(tokens, i, types)
        if end > i and not (i and tokens[i - 1].text in ("->", "::", "new", "class", "struct", "enum")):
            _declaration(tokens, i, end)
        i = max(end, i + 1)
    return [one for token in tokens for one in (token, *token.following)]


def _declaration(tokens: list[Token], start: int, end: int) -> None:
    first = start
    while first and tokens[first - 1].text in _QUALIFIERS:
        first -= 1
    opener = tokens[first - 1].text if first else ";"
    in_for = opener == "(" and first > 1 and tokens[first - 2].text == "for"
    if opener in ("(", ",") and not in_for:
        _parameter(tokens, start, end)
    elif (
        opener in (";", "{", "}", ":", ")", "else", "", "input")
        or in_for
        or tokens[first - 1].kind is Kind.DIRECTIVE
    ):
        _variables(tokens, first, start, end)


def _parameter(tokens: list[Token], start: int, end: int) -> None:
    name = end + 1 if _is(tokens, end, "&") else end
    if tokens[name].kind is Kind.WORD and _is(tokens, name + 1, "["):
        shape, behind = _dimensions(tokens, name + 1)
        # The first dimension of a parameter has no effect: an array of any size is accepted.
        inner = _shaped(text_of(tokens[start:end]), ["", *shape[1:]])
        _replace(tokens, start, end, inner)
        _blank(tokens[name + 1 : behind])
        tokens[end].text = "&" if name > end else f"&{tokens[end].text}"


def _variables(tokens: list[Token], first: int, start: int, end: int) -> None:
    """Split `T a[], b[3]={...}, c;` into single declarations, where one of them is an array."""
    found: list[tuple[int, list[str], int, int]] = []
    at = end
    while True:
        name = at + (1 if _is(tokens, at, "*") else 0)
        if name >= len(tokens) or tokens[name].kind is not Kind.WORD:
            return
        while _is(tokens, name + 1, "::"):
            name += 2
        shape, behind = _dimensions(tokens, name + 1)
        last = behind
        while last < len(tokens) and tokens[last].text not in (",", ";", ")"):
            last = matching(tokens, last) + 1 if tokens[last].text in CLOSERS else last + 1
        if last >= len(tokens) or tokens[last].text == ")":
            return
        found.append((at, shape, behind, last))
        if tokens[last].text == ";":
            break
        at = last + 1
    if not any(shape for _, shape, _, _ in found):
        return
    base = text_of(tokens[start:end])
    qualifiers = text_of(tokens[first:start])
    for i, (at, shape, behind, last) in enumerate(found):
        if i == 0:
            _replace(tokens, start, end, _shaped(base, shape))
        else:
            comma = tokens[found[i - 1][3]]
            comma.text = ";"
            words = [Token(Kind.WORD, word, " ", comma.file, comma.line) for word in qualifiers.split()]
            kind = Token(Kind.TYPE, _shaped(base, shape), " ", comma.file, comma.line, tail=" ")
            comma.following = [*words, kind]
        if shape:
            _blank([token for token in tokens[at:behind] if token.text == "*"])
            _blank_dimensions(tokens, at, behind)
            if tokens[behind].text == "=":
                tokens[behind].text = ""
                tokens[behind + 1].lead = "(::rt::filled,"
                tokens[last - 1].tail = ")"


def _dimensions(tokens: list[Token], at: int) -> tuple[list[str], int]:
    """Return the dimensions `[..][..]` that begin at `at`, and the index behind them."""
    shape = []
    while _is(tokens, at, "["):
        close = matching(tokens, at)
        shape.append(text_of(tokens[at + 1 : close]))
        at = close + 1
    return shape, at


def _shaped(base: str, shape: list[str]) -> str:
    for size in reversed(shape):
        base = f"::rt::fixed<{base}, ({size})>" if size else f"::rt::array<{base}>"
    return base


def _blank_dimensions(tokens: list[Token], at: int, behind: int) -> None:
    for i in range(at, behind):
        if tokens[i].text == "[":
            _blank(tokens[i:behind])
            return


def _replace(tokens: list[Token], start: int, end: int, text: str) -> None:
    _blank(tokens[start:end])
    tokens[start].kind, tokens[start].text = Kind.TYPE, text


def _blank(tokens: list[Token]) -> None:
    for token in tokens:
        token.text = ""


def _is(tokens: list[Token], at: int, text: str) -> bool:
    return at < len(tokens) and tokens[at].kind is Kind.SIGN and tokens[at].text == text
