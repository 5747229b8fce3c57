"""Table `commands`: order requests to the broker, and their states."""

import sqlite3
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Final

import msgspec

from bridge.core.director.contract import OrderType, utc_text
from bridge.core.link.messages import CommandKind, Order
from bridge.core.trade.command_states import CommandState
from bridge.core.trade.dispatch import InFlight
from bridge.core.trade.market_waits import MOST_APART
from bridge.core.trade.precedence import Earlier
from bridge.core.trade.records import CommandRecord
from bridge.core.units.clock import ms_of, utc_of_ms
from bridge.core.units.decimals import ZERO, plain
from bridge.core.units.mt5_terms import Side
from bridge.journal.database.sql import Parameters, assignments, column_list, insert, words
from bridge.journal.database.words import member
from bridge.journal.tables.values import Account, milliseconds, moment, moment_of_ms, text

MAX_PLANNED: Final = 64
"""Commands considered for one dispatch: more than the window, so that commands that pause hold up no others."""

TABLE: Final = "commands"
FIXED: Final = (
    "client_order_id",
    "officer",
    "directive_id",
    "number",
    "place",
    "created_ms",
    "rest",
    "kind",
    "order_type",
    "symbol",
    "side",
    "volume",
    "target_order",
    "target_position",
    "opening_directive_id",
    "expires_ms",
)
"""Columns that never change."""
CHANGING: Final = (
    "state",
    "attempt",
    "request_no",
    "absences",
    "touched_ms",
    "dispatched_ms",
    "order_ticket",
    "position_id",
    "filled",
    "reason",
    "message",
    "not_before",
    "closed_tries",
    "silent_until",
)
COLUMNS: Final = (*FIXED, *CHANGING)

_SELECT: Final = f"SELECT {column_list(COLUMNS, 'c')}, c.body FROM commands c"
_OF_ORDER: Final = "c.target_order = :order AND c.target_order <> 0"
_OF_POSITION: Final = "c.target_position = :position AND c.target_position <> 0"
"""Condition for the commands about one target. With `<> 0` SQLite may use their partial index."""
_IN_ORDER: Final = "JOIN directives d USING (officer, directive_id)"
"""For ORDER BY d.id, c.number: the order in which the directives came."""

_S = CommandState
_SENT_STATES: Final = (_S.DISPATCHED, _S.SUBMITTED, _S.UNRESOLVED, _S.PLACED, _S.PARTIAL)
_OPENS: Final = f"(c.kind = {words([CommandKind.OPEN])})"
_HALTED: Final = (
    "EXISTS (SELECT 1 FROM halts h WHERE h.officer = c.officer AND h.symbol IN ('', c.symbol, d.symbol))"
)
"""Condition for a command, in order, in whose symbol opens are halted."""
_ITS_ORDER: Final = (
    "o.officer = :officer AND o.server = :server AND o.login = :login AND o.ticket = c.order_ticket"
)
_TARGET_ORDER: Final = (
    "o.officer = :officer AND o.server = :server AND o.login = :login AND o.ticket = c.target_order"
)
_MAY_CHANGE_POSITION: Final = (
    # First the states that the index of them finds: the other conditions are read of what is not over alone.
    f"c.state IN ({words([_S.PLANNED, *_SENT_STATES])})"
    f" AND (c.state IN ({words([_S.PLANNED, _S.DISPATCHED, _S.SUBMITTED, _S.UNRESOLVED])})"
    # A pending order may stay on the book for months; a market order that was accepted is about to be filled.
    f" OR (c.state IN ({words([_S.PLACED, _S.PARTIAL])})"
    f" AND (c.order_type = {words([OrderType.MARKET])} OR c.kind <> {words([CommandKind.OPEN])})"
    # Except one that rests on an exchange's book, where it may stay as long,
    f" AND NOT (c.kind IN ({words([CommandKind.OPEN, CommandKind.CLOSE])}) AND c.dispatched_at <= :resting_since"
    f" AND EXISTS (SELECT 1 FROM orders o WHERE {_ITS_ORDER} AND o.off_book = 0))"
    # and a change that was accepted, and after which a scan has shown its order on the book as before.
    f" AND NOT (c.target_order <> 0 AND c.dispatched_at <= :shown_since"
    f" AND EXISTS (SELECT 1 FROM orders o WHERE {_TARGET_ORDER} AND o.off_book = 0)))"
    # Accepted, and not reported on the book yet: the journal's list of orders does not have it.
    f" OR (c.state = {words([_S.PLACED])} AND NOT EXISTS (SELECT 1 FROM orders o WHERE {_ITS_ORDER})))"
)
"""Condition for a command that may still change what there is to close, to change or to cancel."""

_order = msgspec.json.Decoder(Order)
_order_encoder = msgspec.json.Encoder(decimal_format="number")


def order_json(order: Order) -> str:
    """Return the order as the journal stores it."""
    return _order_encoder.encode(order).decode()


def _record(row: sqlite3.Row) -> CommandRecord:
    """Return the command of a row. Raises UnknownWordError."""
    for column, kind in (("kind", CommandKind), ("order_type", OrderType), ("side", Side)):
        member(kind, TABLE, column, row[column])
    return CommandRecord(
        officer=row["officer"],
        directive_id=row["directive_id"],
        number=row["number"],
        order=_order.decode(row["body"]),
        state=member(CommandState, TABLE, "state", row["state"]),
        expires_at=utc_of_ms(row["expires_ms"]),
        attempt=row["attempt"],
        request_no=row["request_no"],
        touched_at=moment_of_ms(row["touched_ms"]),
        dispatched_at=moment_of_ms(row["dispatched_ms"]),
        absences=row["absences"],
        order_ticket=row["order_ticket"],
        position_id=row["position_id"],
        filled=Decimal(row["filled"]),
        opening_directive_id=row["opening_directive_id"],
        reason=row["reason"],
        message=row["message"],
        not_before=moment(row["not_before"]),
        closed_tries=row["closed_tries"],
        silent_until=moment(row["silent_until"]),
    )


def _changing(record: CommandRecord) -> Parameters:
    return {
        "state": record.state,
        "attempt": record.attempt,
        "request_no": record.request_no,
        "absences": record.absences,
        "touched_ms": milliseconds(record.touched_at),
        "dispatched_ms": milliseconds(record.dispatched_at),
        "order_ticket": record.order_ticket,
        "position_id": record.position_id,
        "filled": plain(record.filled),
        "reason": record.reason,
        "message": record.message,
        "not_before": text(record.not_before),
        "closed_tries": record.closed_tries,
        "silent_until": text(record.silent_until),
    }


def _rest(order: Order, body: str) -> str:
    """Return the part of the body that the other columns do not have; all of it where it begins otherwise than they
    say (`schema`)."""
    begins = (
        f'{{"client_order_id":{order.client_order_id},"kind":"{order.kind}","symbol":"{order.symbol}",'
        f'"side":"{order.side}"'
    )
    return body.removeprefix(begins)


def add(connection: sqlite3.Connection, record: CommandRecord, at: datetime, *, place: int) -> None:
    """Insert a new command. `place` is that of its directive in the inbox.

    Raises sqlite3.IntegrityError for a client order id or a number that is taken, and msgspec.ValidationError for
    an order that could not be read again.
    """
    order = record.order
    body = order_json(order)
    _order.decode(body)
    connection.execute(
        insert(TABLE, COLUMNS),
        {
            "client_order_id": record.client_order_id,
            "officer": record.officer,
            "directive_id": record.directive_id,
            "number": record.number,
            "place": place,
            "created_ms": ms_of(at),
            "rest": _rest(order, body),
            "kind": order.kind,
            "order_type": order.order_type,
            "symbol": order.symbol,
            "side": order.side,
            "volume": plain(order.volume),
            "target_order": order.order,
            "target_position": order.position,
            "opening_directive_id": record.opening_directive_id,
            "expires_ms": ms_of(record.expires_at),
            **_changing(record),
        },
    )


def update(connection: sqlite3.Connection, record: CommandRecord) -> None:
    """Store everything of a command that may change. Its order never does."""
    connection.execute(
        f"UPDATE commands SET {assignments(CHANGING)} WHERE client_order_id = :client_order_id",
        {"client_order_id": record.client_order_id, **_changing(record)},
    )


def restamp(
    connection: sqlite3.Connection, officer: str, states: Iterable[CommandState], latest: datetime
) -> None:
    """Set `dispatched_at` to that time for the officer's commands in those states that are stamped later.

    A clock that was ahead has stamped them; they would never become overdue.
    """
    connection.execute(
        "UPDATE commands SET dispatched_ms = :latest WHERE officer = :officer AND dispatched_ms > :latest"
        f" AND state IN ({words(states)})",
        {"officer": officer, "latest": ms_of(latest)},
    )


def is_market(connection: sqlite3.Connection, client_order_id: int) -> bool:
    """Return True where the command is an order at the market, which is filled at once or not at all."""
    row = connection.execute(
        "SELECT order_type FROM commands WHERE client_order_id = :client_order_id",
        {"client_order_id": client_order_id},
    ).fetchone()
    return row is not None and row[0] == OrderType.MARKET


def is_taken(connection: sqlite3.Connection, client_order_id: int) -> bool:
    """Return True where a command of any officer has the client order id."""
    found = connection.execute(
        "SELECT 1 FROM commands WHERE client_order_id = :client_order_id",
        {"client_order_id": client_order_id},
    )
    return found.fetchone() is not None


def load(connection: sqlite3.Connection, officer: str, client_order_id: int) -> CommandRecord | None:
    """Return the officer's command with that client order id."""
    row = connection.execute(
        f"{_SELECT} WHERE c.client_order_id = :client_order_id AND c.officer = :officer",
        {"client_order_id": client_order_id, "officer": officer},
    ).fetchone()
    return _record(row) if row else None


def of_directive(connection: sqlite3.Connection, officer: str, directive_id: str) -> list[CommandRecord]:
    """Return the directive's commands by number."""
    rows = connection.execute(
        f"{_SELECT} WHERE c.officer = :officer AND c.directive_id = :directive_id ORDER BY c.number",
        {"officer": officer, "directive_id": directive_id},
    )
    return [_record(row) for row in rows]


def next_number(connection: sqlite3.Connection, officer: str, directive_id: str) -> int:
    """Return the number of the directive's next command."""
    row = connection.execute(
        "SELECT max(number) FROM commands WHERE officer = :officer AND directive_id = :directive_id",
        {"officer": officer, "directive_id": directive_id},
    ).fetchone()
    return int(row[0] or 0) + 1


def silent_until(connection: sqlite3.Connection, officer: str, directive_id: str) -> datetime | None:
    """Return the time up to which nothing of an adopted directive is reported; None for any other."""
    row = connection.execute(
        "SELECT max(silent_until) FROM commands WHERE officer = :officer AND directive_id = :directive_id",
        {"officer": officer, "directive_id": directive_id},
    ).fetchone()
    return moment(row[0])


def in_states(
    connection: sqlite3.Connection, officer: str, states: Iterable[CommandState]
) -> list[CommandRecord]:
    """Return the officer's commands in those states, oldest first."""
    rows = connection.execute(
        f"{_SELECT} {_IN_ORDER} WHERE c.officer = :officer AND c.state IN ({words(states)})"
        " ORDER BY d.id, c.number",
        {"officer": officer},
    )
    return [_record(row) for row in rows]


def overdue(
    connection: sqlite3.Connection, officer: str, states: Iterable[CommandState], since: datetime
) -> list[CommandRecord]:
    """Return the officer's commands in those states that were dispatched by that time."""
    rows = connection.execute(
        f"{_SELECT} WHERE c.officer = :officer AND c.dispatched_at <= :since AND c.state IN ({words(states)})",
        {"officer": officer, "since": utc_text(since)},
    )
    return [_record(row) for row in rows]


def any_in_states(connection: sqlite3.Connection, officer: str, states: Iterable[CommandState]) -> bool:
    """Return True where the officer has a command in those states."""
    found = connection.execute(
        f"SELECT EXISTS (SELECT 1 FROM commands WHERE officer = :officer AND state IN ({words(states)}))",
        {"officer": officer},
    )
    return bool(found.fetchone()[0])


def unknown_opens(connection: sqlite3.Connection, officer: str) -> list[CommandRecord]:
    """Return the opens of the officer that are UNKNOWN: they may turn out to have been filled."""
    rows = connection.execute(
        f"{_SELECT} WHERE c.officer = :officer"
        f" AND c.state = {words([_S.UNKNOWN])} AND c.kind = {words([CommandKind.OPEN])}",
        {"officer": officer},
    )
    return [_record(row) for row in rows]


def changes_of(
    connection: sqlite3.Connection, officer: str, *, order: int = 0, position: int = 0
) -> list[CommandRecord]:
    """Return the officer's MODIFY and CANCEL commands that were sent for that order or position and are not over,
    oldest first."""
    rows = connection.execute(
        f"{_SELECT} WHERE c.officer = :officer AND {_OF_ORDER if order else _OF_POSITION}"
        f" AND c.kind IN ({words([CommandKind.MODIFY, CommandKind.CANCEL])})"
        f" AND c.state IN ({words([*_SENT_STATES, _S.UNKNOWN])}) ORDER BY c.dispatched_at",
        {"officer": officer, "order": order, "position": position},
    )
    return [_record(row) for row in rows]


def last_stop_change(connection: sqlite3.Connection, officer: str, position: int) -> CommandRecord | None:
    """Return the last MODIFY that set the position's stop loss and took effect."""
    row = connection.execute(
        f"{_SELECT} WHERE c.officer = :officer AND {_OF_POSITION}"
        f" AND c.kind = {words([CommandKind.MODIFY])} AND c.state = {words([_S.DONE])}"
        " AND json_extract(c.body, '$.stop_loss') IS NOT NULL ORDER BY c.dispatched_at DESC LIMIT 1",
        {"officer": officer, "position": position},
    ).fetchone()
    return _record(row) if row else None


def volume_closing(
    connection: sqlite3.Connection, officer: str, position: int, client_order_id: int
) -> Decimal:
    """Return the lots that commands in flight are still to close of the command's lot in the position."""
    rows = connection.execute(
        f"SELECT c.volume, c.filled FROM commands c WHERE c.officer = :officer AND {_OF_POSITION}"
        f" AND c.kind = {words([CommandKind.CLOSE])} AND c.state IN ({words([_S.PLANNED, *_SENT_STATES])})"
        " AND coalesce(json_extract(c.body, '$.opener'), :client_order_id) = :client_order_id",
        {"officer": officer, "position": position, "client_order_id": client_order_id},
    )
    return sum((Decimal(row["volume"]) - Decimal(row["filled"]) for row in rows), ZERO)


def volumes_opening(connection: sqlite3.Connection, officer: str) -> list[tuple[str, Decimal]]:
    """Return symbol and unfilled lots of each open of the officer that was sent and is not over."""
    rows = connection.execute(
        # The columns are text, so that no digit is lost: the caller sums them.
        "SELECT symbol, volume, filled FROM commands"
        f" WHERE officer = :officer AND state IN ({words([*_SENT_STATES, _S.UNKNOWN])})"
        f" AND kind = {words([CommandKind.OPEN])}",
        {"officer": officer},
    )
    return [(row["symbol"], Decimal(row["volume"]) - Decimal(row["filled"])) for row in rows]


def count_recent_opens(
    connection: sqlite3.Connection,
    officer: str,
    *,
    without: int,
    since: datetime,
    until: datetime,
    withdrawn: str,
) -> int:
    """Return the number of opens that were dispatched between two times, except one command and those that never
    reached a broker: planned again, never sent, or cancelled with the reason `withdrawn`."""
    found = connection.execute(
        # The index by time: by its own choice SQLite takes that of the states, and walks all commands.
        "SELECT count(*) FROM commands INDEXED BY commands_opening"
        f" WHERE officer = :officer AND kind = {words([CommandKind.OPEN])}"
        " AND client_order_id <> :without AND dispatched_ms > :since AND dispatched_ms < :until"
        f" AND state NOT IN ({words([_S.PLANNED, _S.NEVER_SENT])})"
        f" AND NOT (state = {words([_S.CANCELLED])} AND reason = :withdrawn)",
        {
            "officer": officer,
            "without": without,
            "since": ms_of(since),
            "until": ms_of(until),
            "withdrawn": withdrawn,
        },
    )
    return int(found.fetchone()[0])


def symbol_used(connection: sqlite3.Connection, officer: str, symbol: str) -> str | None:
    """Return the broker's symbol of the officer's last command for the Director's symbol."""
    row = connection.execute(
        # CROSS JOIN: from the directives of the symbol to their commands, not through all commands.
        "SELECT c.symbol FROM commands c WHERE c.client_order_id = ("
        "SELECT c2.client_order_id FROM directives d CROSS JOIN commands c2 USING (officer, directive_id)"
        " WHERE d.officer = :officer AND d.symbol = :symbol ORDER BY d.id DESC LIMIT 1)",
        {"officer": officer, "symbol": symbol},
    ).fetchone()
    return row["symbol"] if row else None


def planned(
    connection: sqlite3.Connection, officer: str, now: datetime, *, opens: bool = True
) -> Iterator[CommandRecord]:
    """Return the officer's planned commands that have not expired by `now`, at most MAX_PLANNED.

    Closes, changes and cancels come first, each part oldest first. Opens that a halt forbids are not among them;
    without `opens` none is.
    """
    rows = connection.execute(
        # In the order of the index of planned commands, as far as the limit: thousands may wait.
        f"{_SELECT} INDEXED BY commands_planned {_IN_ORDER}"
        f" WHERE c.officer = :officer AND c.state = {words([_S.PLANNED])}"
        # Times are stored in one form: their texts compare as they do.
        f" AND c.expires_at > :now AND NOT ({_OPENS} AND (NOT :opens OR {_HALTED}))"
        # A time further away was stored by a clock that was ahead.
        " AND NOT coalesce(c.not_before > :now AND c.not_before <= :latest, 0)"
        f" ORDER BY {_OPENS}, c.place, c.number LIMIT {MAX_PLANNED}",
        {
            "officer": officer,
            "now": utc_text(now),
            "latest": utc_text(now + MOST_APART),
            "opens": opens,
        },
    ).fetchall()
    # One by one: a dispatch takes a few of them.
    return map(_record, rows)


def planned_opens(connection: sqlite3.Connection, officer: str) -> list[CommandRecord]:
    """Return the officer's planned commands that open, oldest first."""
    rows = connection.execute(
        f"{_SELECT} {_IN_ORDER} WHERE c.officer = :officer AND c.state = {words([_S.PLANNED])} AND {_OPENS}"
        " ORDER BY d.id, c.number",
        {"officer": officer},
    )
    return [_record(row) for row in rows]


def halted(connection: sqlite3.Connection, officer: str, limit: int) -> list[CommandRecord]:
    """Return the officer's planned opens that a halt forbids, oldest first, at most `limit`."""
    rows = connection.execute(
        f"{_SELECT} {_IN_ORDER} WHERE c.officer = :officer AND c.state = {words([_S.PLANNED])} AND {_OPENS}"
        f" AND {_HALTED} ORDER BY d.id, c.number LIMIT :limit",
        {"officer": officer, "limit": limit},
    )
    return [_record(row) for row in rows]


def expired(connection: sqlite3.Connection, officer: str, now: datetime, limit: int) -> list[CommandRecord]:
    """Return the officer's planned commands whose time to live is over, at most `limit`."""
    rows = connection.execute(
        f"{_SELECT} INDEXED BY commands_expiring WHERE c.officer = :officer"
        f" AND c.state = {words([_S.PLANNED])} AND c.expires_at <= :now LIMIT :limit",
        {"officer": officer, "now": utc_text(now), "limit": limit},
    )
    return [_record(row) for row in rows]


def count_in_flight(connection: sqlite3.Connection, officer: str, states: Iterable[CommandState]) -> InFlight:
    """Return the numbers of the officer's commands in those states."""
    found = connection.execute(
        f"SELECT coalesce(sum({_OPENS}), 0), coalesce(sum(NOT {_OPENS}), 0) FROM commands c"
        f" WHERE c.officer = :officer AND c.state IN ({words(states)})",
        {"officer": officer},
    )
    return InFlight(*found.fetchone())


def unsettled_symbols(
    connection: sqlite3.Connection,
    account: Account,
    before_id: int,
    *,
    resting_since: datetime,
    shown_since: datetime,
) -> set[str]:
    """Return the broker's symbols in which a command of an earlier directive may still change what there is.

    `before_id` is a place in the inbox. A market order on the book that was dispatched by `resting_since` rests
    there. A change that was dispatched by `shown_since` and accepted had no effect on an order that is on the book.
    """
    rows = connection.execute(
        "SELECT DISTINCT c.symbol FROM commands c"
        f" WHERE c.officer = :officer AND c.place < :before_id AND {_MAY_CHANGE_POSITION}",
        {
            **account.parameters,
            "before_id": before_id,
            "resting_since": utc_text(resting_since),
            "shown_since": utc_text(shown_since),
        },
    )
    return {row["symbol"] for row in rows}


def unsettled(
    connection: sqlite3.Connection,
    account: Account,
    before_id: int,
    *,
    symbol: str,
    target: str | None,
    now: datetime,
    resting_since: datetime,
    shown_since: datetime,
) -> list[Earlier]:
    """Return the commands of earlier directives in the broker's symbol that may still change what there is, each
    kind of them once. One that has expired by `now` without having been sent is none of them.

    `target` is a directive, or None; `before_id` and the last two times are as for `unsettled_symbols`.
    """
    rows = connection.execute(
        f"SELECT DISTINCT c.kind, c.side, c.state <> {words([_S.PLANNED])} AS sent,"
        " coalesce(:target IN (c.directive_id, c.opening_directive_id), 0) AS of_target"
        " FROM commands c"
        f" WHERE c.officer = :officer AND c.place < :before_id AND c.symbol = :symbol AND {_MAY_CHANGE_POSITION}"
        f" AND NOT (c.state = {words([_S.PLANNED])} AND c.expires_at <= :now)",
        {
            **account.parameters,
            "before_id": before_id,
            "symbol": symbol,
            "target": target,
            "now": utc_text(now),
            "resting_since": utc_text(resting_since),
            "shown_since": utc_text(shown_since),
        },
    )
    return [
        Earlier(
            kind=member(CommandKind, TABLE, "kind", row["kind"]),
            side=member(Side, TABLE, "side", row["side"]),
            sent=bool(row["sent"]),
            of_target=bool(row["of_target"]),
        )
        for row in rows
    ]
