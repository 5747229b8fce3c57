"""Commands of table `commands` that may still change what there is to close, to change or to cancel."""

import sqlite3
from datetime import datetime
from typing import Final

from bridge.core.director.contract import OrderType, utc_text
from bridge.core.link.messages import CommandKind
from bridge.core.trade.command_states import CommandState
from bridge.core.trade.precedence import Earlier
from bridge.core.units.mt5_terms import Side
from bridge.journal.database.sql import words
from bridge.journal.database.words import member
from bridge.journal.tables.commands import SENT_STATES, TABLE
from bridge.journal.tables.values import Account

_S = CommandState
_ITS_ORDER: Final = (
    "o.officer = :officer AND o.server = :server AND o.login = :login AND o.ticket = c.order_ticket"
)
_TARGET_ORDER: Final = (
    "o.officer = :officer AND o.server = :server AND o.login = :login AND o.ticket = c.target_order"
)
_MAY_CHANGE_POSITION: Final = (
    # First the states that the index of them finds: the other conditions are read of what is not over alone.
    f"c.state IN ({words([_S.PLANNED, *SENT_STATES])})"
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


def symbols(
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


def in_symbol(
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

    `target` is a directive, or None; `before_id` and the last two times are as for `symbols`.
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
