"""Operator command `flatten`: close all positions, cancel all pending orders, and halt."""

from datetime import datetime

import msgspec

from bridge.core.link.messages import Name
from bridge.core.settings import Settings
from bridge.journal.journal import Journal
from bridge.journal.operator.halt import Flattened
from bridge.journal.operator.stop_requests import StopRequest
from bridge.sidecar.operator.request import (
    Nonce,
    StopCommand,
    Why,
    noted,
    officers_meant,
    symbols_known,
    unknown_symbol,
)


class Flattens(msgspec.Struct, frozen=True, kw_only=True):
    """One directive for each officer."""

    flattens: list[Flattened]
    not_stored: str = ""
    """Reason for which they are in force in the sidecar's memory alone; empty where the journal has them."""


class FlattenRequest(StopCommand[Flattens], frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Close all positions and cancel all pending orders of one officer or, with None, of all; and halt.

    With a symbol, close, cancel and halt in that symbol alone.
    """

    name = "flatten"

    nonce: Nonce
    officer: Name | None = None
    symbol: str = ""
    """The Director's name for it, or the broker's; empty for all."""
    why: Why = ""

    @classmethod
    def answer_type(cls) -> type[Flattens]:
        return Flattens

    def perform(self, journal: Journal, settings: Settings, now: datetime) -> Flattens:
        self.check(journal, settings)
        return Flattens(
            flattens=[
                journal.flatten(officer, now, nonce=self.nonce, why=self.why, symbol=self.symbol)
                for officer in officers_meant(self.officer, settings)
            ]
        )

    def check(self, journal: Journal, settings: Settings) -> None:
        officers = officers_meant(self.officer, settings)
        if self.symbol:
            known = symbols_known(officers, journal, settings)
            if self.symbol not in known:
                raise unknown_symbol(self.symbol, known)

    def needs_journal(self) -> str:
        return (
            "a close that is in no journal is never sent; press the flatten button of the Expert Advisor twice, "
            "which closes by the terminal's own ledger"
        )

    def needs_check(self) -> bool:
        return bool(self.symbol)

    def stop_requests(self, settings: Settings, now: datetime) -> list[StopRequest]:
        officers = officers_meant(self.officer, settings)
        return [
            StopRequest(officer, now, symbol=self.symbol, why=self.why, nonce=self.nonce, by=self.by)
            for officer in officers
        ]

    def stopped(self, stops: list[StopRequest], not_stored: str, *, unchecked: bool) -> Flattens:
        return Flattens(
            flattens=[stop.flattened for stop in stops],
            not_stored=noted(not_stored, self.symbol, unchecked=unchecked),
        )
