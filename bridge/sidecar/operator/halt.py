"""Operator command `halt`: refuse opens until they are resumed."""

from datetime import datetime

import msgspec

from bridge.core.link.messages import Name
from bridge.core.settings import Settings
from bridge.journal.journal import Journal
from bridge.journal.operator.stop_requests import StopRequest
from bridge.journal.tables.halts import Halt
from bridge.sidecar.operator.request import (
    StopCommand,
    Why,
    noted,
    officers_meant,
    symbols_known,
    unknown_symbol,
)


class Halts(msgspec.Struct, frozen=True, kw_only=True):
    """Halts in force, or halts that were lifted; by officer and symbol."""

    halts: list[Halt]
    not_stored: str = ""
    """Reason for which they are in force in the sidecar's memory alone; empty where the journal has them."""


class HaltRequest(StopCommand[Halts], frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Stop opens of one officer or, with None, of all."""

    name = "halt"

    officer: Name | None = None
    symbol: str = ""
    """The Director's name for it, or the broker's; empty for all."""
    why: Why = ""

    @classmethod
    def answer_type(cls) -> type[Halts]:
        return Halts

    def perform(self, journal: Journal, settings: Settings, now: datetime) -> Halts:
        self.check(journal, settings)
        officers = officers_meant(self.officer, settings)
        return Halts(
            halts=[journal.halt(officer, now, symbol=self.symbol, why=self.why) for officer in officers]
        )

    def check(self, journal: Journal, settings: Settings) -> None:
        officers = officers_meant(self.officer, settings)
        if self.symbol:
            _check_symbol(self.symbol, officers, journal, settings)

    def needs_check(self) -> bool:
        return bool(self.symbol)

    def stop_requests(self, settings: Settings, now: datetime) -> list[StopRequest]:
        officers = officers_meant(self.officer, settings)
        return [
            StopRequest(officer, now, symbol=self.symbol, why=self.why, by=self.by) for officer in officers
        ]

    def stopped(self, stops: list[StopRequest], not_stored: str, *, unchecked: bool) -> Halts:
        return Halts(
            halts=[stop.halt for stop in stops],
            not_stored=noted(not_stored, self.symbol, unchecked=unchecked),
        )


def _check_symbol(symbol: str, officers: list[str], journal: Journal, settings: Settings) -> None:
    """Raise RefusedError for an unknown symbol: its halt would stop nothing, and nobody would notice.

    While no symbol at all is known there is nothing to compare it with, and any symbol is accepted.
    """
    known = symbols_known(officers, journal, settings)
    if known and symbol not in known:
        raise unknown_symbol(symbol, known)
