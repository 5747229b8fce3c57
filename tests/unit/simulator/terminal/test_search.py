"""Search at the broker before a send: what bears the command's id was sent before the ledger was lost."""

from collections.abc import Callable
from decimal import Decimal

import msgspec
import pytest

from bridge.core.link.messages import CommandKind, Order
from bridge.core.link.reports import (
    AnyReport,
    CommandReport,
    DealReport,
    OrderReport,
    PositionReport,
    TroubleReport,
)
from bridge.core.units.mt5_terms import Side
from tests.sidecar_peer import open_order
from tests.unit.simulator.terminal.rig import START_MS, Rig

LIMIT = msgspec.structs.replace(open_order(1002), order_type="LIMIT", price=Decimal("1.05"))


def close_of(rig: Rig) -> Order:
    """Return the CLOSE of the one open position."""
    (position,) = rig.broker.positions()
    return open_order(1003, kind=CommandKind.CLOSE, side=Side.SELL, position=position.identifier)


def lose_ledger(rig: Rig) -> None:
    """Start the terminal again with a new ledger."""
    rig.ledger.close()
    (rig.folder / "ledger.jsonl").unlink()
    rig.load()
    rig.join()
    rig.peer.forget()


def executed(rig: Rig, order: Order) -> Order:
    """Execute the order, then lose the ledger."""
    rig.send(rig.peer.command(order))
    rig.run(200)
    assert rig.sends(order.client_order_id) == 1
    lose_ledger(rig)
    return order


def kinds(rig: Rig) -> list[type[AnyReport]]:
    """Return the kinds of the reports, without the stages of commands."""
    return [type(report) for report in rig.peer.reports if not isinstance(report, CommandReport)]


@pytest.mark.parametrize("search_from", [0, START_MS])
@pytest.mark.parametrize(
    ("order", "reported"),
    [(open_order(), {DealReport, PositionReport}), (LIMIT, {OrderReport})],
    ids=["position", "order"],
)
def test_open_that_is_live_at_the_broker_is_reported_and_not_sent(
    joined: Rig, order: Order, reported: set[type[AnyReport]], search_from: int
) -> None:
    executed(joined, order)
    joined.send(joined.peer.command(order, search_from_server_ms=search_from))
    joined.run(200)
    assert joined.stages(order.client_order_id) == ["received", "found"]
    assert joined.sends(order.client_order_id) == 1
    assert reported <= set(kinds(joined))
    (raised,) = joined.peer.reports_of(TroubleReport)
    assert (raised.code, str(order.client_order_id) in raised.message) == ("LEDGER", True)


def test_deal_of_a_position_that_was_found_is_reported_before_the_stage(joined: Rig) -> None:
    order = executed(joined, open_order())
    joined.send(joined.peer.command(order))
    joined.run(200)
    order_of = [type(report).__name__ for report in joined.peer.reports]
    assert order_of.index("DealReport") < order_of.index("PositionReport")
    assert joined.peer.reports_of(CommandReport)[-1] is joined.peer.reports[-1]


@pytest.mark.parametrize(
    ("offset_ms", "found"), [(-1_000_000, True), (0, True), (1_000, False)], ids=["before", "at", "after"]
)
def test_closed_position_is_found_in_the_history_from_the_given_time_on(
    joined: Rig, offset_ms: int, found: bool
) -> None:
    order = open_order()
    joined.send(joined.peer.command(order))
    joined.run(200)
    (deal,) = joined.peer.reports_of(DealReport)
    joined.run(5_000)
    joined.broker.manual_close(joined.broker.positions()[0].ticket)
    lose_ledger(joined)
    done_ms = deal.time_server_ms
    joined.send(joined.peer.command(order, search_from_server_ms=done_ms + offset_ms))
    joined.run(200)
    assert joined.sends() == (1 if found else 2)
    assert joined.stages()[-1] == ("found" if found else "result")
    # The manual close of the position that was found is reported too.
    closes = [each.reason for each in joined.peer.reports_of(DealReport) if each.entry == "OUT"]
    assert closes == (["CLIENT"] if found else [])


def test_history_is_not_searched_without_a_start_time(joined: Rig) -> None:
    joined.send(joined.peer.command(open_order()))
    joined.run(200)
    joined.broker.manual_close(joined.broker.positions()[0].ticket)
    lose_ledger(joined)
    joined.send(joined.peer.command(open_order()))
    joined.run(200)
    assert joined.sends() == 2


def late(rig: Rig, order: Order) -> None:
    rig.send(rig.peer.command(order, deadline_ms=0, search_from_server_ms=START_MS))


def gone(rig: Rig, order: Order) -> None:
    rig.send(rig.peer.command(order, search_from_server_ms=START_MS))


@pytest.mark.parametrize("send", [late, gone])
def test_close_that_was_executed_is_found_and_not_refused(
    joined: Rig, send: Callable[[Rig, Order], None]
) -> None:
    joined.send(joined.peer.command(open_order()))
    joined.run(200)
    order = executed(joined, close_of(joined))
    assert joined.broker.positions() == []
    send(joined, order)
    joined.run(200)
    assert joined.stages(1003) == ["received", "found"]
    assert {deal.magic for deal in joined.peer.reports_of(DealReport)} == {1001, 1003}
    assert joined.sends(1003) == 1


def test_attempt_that_was_found_is_never_executed(joined: Rig) -> None:
    order = executed(joined, open_order())
    joined.send(joined.peer.command(order))
    joined.run(200)
    joined.broker.manual_close(joined.broker.positions()[0].ticket)
    joined.send(joined.peer.command(order))
    joined.run(200)
    assert joined.stages() == ["received", "found"]
    assert joined.sends() == 1


def test_status_request_of_a_command_that_was_found_raises_nothing_again(joined: Rig) -> None:
    order = executed(joined, open_order())
    joined.send(joined.peer.command(order))
    joined.run(200)
    for number in (1, 2):
        joined.send(joined.peer.status_request(order, request_no=number))
        joined.run(200)
    assert len(joined.peer.reports_of(TroubleReport)) == 1
    assert joined.stages() == ["received", "found"]


def test_position_alone_is_an_answer_to_a_status_request(joined: Rig) -> None:
    """The history may have its deal later than the list of positions has the position."""
    order = executed(joined, open_order())
    (deal,) = (each for each in joined.broker.history_deals(0, 2**52) if each.magic == 1001)
    joined.send(joined.peer.status_request(order, since_server_ms=deal.time_msc + 60_000))
    joined.run(200)
    assert PositionReport in kinds(joined)
    assert joined.stages() == []


def test_change_is_sent_without_a_search(joined: Rig) -> None:
    joined.send(joined.peer.command(LIMIT))
    joined.run(200)
    (order,) = joined.broker.orders()
    cancel = msgspec.structs.replace(
        LIMIT, client_order_id=1004, kind=CommandKind.CANCEL, order=order.ticket, opener=1002, price=None
    )
    joined.send(joined.peer.command(cancel, search_from_server_ms=START_MS))
    joined.run(200)
    assert joined.stages(1004) == ["received", "submitted", "result"]
    assert joined.broker.orders() == []
