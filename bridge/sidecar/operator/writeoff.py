"""Operator command `writeoff`: end a position that the broker no longer has and whose close no deal shows."""

from datetime import datetime
from typing import Annotated

import msgspec

from bridge.core.link.messages import Name
from bridge.core.settings import Settings
from bridge.exits import ExitCode
from bridge.journal.journal import Journal
from bridge.journal.operator.writeoff import CannotWriteOffError, UnscannedError, WrittenOff
from bridge.sidecar.operator.request import Note, RefusedError, Request, officers_meant


class WriteoffRequest(Request[WrittenOff], frozen=True, kw_only=True, forbid_unknown_fields=True):
    """End a position in the journal, and report it to the Director as closed without a deal."""

    name = "writeoff"

    position: Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
    """Position identifier of the broker."""
    note: Note
    officer: Name | None = None
    """None: the one officer that has such a position."""
    look: bool = False
    """Answer with what would be ended, and change nothing."""

    @classmethod
    def answer_type(cls) -> type[WrittenOff]:
        return WrittenOff

    def perform(self, journal: Journal, settings: Settings, now: datetime) -> WrittenOff:
        officers = officers_meant(self.officer, settings)
        having = journal.officers_with_position(officers, self.position)
        if not having:
            raise RefusedError(
                f"position {self.position} is not in the journal; 'execution-officer status' lists the open "
                "positions"
            )
        if len(having) > 1:
            raise RefusedError(
                f"position {self.position} exists for several officers ({', '.join(having)}); name one with "
                "--officer"
            )
        try:
            return journal.write_off(having[0], now, position=self.position, note=self.note, look=self.look)
        except UnscannedError as error:
            raise RefusedError(str(error), ExitCode.NO_TERMINAL) from error
        except CannotWriteOffError as error:
            raise RefusedError(str(error)) from error
