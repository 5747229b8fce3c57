"""Orders that somebody else sends under this officer's client order ids: raised, and opens are halted."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from bridge.core.link.messages import Order, RefusalCode
from bridge.core.link.reports import CommandStage, DealReport, NotSentReason, OrderReport, PositionReport
from bridge.core.units.mt5_terms import DealEntry, OrderState
from bridge.journal.steps.sessions import NotOpened, Opened
from bridge.journal.views.lists import reading
from bridge.journal.views.status import status
from bridge.status.command_lines import CommandLines
from bridge.status.health import RequiredAction, required_actions

from .bench import ACCOUNT, OFFICER, OTHER, PREFIX, JournalBench, directive, limit, server_ms, settings
from .conftest import MakeBench
from .reports import (
    DEAL,
    ORDER,
    POSITION,
    booked,
    deal,
    leaving,
    not_sent,
    scan,
    seen,
    stage,
    standing,
    submitted,
)

FOREIGN_ID = (PREFIX << 40) + 7
"""Client order id of this officer that its journal never gave."""


@pytest.fixture
def order(joined: JournalBench) -> Order:
    """The order of one command that is filled; the terminal's first scan is complete."""
    joined.report(scan(1))
    [command] = joined.sent(directive())
    joined.report(submitted(command.order), deal(command.order))
    return command.order


def halts(bench: JournalBench) -> list[tuple[str, str]]:
    return [(row[0], row[1]) for row in bench.rows("SELECT symbol, set_by FROM halts")]


def raised(bench: JournalBench) -> list[str]:
    return [event["error_code"] for event in bench.bodies("SYSTEM_ERROR")]


def second_deal(order: Order, **changes: object) -> DealReport:
    """A deal under the same id, of an order that another sidecar sent."""
    return replace(deal(order, DEAL + 50), order=ORDER + 50, position_id=POSITION + 50, **changes)


def test_more_volume_than_was_ordered_under_one_id_is_an_error_and_halts_the_officer(
    joined: JournalBench, order: Order
) -> None:
    for _ in range(2):
        joined.report(second_deal(order))
    assert raised(joined) == ["VOLUME_EXCEEDED"]
    [event] = joined.bodies("SYSTEM_ERROR")
    assert event["directive_id"] == "dir-1"
    assert "0.6 lots" in event["error_message"] and "0.3 were ordered" in event["error_message"]
    assert halts(joined) == [("", "bridge")]
    # The position is there, and a close is about it, too.
    assert joined.rows("SELECT volume_in FROM positions") == [("0.3",), ("0.3",)]
    assert joined.sent(directive("dir-2")) == []
    assert joined.directive_state("dir-2") == "REJECTED"


def test_volume_in_parts_up_to_what_was_ordered_is_no_error(joined: JournalBench) -> None:
    joined.report(scan(1))
    [command] = joined.sent(directive())
    joined.report(
        deal(command.order, volume="0.1"),
        deal(command.order, DEAL + 1, volume="0.2"),
        seen(command.order),
    )
    assert (raised(joined), halts(joined)) == ([], [])


def test_volume_of_an_annulled_deal_does_not_count(joined: JournalBench, order: Order) -> None:
    joined.report(replace(deal(order), type="BUY_CANCELED"))
    joined.report(replace(deal(order, DEAL + 1), position_id=POSITION))
    assert "VOLUME_EXCEEDED" not in raised(joined)


def test_position_that_the_server_opens_again_is_no_further_volume(
    joined: JournalBench, order: Order
) -> None:
    """A swap by reopening: both deals bear the id of the order that opened the position."""
    out = replace(deal(order, DEAL + 1), type="SELL", entry=DealEntry.OUT, reason="ROLLOVER", order=0)
    joined.report(out, replace(deal(order, DEAL + 2), reason="ROLLOVER", order=0))
    assert "VOLUME_EXCEEDED" not in raised(joined)
    assert halts(joined) == []


def test_second_pending_order_under_one_id_is_an_error_before_it_is_filled(joined: JournalBench) -> None:
    joined.report(scan(1))
    [command] = joined.sent(limit())
    first = booked(command.order)
    joined.report(first)
    assert raised(joined) == []
    joined.report(replace(first, ticket=first.ticket + 50))
    assert raised(joined) == ["VOLUME_EXCEEDED"]
    assert halts(joined) == [("", "bridge")]


def test_order_that_replaces_a_cancelled_one_is_no_error(joined: JournalBench) -> None:
    joined.report(scan(1))
    [command] = joined.sent(limit())
    first = booked(command.order)
    joined.report(
        first, replace(first, state=OrderState.CANCELED, time_done_server_ms=first.time_setup_server_ms)
    )
    joined.report(replace(first, ticket=first.ticket + 1))
    assert raised(joined) == []


def test_further_volume_after_a_resume_halts_again(joined: JournalBench, order: Order) -> None:
    joined.report(second_deal(order))
    joined.journal.resume(OFFICER, joined.now, symbol=None, why="looked")
    joined.report(second_deal(order))
    assert halts(joined) == []
    joined.report(replace(second_deal(order), ticket=DEAL + 60))
    assert raised(joined) == ["VOLUME_EXCEEDED"] * 2
    assert halts(joined) == [("", "bridge")]


def foreign(order: Order) -> list[DealReport | OrderReport | PositionReport]:
    """Records of an order under an id of ours that no command has."""
    return [
        replace(seen(order), ticket=ORDER + 70, magic=FOREIGN_ID, position_id=POSITION + 70),
        second_deal(order, magic=FOREIGN_ID),
        replace(standing(order, identifier=POSITION + 70), magic=FOREIGN_ID),
    ]


@pytest.mark.parametrize("number", [0, 1, 2], ids=["order", "deal", "position"])
def test_id_that_neither_journal_nor_ledger_knows_is_raised_and_halts_the_officer(
    joined: JournalBench, order: Order, number: int
) -> None:
    record = foreign(order)[number]
    joined.report(record)
    joined.report(*foreign(order))
    assert raised(joined) == ["ORDER_ID_UNKNOWN"]
    [event] = joined.bodies("SYSTEM_ERROR")
    assert str(FOREIGN_ID) in event["error_message"] and "directive_id" in event
    assert halts(joined) == [("", "bridge")]
    assert joined.sent(directive("dir-2")) == []


def test_unknown_id_that_an_operator_has_looked_at_halts_no_more(joined: JournalBench, order: Order) -> None:
    joined.report(foreign(order)[1])
    joined.journal.resume(OFFICER, joined.now, symbol=None, why="looked")
    joined.report(*foreign(order))
    assert (raised(joined), halts(joined)) == (["ORDER_ID_UNKNOWN"], [])


def test_unknown_id_in_the_first_scan_is_left_to_a_recovery(joined: JournalBench) -> None:
    [command] = joined.sent(directive())
    joined.report(*foreign(command.order), scan(1))
    assert (raised(joined), halts(joined)) == ([], [])


@pytest.mark.parametrize("magic", [0, 77, (PREFIX + 2 << 40) + 7])
def test_record_without_an_id_of_this_officer_is_somebody_elses(
    joined: JournalBench, order: Order, magic: int
) -> None:
    joined.report(second_deal(order, magic=magic))
    assert (raised(joined), halts(joined)) == ([], [])


def test_id_of_a_ledgers_intent_is_known(joined: JournalBench, order: Order) -> None:
    intent = submitted(replace(order, client_order_id=FOREIGN_ID))
    joined.report(intent, second_deal(order, magic=FOREIGN_ID))
    assert "ORDER_ID_UNKNOWN" not in raised(joined)


@pytest.mark.parametrize("shared", [(False, False), (True, False), (False, True), (True, True)])
def test_second_officer_on_an_account_is_refused_unless_it_is_meant_at_both(
    make_bench: MakeBench, shared: tuple[bool, bool]
) -> None:
    plain = settings()
    officers = [replace(each, shared_account=may) for each, may in zip(plain.officers, shared, strict=True)]
    bench = make_bench(replace(plain, officers=officers))
    bench.join()
    answer = bench.try_join(officer=OTHER)
    if all(shared):
        assert isinstance(answer, Opened)
        return
    assert isinstance(answer, NotOpened)
    assert answer.code is RefusalCode.SHARED_ACCOUNT
    assert OFFICER in answer.message and "shared_account = true" in answer.remedy
    # The first one goes on, and another account is accepted.
    assert isinstance(bench.try_join(), Opened)
    assert isinstance(bench.try_join(officer=OTHER, account=replace(ACCOUNT, login=502)), Opened)


def test_account_of_another_officer_is_known_by_the_present_name_of_its_server(bench: JournalBench) -> None:
    bench.join()
    renamed = replace(ACCOUNT, server="Broker-Live02")
    bench.journal.rebind(
        OFFICER, bench.now, account=False, why="announced", renamed_server=renamed.server, login=renamed.login
    )
    answer = bench.try_join(officer=OTHER, account=renamed)
    assert isinstance(answer, NotOpened) and answer.code is RefusalCode.SHARED_ACCOUNT


def test_officer_that_is_not_configured_any_more_leaves_its_account_to_others(make_bench: MakeBench) -> None:
    bench = make_bench(settings())
    bench.join()
    bench.close()
    bench.settings = replace(bench.settings, officers=bench.settings.officers[1:])
    bench.open()
    assert isinstance(bench.try_join(officer=OTHER), Opened)


def test_halt_for_a_foreign_sender_requires_an_action_until_an_operator_resumes(
    joined: JournalBench, order: Order
) -> None:
    joined.report(foreign(order)[1])
    [action] = actions(joined)
    assert (action.officer, action.code) == (OFFICER, "HALTED")
    assert str(FOREIGN_ID) in action.what and "resume" in action.remedy
    joined.journal.resume(OFFICER, joined.now, symbol="", why="looked")
    assert actions(joined) == []


def actions(bench: JournalBench) -> list[RequiredAction]:
    with reading(bench.path) as db:
        return required_actions(status(db, bench.path), None, "", CommandLines())


def test_order_at_the_broker_before_the_send_of_an_unbroken_journal_halts_the_officer(
    joined: JournalBench,
) -> None:
    joined.report(scan(1))
    [command] = joined.sent(directive())
    assert command.search_from_server_ms == 0
    joined.report(deal(command.order), seen(command.order), stage(CommandStage.FOUND, command.order))
    assert raised(joined) == ["SENT_ELSEWHERE"]
    assert halts(joined) == [("", "bridge")]
    assert joined.directive_state() == "FILLED"


@pytest.mark.parametrize(("minutes", "halted"), [(61, False), (59, True), (0, True)])
def test_order_that_an_earlier_journal_may_have_sent_is_found_without_a_halt_unless_it_is_newer_than_the_scan(
    joined: JournalBench, minutes: int, halted: bool
) -> None:
    """The first scan has shown all that an earlier journal sent lately: it did not send what is found after it."""
    joined.report(scan(1))
    joined.take(directive(), first_listing=True)
    [command] = joined.advance()
    found = deal(command.order, time_server_ms=server_ms() - minutes * 60_000)
    joined.report(found, stage(CommandStage.FOUND, command.order))
    assert raised(joined) == (["SENT_ELSEWHERE"] if halted else [])
    assert halts(joined) == ([("", "bridge")] if halted else [])
    assert joined.directive_state() == "FILLED"


def test_order_from_before_a_change_of_the_brokers_clock_is_found_without_a_halt(
    joined: JournalBench,
) -> None:
    """The first scan of a new journal did not go back so far: the broker's clock has moved ahead since."""
    joined.report(scan(1, joined.now + timedelta(hours=48)))
    joined.take(directive(), first_listing=True)
    [command] = joined.advance()
    joined.report(deal(command.order), stage(CommandStage.FOUND, command.order))
    assert (raised(joined), halts(joined)) == ([], [])


def test_position_alone_that_is_found_after_the_first_scan_halts_the_officer(joined: JournalBench) -> None:
    joined.report(scan(1))
    joined.take(directive(), first_listing=True)
    [command] = joined.advance()
    joined.report(standing(command.order), stage(CommandStage.FOUND, command.order))
    assert (raised(joined)[0], halts(joined)) == ("SENT_ELSEWHERE", [("", "bridge")])


def test_order_under_the_id_of_a_command_that_was_never_sent_halts_the_officer(joined: JournalBench) -> None:
    joined.report(scan(1))
    joined.planned(directive())
    order = joined.order()
    joined.report(seen(order), deal(order))
    assert (raised(joined), halts(joined)) == (["SENT_ELSEWHERE"], [("", "bridge")])
    assert joined.directive_state() == "FILLED"


def test_order_of_a_first_scan_halts_where_the_journal_is_unbroken_since_before_its_directive(
    joined: JournalBench,
) -> None:
    joined.report(scan(1))
    joined.planned(directive())
    order = joined.order()
    joined.join()
    joined.report(deal(order), scan(1))
    assert (raised(joined), halts(joined)) == (["SENT_ELSEWHERE"], [("", "bridge")])


def test_order_of_a_first_scan_may_be_an_earlier_journals(joined: JournalBench) -> None:
    joined.report(scan(1))
    joined.take(directive(), first_listing=True)
    assert joined.advance(opens_paused=True) == []
    order = joined.order()
    joined.join()
    joined.report(deal(order), scan(1))
    assert (raised(joined), halts(joined)) == ([], [])
    assert joined.directive_state() == "FILLED"


def test_order_that_the_ledger_has_is_this_machines(joined: JournalBench) -> None:
    """The journal is older than the ledger: an operator is asked for that, and not for another machine."""
    joined.report(scan(1))
    joined.planned(directive())
    order = joined.order()
    joined.report(submitted(order), deal(order))
    assert "SENT_ELSEWHERE" not in raised(joined)


def test_order_that_was_refused_as_late_and_stands_at_the_broker_halts_the_officer(
    joined: JournalBench,
) -> None:
    joined.report(scan(1))
    [command] = joined.sent(directive())
    joined.report(not_sent(command.order, NotSentReason.ACCOUNT))
    assert halts(joined) == []
    joined.report(deal(command.order))
    assert (raised(joined), halts(joined)) == (["SENT_ELSEWHERE"], [("", "bridge")])


@pytest.mark.parametrize(("minutes", "halted"), [(61, False), (59, True)])
def test_past_of_a_position_that_a_search_found_is_not_taken_for_a_foreign_sender(
    joined: JournalBench, minutes: int, halted: bool
) -> None:
    """The close of a position that was found may have been ordered by a directive that is not listed any more."""
    joined.report(scan(1))
    joined.take(directive(), first_listing=True)
    [command] = joined.advance()
    order = command.order
    past_ms = server_ms() - minutes * 60_000
    close = leaving(order, magic=FOREIGN_ID, reason="EXPERT", time_server_ms=past_ms)
    joined.report(deal(order, time_server_ms=past_ms), close, stage(CommandStage.FOUND, order))
    assert halts(joined) == ([("", "bridge")] if halted else [])
