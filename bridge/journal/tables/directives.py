"""Table `directives`: the inbox."""

import sqlite3
from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from typing import Final

import msgspec

from bridge.core.director.contract import Action, Directive, utc_text
from bridge.core.director.poll import Item
from bridge.core.director.problem import Problem
from bridge.core.trade.directive_states import DirectiveState
from bridge.core.units.clock import ms_of
from bridge.journal.database.sql import Parameters, column_list, insert, words
from bridge.journal.database.words import Origin, OwnAction, member
from bridge.journal.tables.values import milliseconds, moment, text

TABLE: Final = "directives"
NEW: Final = (
    "officer",
    "directive_id",
    "origin",
    "received_ms",
    "raw",
    "canonical_hash",
    "typed",
    "symbol",
    "action",
    "expires_ms",
    "state",
    "state_ms",
    "error_code",
    "error_message",
    "search_history",
)
COLUMNS: Final = ("id", *NEW, "changed_at")

_encoder = msgspec.json.Encoder(decimal_format="number")
_directive = msgspec.json.Decoder(Directive)


def _typed(item: Item) -> str | None:
    """Return the typed directive as JSON, without the fields that it does not have; empty where the Director's JSON
    says the same, None where it is invalid."""
    if item.directive is None:
        return None
    given = {
        name: value for name, value in msgspec.structs.asdict(item.directive).items() if value is not None
    }
    return "" if _says(item.raw, item.directive, given) else _encoder.encode(given).decode()


def _says(raw: str, directive: Directive, given: dict[str, object]) -> bool:
    """Return True where the JSON is read as the directive, by this program and by the functions of SQLite."""
    try:
        values = msgspec.json.decode(raw, type=dict[str, object])
        if _directive.decode(raw) != directive:
            return False
        return all(_is(values.get(name), value) for name, value in given.items())
    except (ValueError, RecursionError):
        return False


def _is(found: object, value: object) -> bool:
    match value:
        case Decimal():
            return type(found) in (int, float) and Decimal(repr(found)) == value
        case datetime():
            return isinstance(found, str) and datetime.fromisoformat(found) == value
        case _:
            return found == value


class OwnDirective(msgspec.Struct, frozen=True, kw_only=True):
    """A directive of the bridge's own: an operator's, or one that the configuration requires."""

    directive_id: str
    action: OwnAction
    why: str
    position: int = 0
    """CLOSE_POSITION: identifier of the position."""
    order: int = 0
    """CANCEL_ORDER: ticket of the order."""
    awaited_by: str = ""
    """CANCEL_ORDER: directive that waits for it."""
    symbol: str = ""
    """FLATTEN and its rounds: name of the one symbol, the Director's or the broker's; empty for all."""
    ordered_at: str = ""
    """FLATTEN and its rounds: time of the operator's order."""
    round: int = 0
    """FLATTEN_REST: 1, 2, 3, ..."""
    not_before: str = ""
    """FLATTEN_REST: time before which it is not planned."""


_own = msgspec.json.Decoder(OwnDirective)


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """One directive that was not planned yet."""

    id: int
    """Its place in the inbox."""
    directive_id: str
    origin: Origin
    body: str
    received_at: datetime
    expires_at: datetime | None
    """None: it has no expiry of its own."""

    @property
    def own(self) -> bool:
        """True for one of the bridge's own."""
        return self.origin is not Origin.DIRECTOR

    @property
    def directive(self) -> Directive:
        """The Director's directive. Raises msgspec.ValidationError for an unknown action or field value."""
        return _directive.decode(self.body)

    @property
    def own_directive(self) -> OwnDirective:
        """The bridge's own directive. Raises msgspec.ValidationError for an unknown action."""
        return _own.decode(self.body)


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """Times of one directive, for the search at the broker."""

    id: int
    issued_at: datetime | None
    """Own directive: as `received_at`. None: not known."""
    received_at: datetime
    search_history: bool
    """True where an earlier journal may have carried it out."""


class Unsent(msgspec.Struct, frozen=True, kw_only=True):
    """One directive with the reason for which nothing is sent for it, and without a command."""

    directive_id: str
    state: DirectiveState
    """RECEIVED: the Director is not notified yet."""
    received_at: datetime
    problem: Problem


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """Course of one directive of a series."""

    directive_id: str
    state: DirectiveState
    received_at: datetime
    state_at: datetime
    error_code: str


def waiting(
    connection: sqlite3.Connection, officer: str, expired_by: datetime | None = None
) -> list[Waiting]:
    """Return the officer's directives that were not planned yet, oldest first; with a time only those that expire
    by then. One that is refused once the broker's records are known is none of them (`may_have_been_sent`)."""
    found = connection.execute(
        "SELECT id, directive_id, origin, body, received_at, expires_at FROM directives"
        f" WHERE officer = :officer AND state = {words([DirectiveState.RECEIVED])} AND error_code = ''"
        " AND (:expired_by IS NULL OR expires_at <= :expired_by) ORDER BY id",
        {"officer": officer, "expired_by": text(expired_by)},
    )
    return [
        Waiting(
            id=row["id"],
            directive_id=row["directive_id"],
            origin=member(Origin, TABLE, "origin", row["origin"]),
            body=row["body"],
            received_at=datetime.fromisoformat(row["received_at"]),
            expires_at=moment(row["expires_at"]),
        )
        for row in found
    ]


def unsent(connection: sqlite3.Connection, officer: str, states: Collection[DirectiveState]) -> list[Unsent]:
    """Return the Director's directives in these states that have a problem and no command, and that an earlier
    journal may have carried out; oldest first. Literals, for the index on them alone."""
    found = connection.execute(
        "SELECT directive_id, state, received_at, error_code, error_message FROM directives d"
        f" WHERE officer = :officer AND state IN ({words(states)}) AND search_history = 1 AND error_code <> ''"
        f" AND origin = {words([Origin.DIRECTOR])} AND NOT EXISTS (SELECT 1 FROM commands c"
        " WHERE c.officer = d.officer AND c.directive_id = d.directive_id) ORDER BY id",
        {"officer": officer},
    )
    return [
        Unsent(
            directive_id=row["directive_id"],
            state=member(DirectiveState, TABLE, "state", row["state"]),
            received_at=datetime.fromisoformat(row["received_at"]),
            problem=Problem(row["error_code"], row["error_message"]),
        )
        for row in found
    ]


def any_waiting(connection: sqlite3.Connection, officer: str) -> bool:
    """Return True where a directive of the officer was not planned yet."""
    found = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM directives"
        f" WHERE officer = :officer AND state = {words([DirectiveState.RECEIVED])})",
        {"officer": officer},
    )
    return bool(found.fetchone()[0])


def _one(
    connection: sqlite3.Connection, columns: tuple[str, ...], officer: str, directive_id: str
) -> sqlite3.Row | None:
    row: sqlite3.Row | None = connection.execute(
        f"SELECT {column_list(columns)} FROM directives"
        " WHERE officer = :officer AND directive_id = :directive_id",
        {"officer": officer, "directive_id": directive_id},
    ).fetchone()
    return row


def exists(connection: sqlite3.Connection, officer: str, directive_id: str) -> bool:
    """Return True where the officer's inbox holds the directive."""
    return _one(connection, ("id",), officer, directive_id) is not None


def place(connection: sqlite3.Connection, officer: str, directive_id: str) -> int:
    """Return the directive's place in the inbox. Raises RuntimeError where the inbox does not hold it."""
    row = _one(connection, ("id",), officer, directive_id)
    if row is None:
        raise RuntimeError(f"the inbox of officer {officer} does not hold directive {directive_id}")
    return int(row["id"])


def received_at(connection: sqlite3.Connection, officer: str, directive_id: str) -> str | None:
    """Return the time at which the directive was stored; None where the inbox does not have it."""
    row = connection.execute(
        "SELECT received_at FROM directives WHERE officer = :officer AND directive_id = :directive_id",
        {"officer": officer, "directive_id": directive_id},
    ).fetchone()
    return None if row is None else row[0]


def is_known(connection: sqlite3.Connection, officer: str, directive_id: str, fingerprint: str) -> bool:
    """Return True where the directive is stored with this body, or was already found changed."""
    row = _one(connection, ("fingerprint", "changed_at"), officer, directive_id)
    return row is not None and (row["fingerprint"] == fingerprint or row["changed_at"] is not None)


def came_before(connection: sqlite3.Connection, officer: str, directive_id: str, id: int) -> bool:
    """Return True where the directive stands in the inbox before that place."""
    row = _one(connection, ("id",), officer, directive_id)
    return row is not None and row["id"] < id


def body_of(connection: sqlite3.Connection, officer: str, directive_id: str) -> str | None:
    """Return the JSON of the typed directive; None where it is invalid, or not known."""
    row = _one(connection, ("body",), officer, directive_id)
    return row["body"] if row else None


def symbol_of(connection: sqlite3.Connection, officer: str, directive_id: str) -> str:
    """Return the Director's name of the directive's symbol; empty where it has none."""
    row = _one(connection, ("symbol",), officer, directive_id)
    return row["symbol"] or "" if row else ""


def directive_before(
    connection: sqlite3.Connection, officer: str, directive_id: str, id: int
) -> Directive | None:
    """Return the directive where it is the Director's and stands in the inbox before that place."""
    row = _one(connection, ("id", "origin", "body"), officer, directive_id)
    if (
        row is None
        or row["id"] >= id
        or member(Origin, TABLE, "origin", row["origin"]) is not Origin.DIRECTOR
    ):
        return None
    return _directive.decode(row["body"])


def series(connection: sqlite3.Connection, officer: str, first: str) -> list[Ended]:
    """Return the directive with that id and its successors `first:2`, `first:3`, ..., oldest first."""
    found = connection.execute(
        # Between these bounds are the ids of the successors only; the index of the ids finds them.
        "SELECT directive_id, state, received_at, state_at, error_code FROM directives"
        " WHERE officer = :officer AND (directive_id = :first"
        " OR directive_id > :first || ':' AND directive_id < :first || ';') ORDER BY id",
        {"officer": officer, "first": first},
    )
    return [
        Ended(
            directive_id=row["directive_id"],
            error_code=row["error_code"],
            state=member(DirectiveState, TABLE, "state", row["state"]),
            received_at=datetime.fromisoformat(row["received_at"]),
            state_at=datetime.fromisoformat(row["state_at"]),
        )
        for row in found
    ]


def add(
    connection: sqlite3.Connection,
    officer: str,
    directive_id: str,
    item: Item,
    *,
    expires_at: datetime | None,
    state: DirectiveState,
    problem: Problem | None,
    search_history: bool,
    at: datetime,
) -> None:
    """Insert a directive of the Director. Raises sqlite3.IntegrityError where its id is known."""
    directive = item.directive
    connection.execute(
        insert(TABLE, NEW),
        {
            "officer": officer,
            "directive_id": directive_id,
            "origin": Origin.DIRECTOR,
            "received_ms": ms_of(at),
            "raw": item.raw,
            "canonical_hash": bytes.fromhex(item.fingerprint),
            "typed": _typed(item),
            "symbol": None if directive is None else directive.symbol,
            "action": None if directive is None else directive.action,
            "expires_ms": milliseconds(expires_at),
            "state": state,
            "state_ms": ms_of(at),
            "error_code": problem.code if problem else "",
            "error_message": problem.message if problem else "",
            "search_history": int(search_history),
        },
    )


def add_own(
    connection: sqlite3.Connection,
    officer: str,
    own: OwnDirective,
    body: str,
    *,
    fingerprint: str,
    at: datetime,
) -> bool:
    """Insert a directive of the bridge's own. Return False where its id is known: then nothing is written."""
    values: Parameters = {
        "officer": officer,
        "directive_id": own.directive_id,
        "origin": Origin.OPERATOR,
        "received_ms": ms_of(at),
        "raw": body,
        "canonical_hash": bytes.fromhex(fingerprint),
        "typed": "",
        "symbol": own.symbol,
        "action": own.action,
        "expires_ms": None,
        "state": DirectiveState.RECEIVED,
        "state_ms": ms_of(at),
        "error_code": "",
        "error_message": "",
        # The id of any other names a place and time; this one's may have been used before a loss.
        "search_history": int(own.action is OwnAction.CLOSE_POSITION),
    }
    inserted = connection.execute(f"{insert(TABLE, NEW)} ON CONFLICT DO NOTHING", values)
    return inserted.rowcount > 0


def add_adopted(
    connection: sqlite3.Connection, officer: str, directive_id: str, *, own: bool, at: datetime
) -> None:
    """Insert a directive of which only the id is known. It has no body and no fingerprint until it is listed."""
    connection.execute(
        insert(TABLE, NEW),
        {
            "officer": officer,
            "directive_id": directive_id,
            "origin": Origin.OPERATOR if own else Origin.DIRECTOR,
            "received_ms": ms_of(at),
            "raw": "",
            "canonical_hash": b"",
            "typed": None,
            "symbol": None,
            "action": None,
            "expires_ms": None,
            "state": DirectiveState.WORKING,
            "state_ms": ms_of(at),
            "error_code": "",
            "error_message": "",
            "search_history": 1,
        },
    )


def is_adopted(connection: sqlite3.Connection, officer: str, directive_id: str) -> bool:
    """Return True where only the directive's id is known: it was adopted, and not listed since."""
    row = _one(connection, ("fingerprint",), officer, directive_id)
    return row is not None and row["fingerprint"] == ""


def complete(
    connection: sqlite3.Connection, officer: str, directive_id: str, item: Item, expires_at: datetime | None
) -> None:
    """Store the content of an adopted directive that the Director lists."""
    directive = item.directive
    connection.execute(
        "UPDATE directives SET raw = :raw, canonical_hash = :canonical_hash, typed = :typed, symbol = :symbol,"
        " action = :action, expires_ms = :expires_ms WHERE officer = :officer AND directive_id = :directive_id",
        {
            "officer": officer,
            "directive_id": directive_id,
            "raw": item.raw,
            "canonical_hash": bytes.fromhex(item.fingerprint),
            "typed": _typed(item),
            "symbol": None if directive is None else directive.symbol,
            "action": None if directive is None else directive.action,
            "expires_ms": milliseconds(expires_at),
        },
    )


def state_of(connection: sqlite3.Connection, officer: str, directive_id: str) -> DirectiveState | None:
    """Return the directive's state; None where the inbox does not hold it."""
    row = _one(connection, ("state",), officer, directive_id)
    return None if row is None else member(DirectiveState, TABLE, "state", row["state"])


def action_of(connection: sqlite3.Connection, officer: str, directive_id: str) -> Action | None:
    """Return the action of a directive of the Director; None where it is not known, or the bridge's own."""
    row = _one(connection, ("origin", "action"), officer, directive_id)
    if row is None or row["action"] is None or row["origin"] != Origin.DIRECTOR:
        return None
    return member(Action, TABLE, "action", row["action"])


def without_commands(connection: sqlite3.Connection, officer: str) -> list[str]:
    """Return the ids of the officer's directives for which no command was made, newest first."""
    rows = connection.execute(
        "SELECT directive_id FROM directives d WHERE officer = :officer AND NOT EXISTS (SELECT 1 FROM commands c"
        " WHERE c.officer = d.officer AND c.directive_id = d.directive_id) ORDER BY d.id DESC",
        {"officer": officer},
    )
    return [row["directive_id"] for row in rows]


def last_id(connection: sqlite3.Connection) -> int:
    """Return the place of the last directive in the inbox; 0 where there is none."""
    found = connection.execute("SELECT coalesce(max(id), 0) AS last FROM directives").fetchone()
    return int(found["last"])


def taken(connection: sqlite3.Connection, officer: str, directive_id: str) -> Taken | None:
    """Return the directive's times; None where the inbox does not hold it."""
    row = connection.execute(
        "SELECT id, origin, received_at, search_history, json_extract(body, '$.issued_at') AS issued_at"
        " FROM directives WHERE officer = :officer AND directive_id = :directive_id",
        {"officer": officer, "directive_id": directive_id},
    ).fetchone()
    if row is None:
        return None
    received_at = datetime.fromisoformat(row["received_at"])
    own = member(Origin, TABLE, "origin", row["origin"]) is not Origin.DIRECTOR
    return Taken(
        id=row["id"],
        issued_at=received_at if own else moment(row["issued_at"]),
        received_at=received_at,
        search_history=bool(row["search_history"]),
    )


def search_all(connection: sqlite3.Connection, officer: str) -> None:
    """Let the broker be searched before anything more is sent for the officer's directives that are not over."""
    connection.execute(
        "UPDATE directives SET search_history = 1 WHERE officer = :officer"
        f" AND state IN ({words([DirectiveState.RECEIVED, DirectiveState.WORKING])})",
        {"officer": officer},
    )


def end_search(connection: sqlite3.Connection, officer: str, directive_id: str) -> None:
    """Store that no earlier journal has carried out a directive that ended without a command."""
    connection.execute(
        "UPDATE directives SET search_history = 0 WHERE officer = :officer AND directive_id = :directive_id",
        {"officer": officer, "directive_id": directive_id},
    )


def mark_changed(connection: sqlite3.Connection, officer: str, directive_id: str, at: datetime) -> None:
    """Store the time at which the Director first listed the directive with another body."""
    connection.execute(
        "UPDATE directives SET changed_at = :at WHERE officer = :officer AND directive_id = :directive_id",
        {"officer": officer, "directive_id": directive_id, "at": utc_text(at)},
    )


def set_state(
    connection: sqlite3.Connection,
    officer: str,
    directive_id: str,
    state: DirectiveState,
    problem: Problem | None,
    at: datetime,
) -> None:
    """Store the directive's state, and its problem, where the state differs from before."""
    connection.execute(
        "UPDATE directives SET state = :state, state_ms = :at, error_code = :code, error_message = :message"
        " WHERE officer = :officer AND directive_id = :directive_id AND state <> :state",
        {
            "officer": officer,
            "directive_id": directive_id,
            "state": state,
            "at": ms_of(at),
            "code": problem.code if problem else "",
            "message": problem.message if problem else "",
        },
    )


def uses_symbol(connection: sqlite3.Connection, officer: str, symbol: str) -> bool:
    """Return True where a directive of the Director's has named the symbol so."""
    found = connection.execute(
        "SELECT 1 FROM directives WHERE officer = :officer AND symbol = :symbol"
        f" AND origin = {words([Origin.DIRECTOR])} LIMIT 1",
        {"officer": officer, "symbol": symbol},
    )
    return found.fetchone() is not None


def has_done_awaited(connection: sqlite3.Connection, officer: str, directive_id: str, after_id: int) -> bool:
    """Return True where a directive of the bridge's own that this one waited for took effect. `after_id` is this
    one's place in the inbox."""
    found = connection.execute(
        "SELECT 1 FROM directives WHERE officer = :officer AND id > :after_id"
        f" AND origin = {words([Origin.OPERATOR])} AND state = {words([DirectiveState.DONE])}"
        " AND json_extract(body, '$.awaited_by') = :directive_id LIMIT 1",
        {"officer": officer, "after_id": after_id, "directive_id": directive_id},
    )
    return found.fetchone() is not None
