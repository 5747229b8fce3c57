"""Planning: the turn of a directive, the things it waits for, and its end before that."""

from typing import Any

import pytest

from bridge.core.link.messages import CommandKind, Inquire
from bridge.core.link.reports import NotSentReason, SymbolReport
from bridge.journal.tables.commands import order_json
from bridge.journal.tables.halts import ALL

from .bench import NOW, OFFICER, JournalBench, cancel, closing, directive, limit, settings, terms
from .conftest import MakeBench
from .reports import (
    DEAL,
    ORDER,
    POSITION,
    booked,
    deal,
    not_sent,
    result,
    scan,
)


def test_symbol_is_asked_for_once_for_all_waiting_directives(joined: JournalBench) -> None:
    joined.take(directive("dir-1"), directive("dir-2"), closing("dir-3"), directive("dir-4", symbol="GOLD"))
    work = joined.look()
    assert work.commands == []
    assert work.inquiries == [
        Inquire(epoch=1, symbol="EURUSD", exact=False),
        Inquire(epoch=1, symbol="GOLD", exact=False),
    ]
    # There was no answer: it is asked for again.
    assert joined.look().inquiries == work.inquiries
    joined.report(terms("EURUSD"))
    work = joined.look()
    assert [command.order.comment for command in work.commands] == ["dir-1", "dir-2"]
    assert [inquiry.symbol for inquiry in work.inquiries] == ["GOLD"]


def test_mapped_symbol_is_asked_for_by_its_exact_name(make_bench: MakeBench) -> None:
    bench = make_bench(settings(symbols={"EURUSD": "EURUSD.r"}))
    bench.join()
    bench.take(directive())
    assert bench.look().inquiries == [Inquire(epoch=1, symbol="EURUSD.r", exact=True)]
    bench.report(terms("EURUSD.r"))
    assert [command.order.symbol for command in bench.look().commands] == ["EURUSD.r"]


def test_single_similar_symbol_is_traded_under_the_brokers_name(joined: JournalBench) -> None:
    joined.take(directive())
    joined.report(terms("EURUSD", name="EURUSDm"))
    [command] = joined.look().commands
    assert command.order.symbol == "EURUSDm"


@pytest.mark.parametrize(
    ("emitted", "code", "says"),
    [
        ({"name": "", "candidates": ["EURUSD.a", "EURUSD.b"]}, "AMBIGUOUS_SYMBOL", "EURUSD.a, EURUSD.b"),
        ({"name": ""}, "UNKNOWN_SYMBOL", "symbol EURUSD is unknown to the broker"),
    ],
)
def test_missing_or_ambiguous_symbol_rejects_the_waiting_directives(
    joined: JournalBench, emitted: dict[str, object], code: str, says: str
) -> None:
    joined.take(directive(), closing())
    joined.report(terms("EURUSD", **emitted))
    assert joined.look().commands == []
    assert [joined.directive_state(each) for each in ("dir-1", "dir-close")] == ["REJECTED", "REJECTED"]
    for body in joined.bodies("ORDER_REJECTED"):
        assert body["error_code"] == code and says in body["error_message"]


def test_terms_of_an_earlier_session_suffice_for_a_close_only(joined: JournalBench) -> None:
    [command] = joined.sent(directive())
    joined.report(result(command.order), deal(command.order))
    joined.join()
    joined.take(closing(), directive("dir-2"))
    work = joined.look()
    assert [sent.order.comment for sent in work.commands] == ["dir-close"]
    assert [(inquiry.epoch, inquiry.symbol) for inquiry in work.inquiries] == [(2, "EURUSD")]
    joined.report(terms("EURUSD"))
    assert [sent.order.comment for sent in joined.look().commands] == ["dir-2"]


def test_close_waits_behind_an_open_that_waits_for_its_symbol(joined: JournalBench) -> None:
    [command] = joined.sent(directive())
    joined.report(result(command.order), deal(command.order))
    joined.join()
    joined.take(directive("dir-2"), closing())
    assert joined.look().commands == []
    assert joined.directive_state("dir-close") == "RECEIVED"
    joined.report(terms("EURUSD"))
    [second] = joined.look().commands
    assert second.order.comment == "dir-2"
    joined.report(result(second.order), deal(second.order, DEAL + 1, position_id=POSITION + 1))
    assert [sent.order.position for sent in joined.look().commands] == [POSITION, POSITION + 1]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"quantity": 0.005}, "INVALID_QUANTITY"),
        ({"quantity": 101}, "INVALID_QUANTITY"),
        ({"quantity": 0.015}, "INVALID_QUANTITY"),
        ({"order_type": "STOP", "price": 1.1}, "UNKNOWN_ORDER_TYPE"),
    ],
)
def test_order_outside_the_symbols_terms_is_rejected_before_it_is_sent(
    joined: JournalBench, changes: dict[str, object], code: str
) -> None:
    joined.report(terms("EURUSD", order_types=["MARKET", "LIMIT"]))
    assert joined.sent(directive(**changes)) == []
    assert joined.directive_state() == "REJECTED"
    assert joined.bodies("ORDER_REJECTED")[0]["error_code"] == code


def test_changed_terms_of_a_symbol_are_audited_once(joined: JournalBench) -> None:
    for step in ("0.01", "0.01", "0.1"):
        joined.report(terms("EURUSD", volume_step=step))
    assert len(joined.rows("SELECT 1 FROM audit WHERE kind = 'symbol'")) == 2


# Turns


def test_open_waits_for_no_earlier_command(joined: JournalBench) -> None:
    joined.sent(directive())
    assert [command.order.comment for command in joined.sent(directive("dir-2"))] == ["dir-2"]


def test_directive_behind_a_waiting_close_in_its_symbol_waits(joined: JournalBench) -> None:
    """An open that overtook the close would be closed by it."""
    [first] = joined.sent(directive())
    joined.report(deal(first.order, volume="0.1"))
    waiting = (
        closing("dir-close"),
        directive("dir-2", action="OPEN_SHORT", stop_loss=None, take_profit=None),
        directive("dir-pound", symbol="GBPUSD"),
        closing("dir-gold", symbol="GOLD"),
    )
    assert [command.order.comment for command in joined.sent(*waiting)] == ["dir-pound"]
    assert [joined.directive_state(each) for each in ("dir-close", "dir-2")] == ["RECEIVED", "RECEIVED"]
    joined.report(deal(first.order, DEAL + 1, volume="0.2"))
    went = joined.advance()
    assert [(command.order.comment, command.order.kind) for command in went] == [
        ("dir-close", CommandKind.CLOSE),
        ("dir-2", CommandKind.OPEN),
    ]
    assert went[0].order.opener == first.order.client_order_id


def test_commands_are_read_once_for_all_directives_behind_a_waiting_close(joined: JournalBench) -> None:
    joined.sent(directive())
    joined.take(*(closing(f"dir-close-{number}") for number in range(20)))
    statements: list[str] = []
    joined.connection.set_trace_callback(statements.append)
    assert joined.look().commands == []
    joined.connection.set_trace_callback(None)
    assert len([each for each in statements if each.startswith("SELECT DISTINCT c.kind")]) == 1


def test_paused_open_holds_up_no_close(joined: JournalBench) -> None:
    [held] = joined.sent(directive())
    joined.report(deal(held.order))
    joined.take(directive("dir-2", expires_at="2026-01-06T10:00:00Z"))
    assert joined.advance(opens_paused=True) == []
    joined.take(closing("dir-half", quantity=0.1))
    assert [command.order.comment for command in joined.advance(opens_paused=True)] == ["dir-half"]
    # It closes a part only: the unsent open may still be sent.
    assert joined.directive_state("dir-2") == "WORKING"


@pytest.mark.parametrize("known", [False, True])
def test_close_of_everything_withdraws_an_earlier_paused_open(joined: JournalBench, known: bool) -> None:
    """Sent afterwards, the open would open what the Director wanted closed."""
    if known:
        joined.report(terms("EURUSD"))
    joined.take(directive("dir-2", expires_at="2026-01-06T10:00:00Z"), closing("dir-close"))
    assert joined.advance(opens_paused=True) == []
    assert [joined.directive_state(each) for each in ("dir-2", "dir-close")] == ["CANCELLED", "DONE"]
    assert joined.emitted("dir-2") == joined.emitted("dir-close") == ["DIRECTIVE_RECEIVED", "ORDER_CANCELLED"]
    assert joined.advance() == []


# Missing symbols


def test_missing_symbol_is_asked_for_again_for_the_next_directive(joined: JournalBench) -> None:
    joined.take(directive())
    joined.report(SymbolReport(asked="EURUSD"))
    joined.advance()
    assert joined.directive_state() == "REJECTED"
    joined.later(1)
    # A terminal that has just started may not have had its list yet.
    assert len(joined.sent(directive("dir-2"))) == 1


def test_name_with_the_suffix_of_most_symbols_is_asked_for_exactly_and_used(joined: JournalBench) -> None:
    joined.take(directive())
    assert [each.symbol for each in joined.look().inquiries] == ["EURUSD"]
    joined.report(SymbolReport(asked="EURUSD", candidates=["EURUSD.r"], alike=[9], symbols_total=10))
    assert joined.look().inquiries == [Inquire(epoch=1, symbol="EURUSD.r", exact=True)]
    joined.report(terms("EURUSD.r"))
    assert [command.order.symbol for command in joined.look().commands] == ["EURUSD.r"]


def test_another_instrument_that_contains_the_name_is_never_traded(joined: JournalBench) -> None:
    joined.take(directive(symbol="QQQ"))
    joined.look()
    joined.later(1)
    joined.report(SymbolReport(asked="QQQ", candidates=["SQQQ"], alike=[10], symbols_total=10))
    work = joined.look()
    assert work.commands == [] and work.inquiries == []
    assert joined.directive_state() == "REJECTED"


def test_position_can_be_closed_although_its_symbol_became_ambiguous(joined: JournalBench) -> None:
    [held] = joined.sent(directive())
    joined.report(deal(held.order))
    joined.report(SymbolReport(asked="EURUSD", candidates=["EURUSD.a", "EURUSD.b"]))
    assert [command.order.symbol for command in joined.sent(closing())] == ["EURUSD"]


def test_order_whose_own_expiry_has_passed_is_rejected(joined: JournalBench) -> None:
    joined.take(
        directive(
            order_type="LIMIT",
            price=1.1,
            issued_at="1960-01-01T00:00:00Z",
            order_expires_at="1965-01-01T00:00:00Z",
            expires_at="2026-01-06T10:00:00Z",
        )
    )
    assert joined.advance() == []
    assert joined.directive_state() == "EXPIRED"


def test_pending_order_on_the_book_holds_up_nothing(joined: JournalBench) -> None:
    [market, waiting] = joined.sent(directive(), limit())
    joined.report(result(market.order), deal(market.order))
    assert joined.sent(closing()) == []
    joined.report(result(waiting.order, ticket=ORDER + 7), booked(waiting.order, ticket=ORDER + 7))
    assert joined.command_state(waiting.order.client_order_id) == "PLACED"
    [close] = joined.advance()
    assert (close.order.comment, close.order.position) == ("dir-close", POSITION)


def test_pending_order_is_sent_with_its_expiry_in_broker_time(joined: JournalBench) -> None:
    [waiting] = joined.sent(limit(order_expires_at="2026-01-06T00:00:00.000000Z"))
    assert waiting.order.expires_ms == 1_767_657_600_000
    assert waiting.expires_server_ms == waiting.order.expires_ms + 7_200_000
    [market] = joined.sent(directive())
    assert (market.order.expires_ms, market.expires_server_ms) == (0, 0)


def test_pending_order_is_emitted_with_its_prices_and_expiry(joined: JournalBench) -> None:
    [waiting] = joined.sent(limit(order_expires_at="2026-01-06T00:00:00.000000Z"))
    joined.report(result(waiting.order))
    [placed] = joined.bodies("ORDER_PLACED")
    assert (placed["order_type"], placed["price"], placed["remaining_quantity"]) == ("LIMIT", 1.08, 0.3)
    assert placed["order_expires_at"] == "2026-01-06T00:00:00.000000Z"


# Withdrawn


@pytest.mark.parametrize("how", ["received", "planned"])
def test_cancel_withdraws_an_unsent_open_at_once(joined: JournalBench, how: str) -> None:
    if how == "planned":
        joined.planned(limit())
    else:
        joined.take(limit())
    joined.take(cancel("dir-cancel", "dir-limit"))
    # No terminal is needed.
    joined.journal.advance(OFFICER, None, joined.now)
    assert joined.directive_state("dir-limit") == "CANCELLED"
    assert joined.directive_state("dir-cancel") == "DONE"
    assert joined.emitted("dir-limit") == ["DIRECTIVE_RECEIVED", "ORDER_CANCELLED"]
    assert joined.emitted("dir-cancel") == ["DIRECTIVE_RECEIVED", "ORDER_CANCELLED"]
    assert joined.advance() == []
    assert joined.rows("SELECT count(*) FROM dispatches") == [(0,)]


def test_cancel_of_a_sent_order_is_a_command_once_the_order_is_on_the_book(joined: JournalBench) -> None:
    [waiting] = joined.sent(limit())
    assert joined.sent(cancel("dir-cancel", "dir-limit")) == []
    assert joined.directive_state("dir-cancel") == "RECEIVED"
    joined.report(result(waiting.order), booked(waiting.order))
    [command] = joined.advance()
    assert (command.order.kind, command.order.order, command.order.opener) == (
        "CANCEL",
        ORDER,
        waiting.order.client_order_id,
    )


def test_unsent_market_open_can_be_cancelled(joined: JournalBench) -> None:
    joined.planned(directive())
    joined.take(cancel("dir-cancel", "dir-1"))
    assert joined.advance() == []
    assert (joined.directive_state(), joined.directive_state("dir-cancel")) == ("CANCELLED", "DONE")


def test_cancel_without_an_order_is_rejected(joined: JournalBench) -> None:
    assert joined.sent(cancel("dir-cancel", "dir-9")) == []
    assert joined.directive_state("dir-cancel") == "REJECTED"
    [body] = joined.bodies("ORDER_REJECTED")
    assert body["error_code"] == "NO_ORDER" and "dir-9" in body["error_message"]


def test_cancel_does_not_withdraw_a_close(joined: JournalBench) -> None:
    [first] = joined.sent(directive())
    joined.take(closing(), cancel("dir-cancel", "dir-close"))
    joined.advance()
    assert joined.directive_state("dir-close") == "RECEIVED"
    joined.report(deal(first.order))
    assert [command.order.comment for command in joined.advance()] == ["dir-close"]


# Halted


@pytest.mark.parametrize("symbol", [ALL, "EURUSD"])
def test_halt_rejects_every_unsent_open_and_nothing_else(joined: JournalBench, symbol: str) -> None:
    [open_one] = joined.sent(directive("dir-0"))
    joined.report(deal(open_one.order))
    joined.planned(directive("dir-1"))
    joined.take(directive("dir-2"), directive("dir-gold", symbol="GOLD"), closing())
    joined.journal.halt(OFFICER, NOW, symbol=symbol, why="news")
    # The opens end without a terminal.
    joined.journal.advance(OFFICER, None, joined.now)
    assert [joined.directive_state(each) for each in ("dir-1", "dir-2")] == ["REJECTED", "REJECTED"]
    assert joined.directive_state("dir-gold") == ("REJECTED" if symbol == ALL else "RECEIVED")
    for body in joined.bodies("ORDER_REJECTED"):
        assert body["error_code"] == "HALTED"
        assert body["error_message"] == "opens are halted until an operator resumes them: news"
    sent = {command.order.comment for command in joined.advance()}
    assert sent == ({"dir-close"} if symbol == ALL else {"dir-gold", "dir-close"})


def test_halt_by_the_brokers_name_covers_the_directors_name(make_bench: MakeBench) -> None:
    bench = make_bench(settings(symbols={"GOLD": "XAUUSD.r"}))
    bench.join()
    bench.journal.halt(OFFICER, NOW, symbol="XAUUSD.r", why="news")
    bench.take(directive(symbol="GOLD"))
    bench.journal.advance(OFFICER, None, bench.now)
    assert bench.directive_state() == "REJECTED"


def test_opens_are_sent_again_after_a_resume(joined: JournalBench) -> None:
    joined.journal.halt(OFFICER, NOW, symbol=ALL, why="news")
    assert joined.sent(directive()) == []
    joined.journal.resume(OFFICER, NOW, symbol=None, why="over")
    assert len(joined.sent(directive("dir-2"))) == 1
    assert joined.directive_state() == "REJECTED"


def test_open_that_was_not_sent_ends_during_a_halt(joined: JournalBench) -> None:
    [command] = joined.sent(directive())
    joined.journal.halt(OFFICER, NOW, symbol=ALL, why="news")
    joined.report(not_sent(command.order, NotSentReason.LATE))
    joined.later(60)
    assert joined.advance() == []
    assert joined.directive_state() == "REJECTED"
    assert joined.bodies("ORDER_REJECTED")[0]["error_code"] == "HALTED"


# Own directives


def flattened(bench: JournalBench) -> list[tuple[str, int]]:
    """Return kind, and order or position, of the commands that are sent after a flatten."""
    bench.journal.flatten(OFFICER, bench.now, nonce="0f" * 8, why="out")
    return sorted((each.order.kind, each.order.order or each.order.position) for each in bench.advance())


def two_and_a_limit(bench: JournalBench) -> list[Any]:
    """Two open positions in two symbols, and a limit order on the book; their commands' orders."""
    orders = [each.order for each in bench.sent(directive(), directive("dir-gold", symbol="GOLD"), limit())]
    bench.report(result(orders[0]), deal(orders[0]))
    bench.report(result(orders[1], ticket=ORDER + 3), deal(orders[1], DEAL + 1, position_id=POSITION + 1))
    bench.report(result(orders[2], ticket=ORDER + 7), booked(orders[2], ticket=ORDER + 7))
    return orders


def test_flatten_closes_and_cancels_everything_in_every_symbol(joined: JournalBench) -> None:
    two_and_a_limit(joined)
    assert flattened(joined) == [("CANCEL", ORDER + 7), ("CLOSE", POSITION), ("CLOSE", POSITION + 1)]
    # The Director does not know it: its events name no directive.
    joined.report(*(result(order) for order in orders_of(joined, "CLOSE")))
    assert "ORDER_PLACED" in joined.emitted(None)
    assert joined.rows("SELECT count(*) FROM events WHERE directive_id LIKE 'operator:%'") == [(0,)]


def test_flatten_waits_for_the_list_of_this_session_before_it_ends(joined: JournalBench) -> None:
    joined.report(scan(1, orders=()))
    joined.join()
    assert flattened(joined) == []
    found = joined.rows("SELECT state, error_code FROM directives ORDER BY id")
    assert found == [("WORKING", ""), ("RECEIVED", "")]
    # More positions than a scan can name: there may be others.
    joined.report(scan(2, joined.now, *range(1, 2049), orders=()))
    assert joined.advance() == []
    assert joined.rows("SELECT state FROM directives ORDER BY id") == [("WORKING",), ("RECEIVED",)]
    joined.report(scan(3, orders=()))
    assert joined.advance() == []
    found = joined.rows("SELECT state, error_code FROM directives ORDER BY id")
    assert found == [("DONE", "NOTHING_OPEN")] * 2


def test_flatten_of_nothing_is_done(joined: JournalBench) -> None:
    joined.report(scan(1, orders=()))
    assert flattened(joined) == []
    assert joined.advance() == []
    found = joined.rows(
        "SELECT state, error_code FROM directives WHERE directive_id LIKE 'operator:flatten%'"
    )
    assert found == [("DONE", "NOTHING_OPEN")] * 2


def test_flatten_leaves_out_volume_that_a_close_in_flight_closes(joined: JournalBench) -> None:
    two_and_a_limit(joined)
    [close] = joined.sent(closing(quantity=0.1))
    joined.journal.flatten(OFFICER, joined.now, nonce="0f" * 8, why="out")
    volumes = {
        each.order.position: str(each.order.volume) for each in joined.advance() if each.order.position
    }
    assert close.order.position == POSITION
    assert volumes == {POSITION: "0.2", POSITION + 1: "0.3"}


def test_flatten_leaves_out_the_rest_of_a_partly_filled_close(joined: JournalBench) -> None:
    two_and_a_limit(joined)
    [close] = joined.sent(closing(quantity=0.2))
    joined.report(result(close.order), deal(close.order, DEAL + 5, volume="0.1"))
    assert joined.command_state(close.order.client_order_id) == "PARTIAL"
    joined.journal.flatten(OFFICER, joined.now, nonce="0f" * 8, why="out")
    volumes = {
        each.order.position: str(each.order.volume) for each in joined.advance() if each.order.position
    }
    # 0.2 of it is open, and 0.1 of that is being closed.
    assert volumes == {POSITION: "0.1", POSITION + 1: "0.3"}


def test_close_planned_after_a_flatten_takes_only_the_rest(joined: JournalBench) -> None:
    two_and_a_limit(joined)
    [late] = joined.sent(directive("dir-late"), closing())
    assert joined.directive_state("dir-close") == "RECEIVED"
    # A flatten does not wait for its turn.
    assert ("CLOSE", POSITION) in flattened(joined)
    joined.report(result(late.order, ticket=ORDER + 4), deal(late.order, DEAL + 6, position_id=POSITION + 2))
    closes = {each.order.comment: each.order.position for each in joined.advance() if each.order.position}
    assert closes["dir-close"] == POSITION + 2
    assert joined.rows("SELECT count(*) FROM commands WHERE target_position = ?", POSITION) == [(1,)]


def test_flatten_has_a_further_round_once_nothing_is_in_flight(joined: JournalBench) -> None:
    [late] = joined.sent(directive())
    joined.report(scan(1, orders=()))
    assert flattened(joined) == []
    assert joined.advance() == []
    # The open that was on its way is filled after all.
    joined.report(result(late.order), deal(late.order))
    [close] = joined.advance()
    assert (close.order.kind, close.order.position, str(close.order.volume)) == ("CLOSE", POSITION, "0.3")
    joined.report(deal(close.order, DEAL + 1))
    assert joined.advance() == []
    states = joined.rows(
        "SELECT state FROM directives WHERE directive_id LIKE 'operator:flatten%' ORDER BY id"
    )
    # Nothing was left for a further round.
    assert states == [("DONE",), ("FILLED",), ("DONE",)]


def test_flatten_waits_a_weekend_for_its_terminal(joined: JournalBench) -> None:
    two_and_a_limit(joined)
    joined.journal.flatten(OFFICER, joined.now, nonce="0f" * 8, why="out")
    joined.later(60 * 60 * 24 * 3)
    assert len(joined.advance()) == 3


@pytest.mark.parametrize(("days", "state"), [(6.9, "DISPATCHED"), (7.1, "NEVER_SENT")])
def test_unsent_close_of_a_flatten_is_tried_for_a_week(joined: JournalBench, days: float, state: str) -> None:
    [command] = joined.sent(directive())
    joined.report(result(command.order), deal(command.order))
    joined.journal.flatten(OFFICER, joined.now, nonce="0f" * 8, why="out")
    [close] = joined.advance()
    joined.report(not_sent(close.order, NotSentReason.OFFLINE))
    joined.later(60 * 60 * 24 * days)
    joined.advance()
    assert joined.command_state(close.order.client_order_id) == state


def orders_of(bench: JournalBench, kind: str) -> list[Any]:
    """The orders of all commands of that kind that were dispatched."""
    found = bench.rows(
        "SELECT directive_id, number FROM commands WHERE kind = ? ORDER BY directive_id, number", kind
    )
    return [bench.order(directive_id, number) for directive_id, number in found]


@pytest.mark.parametrize("symbol", ["EURUSD", "EUR/USD", "#EÜR\\USD", 'EUR"USD'])
def test_stored_order_of_a_command_is_the_one_that_was_planned(joined: JournalBench, symbol: str) -> None:
    [command] = joined.sent(directive(symbol=symbol))
    [(body, rest)] = joined.rows("SELECT body, rest FROM commands")
    assert body == order_json(command.order)
    assert ('"symbol"' in rest) == (symbol not in ("EURUSD", "EUR/USD"))
    assert joined.chain_break() == ""
