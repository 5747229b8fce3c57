"""The outbox: which event may be posted next, and what became of it."""

from bridge.journal.database import file
from bridge.journal.steps.outbox import MAX_ERROR

from .desk import OFFICER, OTHER, Desk, directive

REJECTED = "ORDER_REJECTED"
RECEIVED = "DIRECTIVE_RECEIVED"


def spelled(desk: Desk, limit: int = 100, busy: frozenset[tuple[str, str | None]] = frozenset()) -> list[str]:
    """The events that may be posted now, in words."""
    return [f"{event.directive_id} {event.event_type}" for event in desk.due(limit, busy)]


def test_of_each_directive_the_oldest_event_may_go_alone(desk: Desk) -> None:
    desk.take(directive("dir-1", quantity=-1), directive("dir-2", quantity=-1))
    assert spelled(desk) == [f"dir-1 {RECEIVED}", f"dir-2 {RECEIVED}"]
    [first, _] = desk.due()
    desk.journal.set_delivered(first, "evt-1", desk.now)
    assert spelled(desk) == [f"dir-1 {REJECTED}", f"dir-2 {RECEIVED}"]


def test_an_event_that_was_taken_is_settled_with_the_directors_name_for_it(desk: Desk) -> None:
    desk.take(directive())
    [event] = desk.due()
    desk.later(2)
    desk.journal.set_delivered(event, "evt-1", desk.now)
    assert desk.due() == []
    with file.open_reader(desk.path) as beside:
        [row] = [tuple(row) for row in beside.execute("SELECT state, event_id, completed_at FROM events")]
        assert beside.execute("SELECT count(*) FROM undelivered_events").fetchone()[0] == 0
    assert row == ("delivered", "evt-1", "2026-01-05T10:00:02.000Z")
    assert desk.rows("SELECT subject, body FROM audit WHERE kind = 'delivered'") == [(RECEIVED, "evt-1")]


def test_a_busy_queue_is_left_alone_and_takes_no_others_place(desk: Desk) -> None:
    desk.take(*(directive(f"dir-{number}") for number in range(4)))
    busy = frozenset({(OFFICER, "dir-0"), (OFFICER, "dir-2")})
    assert spelled(desk, 2, busy) == [f"dir-1 {RECEIVED}", f"dir-3 {RECEIVED}"]
    assert spelled(desk, 1, busy) == [f"dir-1 {RECEIVED}"]


def test_events_of_no_directive_are_a_queue_of_their_own_for_each_officer(desk: Desk) -> None:
    desk.take("1", "2", directive())
    desk.take("3", officer=OTHER)
    queues = [event.queue for event in desk.due()]
    assert queues == [(OFFICER, None), (OFFICER, "dir-1"), (OTHER, None)]
    assert [event.queue for event in desk.due(busy=frozenset({(OFFICER, None)}))] == queues[1:]


def test_a_refused_event_stays_first_until_it_is_set_aside_and_the_next_proceeds(desk: Desk) -> None:
    desk.take(directive(quantity=-1))
    for refusals in range(3):
        [event] = desk.due()
        assert (event.event_type, event.refusals) == (RECEIVED, refusals)
        desk.journal.count_refusal(event, "400: no", desk.now)
    [event] = desk.due()
    desk.journal.set_refused(event, "x" * 2 * MAX_ERROR, desk.now)
    assert spelled(desk) == [f"dir-1 {REJECTED}"]
    kept = desk.rows("SELECT state, refusals, length(last_error) FROM events ORDER BY id")
    assert kept == [("refused", 4, MAX_ERROR), ("queued", 0, 0)]
    assert desk.rows("SELECT state FROM undelivered_events ORDER BY id") == [("refused",), ("queued",)]


def test_key_and_body_are_the_same_at_every_try_and_after_a_start(desk: Desk) -> None:
    desk.take(directive())
    [event] = desk.due()
    desk.journal.count_refusal(event, "no", desk.now)
    desk.close()
    desk.open()
    [again] = desk.due()
    assert (again.key, again.body) == (event.key, event.body)
    assert desk.rows("SELECT body FROM audit WHERE kind = 'event'") == [(event.body.decode(),)]


def test_a_trouble_is_emitted_once_for_each_subject(desk: Desk) -> None:
    for subject in ("disk", "disk", "clock"):
        desk.journal.emit_trouble(OFFICER, "JOURNAL", "it was full", subject, desk.now)
    assert [event["error_code"] for event in desk.bodies("SYSTEM_ERROR")] == ["JOURNAL", "JOURNAL"]
    assert desk.rows("SELECT count(*) FROM audit WHERE kind = 'event'") == [(2,)]
