"""A flatten is repeated until nothing is left, with a new command each time."""

import pytest

from bridge.core.link.messages import Command, Order
from bridge.core.units.mt5_terms import OrderState

from .bench import OFFICER, JournalBench, closing, directive, limit, server_ms, terms
from .reports import DEAL, ORDER, POSITION, TIMEOUT, booked, deal, result, scan, standing, submitted

NONCE = "0f" * 8
REQUOTE = 10004
CLOSED_MARKET = 10018


def opened(bench: JournalBench) -> Order:
    """An open position."""
    [command] = bench.sent(directive())
    bench.report(submitted(command.order), result(command.order), deal(command.order))
    return command.order


def flattened(bench: JournalBench) -> list[Command]:
    bench.journal.flatten(OFFICER, bench.now, nonce=NONCE, why="out")
    return bench.advance()


def refuse(bench: JournalBench, commands: list[Command], retcode: int = REQUOTE) -> None:
    """Let the broker refuse all of them."""
    for command in commands:
        bench.report(submitted(command.order), result(command.order, retcode, ticket=0))


def rounds(bench: JournalBench) -> list[tuple[str, str]]:
    """Return state and code of each directive of the flatten."""
    return [
        (state, code)
        for state, code in bench.rows(
            "SELECT state, error_code FROM directives WHERE origin = 'operator' ORDER BY id"
        )
    ]


def test_refused_close_is_followed_by_new_ones_at_growing_pauses(
    joined: JournalBench,
) -> None:
    opened(joined)
    sent = flattened(joined)
    client_order_ids, distances, at = [], [], joined.now
    for _ in range(10):
        [command] = sent
        client_order_ids.append(command.order.client_order_id)
        distances.append((joined.now - at).seconds)
        at = joined.now
        refuse(joined, sent)
        sent = joined.advance()
        while not sent:
            joined.later(1)
            sent = joined.advance()
    assert len(set(client_order_ids)) == 10
    assert distances == [0, 0, 5, 10, 20, 40, 80, 160, 300, 300]
    joined.report(deal(sent[0].order, DEAL + 1))
    joined.later(300)
    assert joined.advance() == []
    # The broker's own list is awaited.
    refused = [("REJECTED", str(REQUOTE))]
    assert rounds(joined) == [*refused * 10, ("FILLED", ""), ("RECEIVED", "")]
    joined.report(scan(1, orders=()))
    assert joined.advance() == []
    # Everything is closed, whatever became of the flatten's own commands.
    assert rounds(joined) == [("DONE", ""), *refused * 9, ("FILLED", ""), ("DONE", "NOTHING_OPEN")]


def test_flatten_at_the_weekend_closes_when_the_market_opens(joined: JournalBench) -> None:
    opened(joined)
    refuse(joined, flattened(joined), CLOSED_MARKET)
    for _ in range(48):
        refuse(joined, joined.advance(), CLOSED_MARKET)
        joined.later(3600)
    [command] = joined.advance()
    joined.report(deal(command.order, DEAL + 1))
    assert joined.rows("SELECT state FROM positions") == [("CLOSED",)]
    # The reason of the refusals was emitted once.
    assert [emitted["error_code"] for emitted in joined.bodies("ORDER_REJECTED")] == [str(CLOSED_MARKET)]
    assert joined.emitted()[-1] == "POSITION_CLOSED"


def test_each_reason_is_emitted_once_per_position_and_flatten(joined: JournalBench) -> None:
    for command in joined.sent(directive("dir-1"), directive("dir-2")):
        position = POSITION + int(command.order.comment[-1])
        joined.report(result(command.order), deal(command.order, position, position_id=position))
    refuse(joined, flattened(joined), CLOSED_MARKET)
    for retcode in (REQUOTE, CLOSED_MARKET, REQUOTE):
        refuse(joined, joined.advance(), retcode)
        joined.later(300)
    emitted = [body["error_code"] for body in joined.bodies("ORDER_REJECTED")]
    assert emitted == [str(CLOSED_MARKET)] * 2 + [str(REQUOTE)] * 2
    joined.journal.flatten(OFFICER, joined.now, nonce="1f" * 8, why="out, I said")
    for _ in range(3):
        refuse(joined, joined.advance(), CLOSED_MARKET)
        joined.later(300)
    assert len(joined.bodies("ORDER_REJECTED")) == 6


def test_pending_order_whose_cancel_is_refused_is_cancelled_again(joined: JournalBench) -> None:
    [order] = joined.sent(limit())
    joined.report(result(order.order, ticket=8700), booked(order.order, ticket=8700))
    first = flattened(joined)
    refuse(joined, first)
    [again] = joined.advance()
    assert (again.order.kind, again.order.order) == ("CANCEL", 8700)
    assert again.order.client_order_id != first[0].order.client_order_id


def accepted_cancel(bench: JournalBench) -> tuple[Order, Order]:
    """Flatten a pending order, and let the broker accept its cancel a minute ago. Return both orders."""
    [placed] = bench.sent(limit())
    bench.report(result(placed.order, ticket=8700), booked(placed.order, ticket=8700), scan(1, orders=[8700]))
    [cancel] = flattened(bench)
    bench.report(submitted(cancel.order), result(cancel.order, ticket=8700))
    bench.later(60)
    return placed.order, cancel.order


def test_pending_order_whose_end_is_not_reported_yet_is_cancelled_once(joined: JournalBench) -> None:
    order, _ = accepted_cancel(joined)
    assert joined.advance() == []
    off_the_book = booked(
        order, ticket=8700, state=OrderState.CANCELED, time_done_server_ms=server_ms(joined.now)
    )
    joined.report(off_the_book, scan(2, joined.now, orders=()))
    joined.later(5)
    assert joined.advance() == []
    assert joined.bodies("ORDER_REJECTED") == []
    assert rounds(joined) == [("DONE", ""), ("DONE", "NOTHING_OPEN")]


def test_pending_order_that_a_later_scan_still_shows_is_cancelled_again(joined: JournalBench) -> None:
    _, cancel = accepted_cancel(joined)
    joined.report(scan(2, joined.now, orders=[8700]))
    [again] = joined.advance()
    assert (again.order.kind, again.order.order) == ("CANCEL", 8700)
    assert again.order.client_order_id != cancel.client_order_id


def test_pending_order_that_ended_while_a_scan_was_read_is_cancelled_once(joined: JournalBench) -> None:
    [order] = joined.sent(limit())
    joined.report(result(order.order, ticket=8700), booked(order.order, ticket=8700), scan(1, orders=[8700]))
    [cancel] = flattened(joined)
    off_the_book = booked(
        order.order, ticket=8700, state=OrderState.CANCELED, time_done_server_ms=server_ms(joined.now)
    )
    # The terminal took its list before the removal, and its end was posted after it.
    joined.report(submitted(cancel.order), off_the_book, result(cancel.order, ticket=8700))
    joined.report(scan(2, joined.now, orders=[8700]))
    assert joined.advance() == []
    assert rounds(joined)[-1] != ("DONE", "NOTHING_OPEN")
    joined.later(5)
    joined.report(scan(3, joined.now, orders=()))
    assert joined.advance() == []
    assert rounds(joined) == [("DONE", ""), ("DONE", "NOTHING_OPEN")]


def test_position_that_was_closed_while_a_scan_was_read_is_closed_once(joined: JournalBench) -> None:
    order = opened(joined)
    joined.report(standing(order, volume="0.3"), scan(1, joined.now, POSITION, orders=()))
    [close] = flattened(joined)
    before = joined.now
    joined.later(2)
    gone = deal(close.order, DEAL + 1, time_server_ms=server_ms(joined.now))
    joined.report(submitted(close.order), gone, result(close.order, ticket=ORDER + 1))
    joined.report(scan(2, before, POSITION, orders=()))
    assert joined.advance() == []
    joined.later(5)
    joined.report(scan(3, joined.now, orders=()))
    assert joined.advance() == []
    assert rounds(joined) == [("DONE", ""), ("DONE", "NOTHING_OPEN")]


def test_resume_ends_a_flatten(joined: JournalBench) -> None:
    opened(joined)
    refuse(joined, flattened(joined))
    refuse(joined, joined.advance())
    joined.journal.resume(OFFICER, joined.now, symbol=None, why="enough")
    joined.later(5)
    # A halt that is set afterwards is not that of the flatten.
    joined.journal.halt(OFFICER, joined.now, symbol="", why="news")
    assert joined.advance() == []
    assert rounds(joined)[-1] == ("DONE", "RESUMED")


def test_flatten_is_given_up_after_a_week_and_emitted(joined: JournalBench) -> None:
    opened(joined)
    refuse(joined, flattened(joined))
    joined.later(7 * 86_400 - 1)
    refuse(joined, joined.advance())
    assert [code for _, code in rounds(joined)] == [str(REQUOTE), str(REQUOTE), ""]
    joined.later(1)
    assert joined.advance() == []
    assert rounds(joined)[-1] == ("EXPIRED", "EXPIRED")
    [emitted] = joined.bodies("SYSTEM_ERROR")
    assert emitted["error_code"] == "FLATTEN_FAILED"
    assert emitted.get("directive_id") is None


@pytest.mark.parametrize("resumed", [False, True])
def test_unknown_open_that_was_filled_is_closed_while_the_halt_is_in_force(
    joined: JournalBench, resumed: bool
) -> None:
    [late] = joined.sent(directive())
    joined.report(submitted(late.order), result(late.order, TIMEOUT, ticket=0))
    joined.later(901)
    joined.advance()
    assert joined.command_state(late.order.client_order_id) == "UNKNOWN"
    assert flattened(joined) == []
    joined.later(86_400)
    assert joined.advance() == []
    if resumed:
        joined.journal.resume(OFFICER, joined.now, symbol=None, why="enough")
    joined.report(deal(late.order))
    assert [command.order.kind for command in joined.advance()] == ([] if resumed else ["CLOSE"])


def test_round_waits_for_closes_in_flight(joined: JournalBench) -> None:
    opened(joined)
    refuse(joined, flattened(joined))
    refuse(joined, joined.advance())
    [theirs] = joined.sent(closing())
    joined.later(5)
    assert joined.advance() == []
    refuse(joined, [theirs])
    [ours] = joined.advance()
    assert (ours.order.kind, ours.order.comment) == ("CLOSE", "flatten")


def test_unresolved_command_in_one_symbol_holds_up_no_round_in_another(joined: JournalBench) -> None:
    opened(joined)
    [unresolved] = joined.sent(directive("dir-2", symbol="GBPUSD"))
    joined.report(submitted(unresolved.order, mark=2), result(unresolved.order, TIMEOUT, ticket=0))
    refuse(joined, flattened(joined))
    [again] = joined.advance()
    assert (again.order.kind, again.order.symbol) == ("CLOSE", "EURUSD")
    refuse(joined, [again])
    joined.later(5)
    [third] = joined.advance()
    joined.report(deal(third.order, DEAL + 1))
    # Nothing of ours is left, but the unresolved order may have opened something.
    joined.later(300)
    assert joined.advance() == []
    assert rounds(joined)[-1] == ("RECEIVED", "")
    joined.report(deal(unresolved.order, DEAL + 2, position_id=POSITION + 1))
    [last] = joined.advance()
    assert (last.order.kind, last.order.symbol) == ("CLOSE", "GBPUSD")


# One symbol


def opened_in(bench: JournalBench, directive_id: str, asked: str, name: str, number: int) -> Order:
    """An open position in the symbol that the broker calls `name`, and the Director `asked`."""
    bench.take(directive(directive_id, symbol=asked))
    bench.look()
    bench.report(terms(asked, name=name))
    [command] = bench.advance()
    order = command.order
    assert order.symbol == name
    bench.report(
        result(order, ticket=ORDER + number), deal(order, DEAL + number, position_id=POSITION + number)
    )
    return order


def closed_symbols(bench: JournalBench, name: str) -> list[str]:
    """Flatten one symbol; return the symbols of the closes."""
    bench.journal.flatten(OFFICER, bench.now, nonce=NONCE, why="out", symbol=name)
    return sorted(command.order.symbol for command in bench.advance())


@pytest.mark.parametrize(
    ("name", "closed"),
    [("EURUSD", ["EURUSD.r"]), ("EURUSD.r", ["EURUSD.r"]), ("GBPUSD", ["GBPUSD.r"]), ("", None)],
)
def test_flatten_of_a_symbol_by_either_name_closes_that_alone(
    joined: JournalBench, name: str, closed: list[str] | None
) -> None:
    for number, symbol in enumerate(("EURUSD", "GBPUSD")):
        opened_in(joined, f"dir-{symbol}", symbol, f"{symbol}.r", number)
    assert closed_symbols(joined, name) == (closed or ["EURUSD.r", "GBPUSD.r"])


def test_flatten_by_the_directors_name_closes_what_it_opened_under_another_name_of_the_brokers(
    joined: JournalBench,
) -> None:
    opened_in(joined, "dir-1", "EURUSD", "EURUSD.r", 1)
    joined.report(terms("EURUSD", name="EURUSD.ecn"))
    assert closed_symbols(joined, "EURUSD") == ["EURUSD.r"]


def test_flatten_of_a_symbol_halts_and_ends_by_that_symbol_alone(joined: JournalBench) -> None:
    for number, symbol in enumerate(("EURUSD", "GBPUSD")):
        opened_in(joined, f"dir-{symbol}", symbol, symbol, number)
    held = [identifier for (identifier,) in joined.rows("SELECT identifier FROM positions")]
    joined.report(scan(1, joined.now, *held, orders=()))
    joined.journal.flatten(OFFICER, joined.now, nonce=NONCE, why="out", symbol="EURUSD")
    assert joined.rows("SELECT symbol, why FROM halts") == [("EURUSD", "flatten: out")]
    [close] = joined.advance()
    joined.report(result(close.order), deal(close.order, DEAL + 50))
    # What happens in another symbol holds nothing up.
    assert [command.order.symbol for command in joined.sent(closing(symbol="GBPUSD"))] == ["GBPUSD"]
    joined.look()
    assert rounds(joined) == [("DONE", ""), ("DONE", "NOTHING_OPEN")]


def test_flatten_of_a_symbol_ends_with_the_resume_of_that_symbol(joined: JournalBench) -> None:
    opened_in(joined, "dir-1", "EURUSD", "EURUSD", 1)
    joined.journal.halt(OFFICER, joined.now, symbol="", why="all")
    joined.journal.flatten(OFFICER, joined.now, nonce=NONCE, why="out", symbol="EURUSD")
    refuse(joined, joined.advance())
    joined.journal.resume(OFFICER, joined.now, symbol="EURUSD", why="")
    assert joined.advance() == []
    assert rounds(joined) == [("REJECTED", str(REQUOTE)), ("DONE", "RESUMED")]


def test_unknown_open_in_another_symbol_holds_up_no_flatten_of_a_symbol(joined: JournalBench) -> None:
    [unknown] = joined.sent(directive("dir-2", symbol="GBPUSD"))
    joined.report(submitted(unknown.order), result(unknown.order, TIMEOUT, ticket=0))
    joined.later(3600)
    joined.look()
    assert joined.command_state(unknown.order.client_order_id) == "UNKNOWN"
    joined.report(scan(1, joined.now, orders=()))
    for symbol in ("EURUSD", "GBPUSD"):
        joined.journal.flatten(OFFICER, joined.now, nonce=NONCE, why="out", symbol=symbol)
        joined.look()
        joined.look()
        joined.later(1)
    nothing = ("DONE", "NOTHING_OPEN")
    assert rounds(joined) == [nothing, nothing, ("WORKING", ""), ("RECEIVED", "")]
