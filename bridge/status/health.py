"""Actions required of an operator, derived from the journal and from a running sidecar."""

from collections.abc import Collection, Iterator, Sequence
from typing import Final

import msgspec

from bridge.core.director.responses import FailureKind
from bridge.core.units.elapsed import seconds_between
from bridge.journal.database.alteration import Altered
from bridge.journal.operator.lost_orders import LostOrders
from bridge.journal.views.status import JournalStatus, RaisedMismatch, UnresolvedCommand
from bridge.sidecar.live_status import LiveOfficer, LiveStatus, PollNote
from bridge.status.command_lines import CommandLines

UNKNOWN = "UNKNOWN"
"""State of a command whose outcome neither ledger nor broker shows."""
ALERTS: Final = "ALERTS"
"""Code of alerts that cannot be sent; they are never about themselves."""
LOCKED_S: Final = 2.0
"""Seconds for which a lock of another program may last before an action is required."""
MOST_NAMED: Final = 5
"""Most orders and positions that an action names."""
OUTAGE_S: Final = 300.0
"""Seconds for which the Director may be unreachable before an action is required."""


class RequiredAction(msgspec.Struct, frozen=True, kw_only=True):
    """Condition that ends only when an operator acts."""

    officer: str
    """Empty if it concerns all officers."""
    code: str
    """JOURNAL_LOST, HALT_NOT_STORED, JOURNAL_UNREAD, JOURNAL_ALTERED, QUARANTINED, HALTED, UNKNOWN,
    POSITION_MISMATCH, ORPHAN, UNCLOSABLE, REFUSED_EVENTS, OPENS_PAUSED, JOURNAL, DISPATCH, POLL, DELIVERY,
    NO_TERMINAL, TRADING_FORBIDDEN, NOT_CONFIGURED, LOST_ORDERS, NO_ANSWER, ALERTS."""
    what: str
    """Condition, in words."""
    remedy: str
    """Instruction for the operator."""


def required_actions(
    journal: JournalStatus | None,
    live: LiveStatus | None,
    unanswered: str,
    lines: CommandLines,
    configured: Collection[str] | None = None,
    unread: Altered | None = None,
    lost: Sequence[LostOrders] = (),
) -> list[RequiredAction]:
    """Return the required actions, the gravest first.

    `unanswered` is the reason for which a sidecar that seems to run did not answer, `lines` makes the command
    lines in the remedies, `configured` the officers of the configuration; None: all of the journal.
    `journal` is None where it could not be read, for the reason `unread`, which has its remedy. `lost` are the
    orders that it lacks.
    """
    found = [] if live is None else [*_of_stops(live)]
    if unread is not None:
        found.append(
            RequiredAction(officer="", code="JOURNAL_UNREAD", what=unread.what, remedy=unread.remedy)
        )
    if journal is not None:
        found += [*_of_journal(journal, lines), *_of_lost_orders(lost, lines)]
        if configured is not None:
            found += _of_removed_officers(journal, configured)
    if unanswered:
        remedy = "read its log; if it hangs, end it and start it again, which loses nothing"
        found.append(
            RequiredAction(officer="", code="NO_ANSWER", what=f"the sidecar {unanswered}", remedy=remedy)
        )
    if live is not None:
        found += _of_sidecar(live, lines)
        found += [] if journal is None else _of_delivery(journal, live)
    return found


def _of_stops(live: LiveStatus) -> Iterator[RequiredAction]:
    if live.journal_lost:
        what, _, remedy = live.journal_lost.partition("; ")
        yield RequiredAction(officer="", code="JOURNAL_LOST", what=what, remedy=remedy)
    for halt in live.stops_not_stored:
        yield RequiredAction(
            officer=halt.officer,
            code="HALT_NOT_STORED",
            what=(
                f"the halt of {halt.symbol or 'all symbols'} since {halt.since} is in force in the sidecar alone, "
                "and not in the journal yet"
            ),
            remedy=(
                "it ends with the sidecar: give the command again once the journal is back, before the next start"
                if live.journal_lost
                else "end the program that locks the journal, or make room on its disk; only then stop the sidecar"
            ),
        )
    if not live.journal_lost and not live.journal_trouble and live.journal_waits_s >= LOCKED_S:
        yield RequiredAction(
            officer="",
            code="JOURNAL",
            what=f"another program has locked the journal for {live.journal_waits_s:.0f} s, and nothing is sent",
            remedy="end that program",
        )


def _of_journal(journal: JournalStatus, lines: CommandLines) -> Iterator[RequiredAction]:
    if journal.altered is not None:
        yield RequiredAction(
            officer="",
            code="JOURNAL_ALTERED",
            what=f"the next start will refuse the journal, which another program changed: {journal.altered.what}",
            remedy=journal.altered.remedy,
        )
    for officer in journal.officers:
        if officer.quarantine:
            yield RequiredAction(
                officer=officer.officer,
                code="QUARANTINED",
                what=f"nothing is sent: {officer.quarantine}",
                remedy=(
                    f"compare the account with '{lines.named('journal list')}', adopt what the journal "
                    f"lacks ({lines.of_officer('recover', officer.officer)}), then: "
                    f"{lines.of_officer('rebind', officer.officer)} "
                    '--why "WHAT YOU FOUND"'
                ),
            )
    for halt in journal.halts:
        # The operator knows of a halt of their own.
        if halt.set_by == "bridge":
            symbol = lines.option("--symbol", halt.symbol)
            yield RequiredAction(
                officer=halt.officer,
                code="HALTED",
                what=f"nothing is opened in {halt.symbol or 'any symbol'}: {halt.why}",
                remedy=(
                    "compare the account's positions with the journal; once they match: "
                    f"{lines.of_officer('resume', halt.officer)}{symbol}"
                ),
            )
    for command in journal.unresolved:
        if command.state == UNKNOWN:
            yield RequiredAction(
                officer=command.officer,
                code="UNKNOWN",
                what=(
                    f"directive {command.directive_id}: {command.side} {command.volume} {command.symbol} may have "
                    "been sent, and its outcome is unknown"
                ),
                remedy=(
                    f"look in the account's history for the magic {command.client_order_id}, then: "
                    f"{resolve_line(command, journal.unresolved, lines)}"
                ),
            )
    for mismatch in journal.mismatches:
        yield RequiredAction(
            officer=mismatch.officer,
            code=mismatch.code,
            what=(
                f"directive {mismatch.directive_id}: the journal has {mismatch.ours} {mismatch.thing} "
                f"{mismatch.number} in {mismatch.symbol}, and the broker {mismatch.theirs}"
            ),
            remedy=_mismatch_remedy(mismatch, lines),
        )
    for position in journal.unclosable:
        yield RequiredAction(
            officer=position.officer,
            code="UNCLOSABLE",
            what=f"position {position.identifier} in {position.symbol} could not be closed: {position.message}",
            remedy=(
                "close it in the terminal, or have the broker close it; it is closed by the next CLOSE or flatten "
                "once the broker permits that"
            ),
        )
    for officer in journal.officers:
        if officer.events_refused:
            yield RequiredAction(
                officer=officer.officer,
                code="REFUSED_EVENTS",
                what=f"the Director refused {_events(officer.events_refused)} for good: {officer.last_refusal}",
                remedy=(
                    f"read them ({lines.named('journal undelivered')}), then: "
                    f"{lines.of_officer('retry', officer.officer)}, or "
                    f"{lines.of_officer('dismiss', officer.officer)} "
                    '--note "WHY" --all'
                ),
            )


def _of_lost_orders(lost: Sequence[LostOrders], lines: CommandLines) -> Iterator[RequiredAction]:
    for each in lost:
        if each.orders:
            named = [
                f"{order.directive_id or order.client_order_id} ({order.state})" for order in each.orders
            ]
            more = ", ..." if len(named) > MOST_NAMED else ""
            yield RequiredAction(
                officer=each.officer,
                code="LOST_ORDERS",
                what=f"the journal lacks {len(named)} of our orders, and does nothing with them: "
                f"{', '.join(named[:MOST_NAMED])}{more}",
                remedy=(f"compare the account, then: {lines.of_officer('recover', each.officer)} --adopt"),
            )


def _of_removed_officers(journal: JournalStatus, configured: Collection[str]) -> Iterator[RequiredAction]:
    """Yield an action for each officer that the configuration lost while something of it is open."""
    for officer in journal.officers:
        lots = [each for each in journal.positions if each.officer == officer.officer]
        resting = [each for each in journal.orders if each.officer == officer.officer]
        if officer.officer not in configured and (lots or resting):
            named = [
                *(f"position {each.identifier}" for each in lots),
                *(f"order {each.ticket}" for each in resting),
            ]
            yield RequiredAction(
                officer=officer.officer,
                code="NOT_CONFIGURED",
                what=f"{', '.join(named[:MOST_NAMED])} open, and the configuration does not have the officer: "
                "nothing is closed, changed or reported",
                remedy="put the officer into the configuration again and flatten it, or close them in the terminal",
            )


def _mismatch_remedy(mismatch: RaisedMismatch, lines: CommandLines) -> str:
    """Return what ends the difference; it is gone by itself once a scan shows none."""
    journal = f"{lines.named('journal show')} {lines.argument(mismatch.directive_id)}"
    show = f"compare the account's history with '{journal}'"
    if not mismatch.shown:
        waits = f"{show}: it ends once the broker reports the deals or the end of the order; ask the broker"
        order = " --order" if mismatch.thing == "order" else ""
        command = f"{lines.of_officer('writeoff', mismatch.officer)}{order} {mismatch.number}"
        return f'{waits}. Where there is none: {command} --note "WHY"'
    if mismatch.thing == "order":
        return f"{show}; a CANCEL or '{lines.named('flatten')}' takes off the book what is there"
    return f"{show}; a CLOSE without quantity or '{lines.named('flatten')}' closes what is there"


def _events(count: int) -> str:
    return "1 event" if count == 1 else f"{count} events"


def _of_sidecar(live: LiveStatus, lines: CommandLines) -> Iterator[RequiredAction]:
    for why in live.opens_paused:
        yield RequiredAction(officer="", code="OPENS_PAUSED", what="nothing is opened", remedy=why)
    if live.journal_trouble:
        remedy = live.journal_remedy
        yield RequiredAction(officer="", code="JOURNAL", what=live.journal_trouble, remedy=remedy)
    for officer in live.officers:
        if officer.dispatch_trouble:
            yield RequiredAction(
                officer=officer.officer,
                code="DISPATCH",
                what=f"nothing is sent, closed or expired: {officer.dispatch_trouble}",
                remedy="internal error, see the sidecar's log; manage the positions in the terminal",
            )
        if officer.poll is not None and _lasts(officer.poll):
            yield RequiredAction(
                officer=officer.officer,
                code="POLL",
                what=f"directives cannot be polled: {officer.poll.failure}",
                remedy="check that the Director runs at [director] url and accepts the API key",
            )
        if (required_action := _of_terminal(officer, lines)) is not None:
            yield required_action
    if live.alert_trouble:
        yield RequiredAction(
            officer="",
            code=ALERTS,
            what=f"alerts cannot be sent: {live.alert_trouble}",
            remedy=f"correct [alerts], or what receives them; try it with: {lines.named('alerts test')}",
        )


def _lasts(poll: PollNote) -> bool:
    """Return True if the failure needs an operator. One that can end by itself does only after OUTAGE_S."""
    if poll.kind in (None, FailureKind.NETWORK, FailureKind.BUSY):
        return poll.failing_s >= OUTAGE_S
    return True


def _of_delivery(journal: JournalStatus, live: LiveStatus) -> Iterator[RequiredAction]:
    for officer in journal.officers:
        queued = officer.oldest_queued_at
        if queued is None:
            continue
        waits_s = seconds_between(queued, live.now)
        if waits_s >= OUTAGE_S:
            yield RequiredAction(
                officer=officer.officer,
                code="DELIVERY",
                what=f"{_events(officer.events_queued)} not delivered, the oldest for {waits_s // 60:.0f} minutes",
                remedy="read in the sidecar's log what the Director answers; the events are kept and retried",
            )


def _of_terminal(officer: LiveOfficer, lines: CommandLines) -> RequiredAction | None:
    session = officer.session
    if session is None and officer.unanswered_challenges and not officer.refusal:
        return RequiredAction(
            officer=officer.officer,
            code="NO_TERMINAL",
            what=(
                f"a terminal said hello {officer.unanswered_challenges} times, and went away at the sidecar's "
                "proof: its link key is another one"
            ),
            remedy=(
                f"copy the line of {officer.officer}.linkkey, beside the journal, into the terminal's input, or "
                f"load the preset that '{lines.named('expert install')}' writes"
            ),
        )
    if session is None:
        return RequiredAction(
            officer=officer.officer,
            code="NO_TERMINAL",
            what=f"its terminal is refused: {officer.refusal}" if officer.refusal else officer.blocked,
            remedy=officer.refusal_remedy
            or "start its terminal; if it runs, read the chart's panel and the sidecar's log",
        )
    if session.heartbeat is not None and not session.heartbeat.trade_allowed:
        remedy = session.heartbeat.trade_forbidden_by or "read the chart's panel"
        return RequiredAction(
            officer=officer.officer,
            code="TRADING_FORBIDDEN",
            what="trading is not allowed in its terminal",
            remedy=remedy,
        )
    return None


def resolve_line(command: UnresolvedCommand, unresolved: list[UnresolvedCommand], lines: CommandLines) -> str:
    """Return the command line that resolves the command.

    WHAT stays open on purpose: a copied line must not decide anything.
    """
    same = [
        each
        for each in unresolved
        if (each.officer, each.directive_id) == (command.officer, command.directive_id)
    ]
    client_order_id = f" --client-order-id {command.client_order_id}" if len(same) > 1 else ""
    return (
        f"{lines.of_officer('resolve', command.officer)}{client_order_id} --as WHAT "
        f'--note "HOW YOU KNOW" {lines.argument(command.directive_id)}'
    )
