"""The audit: what happened, in order, each row chained to the one before by SHA-256.

Whoever changes, removes or inserts a row breaks the chain from there on. (Cutting off the end is not visible
in the chain alone; the terminal's ledger notices that one.)
"""

import hashlib
import sqlite3
from datetime import datetime
from typing import Final

import msgspec

from bridge.core.director.contract import utc_text

GENESIS: Final = "0" * 64
"""What the first row is chained to."""


def append(
    connection: sqlite3.Connection,
    *,
    at: datetime,
    kind: str,
    officer: str | None,
    directive_id: str | None = None,
    subject: str,
    body: str = "",
) -> str:
    """One more row, inside the caller's transaction. Returns its hash."""
    last = connection.execute("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
    seq, prev = (last["seq"] + 1, last["hash"]) if last else (1, GENESIS)
    row = (seq, utc_text(at), kind, officer, directive_id, subject, body)
    hashed = chain(prev, row)
    connection.execute(
        "INSERT INTO audit (seq, at, kind, officer, directive_id, subject, body, prev, hash)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (*row, prev, hashed),
    )
    return hashed


_COPIES: Final = {
    # What the audit has a copy of: kind of row, and the same in its own table.
    "directive": "SELECT d.raw FROM directives d WHERE d.officer = a.officer AND d.directive_id = a.subject",
    "planned": "SELECT c.body FROM commands c WHERE c.client_order_id = CAST(a.subject AS INTEGER)",
}


def first_difference(connection: sqlite3.Connection) -> str:
    """Where a directive, a command or an event is another one than the audit has; empty where none is."""
    for kind, copy in _COPIES.items():
        row = connection.execute(
            # Both texts are the module's own.
            f"SELECT a.seq, a.subject FROM audit a WHERE a.kind = ? AND a.body IS NOT ({copy}) LIMIT 1",  # noqa: S608
            (kind,),
        ).fetchone()
        if row is not None:
            return f"row {row[0]} ({kind} {row[1]}) says otherwise than its table"
    if strange := _other_state(connection):
        return strange
    counted = connection.execute(
        "SELECT (SELECT count(*) FROM audit WHERE kind = 'event'), (SELECT count(*) FROM events)"
    ).fetchone()
    if counted[0] != counted[1]:
        return f"it has {counted[0]} events, their table {counted[1]}"
    # Events are created one by one with their audit rows: the two run in step.
    row = connection.execute(
        "SELECT e.id FROM (SELECT body, row_number() OVER (ORDER BY seq) AS n FROM audit WHERE kind = 'event') a"
        " JOIN (SELECT id, body, row_number() OVER (ORDER BY id) AS n FROM events) e USING (n)"
        " WHERE a.body <> e.body LIMIT 1"
    ).fetchone()
    return f"event {row[0]} is another one than was created" if row is not None else ""


def _other_state(connection: sqlite3.Connection) -> str:
    """The first command that is in another state than its last audit row put it; empty where none is."""
    put: dict[int, str] = {}
    for kind, subject in connection.execute(
        "SELECT kind, subject FROM audit WHERE kind IN ('planned', 'dispatch', 'command') ORDER BY seq"
    ):
        client_order_id, _, state = subject.partition(" ")
        put[int(client_order_id)] = {"planned": "PLANNED", "dispatch": "DISPATCHED"}.get(kind, state)
    for client_order_id, state in connection.execute("SELECT client_order_id, state FROM commands"):
        if put.get(client_order_id) != state:
            return (
                f"command {client_order_id} is {state}, and was {put.get(client_order_id, 'never planned')}"
            )
    return ""


def chain(prev: str, row: tuple[object, ...]) -> str:
    """The hash of a row: SHA-256, in hex, over the hash before it and its fields as JSON."""
    return hashlib.sha256(prev.encode() + msgspec.json.encode(row)).hexdigest()


def first_break(connection: sqlite3.Connection) -> str:
    """Where the chain breaks first, in words; empty where it holds from end to end."""
    prev = GENESIS
    expected = 1
    rows = connection.execute(
        "SELECT seq, at, kind, officer, directive_id, subject, body, prev, hash FROM audit ORDER BY seq"
    )
    for row in rows:
        fields = tuple(row)
        if fields[0] != expected:
            return f"row {expected} is missing"
        if fields[7] != prev or chain(prev, fields[:7]) != fields[8]:
            return f"row {expected} was changed"
        prev = fields[8]
        expected += 1
    return ""
