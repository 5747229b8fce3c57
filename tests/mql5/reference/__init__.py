"""Tables of MQL5: constants, and signatures of functions.

`constants.txt` is written by hand from the sources that it names; `functions.txt` is derived from the MQL5
reference by `derive`, and `corrections.txt` completes it. `names.txt` has all names of the reference, also of
functions without a signature here. The lint reports names that the first tables lack, and own names that
the last one has.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent

STRUCTURES: Final = frozenset(
    {
        "MqlTradeRequest",
        "MqlTradeResult",
        "MqlTradeCheckResult",
        "MqlTradeTransaction",
        "MqlTick",
        "MqlDateTime",
    }
)
"""Structures of MQL5 that the stand-in has."""

HANDLER_NAMES: Final = frozenset(
    "OnInit OnDeinit OnTick OnTimer OnTrade OnTradeTransaction OnChartEvent OnStart OnBookEvent OnTester"
    " OnTesterInit OnTesterPass OnTesterDeinit".split()
)
"""Functions that the terminal calls by name."""

_FIRST_OWN: Final = 1001
"""First of the stand-in's own numbers. They are unique across enumerations, so a property of the wrong kind is
detected."""


@dataclass(frozen=True)
class Group:
    """One enumeration, or constants of one type (`name` is then "")."""

    name: str
    type: str
    values: dict[str, int]


@cache
def groups() -> tuple[Group, ...]:
    """Return every group of constants, in the file's order."""
    lines: list[str] = []
    for line in (HERE / "constants.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith(" "):
            lines[-1] += line
        elif line and not line.startswith("#"):
            lines.append(line)
    own = _FIRST_OWN
    found = []
    for line in lines:
        head, *pairs = line.split()
        values: dict[str, int] = {}
        for pair in pairs:
            name, _, value = pair.partition("=")
            values[name] = own if value == "~" else int(value, 0)
            own += value == "~"
        found.append(
            Group("" if head[0] == "=" else head, head.lstrip("=") if head[0] == "=" else "", values)
        )
    return tuple(found)


@dataclass(frozen=True)
class Signature:
    """One variant of a built-in function. `most` is None for any number of arguments."""

    name: str
    text: str
    least: int
    most: int | None


@cache
def functions() -> dict[str, tuple[Signature, ...]]:
    """Return the variants of every built-in function, by name."""
    found: dict[str, list[Signature]] = {}
    for table in ("functions.txt", "corrections.txt"):
        for line in (HERE / table).read_text(encoding="utf-8").splitlines():
            if line and not line.startswith("#"):
                signature = _signature(line.partition(" // ")[0].removeprefix("!"))
                if line.startswith("!"):
                    found[signature.name] = []
                found.setdefault(signature.name, []).append(signature)
    return {name: tuple(variants) for name, variants in found.items()}


def _signature(line: str) -> Signature:
    head, _, rest = line.partition("(")
    parameters = [part.strip() for part in rest.rstrip(")").split(",") if part.strip()]
    open_ended = "..." in rest
    counted = [part for part in parameters if "..." not in part]
    least = sum("=" not in part for part in counted)
    return Signature(head.split()[-1], line, least, None if open_ended else len(counted))


@dataclass(frozen=True)
class BuiltInNames:
    """Names that MQL5 itself has."""

    functions: frozenset[str]
    constants: frozenset[str]
    """Constants, and variables such as _Symbol."""
    types: frozenset[str]


@cache
def names() -> BuiltInNames:
    """Return every name of the reference."""
    sections: dict[str, list[str]] = {}
    for line in (HERE / "names.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            words = sections.setdefault(line.strip("[]"), [])
        elif line and not line.startswith("#"):
            words += line.split()
    return BuiltInNames(*(frozenset(sections[name]) for name in ("functions", "constants", "types")))


@cache
def errors() -> dict[int, str]:
    """Return the rule behind each compile error of MetaEditor, by number."""
    lines = (HERE / "errors.txt").read_text(encoding="utf-8").splitlines()
    found = (line.partition(" ") for line in lines if line and not line.startswith("#"))
    return {int(number): rule for number, _, rule in found}


@cache
def enum_names() -> frozenset[str]:
    """Return the names of MQL5's enumerations."""
    return frozenset(group.name for group in groups() if group.name)


@cache
def constants() -> dict[str, int]:
    """Return the value of every constant, by name."""
    return {name: value for group in groups() for name, value in group.values.items()}


@cache
def spelled(enumeration: str) -> dict[int, str]:
    """Return the names of an enumeration's constants, by value."""
    (values,) = (group.values for group in groups() if group.name == enumeration)
    return {value: name for name, value in values.items()}


def header() -> str:
    """Return the constants as a C++ header."""
    lines = ["// Written by tests/mql5/reference from constants.txt.", "#pragma once"]
    lines += [f"#undef {name}" for name in constants()]  # C has macros of some of these names
    lines.append("namespace mql {")
    for group in groups():
        if not group.name:
            kind = {"long": "int64"}.get(group.type, group.type)
            lines += [
                f"constexpr {kind} {name} = {_literal(value, kind)};" for name, value in group.values.items()
            ]
            continue
        members = ", ".join(f"{name} = {value}" for name, value in group.values.items())
        table = ", ".join(f'{{{name}, u"{name}"}}' for name in group.values)
        lines.append(f"enum {group.name} : int {{ {members} }};")
        lines.append(
            f"inline ::rt::enum_names mql_names({group.name}) {{"
            f" static const ::rt::enum_name t[] = {{{table}}}; return {{t, {len(group.values)}}}; }}"
        )
    return "\n".join([*lines, "}  // namespace mql", ""])


def _literal(value: int, kind: str) -> str:
    return f"color(static_cast<uint>({value}))" if kind == "color" else str(value)
