"""Rows to records and back. All SQL that reads or writes a command stands here."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

import msgspec

from bridge.core.director.contract import utc_text
from bridge.core.link.messages import Order
from bridge.core.trade.command_states import CommandState
from bridge.core.trade.records import CommandRecord
from bridge.core.units.decimals import plain

MAX_PLANNED: Final = 64
"""Commands looked at for one dispatch: more than a window, so that resting ones hold up no others."""


class Account(msgspec.Struct, frozen=True):
    """The account that an officer's reports, positions and event keys belong to. ('', 0) until it is bound."""

    officer: str
    server: str = ""
    login: int = 0

    @property
    def key(self) -> tuple[str, str, int]:
        return (self.officer, self.server, self.login)


_order = msgspec.json.Decoder(Order)
_order_out = msgspec.json.Encoder(decimal_format="number")


def order_json(order: Order) -> str:
    """The order as the journal keeps it."""
    return _order_out.encode(order).decode()


def moment(text: str | None) -> datetime | None:
    """The aware time of a stored text."""
    return None if text is None else datetime.fromisoformat(text)


def text(at: datetime | None) -> str | None:
    return None if at is None else utc_text(at)


def amount(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)


def total(value: Decimal) -> str:
    """A sum, which may outgrow what a single amount can be: a report must not fail on it."""
    return format(value, "f")


def decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


# Commands


def command(row: sqlite3.Row) -> CommandRecord:
    """The record of a row of `commands`."""
    expires_at = datetime.fromisoformat(row["expires_at"])
    return CommandRecord(
        officer=row["officer"],
        directive_id=row["directive_id"],
        number=row["number"],
        order=_order.decode(row["body"]),
        state=CommandState(row["state"]),
        expires_at=expires_at,
        attempt=row["attempt"],
        request_no=row["request_no"],
        touched_at=moment(row["touched_at"]),
        dispatched_at=moment(row["dispatched_at"]),
        absences=row["absences"],
        order_ticket=row["order_ticket"],
        position_id=row["position_id"],
        filled=Decimal(row["filled"]),
        opening_directive_id=row["opening_directive_id"],
        reason=row["reason"],
        message=row["message"],
    )


def load_command(connection: sqlite3.Connection, officer: str, client_order_id: int) -> CommandRecord | None:
    """The officer's command with that token."""
    row = connection.execute(
        "SELECT * FROM commands WHERE client_order_id = ? AND officer = ?", (client_order_id, officer)
    ).fetchone()
    return command(row) if row else None


def load_commands(
    connection: sqlite3.Connection, officer: str, states: Sequence[CommandState]
) -> list[CommandRecord]:
    """The officer's commands in those states, oldest first."""
    marks = ", ".join("?" * len(states))
    rows = connection.execute(
        # The marks are question marks, as many as there are states.
        f"SELECT c.* FROM commands c JOIN directives d USING (officer, directive_id)"  # noqa: S608
        f" WHERE c.officer = ? AND c.state IN ({marks}) ORDER BY d.id, c.number",
        (officer, *states),
    )
    return [command(row) for row in rows]


def commands_of(connection: sqlite3.Connection, officer: str, directive_id: str) -> list[CommandRecord]:
    """The directive's commands, by leg."""
    rows = connection.execute(
        "SELECT * FROM commands WHERE officer = ? AND directive_id = ? ORDER BY number",
        (officer, directive_id),
    )
    return [command(row) for row in rows]


def expired_commands(connection: sqlite3.Connection, officer: str, now: datetime) -> list[CommandRecord]:
    """The officer's planned commands whose time to live is over."""
    rows = connection.execute(
        # Times are stored in one form, so that their texts compare as they do.
        "SELECT * FROM commands WHERE officer = ? AND state = 'PLANNED' AND expires_at <= ?",
        (officer, utc_text(now)),
    )
    return [command(row) for row in rows]


def overdue_commands(
    connection: sqlite3.Connection, officer: str, states: Sequence[CommandState], since: datetime
) -> list[CommandRecord]:
    """The officer's commands in those states that were dispatched before that time."""
    marks = ", ".join("?" * len(states))
    rows = connection.execute(
        # The marks are question marks, as many as there are states.
        f"SELECT * FROM commands WHERE officer = ? AND dispatched_at <= ? AND state IN ({marks})",  # noqa: S608
        (officer, utc_text(since), *states),
    )
    return [command(row) for row in rows]


def restamp_commands(
    connection: sqlite3.Connection, officer: str, states: Sequence[CommandState], latest: datetime
) -> None:
    """Let the officer's commands in those states that were dispatched after that time count from it.

    A clock that was ahead stamped them, and nobody would ever give them up.
    """
    marks = ", ".join("?" * len(states))
    connection.execute(
        # The marks are question marks, as many as there are states.
        "UPDATE commands SET dispatched_at = ?1 WHERE officer = ?2 AND dispatched_at > ?1"  # noqa: S608 - as said
        f" AND state IN ({marks})",
        (utc_text(latest), officer, *states),
    )


def planned_commands(
    connection: sqlite3.Connection, officer: str, *, opens: bool = True
) -> list[CommandRecord]:
    """The officer's planned commands, with or without those that open, oldest first; so many as a look is worth."""
    rows = connection.execute(
        "SELECT c.* FROM commands c JOIN directives d USING (officer, directive_id)"
        " WHERE c.officer = ?1 AND c.state = 'PLANNED' AND (?2 OR c.kind <> 'OPEN')"
        " ORDER BY d.id, c.number LIMIT ?3",
        (officer, opens, MAX_PLANNED),
    )
    return [command(row) for row in rows]


def count_commands(connection: sqlite3.Connection, officer: str, states: Sequence[CommandState]) -> int:
    """How many commands the officer has in those states."""
    marks = ", ".join("?" * len(states))
    (count,) = connection.execute(
        # The marks are question marks, as many as there are states.
        f"SELECT count(*) FROM commands WHERE officer = ? AND state IN ({marks})",  # noqa: S608
        (officer, *states),
    ).fetchone()
    return int(count)


def changes_of(
    connection: sqlite3.Connection, officer: str, *, order: int = 0, position: int = 0
) -> list[CommandRecord]:
    """The officer's MODIFY and CANCEL commands that are under way for that order or position, oldest first."""
    column, target = ("target_order", order) if order else ("target_position", position)
    rows = connection.execute(
        # One of two columns. Said that it is not 0, SQLite may use the index of those that are not.
        f"SELECT * FROM commands WHERE officer = ? AND {column} = ? AND {column} <> 0"  # noqa: S608 - as said above
        " AND kind IN ('MODIFY', 'CANCEL')"
        " AND state IN ('DISPATCHED', 'SUBMITTED', 'PLACED', 'UNRESOLVED', 'UNKNOWN') ORDER BY dispatched_at",
        (officer, target),
    )
    return [command(row) for row in rows]


def insert_command(connection: sqlite3.Connection, record: CommandRecord, at: datetime) -> None:
    """A new command. Raises sqlite3.IntegrityError for a token or a leg that is taken, and msgspec.ValidationError
    for an order that could not be read again."""
    order = record.order
    _order.decode(order_json(order))
    connection.execute(
        "INSERT INTO commands (client_order_id, officer, directive_id, number, created_at,"
        " body, kind, order_type, symbol,"
        " side, volume, target_order, target_position, opening_directive_id, state, expires_at, attempt,"
        " request_no, absences, touched_at, dispatched_at, order_ticket, position_id, filled, reason, message)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            record.client_order_id,
            record.officer,
            record.directive_id,
            record.number,
            utc_text(at),
            order_json(order),
            order.kind,
            order.order_type,
            order.symbol,
            order.side,
            plain(order.volume),
            order.order,
            order.position,
            record.opening_directive_id,
            record.state,
            utc_text(record.expires_at),
            record.attempt,
            record.request_no,
            record.absences,
            text(record.touched_at),
            text(record.dispatched_at),
            record.order_ticket,
            record.position_id,
            plain(record.filled),
            record.reason,
            record.message,
        ),
    )


def update_command(connection: sqlite3.Connection, record: CommandRecord) -> None:
    """What may change of a command. Its order never does."""
    connection.execute(
        "UPDATE commands SET state = ?, attempt = ?, request_no = ?, absences = ?, touched_at = ?,"
        " dispatched_at = ?, order_ticket = ?, position_id = ?, filled = ?, reason = ?, message = ?"
        " WHERE client_order_id = ?",
        (
            record.state,
            record.attempt,
            record.request_no,
            record.absences,
            text(record.touched_at),
            text(record.dispatched_at),
            record.order_ticket,
            record.position_id,
            plain(record.filled),
            record.reason,
            record.message,
            record.client_order_id,
        ),
    )
