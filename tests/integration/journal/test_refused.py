"""Events that the Director refused for good: offered once more by hand, or dismissed."""

import json
from typing import Any

from bridge.journal.database import file
from bridge.journal.tables.events import Outgoing, RefusedEvent
from bridge.journal.views import lists

from .desk import OFFICER, OTHER, Desk, directive

RECEIVED = "DIRECTIVE_RECEIVED"
REJECTED = "ORDER_REJECTED"


def refuse(desk: Desk, count: int) -> list[Outgoing]:
    """The Director refuses the next so many events for good, one after the other."""
    found = []
    for _ in range(count):
        event = desk.due()[0]
        desk.journal.count_refusal(event, "422: not yet", desk.now)
        desk.journal.set_refused(event, "422: no", desk.now)
        found.append(event)
    return found


def refused(desk: Desk, directive_id: str | None = None, *, dismissed: bool = False) -> list[RefusedEvent]:
    return desk.journal.refused(OFFICER, directive_id=directive_id, dismissed=dismissed)


def types(events: list[RefusedEvent]) -> list[tuple[str | None, str]]:
    return [(event.directive_id, event.event_type) for event in events]


def operated(desk: Desk) -> list[tuple[str, str | None, dict[str, Any]]]:
    """What the audit says that people did, in order."""
    found = desk.rows("SELECT subject, directive_id, body FROM audit WHERE kind = 'operator' ORDER BY seq")
    return [(subject, directive_id, json.loads(body)) for subject, directive_id, body in found]


def test_what_is_queued_or_delivered_is_not_refused(desk: Desk) -> None:
    desk.take(directive(quantity=-1))
    [event] = desk.due()
    desk.journal.set_delivered(event, "evt-1", desk.now)
    assert refused(desk, dismissed=True) == []


def test_refused_events_are_found_by_officer_and_directive_oldest_first(desk: Desk) -> None:
    desk.take(directive("dir-1", quantity=-1), directive("dir-2"))
    desk.take(directive("dir-1"), officer=OTHER)
    refuse(desk, 4)
    assert types(refused(desk)) == [("dir-1", RECEIVED), ("dir-1", REJECTED), ("dir-2", RECEIVED)]
    assert types(refused(desk, "dir-2")) == [("dir-2", RECEIVED)]
    assert [event.officer for event in desk.journal.refused(OTHER)] == [OTHER]


def test_a_retried_event_goes_out_as_it_was_and_may_be_refused_as_often_as_a_new_one(desk: Desk) -> None:
    desk.take(directive())
    [before] = refuse(desk, 1)
    desk.journal.retry(OFFICER, refused(desk), desk.now)
    [again] = desk.due()
    assert (again.id, again.key, again.body, again.refusals) == (before.id, before.key, before.body, 0)
    assert refused(desk, dismissed=True) == []
    assert desk.rows("SELECT completed_at FROM events") == [(None,)]


def test_retried_events_keep_the_order_of_their_directive(desk: Desk) -> None:
    desk.take(directive(quantity=-1))
    refuse(desk, 2)
    desk.journal.retry(OFFICER, refused(desk), desk.now)
    for event_type in (RECEIVED, REJECTED):
        [event] = desk.due()
        assert event.event_type == event_type
        desk.journal.set_delivered(event, None, desk.now)


def test_a_retried_event_goes_before_what_is_queued_and_after_what_was_delivered(desk: Desk) -> None:
    desk.take(directive("dir-1", quantity=-1), directive("dir-2", quantity=-1))
    first, second = desk.due()
    for event in (first, second):
        desk.journal.set_refused(event, "422: no", desk.now)
    [later, _] = desk.due()
    desk.journal.set_delivered(later, "evt-1", desk.now)
    desk.journal.retry(OFFICER, refused(desk), desk.now)
    assert [(event.directive_id, event.event_type) for event in desk.due()] == [
        ("dir-1", RECEIVED),
        ("dir-2", RECEIVED),
    ]


def test_dismissed_events_required_action_nobody_more_and_are_kept(desk: Desk) -> None:
    desk.take(directive("dir-1"), directive("dir-2"))
    refuse(desk, 2)
    desk.later(60)
    desk.journal.dismiss(OFFICER, refused(desk, "dir-1"), desk.now, note="known")
    assert types(refused(desk)) == [("dir-2", RECEIVED)]
    assert types(refused(desk, "dir-1", dismissed=True)) == [("dir-1", RECEIVED)]
    assert [event.directive_id for event in desk.due()] == []
    with lists.reading(desk.path) as db:
        shown = [(row.directive_id, row.state, row.dismissed_at) for row in lists.undelivered(db)]
    assert shown == [("dir-1", "refused", "2026-01-05T10:01:00.000Z"), ("dir-2", "refused", None)]


def test_a_dismissed_event_that_is_retried_and_refused_again_is_shown_again(desk: Desk) -> None:
    desk.take(directive())
    refuse(desk, 1)
    desk.journal.dismiss(OFFICER, refused(desk), desk.now, note="known")
    desk.journal.retry(OFFICER, refused(desk, "dir-1", dismissed=True), desk.now)
    refuse(desk, 1)
    assert types(refused(desk)) == [("dir-1", RECEIVED)]


def test_an_event_that_is_no_longer_refused_is_left_alone(desk: Desk) -> None:
    desk.take(directive())
    refuse(desk, 1)
    stale = refused(desk)
    desk.journal.retry(OFFICER, stale, desk.now)
    [event] = desk.due()
    desk.journal.set_delivered(event, "evt-1", desk.now)
    desk.journal.retry(OFFICER, stale, desk.now)
    desk.journal.dismiss(OFFICER, stale, desk.now, note="late")
    assert desk.rows("SELECT state, dismissed_at FROM events") == [("delivered", None)]


def test_both_are_in_the_audit_under_each_directive_and_it_holds(desk: Desk) -> None:
    desk.take("1", directive(quantity=-1))
    refuse(desk, 3)
    desk.journal.dismiss(OFFICER, refused(desk), desk.now, note="known")
    desk.journal.retry(OFFICER, refused(desk, "dir-1", dismissed=True), desk.now)
    assert operated(desk) == [
        ("dismiss", None, {"events": [REJECTED], "note": "known"}),
        ("dismiss", "dir-1", {"events": [RECEIVED, REJECTED], "note": "known"}),
        ("retry", "dir-1", {"events": [RECEIVED, REJECTED], "note": ""}),
    ]
    assert desk.chain_break() == ""
    desk.close()
    file.check(desk.path)
    desk.open()
