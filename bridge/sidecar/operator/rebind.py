"""Operator command `rebind`: lift a quarantine and accept another ledger, account or server name."""

from datetime import datetime

from bridge.core.link.messages import Name
from bridge.core.settings import Settings
from bridge.exits import ExitCode
from bridge.journal.journal import Journal
from bridge.journal.operator.rebind import Rebound, StillUnresolvedError, WrongLoginError
from bridge.sidecar.operator.request import Note, RefusedError, Request, officers_meant


class RebindRequest(Request[Rebound], frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Let an officer continue with another ledger or account. Its terminal has no session meanwhile."""

    name = "rebind"

    officer: Name
    why: Note
    account: bool = False
    """Forget its account too."""
    renamed_server: Name | None = None
    """Present name of its account's server, which the broker has renamed. Everything known of the account stays."""
    login: int | None = None
    """Required with `renamed_server`: login of the account, which a renamed server keeps."""

    @classmethod
    def answer_type(cls) -> type[Rebound]:
        return Rebound

    def officer_without_session(self) -> str | None:
        return self.officer

    def check(self, journal: Journal, settings: Settings) -> None:
        officers_meant(self.officer, settings)
        if (self.renamed_server is None) is not (self.login is None):
            raise RefusedError("renamed_server and login belong together; give both, or none of them")
        if self.account and self.renamed_server is not None:
            raise RefusedError(
                "account and renamed_server exclude each other; a renamed server keeps the account"
            )
        try:
            journal.check_rebind(
                self.officer,
                account=self.account,
                renamed_server=self.renamed_server or "",
                login=self.login or 0,
            )
        except StillUnresolvedError as error:
            raise RefusedError(str(error)) from error
        except WrongLoginError as error:
            raise RefusedError(f"{error}; nothing was changed", ExitCode.WRONG_LOGIN) from error

    def perform(self, journal: Journal, settings: Settings, now: datetime) -> Rebound:
        self.check(journal, settings)
        return journal.rebind(
            self.officer,
            now,
            account=self.account,
            why=self.why,
            renamed_server=self.renamed_server or "",
            login=self.login or 0,
        )
