"""Report of a lost journal to the Director: posted directly, since no outbox can hold it any more."""

from functools import partial

from bridge.core.director.contract import encode_event
from bridge.core.director.responses import Posted
from bridge.core.trade.events import event_key, system_error
from bridge.log_codes import LogCode
from bridge.sidecar.ports import Director
from bridge.sidecar.runtime import Runtime

POST_AGAIN_S = 5.0
"""Seconds between attempts to post."""


class LostJournalReporter:
    """Waits until the journal is lost, and saves its content. Then it posts SYSTEM_ERROR for each officer until the
    Director accepts it."""

    def __init__(self, runtime: Runtime, director: Director) -> None:
        self._runtime = runtime
        self._director = director

    async def run(self) -> None:
        """Wait, and report, until cancelled."""
        runtime = self._runtime
        await runtime.lost.wait()
        await runtime.rescue_journal()
        occurrence = runtime.occurrence_id()
        waiting = [partial(self._post, officer.id, occurrence) for officer in runtime.settings.officers]
        while waiting:
            waiting = [post for post in waiting if not await post()]
            if waiting:
                await runtime.clock.sleep(POST_AGAIN_S)

    async def _post(self, officer: str, occurrence: str) -> bool:
        """Return True once the Director has accepted the event."""
        runtime = self._runtime
        trouble = system_error(
            officer,
            runtime.lost_at or runtime.now(),
            code="JOURNAL_LOST",
            message=runtime.journal_lost,
            subject=f"trouble:journal lost:{occurrence}",
        )
        # The account is in the journal, which cannot be read; the occurrence makes the key unique.
        key = event_key(officer=officer, server="", login=0, new_event=trouble)
        body = encode_event(trouble.event, extra_fields=runtime.settings.director.extra_fields)
        answer = await self._director.post(body, key)
        if isinstance(answer, Posted):
            runtime.log.info(
                LogCode.EVENT_DELIVERED,
                officer=officer,
                directive=None,
                event_type=trouble.event.event_type,
            )
            return True
        runtime.log.warning(LogCode.LOST_JOURNAL_NOT_REPORTED, officer=officer, detail=answer.detail)
        return False
