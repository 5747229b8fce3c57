"""Recover: an operator has lost orders adopted under their directives, or takes them over."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

import msgspec

from bridge.core.director.actions import Intent, intent_of
from bridge.core.director.contract import OPERATOR_PREFIX
from bridge.core.link.messages import CommandKind
from bridge.core.link.reports import encode_report
from bridge.core.settings import LinkSettings, OfficerSettings
from bridge.core.trade import events, transitions
from bridge.core.trade.command_states import CommandInput
from bridge.core.trade.directive_states import DirectiveState
from bridge.core.trade.lost_orders import LostOrder, kind_of, order_of
from bridge.core.trade.records import CommandRecord, PositionRecord
from bridge.core.units import broker_time
from bridge.core.units.decimals import ZERO
from bridge.journal.database.words import AuditKind
from bridge.journal.operator import lost_orders
from bridge.journal.operator.lost_orders import Found, FoundBy
from bridge.journal.steps.apply_reports import ReportBatch
from bridge.journal.steps.evidence import apply_evidence
from bridge.journal.steps.planned_commands import audit_planned
from bridge.journal.steps.sessions import offsets
from bridge.journal.steps.step import Step, json_text
from bridge.journal.tables import (
    broker_positions,
    commands,
    deals,
    directives,
    dismissed_orders,
    officers,
    positions,
    reports,
    sessions,
)

_ENDED_UNSENT: Final = (DirectiveState.REJECTED, DirectiveState.EXPIRED, DirectiveState.CANCELLED)
"""States of a directive without a command of which the Director was notified that nothing is sent."""


class CannotRecoverError(Exception):
    """A lost order that was named is not there, or has no directive. Nothing was changed."""


class Adopted(msgspec.Struct, frozen=True, kw_only=True):
    """Result of an adoption, by client order id."""

    adopted: list[int]
    postponed: list[int]
    """Their position is older than the history that was read: the next scan reads it, and they can be adopted."""
    known: list["Adoption"]
    """Those that the journal has taken back since they were listed, each with its directive."""


class Adoption(msgspec.Struct, frozen=True, kw_only=True):
    """One lost order, and the directive that it is adopted under."""

    client_order_id: int
    directive_id: str = ""
    """Empty: the one that was found."""


def adopt(
    step: Step,
    settings: OfficerSettings,
    chosen: Sequence[Adoption],
    *,
    why: str,
    report_past: bool,
    link: LinkSettings,
) -> Adopted:
    """Adopt lost orders. Raises CannotRecoverError.

    The journal gets directive, command, deals, lots and order as the stored reports show them. The Director is
    notified of nothing that happened by the last scan, unless `report_past`: it was notified before the loss, or an
    operator sees it now in the list. Where this journal has reported that a directive was never sent, the Director
    must learn the truth, so that its past is reported in any case.
    """
    found = {
        each.lost.client_order_id: each for each in lost_orders.find(step.connection, step.account, settings)
    }
    known = _taken_back(step, found, chosen)
    taken_back = {each.client_order_id for each in known}
    adopting = _Adopting(step, settings, report_past=report_past, link=link)
    named = [
        (_named(found, each), each.directive_id) for each in chosen if each.client_order_id not in taken_back
    ]
    if known and not named:
        # Nothing is changed, and nothing is in the audit.
        return Adopted(adopted=[], postponed=[], known=known)
    pairs = [pair for pair in named if _is_described(pair[0])]
    postponed = [each for each, _ in named if not _is_described(each)]
    opens = [pair for pair in pairs if kind_of(pair[0].lost) is CommandKind.OPEN]
    # A close needs the lot that it is about.
    for group in (opens, [pair for pair in pairs if pair not in opens]):
        adopting.adopt([(each, directive_id or each.directive_id) for each, directive_id in group])
    adopting.read_history_again(postponed)
    ids = sorted(each.lost.client_order_id for each, _ in pairs)
    step.audit(
        AuditKind.OPERATOR,
        "recover",
        json_text({"adopted": ids, "why": why, "report_past": report_past}),
    )
    return Adopted(
        adopted=ids, postponed=sorted(each.lost.client_order_id for each in postponed), known=known
    )


def _taken_back(step: Step, found: Collection[int], chosen: Sequence[Adoption]) -> list[Adoption]:
    """Return those of the chosen that are lost no more: the journal has their command and position.

    They were adopted before, or the Director listed their directive again after they were shown to the operator.
    Raises CannotRecoverError where another directive was named.
    """
    known = []
    for each in chosen:
        if each.client_order_id in found:
            continue
        command = commands.load(step.connection, step.officer, each.client_order_id)
        if command is None:
            continue
        if each.directive_id not in ("", command.directive_id):
            raise CannotRecoverError(
                f"client order id {each.client_order_id} belongs to directive {command.directive_id} in the "
                f"journal, and not to {each.directive_id}; leave it there"
            )
        known.append(Adoption(client_order_id=each.client_order_id, directive_id=command.directive_id))
    return known


def _is_described(found: Found) -> bool:
    """Return False where a position alone shows the order: its volume and levels may have been others."""
    lost = found.lost
    return found.found_by is FoundBy.JOURNAL or bool(lost.request or lost.orders or lost.deals or lost.stages)


def dismiss(
    step: Step, settings: OfficerSettings, client_order_ids: Collection[int], *, why: str, link: LinkSettings
) -> list[int]:
    """Note that an operator takes lost orders over: they are none of ours from now on. Raises CannotRecoverError.

    Deals of them that were parked are applied as anybody's.
    """
    found = {
        each.lost.client_order_id: each for each in lost_orders.find(step.connection, step.account, settings)
    }
    ids = sorted(set(client_order_ids))
    taken = [_named(found, Adoption(client_order_id=each)) for each in ids]
    for each in taken:
        dismissed_orders.add(step.connection, step.officer, each.lost.client_order_id, why, step.now)
    batch = ReportBatch(step, settings, sessions.last_epoch(step.connection, step.officer), link)
    for position in sorted({position for each in taken for position in each.lost.position_ids}):
        for deal in deals.parked(step.connection, step.account, position):
            batch.take(0, encode_report(deal))
    step.audit(AuditKind.OPERATOR, "recover", json_text({"dismissed": ids, "why": why}))
    return ids


def _named(found: dict[int, Found], adoption: Adoption) -> Found:
    each = found.get(adoption.client_order_id)
    if each is None:
        raise CannotRecoverError(
            f"client order id {adoption.client_order_id} is none of a lost order; "
            "use 'execution-officer recover' to see them"
        )
    return each


class _Adopting:
    """Adoption of several lost orders in one step."""

    def __init__(
        self, step: Step, settings: OfficerSettings, *, report_past: bool, link: LinkSettings
    ) -> None:
        self._step = step
        self._settings = settings
        self._report_past = report_past
        self._link = link
        self._offsets = offsets(step)
        self._epoch = sessions.last_epoch(step.connection, step.officer)
        self._positions: set[int] = set()
        officer = officers.load_or_add(step.connection, step.officer)
        self._scanned = self._to_utc(officer.watermark_server_ms)
        self._open = set(broker_positions.load_all(step.connection, step.account))

    def adopt(self, chosen: Sequence[tuple[Found, str]]) -> None:
        """Adopt lost orders, each under its directive, and apply what is stored of them."""
        step = self._step
        added = [self._add(each, directive_id) for each, directive_id in chosen]
        step.adopting = True
        try:
            apply_evidence(step, self._settings, self._link, self._epoch, added)
        finally:
            step.adopting = False
        for command in added:
            step.refresh_directive(command.directive_id)

    def _add(self, each: Found, directive_id: str) -> CommandRecord:
        """Store directive and command of one lost order. Return the command."""
        step, lost = self._step, each.lost
        if not directive_id:
            raise CannotRecoverError(
                f"lost order {lost.client_order_id} has no directive that is known; name one with --directive, or "
                "take it over with --dismiss"
            )
        silent_until = self._silent_until(directive_id)
        self._add_directive(directive_id, silent_until)
        self._positions |= lost.position_ids
        evidence = f"{lost.client_order_id} found by {each.found_by or 'an operator'}"
        step.audit(AuditKind.ADOPTED, directive_id, evidence, directive_id)
        known = commands.load(step.connection, step.officer, lost.client_order_id)
        if known is None:
            return self._add_command(lost, directive_id, silent_until)
        adopted = msgspec.structs.replace(known, silent_until=silent_until)
        commands.update(step.connection, adopted)
        return adopted

    def read_history_again(self, postponed: Sequence[Found]) -> None:
        """Let the next scan begin early enough, where not every deal of an open position is known."""
        wanted = self._positions.union(*(each.lost.position_ids for each in postponed))
        for identifier in sorted(wanted & self._open):
            shown = reports.latest_position(self._step.connection, self._step.account, identifier)
            lots = positions.lots_in(self._step.connection, self._step.account, identifier)
            if shown is not None and sum((lot.volume_by_deals for lot in lots), ZERO) != shown.volume:
                officers.lower_watermark(self._step.connection, self._step.officer, shown.time_server_ms)

    def _to_utc(self, server_ms: int) -> datetime:
        return broker_time.to_utc(server_ms, self._offsets, self._step.now)

    def _silent_until(self, directive_id: str) -> datetime | None:
        step = self._step
        state = directives.state_of(step.connection, step.officer, directive_id)
        unsent = not commands.of_directive(step.connection, step.officer, directive_id)
        if self._report_past or (state in _ENDED_UNSENT and unsent):
            return None
        return self._scanned

    def _add_directive(self, directive_id: str, silent_until: datetime | None) -> None:
        step = self._step
        if not directives.exists(step.connection, step.officer, directive_id):
            own = directive_id.startswith(OPERATOR_PREFIX)
            directives.add_adopted(step.connection, step.officer, directive_id, own=own, at=step.now)
            if silent_until is None and not own:
                step.emit([events.received(step.officer, directive_id, step.now)])

    def _add_command(
        self, lost: LostOrder, directive_id: str, silent_until: datetime | None
    ) -> CommandRecord:
        """Store the command as one that was submitted. Its reports show the rest."""
        step = self._step
        lot = self._target(lost)
        order = order_of(
            lost,
            kind=self._kind(directive_id),
            opener=lot.client_order_id if lot is not None else 0,
            to_utc=self._to_utc,
        )
        if order is None:
            raise CannotRecoverError(
                f"lost order {lost.client_order_id} has no order at the broker or in the ledger any more; "
                "take it over with --dismiss"
            )
        record = CommandRecord(
            officer=step.officer,
            directive_id=directive_id,
            number=commands.next_number(step.connection, step.officer, directive_id),
            order=msgspec.structs.replace(order, directive_id=directive_id),
            expires_at=step.now,
            attempt=1,
            dispatched_at=step.now,
            opening_directive_id=lot.directive_id
            if lot is not None and order.kind is not CommandKind.OPEN
            else "",
            silent_until=silent_until,
        )
        place = directives.place(step.connection, step.officer, directive_id)
        commands.add(step.connection, record, step.now, place=place)
        audit_planned(step, record)
        outcome = transitions.advance(record, CommandInput.SUBMITTED, step.now)
        step.apply_outcome(outcome, record)
        return outcome.command or record

    def _kind(self, directive_id: str) -> CommandKind | None:
        """Return what the directive asks for, where its content is known."""
        action = directives.action_of(self._step.connection, self._step.officer, directive_id)
        if action is None:
            return None
        return {Intent.OPEN: CommandKind.OPEN, Intent.CLOSE: CommandKind.CLOSE}.get(intent_of(action))

    def _target(self, lost: LostOrder) -> PositionRecord | None:
        """Return the lot that a close or a change is about."""
        step, opener = self._step, lost.request.opener if lost.request is not None else 0
        for identifier in sorted(lost.position_ids):
            lots = positions.lots_in(step.connection, step.account, identifier)
            for lot in lots:
                if opener in (0, lot.client_order_id):
                    return lot
        return None
