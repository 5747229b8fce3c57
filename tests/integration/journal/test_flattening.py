"""A flatten goes on until nothing is left, with a new command each time."""

import pytest

from bridge.core.link.messages import Command, Order

from .desk import OFFICER, Desk, closing, directive, limit
from .reports import DEAL, POSITION, TIMEOUT, booked, deal, result, submitted

NONCE = "0f" * 8
REQUOTE = 10004
CLOSED_MARKET = 10018


def opened(desk: Desk) -> Order:
    """An open position."""
    [command] = desk.sent(directive())
    desk.report(submitted(command.order), result(command.order), deal(command.order))
    return command.order


def flattened(desk: Desk) -> list[Command]:
    desk.journal.flatten(OFFICER, desk.now, nonce=NONCE, why="out")
    return desk.advance()


def refuse(desk: Desk, commands: list[Command], retcode: int = REQUOTE) -> None:
    """The broker refuses them all."""
    for command in commands:
        desk.report(submitted(command.order), result(command.order, retcode, ticket=0))


def rounds(desk: Desk) -> list[tuple[str, str]]:
    """How each directive of the flatten ends, and why."""
    return [
        (state, code)
        for state, code in desk.rows(
            "SELECT state, error_code FROM directives WHERE origin = 'operator' ORDER BY id"
        )
    ]


def test_a_close_that_is_refused_again_and_again_is_followed_by_others_at_growing_distances(
    joined: Desk,
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
    assert rounds(joined) == [("REJECTED", str(REQUOTE))] * 10 + [("FILLED", ""), ("DONE", "NOTHING_OPEN")]


def test_a_flatten_at_the_weekend_closes_when_the_market_opens(joined: Desk) -> None:
    opened(joined)
    refuse(joined, flattened(joined), CLOSED_MARKET)
    for _ in range(48):
        refuse(joined, joined.advance(), CLOSED_MARKET)
        joined.later(3600)
    [command] = joined.advance()
    joined.report(deal(command.order, DEAL + 1))
    assert joined.rows("SELECT state FROM positions") == [("CLOSED",)]
    # Why it took so long was told once.
    assert [emitted["error_code"] for emitted in joined.bodies("ORDER_REJECTED")] == [str(CLOSED_MARKET)]
    assert joined.emitted()[-1] == "POSITION_CLOSED"


def test_each_reason_is_emitted_once_of_each_position_by_each_flatten(joined: Desk) -> None:
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


def test_a_pending_order_whose_cancel_is_refused_is_cancelled_again(joined: Desk) -> None:
    [order] = joined.sent(limit())
    joined.report(result(order.order, ticket=8700), booked(order.order, ticket=8700))
    first = flattened(joined)
    refuse(joined, first)
    [again] = joined.advance()
    assert (again.order.kind, again.order.order) == ("CANCEL", 8700)
    assert again.order.client_order_id != first[0].order.client_order_id


def test_a_resume_ends_it(joined: Desk) -> None:
    opened(joined)
    refuse(joined, flattened(joined))
    refuse(joined, joined.advance())
    joined.journal.resume(OFFICER, joined.now, symbol=None, why="enough")
    joined.later(5)
    # A halt that is set afterwards is not the flatten's.
    joined.journal.halt(OFFICER, joined.now, symbol="", why="news")
    assert joined.advance() == []
    assert rounds(joined)[-1] == ("DONE", "RESUMED")


def test_after_a_week_it_is_given_up_and_a_person_is_emitted(joined: Desk) -> None:
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
def test_an_unknown_open_that_was_filled_after_all_is_closed_while_the_halt_stands(
    joined: Desk, resumed: bool
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


def test_a_round_waits_for_what_others_close(joined: Desk) -> None:
    opened(joined)
    refuse(joined, flattened(joined))
    refuse(joined, joined.advance())
    [theirs] = joined.sent(closing())
    joined.later(5)
    assert joined.advance() == []
    refuse(joined, [theirs])
    [ours] = joined.advance()
    assert (ours.order.kind, ours.order.comment) == ("CLOSE", "flatten")


def test_what_cannot_be_settled_in_one_symbol_holds_up_no_round_in_another(joined: Desk) -> None:
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
    # Nothing of ours is left, but the order in doubt may yet have opened something.
    joined.later(300)
    assert joined.advance() == []
    assert rounds(joined)[-1] == ("RECEIVED", "")
    joined.report(deal(unresolved.order, DEAL + 2, position_id=POSITION + 1))
    [last] = joined.advance()
    assert (last.order.kind, last.order.symbol) == ("CLOSE", "GBPUSD")
