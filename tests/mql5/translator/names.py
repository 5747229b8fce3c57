"""Names that a program declares; the translator and the lint collect them first."""

from dataclasses import dataclass, field

from tests.mql5.translator.lexer import Kind, Token


@dataclass
class Names:
    """Declared names by kind. `enums` maps each enumeration to its constants; `macros` are the names of #define."""

    classes: set[str] = field(default_factory=set)
    structs: set[str] = field(default_factory=set)
    enums: dict[str, list[str]] = field(default_factory=dict)
    typedefs: set[str] = field(default_factory=set)
    parameters: set[str] = field(default_factory=set)
    """Type parameters of templates."""
    macros: set[str] = field(default_factory=set)
    templates: dict[str, list[str]] = field(default_factory=dict)
    """Type parameters of each class template."""

    @property
    def types(self) -> set[str]:
        """All names of types."""
        return self.classes | self.structs | set(self.enums) | self.typedefs | self.parameters


def collect(tokens: list[Token]) -> Names:
    """Return the declared names. It reads tokens, so text inside comments and strings declares nothing."""
    names = Names()
    for i, token in enumerate(tokens[:-1]):
        following = tokens[i + 1]
        if token.kind is Kind.DIRECTIVE:
            words = token.text.replace("(", " ").split()
            if words and words[0] == "#define" and len(words) > 1:
                names.macros.add(words[1])
        if token.kind is not Kind.WORD or following.kind is not Kind.WORD:
            continue
        match token.text:
            case "class" | "interface" | "struct" | "union":
                (names.structs if token.text in ("struct", "union") else names.classes).add(following.text)
                if i and tokens[i - 1].text == ">":
                    names.templates[following.text] = _parameters(tokens, i - 1)
            case "enum":
                names.enums.setdefault(following.text, []).extend(_constants(tokens, i + 2))
            case "typename":
                names.parameters.add(following.text)
            case "typedef":
                if (name := _typedef(tokens, i)) is not None:
                    names.typedefs.add(name)
    return names


def _constants(tokens: list[Token], at: int) -> list[str]:
    """Return the constants of the enumeration whose `{` is at `at`; [] for a forward declaration."""
    if at >= len(tokens) or tokens[at].text != "{":
        return []
    found = []
    while tokens[at].text != "}" and tokens[at].kind is not Kind.END:
        if tokens[at].kind is Kind.WORD and tokens[at - 1].text in ("{", ","):
            found.append(tokens[at].text)
        at += 1
    return found


def _typedef(tokens: list[Token], at: int) -> str | None:
    """Return the name in `typedef int (*TName)(...)`; None where there is none."""
    while at + 2 < len(tokens) and tokens[at].text != ";":
        if tokens[at].text == "(" and tokens[at + 1].text == "*" and tokens[at + 2].kind is Kind.WORD:
            return tokens[at + 2].text
        at += 1
    return None


def _parameters(tokens: list[Token], close: int) -> list[str]:
    """Return the names in `template<typename A, typename B>`, whose `>` is at `close`."""
    start = close
    while start and tokens[start].text != "<":
        start -= 1
    return [tokens[i + 1].text for i in range(start, close) if tokens[i].text == "typename"]
