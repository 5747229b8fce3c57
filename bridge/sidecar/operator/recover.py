"""Operator command `recover`: list lost orders, adopt them under their directives, or take them over."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec

from bridge.core.link.messages import ClientOrderId, Name
from bridge.core.settings import Settings
from bridge.exits import ExitCode
from bridge.journal.journal import Journal
from bridge.journal.operator.lost_orders import LostOrders
from bridge.journal.operator.recover import Adopted, Adoption, CannotRecoverError
from bridge.sidecar.operator.request import RefusedError, Request, Why, officers_meant


class Recovered(msgspec.Struct, frozen=True, kw_only=True):
    """Lost orders that are left, and those that the command adopted or dismissed."""

    officers: list[LostOrders]
    adopted: list[int]
    """Client order ids."""
    postponed: list[int]
    """Client order ids of positions older than the history that was read. The terminal reads it now."""
    known: list[Adoption]
    """Those that the journal has already, each with its directive."""
    dismissed: list[int]
    """Client order ids."""


class RecoverRequest(Request[Recovered], frozen=True, kw_only=True, forbid_unknown_fields=True):
    """List the lost orders of one officer or, with None, of all. With `adopt` or `dismiss` change them first."""

    name = "recover"

    officer: Name | None = None
    """Required with `adopt` and `dismiss`."""
    adopt: bool = False
    dismiss: bool = False
    client_order_ids: Annotated[list[ClientOrderId], msgspec.Meta(max_length=500)] = msgspec.field(
        default_factory=list
    )
    """Lost orders that are meant. Empty: with `adopt` all whose directive and order are known."""
    directive_id: Name | None = None
    """`adopt`: directive of the one lost order that is named. None: the one that was found."""
    report_past: bool = False
    """`adopt`: report to the Director what happened before, too, under the same keys as then."""
    last_scan: bool = False
    """Work with the last scan that the journal has, though no terminal has reported since the sidecar's start."""
    why: Why = ""

    @classmethod
    def answer_type(cls) -> type[Recovered]:
        return Recovered

    def officer_without_session(self) -> str | None:
        # The next session reads the history again, where that is needed.
        return self.officer if self.adopt else None

    def check(self, journal: Journal, settings: Settings) -> None:
        officers = officers_meant(self.officer, settings)
        self._check_arguments()
        for officer in officers:
            foreign = journal.foreign_ledger(officer)
            scanned = journal.has_scanned(officer)
            if foreign and (self.adopt or not (self.last_scan or scanned)):
                raise RefusedError(
                    f"{foreign}; nothing was changed; give the terminal the ledger of this officer's account, or "
                    "move the file away",
                    ExitCode.LEDGER_FOREIGN,
                )
            if not (self.last_scan or scanned):
                raise RefusedError(
                    f"no terminal of officer {officer} has reported its account since the journal was opened; "
                    "run the sidecar, connect the terminal, and try again, or use --last-scan to work with the "
                    "last scan that the journal has",
                    ExitCode.NO_TERMINAL,
                )

    def _check_arguments(self) -> None:
        if self.adopt and self.dismiss:
            raise RefusedError("adopt and dismiss exclude each other; use one of them")
        if (self.adopt or self.dismiss) and self.officer is None:
            raise RefusedError("officer is missing; name the officer whose lost orders are meant")
        if self.dismiss and not self.client_order_ids:
            raise RefusedError("client_order_ids is empty; name each lost order that you take over")
        if self.directive_id is not None and not (self.adopt and len(self.client_order_ids) == 1):
            raise RefusedError(
                f'directive_id "{self.directive_id}" is for one lost order that is adopted; name that one'
            )

    def perform(self, journal: Journal, settings: Settings, now: datetime) -> Recovered:
        self.check(journal, settings)
        adopted = Adopted(adopted=[], postponed=[], known=[])
        dismissed: list[int] = []
        try:
            if self.adopt and self.officer is not None:
                chosen = self._chosen(journal.lost_orders(self.officer, now))
                adopted = journal.adopt(
                    self.officer, now, chosen=chosen, why=self.why, report_past=self.report_past
                )
            elif self.dismiss and self.officer is not None:
                dismissed = journal.dismiss_orders(
                    self.officer, now, client_order_ids=self.client_order_ids, why=self.why
                )
        except CannotRecoverError as error:
            raise RefusedError(str(error)) from error
        left = [journal.lost_orders(officer, now) for officer in officers_meant(self.officer, settings)]
        return Recovered(
            officers=left,
            adopted=adopted.adopted,
            postponed=adopted.postponed,
            known=adopted.known,
            dismissed=dismissed,
        )

    def _chosen(self, found: LostOrders) -> Sequence[Adoption]:
        if self.client_order_ids:
            return [
                Adoption(client_order_id=each, directive_id=self.directive_id or "")
                for each in self.client_order_ids
            ]
        return [
            Adoption(client_order_id=each.client_order_id)
            for each in found.orders
            if each.directive_id and each.kind
        ]
