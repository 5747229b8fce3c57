"""Status of all officers, by the journal."""

import pytest

from bridge.core.link.messages import Order
from bridge.journal.database import file
from bridge.journal.database.errors import JournalNewerError
from bridge.journal.database.schema import known_migrations
from bridge.journal.tables.halts import ALL
from bridge.journal.views import lists
from bridge.journal.views.status import JournalOlderError, JournalStatus, OfficerStatus, status
from tests.unit.status.samples import EMPTY

from .bench import NOW, OFFICER, JournalBench, directive
from .reports import TIMEOUT, deal, result, submitted


def look(bench: JournalBench) -> JournalStatus:
    with lists.reading(bench.path) as db:
        return status(db, bench.path)


def officer(bench: JournalBench) -> OfficerStatus:
    [found] = [each for each in look(bench).officers if each.officer == OFFICER]
    return found


def sent(bench: JournalBench) -> Order:
    [command] = bench.sent(directive())
    return command.order


def test_new_journal_has_an_empty_status(bench: JournalBench) -> None:
    assert look(bench) == EMPTY


def test_status_has_account_and_last_session(joined: JournalBench) -> None:
    found = officer(joined)
    assert (found.login, found.server, found.trade_mode) == (501, "Broker-Demo", "DEMO")
    assert found.oldest_in_flight_at is None
    assert found.session_opened_at == "2026-01-05T10:00:00.000Z"
    assert (found.session_ended_at, found.quarantine) == (None, "")
    joined.journal.end_epoch(OFFICER, joined.epoch, "the terminal said: bye", NOW)
    assert officer(joined).session_end_reason == "the terminal said: bye"
    joined.join()
    assert officer(joined).session_ended_at is None


def test_status_has_halts_and_quarantine(joined: JournalBench) -> None:
    joined.journal.halt(OFFICER, NOW, symbol=ALL, why="news")
    [halt] = look(joined).halts
    assert (halt.officer, halt.symbol, halt.why) == (OFFICER, "", "news")


def test_status_counts_waiting_and_dispatched_work(joined: JournalBench) -> None:
    joined.take(directive())
    assert officer(joined).directives_waiting + officer(joined).commands_planned >= 1
    joined.advance()
    found = officer(joined)
    assert (found.directives_waiting, found.directives_working) == (0, 1)
    assert (found.commands_planned, found.commands_in_flight) == (0, 1)
    assert found.oldest_in_flight_at == "2026-01-05T10:00:00.000Z"
    assert found.events_queued == 1
    assert found.oldest_queued_at == "2026-01-05T10:00:00.000Z"


def test_status_has_open_positions(joined: JournalBench) -> None:
    order = sent(joined)
    joined.report(deal(order))
    [position] = look(joined).positions
    assert (position.officer, position.directive_id, position.symbol) == (OFFICER, "dir-1", "EURUSD")
    assert (position.side, position.volume_in, position.volume_out) == ("BUY", "0.3", "0")


def test_status_has_unresolved_commands(joined: JournalBench) -> None:
    order = sent(joined)
    joined.report(submitted(order), result(order, TIMEOUT))
    [unresolved] = look(joined).unresolved
    assert (unresolved.client_order_id, unresolved.state, unresolved.directive_id) == (
        order.client_order_id,
        "UNRESOLVED",
        "dir-1",
    )
    assert unresolved.dispatched_at == "2026-01-05T10:00:00.000Z"
    assert "TIMEOUT" in unresolved.message


def test_status_counts_refused_events_until_dismissed(joined: JournalBench) -> None:
    joined.take(directive())
    [event] = joined.due(1)
    joined.journal.set_refused(event, "HTTP 422: no", NOW)
    found = officer(joined)
    assert (found.events_refused, found.last_refusal, found.events_queued) == (1, "HTTP 422: no", 0)
    joined.journal.dismiss(OFFICER, joined.journal.refused(OFFICER), NOW, note="known")
    found = officer(joined)
    assert (found.events_refused, found.last_refusal, found.events_queued) == (0, "", 0)


def test_status_of_an_older_journal_names_the_remedy(bench: JournalBench) -> None:
    bench.connection.execute("DELETE FROM _sqlite_migrations WHERE name = ?", (known_migrations()[-1],))
    with pytest.raises(JournalOlderError, match="'execution-officer run' brings it up to date"):
        look(bench)


def test_status_of_a_newer_journal_is_refused(bench: JournalBench) -> None:
    bench.connection.execute(
        "UPDATE _sqlite_migrations SET name = '0099_more' WHERE name = ?", (known_migrations()[-1],)
    )
    with pytest.raises(JournalNewerError, match="0099_more"):
        look(bench)


def test_status_does_not_block_the_writer(bench: JournalBench) -> None:
    with lists.reading(bench.path) as db:
        status(db, bench.path)
        bench.journal.halt(OFFICER, NOW, symbol=ALL, why="news")
        assert len(status(db, bench.path).halts) == 1
    file.check(bench.path)


def test_status_reads_only_the_events_that_wait(bench: JournalBench) -> None:
    plan = [detail for *_, detail in bench.rows("EXPLAIN QUERY PLAN SELECT * FROM officer_status")]
    assert {detail.split(" INDEX ")[1] for detail in plan if detail.startswith(("SEARCH e ", "SCAN e "))} == {
        "events_queued (officer=?)",
        "events_refused (officer=?)",
    }
