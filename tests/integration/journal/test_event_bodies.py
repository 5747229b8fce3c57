"""Bodies of events, as the journal puts them together from its columns."""

from datetime import UTC, datetime

import pytest

from bridge.core.director.contract import EventClass, EventType, ExecutionEvent, encode_event
from bridge.journal.tables import events

from .bench import OFFICER, JournalBench, directive
from .reports import deal, result, submitted

MOMENTS = [
    datetime(2026, 1, 5, 10, 0, tzinfo=UTC),
    datetime(2026, 1, 5, 10, 0, 0, 1, tzinfo=UTC),
    datetime(2026, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(1969, 12, 31, 23, 59, 59, 5, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
]
NAMES = ["dir-1", None, "", 'a"b', "a\\b", "é", "a\x7f", "a\n", "a/b", "%s {x}"]


@pytest.mark.parametrize("moment", MOMENTS, ids=str)
@pytest.mark.parametrize("name", NAMES, ids=repr)
@pytest.mark.parametrize("extra_fields", [True, False])
def test_body_is_read_as_it_was_created(
    bench: JournalBench, name: str | None, moment: datetime, extra_fields: bool
) -> None:
    event = ExecutionEvent(
        directive_id=name,
        event_type=EventType.SYSTEM_ERROR,
        event_class=EventClass.ERROR,
        occurred_at=moment,
        reported_by=OFFICER,
        error_code="X",
        error_message='it\'s {"odd"} \\ é',
    )
    body = encode_event(event, extra_fields=extra_fields).decode()
    bench.take(directive())
    events.add(bench.connection, OFFICER, event, subject="x", key="ab" * 32, body=body, at=moment)
    [found] = bench.rows("SELECT body, key FROM events WHERE subject = 'x'")
    assert found == (body, "ab" * 32)


def test_stored_events_of_a_trade_have_no_text_twice(joined: JournalBench) -> None:
    [command] = joined.sent(directive())
    joined.report(submitted(command.order), result(command.order), deal(command.order))
    rests = [rest for (rest,) in joined.rows("SELECT rest FROM events")]
    assert len(rests) == 4
    assert not [rest for rest in rests if "directive_id" in rest or "event_type" in rest]
