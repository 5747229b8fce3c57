"""Rows to records and back. All SQL that reads or writes one command, position or deal stands here."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

import msgspec

from bridge.core.amounts import plain
from bridge.core.contract import utc_text
from bridge.core.facts import DealFact, decode_fact, encode_fact
from bridge.core.lifecycle import CommandState, PositionState
from bridge.core.protocol import CommandKind, Order
from bridge.core.records import CommandRecord, Disposition, PositionRecord
from bridge.core.terms import Side

MAX_PLANNED: Final = 64
"""Commands looked at for one dispatch: more than a window, so that resting ones hold up no others."""


class Account(msgspec.Struct, frozen=True):
    """The account that an officer's facts, positions and event keys belong to. ('', 0) until it is bound."""

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


def _text(at: datetime | None) -> str | None:
    return None if at is None else utc_text(at)


def _amount(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)


def _total(value: Decimal) -> str:
    """A sum, which may outgrow what a single amount can be: a fact must not fail on it."""
    return format(value, "f")


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


# Commands


def command(row: sqlite3.Row) -> CommandRecord:
    """The record of a row of `commands`."""
    expires_at = datetime.fromisoformat(row["expires_at"])
    return CommandRecord(
        officer=row["officer"],
        directive_id=row["directive_id"],
        leg=row["leg"],
        order=_order.decode(row["body"]),
        state=CommandState(row["state"]),
        expires_at=expires_at,
        attempt=row["attempt"],
        ask=row["ask"],
        touched_at=moment(row["touched_at"]),
        dispatched_at=moment(row["dispatched_at"]),
        absences=row["absences"],
        order_ticket=row["order_ticket"],
        position_id=row["position_id"],
        filled=Decimal(row["filled"]),
        reason=row["reason"],
        message=row["message"],
    )


def load_command(connection: sqlite3.Connection, officer: str, token: int) -> CommandRecord | None:
    """The officer's command with that token."""
    row = connection.execute(
        "SELECT * FROM commands WHERE token = ? AND officer = ?", (token, officer)
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
        f" WHERE c.officer = ? AND c.state IN ({marks}) ORDER BY d.id, c.leg",
        (officer, *states),
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


def planned_commands(
    connection: sqlite3.Connection, officer: str, kind: CommandKind | None
) -> list[CommandRecord]:
    """The officer's planned commands, of one kind or of any, oldest first; so many as a look is worth."""
    rows = connection.execute(
        "SELECT c.* FROM commands c JOIN directives d USING (officer, directive_id)"
        " WHERE c.officer = ?1 AND c.state = 'PLANNED' AND (?2 IS NULL OR c.kind = ?2)"
        " ORDER BY d.id, c.leg LIMIT ?3",
        (officer, kind, MAX_PLANNED),
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


def insert_command(connection: sqlite3.Connection, record: CommandRecord, at: datetime) -> None:
    """A new command. Raises sqlite3.IntegrityError for a token or a leg that is taken."""
    order = record.order
    connection.execute(
        "INSERT INTO commands (token, officer, directive_id, leg, created_at, body, kind, symbol, side, volume,"
        " state, expires_at, attempt, ask, absences, touched_at, dispatched_at, order_ticket, position_id,"
        " filled, reason, message)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            record.token,
            record.officer,
            record.directive_id,
            record.leg,
            utc_text(at),
            order_json(order),
            order.kind,
            order.symbol,
            order.side,
            plain(order.volume),
            record.state,
            utc_text(record.expires_at),
            record.attempt,
            record.ask,
            record.absences,
            _text(record.touched_at),
            _text(record.dispatched_at),
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
        "UPDATE commands SET state = ?, attempt = ?, ask = ?, absences = ?, touched_at = ?, dispatched_at = ?,"
        " order_ticket = ?, position_id = ?, filled = ?, reason = ?, message = ? WHERE token = ?",
        (
            record.state,
            record.attempt,
            record.ask,
            record.absences,
            _text(record.touched_at),
            _text(record.dispatched_at),
            record.order_ticket,
            record.position_id,
            plain(record.filled),
            record.reason,
            record.message,
            record.token,
        ),
    )


# Positions


def position(row: sqlite3.Row) -> PositionRecord:
    """The record of a row of `positions`."""
    return PositionRecord(
        identifier=row["identifier"],
        officer=row["officer"],
        directive_id=row["directive_id"],
        token=row["token"],
        symbol=row["symbol"],
        side=Side(row["side"]),
        state=PositionState(row["state"]),
        volume_in=Decimal(row["volume_in"]),
        volume_out=Decimal(row["volume_out"]),
        price_open=_decimal(row["price_open"]),
        price_close=_decimal(row["price_close"]),
        stop_loss=_decimal(row["stop_loss"]),
        take_profit=_decimal(row["take_profit"]),
        commission=Decimal(row["commission"]),
        swap=Decimal(row["swap"]),
        profit=Decimal(row["profit"]),
        fee=Decimal(row["fee"]),
        opened_at=moment(row["opened_at"]),
        closed_at=moment(row["closed_at"]),
        close_reason=row["close_reason"],
    )


def load_position(connection: sqlite3.Connection, account: Account, identifier: int) -> PositionRecord | None:
    """The account's position with that identifier, where a command of ours opened it."""
    row = connection.execute(
        "SELECT * FROM positions WHERE officer = ? AND server = ? AND login = ? AND identifier = ?",
        (*account.key, identifier),
    ).fetchone()
    return position(row) if row else None


def open_positions(connection: sqlite3.Connection, account: Account) -> list[PositionRecord]:
    """The account's open positions that are ours, oldest first."""
    rows = connection.execute(
        "SELECT * FROM positions WHERE officer = ? AND server = ? AND login = ? AND state = 'OPEN'"
        " ORDER BY opened_at, identifier",
        account.key,
    )
    return [position(row) for row in rows]


def save_position(connection: sqlite3.Connection, account: Account, record: PositionRecord) -> None:
    """The position as it is now, new or known."""
    connection.execute(
        "INSERT OR REPLACE INTO positions (officer, server, login, identifier, directive_id, token, symbol, side,"
        " state, volume_in, volume_out, price_open, price_close, stop_loss, take_profit, commission, swap,"
        " profit, fee, opened_at, closed_at, close_reason)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *account.key,
            record.identifier,
            record.directive_id,
            record.token,
            record.symbol,
            record.side,
            record.state,
            _total(record.volume_in),
            _total(record.volume_out),
            _amount(record.price_open),
            _amount(record.price_close),
            _amount(record.stop_loss),
            _amount(record.take_profit),
            _total(record.commission),
            _total(record.swap),
            _total(record.profit),
            _total(record.fee),
            _text(record.opened_at),
            _text(record.closed_at),
            record.close_reason,
        ),
    )


# Deals


def _deals(rows: sqlite3.Cursor) -> list[DealFact]:
    facts = [decode_fact(row["body"].encode()) for row in rows]
    return [fact for fact in facts if isinstance(fact, DealFact)]


def deals_of_command(connection: sqlite3.Connection, account: Account, token: int) -> list[DealFact]:
    """The deals that were applied to the command, by ticket."""
    return _deals(
        connection.execute(
            "SELECT body FROM deals WHERE token = ? AND officer = ? AND server = ? AND login = ?"
            " AND disposition = 'APPLIED' ORDER BY ticket",
            (token, *account.key),
        )
    )


def deals_of_position(connection: sqlite3.Connection, account: Account, identifier: int) -> list[DealFact]:
    """The deals that were applied to the position, by ticket."""
    return _deals(
        connection.execute(
            "SELECT body FROM deals WHERE officer = ? AND server = ? AND login = ? AND position_id = ?"
            " AND disposition = 'APPLIED' ORDER BY ticket",
            (*account.key, identifier),
        )
    )


def parked_deals(connection: sqlite3.Connection, account: Account, identifier: int) -> list[DealFact]:
    """The deals that wait for the position's opening, by ticket."""
    return _deals(
        connection.execute(
            "SELECT body FROM deals WHERE officer = ? AND server = ? AND login = ? AND position_id = ?"
            " AND disposition = 'PARKED' ORDER BY ticket",
            (*account.key, identifier),
        )
    )


def token_of_deal(connection: sqlite3.Connection, account: Account, ticket: int) -> int | None:
    """The command that made the deal, where one of ours did."""
    row = connection.execute(
        "SELECT token FROM deals WHERE officer = ? AND server = ? AND login = ? AND ticket = ?",
        (*account.key, ticket),
    ).fetchone()
    return row["token"] if row else None


def save_deal(
    connection: sqlite3.Connection,
    account: Account,
    fact: DealFact,
    *,
    token: int | None,
    disposition: Disposition,
    done_at: datetime,
) -> None:
    """The deal as it is now, new or revised."""
    connection.execute(
        "INSERT OR REPLACE INTO deals (officer, server, login, ticket, token, order_ticket, position_id, symbol,"
        " type, entry, reason, volume, price, commission, swap, profit, fee, done_at, disposition, body)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *account.key,
            fact.ticket,
            token,
            fact.order,
            fact.position_id,
            fact.symbol,
            fact.type,
            fact.entry,
            fact.reason,
            plain(fact.volume),
            plain(fact.price),
            plain(fact.commission),
            plain(fact.swap),
            plain(fact.profit),
            plain(fact.fee),
            utc_text(done_at),
            disposition,
            encode_fact(fact).decode(),
        ),
    )
