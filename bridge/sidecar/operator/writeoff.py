"""Operator command `writeoff`: end what the broker no longer has and whose end no record shows."""

from datetime import datetime
from typing import Annotated

import msgspec

from bridge.core.link.messages import Name
from bridge.core.settings import Settings
from bridge.core.trade.comparison import Thing
from bridge.exits import ExitCode
from bridge.journal.journal import Journal
from bridge.journal.operator.writeoff import CannotWriteOffError, UnscannedError, WrittenOff
from bridge.sidecar.operator.request import Note, RefusedError, Request, officers_meant


class WriteoffRequest(Request[WrittenOff], frozen=True, kw_only=True, forbid_unknown_fields=True):
    """End a position or order in the journal, and report that to the Director."""

    name = "writeoff"

    number: Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
    """Position identifier of the broker; with `order` an order ticket."""
    order: bool = False
    note: Note
    officer: Name | None = None
    """None: the one officer that has it."""
    look: bool = False
    """Answer with what would be ended, and change nothing."""

    @classmethod
    def answer_type(cls) -> type[WrittenOff]:
        return WrittenOff

    def perform(self, journal: Journal, settings: Settings, now: datetime) -> WrittenOff:
        officers = officers_meant(self.officer, settings)
        thing = Thing.ORDER if self.order else Thing.POSITION
        having = journal.officers_with(officers, thing, self.number)
        if not having:
            raise RefusedError(
                f"{thing} {self.number} is not in the journal; 'execution-officer status' lists what is open"
            )
        if len(having) > 1:
            raise RefusedError(
                f"{thing} {self.number} exists for several officers ({', '.join(having)}); name one with --officer"
            )
        try:
            return journal.write_off(
                having[0], now, thing=thing, number=self.number, note=self.note, look=self.look
            )
        except UnscannedError as error:
            raise RefusedError(str(error), ExitCode.NO_TERMINAL) from error
        except CannotWriteOffError as error:
            raise RefusedError(str(error)) from error
