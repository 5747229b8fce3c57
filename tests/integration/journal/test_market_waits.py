"""Waits for a closed market: closes, changes and cancels, opens where that is configured, and restarts."""

from decimal import Decimal

import msgspec
import pytest

from bridge.core.link.messages import Command, CommandKind, LedgerIdentity, Order
from bridge.core.link.reports import CommandReport, CommandStage, NotSentReason, TradeSession
from bridge.core.settings import MissingStop, RiskLimits
from bridge.core.trade.market_waits import MOST_APART
from bridge.core.units.mt5_retcodes import Retcode
from bridge.core.units.mt5_terms import MarginMode
from bridge.journal.tables.halts import ALL

from .bench import (
    ACCOUNT,
    LEDGER,
    NOW,
    OFFICER,
    JournalBench,
    cancel,
    closing,
    directive,
    limit,
    settings,
    terms,
)
from .conftest import MakeBench
from .reports import (
    DEAL,
    ORDER,
    POSITION,
    booked,
    deal,
    leaving,
    not_sent,
    result,
    scan,
    stage,
    standing,
    submitted,
)

CLOSED = int(Retcode.MARKET_CLOSED)
LATER = "2026-01-05T13:00:00Z"
"""Three hours to live."""


def unsent(order: Order, attempt: int = 1) -> CommandReport:
    """The terminal finds the market closed before it sends."""
    return stage(
        CommandStage.NOT_SENT,
        order,
        attempt=attempt,
        reason=NotSentReason.CHECK,
        retcode=CLOSED,
        message="the market is closed",
    )


def refused(order: Order) -> list[CommandReport]:
    """The broker refuses the request."""
    return [submitted(order), result(order, CLOSED, ticket=0)]


def held(bench: JournalBench, directive_id: str = "dir-1", **changes: object) -> Order:
    """Open a position."""
    [command] = bench.sent(directive(directive_id, **changes))
    bench.report(result(command.order), deal(command.order))
    return command.order


def tried(bench: JournalBench, seconds: float) -> list[Command]:
    """Let time pass, and return the commands that go out then."""
    bench.later(seconds)
    return bench.advance()


def waiting(bench: JournalBench) -> list[tuple[str, str]]:
    return bench.rows("SELECT directive_id, not_before FROM commands_waiting_for_market")


CHANGES = {
    "CLOSE": closing(expires_at=LATER),
    "CLOSE a part": closing(expires_at=LATER, quantity=0.1),
    "MODIFY_SL": closing(action="MODIFY_SL", stop_loss=1.08, expires_at=LATER),
}


@pytest.mark.parametrize("body", CHANGES.values(), ids=CHANGES)
def test_what_the_broker_refuses_in_a_closed_market_is_tried_by_another_command(
    joined: JournalBench, body: str
) -> None:
    held(joined)
    [first] = joined.sent(body)
    joined.report(*refused(first.order))
    assert joined.command_state(first.order.client_order_id) == "REPLACED"
    assert joined.directive_state("dir-close") == "WORKING"
    assert [row[0] for row in waiting(joined)] == ["dir-close"]
    assert joined.advance() == []
    [second] = tried(joined, 5)
    assert second.order.client_order_id != first.order.client_order_id
    assert (second.attempt, second.order.position) == (1, first.order.position)
    assert (second.order.volume, second.order.stop_loss) == (first.order.volume, first.order.stop_loss)
    joined.report(*refused(second.order))
    assert tried(joined, 5) == []
    [third] = tried(joined, 5)
    assert len({each.order.client_order_id for each in (first, second, third)}) == 3
    # Reported once that it waits; the refusals are not the directive's end.
    assert joined.emitted("dir-close") == ["DIRECTIVE_RECEIVED", "BROKER_ERROR"]
    [body_of] = joined.bodies("BROKER_ERROR")
    assert (body_of["event_class"], body_of["error_code"]) == ("INFO", str(CLOSED))
    assert "by 2026-01-05T13:00:00" in body_of["error_message"]


def test_close_is_done_once_the_market_is_open(joined: JournalBench) -> None:
    held(joined)
    [first] = joined.sent(closing(expires_at=LATER))
    joined.report(*refused(first.order))
    [second] = tried(joined, 5)
    joined.report(submitted(second.order, mark=2), result(second.order), deal(second.order, DEAL + 9))
    assert joined.directive_state("dir-close") == "FILLED"
    assert joined.emitted("dir-close") == [
        "DIRECTIVE_RECEIVED",
        "BROKER_ERROR",
        "ORDER_PLACED",
        "ORDER_FILLED",
        "POSITION_CLOSED",
    ]


def test_cancel_waits_as_well(joined: JournalBench) -> None:
    [order] = joined.sent(limit(expires_at=LATER))
    joined.report(result(order.order), booked(order.order))
    [first] = joined.sent(cancel("dir-cancel", "dir-limit", expires_at=LATER))
    joined.report(*refused(first.order))
    [second] = tried(joined, 5)
    assert (second.order.kind, second.order.order) == (CommandKind.CANCEL, ORDER)


@pytest.mark.parametrize("body", CHANGES.values(), ids=CHANGES)
def test_what_the_terminal_did_not_send_is_sent_again_itself(joined: JournalBench, body: str) -> None:
    held(joined)
    [first] = joined.sent(body)
    joined.report(unsent(first.order))
    assert joined.command_state(first.order.client_order_id) == "PLANNED"
    assert joined.advance() == []
    [second] = tried(joined, 5)
    assert (second.order, second.attempt) == (first.order, 2)
    joined.report(unsent(first.order, 2))
    assert joined.emitted("dir-close") == ["DIRECTIVE_RECEIVED", "BROKER_ERROR"]


def test_wait_ends_with_the_directive(joined: JournalBench) -> None:
    held(joined)
    [first] = joined.sent(closing(expires_at="2026-01-05T10:10:00Z"))
    joined.report(*refused(first.order))
    joined.later(600)
    assert joined.advance() == []
    assert joined.directive_state("dir-close") == "EXPIRED"
    [rejected] = joined.bodies("ORDER_REJECTED")
    assert rejected["error_code"] == "EXPIRED"
    assert "MARKET_CLOSED (10018)" in rejected["error_message"]


def test_waiting_close_can_be_cancelled(joined: JournalBench) -> None:
    held(joined)
    [first] = joined.sent(closing(expires_at=LATER))
    joined.report(*refused(first.order))
    assert joined.sent(cancel("dir-cancel", "dir-close", expires_at=LATER)) == []
    assert joined.directive_state("dir-close") == "CANCELLED"
    assert joined.directive_state("dir-cancel") == "DONE"
    assert tried(joined, 60) == []


def test_halt_holds_back_no_close_that_waits(joined: JournalBench) -> None:
    held(joined)
    [first] = joined.sent(closing(expires_at=LATER))
    joined.report(*refused(first.order))
    joined.journal.halt(OFFICER, joined.now, symbol=ALL, why="news")
    assert len(tried(joined, 5)) == 1


# Sessions


def test_next_try_is_at_the_opening_by_the_symbols_sessions(joined: JournalBench) -> None:
    # NOW is Monday, 12:00 of the broker's time.
    sessions = [TradeSession(day=1, from_s=12 * 3600 + 600, to_s=86_400)]
    joined.report(terms("EURUSD", sessions=sessions))
    held(joined)
    [first] = joined.sent(closing(expires_at=LATER))
    joined.report(*refused(first.order))
    assert waiting(joined) == [("dir-close", "2026-01-05T10:10:00.000Z")]
    assert tried(joined, 599) == []
    [second] = tried(joined, 1)
    # The broker is late: tried soon, and not after a pause that has grown.
    joined.report(*refused(second.order))
    assert len(tried(joined, 5)) == 1


def test_sessions_far_away_put_the_next_try_off_by_a_bounded_time(joined: JournalBench) -> None:
    joined.report(terms("EURUSD", sessions=[TradeSession(day=3, from_s=0, to_s=86_400)]))
    held(joined)
    [first] = joined.sent(closing(expires_at=LATER))
    joined.report(*refused(first.order))
    assert tried(joined, MOST_APART.total_seconds() - 1) == []
    assert len(tried(joined, 1)) == 1


def test_clock_that_was_ahead_delays_no_try(joined: JournalBench) -> None:
    held(joined)
    [first] = joined.sent(closing(expires_at=LATER))
    joined.later(3600)
    joined.report(*refused(first.order))
    assert len(tried(joined, -3600)) == 1


# The position changes meanwhile


def test_close_of_what_was_closed_meanwhile_is_not_sent(joined: JournalBench) -> None:
    opening = held(joined)
    [first] = joined.sent(closing(expires_at=LATER))
    joined.report(*refused(first.order))
    joined.report(leaving(opening))
    assert tried(joined, 5) == []
    assert joined.directive_state("dir-close") == "REJECTED"
    [rejected] = joined.bodies("ORDER_REJECTED")
    assert rejected["error_code"] == "NO_POSITION"


def test_close_of_what_was_closed_in_part_closes_the_rest(joined: JournalBench) -> None:
    opening = held(joined)
    [first] = joined.sent(closing(expires_at=LATER))
    joined.report(*refused(first.order))
    joined.report(leaving(opening, volume="0.1"))
    tried(joined, 5)
    [third] = joined.advance()
    assert third.order.volume == Decimal("0.2")
    assert third.order.client_order_id != first.order.client_order_id
    assert joined.emitted("dir-close") == ["DIRECTIVE_RECEIVED", "BROKER_ERROR"]


def test_on_a_netting_account_a_waiting_close_takes_no_lot_of_another(bench: JournalBench) -> None:
    bench.join(account=msgspec.structs.replace(ACCOUNT, margin_mode=MarginMode.RETAIL_NETTING))
    [first, second] = bench.sent(directive("dir-1", quantity=0.1), directive("dir-2", quantity=0.2))
    bench.report(
        result(first.order),
        deal(first.order),
        result(second.order, ticket=ORDER + 5),
        deal(second.order, DEAL + 1),
    )
    [close] = bench.sent(closing(target_directive_id="dir-1", expires_at=LATER))
    bench.report(*refused(close.order))
    # A manual trade closes what was opened first.
    bench.report(leaving(first.order, DEAL + 50, reason="CLIENT", magic=0, volume="0.1"))
    assert tried(bench, 5) == []
    assert bench.directive_state("dir-close") == "REJECTED"


def test_close_that_waited_leaves_what_another_is_closing(make_bench: MakeBench) -> None:
    bench = make_bench(settings(risk_limits=RiskLimits(missing_stop=MissingStop.CLOSE)))
    bench.join()
    opening = held(bench)
    [first] = bench.sent(closing(expires_at=LATER, quantity=0.2))
    bench.report(*refused(first.order))
    # The stop is gone, and what the waiting close leaves is closed for it.
    bench.report(standing(opening, stop_loss=None), scan(1, NOW, POSITION))
    [other] = bench.advance()
    assert other.order.volume == Decimal("0.1")
    # A part is closed by hand while that close is in flight: 0.2 lots are left, 0.1 of them its own.
    bench.report(leaving(opening, volume="0.1"))
    tried(bench, 5)
    [third] = bench.advance()
    assert third.order.volume == Decimal("0.1")
    assert third.order.client_order_id not in (first.order.client_order_id, other.order.client_order_id)


# Flatten


def test_flatten_goes_by_its_rounds(joined: JournalBench) -> None:
    held(joined)
    joined.journal.flatten(OFFICER, joined.now, nonce="f" * 16, why="news")
    [first] = joined.advance()
    joined.report(*refused(first.order))
    assert joined.command_state(first.order.client_order_id) == "REJECTED"
    assert joined.bodies("BROKER_ERROR") == []


@pytest.mark.parametrize("sent", [True, False], ids=["the broker refused it", "the terminal kept it back"])
def test_flatten_does_not_wait_for_the_next_try_of_a_close(joined: JournalBench, *, sent: bool) -> None:
    held(joined)
    [first] = joined.sent(closing(expires_at=LATER))
    joined.report(*(refused(first.order) if sent else [unsent(first.order)]))
    joined.journal.flatten(OFFICER, joined.now, nonce="f" * 16, why="news")
    [command] = joined.advance()
    assert (command.order.kind, command.order.position) == (CommandKind.CLOSE, POSITION)
    assert command.order.client_order_id != first.order.client_order_id
    assert waiting(joined) == []
    assert joined.directive_state("dir-close") == "CANCELLED"
    # Nothing of the close comes back at the opening.
    joined.report(submitted(command.order, mark=9), result(command.order), deal(command.order, DEAL + 9))
    assert tried(joined, 900) == []


def test_flatten_of_another_symbol_leaves_a_waiting_close(joined: JournalBench) -> None:
    held(joined)
    [first] = joined.sent(closing(expires_at=LATER))
    joined.report(*refused(first.order))
    joined.journal.flatten(OFFICER, joined.now, nonce="f" * 16, why="news", symbol="USDJPY")
    joined.advance()
    assert [row[0] for row in waiting(joined)] == ["dir-close"]
    [second] = tried(joined, 5)
    assert second.order.position == first.order.position


# Opens


def test_open_in_a_closed_market_is_rejected_by_default(joined: JournalBench) -> None:
    [command] = joined.sent(directive(expires_at=LATER))
    joined.report(unsent(command.order))
    assert joined.directive_state() == "REJECTED"
    assert [body["error_code"] for body in joined.bodies("ORDER_REJECTED")] == [str(CLOSED)]


def test_open_waits_where_the_configuration_says_so(make_bench: MakeBench) -> None:
    bench = make_bench(settings(opens_wait_for_market=True))
    bench.join()
    [first] = bench.sent(directive(expires_at=LATER))
    bench.report(unsent(first.order))
    assert bench.advance() == []
    [second] = tried(bench, 5)
    assert (second.order, second.attempt) == (first.order, 2)
    bench.report(
        submitted(second.order, attempt=2),
        stage(CommandStage.RESULT, second.order, attempt=2, retcode=CLOSED),
    )
    # Its one id must show whether it was sent: what the broker refused has ended.
    assert bench.directive_state() == "REJECTED"


def test_open_that_waits_is_refused_by_a_halt(make_bench: MakeBench) -> None:
    bench = make_bench(settings(opens_wait_for_market=True))
    bench.join()
    [first] = bench.sent(directive(expires_at=LATER))
    bench.report(unsent(first.order))
    bench.journal.halt(OFFICER, bench.now, symbol=ALL, why="news")
    assert tried(bench, 5) == []
    assert bench.directive_state() == "REJECTED"


# Restarts


def restart(bench: JournalBench) -> None:
    """Start the sidecar anew; the terminal has kept its ledger."""
    bench.close()
    bench.open()
    bench.join(ledger=LedgerIdentity(id=LEDGER, mark=9))


@pytest.mark.parametrize("when", ["waiting", "dispatched", "submitted", "refused"])
def test_restart_in_the_middle_sends_no_command_twice_and_goes_on(joined: JournalBench, when: str) -> None:
    held(joined)
    [first] = joined.sent(closing(expires_at=LATER))
    joined.report(*refused(first.order))
    if when == "waiting":
        restart(joined)
        [second] = tried(joined, 5)
    else:
        [second] = tried(joined, 5)
        if when != "dispatched":
            joined.report(*refused(second.order)[: 1 if when == "submitted" else 2])
        restart(joined)
        if when == "dispatched":
            assert tried(joined, 1) == []
            joined.report(not_sent(second.order, NotSentReason.NO_INTENT))
            [again] = tried(joined, 5)
            assert (again.order, again.attempt) == (second.order, 2)
            second = again
        elif when == "submitted":
            assert tried(joined, 1) == []
            joined.report(result(second.order, CLOSED, ticket=0))
        if when != "dispatched":
            [second] = tried(joined, 10)
    joined.report(
        stage(CommandStage.RESULT, second.order, attempt=second.attempt, retcode=10009, order=ORDER + 1),
        deal(second.order, DEAL + 9),
    )
    assert joined.directive_state("dir-close") == "FILLED"
    sent_ids = joined.rows("SELECT client_order_id, count(*) FROM dispatches GROUP BY client_order_id")
    submits = joined.rows(
        "SELECT client_order_id, count(*) FROM reports WHERE key LIKE '%:submitted' GROUP BY 1"
    )
    assert all(count == 1 for _, count in submits) and len(sent_ids) >= 3
    assert joined.emitted("dir-close").count("BROKER_ERROR") == 1
    assert joined.chain_break() == ""


def test_stop_of_a_position_is_not_taken_for_the_waiting_change(joined: JournalBench) -> None:
    """A MODIFY that waits was not carried out, whatever the position shows."""
    opening = held(joined)
    [first] = joined.sent(CHANGES["MODIFY_SL"])
    joined.report(*refused(first.order))
    joined.report(standing(opening, stop_loss="1.0800"))
    assert joined.directive_state("dir-close") == "WORKING"
    [second] = tried(joined, 5)
    joined.report(not_sent(second.order, NotSentReason.NO_CHANGE))
    assert joined.directive_state("dir-close") == "DONE"
