"""The Director is silent, and the configuration has the pending orders cancelled."""

from .desk import OFFICER, Desk, cancel, directive, limit
from .reports import ORDER, booked, deal, result, submitted

NONCE = "0f" * 8
PENDING = ORDER + 7


def silent(desk: Desk, nonce: str = NONCE) -> list[tuple[str, int]]:
    """The Director is silent from here on. Kind and order of what goes out."""
    desk.journal.cancel_pending(
        OFFICER, desk.now, nonce=nonce, why="the Director cannot be reached for 600 s"
    )
    return sent(desk)


def sent(desk: Desk) -> list[tuple[str, int]]:
    return [(command.order.kind, command.order.order) for command in desk.advance()]


def own_states(desk: Desk) -> list[str]:
    return [state for (state,) in desk.rows("SELECT state FROM directives WHERE origin <> 'director'")]


def test_pending_orders_alone_are_cancelled(joined: Desk) -> None:
    opened, resting = (each.order for each in joined.sent(directive(), limit()))
    joined.report(result(opened), deal(opened))
    joined.report(result(resting, ticket=PENDING), booked(resting, ticket=PENDING))
    assert silent(joined) == [("CANCEL", PENDING)]
    [emitted] = joined.bodies("SYSTEM_ERROR")
    assert emitted["error_code"] == "DIRECTOR_SILENT"


def test_an_order_on_its_way_is_cancelled_once_it_rests_on_the_book(joined: Desk) -> None:
    [command] = joined.sent(limit())
    assert silent(joined) == []
    joined.report(submitted(command.order))
    assert sent(joined) == []
    joined.report(result(command.order, ticket=PENDING), booked(command.order, ticket=PENDING))
    assert sent(joined) == [("CANCEL", PENDING)]


def test_what_was_not_sent_yet_is_withdrawn(joined: Desk) -> None:
    joined.planned(limit("dir-planned"), directive("dir-market"))
    joined.take(limit("dir-waits", symbol="GOLD"))
    joined.journal.cancel_pending(OFFICER, joined.now, nonce=NONCE, why="silence")
    # Nobody has told yet what GOLD is.
    assert [command.order.comment for command in joined.look().commands] == ["dir-market"]
    for withdrawn in ("dir-planned", "dir-waits"):
        assert joined.directive_state(withdrawn) == "CANCELLED"
        assert joined.emitted(withdrawn)[-1] == "ORDER_CANCELLED"
    [(message,)] = joined.rows("SELECT message FROM commands WHERE directive_id = 'dir-planned'")
    assert message == "cancelled by the bridge (silence) before it was sent"


def test_what_a_director_that_is_back_orders_is_left_alone(joined: Desk) -> None:
    [before] = joined.sent(limit("dir-before"))
    assert silent(joined) == []
    [after] = joined.sent(limit("dir-after"))
    joined.report(result(before.order, ticket=PENDING), booked(before.order, ticket=PENDING))
    joined.report(result(after.order, ticket=PENDING + 1), booked(after.order, ticket=PENDING + 1))
    assert sent(joined) == [("CANCEL", PENDING)]


def test_the_same_silence_counts_once_and_the_next_anew(joined: Desk) -> None:
    for nonce in (NONCE, NONCE, "1f" * 8):
        silent(joined, nonce)
        joined.later(1)
    assert len(joined.bodies("SYSTEM_ERROR")) == 2
    assert sent(joined) == []
    assert own_states(joined) == ["DONE"] * 4


def test_a_cancel_of_the_directors_own_is_enough(joined: Desk) -> None:
    [command] = joined.sent(limit())
    joined.report(result(command.order, ticket=PENDING), booked(command.order, ticket=PENDING))
    [theirs] = joined.sent(cancel("dir-cancel", "dir-limit"))
    joined.report(result(theirs.order, ticket=0))
    joined.report(booked(command.order, ticket=PENDING, state="CANCELED", time_done_server_ms=1))
    assert silent(joined) == []
    assert joined.directive_state("dir-cancel") == "DONE"
