"""The Director is silent, and the pending orders are cancelled, as configured."""

from .bench import OFFICER, JournalBench, cancel, directive, limit
from .reports import ORDER, booked, deal, result, submitted

NONCE = "0f" * 8
PENDING = ORDER + 7


def silent(bench: JournalBench, nonce: str = NONCE) -> list[tuple[str, int]]:
    """Let the Director be silent from here on. Return kind and order of the commands that are sent."""
    bench.journal.cancel_pending(
        OFFICER, bench.now, nonce=nonce, why="the Director cannot be reached for 600 s"
    )
    return sent(bench)


def sent(bench: JournalBench) -> list[tuple[str, int]]:
    return [(command.order.kind, command.order.order) for command in bench.advance()]


def own_states(bench: JournalBench) -> list[str]:
    return [state for (state,) in bench.rows("SELECT state FROM directives WHERE origin <> 'director'")]


def test_only_pending_orders_are_cancelled(joined: JournalBench) -> None:
    opened, resting = (each.order for each in joined.sent(directive(), limit()))
    joined.report(result(opened), deal(opened))
    joined.report(result(resting, ticket=PENDING), booked(resting, ticket=PENDING))
    assert silent(joined) == [("CANCEL", PENDING)]
    [emitted] = joined.bodies("SYSTEM_ERROR")
    assert emitted["error_code"] == "DIRECTOR_SILENT"


def test_order_in_flight_is_cancelled_once_it_is_on_the_book(joined: JournalBench) -> None:
    [command] = joined.sent(limit())
    assert silent(joined) == []
    joined.report(submitted(command.order))
    assert sent(joined) == []
    joined.report(result(command.order, ticket=PENDING), booked(command.order, ticket=PENDING))
    assert sent(joined) == [("CANCEL", PENDING)]


def test_unsent_pending_order_is_withdrawn(joined: JournalBench) -> None:
    joined.planned(limit("dir-planned"), directive("dir-market"))
    joined.take(limit("dir-waits", symbol="GOLD"))
    joined.journal.cancel_pending(OFFICER, joined.now, nonce=NONCE, why="silence")
    # The terms of GOLD are not known yet.
    assert [command.order.comment for command in joined.look().commands] == ["dir-market"]
    for withdrawn in ("dir-planned", "dir-waits"):
        assert joined.directive_state(withdrawn) == "CANCELLED"
        assert joined.emitted(withdrawn)[-1] == "ORDER_CANCELLED"
    [(message,)] = joined.rows("SELECT message FROM commands WHERE directive_id = 'dir-planned'")
    assert message == "cancelled by the bridge (silence) before it was sent"


def test_later_orders_of_the_director_are_not_cancelled(joined: JournalBench) -> None:
    [before] = joined.sent(limit("dir-before"))
    assert silent(joined) == []
    [after] = joined.sent(limit("dir-after"))
    joined.report(result(before.order, ticket=PENDING), booked(before.order, ticket=PENDING))
    joined.report(result(after.order, ticket=PENDING + 1), booked(after.order, ticket=PENDING + 1))
    assert sent(joined) == [("CANCEL", PENDING)]


def test_each_silence_cancels_once(joined: JournalBench) -> None:
    for nonce in (NONCE, NONCE, "1f" * 8):
        silent(joined, nonce)
        joined.later(1)
    assert len(joined.bodies("SYSTEM_ERROR")) == 2
    assert sent(joined) == []
    assert own_states(joined) == ["DONE"] * 4


def test_order_already_being_cancelled_by_the_director_gets_no_second_cancel(joined: JournalBench) -> None:
    [command] = joined.sent(limit())
    joined.report(result(command.order, ticket=PENDING), booked(command.order, ticket=PENDING))
    [theirs] = joined.sent(cancel("dir-cancel", "dir-limit"))
    joined.report(result(theirs.order, ticket=0))
    joined.report(booked(command.order, ticket=PENDING, state="CANCELED", time_done_server_ms=1))
    assert silent(joined) == []
    assert joined.directive_state("dir-cancel") == "DONE"
