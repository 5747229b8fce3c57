"""Rebinding: a person has looked, and accepts another ledger or another account for an officer."""

import sqlite3

import msgspec

from bridge.core.director.problem import Problem
from bridge.core.trade import transitions
from bridge.core.trade.command_states import CommandState
from bridge.core.trade.directive_states import DirectiveState
from bridge.journal.steps import inbox
from bridge.journal.steps.dispatch import UNRESOLVED_STATES
from bridge.journal.steps.step import Step
from bridge.journal.tables import rows


class Rebound(msgspec.Struct, frozen=True, kw_only=True):
    """What was let go."""

    quarantine: str
    """The hold that was lifted; empty where there was none."""
    ledger_id: str
    """The ledger that no longer counts; empty where there was none."""
    account: str
    """The account that no longer counts; empty where it stays."""


class StillUnresolvedError(Exception):
    """Another account was asked for while the fate of commands at the present one is open."""


def check_settled(connection: sqlite3.Connection, officer: str) -> None:
    """Raise StillUnresolvedError where commands may have been sent whose fate is open. Reads only."""
    unresolved = rows.load_commands(connection, officer, UNRESOLVED_STATES)
    if unresolved:
        named = ", ".join(f"{command.directive_id} ({command.state})" for command in unresolved[:5])
        raise StillUnresolvedError(
            f"{len(unresolved)} commands of officer {officer!r} may have been sent to its present account: "
            f"{named}. Connect that account once more, so that its terminal can say what became of them"
        )


def rebind(step: Step, *, account: bool, why: str) -> Rebound:
    """Lift the hold and forget the ledger, so that the next hello pins the one that it brings.

    With `account` the account is forgotten too; commands that were never sent are then given up. Raises
    StillUnresolvedError where some may have been sent: only the present account can tell what became of them.
    """
    row = step.connection.execute("SELECT * FROM officers WHERE officer = ?", (step.officer,)).fetchone()
    pinned = f"{row['login']} at {row['server']}" if row["login"] else ""
    if account:
        _give_up_commands(step)
        step.connection.execute(
            "UPDATE officers SET login = 0, server = '', margin_mode = NULL, trade_mode = NULL,"
            " currency = NULL, bound_at = NULL, watermark_server_ms = 0 WHERE officer = ?",
            (step.officer,),
        )
    step.connection.execute(
        "UPDATE officers SET quarantine = '', ledger_id = NULL, ledger_mark = 0 WHERE officer = ?",
        (step.officer,),
    )
    rebound = Rebound(
        quarantine=row["quarantine"], ledger_id=row["ledger_id"] or "", account=pinned if account else ""
    )
    step.audit("operator", "rebind", msgspec.json.encode({"why": why, "let go": rebound}).decode())
    return rebound


def _give_up_commands(step: Step) -> None:
    check_settled(step.connection, step.officer)
    message = "the officer was bound to another account before this was sent"
    for item in inbox.waiting(step.connection, step.officer):
        inbox.refuse(step, item, Problem("REBOUND", message), DirectiveState.REJECTED)
    for command in rows.load_commands(step.connection, step.officer, [CommandState.PLANNED]):
        step.apply(transitions.abandon(command, step.now, code="REBOUND", message=message), command)
