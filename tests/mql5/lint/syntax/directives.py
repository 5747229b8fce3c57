"""Directives with a text of their own: #include, #property, #import, #resource (reference, 'Preprocessor')."""

import re
from typing import Final

from tests.mql5.lint.program import Finding
from tests.mql5.lint.syntax.cursor import finding
from tests.mql5.translator.expressions import BUILT_IN_TYPES
from tests.mql5.translator.lexer import Token

_FORBIDDEN: Final = re.compile(r'[*?|<>:"]')
MAX_RESOURCE: Final = 63
RESOURCE_TYPES: Final = frozenset("bmp wav ex5 cl hlsl txt csv dat bin png ttf onnx set".split())
_NUMBERS: Final = frozenset(
    "stacksize indicator_height indicator_buffers indicator_plots indicator_minimum indicator_maximum".split()
)
_PROPERTIES: Final = _NUMBERS | frozenset(
    "icon link copyright version description library strict indicator_applied_price indicator_chart_window"
    " indicator_separate_window indicator_labelN indicator_colorN indicator_widthN indicator_styleN indicator_typeN"
    " indicator_levelN indicator_levelcolor indicator_levelwidth indicator_levelstyle script_show_confirm"
    " script_show_inputs tester_indicator tester_file tester_library tester_set tester_no_cache"
    " tester_everytick_calculate optimization_chart_mode service".split()
)
_INDEXED: Final = re.compile(r"(indicator_(?:label|color|width|style|type|level))(\d+)$")


def check_directive(word: str, token: Token) -> list[Finding]:
    """Return the faults of a directive."""
    rest = token.text.partition(word)[2].strip() if word else ""
    match word:
        case "include":
            return _include(rest, token)
        case "property":
            return _property(rest, token)
        case "import":
            if rest and not re.match(r'"[^"]+"', rest):
                return [
                    finding(174, token, f"#import {rest[:40]}", "write the file's name in quotation marks")
                ]
            return []
        case "resource":
            return _resource(rest, token)
        case _:
            return [finding(109, token, f"#{word}", "remove it, or use #ifdef")]


def _include(rest: str, token: Token) -> list[Finding]:
    if rest[:1] not in ('"', "<"):
        return [
            finding(113, token, f"#include {rest[:40]}", "write < or a quotation mark in front of the name")
        ]
    closer = ">" if rest[0] == "<" else '"'
    name, found, _ = rest[1:].partition(closer)
    if not found:
        number = 115 if closer == ">" else 112
        return [finding(number, token, f"#include {rest[:40]}", f"write {closer} behind the name")]
    if not name.strip() or _FORBIDDEN.search(name):
        return [finding(105, token, f"#include {rest[:40]}", "write the name of a file")]
    return []


def _property(rest: str, token: Token) -> list[Finding]:
    name, _, value = rest.partition(" ")
    indexed = _INDEXED.match(name)
    if indexed:
        if int(indexed[2]) < 1 or int(indexed[2]) > 512:
            return [finding(290, token, f"#property {name}", "number them from 1")]
        name = f"{indexed[1]}N"
    if name not in _PROPERTIES:
        return [finding(288, token, f"#property {name[:40]}", "use a property of the reference")]
    if name in _NUMBERS and not re.match(r"[-+]?[\d.]", value.strip()):
        return [finding(289, token, f"#property {name} {value[:40]}".rstrip(), "write a number")]
    if name == "icon" and not value.strip().rstrip('"').endswith(".ico"):
        return [finding(340, token, f"#property icon {value[:40]}", "name a file *.ico in quotation marks")]
    return []


def _resource(rest: str, token: Token) -> list[Finding]:
    found = re.match(r'"((?:\\.|[^"])*)"', rest)
    if found is None or not found[1].strip():
        return [finding(309, token, f"#resource {rest[:40]}", "write the file's name in quotation marks")]
    name = found[1].replace("\\\\", "/")
    if ".." in name.split("/") or ":" in name.replace("::", ""):
        return [finding(313, token, f"#resource {name[:40]}", "name a file below MQL5's folder")]
    if len(name.rsplit("/", 1)[-1]) > MAX_RESOURCE:
        return [finding(322, token, f"#resource {name[:40]}...", f"use {MAX_RESOURCE} characters at most")]
    if name.rpartition(".")[2].lower() not in RESOURCE_TYPES and " as " not in rest:
        return [finding(312, token, f"#resource {name[:40]}", "use a type of the reference")]
    kind = re.search(r" as (\w+) ", rest)
    if kind and kind[1][0].islower() and (kind[1] not in BUILT_IN_TYPES | {"bitmap"} or kind[1] == "void"):
        return [finding(407, token, f"#resource as {kind[1]}", "use string, bitmap or an array of numbers")]
    return []
