"""Resolve: an operator has checked the account, and states the outcome of a command that no report has shown."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final, Literal, get_args

import msgspec

from bridge.core.trade import transitions
from bridge.core.trade.command_states import CommandState
from bridge.core.trade.records import CommandRecord
from bridge.core.units.decimals import AmountError, check_amount
from bridge.journal.database.words import AuditKind
from bridge.journal.steps.step import Step, json_text
from bridge.journal.tables import commands

Verdict = Literal["filled", "rejected", "cancelled"]
"""Outcome that an operator can state."""

VERDICTS: Final = get_args(Verdict)

RESOLVABLE: Final = (CommandState.UNRESOLVED, CommandState.UNKNOWN)
"""States that an operator may end. In every other one a report has shown the outcome, or will."""

_FILL_REMEDY: Final = {
    "price": "state the price of the fill, or leave it out",
    "quantity": "state the filled lots, or leave it out for all",
}


class CannotResolveError(Exception):
    """There is nothing to resolve, or the order is ambiguous. Nothing was changed."""


class Resolved(msgspec.Struct, frozen=True, kw_only=True):
    """The command's state before and after."""

    officer: str
    directive_id: str
    client_order_id: int
    before: str
    after: str


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
    """End the directive's unresolved command with the outcome that the operator found. Raises CannotResolveError.

    `client_order_id` names the command where several are unresolved. `price` and `quantity` (lots) describe a fill.
    """
    command = _choose(step, directive_id, client_order_id)
    _check_fill(command, verdict, price, quantity)
    outcome = transitions.resolve_command(
        command, transitions.Resolution(verdict), step.now, note=note, price=price, quantity=quantity
    )
    step.apply_outcome(outcome, command)
    after = outcome.command or command
    order = {
        "client_order_id": command.client_order_id,
        "as": verdict,
        "note": note,
        "price": price,
        "quantity": quantity,
    }
    step.audit(AuditKind.OPERATOR, "resolve", json_text(order), directive_id)
    return Resolved(
        officer=step.officer,
        directive_id=directive_id,
        client_order_id=command.client_order_id,
        before=command.state,
        after=after.state,
    )


def _choose(step: Step, directive_id: str, client_order_id: int | None) -> CommandRecord:
    """Return the command that the operator means."""
    found = [
        each
        for each in commands.of_directive(step.connection, step.officer, directive_id)
        if client_order_id in (None, each.client_order_id)
    ]
    unresolved = [each for each in found if each.state in RESOLVABLE]
    if len(unresolved) == 1:
        return unresolved[0]
    if unresolved:
        named = ", ".join(
            f"{each.client_order_id} ({each.order.symbol}, {each.state})" for each in unresolved
        )
        raise CannotResolveError(
            f'directive "{directive_id}" has {len(unresolved)} unresolved commands: {named}; '
            "name one by its client order id"
        )
    raise CannotResolveError(_nothing_unresolved(directive_id, client_order_id, found))


def _nothing_unresolved(
    directive_id: str, client_order_id: int | None, found: Sequence[CommandRecord]
) -> str:
    remedy = "use 'execution-officer status' to see the unresolved ones"
    if not found:
        missing = "no command yet" if client_order_id is None else f"no command {client_order_id}"
        return f'directive "{directive_id}" has {missing}; {remedy}'
    states = ", ".join(f"command {each.client_order_id} is {each.state}" for each in found)
    return f'directive "{directive_id}" has no unresolved command: {states}; {remedy}'


def _check_fill(
    command: CommandRecord, verdict: Verdict, price: Decimal | None, quantity: Decimal | None
) -> None:
    for name, value in (("price", price), ("quantity", quantity)):
        if value is None:
            continue
        if verdict != "filled":
            raise CannotResolveError(f"{name} {value} is not allowed for {verdict}; use it with filled only")
        try:
            check_amount(value)
        except AmountError as error:
            raise CannotResolveError(f"{name} {value} {error}; {_FILL_REMEDY[name]}") from error
        if value <= 0:
            raise CannotResolveError(f"{name} {value} must be above 0; {_FILL_REMEDY[name]}")
    if quantity is not None and quantity > command.order.volume:
        raise CannotResolveError(
            f"quantity {quantity} is above the command's {command.order.volume}; {_FILL_REMEDY['quantity']}"
        )
