"""Look at sidecar and journal: what each shows, and the reason where one cannot be read."""

import sqlite3
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from bridge.core.settings import Settings
from bridge.journal.database.alteration import Altered
from bridge.journal.database.errors import JournalAlteredError, JournalError
from bridge.journal.operator import lost_orders
from bridge.journal.operator.lost_orders import LostOrders
from bridge.journal.views import status as queries
from bridge.journal.views.status import JournalStatus, OfficerStatus
from bridge.sidecar.live_status import LiveStatus
from bridge.status.command_lines import CommandLines
from bridge.status.health import RequiredAction, required_actions
from bridge.status.reading import journal_at

_UNREAD: Final = "stop the sidecar, and look at the file and its folder; nothing of it can be shown"
_UNREAD_ALTERED: Final = "undo that, and leave the sidecar running: it goes on by itself, and nothing is lost"


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """State of sidecar and journal as of one moment."""

    sidecar: LiveStatus | None = None
    nobody: str = ""
    """Reason for which no sidecar was asked; empty where one answered, or did not answer."""
    unanswered: str = ""
    """Reason for which a sidecar that seems to run showed nothing; empty where none does, or one answered."""
    journal: JournalStatus | None = None
    """None where it could not be read, for the reason in `unread` or `error`."""
    lost: list[LostOrders] = []
    """Orders that the journal lacks."""
    unread: Altered | None = None
    """Reason and remedy of a journal that cannot be read beside its owner."""
    error: JournalError | None = None
    """Error of a journal that cannot be read and that no process owns."""

    def actions(self, settings: Settings, lines: CommandLines) -> list[RequiredAction]:
        """Return the required actions, the gravest first. `lines`: for the command lines of the remedies."""
        configured = {officer.id for officer in settings.officers}
        return required_actions(
            self.journal, self.sidecar, self.unanswered, lines, configured, self.unread, self.lost
        )


def with_journal(shown: Look, path: Path, settings: Settings, now: datetime) -> Look:
    """Return the look with the journal's part, or with the reason for which it cannot be read.

    Nothing is changed, and no JournalError is raised.
    """
    try:
        journal, lost = _read(path, settings, now)
    except JournalError as error:
        if shown.sidecar is None and not shown.unanswered:
            return msgspec.structs.replace(shown, error=error)
        altered = isinstance(error, JournalAlteredError)
        unread = Altered(str(error), _UNREAD_ALTERED if altered else _UNREAD)
        return msgspec.structs.replace(shown, unread=unread)
    return msgspec.structs.replace(shown, journal=journal, lost=lost)


def _read(path: Path, settings: Settings, now: datetime) -> tuple[JournalStatus, list[LostOrders]]:
    """Return the journal's status and its lost orders. Raises JournalError."""
    with journal_at(path) as db:
        journal = queries.status(db, path)
        db.conn.row_factory = sqlite3.Row
        lost = [lost_orders.list_all(db.conn, officer, now) for officer in settings.officers]
    known = {officer.officer for officer in journal.officers}
    # Officers of the configuration that the journal does not have yet.
    new = [OfficerStatus(officer=each.id) for each in settings.officers if each.id not in known]
    return msgspec.structs.replace(journal, officers=[*journal.officers, *new]), lost
