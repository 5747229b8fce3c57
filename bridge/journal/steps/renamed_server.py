"""A renamed trade server: evidence that the account bound now is the one bound before, under another server name.

Everything in the journal, and each event's key, belongs to login and server. An operator who says that the account
is another one (`rebind --account`) may be wrong: the broker has renamed its server. A record of the account that
bears one of our client order ids under the very ticket that the journal has shows it.
"""

from bridge.core.link.reports import AnyReport, DealReport, OrderReport, PositionReport
from bridge.journal.steps.step import Step
from bridge.journal.tables import deals, orders, positions
from bridge.journal.tables.values import Account


def shows(step: Step, former: Account, report: AnyReport) -> bool:
    """Return True where the journal has the record, with the same client order id of ours, in the account bound
    before."""
    match report:
        case DealReport():
            return report.magic > 0 and report.magic == deals.client_order_id(
                step.connection, former, report.ticket
            )
        case OrderReport():
            known = orders.load(step.connection, former, report.ticket)
            return known is not None and report.magic > 0 and known.magic == report.magic
        case PositionReport():
            lots = positions.lots_in(step.connection, former, report.identifier)
            return any(lot.client_order_id == report.magic for lot in lots)
        case _:
            return False
