"""Operator command `retry`: offer events again that the Director refused for good."""

from datetime import datetime

import msgspec

from bridge.core.link.messages import Name
from bridge.core.settings import Settings
from bridge.journal.journal import Journal
from bridge.sidecar.operator import refused_events
from bridge.sidecar.operator.refused_events import Refused
from bridge.sidecar.operator.request import Directives, Request


class RetryRequest(Request[Refused], frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Offer refused events again."""

    name = "retry"

    officer: Name | None = None
    directives: Directives = msgspec.field(default_factory=list)
    """Empty: every event that was not dismissed. Events of a named directive are offered even if dismissed."""

    @classmethod
    def answer_type(cls) -> type[Refused]:
        return Refused

    def perform(self, journal: Journal, settings: Settings, now: datetime) -> Refused:
        found = refused_events.select(
            journal, settings, self.officer, self.directives, dismissed=bool(self.directives)
        )
        for officer, events in found.items():
            journal.retry(officer, events, now)
        return Refused(events=[event for events in found.values() for event in events])
