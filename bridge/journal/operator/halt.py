"""Halt, resume and flatten.

A halt is stored in the journal, so it survives restarts. It stops opens only: closes, cancels and changes of levels
go on.
"""

import sys
from datetime import datetime

import msgspec

from bridge.core.director.contract import FLATTEN_PREFIX, utc_text
from bridge.core.settings import OfficerSettings
from bridge.journal.database.words import AuditKind, HaltSetter, OwnAction
from bridge.journal.steps import inbox
from bridge.journal.steps.own_directives import add_own
from bridge.journal.steps.step import Step, json_text
from bridge.journal.tables import halts
from bridge.journal.tables.directives import OwnDirective
from bridge.journal.tables.halts import ALL, Halt


class Flattened(msgspec.Struct, frozen=True, kw_only=True):
    """A flatten is in the inbox."""

    officer: str
    directive_id: str
    halt: Halt
    """In force until an operator resumes: else the next directive would open again what was closed."""


def halt(step: Step, *, symbol: str, why: str) -> Halt:
    """Halt opens in the symbol, or in all. Where an operator's halt is in force, its first reason stays."""
    step.audit(AuditKind.OPERATOR, "halt", json_text({"symbol": symbol, "why": why}))
    return halts.add(step.connection, step.officer, symbol, why, HaltSetter.OPERATOR, step.now)


def resume(step: Step, settings: OfficerSettings, *, symbol: str | None, why: str) -> list[Halt]:
    """Lift the halts of a symbol (ALL: those of all symbols), or with None every halt. Return them.

    The opens that they forbade until now are refused first: none of them may follow a close that came after it.
    """
    inbox.refuse_halted(step, settings, sys.maxsize)
    lifted = halts.delete(step.connection, step.officer, symbol)
    step.audit(AuditKind.OPERATOR, "resume", json_text({"symbol": symbol, "why": why, "lifted": lifted}))
    return lifted


def flatten_id(at: datetime, nonce: str) -> str:
    """Return the directive id of a flatten that was ordered at that time."""
    return f"{FLATTEN_PREFIX}{utc_text(at)}:{nonce}"


def flatten_reason(why: str) -> str:
    """Return the reason of a flatten's halt."""
    return f"flatten: {why}" if why else "flatten"


def flatten(step: Step, *, nonce: str, why: str, symbol: str = ALL) -> Flattened:
    """Halt the officer, and put a directive into the inbox that closes and cancels everything it has.

    With a symbol, both are about that symbol alone. `nonce` makes the directive's id unique: the caller's random
    letters or digits.
    """
    directive_id = flatten_id(step.now, nonce)
    in_force = halt(step, symbol=symbol, why=flatten_reason(why))
    own = OwnDirective(
        directive_id=directive_id,
        action=OwnAction.FLATTEN,
        why=why,
        symbol=symbol,
        ordered_at=utc_text(step.now),
    )
    add_own(step, own)
    step.audit(AuditKind.OPERATOR, "flatten", json_text(own), directive_id)
    return Flattened(officer=step.officer, directive_id=directive_id, halt=in_force)
