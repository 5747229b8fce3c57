"""Commands that an earlier journal of the officer may have sent: this one was made or restored since."""

from bridge.core.trade.records import CommandRecord
from bridge.journal.steps.step import Step
from bridge.journal.tables import directives
from bridge.journal.tables.directives import Taken


def possible_send(step: Step, command: CommandRecord) -> Taken | None:
    """Return the directive of a command that an earlier journal may have sent; None where none can have.

    A change makes no order, and sent twice it does no more than once.
    """
    taken = directives.taken(step.connection, step.officer, command.directive_id)
    if taken is None or command.order.kind.changes:
        return None
    return taken if taken.search_history or taken.id <= step.unbroken.last_id else None
