"""Precedence: closes, changes and cancels go first, and nothing that cannot go out holds them up."""

from bridge.core.link.messages import CommandKind
from bridge.core.units.mt5_terms import MarginMode
from bridge.journal.steps.dispatch import ENDED_PER_STEP
from bridge.journal.tables.events import Delivery
from bridge.journal.tables.halts import ALL

from .bench import OFFICER, JournalBench, cancel, closing, directive, limit, modify, terms
from .reports import DEAL, ORDER, POSITION, booked, deal, result

MANY = 1000
SOME = 150
EXPIRED = "2026-01-05T10:01:00Z"


def comments(bench: JournalBench, **gate: object) -> list[str]:
    return [command.order.comment for command in bench.advance(**gate)]


def held(
    bench: JournalBench, directive_id: str = "dir-held", symbol: str = "EURUSD", **changes: object
) -> int:
    """Open a position, and return its identifier."""
    [command] = bench.sent(directive(directive_id, symbol=symbol, **changes))
    number = len(bench.rows("SELECT 1 FROM positions"))
    bench.report(
        result(command.order, ticket=ORDER + 100 + number),
        deal(command.order, DEAL + 100 + number, position_id=POSITION + number),
    )
    return POSITION + number


def states(bench: JournalBench) -> dict[str, int]:
    return dict(bench.rows("SELECT state, count(*) FROM directives GROUP BY state"))


# Expired directives


def test_close_goes_out_before_a_thousand_expired_directives_are_ended(joined: JournalBench) -> None:
    position = held(joined)
    joined.take(*(directive(f"dir-{number}", expires_at=EXPIRED) for number in range(MANY)), closing())
    joined.later(120)
    work = joined.look()
    assert [command.order.position for command in work.commands] == [position]
    # The same step ends a bounded number of them, and asks for another one.
    assert states(joined)["EXPIRED"] == ENDED_PER_STEP
    assert work.more
    steps = 1
    while joined.look().more:
        steps += 1
    assert states(joined) == {"EXPIRED": MANY, "FILLED": 1, "WORKING": 1}
    assert steps == MANY // ENDED_PER_STEP
    assert len(joined.bodies("ORDER_REJECTED")) == MANY


def test_planned_opens_that_expired_are_ended_in_portions_and_hold_nothing_up(joined: JournalBench) -> None:
    position = held(joined)
    joined.planned(*(directive(f"dir-{number}", expires_at=EXPIRED) for number in range(SOME)))
    joined.take(closing())
    joined.later(120)
    work = joined.look()
    assert [command.order.position for command in work.commands] == [position]
    assert states(joined)["EXPIRED"] == ENDED_PER_STEP
    while joined.look().more:
        pass
    assert states(joined) == {"EXPIRED": SOME, "FILLED": 1, "WORKING": 1}


# Halted opens


def test_close_waits_for_no_open_that_a_halt_forbids(joined: JournalBench) -> None:
    position = held(joined)
    joined.planned(*(directive(f"dir-p{number}") for number in range(SOME)))
    joined.journal.halt(OFFICER, joined.now, symbol=ALL, why="news")
    joined.take(*(directive(f"dir-{number}") for number in range(SOME)), closing())
    work = joined.look()
    assert [command.order.position for command in work.commands] == [position]
    assert states(joined)["REJECTED"] == ENDED_PER_STEP and work.more
    while (work := joined.look()).more:
        assert work.commands == []
    assert states(joined) == {"REJECTED": 2 * SOME, "FILLED": 1, "WORKING": 1}


def test_halt_of_one_symbol_stops_all_its_planned_opens_and_no_other(joined: JournalBench) -> None:
    joined.report(terms("EURUSD"), terms("GOLD"))
    joined.planned(
        *(directive(f"dir-{number}") for number in range(100)), directive("dir-gold", symbol="GOLD")
    )
    joined.journal.halt(OFFICER, joined.now, symbol="EURUSD", why="news")
    assert comments(joined) == ["dir-gold"]
    assert comments(joined) == []
    assert states(joined) == {"REJECTED": 100, "WORKING": 1}


def test_resume_refuses_first_what_was_halted(joined: JournalBench) -> None:
    """Those that a step has not come to yet would be sent after the close that overtook them."""
    joined.planned(*(directive(f"dir-{number}") for number in range(2 * ENDED_PER_STEP)))
    joined.journal.halt(OFFICER, joined.now, symbol=ALL, why="news")
    joined.take(directive("dir-waits"))
    assert joined.look().more
    joined.journal.resume(OFFICER, joined.now, symbol=None, why="over")
    assert comments(joined) == []
    assert states(joined) == {"REJECTED": 2 * ENDED_PER_STEP + 1}


# Opens under way


def test_close_overtakes_planned_opens_of_other_directives(joined: JournalBench) -> None:
    """Its target is open, so that it waits for no open of another directive."""
    joined.report(terms("EURUSD"))
    position = held(joined)
    joined.take(*(directive(f"dir-{number}") for number in range(20)))
    assert comments(joined) == ["dir-0", "dir-1", "dir-2", "dir-3"]
    joined.take(closing(target_directive_id="dir-held"))
    [command] = joined.advance()
    assert (command.order.kind, command.order.position) == (CommandKind.CLOSE, position)


def test_closes_changes_and_cancels_go_out_before_older_opens(joined: JournalBench) -> None:
    names = ("EURUSD", "GOLD", "SILVER", "GBPUSD")
    joined.report(*(terms(name) for name in names))
    held(joined, "dir-gold", "GOLD")
    held(joined, "dir-silver", "SILVER")
    [waits] = joined.sent(limit("dir-limit", symbol="GBPUSD"))
    joined.report(result(waits.order, ticket=ORDER + 7), booked(waits.order, ticket=ORDER + 7))
    joined.take(
        *(directive(f"dir-{number}") for number in range(20)),
        closing("dir-close", symbol="GOLD"),
        modify("dir-modify", symbol="SILVER", stop_loss=1.05),
        cancel("dir-cancel", symbol="GBPUSD"),
    )
    went = [command.order.directive_id for command in joined.advance()]
    assert went == ["dir-close", "dir-modify", "dir-cancel", "dir-0", "dir-1", "dir-2", "dir-3"]


def test_close_of_everything_waits_for_an_earlier_open_in_its_symbol(joined: JournalBench) -> None:
    """Sent before, it would miss what the open opens."""
    joined.report(terms("EURUSD"))
    held(joined)
    [opening] = joined.sent(directive("dir-2"))
    assert joined.sent(closing()) == []
    joined.report(
        result(opening.order, ticket=ORDER + 9), deal(opening.order, DEAL + 9, position_id=POSITION + 9)
    )
    assert len(joined.advance()) == 2


def test_on_a_netting_account_a_close_waits_for_an_open_that_may_be_at_the_broker(
    joined: JournalBench,
) -> None:
    joined.connection.execute("UPDATE officers SET margin_mode = ?", (MarginMode.RETAIL_NETTING,))
    joined.report(terms("EURUSD"))
    held(joined)
    [opening] = joined.sent(directive("dir-2"))
    assert joined.sent(closing(target_directive_id="dir-held")) == []
    joined.report(
        result(opening.order, ticket=ORDER + 9),
        deal(opening.order, DEAL + 9, position_id=POSITION),
    )
    assert comments(joined) == ["dir-close"]


# Delivery


def test_events_of_a_live_trade_are_posted_before_older_refusals(joined: JournalBench) -> None:
    held(joined)
    while due := joined.due(1):
        joined.journal.set_delivered([Delivery(due[0], None)], joined.now)
    joined.take(*(directive(f"dir-{number}", quantity=-1) for number in range(SOME)))
    [close] = joined.sent(closing())
    joined.report(
        result(close.order, ticket=ORDER + 500),
        deal(close.order, DEAL + 500, position_id=close.order.position),
    )
    posted = []
    for _ in range(5):
        [event] = joined.due(1)
        posted.append(f"{event.directive_id} {event.event_type}")
        joined.journal.set_delivered([Delivery(event, None)], joined.now)
    assert posted == [
        "dir-close DIRECTIVE_RECEIVED",
        "dir-close ORDER_PLACED",
        "dir-close ORDER_FILLED",
        "dir-close POSITION_CLOSED",
        "dir-0 DIRECTIVE_RECEIVED",
    ]
