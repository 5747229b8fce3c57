"""Operator command `resume`: lift halts."""

from datetime import datetime

from bridge.core.link.messages import Name
from bridge.core.settings import Settings
from bridge.journal.journal import Journal
from bridge.sidecar.operator.halt import Halts
from bridge.sidecar.operator.request import Request, Why, officers_meant


class ResumeRequest(Request[Halts], frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Lift halts of one officer or, with None, of all. Answered with the halts that were lifted."""

    name = "resume"

    officer: Name | None = None
    symbol: str | None = None
    """None: every halt. Empty: only the officer's own, for all symbols."""
    why: Why = ""

    @classmethod
    def answer_type(cls) -> type[Halts]:
        return Halts

    def perform(self, journal: Journal, settings: Settings, now: datetime) -> Halts:
        lifted = [
            journal.resume(officer, now, symbol=self.symbol, why=self.why)
            for officer in officers_meant(self.officer, settings)
        ]
        return Halts(halts=[halt for halts in lifted for halt in halts])
