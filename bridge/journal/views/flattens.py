"""Progress of a flatten, from its first round to its last."""

import sqlite3
from typing import Final

import msgspec

from bridge.core.settings import OfficerSettings
from bridge.core.trade.command_states import CommandState
from bridge.journal.steps import lost_records
from bridge.journal.steps.flatten_rounds import NOTHING_OPEN
from bridge.journal.steps.symbol_selection import SymbolSelection
from bridge.journal.tables import commands, directives, officers, orders, positions

_REFUSED: Final = (CommandState.REJECTED, CommandState.NEVER_SENT)


class FlattenProgress(msgspec.Struct, frozen=True, kw_only=True):
    """State of one flatten."""

    ended: bool
    """No further round follows."""
    flat: bool
    """It has ended with nothing open and nothing pending."""
    code: str = ""
    """Reason of an end with something left: RESUMED or EXPIRED."""
    positions: list[int] = []
    """Identifiers of the positions that are open."""
    orders: list[int] = []
    """Tickets of the orders on the book."""
    lost: list[int] = []
    """Those of them that belong to lost orders: they are closed once they are adopted."""
    done: int = 0
    """Number of closes and cancels that took effect."""
    last_refusal: str = ""
    """Last reason for which a close or cancel was refused; empty where none was."""


def progress(
    connection: sqlite3.Connection, settings: OfficerSettings, directive_id: str, symbol: str
) -> FlattenProgress:
    """Return the progress of the flatten with that id."""
    rounds = directives.series(connection, settings.id, directive_id)
    known = officers.load(connection, settings.id)
    if not rounds or known is None:
        return FlattenProgress(ended=False, flat=False)
    selection = SymbolSelection(connection, known.account, settings, symbol)
    made = [
        command
        for each in rounds
        for command in commands.of_directive(connection, settings.id, each.directive_id)
    ]
    refused = [command for command in made if command.state in _REFUSED]
    last = rounds[-1]
    # Each round that sends something adds the next one in the same step.
    ended = last.state.over
    flat = ended and last.error_code == NOTHING_OPEN.code
    lots = [lot for lot in positions.open_lots(connection, known.account) if selection.holds(lot)]
    on_book = orders.resting(connection, known.account, last.received_at)
    lost = [
        each
        for each in lost_records.open_things(connection, known.account, settings.prefix)
        if not flat and selection.any_of({each.symbol})
    ]
    return FlattenProgress(
        ended=ended,
        flat=flat,
        code="" if flat or not ended else last.error_code,
        positions=sorted(
            {*(lot.identifier for lot in lots), *(each.number for each in lost if not each.order)}
        ),
        orders=sorted(
            {
                *(order.ticket for order in on_book if selection.holds(order)),
                *(each.number for each in lost if each.order),
            }
        ),
        lost=[each.number for each in lost],
        done=sum(command.state in (CommandState.FILLED, CommandState.DONE) for command in made),
        last_refusal=refused[-1].message if refused else "",
    )
