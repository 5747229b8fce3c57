"""Observation of what alerts are about: the actions of `status`, and occurrences that it only shows."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from bridge.core.alerts.condition import BROKER_CONNECTION, EQUITY_LIMIT, REJECTIONS, Condition
from bridge.core.alerts.due import Message
from bridge.core.settings import AlertSettings, Settings
from bridge.journal.database.errors import JournalError
from bridge.journal.views import occurrences
from bridge.sidecar.live_status import LiveOfficer, LiveStatus, LiveTerminal
from bridge.status.command_lines import CommandLines
from bridge.status.health import ALERTS
from bridge.status.look import Look, with_journal
from bridge.status.reading import connection_at
from bridge.status.texts import printable


class Observation:
    """Reads the journal beside the sidecar's live status. It may take seconds, and changes nothing."""

    def __init__(self, settings: Settings, journal: Path, lines: CommandLines) -> None:
        self._settings = settings
        self._alerts = settings.alerts or AlertSettings()
        self._journal = journal
        self._lines = lines

    def observe(
        self, live: LiveStatus, now: datetime, summary: bool
    ) -> tuple[list[Condition], Message | None]:
        """Return the present conditions, and with `summary` a message about the day."""
        settings = self._settings
        shown = with_journal(Look(sidecar=live), self._journal, settings, now)
        found = [
            Condition(
                officer=each.officer,
                code=each.code,
                what=printable(each.what),
                remedy=printable(each.remedy),
            )
            for each in shown.actions(settings, self._lines)
            if each.code != ALERTS
        ]
        found += [condition for officer in live.officers for condition in _of_broker(officer)]
        try:
            found += self._of_journal(live, now)
            about_day = self._day(live, now, found) if summary else None
        except JournalError:
            # `status` requires action for it already.
            about_day = None
        return found, about_day

    def _of_journal(self, live: LiveStatus, now: datetime) -> list[Condition]:
        found = []
        most = self._alerts.rejections_in_a_row
        with connection_at(self._journal) as connection:
            for officer in self._settings.officers:
                if occurrences.rejections_in_a_row(connection, officer.id, now, most) >= most:
                    found.append(
                        Condition(
                            officer=officer.id,
                            code=REJECTIONS,
                            what=f"the last {most} orders or more were rejected",
                            remedy=f"read the reasons: {self._lines.named('journal list')} --state REJECTED",
                        )
                    )
                beat = _heartbeat(live, officer.id)
                if beat is None:
                    continue
                limit = occurrences.equity_limit(connection, officer, beat.equity, beat.margin, now)
                if limit is not None:
                    found.append(
                        Condition(
                            officer=officer.id,
                            code=EQUITY_LIMIT,
                            what=f"nothing is opened ({limit.code}): {limit.message}",
                            remedy="closes continue; opens do once the limit is no longer reached",
                        )
                    )
        return found

    def _day(self, live: LiveStatus, now: datetime, found: list[Condition]) -> Message:
        begin = now.replace(hour=0, minute=0, second=0, microsecond=0)
        lines = []
        with connection_at(self._journal) as connection:
            for officer in self._settings.officers:
                line = f"{officer.id}: {occurrences.day_of(connection, officer.id, begin)}"
                if (beat := _heartbeat(live, officer.id)) is not None:
                    line += f"; balance {beat.balance}, equity {beat.equity}"
                lines.append(line)
        state = "all is well" if not found else f"{len(found)} conditions require attention"
        return Message(
            title=f"{begin.date().isoformat()}, {state}",
            body="\n".join([*lines, *map(str, found)]),
            summary=True,
        )


def _heartbeat(live: LiveStatus, officer: str) -> LiveTerminal | None:
    for each in live.officers:
        if each.officer == officer and each.session is not None and each.session.alive:
            return each.session.heartbeat
    return None


def _of_broker(officer: LiveOfficer) -> Iterator[Condition]:
    session = officer.session
    if session is not None and session.heartbeat is not None and not session.heartbeat.broker_connected:
        yield Condition(
            officer=officer.officer,
            code=BROKER_CONNECTION,
            what="its terminal is not connected to the broker",
            remedy="look at the terminal's journal, and at the broker's announcements",
        )
