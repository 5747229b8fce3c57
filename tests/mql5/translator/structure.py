"""Top level of a program: functions, global variables and inputs.

MQL5 allows a call before the function's definition: each function gets a C++ declaration in front. A global
variable has a slot that is initialised when the EA is created, not when its library is loaded: the initialiser may
call the terminal, and may fail.
"""

import re
from dataclasses import dataclass, field

from tests.mql5.translator.declarators import CLOSERS, closing_angle, matching, text_of
from tests.mql5.translator.errors import TranslationError
from tests.mql5.translator.lexer import Kind, Token
from tests.mql5.translator.names import Names

_SPECIFIERS = frozenset({"static", "const", "virtual", "export"})


@dataclass
class Input:
    """One `input` as declared."""

    name: str
    type: str
    default: str
    description: str
    group: str


@dataclass
class Prototype:
    """Declaration of a function, with file and line of its definition."""

    name: str
    text: str
    words: set[str]
    file: str
    line: int


@dataclass
class Structure:
    """Items of the top level. `anchors` maps a name to the token behind which it is declared."""

    inputs: list[Input] = field(default_factory=list)
    prototypes: list[Prototype] = field(default_factory=list)
    functions: dict[str, str] = field(default_factory=dict)
    """Return type of each function."""
    anchors: dict[str, Token] = field(default_factory=dict)


class StructureError(TranslationError):
    """A top-level item that the translator does not support or that is incomplete."""


def rewrite_structure(tokens: list[Token], names: Names) -> Structure:
    """Rewrite globals and inputs in place, and collect functions. Raises StructureError."""
    return _Walk(tokens, names).run()


class _Walk:
    def __init__(self, tokens: list[Token], names: Names) -> None:
        self.all = tokens
        self.tokens = [token for token in tokens if token.kind is not Kind.DIRECTIVE]
        self.names = names
        self.found = Structure()
        self.group = ""
        self.announced: dict[str, str] = {}

    def run(self) -> Structure:
        for token in self.all:
            if token.kind is Kind.DIRECTIVE and (macro := re.match(r"#[ \t]*define[ \t]+(\w+)", token.text)):
                self.found.anchors[macro[1]] = token
        at = 0
        while self.tokens[at].kind is not Kind.END:
            at = self._item(at)
        return self.found

    def _item(self, at: int) -> int:
        """Read the item that begins here; return the index behind it."""
        match self.tokens[at].text:
            case ";":
                return at + 1
            case "class" | "struct" | "interface" | "enum" | "union":
                return self._type(at)
            case "typedef":
                end = self._until(at, ";")
                self._anchor(self.tokens[at:end], self.tokens[end])
                return end + 1
            case "template":
                close = closing_angle(self.tokens, at + 1) if self._text(at + 1) == "<" else None
                if close is None:
                    rule = "a template begins with template<typename T>"
                    raise StructureError(self.tokens[at].where, "template clause", rule, "write it so")
                return (
                    self._type(close + 1)
                    if self._text(close + 1) in ("class", "struct", "interface", "union")
                    else self._entity(at, close + 1)
                )
            case "input" | "sinput":
                return self._input(at)
            case "namespace" | "using":
                rule = "the translator supports no namespaces"
                raise StructureError(
                    self.tokens[at].where, self.tokens[at].text, rule, "declare at the top level"
                )
            case _:
                return self._entity(at, at)

    def _type(self, at: int) -> int:
        end = self._until(at, ";")
        if self._text(end - 1) != "}" and "{" in [token.text for token in self.tokens[at:end]]:
            raise StructureError(
                self.tokens[end - 1].where,
                f"variable {self._text(end - 1)} behind a type",
                "the subset declares types and variables by themselves",
                "write ; behind the } and declare it in another statement",
            )
        self._anchor(self.tokens[at : end + 1], self.tokens[end])
        return end + 1

    def _anchor(self, tokens: list[Token], last: Token) -> None:
        for token in tokens:
            if token.kind is Kind.WORD:
                self.found.anchors.setdefault(token.text, last)

    def _entity(self, start: int, at: int) -> int:
        """Read a function or a variable; `start` is the index of its template clause."""
        name = at
        while self._text(name) in _SPECIFIERS:
            name += 1
        type_start = name
        # A type consists of names joined by ::, possibly with arguments; the declarator follows.
        name = self._behind_type(name)
        while self._text(name) in ("&", "const"):
            name += 1
        while self._text(name + 1) == "::":
            name += 3 if self._text(name + 2) == "~" else 2
        if self._text(name) == "(":  # a constructor or destructor outside its class has a name and no type
            name -= 1
        opener = self._text(name + 1)
        if opener == "(" or self._text(name) == "operator":
            close = matching(self.tokens, self._until(name, "("))
            behind = self._text(close + 1)
            if behind == "export":
                rule = "the subset has no libraries"
                raise StructureError(self.tokens[name].where, "export", rule, "remove it")
            if behind in ("{", ":", "const"):
                return self._function(start, name, close)
            if behind == ";" and self._is_prototype(name, close):
                return self._announcement(start, name, close)
        is_word = name < len(self.tokens) and self.tokens[name].kind is Kind.WORD
        if not is_word or opener not in ("=", ";", ",", "(", "{"):
            raise StructureError(
                self.tokens[at].where,
                f"{self._text(at)!r} begins neither a function nor a variable",
                "the top level holds functions, variables, types and inputs",
                "complete or remove it",
            )
        return self._variables(at, type_start, name)

    def _behind_type(self, at: int) -> int:
        if self.tokens[at].kind is Kind.TYPE:
            return at + 1
        at += 1
        if self._text(at) == "<" and (close := closing_angle(self.tokens, at)) is not None:
            at = close + 1
        if self._text(at) == "::":
            # Either a nested type, or a constructor outside its class.
            behind = at + (3 if self._text(at + 1) == "~" else 2)
            return behind if self._text(behind) == "(" else self._behind_type(at + 1)
        return at

    def _function(self, start: int, name: int, close: int) -> int:
        body = self._until(close + 1, "{")
        if self._text(name - 1) not in ("::", "~"):
            head = self.tokens[start : close + 1]
            key = self._key(name, close)
            text = self.announced.pop(key, text_of(head))
            words = {token.text for token in head if token.kind is Kind.WORD}
            words.update(re.findall(r"\w+", text))
            self.found.prototypes.append(
                Prototype(self._text(name), text + ";", words, self.tokens[name].file, self.tokens[name].line)
            )
            self.found.functions[self._text(name)] = text_of(self.tokens[start:name])
            self._strip_defaults(name + 1, close)
        return matching(self.tokens, body) + 1

    def _announcement(self, start: int, name: int, close: int) -> int:
        """Keep a prototype of the source: its default arguments apply."""
        head = self.tokens[start : close + 1]
        self.announced[self._key(name, close)] = text_of(head)
        for token in [*head, self.tokens[close + 1]]:
            token.text = ""
        return close + 2

    def _key(self, name: int, close: int) -> str:
        """Return a key of the function: its name, and the number and types of its parameters (approximate)."""
        parts, depth = [self._text(name)], 0
        skipping = False
        for token in self.tokens[name + 1 : close]:
            depth += (token.text in CLOSERS) - (token.text in CLOSERS.values())
            skipping = (skipping or token.text == "=") and not (depth == 1 and token.text == ",")
            if not skipping and token.text in (",", "&"):
                parts.append(token.text)
            elif not skipping and (token.kind is Kind.TYPE or token.text in self.names.types):
                parts.append(token.text)
        return " ".join(parts)

    def _strip_defaults(self, opener: int, close: int) -> None:
        depth, skipping = 0, False
        for token in self.tokens[opener:close]:
            depth += (token.text in CLOSERS) - (token.text in CLOSERS.values())
            if depth == 1 and token.text in (",", "="):
                skipping = token.text == "="
            if skipping:
                token.text = ""

    def _is_prototype(self, name: int, close: int) -> bool:
        """Return True where the brackets hold parameters (a prototype), not arguments (a variable)."""
        if close == name + 2:
            return True
        first = self.tokens[name + 2]
        following = self.tokens[name + 3]
        return (
            first.text in ("const", "void")
            or first.kind is Kind.TYPE
            or (first.kind is Kind.WORD and (following.kind is Kind.WORD or following.text == "&"))
        )

    def _variables(self, at: int, type_start: int, name: int) -> int:
        end = self._until(at, ";")
        if "::" in [token.text for token in self.tokens[name - 1 : name + 2]]:  # a class's static member
            return end + 1
        specifiers = {token.text for token in self.tokens[at:type_start]}
        type_text = text_of(self.tokens[type_start:name])
        if "const" in specifiers:
            self._anchor(self.tokens[name : name + 1], self.tokens[end])
            for token in self.tokens[at:type_start]:
                token.text = ""
            self.tokens[at].lead = "[[maybe_unused]] static const "
            return end + 1
        for token in self.tokens[at:name]:
            token.text = ""
        while name < end:
            stop = self._next_declarator(name, end)
            self._slot(type_text, name, stop)
            name = stop + 1
        return end + 1

    def _slot(self, type_text: str, name: int, stop: int) -> None:
        token, last = self.tokens[name], self.tokens[stop]
        slot = f"mql_slot_{token.text}"
        token.text, token.tail = (
            "",
            (
                f"static ::rt::slot<{type_text}> {slot};"
                f" [[maybe_unused]] static {type_text} &{token.text} = {slot}.value;"
                f" static const ::rt::global mql_global_{token.text}("
                f"[]{{ ::new (static_cast<void*>(&{slot}.value)) {type_text}"
            ),
        )
        if self._text(name + 1) == "=" and self._text(name + 2) == "{":
            self.tokens[name + 1].text = ""
        elif self._text(name + 1) == "=":
            self.tokens[name + 1].text, self.tokens[name + 1].lead = "", "("
            last.lead = ")"
        last.lead += f"; }}, []{{ ::rt::end({slot}.value); }})"
        last.text = ";"

    def _next_declarator(self, at: int, end: int) -> int:
        while at < end:
            text = self._text(at)
            if text == ",":
                return at
            at = matching(self.tokens, at) + 1 if text in CLOSERS else at + 1
        return end

    def _input(self, at: int) -> int:
        first = self.tokens[at]
        if self._text(at + 1) == "(":
            rule = "the subset has no attributes of inputs"
            raise StructureError(
                first.where, f"{first.text}(...)", rule, "write the label as a comment behind it"
            )
        if self._text(at + 1) == "group":
            if self.tokens[at + 2].kind is not Kind.STRING:
                rule = "a group has a name"
                raise StructureError(first.where, "input group", rule, 'write input group "Name"')
            self.group = self.tokens[at + 2].text[2:-3]
            for token in self.tokens[at : at + 3]:
                token.text = ""
            return at + 3
        end = self._until(at, ";")
        name = self._behind_type(at + 1)
        if name >= end or self.tokens[name].kind is not Kind.WORD:
            rule = "an input has a type and a name"
            raise StructureError(first.where, "input", rule, "write input TYPE NAME=VALUE;")
        type_text, name_text = text_of(self.tokens[at + 1 : name]), self._text(name)
        default = text_of(self.tokens[name + 2 : end]) or f"{type_text}()"
        found = re.match(r"[ \t]*//[ \t]*([^\n]*)", self.tokens[end + 1].before)
        description = found[1].strip() if found else ""
        self.found.inputs.append(Input(name_text, type_text, default, description, self.group))
        for token in self.tokens[at : end + 1]:
            token.text = ""
        quoted = ", ".join(f'u"{_quoted(text)}"' for text in (name_text, type_text, description, self.group))
        first.tail = (
            f"static ::rt::input<{type_text}> mql_input_{name_text}({quoted}, {default});"
            f" [[maybe_unused]] static const {type_text} &{name_text} = mql_input_{name_text}.value;"
        )
        return end + 1

    def _until(self, at: int, text: str) -> int:
        """Return the index of the next `text` outside any bracket. Raises StructureError at the end."""
        start = self.tokens[min(at, len(self.tokens) - 1)]
        while self._text(at) != text:
            if at >= len(self.tokens) or self.tokens[at].kind is Kind.END:
                raise StructureError(
                    start.where,
                    f"the declaration that begins with {start.text!r} does not end",
                    f"it needs {text} before the end of the file",
                    f"add {text}",
                )
            at = matching(self.tokens, at) + 1 if self._text(at) in CLOSERS else at + 1
        return at

    def _text(self, at: int) -> str:
        return self.tokens[at].text if at < len(self.tokens) else ""


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
