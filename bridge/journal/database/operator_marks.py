"""Comparison of halts and quarantines with the audit.

They stop trading until an operator lifts them, which the audit records. A halt or a quarantine that another program
removed or set is found here: at the opening of the journal and by `journal verify`. Reads only.
"""

import sqlite3
from typing import NamedTuple

import msgspec

from bridge.journal.database.alteration import Altered
from bridge.journal.database.sql import words
from bridge.journal.database.words import AuditKind, HaltSetter

EVERYTHING = "everything"
"""Subject of the audit row of a halt of all symbols that the bridge set."""


class _Halt(NamedTuple):
    """Key of a halt."""

    officer: str
    symbol: str
    set_by: str


class _Arguments(msgspec.Struct, frozen=True):
    """Arguments of an operator's halt or resume, as the audit has them."""

    symbol: str | None
    why: str = ""


class _Audited:
    """Marks that the audit's rows leave in force."""

    def __init__(self) -> None:
        self.halts: dict[_Halt, tuple[str, str]] = {}
        """By halt, since when and why."""
        self.quarantines: dict[str, str] = {}

    def apply(self, kind: str, officer: str, at: str, subject: str, body: str) -> None:
        """Apply one row."""
        match kind:
            case AuditKind.QUARANTINE:
                self.quarantines.setdefault(officer, subject)
            case AuditKind.HALT:
                symbol = "" if subject == EVERYTHING else subject
                self.halts.setdefault(_Halt(officer, symbol, HaltSetter.BRIDGE), (at, body))
            case _ if subject == "rebind":
                self.quarantines.pop(officer, None)
            case _ if subject == "halt":
                given = msgspec.json.decode(body, type=_Arguments)
                key = _Halt(officer, given.symbol or "", HaltSetter.OPERATOR)
                self.halts.setdefault(key, (at, given.why))
            case _ if subject == "resume":
                symbol_given = msgspec.json.decode(body, type=_Arguments).symbol
                for halt in list(self.halts):
                    if halt.officer == officer and symbol_given in (None, halt.symbol):
                        del self.halts[halt]
            case _:
                pass


def first_difference(connection: sqlite3.Connection) -> Altered | None:
    """Return the first halt or quarantine that differs from the audit; None where none does."""
    audited = _Audited()
    kinds = words([AuditKind.HALT, AuditKind.QUARANTINE, AuditKind.OPERATOR])
    for row in connection.execute(
        "SELECT kind, officer, at, subject, body FROM audit WHERE seq IN"
        f" (SELECT seq FROM audit_rows INDEXED BY audit_of_operator_marks WHERE kind IN ({kinds})) ORDER BY seq"
    ):
        audited.apply(*row)
    return _halt_difference(connection, audited) or _quarantine_difference(connection, audited)


def _halt_difference(connection: sqlite3.Connection, audited: _Audited) -> Altered | None:
    stored = {
        _Halt(officer, symbol, set_by): (since, why)
        for officer, symbol, set_by, since, why in connection.execute(
            "SELECT officer, symbol, set_by, since, why FROM halts"
        )
    }
    for halt in sorted({*stored, *audited.halts}):
        before, now = audited.halts.get(halt), stored.get(halt)
        if before == now:
            continue
        named = f"of {halt.symbol or 'all symbols'} for officer {halt.officer}, set by {halt.set_by}"
        where = (
            f"officer = {_quoted(halt.officer)} AND symbol = {_quoted(halt.symbol)}"
            f" AND set_by = {_quoted(halt.set_by)}"
        )
        if before is None:
            return Altered(
                f"the audit has no halt {named}, and the table halts does",
                f"remove it with the SQL statement: DELETE FROM halts WHERE {where};"
                " then set it with 'execution-officer halt'",
            )
        values = ", ".join(map(_quoted, (halt.officer, halt.symbol, *before, halt.set_by)))
        return Altered(
            f"the halt {named}, was {'lifted' if now is None else 'altered'}",
            "put it back with the SQL statement: INSERT OR REPLACE INTO halts"
            f" (officer, symbol, since, why, set_by) VALUES ({values});"
            " then lift it with 'execution-officer resume'",
        )
    return None


def _quarantine_difference(connection: sqlite3.Connection, audited: _Audited) -> Altered | None:
    for officer, quarantine in connection.execute(
        "SELECT officer, quarantine FROM officers ORDER BY officer"
    ):
        before = audited.quarantines.get(officer, "")
        if before == quarantine:
            continue
        if not before:
            what = f"the audit has no quarantine of officer {officer}, and the table officers does"
        else:
            what = f"the quarantine of officer {officer} was {'altered' if quarantine else 'lifted'}"
        return Altered(
            what,
            f"put it back with the SQL statement: UPDATE officers SET quarantine = {_quoted(before)} "
            f"WHERE officer = {_quoted(officer)}; a quarantine is lifted with 'execution-officer rebind'",
        )
    return None


def _quoted(text: str) -> str:
    """Return the text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"
