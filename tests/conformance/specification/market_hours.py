"""H: closed markets, and commands that go before others."""

from datetime import UTC, datetime, timedelta
from typing import Final

from bridge.core.director.contract import EventType, utc_text
from bridge.simulator.broker.fault_rules import Latency, Match, Rule, SendKind
from bridge.simulator.broker.scenario import Scenario, SymbolTerms
from bridge.simulator.mt5.types import Retcode, TradeAction
from tests.conformance.rig import ConformanceRig, Kind
from tests.conformance.specification.case import EXPERT_ONLY, case
from tests.conformance.specification.expectations import CANCELLED, PLACED, refused, terms, until, volumes
from tests.rig.deadline import TIMEOUT_S, Deadline
from tests.rig.rig import CLOSED, OPENED, REFUSED
from tests.rig.world import OFFICER

WAITS = (EventType.DIRECTIVE_RECEIVED, EventType.BROKER_ERROR)
"""Events of a directive that waits for its market."""
MARKET_CLOSED = str(int(Retcode.MARKET_CLOSED))
EXPIRED: Final = 400
"""Directives whose refusals take longer than one close on a busy machine."""
ALL_REFUSED_S: Final = 5 * TIMEOUT_S
"""Time for the two events of each refusal."""
SHORT_S: Final = 10.0
"""Life of a directive that expires in the closed market, after its first try on a busy machine."""


def in_time(seconds: float) -> str:
    """Return the time so many seconds from now, as a directive has it."""
    return utc_text(datetime.now(UTC) + timedelta(seconds=seconds))


def closes(rig: ConformanceRig) -> None:
    """Close the market whatever its published sessions say, as on a holiday.

    The Expert Advisor finds that by OrderCheck before the send; the reference terminal leaves it to the broker.
    """
    rig.compared = False
    rig.broker.set_session("EURUSD", False)


def tries(rig: ConformanceRig, directive_id: str) -> list[tuple[int, str, int]]:
    """Return number, state and attempts of the directive's commands."""
    query = "SELECT number, state, attempt FROM commands WHERE directive_id = ? ORDER BY number"
    return [(row["number"], row["state"], row["attempt"]) for row in rig.journal.rows(query, directive_id)]


@case("H01", "A close, a change and a cancel in a closed market wait until it opens, and say so once")
def wait_for_the_opening(rig: ConformanceRig) -> None:
    rig.start()
    moved, held = rig.open(), rig.open()
    pending = rig.issue("OPEN_LONG", order_type="LIMIT", price=1.09, time_in_force="GTC")
    rig.emitted(pending, *PLACED)
    closes(rig)
    expires_at = in_time(3600)
    modify = rig.issue("MODIFY_SL", target_directive_id=moved, stop_loss=1.08, expires_at=expires_at)
    close = rig.issue("CLOSE", target_directive_id=held, expires_at=expires_at)
    cancel = rig.issue("CANCEL", target_directive_id=pending, expires_at=expires_at)
    for directive in (modify, close, cancel):
        _, waiting = rig.emitted(directive, *WAITS)
        assert (waiting.code, waiting.body["event_class"]) == (MARKET_CLOSED, "INFO")
        assert utc_text(datetime.fromisoformat(expires_at)) in waiting.body["error_message"]
    # Between two tries none is listed.
    query = "SELECT 1 FROM commands_waiting_for_market"
    until(rig, "all three are listed", lambda: len(rig.journal.rows(query)) == 3)
    rig.broker.set_session("EURUSD", True)
    rig.emitted(modify, *WAITS, EventType.ORDER_PLACED)
    rig.emitted(close, *WAITS, *CLOSED[1:])
    rig.emitted(cancel, *WAITS, *CANCELLED[1:])
    rig.emitted(pending, *PLACED, EventType.ORDER_CANCELLED)
    assert len(volumes(rig)) == 1
    # The Expert Advisor finds the market closed by OrderCheck, and sends the same command later. What the broker
    # refused is tried by another command.
    own = [(1, "FILLED", 2)] if rig.kind is Kind.NATIVE else [(1, "REPLACED", 1), (2, "FILLED", 1)]
    assert tries(rig, close) == own


@case(
    "H02", "A close whose directive expires in a closed market is rejected as expired, and not executed later"
)
def expire_in_a_closed_market(rig: ConformanceRig) -> None:
    rig.start()
    held = rig.open()
    closes(rig)
    close = rig.issue("CLOSE", target_directive_id=held, expires_at=in_time(SHORT_S))
    *_, rejected = rig.emitted(close, *WAITS, EventType.ORDER_REJECTED)
    assert rejected.code == "EXPIRED" and "Market closed" in rejected.body["error_message"]
    rig.broker.set_session("EURUSD", True)
    rig.open()
    assert len(volumes(rig)) == 2


@case("H03", "A waiting close survives a restart of sidecar and terminal, and closes once")
def restart_while_waiting(rig: ConformanceRig) -> None:
    rig.start()
    held = rig.open()
    closes(rig)
    close = rig.issue("CLOSE", target_directive_id=held, expires_at=in_time(3600))
    rig.emitted(close, *WAITS)
    rig.restart_sidecar()
    rig.restart_terminal()
    rig.broker.set_session("EURUSD", True)
    rig.emitted(close, *WAITS, *CLOSED[1:])
    assert volumes(rig) == []


@case("H04", "A waiting close can be cancelled; what was closed manually meanwhile is not closed again")
def withdrawn_while_waiting(rig: ConformanceRig) -> None:
    rig.start()
    held, kept = rig.open(), rig.open()
    closes(rig)
    close = rig.issue("CLOSE", target_directive_id=held, expires_at=in_time(3600))
    other = rig.issue("CLOSE", target_directive_id=kept, expires_at=in_time(3600))
    rig.emitted(close, *WAITS)
    rig.emitted(other, *WAITS)
    rig.emitted(rig.issue("CANCEL", target_directive_id=other), *CANCELLED)
    rig.emitted(other, *WAITS, EventType.ORDER_CANCELLED)
    rig.broker.set_session("EURUSD", True)
    rig.broker.manual_close(rig.broker.positions()[0].ticket)
    rig.emitted(held, *OPENED, EventType.POSITION_CLOSED)
    *_, rejected = rig.emitted(close, *WAITS, EventType.ORDER_REJECTED)
    assert rejected.code == "NO_POSITION"
    assert len(volumes(rig)) == 1


@case(
    "H05",
    "An open in a closed market is rejected; with opens_wait_for_market it waits, and is opened once",
    kinds=EXPERT_ONLY,
)
def opens_wait(rig: ConformanceRig) -> None:
    rig.start()
    closes(rig)
    refused(rig, int(Retcode.MARKET_CLOSED), "Market closed")
    rig.configure(officers=[{"id": OFFICER, "opens_wait_for_market": True}])
    rig.restart_sidecar()
    waiting = rig.issue("OPEN_LONG", expires_at=in_time(3600))
    rig.emitted(waiting, *WAITS)
    short = rig.issue("OPEN_LONG", expires_at=in_time(SHORT_S))
    *_, rejected = rig.emitted(short, *WAITS, EventType.ORDER_REJECTED)
    assert rejected.code == "EXPIRED"
    rig.broker.set_session("EURUSD", True)
    rig.emitted(waiting, *WAITS, *OPENED[1:])
    assert len(rig.broker.sends()) == 1


@case(
    "H06",
    "A symbol without published sessions is traded, unless the broker says that its market is closed",
)
def no_published_sessions(rig: ConformanceRig) -> None:
    rig.start()
    terms(rig, "EURUSD", publishes_sessions=False)
    held = rig.open()
    closes(rig)
    _, closed = rig.emitted(rig.issue("OPEN_LONG"), *REFUSED)
    assert closed.code == MARKET_CLOSED
    rig.broker.set_session("EURUSD", True)
    rig.emitted(rig.issue("CLOSE", target_directive_id=held), *CLOSED)


@case("H07", "A close overtakes opens that wait for a slow broker")
def closes_overtake_opens(rig: ConformanceRig) -> None:
    rig.configure(link={"command_deadline_s": 60.0})
    # The order of the opens among the others depends on the polls.
    rig.compared = False
    rig.start_with(Scenario(symbols=(SymbolTerms(name="EURUSD"), SymbolTerms(name="GBPUSD"))))
    held = rig.open()
    rig.broker.add_rule(Rule(effect=Latency(milliseconds=500), match=Match(kind=SendKind.OPEN)))
    opens = [rig.issue("OPEN_LONG", symbol="GBPUSD") for _ in range(20)]
    rig.sent(3)
    close = rig.issue("CLOSE", target_directive_id=held)
    rig.emitted(close, *CLOSED)
    for opening in opens:
        rig.emitted(opening, *OPENED)
    closing = [
        number
        for number, record in enumerate(rig.broker.sends())
        if record.request.action is TradeAction.DEAL and record.request.position
    ]
    # At most those that were sent until the poll, and the one under way.
    assert len(closing) == 1 and closing[0] < 12


@case("H08", "A close goes out and is reported while hundreds of expired directives are still to be refused")
def closes_overtake_refusals(rig: ConformanceRig) -> None:
    rig.start()
    held = rig.open()
    before = len(rig.director.events())
    # All are in one list: polled one by one, they would be refused as fast as they are issued.
    rig.director.behave(endpoint="poll", fault="status")
    expired = [rig.issue("OPEN_LONG", expires_at="2026-01-01T00:00:00Z") for _ in range(EXPIRED)]
    close = rig.issue("CLOSE", target_directive_id=held)
    rig.director.behave()
    rig.emitted(close, *CLOSED)
    came = [event.directive_id for event in rig.director.events()[before:]]
    last = len(came) - 1 - came[::-1].index(close)
    late = set(expired)
    assert sum(directive in late for directive in came[:last]) < EXPIRED
    for directive in (expired[0], expired[-1]):
        rig.emitted(directive, *REFUSED, within=Deadline(ALL_REFUSED_S))
