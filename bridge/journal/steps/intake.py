"""Intake: what a poll brought, into the inbox.

One transaction for a whole batch. A directive that is known and unchanged costs a look; a Director that lists
for ever writes nothing.
"""

import sqlite3
from collections.abc import Sequence

import msgspec

from bridge.core.director.contract import Directive, utc_text
from bridge.core.director.poll import Item
from bridge.core.director.problem import Problem
from bridge.core.settings import OfficerSettings
from bridge.core.trade import events, validation
from bridge.core.trade.directive_states import DirectiveState
from bridge.journal.steps.step import Step

_encoder = msgspec.json.Encoder(decimal_format="number")
_decoder = msgspec.json.Decoder(Directive)


class Taken(msgspec.Struct, frozen=True):
    """What an intake came to."""

    new: int = 0
    rejected: int = 0
    changed: int = 0


def news(connection: sqlite3.Connection, officer: str, items: Sequence[Item]) -> list[Item]:
    """The items that are not in the inbox as they are. Reads only."""
    return [item for item in items if not _known(connection, officer, item)]


def _known(connection: sqlite3.Connection, officer: str, item: Item) -> bool:
    if item.directive_id is None:
        found = connection.execute(
            "SELECT 1 FROM unreadable_directives WHERE officer = ? AND fingerprint = ?",
            (officer, item.fingerprint),
        )
        return found.fetchone() is not None
    row = connection.execute(
        "SELECT fingerprint, changed_at FROM directives WHERE officer = ? AND directive_id = ?",
        (officer, item.directive_id),
    ).fetchone()
    # One error event for a changed body is enough, however often the Director changes it.
    return row is not None and (row["fingerprint"] == item.fingerprint or row["changed_at"] is not None)


def take(step: Step, settings: OfficerSettings, items: Sequence[Item]) -> Taken:
    """Journal the items, and refuse what can never be sent. Each directive gets its DIRECTIVE_RECEIVED first."""
    new = rejected = changed = 0
    for item in items:
        # Looked at again: the same id may stand twice in one batch.
        if _known(step.connection, step.officer, item):
            continue
        if item.directive_id is None:
            _take_unreadable(step, item)
            rejected += 1
        elif _exists(step.connection, step.officer, item.directive_id):
            _take_changed(step, item.directive_id, item)
            changed += 1
        else:
            new += 1
            try:
                with step.contained():
                    accepted = _take_new(step, settings, item.directive_id, item)
            except Exception as error:
                if isinstance(error, sqlite3.Error) and not isinstance(error, sqlite3.IntegrityError):
                    # The disk's trouble, not the directive's: the step fails as a whole.
                    raise
                # Ours, and still no reason to hold up the others: the Director would list it for ever.
                failed = Problem(
                    "INTERNAL_ERROR", f"the bridge failed on it: {type(error).__name__}: {error}"
                )
                odd = msgspec.structs.replace(item, directive=None, problem=failed)
                accepted = _take_new(step, settings, item.directive_id, odd)
            rejected += not accepted
    return Taken(new, rejected, changed)


def _exists(connection: sqlite3.Connection, officer: str, directive_id: str) -> bool:
    found = connection.execute(
        "SELECT 1 FROM directives WHERE officer = ? AND directive_id = ?", (officer, directive_id)
    )
    return found.fetchone() is not None


def _take_unreadable(step: Step, item: Item) -> None:
    problem = _problem_of(item)
    step.connection.execute(
        "INSERT INTO unreadable_directives (officer, fingerprint, received_at, raw, error_code, error_message)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (step.officer, item.fingerprint, utc_text(step.now), item.raw, problem.code, problem.message),
    )
    step.audit("unreadable", item.fingerprint, item.raw)
    step.tell(
        [
            events.rejected(
                step.officer,
                None,
                step.now,
                code=problem.code,
                message=problem.message,
                subject=f"unreadable:{item.fingerprint}",
            )
        ]
    )


def _take_changed(step: Step, directive_id: str, item: Item) -> None:
    step.connection.execute(
        "UPDATE directives SET changed_at = ? WHERE officer = ? AND directive_id = ?",
        (utc_text(step.now), step.officer, directive_id),
    )
    step.audit("changed", directive_id, item.raw, directive_id)
    step.tell(
        [
            events.system_error(
                step.officer,
                step.now,
                code="DIRECTIVE_CHANGED",
                message="the Director listed this directive again with another body; the first one stands",
                subject="changed",
                directive_id=directive_id,
            )
        ]
    )


def _take_new(step: Step, settings: OfficerSettings, directive_id: str, item: Item) -> bool:
    """True where something is to be sent for it, now or once it is planned."""
    directive = item.directive
    problem = _problem_of(item) if directive is None else validation.check(directive, settings, step.earliest)
    expired = problem is not None and problem.code == "EXPIRED"
    refused = DirectiveState.EXPIRED if expired else DirectiveState.REJECTED
    step.connection.execute(
        "INSERT INTO directives (officer, directive_id, origin, received_at, raw, fingerprint, body, symbol,"
        " action, expires_at, state, state_at, error_code, error_message)"
        " VALUES (?, ?, 'director', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            step.officer,
            directive_id,
            utc_text(step.now),
            item.raw,
            item.fingerprint,
            None if directive is None else _encoder.encode(directive).decode(),
            None if directive is None else directive.symbol,
            None if directive is None else directive.action,
            None if directive is None else utc_text(validation.expiry(directive, settings)),
            refused if problem else DirectiveState.RECEIVED,
            utc_text(step.now),
            problem.code if problem else "",
            problem.message if problem else "",
        ),
    )
    step.audit("directive", directive_id, item.raw, directive_id)
    step.tell([events.received(step.officer, directive_id, step.now)])
    if problem is not None or directive is None:
        emitted = problem or _problem_of(item)
        step.tell(
            [
                events.rejected(
                    step.officer, directive_id, step.now, code=emitted.code, message=emitted.message
                )
            ]
        )
        return False
    return True


def directive_of(body: str) -> Directive:
    """The typed directive of a row of `directives`."""
    return _decoder.decode(body)


def _problem_of(item: Item) -> Problem:
    return item.problem or Problem("INVALID_DIRECTIVE", "the directive cannot be read")
