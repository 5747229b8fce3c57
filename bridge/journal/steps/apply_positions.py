"""Positions as the broker shows them, applied to the journal's lots and commands."""

from bridge.core.link.reports import PositionReport
from bridge.core.trade import apply_positions as core
from bridge.core.trade.apply_reports import Scene
from bridge.core.trade.records import CommandRecord, Outcome
from bridge.journal.steps import apply_effects
from bridge.journal.steps.step import Step
from bridge.journal.tables import commands, positions


def apply_position(
    step: Step, scene: Scene, report: PositionReport, *, netting: bool
) -> tuple[Outcome, CommandRecord | None]:
    """Return the position's outcome, and the command whose client order id it bears, as it was before."""
    lots = positions.lots_in(step.connection, step.account, report.identifier)
    command = commands.load(step.connection, step.officer, report.magic) if report.magic else None
    if command is not None and any(lot.client_order_id == command.client_order_id for lot in lots):
        # Its deals are known, and say more.
        command = None
    outcome = core.apply_position(
        report,
        lots,
        scene,
        explained=apply_effects.explains_position(step, report),
        command=command,
        netting=netting,
    )
    return outcome, command
