"""What a person orders by hand: stop opening, go on, close everything.

A halt stands in the journal, so it survives restarts. It stops opens alone: closes, cancels and changes of levels
go on.
"""

import hashlib
import sqlite3
from typing import Final, Literal

import msgspec

from bridge.core.director.contract import OPERATOR_PREFIX, utc_text
from bridge.core.trade.directive_states import DirectiveState
from bridge.core.trade.events import system_error
from bridge.journal.steps.step import Step, json_text

SetBy = Literal["person", "bridge"]
"""Who halted. What the bridge halts by itself needs a person to look."""

ALL: Final = ""
"""As a halt's symbol: every symbol."""
FLATTEN: Final = "FLATTEN"
"""The action of a directive that closes all positions and cancels all pending orders of its officer."""
FLATTEN_REST: Final = "FLATTEN_REST"
"""The same once more, when all that was under way is settled; and again while something is left (`flattening`)."""
CANCEL_PENDING: Final = "CANCEL_PENDING"
"""The action of one that cancels all pending orders of its officer that were ordered before."""
CANCEL_PENDING_REST: Final = "CANCEL_PENDING_REST"
"""The same once more, when all that was under way is settled."""
CANCEL_ORDER: Final = "CANCEL_ORDER"
"""The action of one that cancels a single pending order."""
CLOSE_POSITION: Final = "CLOSE_POSITION"
"""The action of one that closes a single position."""


class Own(msgspec.Struct, frozen=True, kw_only=True):
    """A directive of the bridge's own: a person's, or one that the configuration asks for."""

    directive_id: str
    action: str
    why: str
    position: int = 0
    """CLOSE_POSITION: its identifier."""
    order: int = 0
    """CANCEL_ORDER: its ticket."""
    ordered_at: str = ""
    """FLATTEN and what follows it: when it was ordered."""
    round: int = 0
    """FLATTEN_REST: 1, 2, 3, ..."""
    not_before: str = ""
    """FLATTEN_REST: it waits until then."""


class Halt(msgspec.Struct, frozen=True, kw_only=True):
    """Opens are refused while it stands."""

    officer: str
    symbol: str
    """The Director's name or the broker's; empty for all."""
    since: str
    why: str
    set_by: SetBy


class Flattened(msgspec.Struct, frozen=True, kw_only=True):
    """A flatten is in the inbox."""

    officer: str
    directive_id: str
    halt: Halt
    """It stands until a person resumes: else the next directive would open again what was closed."""


def halted(connection: sqlite3.Connection, officer: str, *names: str) -> str:
    """Why the officer may open nothing in the symbol; empty where it may. Reads only.

    `names`: all that the symbol is known by, the Director's name and the broker's; a person may have used either.
    """
    marks = ", ".join("?" * (len(names) + 1))
    row = connection.execute(
        # The marks are question marks, as many as there are names.
        f"SELECT why FROM halts WHERE officer = ? AND symbol IN ({marks})"  # noqa: S608 - question marks
        " ORDER BY symbol, since LIMIT 1",
        (officer, ALL, *names),
    ).fetchone()
    return "" if row is None else str(row["why"]) or "a person halted it"


def known_symbols(connection: sqlite3.Connection, officer: str) -> set[str]:
    """What symbols the officer's terminal was asked for, and what its broker calls them. Reads only."""
    rows = connection.execute("SELECT asked, name FROM symbols WHERE officer = ?", (officer,))
    return {name for row in rows for name in row if name}


def halt(step: Step, *, symbol: str, why: str) -> Halt:
    """A person stops opens in the symbol, or in all. Where one did already the first reason stands."""
    step.audit("operator", "halt", json_text({"symbol": symbol, "why": why}))
    return _halt(step, symbol, why, "person")


def halt_ourselves(step: Step, *, symbol: str, why: str) -> Halt:
    """The bridge stops opens in the symbol, or in all, beside a person's halt or without one."""
    step.audit("halt", symbol or "everything", why)
    return _halt(step, symbol, why, "bridge")


def _halt(step: Step, symbol: str, why: str, set_by: SetBy) -> Halt:
    step.connection.execute(
        "INSERT INTO halts (officer, symbol, since, why, set_by) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (step.officer, symbol, utc_text(step.now), why, set_by),
    )
    row = step.connection.execute(
        "SELECT officer, symbol, since, why, set_by FROM halts WHERE officer = ? AND symbol = ? AND set_by = ?",
        (step.officer, symbol, set_by),
    ).fetchone()
    return msgspec.convert(dict(row), Halt)


def resume(step: Step, *, symbol: str | None, why: str) -> list[Halt]:
    """A person lifts the halts of a symbol (ALL: the officer's own), or with None all. The halts that it lifted."""
    rows = step.connection.execute(
        "DELETE FROM halts WHERE officer = ?1 AND (?2 IS NULL OR symbol = ?2)"
        " RETURNING officer, symbol, since, why, set_by",
        (step.officer, symbol),
    ).fetchall()
    lifted = sorted(
        (msgspec.convert(dict(row), Halt) for row in rows), key=lambda each: (each.symbol, each.since)
    )
    step.audit("operator", "resume", json_text({"symbol": symbol, "why": why, "lifted": lifted}))
    return lifted


def flatten(step: Step, *, nonce: str, why: str) -> Flattened:
    """Halt the officer, and put a directive of its own into the inbox that closes and cancels all that it has.

    `nonce` makes the directive's id its own: the caller's random letters or digits.
    """
    directive_id = f"{OPERATOR_PREFIX}flatten:{utc_text(step.now)}:{nonce}"
    stands = halt(step, symbol=ALL, why=f"flatten: {why}" if why else "flatten")
    own = Own(directive_id=directive_id, action=FLATTEN, why=why, ordered_at=utc_text(step.now))
    order_own(step, own)
    body = json_text(own)
    step.audit("operator", "flatten", body, directive_id)
    return Flattened(officer=step.officer, directive_id=directive_id, halt=stands)


def cancel_pending(step: Step, *, nonce: str, why: str) -> None:
    """Put a directive of the bridge's own into the inbox that cancels the officer's pending orders; it is told.

    `nonce` makes the directive's id its own: random letters or digits, drawn once for each silence.
    """
    directive_id = f"{OPERATOR_PREFIX}silence:{nonce}"
    order_own(step, Own(directive_id=directive_id, action=CANCEL_PENDING, why=why))
    message = f"{why}: the pending orders are cancelled, as silent_director says"
    step.tell(
        [system_error(step.officer, step.now, code="DIRECTOR_SILENT", message=message, subject=directive_id)]
    )


def order_own(step: Step, own: Own) -> bool:
    """Put a directive of the bridge's own into the inbox. False where it stands there already."""
    body = json_text(own)
    inserted = step.connection.execute(
        "INSERT INTO directives (officer, directive_id, origin, received_at, raw, fingerprint, body, symbol,"
        " action, state, state_at) VALUES (?, ?, 'operator', ?, ?, ?, ?, '', ?, ?, ?) ON CONFLICT DO NOTHING",
        (
            step.officer,
            own.directive_id,
            utc_text(step.now),
            body,
            hashlib.sha256(body.encode()).hexdigest(),
            body,
            own.action,
            DirectiveState.RECEIVED,
            utc_text(step.now),
        ),
    )
    if inserted.rowcount:
        step.audit("directive", own.directive_id, body, own.directive_id)
    return bool(inserted.rowcount)
