"""Times of the steps, by the audit: each step is measured from the row that began it."""

from bridge.core.director.contract import EventType
from bridge.journal.views import hops
from bridge.journal.views.hops import Connected, Emitted, Happened, Hop, Took

from .bench import OFFICER, JournalBench, directive
from .reports import deal, result, submitted


def seen(bench: JournalBench, after: int = 0, limit: int = 10_000) -> tuple[int, list[Happened]]:
    return hops.after(bench.connection, after, limit=limit)


def took(found: list[Happened]) -> list[tuple[Hop, float]]:
    return [(each.hop, each.seconds) for each in found if isinstance(each, Took)]


def test_new_journal_shows_nothing(bench: JournalBench) -> None:
    assert seen(bench) == (0, [])


def test_session_and_events_are_counted(joined: JournalBench) -> None:
    joined.take(directive(quantity=-1))
    _, found = seen(joined)
    assert Connected(OFFICER) in found
    assert Emitted(OFFICER, EventType.DIRECTIVE_RECEIVED, "") in found
    assert Emitted(OFFICER, EventType.ORDER_REJECTED, "INVALID_VALUE") in found


def test_each_step_is_measured_from_the_one_before(joined: JournalBench) -> None:
    [command] = joined.sent(directive())
    order = command.order
    start, _ = seen(joined)
    joined.later(2)
    joined.report(submitted(order), result(order))
    joined.later(3)
    joined.report(deal(order))
    end, found = seen(joined, start)
    assert took(found) == [(Hop.TERMINAL, 2.0), (Hop.FILL, 3.0)]
    assert seen(joined, end) == (end, [])


def test_reading_in_portions_shows_the_same(joined: JournalBench) -> None:
    [command] = joined.sent(directive())
    joined.report(submitted(command.order), result(command.order), deal(command.order))
    _, whole = seen(joined)
    last = 0
    portions: list[Happened] = []
    while True:
        end, found = seen(joined, last, limit=3)
        if end == last:
            break
        last, portions = end, [*portions, *found]
    assert portions == whole
