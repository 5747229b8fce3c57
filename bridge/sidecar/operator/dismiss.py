"""Operator command `dismiss`: mark refused events as seen."""

from datetime import datetime

import msgspec

from bridge.core.link.messages import Name
from bridge.core.settings import Settings
from bridge.journal.journal import Journal
from bridge.sidecar.operator import refused_events
from bridge.sidecar.operator.refused_events import Refused
from bridge.sidecar.operator.request import Directives, Note, Request


class DismissRequest(Request[Refused], frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Leave refused events as they are and stop counting them as an action required."""

    name = "dismiss"

    note: Note
    officer: Name | None = None
    directives: Directives = msgspec.field(default_factory=list)
    """Empty: all."""

    @classmethod
    def answer_type(cls) -> type[Refused]:
        return Refused

    def perform(self, journal: Journal, settings: Settings, now: datetime) -> Refused:
        found = refused_events.select(journal, settings, self.officer, self.directives, dismissed=False)
        for officer, events in found.items():
            journal.dismiss(officer, events, now, note=self.note)
        return Refused(events=[event for events in found.values() for event in events])
