"""Records of the broker that a journal has before it plans their command: after a loss, nothing is sent again.

Each test has a new journal, to which the terminal reports what an earlier journal had ordered.
"""

from decimal import Decimal

import msgspec
import pytest

from bridge.core.link.messages import CommandKind, LedgerIdentity, Order
from bridge.core.link.reports import AnyReport, CommandStage, NotSentReason
from bridge.core.units.mt5_terms import OrderState, Side
from bridge.core.units.order_ids import OPENING, make_client_order_id, position_target

from .bench import LEDGER, OFFICER, PREFIX, JournalBench, cancel, closing, directive, limit, modify, server_ms
from .reports import (
    DEAL,
    NO_MONEY,
    ORDER,
    POSITION,
    TIMEOUT,
    booked,
    deal,
    leaving,
    not_sent,
    result,
    scan,
    seen,
    stage,
    standing,
    submitted,
)
from .test_netting import NETTING, parts

FILLED = ["DIRECTIVE_RECEIVED", "ORDER_PLACED", "ORDER_FILLED", "POSITION_OPENED"]


def lost(directive_id: str = "dir-1", volume: str = "0.3", **changes: object) -> Order:
    """Return the order that the lost journal made of the directive."""
    order = Order(
        client_order_id=make_client_order_id(PREFIX, OFFICER, directive_id, OPENING),
        kind=CommandKind.OPEN,
        symbol="EURUSD",
        side=Side.BUY,
        volume=Decimal(volume),
        stop_loss=Decimal("1.09"),
        take_profit=Decimal("1.11"),
    )
    return msgspec.structs.replace(order, **changes)


def restored(bench: JournalBench) -> None:
    """Let an operator accept the account after the reports of an unknown command quarantined the officer."""
    assert "may be an old copy" in bench.quarantine()
    bench.journal.rebind(OFFICER, bench.now, account=False, why="compared")
    bench.join(ledger=LedgerIdentity(id=LEDGER, mark=1))


def test_directive_whose_order_was_known_before_is_filled_and_not_sent(joined: JournalBench) -> None:
    joined.report(deal(lost()), seen(lost()), standing(lost()))
    assert joined.rows("SELECT DISTINCT disposition FROM reports") == [("PARKED",), ("FOREIGN",)]
    assert joined.sent(directive()) == []
    assert joined.emitted() == FILLED
    assert joined.command_state(lost().client_order_id) == "FILLED"
    assert joined.rows("SELECT volume_in, stop_loss, levels_seen FROM positions") == [("0.3", "1.0900", 1)]
    [close] = joined.sent(closing())
    assert (close.order.position, close.order.volume) == (POSITION, Decimal("0.3"))


@pytest.mark.parametrize("bound", [True, False], ids=["bound-first", "listed-first"])
def test_event_of_a_known_fill_has_the_key_that_it_had_before_the_loss(
    joined: JournalBench, bench: JournalBench, bound: bool
) -> None:
    [command] = joined.sent(directive())
    joined.report(submitted(command.order), result(command.order), deal(command.order))
    keys = joined.rows("SELECT event_type, key FROM events WHERE directive_id = 'dir-1' ORDER BY id")
    anew = JournalBench(bench.path.with_name("anew.db"), bench.settings)
    try:
        if bound:
            anew.join()
        anew.take(directive())
        if not bound:
            anew.join()
        anew.report(deal(lost()))
        assert anew.advance() == []
        again = anew.rows("SELECT event_type, key FROM events WHERE directive_id = 'dir-1' ORDER BY id")
        assert again == keys
    finally:
        anew.close()


def test_position_that_was_closed_meanwhile_is_reported_opened_and_closed(joined: JournalBench) -> None:
    joined.report(deal(lost()), leaving(lost()))
    assert joined.sent(directive()) == []
    assert joined.emitted() == [*FILLED, "SL_TRIGGERED", "POSITION_CLOSED"]


def test_position_whose_deal_is_older_than_the_scan_shows_that_the_order_was_sent(
    joined: JournalBench,
) -> None:
    joined.report(standing(lost()))
    assert joined.sent(directive()) == []
    assert joined.emitted() == FILLED[:2]
    # There is something to close, and its deal is awaited.
    assert joined.sent(closing()) == []
    assert joined.emitted("dir-close") == ["DIRECTIVE_RECEIVED"]
    joined.report(deal(lost()))
    assert joined.emitted() == FILLED
    assert joined.rows("SELECT stop_loss, levels_seen FROM positions") == [("1.0900", 1)]
    [close] = joined.advance()
    assert close.order.position == POSITION


def test_pending_order_on_the_book_is_taken_back(joined: JournalBench) -> None:
    order = lost("dir-limit", order_type="LIMIT", price=Decimal("1.08"), stop_loss=Decimal("1.07"))
    joined.report(booked(order))
    assert joined.sent(limit()) == []
    assert joined.emitted("dir-limit") == FILLED[:2]
    [gone] = joined.sent(cancel("dir-cancel", "dir-limit"))
    assert (gone.order.kind, gone.order.order) == (CommandKind.CANCEL, ORDER)


@pytest.mark.parametrize(
    ("reports", "state", "events"),
    [
        ([submitted(lost()), result(lost(), NO_MONEY)], "REJECTED", ["ORDER_REJECTED"]),
        ([submitted(lost()), result(lost())], "PLACED", ["ORDER_PLACED"]),
        ([submitted(lost())], "SUBMITTED", []),
        ([submitted(lost(), attempt=3), result(lost(), TIMEOUT)], "UNRESOLVED", ["BROKER_ERROR"]),
        ([not_sent(lost(), NotSentReason.CHECK)], "NEVER_SENT", ["ORDER_REJECTED"]),
        (
            [result(lost()), deal(lost(), volume="0.1"), seen(lost(), OrderState.CANCELED, left="0.2")],
            "CANCELLED",
            ["ORDER_PLACED", "ORDER_PARTIAL_FILL", "POSITION_OPENED", "ORDER_CANCELLED"],
        ),
    ],
    ids=["refused", "accepted", "submitted", "unresolved", "never-sent", "cancelled"],
)
def test_stages_that_the_ledger_reported_count_after_a_rebind(
    joined: JournalBench, reports: list[AnyReport], state: str, events: list[str]
) -> None:
    joined.report(*reports)
    restored(joined)
    assert joined.sent(directive()) == []
    assert joined.command_state(lost().client_order_id) == state
    assert joined.emitted() == ["DIRECTIVE_RECEIVED", *events]
    assert joined.quarantine() == ""


def test_command_that_the_lost_journal_never_sent_is_sent_with_the_next_attempt(joined: JournalBench) -> None:
    joined.report(
        stage(CommandStage.RECEIVED, lost(), attempt=2), not_sent(lost(), NotSentReason.LATE, attempt=2)
    )
    restored(joined)
    [command] = joined.sent(directive())
    assert (command.order.client_order_id, command.attempt) == (lost().client_order_id, 3)


def test_submitted_command_of_a_lost_journal_becomes_unknown_after_the_grace_time(
    joined: JournalBench,
) -> None:
    joined.report(submitted(lost()))
    restored(joined)
    assert joined.sent(directive()) == []
    [question] = joined.request_status(first=True)
    assert question.item.attempt == 1
    joined.later(joined.settings.link.unknown_after_s)
    joined.advance()
    assert joined.command_state(lost().client_order_id) == "UNKNOWN"


@pytest.mark.parametrize(
    "record",
    [
        deal(lost(), symbol="GBPUSD"),
        deal(lost(), type="SELL"),
        seen(lost(symbol="GBPUSD")),
        standing(lost(symbol="GBPUSD")),
        standing(lost(side=Side.SELL)),
        leaving(lost(), magic=lost().client_order_id),
    ],
    ids=["symbol", "side", "order", "position", "position-side", "closing-deal"],
)
def test_record_that_does_not_fit_the_order_is_raised_and_nothing_is_sent(
    joined: JournalBench, record: AnyReport
) -> None:
    joined.report(record)
    assert joined.sent(directive()) == []
    assert joined.command_state(lost().client_order_id) == "UNKNOWN"
    assert joined.emitted() == ["DIRECTIVE_RECEIVED", "SYSTEM_ERROR"]
    [raised] = [body for body in joined.bodies("SYSTEM_ERROR") if body["error_code"] == "UNKNOWN_OUTCOME"]
    assert str(lost().client_order_id) in raised["error_message"]
    joined.later(60)
    assert joined.advance() == []


def test_other_directive_is_sent_beside_one_that_is_known(joined: JournalBench) -> None:
    joined.report(deal(lost()))
    [command] = joined.sent(directive(), directive("dir-2"))
    assert command.order.client_order_id == make_client_order_id(PREFIX, OFFICER, "dir-2", OPENING)


def test_deals_of_a_netted_position_are_divided_anew(bench: JournalBench) -> None:
    bench.join(account=NETTING)
    first, second = lost(), lost("dir-2", "0.2")
    manual = leaving(first, DEAL + 2, reason="CLIENT", magic=0, volume=Decimal("0.4"))
    later = server_ms() + 1_000
    bench.report(
        deal(first), deal(second, DEAL + 1, time_server_ms=later), manual, standing(second, volume="0.1")
    )
    assert bench.sent(directive(), directive("dir-2", quantity=0.2)) == []
    assert parts(bench) == [("dir-1", "0.3", "0.3"), ("dir-2", "0.2", "0.1")]
    assert bench.emitted() == [*FILLED, "POSITION_CLOSED"]
    assert bench.emitted("dir-2") == [*FILLED, "ORDER_PARTIAL_FILL"]


def test_close_and_change_find_a_position_that_was_taken_back(joined: JournalBench) -> None:
    joined.report(deal(lost()), standing(lost()), scan(1))
    assert joined.sent(directive()) == []
    [change] = joined.sent(modify("dir-modify", "dir-1", stop_loss=1.085))
    assert change.order.position == POSITION


def lost_close(opened: Order, position: int = POSITION, directive_id: str = "dir-close") -> Order:
    """Return the order that the lost journal made of a CLOSE, for the position that the order opened."""
    target = position_target(position, opened.client_order_id)
    return Order(
        client_order_id=make_client_order_id(PREFIX, OFFICER, directive_id, target),
        kind=CommandKind.CLOSE,
        symbol="EURUSD",
        side=Side.SELL,
        volume=opened.volume,
        position=position,
        opener=opened.client_order_id,
    )


def test_close_that_was_executed_is_filled_and_not_sent(joined: JournalBench) -> None:
    close = lost_close(lost())
    joined.report(deal(lost()), deal(close, DEAL + 1), seen(close))
    assert joined.sent(directive(), closing()) == []
    joined.later(1)
    assert joined.advance() == []
    assert joined.emitted() == FILLED
    assert joined.emitted("dir-close") == [*FILLED[:3], "POSITION_CLOSED"]
    assert joined.rows("SELECT state FROM positions") == [("CLOSED",)]


def test_close_of_two_positions_is_sent_for_the_one_that_is_still_open(joined: JournalBench) -> None:
    first, second = lost(), lost("dir-2", "0.2")
    close = lost_close(first)
    joined.report(
        deal(first),
        deal(second, DEAL + 1, position_id=POSITION + 1, order=ORDER + 7),
        deal(close, DEAL + 2),
        seen(close),
    )
    assert joined.sent(directive(), directive("dir-2", quantity=0.2), closing()) == []
    joined.later(1)
    [rest] = joined.advance()
    assert (rest.order.position, rest.order.opener) == (POSITION + 1, second.client_order_id)
    assert rest.order == joined.order("dir-close", 2)
    assert joined.command_state(close.client_order_id) == "FILLED"
    joined.report(deal(rest.order, DEAL + 3, position_id=POSITION + 1, order=ORDER + 9))
    assert joined.directive_state("dir-close") == "FILLED"
    assert joined.emitted("dir-close").count("POSITION_CLOSED") == 2


# A position that is shown while the outcome is open


@pytest.mark.parametrize("answered", ["nothing", "submitted", "lost", "unknown"])
def test_position_with_the_command_s_magic_resolves_it(joined: JournalBench, answered: str) -> None:
    [command] = joined.sent(directive())
    order = command.order
    if answered != "nothing":
        joined.report(submitted(order))
    if answered in ("lost", "unknown"):
        joined.report(result(order, TIMEOUT))
    if answered == "unknown":
        joined.later(joined.settings.link.unknown_after_s)
        joined.advance()
        assert joined.command_state(order.client_order_id) == "UNKNOWN"
    joined.report(standing(order))
    assert joined.command_state(order.client_order_id) == "PLACED"
    [placed] = joined.bodies("ORDER_PLACED")
    answered_with_ticket = answered in ("lost", "unknown")
    # Without a ticket in an answer, the order has the number of the position that it opened.
    assert placed["broker_order_id"] == str(ORDER if answered_with_ticket else POSITION)
    assert placed["position_id"] == str(POSITION)
    # The deal is awaited; a close waits with it instead of finding nothing.
    assert joined.sent(closing(expires_at="2026-01-05T11:00:00Z")) == []
    assert joined.emitted("dir-close") == ["DIRECTIVE_RECEIVED"]
    joined.report(deal(order))
    assert joined.emitted()[-2:] == FILLED[-2:]
    assert joined.rows("SELECT stop_loss, levels_seen FROM positions") == [("1.0900", 1)]
    [close] = joined.advance()
    assert (close.order.position, close.order.volume) == (POSITION, Decimal("0.3"))


def test_position_of_another_symbol_resolves_nothing_and_is_raised(joined: JournalBench) -> None:
    [command] = joined.sent(directive())
    joined.report(standing(msgspec.structs.replace(command.order, symbol="GBPUSD")))
    assert joined.command_state(command.order.client_order_id) == "DISPATCHED"
    [raised] = joined.bodies("SYSTEM_ERROR")
    assert (raised["error_code"], "its symbol is GBPUSD" in raised["error_message"]) == (
        "REPORT_UNUSABLE",
        True,
    )
