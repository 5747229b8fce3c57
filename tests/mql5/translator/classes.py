"""Classes, structures and enumerations: additions that C++ needs.

A class without a base derives from `::rt::mql_object`: it enters each object into the registry of live objects,
which CheckPointer reads, and has a virtual destructor. A destructor does nothing once the EA is killed, because a
killed program runs no code. An enumeration gets the width of `int` and the table of names for EnumToString.
"""

from tests.mql5.translator.declarators import matching
from tests.mql5.translator.lexer import Kind, Token
from tests.mql5.translator.names import Names


def rewrite_classes(tokens: list[Token], names: Names) -> None:
    """Rewrite every class, structure, interface, enumeration and destructor in place."""
    for i, token in enumerate(tokens):
        if token.kind is Kind.WORD and token.text in ("class", "struct", "interface") and i + 2 < len(tokens):
            _class(tokens, i)
        elif token.kind is Kind.SIGN and token.text == "~" and tokens[i + 2].text == "(":
            if tokens[i + 1].text in names.classes | names.structs:
                _destructor(tokens, i)
    # Enumerations come last, so that the scopes are those of the source.
    for i, inside in enumerate(_inside_class(tokens)):
        if tokens[i].kind is Kind.WORD and tokens[i].text == "enum" and tokens[i + 2].text == "{":
            _enum(tokens, i, inside)


def _class(tokens: list[Token], at: int) -> None:
    keyword, name = tokens[at].text, tokens[at + 1].text
    brace = at + 2
    while tokens[brace].text not in ("{", ";", "") and tokens[brace].kind is not Kind.END:
        brace += 1
    if tokens[brace].text != "{":
        if keyword == "interface":
            tokens[at].text = "class"
        return
    head = [token.text for token in tokens[at + 2 : brace]]
    if keyword == "struct":
        tokens[brace].tail = f" MQL_ARROW({name})"
        return
    if ":" not in head:
        tokens[brace - 1].tail = " : public ::rt::mql_object"
    access = "public:" if keyword == "interface" else "private:"
    tokens[brace].tail = f" public: MQL_ARROW({name}) {access}"
    if keyword == "interface":
        tokens[at].text = "class"
        _pure(tokens, brace)


def _pure(tokens: list[Token], brace: int) -> None:
    """Make every method of an interface pure virtual."""
    fresh = True
    for i in range(brace + 1, matching(tokens, brace)):
        if fresh and tokens[i].text != "virtual":
            tokens[i].lead = "virtual "
        fresh = tokens[i].text == ";"
        if fresh:
            tokens[i].lead = " = 0"


def _destructor(tokens: list[Token], at: int) -> None:
    close = matching(tokens, at + 2)
    tokens[close].tail = " noexcept(false)"
    if tokens[close + 1].text == "{":
        tokens[close + 1].tail = " if (::rt::is_dead()) return;"


def _inside_class(tokens: list[Token]) -> list[bool]:
    """Return for each token True where the nearest open brace belongs to a class or structure."""
    inside, stack, pending = [], [False], False
    for i, token in enumerate(tokens):
        inside.append(stack[-1])
        if (
            token.kind is Kind.WORD
            and token.text in ("class", "struct")
            and tokens[i - 1].text not in ("<", ",")
        ):
            pending = True
        elif token.kind is Kind.SIGN and token.text == "{":
            stack.append(pending)
            pending = False
        elif token.kind is Kind.SIGN and token.text == "}" and len(stack) > 1:
            stack.pop()
        elif token.text == ";":
            pending = False
    return inside


def _enum(tokens: list[Token], at: int, in_class: bool) -> None:
    name = tokens[at + 1].text
    close = matching(tokens, at + 2)
    members = [
        tokens[i].text
        for i in range(at + 3, close)
        if tokens[i].kind is Kind.WORD and tokens[i - 1].text in ("{", ",")
    ]
    tokens[at + 1].tail = " : int"
    table = ", ".join(f'{{{member}, u"{member}"}}' for member in members)
    # Argument-dependent lookup finds the function wherever EnumToString is instantiated.
    tokens[close + 1].tail = (
        f" {'friend' if in_class else 'inline'} ::rt::enum_names mql_names({name})"
        f" {{ static const ::rt::enum_name t[] = {{{table}}}; return {{t, {len(members)}}}; }}"
    )
