"""Input of the lint's rules: a program's tokens, its names, and the scope of each token."""

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from typing import Final

from tests.mql5.reference import STRUCTURES, enum_names
from tests.mql5.translator.brackets import check_brackets
from tests.mql5.translator.declarators import matching, type_end
from tests.mql5.translator.lexer import Kind, Token, lex
from tests.mql5.translator.names import Names, collect

STATEMENT_WORDS: Final = frozenset(
    "if else for while do switch case default return break continue new delete sizeof this true false const static"
    " virtual override final public protected private class struct interface enum union template typename operator"
    " input sinput group extern typedef using namespace NULL dynamic_cast".split()
)
"""Words of the language that are not names."""


class Scope(Enum):
    """Owner of the nearest open brace."""

    TOP = auto()
    CLASS = auto()
    STRUCT = auto()
    ENUM = auto()
    CODE = auto()
    VALUES = auto()
    """Braces of an initialiser."""


@dataclass(frozen=True)
class Finding:
    """One construct that MQL5 rejects. Its text reads `file:line: thing; rule; remedy [code]`."""

    code: str
    file: str
    line: int
    thing: str
    rule: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.thing}; {self.rule}; {self.remedy} [{self.code}]"


@dataclass
class Parameter:
    """One parameter of a function."""

    tokens: list[Token]

    @property
    def is_reference(self) -> bool:
        """True for a parameter by reference."""
        return any(token.text == "&" for token in self.before_default)

    @property
    def has_default(self) -> bool:
        """True where the argument may be omitted."""
        return any(token.text == "=" for token in self.tokens)

    @property
    def before_default(self) -> list[Token]:
        """Tokens in front of `=`."""
        texts = [token.text for token in self.tokens]
        return self.tokens[: texts.index("=")] if "=" in texts else self.tokens


@dataclass
class Program:
    """One program.

    `code` holds the tokens of all files without directives, `scopes` the scope of each, `depths` the number of
    round and square brackets open at each. `functions` maps a name to the parameter lists of all functions and
    methods with that name.
    """

    directives: list[Token]
    code: list[Token]
    names: Names
    trailing: str = ""
    """White space and comments after the last token."""
    scopes: list[Scope] = field(default_factory=list)
    depths: list[int] = field(default_factory=list)
    functions: dict[str, list[list[Parameter]]] = field(default_factory=dict)
    declared: set[str] = field(default_factory=set)
    """Names of variables, members and parameters."""
    arrays: dict[str, bool] = field(default_factory=dict)
    """For each declared name: True where all its declarations are arrays."""

    @property
    def types(self) -> set[str]:
        """All names of types, with MQL5's structures and enumerations."""
        return self.names.types | STRUCTURES | enum_names()

    @property
    def objects(self) -> set[str]:
        """Types that are passed by reference only."""
        return self.names.classes | self.names.structs | STRUCTURES

    def text(self, at: int) -> str:
        """Return a token's text; "" outside the program."""
        return self.code[at].text if 0 <= at < len(self.code) else ""

    def signs(self, *texts: str) -> Iterator[int]:
        """Yield the index of each of these signs."""
        for i, token in enumerate(self.code):
            if token.kind is Kind.SIGN and token.text in texts:
                yield i

    def words(self, texts: Container[str] | None = None) -> Iterator[int]:
        """Yield the index of each of these words, or of every word."""
        for i, token in enumerate(self.code):
            if token.kind is Kind.WORD and (texts is None or token.text in texts):
                yield i

    def finding(self, code: str, at: int, thing: str, rule: str, remedy: str) -> Finding:
        """Return a finding at a token; at the last one where `at` lies behind it."""
        token = self.code[min(at, len(self.code) - 1)]
        return Finding(code, token.file, token.line, thing, rule, remedy)

    def declarators(self) -> Iterator[tuple[int, int, int]]:
        """Yield each `TYPE name`: the first index of the type, the index behind it, and the index of the name."""
        at = 0
        types = self.types
        while at < len(self.code):
            end = type_end(self.code, at, types)
            if end > at and self.text(at - 1) not in (
                ".",
                "::",
                "new",
                "class",
                "struct",
                "enum",
                "interface",
            ):
                name = end
                while self.text(name) in ("*", "&", "const"):
                    name += 1
                if name < len(self.code) and self.code[name].kind is Kind.WORD:
                    if self.text(name) not in STATEMENT_WORDS:
                        yield at, end, name
            at = max(end, at + 1)

    def first_of_statement(self, at: int) -> int:
        """Return the index of the declaration's first token: const, static, ... precede the type."""
        while self.text(at - 1) in ("const", "static", "virtual", "input", "sinput", "extern"):
            at -= 1
        return at

    def split(self, opener: int) -> list[list[Token]]:
        """Return the tokens between the commas of a bracket; [] for an empty bracket."""
        close = matching(self.code, opener)
        parts: list[list[Token]] = [[]]
        at = opener + 1
        while at < close:
            stop = matching(self.code, at) + 1 if self.text(at) in ("(", "[", "{") else at + 1
            if self.text(at) == ",":
                parts.append([])
            else:
                parts[-1] += self.code[at:stop]
            at = stop
        return parts if parts != [[]] else []


def read(paths: Iterable[Path]) -> Program:
    """Return the program in these files, each include before the file that includes it. Raises TranslationError."""
    return parse((path.read_text(encoding="utf-8"), path.as_posix()) for path in paths)


def parse(texts: Iterable[tuple[str, str]]) -> Program:
    """Return the program in these texts, each with its file's name. Raises TranslationError."""
    tokens = [token for text, name in texts for token in lex(text.removeprefix("\ufeff"), name)]
    check_brackets(tokens)
    names = collect(tokens)
    program = Program(
        directives=[token for token in tokens if token.kind is Kind.DIRECTIVE],
        code=[token for token in tokens if token.kind not in (Kind.DIRECTIVE, Kind.END)],
        names=names,
        trailing=tokens[-1].before if tokens else "",
    )
    _find_scopes(program)
    _find_declarations(program)
    return program


def _find_scopes(program: Program) -> None:
    stack = [Scope.TOP]
    pending: Scope | None = None
    depth = 0
    openers = {"class": Scope.CLASS, "interface": Scope.CLASS, "struct": Scope.STRUCT, "enum": Scope.ENUM}
    for i, token in enumerate(program.code):
        program.scopes.append(stack[-1])
        program.depths.append(depth)
        if token.kind is Kind.WORD and token.text in openers and program.text(i - 1) not in ("<", ","):
            pending = openers[token.text]
        elif token.kind is Kind.SIGN:
            depth += (token.text in "([") - (token.text in ")]")
            if token.text == "{":
                is_value = program.text(i - 1) in ("=", ",", "{", "(") and pending is None
                is_value = is_value and (program.text(i - 1) != "{" or stack[-1] is Scope.VALUES)
                stack.append(pending or (Scope.VALUES if is_value else Scope.CODE))
                pending = None
            elif token.text == "}" and len(stack) > 1:
                stack.pop()
            elif token.text == ";":
                pending = None


def _find_declarations(program: Program) -> None:
    for start, _, name in program.declarators():
        word = program.text(name)
        while program.text(name + 1) == "::":  # a method outside its class
            name += 3 if program.text(name + 2) == "~" else 2
            word = program.text(name)
        if program.text(name + 1) == "(" and _declares_function(program, start, name):
            parts = [Parameter(part) for part in program.split(name + 1)]
            is_void = len(parts) == 1 and [token.text for token in parts[0].tokens] == ["void"]
            program.functions.setdefault(word, []).append([] if is_void else parts)
            continue
        program.declared.add(word)
        is_array = program.text(name + 1) == "["
        program.arrays[word] = program.arrays.get(word, True) and is_array
        _find_more(program, start, name)
    _find_constructors(program)
    for words in program.names.enums.values():
        program.declared.update(words)


def _find_constructors(program: Program) -> None:
    for at in program.words(program.names.classes | program.names.structs):
        if program.text(at + 1) == "(" and program.scopes[at] in (Scope.CLASS, Scope.STRUCT, Scope.TOP):
            if program.text(at - 1) != "~" and program.depths[at] == 0:
                parts = [Parameter(part) for part in program.split(at + 1)]
                is_void = len(parts) == 1 and [token.text for token in parts[0].tokens] == ["void"]
                program.functions.setdefault(program.text(at), []).append([] if is_void else parts)


def _find_more(program: Program, start: int, name: int) -> None:
    """Add the names after the first one in `int a, b[], c`."""
    if program.depths[start] and program.text(program.first_of_statement(start) - 2) != "for":
        return
    at = name + 1
    while at < len(program.code) and program.text(at) not in (";", ")", "}"):
        if program.text(at) == "," and program.depths[at] == program.depths[start]:
            following = at + 2 if program.text(at + 1) == "*" else at + 1
            word = program.text(following)
            program.declared.add(word)
            is_array = program.text(following + 1) == "["
            program.arrays[word] = program.arrays.get(word, True) and is_array
        at = matching(program.code, at) + 1 if program.text(at) in ("(", "[", "{") else at + 1


def _declares_function(program: Program, start: int, name: int) -> bool:
    """Return True where `TYPE name(` declares a function, not a variable with arguments."""
    if program.scopes[start] is Scope.CODE or program.depths[start]:
        return False
    close = matching(program.code, name + 1)
    behind = program.text(close + 1)
    if behind in ("{", "const", "override", "final") or (
        behind == "=" and program.text(close + 2) in ("0", "delete")
    ):
        return True
    first = program.code[name + 2] if name + 2 < len(program.code) else None
    return first is not None and (
        first.text in (")", "const", "void") or type_end(program.code, name + 2, program.types) > name + 2
    )
