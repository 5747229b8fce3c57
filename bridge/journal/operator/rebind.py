"""Rebind: an operator accepts another ledger or another account for an officer."""

import sqlite3

import msgspec

from bridge.core.director.problem import Problem
from bridge.core.trade import transitions
from bridge.core.trade.command_states import CommandState
from bridge.core.trade.directive_states import DirectiveState
from bridge.journal.database.words import AuditKind
from bridge.journal.steps import inbox
from bridge.journal.steps.dispatch import UNRESOLVED_STATES
from bridge.journal.steps.step import Step, json_text
from bridge.journal.tables import commands, directives, officers


class Rebound(msgspec.Struct, frozen=True, kw_only=True):
    """Bindings that were removed."""

    quarantine: str
    """The quarantine that was lifted; empty where there was none."""
    ledger_id: str
    """The ledger that no longer counts; empty where there was none."""
    account: str
    """The account that no longer counts; empty where it stays."""
    renamed: str = ""
    """The account, with the present name of its server, where that was renamed."""


class WrongLoginError(Exception):
    """The login is not that of the officer's account: the account is another one, and no server was renamed."""


class StillUnresolvedError(Exception):
    """Another account was asked for while the outcome of commands at the present one is open."""


def check_resolved(connection: sqlite3.Connection, officer: str) -> None:
    """Raise StillUnresolvedError where commands may have been sent whose outcome is open. Reads only."""
    unresolved = commands.in_states(connection, officer, UNRESOLVED_STATES)
    if unresolved:
        named = ", ".join(f"{command.directive_id} ({command.state})" for command in unresolved[:5])
        raise StillUnresolvedError(
            f"{len(unresolved)} commands of officer {officer!r} may have been sent to its present account: "
            f"{named}. Connect that account once more, so that its terminal can report their outcome"
        )


def check_login(connection: sqlite3.Connection, officer: str, login: int) -> None:
    """Raise WrongLoginError where the officer's account has another login. Reads only."""
    known = officers.load(connection, officer)
    if known is None or not known.login:
        raise WrongLoginError(f"officer {officer} is bound to no account yet; leave out --renamed-server")
    if known.login != login:
        raise WrongLoginError(
            f"login {login} is not that of officer {officer}, whose account is {known.login} at "
            f"{known.present_server}; a renamed server keeps the login: use --account to bind another account"
        )


def rebind(step: Step, *, account: bool, why: str, renamed_server: str = "", login: int = 0) -> Rebound:
    """Lift the quarantine and forget the ledger, so that the next session binds the officer to its own.

    With `account` the account is forgotten too, and commands that were never sent are given up. Raises
    StillUnresolvedError where some may have been sent: only the present account can show their outcome.

    With `renamed_server` the account stays, with everything that is known of it: its server has that name now.
    Raises WrongLoginError where `login` is not the account's.
    """
    officer = officers.load_or_add(step.connection, step.officer)
    bound = f"{officer.login} at {officer.present_server}" if officer.login else ""
    if account:
        _give_up_commands(step)
        officers.forget_account(step.connection, step.officer)
    if renamed_server:
        check_login(step.connection, step.officer, login)
        officers.rename_server(step.connection, step.officer, renamed_server)
    officers.forget_ledger(step.connection, step.officer)
    # The ledger that could show what was sent is accepted by a person, not by comparison.
    directives.search_all(step.connection, step.officer)
    officers.set_quarantine(step.connection, step.officer, "")
    rebound = Rebound(
        quarantine=officer.quarantine,
        ledger_id=officer.ledger_id or "",
        account=bound if account else "",
        renamed=f"{login} at {renamed_server}" if renamed_server else "",
    )
    step.audit(AuditKind.OPERATOR, "rebind", json_text({"why": why, "removed": rebound}))
    return rebound


def _give_up_commands(step: Step) -> None:
    check_resolved(step.connection, step.officer)
    problem = Problem("REBOUND", "the officer was bound to another account before this was sent")
    for item in directives.waiting(step.connection, step.officer):
        inbox.refuse(step, item, problem, DirectiveState.REJECTED)
    for command in commands.in_states(step.connection, step.officer, [CommandState.PLANNED]):
        ended = transitions.abandon(command, step.now, code=problem.code, message=problem.message)
        step.apply_outcome(ended, command)
