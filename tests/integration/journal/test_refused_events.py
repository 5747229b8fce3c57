"""Events that the Director refused for good: retried or dismissed by an operator."""

import json
from typing import Any

from bridge.journal.database import file
from bridge.journal.tables.events import Delivery, Outgoing, RefusedEvent
from bridge.journal.views import lists

from .bench import OFFICER, OTHER, JournalBench, directive

RECEIVED = "DIRECTIVE_RECEIVED"
REJECTED = "ORDER_REJECTED"


def refuse(bench: JournalBench, count: int) -> list[Outgoing]:
    """Let the Director refuse the next so many events for good, one after the other."""
    found = []
    for _ in range(count):
        event = bench.due()[0]
        bench.journal.count_refusal(event, "422: not yet", bench.now)
        bench.journal.set_refused(event, "422: no", bench.now)
        found.append(event)
    return found


def refused(
    bench: JournalBench, directive_id: str | None = None, *, dismissed: bool = False
) -> list[RefusedEvent]:
    return bench.journal.refused(OFFICER, directive_id=directive_id, dismissed=dismissed)


def types(events: list[RefusedEvent]) -> list[tuple[str | None, str]]:
    return [(event.directive_id, event.event_type) for event in events]


def operated(bench: JournalBench) -> list[tuple[str, str | None, dict[str, Any]]]:
    """Return name and arguments of the audited operator orders, in order."""
    found = bench.rows("SELECT subject, directive_id, body FROM audit WHERE kind = 'operator' ORDER BY seq")
    return [(subject, directive_id, json.loads(body)) for subject, directive_id, body in found]


def test_queued_or_delivered_event_is_not_listed_as_refused(bench: JournalBench) -> None:
    bench.take(directive(quantity=-1))
    [event] = bench.due()
    bench.journal.set_delivered([Delivery(event, "evt-1")], bench.now)
    assert refused(bench, dismissed=True) == []


def test_refused_events_are_found_by_officer_and_directive_oldest_first(bench: JournalBench) -> None:
    bench.take(directive("dir-1", quantity=-1), directive("dir-2"))
    bench.take(directive("dir-1"), officer=OTHER)
    refuse(bench, 4)
    assert types(refused(bench)) == [("dir-1", RECEIVED), ("dir-1", REJECTED), ("dir-2", RECEIVED)]
    assert types(refused(bench, "dir-2")) == [("dir-2", RECEIVED)]
    assert [event.officer for event in bench.journal.refused(OTHER)] == [OTHER]


def test_retried_event_is_unchanged_and_has_no_refusals(bench: JournalBench) -> None:
    bench.take(directive())
    [before] = refuse(bench, 1)
    bench.journal.retry(OFFICER, refused(bench), bench.now)
    [again] = bench.due()
    assert (again.id, again.key, again.body, again.refusals) == (before.id, before.key, before.body, 0)
    assert refused(bench, dismissed=True) == []
    assert bench.rows("SELECT completed_at FROM events") == [(None,)]


def test_retried_events_keep_the_order_of_their_directive(bench: JournalBench) -> None:
    bench.take(directive(quantity=-1))
    refuse(bench, 2)
    bench.journal.retry(OFFICER, refused(bench), bench.now)
    for event_type in (RECEIVED, REJECTED):
        [event] = bench.due()
        assert event.event_type == event_type
        bench.journal.set_delivered([Delivery(event, None)], bench.now)


def test_retried_event_comes_before_queued_ones(bench: JournalBench) -> None:
    bench.take(directive("dir-1", quantity=-1), directive("dir-2", quantity=-1))
    first, second = bench.due()
    for event in (first, second):
        bench.journal.set_refused(event, "422: no", bench.now)
    [later, _] = bench.due()
    bench.journal.set_delivered([Delivery(later, "evt-1")], bench.now)
    bench.journal.retry(OFFICER, refused(bench), bench.now)
    assert [(event.directive_id, event.event_type) for event in bench.due()] == [
        ("dir-1", RECEIVED),
        ("dir-2", RECEIVED),
    ]


def test_dismissed_events_need_no_action_and_are_kept(bench: JournalBench) -> None:
    bench.take(directive("dir-1"), directive("dir-2"))
    refuse(bench, 2)
    bench.later(60)
    bench.journal.dismiss(OFFICER, refused(bench, "dir-1"), bench.now, note="known")
    assert types(refused(bench)) == [("dir-2", RECEIVED)]
    assert types(refused(bench, "dir-1", dismissed=True)) == [("dir-1", RECEIVED)]
    assert [event.directive_id for event in bench.due()] == []
    with lists.reading(bench.path) as db:
        shown = [(row.directive_id, row.state, row.dismissed_at) for row in lists.undelivered(db)]
    assert shown == [("dir-1", "refused", "2026-01-05T10:01:00.000Z"), ("dir-2", "refused", None)]


def test_dismissed_event_that_is_retried_and_refused_is_listed_again(bench: JournalBench) -> None:
    bench.take(directive())
    refuse(bench, 1)
    bench.journal.dismiss(OFFICER, refused(bench), bench.now, note="known")
    bench.journal.retry(OFFICER, refused(bench, "dir-1", dismissed=True), bench.now)
    refuse(bench, 1)
    assert types(refused(bench)) == [("dir-1", RECEIVED)]


def test_event_that_is_not_refused_any_more_is_not_changed(bench: JournalBench) -> None:
    bench.take(directive())
    refuse(bench, 1)
    stale = refused(bench)
    bench.journal.retry(OFFICER, stale, bench.now)
    [event] = bench.due()
    bench.journal.set_delivered([Delivery(event, "evt-1")], bench.now)
    bench.journal.retry(OFFICER, stale, bench.now)
    bench.journal.dismiss(OFFICER, stale, bench.now, note="late")
    assert bench.rows("SELECT state, dismissed_at FROM events") == [("delivered", None)]


def test_retry_and_dismiss_are_audited_for_each_directive(bench: JournalBench) -> None:
    bench.take("1", directive(quantity=-1))
    refuse(bench, 3)
    bench.journal.dismiss(OFFICER, refused(bench), bench.now, note="known")
    bench.journal.retry(OFFICER, refused(bench, "dir-1", dismissed=True), bench.now)
    assert operated(bench) == [
        ("dismiss", None, {"events": [REJECTED], "note": "known"}),
        ("dismiss", "dir-1", {"events": [RECEIVED, REJECTED], "note": "known"}),
        ("retry", "dir-1", {"events": [RECEIVED, REJECTED], "note": ""}),
    ]
    assert bench.chain_break() == ""
    bench.close()
    file.check(bench.path)
    bench.open()
