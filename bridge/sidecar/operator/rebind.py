"""Operator command `rebind`: lift a quarantine and accept another ledger or account."""

from datetime import datetime

from bridge.core.link.messages import Name
from bridge.core.settings import Settings
from bridge.journal.journal import Journal
from bridge.journal.operator.rebind import Rebound, StillUnresolvedError
from bridge.sidecar.operator.request import Note, RefusedError, Request, officers_meant


class RebindRequest(Request[Rebound], frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Let an officer continue with another ledger or account. Its terminal has no session meanwhile."""

    name = "rebind"

    officer: Name
    why: Note
    account: bool = False
    """Forget its account too."""

    @classmethod
    def answer_type(cls) -> type[Rebound]:
        return Rebound

    def officer_without_session(self) -> str | None:
        return self.officer

    def check(self, journal: Journal, settings: Settings) -> None:
        officers_meant(self.officer, settings)
        try:
            journal.check_rebind(self.officer, account=self.account)
        except StillUnresolvedError as error:
            raise RefusedError(str(error)) from error

    def perform(self, journal: Journal, settings: Settings, now: datetime) -> Rebound:
        self.check(journal, settings)
        return journal.rebind(self.officer, now, account=self.account, why=self.why)
