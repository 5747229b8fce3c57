"""Operator command `flatten`: close all positions, cancel all pending orders, and halt."""

from datetime import datetime

import msgspec

from bridge.core.link.messages import Name
from bridge.core.settings import Settings
from bridge.journal.journal import Journal
from bridge.journal.operator.halt import Flattened
from bridge.sidecar.operator.request import Nonce, Request, Why, officers_meant


class Flattens(msgspec.Struct, frozen=True, kw_only=True):
    """One directive for each officer."""

    flattens: list[Flattened]


class FlattenRequest(Request[Flattens], frozen=True, kw_only=True, forbid_unknown_fields=True):
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
