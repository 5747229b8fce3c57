"""Selection of events that the Director refused for good, for the commands `retry` and `dismiss`."""

import msgspec

from bridge.core.settings import Settings
from bridge.journal.journal import Journal
from bridge.journal.tables.events import RefusedEvent
from bridge.sidecar.operator.request import RefusedError, officers_meant


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """Events that the Director refused for good and that the command applied to."""

    events: list[RefusedEvent]


def select(
    journal: Journal, settings: Settings, officer: str | None, directives: list[str], *, dismissed: bool
) -> dict[str, list[RefusedEvent]]:
    """Return the refused events that are meant, by officer; `dismissed` includes dismissed ones.

    Without directives: all. Raises RefusedError for a named directive without a refused event.
    """
    found: dict[str, list[RefusedEvent]] = {}
    named: set[str | None] = set()
    # None: of any directive, and of none.
    meant: list[str | None] = [*sorted(set(directives))] or [None]
    for each in officers_meant(officer, settings):
        events = [
            event
            for directive_id in meant
            for event in journal.refused(each, directive_id=directive_id, dismissed=dismissed)
        ]
        named |= {event.directive_id for event in events}
        if events:
            found[each] = events
    if missing := sorted(set(directives) - named):
        undismissed = "" if dismissed else " undismissed"
        quoted = ", ".join(f'"{directive_id}"' for directive_id in missing)
        raise RefusedError(
            f"directive {quoted} has no{undismissed} event that the Director refused for good; "
            "'execution-officer journal undelivered' lists these events"
        )
    return found
