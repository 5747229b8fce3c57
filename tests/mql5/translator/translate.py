"""Translation of a program to C++, line by line: a compiler diagnostic names the line of the .mq5 or .mqh file."""

import re
from dataclasses import dataclass

from tests.mql5.reference import STRUCTURES, enum_names
from tests.mql5.translator.brackets import check_brackets
from tests.mql5.translator.classes import rewrite_classes
from tests.mql5.translator.declarators import merge_pointers, rewrite_arrays
from tests.mql5.translator.expressions import rewrite
from tests.mql5.translator.handlers import closing
from tests.mql5.translator.lexer import Kind, Token, compact
from tests.mql5.translator.names import Names, collect
from tests.mql5.translator.source import Source
from tests.mql5.translator.structure import Input, Prototype, Structure, rewrite_structure


@dataclass(frozen=True)
class Translation:
    """Result of a translation: the C++ program and the declared inputs."""

    text: str
    inputs: tuple[Input, ...]


def translate(source: Source) -> Translation:
    """Translate a program. Raises TranslationError. The source's tokens are modified in place."""
    check_brackets(source.tokens)
    end = source.tokens[-1]
    # Lookahead is two tokens: it may pass the end of a file that stops inside a declaration.
    tokens = [*source.tokens, *(Token(Kind.END, "", "", end.file, end.line) for _ in range(2))]
    names = collect(tokens)
    types = names.types | STRUCTURES | enum_names()
    rewrite(tokens)
    tokens = compact(merge_pointers(tokens, names.classes | names.parameters))
    tokens = compact(rewrite_arrays(tokens, types))
    _zero_structures(tokens, names.structs | STRUCTURES)
    structure = rewrite_structure(tokens, names)
    rewrite_classes(tokens, names)
    _place(structure, tokens, names)
    early = map(_declared, structure.prototypes)
    text = "".join([_opening(names), *early, _emitted(tokens), closing(structure.functions)])
    return Translation(text, tuple(structure.inputs))


def _zero_structures(tokens: list[Token], structs: set[str]) -> None:
    """Let `S s = {}` and `S s = {0}` zero every field, fixed arrays too, which C++ would not touch."""
    for i in range(len(tokens) - 4):
        if tokens[i].text in structs and tokens[i + 2].text == "=" and tokens[i + 3].text == "{":
            close = i + 5 if tokens[i + 4].text == "0" else i + 4
            if tokens[close].text == "}":
                for token in tokens[i + 3 : close]:
                    token.text = ""
                tokens[close].text = f"::rt::zeroed<{tokens[i].text}>()"


def _place(structure: Structure, tokens: list[Token], names: Names) -> None:
    """Move each declaration behind the last macro, constant or type that it needs; the others remain in front."""
    order = {id(token): i for i, token in enumerate(tokens)}
    early: list[Prototype] = []
    for item in structure.prototypes:
        needed = [
            structure.anchors[word]
            for word in item.words
            if word in structure.anchors and _is_needed(item.text, word, names.typedefs | names.macros)
        ]
        if needed:
            last = max(needed, key=lambda token: order[id(token)])
            last.behind.append((item.line, item.file, item.text))
        else:
            early.append(item)
    structure.prototypes = early


def _is_needed(text: str, word: str, always: set[str]) -> bool:
    """Return True where the declaration needs the complete definition: in a default argument or a scope (`A::`).

    A class named elsewhere may be incomplete.
    """
    return word in always or re.search(rf"=[^,]*\b{word}\b|\b{word} ::", text) is not None


def _opening(names: Names) -> str:
    """Return the head of the program, with a forward declaration of every type: functions are declared before their
    parameters' types are complete."""
    lines = ["#include <mql5.h>", "namespace ea {", "using namespace ::mql;"]
    for name in sorted(names.classes | names.structs):
        parameters = ", ".join(f"typename {one}" for one in names.templates.get(name, []))
        keyword = "class" if name in names.classes else "struct"
        lines.append(f"{f'template <{parameters}> ' if parameters else ''}{keyword} {name};")
    lines += [f"enum {name} : int;" for name in sorted(names.enums)]
    return "\n".join(lines) + "\n"


def _declared(item: Prototype) -> str:
    return f'#line {item.line} "{item.file}"\n{item.text}\n'


def _emitted(tokens: list[Token]) -> str:
    """Return the tokens' text, with a #line wherever the file changes."""
    parts: list[str] = []
    file = ""
    for token in tokens:
        if token.file != file:
            file = token.file
            parts.append(f'\n#line {token.line - token.before.count(chr(10))} "{file}"\n')
        parts.append(token.before + token.lead + token.text + token.tail)
        for line, origin, text in token.behind:
            parts.append(f'\n#line {line} "{origin}"\n{text}\n')
            file = ""
    return "".join(parts)
