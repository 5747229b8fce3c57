"""Checks after a scan: protective stops, orders beyond their expiry, positions that differ at the broker."""

from datetime import timedelta
from typing import Final

from bridge.core.director.contract import MISSING_STOP_PREFIX, OPERATOR_PREFIX
from bridge.core.link.reports import ScanReport
from bridge.core.settings import MissingStop, OfficerSettings
from bridge.core.trade import position_events
from bridge.core.trade.apply_reports import Scene
from bridge.core.units.clock import has_passed
from bridge.journal.database.words import OwnAction
from bridge.journal.steps import flatten_rounds
from bridge.journal.steps.compare_positions import compare_with_broker
from bridge.journal.steps.own_directives import add_own
from bridge.journal.steps.step import Step
from bridge.journal.tables import commands, directives, orders, positions
from bridge.journal.tables.directives import OwnDirective

EXPIRY_GRACE: Final = timedelta(seconds=10)
"""Time for the broker to remove an expired order itself."""


def check_after_scan(
    step: Step,
    settings: OfficerSettings,
    scan: ScanReport,
    epoch: int,
    scene: Scene,
    *,
    netting: bool,
) -> list[timedelta]:
    """Run all checks. A difference from the broker counts once a further scan shows it.

    Return the times from now after which a further scan decides what this one could not.
    """
    waits = compare_with_broker(step, scan, epoch, scene, netting=netting)
    check_stops(step, settings)
    return waits + cancel_expired_orders(step)


# Protective stops


def check_stops(step: Step, settings: OfficerSettings, position: int | None = None) -> None:
    """Emit SYSTEM_ERROR once for each open position without the stop loss that was asked for.

    `position` is the one to check, where its levels have just been reported; None for all. With
    `missing_stop = "close"` it is closed as well; a close without success is followed by another one, at growing
    distances, for a week.
    """
    if position is None:
        lots = positions.open_lots(step.connection, step.account)
    else:
        lots = [lot for lot in positions.lots_in(step.connection, step.account, position) if lot.volume > 0]
    for lot in lots:
        if lot.stop_loss is not None or not lot.levels_seen:
            continue
        # The command that set the stop last: a MODIFY that took effect, else the opening one.
        asked = commands.last_stop_change(step.connection, step.officer, lot.identifier) or commands.load(
            step.connection, step.officer, lot.client_order_id
        )
        if asked is None or not asked.order.stop_loss:
            continue
        step.emit([position_events.stop_missing(lot, asked, step.now)])
        if settings.risk_limits.missing_stop is MissingStop.CLOSE:
            _order_close(step, lot.identifier)


def _order_close(step: Step, position: int) -> None:
    """Order the position's close, unless one is in flight or the last one was refused too short a time ago."""
    first = f"{MISSING_STOP_PREFIX}{position}"
    before = directives.series(step.connection, step.officer, first)
    if before:
        given_up = step.earliest >= before[0].received_at + flatten_rounds.OWN_TIME_TO_LIVE
        paused = has_passed(flatten_rounds.pause(len(before)), before[-1].state_at, step.now)
        if given_up or not paused or not before[-1].state.over:
            return
    add_own(
        step,
        OwnDirective(
            directive_id=f"{first}:{len(before) + 1}" if before else first,
            action=OwnAction.CLOSE_POSITION,
            why="the stop loss that was asked for is missing",
            position=position,
        ),
    )


# Orders beyond their expiry


def cancel_expired_orders(step: Step) -> list[timedelta]:
    """Order the cancellation of each pending order that is on the book after its expiry, once for each.

    Return the time after which the next one would be.

    The broker ends an order by its own clock. Where that has changed since (daylight saving time), or the broker
    misses the time, the bridge cancels it: the Director meant it to end, so it must not be filled.
    """
    if not step.trusted:
        # A valid order that a wrong clock cancels does not come back.
        return []
    until = step.now - EXPIRY_GRACE
    for ticket in orders.expired(step.connection, step.account, until):
        add_own(
            step,
            OwnDirective(
                directive_id=f"{OPERATOR_PREFIX}lapsed:{ticket}",
                action=OwnAction.CANCEL_ORDER,
                why="the order is on the broker's book after its expiry",
                order=ticket,
            ),
        )
    following = orders.next_expiry(step.connection, step.account, until)
    return [] if following is None else [following - until]
