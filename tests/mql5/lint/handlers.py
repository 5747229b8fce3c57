"""Rule about event handlers: their results and parameters. Source: MQL5 reference, 'Event Handling Functions'.

`const` and `&` are not compared: the reference's own examples differ in them.
"""

from collections.abc import Iterator
from typing import Final

from tests.mql5.lint.program import Finding, Program, Scope
from tests.mql5.translator.declarators import matching

_VOID: Final = ("void",)
_INT_OR_VOID: Final = ("int", "void")
HANDLERS: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "OnStart": (_INT_OR_VOID, ()),
    "OnInit": (_INT_OR_VOID, ()),
    "OnDeinit": (_VOID, ("int",)),
    "OnTick": (_VOID, ()),
    "OnTimer": (_VOID, ()),
    "OnTrade": (_VOID, ()),
    "OnTradeTransaction": (_VOID, ("MqlTradeTransaction", "MqlTradeRequest", "MqlTradeResult")),
    "OnBookEvent": (_VOID, ("string",)),
    "OnChartEvent": (_VOID, ("int", "long", "double", "string")),
    "OnTester": (("double",), ()),
    "OnTesterInit": (_INT_OR_VOID, ()),
    "OnTesterPass": (_VOID, ()),
    "OnTesterDeinit": (_VOID, ()),
}
"""Allowed results and types of parameters, by name. OnCalculate is of indicators, and not in the subset."""


def event_handler(program: Program) -> Iterator[Finding]:
    """Report functions of a handler's name with another result or other parameters."""
    for _, end, name in program.declarators():
        word = program.text(name)
        if word not in HANDLERS or program.text(name + 1) != "(" or program.scopes[name] is not Scope.TOP:
            continue
        results, wanted = HANDLERS[word]
        given = _types(program, name + 2, matching(program.code, name + 1))
        if program.text(end - 1) in results and given == wanted:
            continue
        thing = f"{program.text(end - 1)} {word}({', '.join(given)})"
        rule = "the terminal calls it by its name, with these results and parameters"
        remedy = f"write {results[0]} {word}({', '.join(wanted) or 'void'})"
        yield program.finding("event-handler", name, thing, rule, remedy)


def _types(program: Program, start: int, stop: int) -> tuple[str, ...]:
    """Return the type of each parameter."""
    types, is_first = [], True
    for at in range(start, stop):
        text = program.text(at)
        if is_first and text not in ("const", "void"):
            types.append(text)
        is_first = text == "," or (is_first and text == "const")
    return tuple(types)


RULES: Final = (event_handler,)
