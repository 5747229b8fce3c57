"""Presentation of refused events, for the commands `retry` and `dismiss`."""

from bridge.sidecar.operator.refused_events import Refused
from bridge.status.texts import printable


def by_directive(done: Refused) -> list[str]:
    """Return one line for each directive: officer, directive, event types."""
    found: dict[tuple[str, str | None], list[str]] = {}
    for event in done.events:
        found.setdefault((event.officer, event.directive_id), []).append(event.event_type)
    return [
        printable(f"{officer}: {directive_id or 'without a directive'}: {', '.join(types)}")
        for (officer, directive_id), types in found.items()
    ]
