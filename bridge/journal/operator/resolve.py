"""Resolving: a person has looked at the account, and says what became of a command that nobody else can settle."""

import sqlite3
from collections.abc import Sequence
from decimal import Decimal
from typing import Final, Literal, get_args

import msgspec

from bridge.core.trade import apply_reports
from bridge.core.trade.command_states import CommandState
from bridge.core.trade.records import CommandRecord
from bridge.core.units.decimals import AmountError, check_amount
from bridge.journal.steps.step import Step, json_text
from bridge.journal.tables import rows

Word = Literal["filled", "rejected", "cancelled"]
"""What became of it."""

WORDS: Final = get_args(Word)

RESOLVABLE: Final = (CommandState.UNCERTAIN, CommandState.UNKNOWN)
"""The states that a person may end. In every other one evidence has settled it, or will."""


class CannotResolveError(Exception):
    """There is nothing to resolve, or it was not said clearly what. Nothing was changed."""


class Resolved(msgspec.Struct, frozen=True, kw_only=True):
    """What the command was taken for, and what it is now."""

    officer: str
    directive_id: str
    token: int
    before: str
    after: str


def knows(connection: sqlite3.Connection, officer: str, directive_id: str) -> bool:
    """Whether the officer's inbox holds the directive. Reads only."""
    found = connection.execute(
        "SELECT 1 FROM directives WHERE officer = ? AND directive_id = ?", (officer, directive_id)
    )
    return found.fetchone() is not None


def resolve(
    step: Step,
    *,
    directive_id: str,
    verdict: Word,
    note: str,
    token: int | None,
    price: Decimal | None,
    quantity: Decimal | None,
) -> Resolved:
    """End the directive's command in doubt as a person found it to have ended. Raises CannotResolveError.

    `token` says which where several are in doubt. `price` and `quantity` (lots) say how it was filled.
    """
    command = _choose(step, directive_id, token)
    _check_fill(command, verdict, price, quantity)
    outcome = apply_reports.resolve_command(
        command, apply_reports.Resolution(verdict), step.now, note=note, price=price, quantity=quantity
    )
    step.apply(outcome, command)
    after = outcome.command or command
    said = {"token": command.token, "as": verdict, "note": note, "price": price, "quantity": quantity}
    step.audit("operator", "resolve", json_text(said), directive_id)
    return Resolved(
        officer=step.officer,
        directive_id=directive_id,
        token=command.token,
        before=command.state,
        after=after.state,
    )


def _choose(step: Step, directive_id: str, token: int | None) -> CommandRecord:
    """The command that is meant."""
    found = step.connection.execute(
        "SELECT * FROM commands WHERE officer = ? AND directive_id = ? ORDER BY leg",
        (step.officer, directive_id),
    )
    legs = [each for each in map(rows.command, found) if token in (None, each.token)]
    doubtful = [each for each in legs if each.state in RESOLVABLE]
    if len(doubtful) == 1:
        return doubtful[0]
    if doubtful:
        named = ", ".join(f"{each.token} ({each.order.symbol}, {each.state})" for each in doubtful)
        raise CannotResolveError(
            f"{len(doubtful)} commands of directive {directive_id!r} are in doubt: {named}. Name one by its token"
        )
    raise CannotResolveError(f"nothing is in doubt: {_states(directive_id, token, legs)}")


def _states(directive_id: str, token: int | None, legs: Sequence[CommandRecord]) -> str:
    if not legs:
        what = "no command yet" if token is None else f"no command with token {token}"
        return f"directive {directive_id!r} has {what}"
    states = ", ".join(f"command {each.token} is {each.state}" for each in legs)
    return f"of directive {directive_id!r}, {states}"


def _check_fill(
    command: CommandRecord, verdict: Word, price: Decimal | None, quantity: Decimal | None
) -> None:
    for name, value in (("price", price), ("quantity", quantity)):
        if value is None:
            continue
        if verdict != "filled":
            raise CannotResolveError(f"a {name} is for what was filled, not for what was {verdict}")
        try:
            check_amount(value)
        except AmountError as error:
            raise CannotResolveError(f"the {name} {error}") from error
        if value <= 0:
            raise CannotResolveError(f"the {name} must be above 0")
    if quantity is not None and quantity > command.order.volume:
        raise CannotResolveError(f"the quantity {quantity} is more than the command's {command.order.volume}")
