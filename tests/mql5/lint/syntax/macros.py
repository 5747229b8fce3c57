"""Preprocessor: conditions and macros (reference, 'Preprocessor')."""

import re
from dataclasses import dataclass, field, replace
from typing import Final

from tests.mql5.lint.program import Finding
from tests.mql5.lint.syntax.cursor import finding
from tests.mql5.lint.syntax.directives import check_directive
from tests.mql5.translator.errors import TranslationError
from tests.mql5.translator.lexer import Kind, Token, lex

PREDEFINED: Final = frozenset({"__MQL5__", "__MQL__", "__MQLBUILD__", "__MQL5BUILD__"})
MAX_PARAMETERS: Final = 8
_DEFINE: Final = re.compile(r"#[ \t]*define\b[ \t]*([^\s(]*)(\([^)]*\)?)?", re.DOTALL)
_NAME: Final = re.compile(r"[A-Za-z_]\w*")


@dataclass
class Macro:
    """Macro: names of its parameters, None for a constant, and its tokens."""

    name: str
    parameters: list[str] | None
    body: list[Token]


@dataclass
class Preprocessor:
    """State of the reading: macros, and the conditions that are open."""

    macros: dict[str, Macro] = field(default_factory=dict)
    found: list[Finding] = field(default_factory=list)
    conditions: list[bool] = field(default_factory=list)
    opened: list[Token] = field(default_factory=list)
    properties: dict[str, Token] = field(default_factory=dict)
    """Names of #property, each with its first directive."""
    resources: set[str] = field(default_factory=set)

    def expanded(self, tokens: list[Token]) -> list[Token]:
        """Return the tokens with macros replaced, and #import as the only directives."""
        active: list[Token] = []
        kept: list[Token] = []
        for token in tokens:
            if token.kind is not Kind.DIRECTIVE:
                if all(self.conditions):
                    active.append(token)
                continue
            if token.text:
                kept += self._replaced(active, frozenset())
                active = []
                self._directive(token, kept)
        if self.opened:
            self.found.append(finding(372, self.opened[-1], "condition without #endif", "add #endif"))
        return kept + self._replaced(active, frozenset())

    def _directive(self, token: Token, kept: list[Token]) -> None:
        parsed = re.match(r"#[ \t]*(\w*)[ \t]*(\w*)", token.text)
        word, name = (parsed[1], parsed[2]) if parsed else ("", "")
        match word:
            case "ifdef" | "ifndef":
                known = name in self.macros or name in PREDEFINED
                self.conditions.append(known == (word == "ifdef"))
                self.opened.append(token)
            case "else" | "endif" if not self.conditions:
                self.found.append(finding(372, token, f"#{word} without #ifdef", "remove it"))
            case "else":
                self.conditions[-1] = not self.conditions[-1]
            case "endif":
                self.conditions.pop()
                self.opened.pop()
            case _ if not all(self.conditions):
                pass
            case "define":
                self._define(token)
            case "undef":
                self.macros.pop(name, None)
            case "import":
                kept.append(token)
                self.found += check_directive(word, token)
            case _:
                if word == "property":
                    self.properties.setdefault(name, token)
                elif word == "resource" and token.text in self.resources:
                    self.found.append(finding(314, token, token.text[:60], "remove it"))
                elif word == "resource":
                    self.resources.add(token.text)
                self.found += check_directive(word, token)

    def _define(self, token: Token) -> None:
        head = _DEFINE.match(token.text)
        name = head[1] if head else ""
        if head is None or not _NAME.fullmatch(name):
            self.found.append(finding(108, token, f"#define {name[:40]}", "write a name behind #define"))
            return
        parameters = None
        if head[2] is not None:
            if not head[2].endswith(")"):
                self.found.append(finding(317, token, f"parameters of {name}", "close the bracket"))
                return
            inner = head[2][1:-1].strip()
            parameters = [part.strip() for part in inner.split(",")] if inner else []
            wrong = [one for one in parameters if not _NAME.fullmatch(one)]
            if wrong or len(set(parameters)) < len(parameters):
                self.found.append(finding(317, token, f"parameters {inner[:40]} of {name}", "write names"))
                return
            if len(parameters) > MAX_PARAMETERS:
                thing = f"macro {name} with {len(parameters)} parameters"
                self.found.append(finding(319, token, thing, f"use {MAX_PARAMETERS} at most"))
                return
        text = re.sub(r"\\[ \t]*(?:\r?\n|$)", lambda part: " " * len(part[0]), token.text[head.end() :])
        try:
            # The word in front keeps a # at the beginning from being read as a directive.
            body = lex(f"x {text}", token.file, token.line)[1:-1]
        except TranslationError as error:
            thing = str(error).split(": ", 1)[1].split(";")[0]
            self.found.append(finding(316, token, f"{thing} in macro {name}", "correct the macro"))
            return
        for one in body:
            one.line = token.line
        if parameters is not None:
            for i, one in enumerate(body):
                if one.text == "#" and (i + 1 == len(body) or body[i + 1].text not in parameters):
                    self.found.append(finding(315, token, f"# in macro {name}", "name a parameter behind #"))
                    return
        self.macros[name] = Macro(name, parameters, body)

    def _replaced(self, tokens: list[Token], hidden: frozenset[str]) -> list[Token]:
        kept: list[Token] = []
        at = 0
        while at < len(tokens):
            token = tokens[at]
            macro = (
                self.macros.get(token.text) if token.kind is Kind.WORD and token.text not in hidden else None
            )
            at += 1
            if macro is None:
                kept.append(token)
            elif macro.parameters is None:
                kept += self._replaced(_placed(macro.body, token), hidden | {macro.name})
            elif at < len(tokens) and tokens[at].text == "(":
                arguments, at = _arguments(tokens, at)
                if len(arguments) != len(macro.parameters) and not (
                    macro.parameters == [] and arguments == [[]]
                ):
                    thing = f"macro {macro.name} with {len(arguments)} arguments"
                    self.found.append(finding(318, token, thing, f"write {len(macro.parameters)}"))
                    arguments = (arguments + [[] for _ in macro.parameters])[: len(macro.parameters)]
                given = dict(zip(macro.parameters, arguments, strict=False))
                body = _placed(_filled(macro.body, given), token)
                kept += self._replaced(body, hidden | {macro.name})
            else:
                kept.append(token)
        return kept


def _placed(body: list[Token], at: Token) -> list[Token]:
    return [replace(token, file=at.file, line=at.line, behind=[]) for token in body]


def _arguments(tokens: list[Token], at: int) -> tuple[list[list[Token]], int]:
    """Return the arguments of a macro whose bracket is at `at`, and the index behind it."""
    found: list[list[Token]] = [[]]
    depth, opener = 0, at
    while at < len(tokens):
        text = tokens[at].text if tokens[at].kind is Kind.SIGN else ""
        depth += (text in "([{" and text != "") - (text in ")]}" and text != "")
        if depth == 0:
            return found, at + 1
        if depth == 1 and text == ",":
            found.append([])
        elif at > opener:
            found[-1].append(tokens[at])
        at += 1
    return found, at


def _filled(body: list[Token], given: dict[str, list[Token]]) -> list[Token]:
    found: list[Token] = []
    at = 0
    while at < len(body):
        token = body[at]
        if token.text == "#" and at + 1 < len(body) and body[at + 1].text in given:
            text = "".join(part.before + part.text for part in given[body[at + 1].text]).strip()
            quoted = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
            found.append(replace(token, kind=Kind.STRING, text=f'"{quoted}"'))
            at += 2
            continue
        if token.text == "##" and found and at + 1 < len(body):
            following = given.get(body[at + 1].text, [body[at + 1]])
            if following:
                joined = found.pop()
                try:
                    found += lex(joined.text + following[0].text, joined.file, joined.line)[:-1]
                except TranslationError:
                    found += [joined, following[0]]
                found += following[1:]
            at += 2
            continue
        found += given[token.text] if token.kind is Kind.WORD and token.text in given else [token]
        at += 1
    return found
