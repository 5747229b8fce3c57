"""The protective stop: is it at the broker, where it was asked for?"""

from datetime import datetime

from bridge.core.director.contract import OPERATOR_PREFIX
from bridge.core.settings import MissingStop, OfficerSettings
from bridge.core.trade import position_events
from bridge.core.trade.directive_states import DirectiveState
from bridge.core.trade.records import CommandRecord, PositionRecord
from bridge.core.units.clock import has_passed
from bridge.journal.operator import halt
from bridge.journal.operator.halt import Own
from bridge.journal.steps import flatten_rounds
from bridge.journal.steps.step import Step
from bridge.journal.tables import holdings, rows


def check_stops(step: Step, settings: OfficerSettings) -> None:
    """After a scan: raise each open position that stands without the stop loss that was asked for, once.

    Where the configuration says so it is closed as well; a close that came to nothing is followed by another one,
    at growing distances, for a week.
    """
    for part in holdings.open_positions(step.connection, step.account):
        if part.stop_loss is not None or not part.levels_seen:
            continue
        asked = _asked_by(step, part)
        if asked is None or not asked.order.stop_loss:
            continue
        step.tell([position_events.stop_missing(part, asked, step.now)])
        if settings.risk_limits.missing_stop is MissingStop.CLOSE:
            _order_close(step, part.identifier)


def _order_close(step: Step, position: int) -> None:
    """Order the position's close, where none is under way and the last one was refused long enough ago."""
    first = f"{OPERATOR_PREFIX}missing-stop:{position}"
    before = step.connection.execute(
        # Between these bounds are the first one's successors alone.
        "SELECT state, received_at, state_at FROM directives WHERE officer = ?1 AND (directive_id = ?2"
        " OR directive_id > ?2 || ':' AND directive_id < ?2 || ';') ORDER BY id",
        (step.officer, first),
    ).fetchall()
    if before:
        began = datetime.fromisoformat(before[0]["received_at"])
        ended = datetime.fromisoformat(before[-1]["state_at"])
        given_up = step.earliest >= began + flatten_rounds.OWN_TIME_TO_LIVE
        rested = has_passed(flatten_rounds.pause(len(before)), ended, step.now)
        if given_up or not rested or not DirectiveState(before[-1]["state"]).over:
            return
    halt.order_own(
        step,
        Own(
            directive_id=f"{first}:{len(before) + 1}" if before else first,
            action=halt.CLOSE_POSITION,
            why="the stop loss that was asked for is missing",
            position=position,
        ),
    )


def _asked_by(step: Step, part: PositionRecord) -> CommandRecord | None:
    """The command that spoke last of the position's stop: a MODIFY that took effect, else the opener."""
    last = step.connection.execute(
        "SELECT client_order_id FROM commands WHERE officer = ? AND target_position = ? AND kind = 'MODIFY'"
        " AND state = 'DONE' AND json_extract(body, '$.stop_loss') IS NOT NULL"
        " ORDER BY dispatched_at DESC LIMIT 1",
        (step.officer, part.identifier),
    ).fetchone()
    return rows.load_command(
        step.connection, step.officer, last["client_order_id"] if last else part.client_order_id
    )
