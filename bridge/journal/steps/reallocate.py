"""Deals of a netted position, allocated anew in the journal once an earlier one becomes known or is annulled."""

from bridge.core.link.reports import DealReport
from bridge.core.trade.apply_reports import Scene
from bridge.core.trade.reallocation import Counted, reallocate
from bridge.core.trade.records import Disposition
from bridge.journal.steps.step import Step
from bridge.journal.tables import allocations, commands, deals, positions


def allocate_anew(step: Step, scene: Scene, by: DealReport) -> None:
    """Replay the deals of the position where one after `by` is allocated; store and emit what that changes."""
    known = deals.allocated(step.connection, step.account, by.position_id)
    tickets = [each.report.ticket for each in known]
    if by.ticket not in tickets or tickets[-1] == by.ticket:
        return
    counted = [
        Counted(
            each.report,
            commands.load(step.connection, step.officer, each.client_order_id)
            if each.client_order_id
            else None,
            tuple(allocations.of_deal(step.connection, step.account, each.report.ticket)),
        )
        for each in known
    ]
    lots = positions.lots_in(step.connection, step.account, by.position_id)
    found = reallocate(counted, lots, by, scene)
    for each in known:
        divided = found.allocations.get(each.report.ticket)
        if divided is None:
            continue
        allocations.save(step.connection, step.account, each.report.ticket, by.position_id, divided)
        ours = any(allocation.client_order_id for allocation in divided) or each.client_order_id is not None
        deals.save(
            step.connection,
            step.account,
            each.report,
            client_order_id=each.client_order_id,
            disposition=Disposition.APPLIED if ours else Disposition.FOREIGN,
            done_at=scene.to_utc(each.report.time_server_ms),
        )
    for position in found.positions:
        positions.save(step.connection, step.account, position)
    step.emit(found.events)
