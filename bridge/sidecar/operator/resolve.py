"""Operator command `resolve`: state the outcome of a command that no evidence shows."""

from datetime import datetime
from decimal import Decimal

from bridge.core.link.messages import Name
from bridge.core.settings import Settings
from bridge.journal.journal import Journal
from bridge.journal.operator.resolve import CannotResolveError, Resolved, Verdict
from bridge.sidecar.operator.request import Note, RefusedError, Request, officers_meant


class ResolveRequest(Request[Resolved], frozen=True, kw_only=True, forbid_unknown_fields=True):
    """End a command whose outcome is unknown as the operator found it at the broker."""

    name = "resolve"

    directive_id: Name
    verdict: Verdict
    note: Note
    officer: Name | None = None
    """None: the one officer that has such a directive."""
    client_order_id: int | None = None
    """Command of the directive that is meant. None: its only unresolved one."""
    price: Decimal | None = None
    """Fill price."""
    quantity: Decimal | None = None
    """Filled quantity in lots. None: all."""

    @classmethod
    def answer_type(cls) -> type[Resolved]:
        return Resolved

    def perform(self, journal: Journal, settings: Settings, now: datetime) -> Resolved:
        officers = officers_meant(self.officer, settings)
        having = [each for each in officers if journal.has_directive(each, self.directive_id)]
        if not having:
            raise RefusedError(
                f'unknown directive "{self.directive_id}": the journal does not have it; '
                "'execution-officer journal list' shows all"
            )
        if len(having) > 1:
            raise RefusedError(
                f'directive "{self.directive_id}" exists for several officers ({", ".join(having)}); '
                "name one with --officer"
            )
        try:
            return journal.resolve(
                having[0],
                now,
                directive_id=self.directive_id,
                verdict=self.verdict,
                note=self.note,
                client_order_id=self.client_order_id,
                price=self.price,
                quantity=self.quantity,
            )
        except CannotResolveError as error:
            raise RefusedError(str(error)) from error
