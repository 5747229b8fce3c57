"""Dispatch: what is committed before it goes out, and what never goes out."""

from datetime import timedelta
from typing import Any

import pytest

from bridge.core.link.reports import NotSentReason
from bridge.core.trade.command_states import CommandState
from bridge.core.trade.dispatch import WINDOW
from bridge.journal.database import file
from bridge.journal.steps.dispatch import Work

from .desk import INSTANCE_ID, LEDGER, Desk, begun, closing, directive, settings
from .reports import DEAL, POSITION, deal, not_sent, result, submitted


def test_a_dispatch_is_committed_with_its_boot_epoch_and_ledger_when_it_is_handed_out(joined: Desk) -> None:
    [command] = joined.sent(directive())
    assert (command.epoch, command.attempt, command.deadline_ms) == (1, 1, 6000)
    with file.open_reader(joined.path) as beside:
        [row] = [tuple(row) for row in beside.execute("SELECT * FROM dispatches")]
        [state] = [tuple(row) for row in beside.execute("SELECT state, attempt FROM commands")]
    assert row == (command.order.client_order_id, 1, 1, INSTANCE_ID, LEDGER, "2026-01-05T10:00:00.000Z", 6000)
    assert state == ("DISPATCHED", 1)
    assert joined.advance() == []


def test_the_order_goes_out_as_it_was_journaled(joined: Desk) -> None:
    [command] = joined.sent(directive(quantity=0.3, price=1.1))
    [(planned,)] = joined.rows("SELECT body FROM audit WHERE kind = 'planned'")
    assert joined.rows("SELECT body FROM commands") == [(planned,)]
    order = command.order
    assert (order.symbol, str(order.volume), order.deviation_points) == ("EURUSD", "0.3", 20)


def test_a_deadline_is_never_behind_the_directives_end(joined: Desk) -> None:
    joined.take(directive())
    joined.later(298)
    [command] = joined.advance()
    assert command.deadline_ms == 1000 + 2000


def test_no_more_than_a_window_is_with_the_terminal(joined: Desk) -> None:
    sent = joined.sent(*(directive(f"dir-{number}") for number in range(WINDOW + 2)))
    assert [command.order.comment for command in sent] == [f"dir-{number}" for number in range(WINDOW)]
    assert joined.advance() == []
    joined.report(submitted(sent[0].order))
    assert joined.advance() == []
    joined.report(result(sent[0].order))
    assert [command.order.comment for command in joined.advance()] == [f"dir-{WINDOW}"]


@pytest.mark.parametrize("flaw", ["ready", "alive", "broker_connected", "trade_allowed"])
def test_nothing_goes_out_while_anything_is_amiss(joined: Desk, flaw: str) -> None:
    joined.take(directive())
    assert joined.advance(**{flaw: False}) == []
    # Nor is anything planned: what stands at the broker is not known.
    assert joined.directive_state() == "RECEIVED"
    assert len(joined.advance()) == 1


@pytest.mark.parametrize("flaw", ["ready", "alive", "broker_connected", "trade_allowed"])
def test_what_was_planned_stays_while_anything_is_amiss(joined: Desk, flaw: str) -> None:
    joined.planned(directive())
    assert joined.advance(**{flaw: False}) == []
    assert joined.rows("SELECT state FROM commands") == [("PLANNED",)]
    assert len(joined.advance()) == 1


def test_nothing_goes_out_without_a_session(joined: Desk) -> None:
    joined.planned(directive())
    joined.take(directive("dir-2"))
    assert joined.journal.advance("eo-001", None, joined.now) == Work()
    assert joined.rows("SELECT count(*) FROM dispatches") == [(0,)]


def test_nothing_goes_out_in_an_epoch_that_the_journal_never_opened(joined: Desk) -> None:
    joined.planned(directive())
    with pytest.raises(RuntimeError, match="epoch 2 has no session"):
        joined.advance(epoch=2)
    assert joined.rows("SELECT count(*) FROM dispatches") == [(0,)]
    assert joined.rows("SELECT state FROM commands") == [("PLANNED",)]
    assert len(joined.advance()) == 1


def test_while_opens_are_paused_closes_go_out(joined: Desk) -> None:
    [command] = joined.sent(directive())
    joined.report(deal(command.order))
    joined.take(directive("dir-2", symbol="GBPUSD"), closing())
    assert [command.order.comment for command in joined.advance(opens_paused=True)] == ["dir-close"]
    assert [command.order.comment for command in joined.advance()] == ["dir-2"]


def test_with_nothing_to_do_no_transaction_begins(joined: Desk) -> None:
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
def test_what_was_not_sent_in_its_time_never_is_and_that_is_emitted(
    joined: Desk, late_s: float, directive_state: str, states: list[str]
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


def test_what_was_dispatched_does_not_expire(joined: Desk) -> None:
    [command] = joined.sent(directive())
    joined.later(600)
    assert joined.advance() == []
    assert joined.command_state(command.order.client_order_id) == "DISPATCHED"


def test_what_nobody_speaks_of_for_too_long_is_unknown_emitted_once_and_settled_by_evidence(
    joined: Desk,
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
def test_a_command_that_is_not_planned_never_goes_out(joined: Desk, state: CommandState) -> None:
    joined.planned(directive(), directive("dir-2", quantity=-1), closing(symbol="GBPUSD"))
    joined.connection.execute("UPDATE commands SET state = ?", (state,))
    for _ in range(3):
        assert joined.advance() == []
        joined.later(120)
    assert joined.rows("SELECT count(*) FROM dispatches") == [(0,)]


def test_a_hold_keeps_everything_back(joined: Desk) -> None:
    joined.take(directive(), closing(symbol="GBPUSD"))
    joined.connection.execute("UPDATE officers SET quarantine = 'look' WHERE officer = 'eo-001'")
    assert joined.advance() == []
    assert joined.directive_state("dir-close") == "RECEIVED"


def test_what_the_terminal_did_not_send_goes_out_again_after_a_rest_with_the_next_number(
    joined: Desk,
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


def test_one_that_rests_does_not_hold_up_the_next(joined: Desk) -> None:
    [command] = joined.sent(directive())
    joined.report(not_sent(command.order, NotSentReason.BUSY))
    assert [sent.order.comment for sent in joined.sent(directive("dir-2"))] == ["dir-2"]


def test_an_answer_about_an_earlier_attempt_does_not_free_the_present_one(joined: Desk) -> None:
    [command] = joined.sent(directive())
    joined.report(not_sent(command.order, NotSentReason.LATE))
    joined.later(1)
    assert len(joined.advance()) == 1
    joined.report(not_sent(command.order, NotSentReason.OFFLINE, message="late news of the first attempt"))
    assert joined.command_state(command.order.client_order_id) == "DISPATCHED"
    joined.later(60)
    assert joined.advance() == []


@pytest.mark.parametrize("reason", [reason for reason in NotSentReason if not reason.passing])
def test_what_would_not_be_sent_next_time_either_is_over(joined: Desk, reason: NotSentReason) -> None:
    [command] = joined.sent(directive())
    joined.report(not_sent(command.order, reason, message="set the input"))
    joined.later(60)
    assert joined.advance() == []
    assert joined.directive_state() == "REJECTED"
    [emitted] = joined.bodies("ORDER_REJECTED")
    assert (emitted["error_code"], emitted["error_message"]) == (reason, "set the input")


def test_a_denial_after_an_intent_is_not_believed(joined: Desk) -> None:
    [command] = joined.sent(directive())
    joined.report(submitted(command.order), not_sent(command.order, NotSentReason.LATE))
    assert joined.command_state(command.order.client_order_id) == "UNRESOLVED"
    joined.later(60)
    assert joined.advance() == []


# Closes


def test_a_close_waits_for_the_earlier_commands_in_its_symbol_alone(joined: Desk) -> None:
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


def test_a_close_takes_the_oldest_first_and_no_more_than_was_asked(joined: Desk) -> None:
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


def test_a_close_with_nothing_to_close_is_rejected(joined: Desk) -> None:
    assert joined.sent(closing()) == []
    assert joined.emitted("dir-close") == ["DIRECTIVE_RECEIVED", "ORDER_REJECTED"]
    assert joined.bodies("ORDER_REJECTED")[0]["error_code"] == "NO_POSITION"
    assert joined.directive_state("dir-close") == "REJECTED"


def test_a_close_never_takes_what_a_command_did_not_open(joined: Desk) -> None:
    [command] = joined.sent(directive())
    joined.report(deal(command.order, magic=0))
    joined.connection.execute("UPDATE commands SET state = 'NEVER_SENT'")
    assert joined.sent(closing()) == []
    assert joined.directive_state("dir-close") == "REJECTED"


def test_a_second_close_waits_for_the_first(joined: Desk) -> None:
    [command] = joined.sent(directive())
    joined.report(deal(command.order))
    [first] = joined.sent(closing("dir-close", quantity=0.1), closing("dir-rest"))
    assert joined.advance() == []
    joined.report(deal(first.order, DEAL + 1))
    [rest] = joined.advance()
    assert (rest.order.comment, str(rest.order.volume)) == ("dir-rest", "0.2")


def test_a_close_that_could_not_be_planned_in_its_time_expires(joined: Desk) -> None:
    joined.sent(directive(expires_at="2026-01-05T12:00:00Z"), closing())
    joined.later(timedelta(minutes=5).total_seconds())
    assert joined.advance() == []
    assert joined.directive_state("dir-close") == "EXPIRED"
    assert joined.emitted("dir-close") == ["DIRECTIVE_RECEIVED", "ORDER_REJECTED"]
