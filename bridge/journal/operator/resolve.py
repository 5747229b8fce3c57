"""Resolving: a person has looked at the account, and says what became of a command that nobody else can settle."""

import sqlite3
from collections.abc import Sequence
from decimal import Decimal
from typing import Final, Literal, get_args

import msgspec

from bridge.core.trade import transitions
from bridge.core.trade.command_states import CommandState
from bridge.core.trade.records import CommandRecord
from bridge.core.units.decimals import AmountError, check_amount
from bridge.journal.steps.step import Step, json_text
from bridge.journal.tables import rows

Verdict = Literal["filled", "rejected", "cancelled"]
"""What became of it."""

VERDICTS: Final = get_args(Verdict)

RESOLVABLE: Final = (CommandState.UNRESOLVED, CommandState.UNKNOWN)
"""The states that a person may end. In every other one evidence has settled it, or will."""


class CannotResolveError(Exception):
    """There is nothing to resolve, or it was not said clearly what. Nothing was changed."""


class Resolved(msgspec.Struct, frozen=True, kw_only=True):
    """What the command was taken for, and what it is now."""

    officer: str
    directive_id: str
    client_order_id: int
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
    verdict: Verdict,
    note: str,
    client_order_id: int | None,
    price: Decimal | None,
    quantity: Decimal | None,
) -> Resolved:
    """End the directive's command in doubt as a person found it to have ended. Raises CannotResolveError.

    `client_order_id` says which where several are in doubt. `price` and `quantity` (lots) say how it was filled.
    """
    command = _choose(step, directive_id, client_order_id)
    _check_fill(command, verdict, price, quantity)
    outcome = transitions.resolve_command(
        command, transitions.Resolution(verdict), step.now, note=note, price=price, quantity=quantity
    )
    step.apply(outcome, command)
    after = outcome.command or command
    said = {
        "client_order_id": command.client_order_id,
        "as": verdict,
        "note": note,
        "price": price,
        "quantity": quantity,
    }
    step.audit("operator", "resolve", json_text(said), directive_id)
    return Resolved(
        officer=step.officer,
        directive_id=directive_id,
        client_order_id=command.client_order_id,
        before=command.state,
        after=after.state,
    )


def _choose(step: Step, directive_id: str, client_order_id: int | None) -> CommandRecord:
    """The command that is meant."""
    found = step.connection.execute(
        "SELECT * FROM commands WHERE officer = ? AND directive_id = ? ORDER BY number",
        (step.officer, directive_id),
    )
    commands = [each for each in map(rows.command, found) if client_order_id in (None, each.client_order_id)]
    unresolved = [each for each in commands if each.state in RESOLVABLE]
    if len(unresolved) == 1:
        return unresolved[0]
    if unresolved:
        named = ", ".join(
            f"{each.client_order_id} ({each.order.symbol}, {each.state})" for each in unresolved
        )
        raise CannotResolveError(
            f"{len(unresolved)} commands of directive {directive_id!r} are in doubt: {named}. Name one by its token"
        )
    raise CannotResolveError(f"nothing is in doubt: {_states(directive_id, client_order_id, commands)}")


def _states(directive_id: str, client_order_id: int | None, commands: Sequence[CommandRecord]) -> str:
    if not commands:
        what = "no command yet" if client_order_id is None else f"no command with token {client_order_id}"
        return f"directive {directive_id!r} has {what}"
    states = ", ".join(f"command {each.client_order_id} is {each.state}" for each in commands)
    return f"of directive {directive_id!r}, {states}"


def _check_fill(
    command: CommandRecord, verdict: Verdict, price: Decimal | None, quantity: Decimal | None
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
