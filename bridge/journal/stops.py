"""The protective stop: is it at the broker, where it was asked for?"""

from bridge.core import position_events
from bridge.core.contract import OPERATOR_PREFIX
from bridge.core.settings import MissingStop, OfficerSettings
from bridge.journal import holdings, operating, rows
from bridge.journal.operating import Own
from bridge.journal.step import Step


def check_stops(step: Step, settings: OfficerSettings) -> None:
    """After a scan: raise each open position that stands without the stop loss that was asked for, once.

    Where the configuration says so it is closed as well.
    """
    for part in holdings.open_positions(step.connection, step.account):
        if part.stop_loss is not None or not part.levels_seen:
            continue
        opener = rows.load_command(step.connection, step.officer, part.token)
        if opener is None or not opener.order.stop_loss or _taken_away(step, part.identifier):
            continue
        step.tell([position_events.stop_missing(part, opener, step.now)])
        if settings.guards.missing_stop is MissingStop.CLOSE:
            operating.order_own(
                step,
                Own(
                    directive_id=f"{OPERATOR_PREFIX}missing-stop:{part.identifier}",
                    action=operating.CLOSE_POSITION,
                    why="the stop loss that was asked for is missing",
                    position=part.identifier,
                ),
            )


def _taken_away(step: Step, position: int) -> bool:
    """Whether the last directive about the stop has taken it away."""
    last = step.connection.execute(
        "SELECT json_extract(body, '$.stop_loss') AS stop_loss FROM commands WHERE officer = ?"
        " AND target_position = ? AND kind = 'MODIFY' AND state = 'DONE' AND stop_loss IS NOT NULL"
        " ORDER BY dispatched_at DESC LIMIT 1",
        (step.officer, position),
    ).fetchone()
    return last is not None and not last["stop_loss"]
