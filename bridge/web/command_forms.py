"""Operator commands of the page: the fields of each, the request that it becomes, and its effect in words.

The words of the question are made from a snapshot, as the page's are: a person sees what the command is about
before it is carried out.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, Final, NamedTuple, TypeVar, assert_never

import msgspec

from bridge.core.settings import Settings
from bridge.journal.operator.resolve import VERDICTS, Resolved
from bridge.journal.tables.halts import Halt
from bridge.journal.views.status import JournalStatus, UnresolvedCommand
from bridge.sidecar.operator.flatten import FlattenRequest, Flattens
from bridge.sidecar.operator.halt import HaltRequest, Halts
from bridge.sidecar.operator.request import Request
from bridge.sidecar.operator.resolve import ResolveRequest
from bridge.sidecar.operator.resume import ResumeRequest

R = TypeVar("R", bound=Request[Any])
Given = Mapping[str, str]
"""Values of a form's fields by their names, without surrounding white space."""


class FormError(Exception):
    """A form cannot be carried out as it was filled in. The message has the field, the rule and the remedy."""


class CommandName(StrEnum):
    """Commands that the page takes."""

    HALT = "halt"
    RESUME = "resume"
    FLATTEN = "flatten"
    RESOLVE = "resolve"


class Field(NamedTuple):
    """Input of a form."""

    name: str
    label: str
    required: bool = False
    choices: tuple[tuple[str, str], ...] = ()
    """Values with their texts; without any it is a line of text."""
    most: int = 200
    """Most characters."""


class Form(NamedTuple):
    """Form of a command."""

    name: CommandName
    title: str
    effect: str
    """Effect of the command, before its fields are known."""
    fields: tuple[Field, ...]


TITLES: Final = {
    CommandName.HALT: "Halt opens",
    CommandName.RESUME: "Resume opens",
    CommandName.FLATTEN: "Flatten",
    CommandName.RESOLVE: "Resolve a command",
}
_EFFECTS: Final = {
    CommandName.HALT: "Opens are refused until they are resumed. Closes, changes and stops go on.",
    CommandName.RESUME: "Halts are lifted: those of operators, and those that the bridge set itself.",
    CommandName.FLATTEN: (
        "All positions of the bridge are closed, all its pending orders cancelled, and opens are halted."
    ),
    CommandName.RESOLVE: (
        "The outcome of a command that no evidence shows is stated by you, and reported to the Director. Look in "
        "the account's history for its magic first. Nothing is sent to the broker."
    ),
}
_WHO: Final = Field("by", "Your name, for the audit", required=True, most=100)
_SYMBOL: Final = Field("symbol", "Symbol, or nothing for all", most=64)
_WHY: Final = Field("why", "Reason, for the audit", most=500)
_CHOOSE: Final = ("", "choose")


def form(name: CommandName, settings: Settings, journal: JournalStatus | None) -> Form:
    """Return the form of a command. `journal`: for the commands whose outcome is open."""
    fields: tuple[Field, ...]
    if name is CommandName.RESOLVE:
        open_ones = () if journal is None else tuple(_choice(each) for each in journal.unresolved)
        fields = (
            Field("command", "Command", required=True, choices=(_CHOOSE, *open_ones)),
            Field(
                "verdict",
                "Outcome that you found",
                required=True,
                choices=(_CHOOSE, *((each, each) for each in VERDICTS)),
            ),
            Field("price", "Fill price, if known", most=30),
            Field("quantity", "Filled lots, or nothing for all", most=30),
            Field("note", "How you know, for the audit and the Director", required=True, most=500),
        )
    else:
        officers = tuple((each.id, each.id) for each in settings.officers)
        fields = (Field("officer", "Officer", choices=(("", "all officers"), *officers)), _SYMBOL, _WHY)
    return Form(name, TITLES[name], _EFFECTS[name], (*fields, _WHO))


def request(name: CommandName, given: Given, journal: JournalStatus | None, nonce: str) -> Request[Any]:
    """Return the command of a form. Raises FormError. `nonce`: 16 random hex digits for a flatten."""
    by = f"{_needed(given, 'by', _WHO.label)} (page)"
    common = {"officer": given.get("officer") or None, "why": given.get("why", ""), "by": by}
    symbol = given.get("symbol", "")
    match name:
        case CommandName.HALT:
            return _read({**common, "symbol": symbol}, HaltRequest)
        case CommandName.RESUME:
            return _read({**common, "symbol": symbol or None}, ResumeRequest)
        case CommandName.FLATTEN:
            return _read({**common, "symbol": symbol, "nonce": nonce}, FlattenRequest)
        case CommandName.RESOLVE:
            command = _command(given.get("command", ""), journal)
            fields: dict[str, object] = {
                "officer": command.officer,
                "directive_id": command.directive_id,
                "client_order_id": command.client_order_id,
                "verdict": _needed(given, "verdict", "Outcome that you found"),
                "note": _needed(given, "note", "How you know"),
                "by": by,
            }
            fields |= {key: given[key] for key in ("price", "quantity") if given.get(key)}
            return _read(fields, ResolveRequest)
    assert_never(name)


def question(asked: Request[Any], settings: Settings, journal: JournalStatus | None) -> Iterator[str]:
    """Yield what the command will do, in sentences."""
    match asked:
        case HaltRequest():
            yield f"Nothing more is opened {_where(asked.symbol)} for {_whom(asked.officer, settings)}."
            yield "Closes, changes and stops go on. The halt lasts until it is resumed."
        case ResumeRequest():
            lifted = [each for each in _halts(journal) if _is_lifted(each, asked)]
            yield f"Opens go on {_where(asked.symbol or '')} for {_whom(asked.officer, settings)}."
            for each in lifted:
                yield (
                    f"This lifts the halt of {each.officer} {_where(each.symbol)}, set by {each.set_by} at "
                    f"{each.since}{': ' if each.why else ''}{each.why}."
                )
            if not lifted:
                yield "No such halt is in force."
        case FlattenRequest():
            whom = _whom(asked.officer, settings)
            yield f"Every position is closed and every pending order cancelled {_where(asked.symbol)} for {whom}."
            yield from _open_now(asked, journal)
            yield "Opens there are halted until they are resumed."
        case ResolveRequest():
            filled = [f"at {asked.price}"] * (asked.price is not None)
            filled += [f"with {asked.quantity} lots"] * (asked.quantity is not None)
            yield (
                f"Command {asked.client_order_id} of directive {asked.directive_id} ({asked.officer}) counts as "
                f"{' '.join([asked.verdict, *filled])}, by your statement: {asked.note}."
            )
            yield "That is reported to the Director. Evidence of the broker that arrives later overrules it."


def answer(done: msgspec.Struct) -> Iterator[str]:
    """Yield what was done, in sentences."""
    match done:
        case Halts(not_stored=not_stored):
            yield from (f"{each.officer}: {_where(each.symbol)}, since {each.since}." for each in done.halts)
            if not done.halts:
                yield "No halt was in force."
        case Flattens(not_stored=not_stored):
            for each in done.flattens:
                yield f"{each.officer}: to be closed and cancelled by directive {each.directive_id}."
                yield f"{each.officer}: opens {_where(each.halt.symbol)} are halted."
        case Resolved():
            not_stored = ""
            yield (
                f"{done.officer}: command {done.client_order_id} of {done.directive_id} was {done.before}, is "
                f"{done.after}."
            )
        case _:
            not_stored = ""
    if not_stored:
        yield f"It is in force in the sidecar alone, and not in the journal yet: {not_stored}."


def _choice(command: UnresolvedCommand) -> tuple[str, str]:
    order = f"{command.side} {command.volume} {command.symbol}"
    text = f"{command.officer}: {command.directive_id}, {order}, magic {command.client_order_id}, {command.state}"
    return str(command.client_order_id), text


def _command(number: str, journal: JournalStatus | None) -> UnresolvedCommand:
    """Return the command with that client order id. Raises FormError."""
    for each in () if journal is None else journal.unresolved:
        if str(each.client_order_id) == number:
            return each
    raise FormError("Command: none is chosen whose outcome is still open; choose one of the list")


def _needed(given: Given, name: str, label: str) -> str:
    """Return a value. Raises FormError where it is empty."""
    if not (value := given.get(name, "")):
        raise FormError(f"{label}: is empty; fill it in")
    return value


def _read(fields: Mapping[str, object], kind: type[R]) -> R:
    try:
        made: R = msgspec.convert(fields, type=kind)
    except msgspec.ValidationError as error:
        raise FormError(f"{error}; correct the field") from error
    return made


def _where(symbol: str) -> str:
    return f"in {symbol}" if symbol else "in all symbols"


def _whom(officer: str | None, settings: Settings) -> str:
    return officer or ", ".join(each.id for each in settings.officers)


def _halts(journal: JournalStatus | None) -> list[Halt]:
    return [] if journal is None else journal.halts


def _is_lifted(halt: Halt, asked: ResumeRequest) -> bool:
    return asked.officer in (None, halt.officer) and asked.symbol in (None, halt.symbol)


def _open_now(asked: FlattenRequest, journal: JournalStatus | None) -> Iterator[str]:
    """Yield the number of what is open; nothing where a symbol restricts it: the broker may name it otherwise."""
    if journal is None:
        yield "The journal cannot be read now, so that it is not known what is open."
    elif not asked.symbol:
        positions, orders = (
            sum(1 for each in rows if asked.officer in (None, each.officer))
            for rows in (journal.positions, journal.orders)
        )
        yield f"Open now, by the journal: {positions} positions and {orders} pending orders."
