"""The outbox: events that may be posted next, and the results of their delivery."""

from bridge.journal.database import file
from bridge.journal.steps.outbox import MAX_ERROR
from bridge.journal.tables.events import Delivery

from .bench import OFFICER, OTHER, JournalBench, begun, directive

REJECTED = "ORDER_REJECTED"
RECEIVED = "DIRECTIVE_RECEIVED"


def spelled(
    bench: JournalBench, limit: int = 100, busy: frozenset[tuple[str, str | None]] = frozenset()
) -> list[str]:
    """Return directive and type of the events that may be posted now."""
    return [f"{event.directive_id} {event.event_type}" for event in bench.due(limit, busy)]


def test_only_the_oldest_event_of_each_directive_is_due(bench: JournalBench) -> None:
    bench.take(directive("dir-1", quantity=-1), directive("dir-2", quantity=-1))
    assert spelled(bench) == [f"dir-1 {RECEIVED}", f"dir-2 {RECEIVED}"]
    [first, _] = bench.due()
    bench.journal.set_delivered([Delivery(first, "evt-1")], bench.now)
    assert spelled(bench) == [f"dir-1 {REJECTED}", f"dir-2 {RECEIVED}"]


def test_accepted_event_is_delivered_with_the_directors_id(bench: JournalBench) -> None:
    bench.take(directive())
    [event] = bench.due()
    bench.later(2)
    bench.journal.set_delivered([Delivery(event, "evt-1")], bench.now)
    assert bench.due() == []
    with file.open_reader(bench.path) as beside:
        [row] = [tuple(row) for row in beside.execute("SELECT state, event_id, completed_at FROM events")]
        assert beside.execute("SELECT count(*) FROM undelivered_events").fetchone()[0] == 0
    assert row == ("delivered", "evt-1", "2026-01-05T10:00:02.000Z")
    assert bench.rows("SELECT subject, body FROM audit WHERE kind = 'delivered'") == [(RECEIVED, "evt-1")]


def test_busy_queue_is_skipped_and_takes_no_place_of_another(bench: JournalBench) -> None:
    bench.take(*(directive(f"dir-{number}") for number in range(4)))
    busy = frozenset({(OFFICER, "dir-0"), (OFFICER, "dir-2")})
    assert spelled(bench, 2, busy) == [f"dir-1 {RECEIVED}", f"dir-3 {RECEIVED}"]
    assert spelled(bench, 1, busy) == [f"dir-1 {RECEIVED}"]


def test_events_without_a_directive_are_one_queue_per_officer(bench: JournalBench) -> None:
    bench.take("1", "2", directive())
    bench.take("3", officer=OTHER)
    queues = [event.queue for event in bench.due()]
    assert queues == [(OFFICER, None), (OFFICER, "dir-1"), (OTHER, None)]
    assert [event.queue for event in bench.due(busy=frozenset({(OFFICER, None)}))] == queues[1:]


def test_refused_event_stays_first_until_it_is_refused_for_good(bench: JournalBench) -> None:
    bench.take(directive(quantity=-1))
    for refusals in range(3):
        [event] = bench.due()
        assert (event.event_type, event.refusals) == (RECEIVED, refusals)
        bench.journal.count_refusal(event, "400: no", bench.now)
    [event] = bench.due()
    bench.journal.set_refused(event, "x" * 2 * MAX_ERROR, bench.now)
    assert spelled(bench) == [f"dir-1 {REJECTED}"]
    kept = bench.rows("SELECT state, refusals, length(last_error) FROM events ORDER BY id")
    assert kept == [("refused", 4, MAX_ERROR), ("queued", 0, 0)]
    assert bench.rows("SELECT state FROM undelivered_events ORDER BY id") == [("refused",), ("queued",)]


def test_key_and_body_are_the_same_at_every_try_and_after_a_restart(bench: JournalBench) -> None:
    bench.take(directive())
    [event] = bench.due()
    bench.journal.count_refusal(event, "no", bench.now)
    bench.close()
    bench.open()
    [again] = bench.due()
    assert (again.key, again.body) == (event.key, event.body)
    assert bench.rows("SELECT body FROM audit WHERE kind = 'event'") == [(event.body.decode(),)]


def test_trouble_is_emitted_once_for_each_subject(bench: JournalBench) -> None:
    for subject in ("disk", "disk", "clock"):
        bench.journal.emit_trouble(OFFICER, "JOURNAL", "it was full", subject, bench.now)
    assert [event["error_code"] for event in bench.bodies("SYSTEM_ERROR")] == ["JOURNAL", "JOURNAL"]
    assert bench.rows("SELECT count(*) FROM audit WHERE kind = 'event'") == [(2,)]


def test_deliveries_of_several_officers_are_stored_in_one_transaction(bench: JournalBench) -> None:
    bench.take(directive("dir-1", quantity=-1))
    bench.take(directive("dir-2", quantity=-1), officer=OTHER)
    due = bench.due()
    seen = begun(bench.connection)
    bench.journal.set_delivered([Delivery(event, f"evt-{event.id}") for event in due], bench.now)
    assert len(seen) == 1
    stored = bench.rows("SELECT officer, directive_id, event_id FROM events WHERE state = 'delivered'")
    assert stored == [(event.officer, event.directive_id, f"evt-{event.id}") for event in due]
    audited = bench.rows("SELECT officer, directive_id, body FROM audit WHERE kind = 'delivered'")
    assert audited == stored
    assert bench.chain_break() == ""
