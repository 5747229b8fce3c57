"""Selection of the commands that may be sent, and their deadlines."""

from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest

from bridge.core.link.messages import Command
from bridge.core.trade.command_states import CommandState
from bridge.core.trade.dispatch import WINDOW, Gate, InFlight, blocked, choose, message
from bridge.core.trade.records import CommandRecord
from tests.unit.core.samples import CLOSE, NOW, OPEN

GATE = Gate(
    epoch=3,
    instance_id="a" * 32,
    ready=True,
    alive=True,
    broker_connected=True,
    trade_allowed=True,
    clock_ms=7000,
)


def planned(number: int, record: CommandRecord = OPEN, *, left_s: float = 60) -> CommandRecord:
    order = msgspec.structs.replace(record.order, client_order_id=number)
    return msgspec.structs.replace(
        record,
        order=order,
        state=CommandState.PLANNED,
        attempt=0,
        dispatched_at=None,
        expires_at=NOW + timedelta(seconds=left_s),
    )


def client_order_ids(commands: list[CommandRecord]) -> list[int]:
    return [command.client_order_id for command in commands]


SHUT: list[tuple[Gate | None, str, str]] = [
    (None, "", "the terminal is not connected"),
    (msgspec.structs.replace(GATE, ready=False), "", "has not finished its first scan"),
    (msgspec.structs.replace(GATE, alive=False), "", "is silent"),
    (msgspec.structs.replace(GATE, broker_connected=False), "", "no connection to the broker"),
    (msgspec.structs.replace(GATE, trade_allowed=False), "", "trading is not allowed"),
    (GATE, "an old journal", "the officer is quarantined: an old journal"),
    (None, "an old journal", "the officer is quarantined: an old journal"),
]


@pytest.mark.parametrize(("gate", "quarantine", "why"), SHUT)
def test_a_shut_gate_lets_nothing_out_and_says_why(gate: Gate | None, quarantine: str, why: str) -> None:
    assert why in blocked(gate, quarantine)
    assert (
        choose(
            [planned(1), planned(3, CLOSE)],
            gate,
            quarantine=quarantine,
            in_flight=InFlight(),
            now=NOW,
            latest=NOW,
        )
        == []
    )


def test_an_open_gate_lets_commands_out_oldest_first() -> None:
    assert blocked(GATE, "") == ""
    due = choose(
        [planned(5), planned(3), planned(4)], GATE, quarantine="", in_flight=InFlight(), now=NOW, latest=NOW
    )
    assert client_order_ids(due) == [5, 3, 4]


@pytest.mark.parametrize(("in_flight", "goes"), [(0, 4), (1, 3), (3, 1), (4, 0), (5, 0), (100, 0)])
def test_no_more_than_a_window_of_commands_is_with_a_terminal(in_flight: int, goes: int) -> None:
    due = choose(
        [planned(n) for n in range(1, 9)],
        GATE,
        quarantine="",
        in_flight=InFlight(opens=in_flight),
        now=NOW,
        latest=NOW,
    )
    assert client_order_ids(due) == list(range(1, goes + 1))
    assert WINDOW == 4


@pytest.mark.parametrize(("in_flight", "goes"), [(0, 4), (3, 1), (4, 0), (9, 0)])
def test_closes_have_a_window_of_their_own(in_flight: int, goes: int) -> None:
    commands = [planned(n, CLOSE) for n in range(11, 19)] + [planned(n) for n in range(1, 9)]
    flying = InFlight(opens=2, others=in_flight)
    due = choose(commands, GATE, quarantine="", in_flight=flying, now=NOW, latest=NOW)
    assert client_order_ids(due) == [*range(11, 11 + goes), 1, 2]


def test_while_opens_are_paused_closes_still_go_and_take_no_place_of_theirs() -> None:
    paused = msgspec.structs.replace(GATE, opens_paused=True)
    commands = [planned(n, CLOSE) for n in range(6, 9)] + [planned(n) for n in range(1, 6)]
    assert client_order_ids(
        choose(commands, paused, quarantine="", in_flight=InFlight(), now=NOW, latest=NOW)
    ) == [
        6,
        7,
        8,
    ]


@pytest.mark.parametrize(("left_s", "goes"), [(-1, False), (0, False), (0.000_001, True), (60, True)])
@pytest.mark.parametrize("record", [OPEN, CLOSE])
def test_a_command_is_late_at_its_very_moment(record: CommandRecord, left_s: float, goes: bool) -> None:
    due = choose(
        [planned(1, record, left_s=left_s)], GATE, quarantine="", in_flight=InFlight(), now=NOW, latest=NOW
    )
    assert client_order_ids(due) == ([1] if goes else [])


@pytest.mark.parametrize("attempt", [1, 2, 5, 50, 2000])
def test_unsent_command_pauses_before_its_next_dispatch(attempt: int) -> None:
    """A terminal that keeps saying `not_sent` is not asked as fast as it can say so."""

    def due(rested_s: float) -> bool:
        dispatched_at = NOW - timedelta(seconds=rested_s)
        again = msgspec.structs.replace(planned(1), attempt=attempt, dispatched_at=dispatched_at)
        return bool(choose([again], GATE, quarantine="", in_flight=InFlight(), now=NOW, latest=NOW))

    assert not due(0)
    assert not due(min(0.1 * 2 ** min(attempt, 10), 5.0) - 0.001)
    assert due(min(0.1 * 2 ** min(attempt, 10), 5.0))


@pytest.mark.parametrize("ahead", [timedelta(milliseconds=1), timedelta(hours=1), timedelta(days=3650)])
def test_command_dispatched_in_the_future_does_not_pause(ahead: timedelta) -> None:
    again = msgspec.structs.replace(planned(1), attempt=1, dispatched_at=NOW + ahead)
    assert client_order_ids(
        choose([again], GATE, quarantine="", in_flight=InFlight(), now=NOW, latest=NOW)
    ) == [1]


def test_what_rests_takes_no_place_in_the_window() -> None:
    resting = [msgspec.structs.replace(planned(n), attempt=1, dispatched_at=NOW) for n in range(1, 5)]
    due = choose([*resting, planned(9)], GATE, quarantine="", in_flight=InFlight(), now=NOW, latest=NOW)
    assert client_order_ids(due) == [9]


def test_what_expired_takes_no_place_in_the_window() -> None:
    commands = [planned(n, left_s=0) for n in range(1, 5)] + [planned(9)]
    due = choose(commands, GATE, quarantine="", in_flight=InFlight(opens=3), now=NOW, latest=NOW)
    assert client_order_ids(due) == [9]


@pytest.mark.parametrize(
    ("left_s", "deadline_ms"),
    [(60.0, 12_000), (5.0, 12_000), (4.999, 11_999), (0.0005, 7000), (0, 7000), (-9, 7000)],
)
def test_the_deadline_is_a_few_seconds_away_and_never_beyond_the_expiry(
    left_s: float, deadline_ms: int
) -> None:
    sent = message(planned(1, left_s=left_s), GATE, deadline_s=5.0, now=NOW)
    assert sent.deadline_ms == deadline_ms


def test_the_message_carries_the_order_as_it_was_journaled() -> None:
    command = msgspec.structs.replace(planned(1), attempt=2)
    sent = message(command, GATE, deadline_s=5.0, now=NOW)
    assert sent == Command(epoch=3, attempt=2, deadline_ms=12_000, order=command.order)
    assert str(sent.order.volume) == str(Decimal("0.30"))
