"""Operator command `flatten`: close all positions, cancel all pending orders, and halt."""

from datetime import datetime

import msgspec

from bridge.core.link.messages import Name
from bridge.core.settings import Settings
from bridge.journal.journal import Journal
from bridge.journal.operator.halt import Flattened
from bridge.journal.operator.stop_requests import StopRequest
from bridge.sidecar.operator.request import Nonce, StopCommand, Why, officers_meant


class Flattens(msgspec.Struct, frozen=True, kw_only=True):
    """One directive for each officer."""

    flattens: list[Flattened]
    not_stored: str = ""
    """Reason for which they are in force in the sidecar's memory alone; empty where the journal has them."""


class FlattenRequest(StopCommand[Flattens], frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Close all positions and cancel all pending orders of one officer or, with None, of all; and halt."""

    name = "flatten"

    nonce: Nonce
    officer: Name | None = None
    why: Why = ""

    @classmethod
    def answer_type(cls) -> type[Flattens]:
        return Flattens

    def perform(self, journal: Journal, settings: Settings, now: datetime) -> Flattens:
        return Flattens(
            flattens=[
                journal.flatten(officer, now, nonce=self.nonce, why=self.why)
                for officer in officers_meant(self.officer, settings)
            ]
        )

    def stop_requests(self, settings: Settings, now: datetime) -> list[StopRequest]:
        officers = officers_meant(self.officer, settings)
        return [StopRequest(officer, now, why=self.why, nonce=self.nonce) for officer in officers]

    def stopped(self, stops: list[StopRequest], not_stored: str, *, unchecked: bool) -> Flattens:
        return Flattens(flattens=[stop.flattened for stop in stops], not_stored=not_stored)
