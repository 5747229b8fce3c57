"""Table `position_mismatches`: positions and orders that differed from the broker's at the last scan."""

import sqlite3
from datetime import datetime
from typing import Final

import msgspec

from bridge.core.director.contract import utc_text
from bridge.core.trade.comparison import Difference, Field, Thing
from bridge.journal.database.sql import column_list, replace
from bridge.journal.database.words import member
from bridge.journal.tables.values import ACCOUNT_COLUMNS, OF_ACCOUNT, Account, moment, text

TABLE: Final = "position_mismatches"
COLUMNS: Final = (
    *ACCOUNT_COLUMNS,
    "thing",
    "number",
    "field",
    "code",
    "ours",
    "theirs",
    "shown",
    "directive_id",
    "symbol",
    "since",
    "scan_key",
    "raised_at",
)

Key = tuple[Thing, int, Field]


class Mismatch(msgspec.Struct, frozen=True, kw_only=True):
    """Difference, and the scans that showed it."""

    difference: Difference
    since: datetime
    """Time of the scan that showed a difference of this kind first."""
    scan_key: str
    """Report key of the scan that showed the present values first."""
    raised_at: datetime | None = None
    """Time at which it was raised; None while it may pass by itself."""

    @property
    def key(self) -> Key:
        """Identity of the difference, whatever its values."""
        return key_of(self.difference)


def key_of(difference: Difference) -> Key:
    """Return the identity of a difference, whatever its values."""
    return difference.thing, difference.number, difference.field


def _record(row: sqlite3.Row) -> Mismatch:
    return Mismatch(
        difference=Difference(
            thing=member(Thing, TABLE, "thing", row["thing"]),
            number=row["number"],
            field=member(Field, TABLE, "field", row["field"]),
            ours=row["ours"],
            theirs=row["theirs"],
            shown=bool(row["shown"]),
            directive_id=row["directive_id"],
            symbol=row["symbol"],
        ),
        since=datetime.fromisoformat(row["since"]),
        scan_key=row["scan_key"],
        raised_at=moment(row["raised_at"]),
    )


def load(connection: sqlite3.Connection, account: Account) -> dict[Key, Mismatch]:
    """Return the mismatches of the account."""
    rows = connection.execute(
        f"SELECT {column_list(COLUMNS)} FROM position_mismatches WHERE {OF_ACCOUNT}", account.parameters
    )
    return {found.key: found for found in map(_record, rows)}


def save(connection: sqlite3.Connection, account: Account, mismatch: Mismatch) -> None:
    """Store a mismatch, new or known."""
    difference = mismatch.difference
    connection.execute(
        replace(TABLE, COLUMNS),
        {
            **account.parameters,
            "thing": difference.thing,
            "number": difference.number,
            "field": difference.field,
            "code": difference.code,
            "ours": difference.ours,
            "theirs": difference.theirs,
            "shown": int(difference.shown),
            "directive_id": difference.directive_id,
            "symbol": difference.symbol,
            "since": utc_text(mismatch.since),
            "scan_key": mismatch.scan_key,
            "raised_at": text(mismatch.raised_at),
        },
    )


def delete(connection: sqlite3.Connection, account: Account, key: Key) -> None:
    """Delete a mismatch that is gone."""
    thing, number, field = key
    connection.execute(
        f"DELETE FROM position_mismatches WHERE {OF_ACCOUNT} AND thing = :thing AND number = :number"
        " AND field = :field",
        {**account.parameters, "thing": thing, "number": number, "field": field},
    )


def delete_of(connection: sqlite3.Connection, account: Account, thing: Thing, number: int) -> None:
    """Delete every mismatch of one position or order."""
    connection.execute(
        f"DELETE FROM position_mismatches WHERE {OF_ACCOUNT} AND thing = :thing AND number = :number",
        {**account.parameters, "thing": thing, "number": number},
    )
