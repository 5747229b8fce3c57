"""Dispatch: commands are committed before they are sent, and some are never sent."""

from datetime import timedelta
from typing import Any

import pytest

from bridge.core.link.reports import NotSentReason
from bridge.core.trade.command_states import CommandState
from bridge.core.trade.dispatch import WINDOW
from bridge.journal.database import file
from bridge.journal.steps.dispatch import Work

from .bench import INSTANCE_ID, LEDGER, JournalBench, begun, closing, directive, settings
from .reports import DEAL, POSITION, deal, not_sent, result, submitted

_SENT = (
    "SELECT client_order_id, attempt, epoch, instance_id, ledger_id, dispatched_at, deadline_ms, deadline_after_ms"
    " FROM dispatches JOIN sessions USING (epoch)"
)


def test_dispatch_is_committed_with_instance_epoch_and_ledger_before_it_is_returned(
    joined: JournalBench,
) -> None:
    [command] = joined.sent(directive())
    assert (command.epoch, command.attempt, command.deadline_ms) == (1, 1, 6000)
    with file.open_reader(joined.path) as beside:
        [row] = [tuple(row) for row in beside.execute(_SENT)]
        [state] = [tuple(row) for row in beside.execute("SELECT state, attempt FROM commands")]
    assert row == (
        command.order.client_order_id,
        1,
        1,
        INSTANCE_ID,
        LEDGER,
        "2026-01-05T10:00:00.000Z",
        6000,
        5000,
    )
    assert state == ("DISPATCHED", 1)
    assert joined.advance() == []


def test_order_is_sent_as_it_was_stored(joined: JournalBench) -> None:
    [command] = joined.sent(directive(quantity=0.3, price=1.1))
    [(planned,)] = joined.rows("SELECT body FROM audit WHERE kind = 'planned'")
    assert joined.rows("SELECT body FROM commands") == [(planned,)]
    order = command.order
    assert (order.symbol, str(order.volume), order.deviation_points) == ("EURUSD", "0.3", 20)


def test_deadline_is_never_after_the_directives_expiry(joined: JournalBench) -> None:
    joined.take(directive())
    joined.later(298)
    [command] = joined.advance()
    assert command.deadline_ms == 1000 + 2000


def test_commands_with_the_terminal_are_limited_to_the_window(joined: JournalBench) -> None:
    sent = joined.sent(*(directive(f"dir-{number}") for number in range(WINDOW + 2)))
    assert [command.order.comment for command in sent] == [f"dir-{number}" for number in range(WINDOW)]
    assert joined.advance() == []
    joined.report(submitted(sent[0].order))
    assert joined.advance() == []
    joined.report(result(sent[0].order))
    assert [command.order.comment for command in joined.advance()] == [f"dir-{WINDOW}"]


@pytest.mark.parametrize("flaw", ["ready", "alive", "broker_connected", "trade_allowed"])
def test_no_command_is_sent_while_the_gate_is_blocked(joined: JournalBench, flaw: str) -> None:
    joined.take(directive())
    assert joined.advance(**{flaw: False}) == []
    # Nothing is planned either: the state at the broker is not known.
    assert joined.directive_state() == "RECEIVED"
    assert len(joined.advance()) == 1


@pytest.mark.parametrize("flaw", ["ready", "alive", "broker_connected", "trade_allowed"])
def test_planned_command_waits_while_the_gate_is_blocked(joined: JournalBench, flaw: str) -> None:
    joined.planned(directive())
    assert joined.advance(**{flaw: False}) == []
    assert joined.rows("SELECT state FROM commands") == [("PLANNED",)]
    assert len(joined.advance()) == 1


def test_no_command_is_sent_without_a_session(joined: JournalBench) -> None:
    joined.planned(directive())
    joined.take(directive("dir-2"))
    assert joined.journal.advance("eo-001", None, joined.now) == Work()
    assert joined.rows("SELECT count(*) FROM dispatches") == [(0,)]


def test_no_command_is_sent_in_an_unknown_epoch(joined: JournalBench) -> None:
    joined.planned(directive())
    with pytest.raises(RuntimeError, match="epoch 2 has no session"):
        joined.advance(epoch=2)
    assert joined.rows("SELECT count(*) FROM dispatches") == [(0,)]
    assert joined.rows("SELECT state FROM commands") == [("PLANNED",)]
    assert len(joined.advance()) == 1


def test_closes_are_sent_while_opens_are_paused(joined: JournalBench) -> None:
    [command] = joined.sent(directive())
    joined.report(deal(command.order))
    joined.take(directive("dir-2", symbol="GBPUSD"), closing())
    assert [command.order.comment for command in joined.advance(opens_paused=True)] == ["dir-close"]
    assert [command.order.comment for command in joined.advance()] == ["dir-2"]


def test_no_transaction_begins_without_work(joined: JournalBench) -> None:
    transactions = begun(joined.connection)
    assert joined.advance() == []
    assert transactions == []


@pytest.mark.parametrize(
    ("late_s", "directive_state", "states"),
    [
        (299.999, "RECEIVED", []),
        (299.999, "WORKING", ["PLANNED"]),
        (300, "EXPIRED", []),
        (300, "EXPIRED", ["NEVER_SENT"]),
    ],
)
def test_late_command_is_not_sent(
    joined: JournalBench, late_s: float, directive_state: str, states: list[str]
) -> None:
    if states:
        joined.planned(directive())
    else:
        joined.take(directive())
    joined.later(late_s)
    assert joined.advance(ready=False) == []
    assert joined.directive_state() == directive_state
    assert joined.rows("SELECT state FROM commands") == [(state,) for state in states]
    joined.later(1)
    assert joined.advance(ready=False) == []
    assert joined.directive_state() == "EXPIRED"
    [emitted] = joined.bodies("ORDER_REJECTED")
    assert emitted["error_code"] == "EXPIRED" and "first scan" in emitted["error_message"]


def test_dispatched_command_does_not_expire(joined: JournalBench) -> None:
    [command] = joined.sent(directive())
    joined.later(600)
    assert joined.advance() == []
    assert joined.command_state(command.order.client_order_id) == "DISPATCHED"


def test_command_without_a_report_for_too_long_is_unknown_once_until_a_report(
    joined: JournalBench,
) -> None:
    [command] = joined.sent(directive())
    joined.later(settings().link.unknown_after_s)
    for _ in range(2):
        assert joined.advance(ready=False) == []
    assert joined.directive_state() == "UNKNOWN"
    assert [event["error_code"] for event in joined.bodies("SYSTEM_ERROR")] == ["UNKNOWN_OUTCOME"]
    joined.report(submitted(command.order), result(command.order), deal(command.order))
    assert joined.directive_state() == "FILLED"


@pytest.mark.parametrize("state", [state for state in CommandState if state is not CommandState.PLANNED])
def test_command_that_is_not_planned_is_never_sent(joined: JournalBench, state: CommandState) -> None:
    joined.planned(directive(), directive("dir-2", quantity=-1), closing(symbol="GBPUSD"))
    joined.connection.execute("UPDATE commands SET state = ?", (state,))
    for _ in range(3):
        assert joined.advance() == []
        joined.later(120)
    assert joined.rows("SELECT count(*) FROM dispatches") == [(0,)]


def test_quarantined_officer_sends_nothing(joined: JournalBench) -> None:
    joined.take(directive(), closing(symbol="GBPUSD"))
    joined.connection.execute("UPDATE officers SET quarantine = 'look' WHERE officer = 'eo-001'")
    assert joined.advance() == []
    assert joined.directive_state("dir-close") == "RECEIVED"


def test_command_not_sent_is_dispatched_again_after_a_pause_as_the_next_attempt(
    joined: JournalBench,
) -> None:
    [command] = joined.sent(directive())
    for attempt, rest_s in ((1, 0.2), (2, 0.4), (3, 0.8)):
        joined.report(not_sent(command.order, NotSentReason.LATE, attempt=attempt))
        assert joined.command_state(command.order.client_order_id) == "PLANNED"
        joined.later(rest_s - 0.001)
        assert joined.advance() == []
        joined.later(0.001)
        assert [again.attempt for again in joined.advance()] == [attempt + 1]
    assert joined.rows("SELECT attempt FROM dispatches ORDER BY attempt") == [(1,), (2,), (3,), (4,)]
    assert joined.emitted() == ["DIRECTIVE_RECEIVED"]


def test_pausing_command_does_not_hold_up_the_next(joined: JournalBench) -> None:
    [command] = joined.sent(directive())
    joined.report(not_sent(command.order, NotSentReason.BUSY))
    assert [sent.order.comment for sent in joined.sent(directive("dir-2"))] == ["dir-2"]


def test_report_about_an_earlier_attempt_does_not_free_the_present_one(joined: JournalBench) -> None:
    [command] = joined.sent(directive())
    joined.report(not_sent(command.order, NotSentReason.LATE))
    joined.later(1)
    assert len(joined.advance()) == 1
    joined.report(not_sent(command.order, NotSentReason.OFFLINE, message="late news of the first attempt"))
    assert joined.command_state(command.order.client_order_id) == "DISPATCHED"
    joined.later(60)
    assert joined.advance() == []


@pytest.mark.parametrize("reason", [reason for reason in NotSentReason if not reason.passing])
def test_command_not_sent_for_a_final_reason_is_over(joined: JournalBench, reason: NotSentReason) -> None:
    [command] = joined.sent(directive())
    joined.report(not_sent(command.order, reason, message="set the input"))
    joined.later(60)
    assert joined.advance() == []
    assert joined.directive_state() == "REJECTED"
    [emitted] = joined.bodies("ORDER_REJECTED")
    assert (emitted["error_code"], emitted["error_message"]) == (reason, "set the input")


def test_not_sent_report_after_an_intent_is_unusable(joined: JournalBench) -> None:
    [command] = joined.sent(directive())
    joined.report(submitted(command.order), not_sent(command.order, NotSentReason.LATE))
    assert joined.command_state(command.order.client_order_id) == "UNRESOLVED"
    joined.later(60)
    assert joined.advance() == []


# Closes


def test_close_waits_only_for_earlier_commands_in_its_symbol(joined: JournalBench) -> None:
    [first] = joined.sent(directive())
    assert joined.sent(closing()) == []
    assert joined.emitted("dir-close") == ["DIRECTIVE_RECEIVED"]
    assert joined.sent(closing("dir-other", symbol="GBPUSD")) == []
    assert joined.directive_state("dir-other") == "REJECTED"
    joined.report(submitted(first.order), result(first.order))
    assert joined.advance() == []
    joined.report(deal(first.order))
    [close] = joined.advance()
    assert (close.order.comment, close.order.position, close.order.side) == ("dir-close", POSITION, "SELL")


def test_close_takes_the_oldest_lot_first_and_no_more_than_asked(joined: JournalBench) -> None:
    sent = joined.sent(directive("dir-1"), directive("dir-2"), directive("dir-3"))
    for number, command in enumerate(sent):
        made: dict[str, Any] = {
            "position_id": POSITION + number,
            "time_server_ms": 1_767_614_400_000 - number,
        }
        joined.report(deal(command.order, DEAL + number, **made))
    commands = [
        (close.order.position, str(close.order.volume)) for close in joined.sent(closing(quantity=0.4))
    ]
    assert commands == [(POSITION + 2, "0.3"), (POSITION + 1, "0.1")]
    assert joined.rows("SELECT number FROM commands WHERE directive_id = 'dir-close' ORDER BY number") == [
        (1,),
        (2,),
    ]


def test_close_with_nothing_to_close_is_rejected(joined: JournalBench) -> None:
    assert joined.sent(closing()) == []
    assert joined.emitted("dir-close") == ["DIRECTIVE_RECEIVED", "ORDER_REJECTED"]
    assert joined.bodies("ORDER_REJECTED")[0]["error_code"] == "NO_POSITION"
    assert joined.directive_state("dir-close") == "REJECTED"


def test_close_never_takes_a_foreign_position(joined: JournalBench) -> None:
    [command] = joined.sent(directive())
    joined.report(deal(command.order, magic=0))
    joined.connection.execute("UPDATE commands SET state = 'NEVER_SENT'")
    assert joined.sent(closing()) == []
    assert joined.directive_state("dir-close") == "REJECTED"


def test_second_close_waits_for_the_first(joined: JournalBench) -> None:
    [command] = joined.sent(directive())
    joined.report(deal(command.order))
    [first] = joined.sent(closing("dir-close", quantity=0.1), closing("dir-rest"))
    assert joined.advance() == []
    joined.report(deal(first.order, DEAL + 1))
    [rest] = joined.advance()
    assert (rest.order.comment, str(rest.order.volume)) == ("dir-rest", "0.2")


def test_close_that_was_not_planned_in_time_expires(joined: JournalBench) -> None:
    joined.sent(directive(expires_at="2026-01-05T12:00:00Z"), closing())
    joined.later(timedelta(minutes=5).total_seconds())
    assert joined.advance() == []
    assert joined.directive_state("dir-close") == "EXPIRED"
    assert joined.emitted("dir-close") == ["DIRECTIVE_RECEIVED", "ORDER_REJECTED"]
