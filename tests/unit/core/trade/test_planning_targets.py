"""Directives about what is there: which positions are closed or changed, which orders are changed or cancelled."""

from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.director.contract import Action, Directive, OrderType
from bridge.core.director.problem import Problem
from bridge.core.link.messages import CommandKind, Order
from bridge.core.settings import OfficerSettings
from bridge.core.trade.planning import (
    PlannedCommand,
    flatten,
    plan_cancel,
    plan_close,
    plan_modify,
    rests_to_remove,
    would_close,
)
from bridge.core.trade.records import OrderRecord, PositionRecord
from bridge.core.units.mt5_terms import Side
from bridge.core.units.order_ids import make_client_order_id
from tests.unit.core.samples import NOW, OFFICER, QUARANTINED, TERMS

SETTINGS = OfficerSettings(id=OFFICER, deviation_points=15)
CLOSE = Directive(
    directive_id="dir-now",
    symbol="EURUSD",
    action=Action.CLOSE,
    order_type=OrderType.MARKET,
    issued_at=NOW,
    expires_at=NOW + timedelta(minutes=5),
)
CANCEL = msgspec.structs.replace(CLOSE, action=Action.CANCEL)
MODIFY = msgspec.structs.replace(CLOSE, action=Action.MODIFY)


def client_order_ids(target: str) -> int:
    return make_client_order_id(1, OFFICER, "dir-now", target)


def position(identifier: int, volume: str, **changed: object) -> PositionRecord:
    held = msgspec.structs.replace(
        QUARANTINED,
        identifier=identifier,
        symbol="EURUSD.r",
        client_order_id=identifier,
        volume_in=Decimal(volume),
        directive_id=f"dir-{identifier}",
    )
    return msgspec.structs.replace(held, **changed)


def pending(ticket: int, order_type: OrderType = OrderType.LIMIT, **changed: object) -> OrderRecord:
    order = OrderRecord(
        ticket=ticket,
        client_order_id=ticket + 1000,
        directive_id=f"dir-{ticket}",
        symbol="EURUSD.r",
        side=Side.BUY,
        order_type=order_type,
        volume=Decimal("0.10"),
    )
    return msgspec.structs.replace(order, **changed)


def commands_of(planned: list[PlannedCommand] | Problem) -> list[PlannedCommand]:
    assert isinstance(planned, list), planned
    assert len({number.order.client_order_id for number in planned}) == len(planned)
    return planned


OWN = [
    position(1, "0.10"),
    position(2, "0.20", side=Side.SELL),
    position(3, "0.30"),
    position(4, "0.40", symbol="GBPUSD"),
    position(5, "0.50", directive_id="dir-1"),
]


@pytest.mark.parametrize(
    ("action", "quantity", "target", "commands"),
    [
        (Action.CLOSE, None, None, [(1, "0.10"), (2, "0.20"), (3, "0.30"), (5, "0.50")]),
        (Action.CLOSE_POSITION, None, None, [(1, "0.10"), (2, "0.20"), (3, "0.30"), (5, "0.50")]),
        (Action.CLOSE_LONG, None, None, [(1, "0.10"), (3, "0.30"), (5, "0.50")]),
        (Action.CLOSE_SHORT, None, None, [(2, "0.20")]),
        (Action.CLOSE, None, "dir-1", [(1, "0.10"), (5, "0.50")]),
        (Action.CLOSE, None, "dir-3", [(3, "0.30")]),
        (Action.CLOSE, "0.05", None, [(1, "0.05")]),
        (Action.CLOSE, "0.10", None, [(1, "0.10")]),
        (Action.CLOSE, "0.15", None, [(1, "0.10"), (2, "0.05")]),
        (Action.CLOSE_LONG, "0.35", None, [(1, "0.10"), (3, "0.25")]),
        (Action.CLOSE, "0.2", "dir-5", None),
        (Action.CLOSE, "99", "dir-2", [(2, "0.20")]),
        (Action.CLOSE_LONG, None, "dir-2", None),
        (Action.CLOSE, None, "dir-4", None),
        (Action.CLOSE, None, "dir-9", None),
    ],
)
def test_a_close_takes_its_own_positions_oldest_first(
    action: Action, quantity: str | None, target: str | None, commands: list[tuple[int, str]] | None
) -> None:
    directive = msgspec.structs.replace(
        CLOSE, action=action, quantity=Decimal(quantity) if quantity else None, target_directive_id=target
    )
    planned = plan_close(directive, SETTINGS, TERMS, OWN, client_order_ids)
    if commands is None:
        assert isinstance(planned, Problem)
        assert planned.code == "NO_POSITION"
        assert f"opened by {target}" in planned.message
        return
    found = commands_of(planned)
    assert [(number.order.position, str(number.order.volume)) for number in found] == commands
    by_number = {held.identifier: held for held in OWN}
    for number in found:
        held = by_number[number.order.position]
        assert number.opening_directive_id == held.directive_id
        assert number.order == Order(
            client_order_id=number.order.client_order_id,
            kind=CommandKind.CLOSE,
            symbol="EURUSD.r",
            side=held.side.opposite,
            volume=number.order.volume,
            position=held.identifier,
            opener=held.client_order_id,
            deviation_points=15,
            comment="dir-now",
        )


def test_a_close_with_a_slippage_of_its_own_takes_that() -> None:
    directive = msgspec.structs.replace(CLOSE, deviation_points=0)
    assert {
        number.order.deviation_points
        for number in commands_of(plan_close(directive, SETTINGS, TERMS, OWN, client_order_ids))
    } == {0}


def test_lots_of_one_position_are_closed_by_a_command_each() -> None:
    """Several commands share one position on a netting account."""
    shared = [
        position(7, "0.10", client_order_id=1),
        position(7, "0.20", client_order_id=2, directive_id="dir-8"),
    ]
    planned = commands_of(plan_close(CLOSE, SETTINGS, TERMS, shared, client_order_ids))
    assert [(number.order.position, number.order.opener, str(number.order.volume)) for number in planned] == [
        (7, 1, "0.10"),
        (7, 2, "0.20"),
    ]
    aimed = msgspec.structs.replace(CLOSE, target_directive_id="dir-8")
    assert [
        number.order.opener
        for number in commands_of(plan_close(aimed, SETTINGS, TERMS, shared, client_order_ids))
    ] == [2]


def test_close_without_a_position_names_what_is_missing() -> None:
    planned = plan_close(
        msgspec.structs.replace(CLOSE, action=Action.CLOSE_SHORT), SETTINGS, TERMS, [OWN[0]], client_order_ids
    )
    assert planned == Problem(
        "NO_POSITION", "there is no open SELL position in EURUSD.r opened by this officer"
    )
    planned = plan_close(CLOSE, SETTINGS, TERMS, [], client_order_ids)
    assert planned == Problem("NO_POSITION", "there is no open position in EURUSD.r opened by this officer")


@pytest.mark.parametrize("empty_at", [0, 1, 2])
def test_lot_without_volume_does_not_stop_the_next(empty_at: int) -> None:
    held = [position(1, "0.10"), position(2, "0.20")]
    held.insert(empty_at, position(9, "0.30", volume_out=Decimal("0.30")))
    planned = commands_of(plan_close(CLOSE, SETTINGS, TERMS, held, client_order_ids))
    assert [number.order.position for number in planned] == [1, 2]


def test_lots_without_volume_give_no_close() -> None:
    empty = [position(9, "0.30", volume_out=Decimal("0.30"))]
    for directive in (CLOSE, msgspec.structs.replace(CLOSE, quantity=Decimal("0.10"))):
        planned = plan_close(directive, SETTINGS, TERMS, empty, client_order_ids)
        assert isinstance(planned, Problem)
        assert planned.code == "NO_POSITION"


VOLUMES = st.integers(1, 1000).map(lambda hundredths: Decimal(hundredths) / 100)


@given(st.lists(VOLUMES, min_size=1, max_size=6), st.none() | VOLUMES)
def test_a_close_takes_exactly_what_was_asked_for_and_never_more_than_there_is(
    volumes: list[Decimal], quantity: Decimal | None
) -> None:
    held = [position(number, str(volume)) for number, volume in enumerate(volumes, 1)]
    directive = msgspec.structs.replace(CLOSE, quantity=quantity)
    closed = {
        number.order.position: number.order.volume
        for number in commands_of(plan_close(directive, SETTINGS, TERMS, held, client_order_ids))
    }
    assert sum(closed.values()) == min(sum(volumes), quantity or sum(volumes))
    assert list(closed) == list(range(1, len(closed) + 1))
    for number, volume in closed.items():
        assert 0 < volume <= volumes[number - 1]
        if number < len(closed):
            assert volume == volumes[number - 1]


LONG = Directive(
    directive_id="dir-long",
    symbol="EURUSD",
    action=Action.OPEN_LONG,
    order_type=OrderType.MARKET,
    quantity=Decimal("0.10"),
    issued_at=NOW,
)


@pytest.mark.parametrize(
    ("action", "symbol", "target", "about_a_long", "about_a_short"),
    [
        (Action.CLOSE, "EURUSD", None, True, True),
        (Action.CLOSE_POSITION, "EURUSD", None, True, True),
        (Action.CLOSE_LONG, "EURUSD", None, True, False),
        (Action.CLOSE_SHORT, "EURUSD", None, False, True),
        (Action.CLOSE, "GBPUSD", None, False, False),
        (Action.CLOSE, "EURUSD", "dir-long", True, False),
        (Action.CLOSE, "EURUSD", "dir-9", False, False),
        (Action.CLOSE_SHORT, "EURUSD", "dir-long", False, False),
    ],
)
def test_a_close_is_about_what_an_opening_in_its_symbol_of_its_side_and_its_target_will_open(
    action: Action, symbol: str, target: str | None, about_a_long: bool, about_a_short: bool
) -> None:
    close = msgspec.structs.replace(CLOSE, action=action, symbol=symbol, target_directive_id=target)
    short = msgspec.structs.replace(LONG, action=Action.OPEN_SHORT, directive_id="dir-short")
    assert (would_close(close, LONG), would_close(close, short)) == (about_a_long, about_a_short)
    assert not would_close(close, CLOSE)


# Cancelling


ORDERS = [
    pending(21),
    pending(22, OrderType.STOP_LIMIT, side=Side.SELL),
    pending(23, symbol="GBPUSD"),
    pending(24, OrderType.STOP, directive_id="dir-21"),
]


@pytest.mark.parametrize(
    ("target", "tickets"),
    [(None, [21, 22, 24]), ("dir-21", [21, 24]), ("dir-22", [22]), ("dir-23", []), ("dir-9", [])],
)
def test_a_cancel_takes_the_symbols_orders_or_those_of_its_target(
    target: str | None, tickets: list[int]
) -> None:
    planned = plan_cancel(
        msgspec.structs.replace(CANCEL, target_directive_id=target), TERMS, ORDERS, client_order_ids
    )
    if not tickets:
        assert planned == Problem("NO_ORDER", f"there is no pending order in EURUSD.r opened by {target}")
        return
    by_ticket = {order.ticket: order for order in ORDERS}
    assert [number.order.order for number in commands_of(planned)] == tickets
    for number in commands_of(planned):
        order = by_ticket[number.order.order]
        assert number.opening_directive_id == order.directive_id
        assert number.order == Order(
            client_order_id=number.order.client_order_id,
            kind=CommandKind.CANCEL,
            symbol="EURUSD.r",
            side=order.side,
            order_type=order.order_type,
            order=order.ticket,
            opener=order.client_order_id,
        )


# Changing


Levels = tuple[int | str | None, ...]


def levels(planned: list[PlannedCommand] | Problem) -> list[Levels]:
    """(position or order, stop loss, take profit, price, limit price) of each command."""
    return [
        (
            number.order.position or number.order.order,
            *(
                None if each is None else str(each)
                for each in (
                    number.order.stop_loss,
                    number.order.take_profit,
                    number.order.price,
                    number.order.limit_price,
                )
            ),
        )
        for number in commands_of(planned)
    ]


HELD_TWO = [position(1, "0.10"), position(2, "0.20", side=Side.SELL)]
WAITING = [pending(21), pending(22, OrderType.STOP_LIMIT)]
CHANGES: list[
    tuple[
        dict[str, object],
        list[PositionRecord],
        list[OrderRecord],
        list[Levels],
    ]
] = [
    # Without a target: the positions, the orders only where there is none.
    (
        {"stop_loss": "1.08"},
        HELD_TWO,
        WAITING,
        [(1, "1.08", None, None, None), (2, "1.08", None, None, None)],
    ),
    ({"stop_loss": "1.08"}, [], WAITING, [(21, "1.08", None, None, None), (22, "1.08", None, None, None)]),
    # 0 takes a level away, and what is not named stays.
    ({"take_profit": "0"}, HELD_TWO[:1], [], [(1, None, "0", None, None)]),
    ({"stop_loss": "0", "take_profit": "1.2"}, HELD_TWO[:1], [], [(1, "0", "1.2", None, None)]),
    # With a target: all of it, positions and orders.
    (
        {"stop_loss": "1.08", "target_directive_id": "dir-5"},
        [*HELD_TWO, position(5, "0.10")],
        [*WAITING, pending(25, directive_id="dir-5")],
        [(5, "1.08", None, None, None), (25, "1.08", None, None, None)],
    ),
    # A price is a pending order's alone.
    ({"price": "1.07", "target_directive_id": "dir-21"}, HELD_TWO, WAITING, [(21, None, None, "1.07", None)]),
    (
        {"price": "1.07", "stop_loss": "1.06", "target_directive_id": "dir-21"},
        [position(5, "0.05", directive_id="dir-21")],
        WAITING,
        [(5, "1.06", None, None, None), (21, "1.06", None, "1.07", None)],
    ),
    (
        {"price": "1.07", "target_directive_id": "dir-21"},
        [position(5, "0.05", directive_id="dir-21")],
        WAITING,
        [(21, None, None, "1.07", None)],
    ),
    # So whoever names one, and no target, means the orders, also where there are positions.
    ({"price": "1.07"}, HELD_TWO, WAITING[:1], [(21, None, None, "1.07", None)]),
    (
        {"limit_price": "1.07", "stop_loss": "1.06"},
        HELD_TWO,
        WAITING[1:],
        [(22, "1.06", None, None, "1.07")],
    ),
    # A limit price is a stop-limit order's alone.
    (
        {"price": "1.07", "limit_price": "1.065", "target_directive_id": "dir-22"},
        [],
        WAITING,
        [(22, None, None, "1.07", "1.065")],
    ),
    (
        {"price": "1.07", "limit_price": "1.065", "target_directive_id": "dir-21"},
        [],
        WAITING,
        [(21, None, None, "1.07", None)],
    ),
    # The two short forms change one level and nothing else.
    (
        {"action": Action.MODIFY_SL, "stop_loss": "1.08", "take_profit": "1.2", "price": "1.07"},
        HELD_TWO[:1],
        [],
        [(1, "1.08", None, None, None)],
    ),
    (
        {"action": Action.MODIFY_TP, "stop_loss": "1.08", "take_profit": "1.2", "price": "1.07"},
        HELD_TWO[:1],
        [],
        [(1, None, "1.2", None, None)],
    ),
    # To the grid.
    ({"stop_loss": "1.080004"}, HELD_TWO[:1], [], [(1, "1.08000", None, None, None)]),
    # Lots of one position have one pair of levels: one command.
    (
        {"stop_loss": "1.08"},
        [position(7, "0.10", client_order_id=1), position(7, "0.20", client_order_id=2)],
        [],
        [(7, "1.08", None, None, None)],
    ),
]


@pytest.mark.parametrize(("changes", "positions", "orders", "expected"), CHANGES)
def test_a_modify_changes_what_it_names_where_it_aims(
    changes: dict[str, object],
    positions: list[PositionRecord],
    orders: list[OrderRecord],
    expected: list[Levels],
) -> None:
    prices = ("stop_loss", "take_profit", "price", "limit_price")
    fields = {name: Decimal(str(each)) if name in prices else each for name, each in changes.items()}
    directive = msgspec.structs.replace(MODIFY, **fields)
    planned = plan_modify(directive, TERMS, positions, orders, client_order_ids)
    assert levels(planned) == expected
    openers = {held.identifier: held for held in reversed(positions)}
    tickets = {order.ticket: order for order in orders}
    for number in commands_of(planned):
        target = openers[number.order.position] if number.order.position else tickets[number.order.order]
        assert (number.order.kind, number.order.symbol, number.order.side) == (
            CommandKind.MODIFY,
            "EURUSD.r",
            target.side,
        )
        assert (number.order.opener, number.opening_directive_id) == (
            target.client_order_id,
            target.directive_id,
        )
        assert number.order.volume == 0


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (
            {"stop_loss": Decimal("1.08"), "target_directive_id": "dir-9"},
            Problem("NO_TARGET", "there is nothing to change in EURUSD.r opened by dir-9"),
        ),
        (
            # Positions have no price.
            {"price": Decimal("1.08"), "target_directive_id": "dir-1"},
            Problem("NO_TARGET", "there is nothing to change in EURUSD.r opened by dir-1"),
        ),
    ],
)
def test_a_modify_of_nothing_says_what_was_looked_for(changes: dict[str, object], problem: Problem) -> None:
    directive = msgspec.structs.replace(MODIFY, **changes)
    assert plan_modify(directive, TERMS, HELD_TWO, WAITING, client_order_ids) == problem


@pytest.mark.parametrize("field", ["price", "limit_price"])
def test_a_price_must_be_one_orders(field: str) -> None:
    several = [pending(21, OrderType.STOP_LIMIT), pending(22, OrderType.STOP_LIMIT)]
    directive = msgspec.structs.replace(MODIFY, **{field: Decimal("1.08")})
    assert plan_modify(directive, TERMS, [], several, client_order_ids) == Problem(
        "AMBIGUOUS_TARGET",
        f"{field} 1.08 is for one order, and there are 2 pending orders in EURUSD.r; "
        "name one by target_directive_id",
    )


def test_a_limit_price_alone_changes_nothing_of_an_order_that_has_none() -> None:
    directive = msgspec.structs.replace(MODIFY, limit_price=Decimal("1.08"), target_directive_id="dir-21")
    planned = plan_modify(directive, TERMS, [], WAITING, client_order_ids)
    assert planned == Problem("NO_TARGET", "there is nothing to change in EURUSD.r opened by dir-21")


# Client order ids


def ids_by_target(planned: list[PlannedCommand] | Problem) -> dict[tuple[int, int, int], int]:
    return {
        (each.order.order, each.order.position, each.order.opener): each.order.client_order_id
        for each in commands_of(planned)
    }


def test_each_target_of_a_directive_has_the_same_client_order_id_when_another_target_is_gone() -> None:
    """After the loss of the journal a directive is planned again, when some of its targets are closed already."""
    shared = [position(7, "0.10", client_order_id=1), position(7, "0.20", client_order_id=2)]
    held, waiting = [*OWN, *shared], ORDERS
    whole = [
        ids_by_target(plan_close(CLOSE, SETTINGS, TERMS, held, client_order_ids)),
        ids_by_target(plan_cancel(CANCEL, TERMS, waiting, client_order_ids)),
        ids_by_target(flatten(held, waiting, SETTINGS, client_order_ids)),
    ]
    rest = [
        ids_by_target(plan_close(CLOSE, SETTINGS, TERMS, held[1:], client_order_ids)),
        ids_by_target(plan_cancel(CANCEL, TERMS, waiting[1:], client_order_ids)),
        ids_by_target(flatten(held[1:], waiting[1:], SETTINGS, client_order_ids)),
    ]
    for before, after in zip(whole, rest, strict=True):
        assert 0 < len(after) < len(before)
        assert len(set(before.values())) == len(before)
        assert after.items() < before.items()


def test_each_target_of_a_modify_has_the_same_client_order_id_when_another_target_is_gone() -> None:
    change = msgspec.structs.replace(MODIFY, stop_loss=Decimal("1.08"))
    before = ids_by_target(plan_modify(change, TERMS, HELD_TWO, [], client_order_ids))
    after = ids_by_target(plan_modify(change, TERMS, HELD_TWO[1:], [], client_order_ids))
    assert 0 < len(after) < len(before)
    assert after.items() < before.items()


# Getting out


def test_flatten_cancels_every_order_first_and_then_closes_every_position() -> None:
    positions = [*OWN, position(9, "0.30", volume_out=Decimal("0.30"))]
    planned = commands_of(flatten(positions, ORDERS, SETTINGS, client_order_ids))
    assert [(number.order.kind, number.order.order or number.order.position) for number in planned] == [
        *((CommandKind.CANCEL, ticket) for ticket in (21, 22, 23, 24)),
        *((CommandKind.CLOSE, identifier) for identifier in (1, 2, 3, 4, 5)),
    ]
    for number in planned[4:]:
        held = OWN[number.order.position - 1]
        assert (number.order.volume, number.order.side, number.order.symbol) == (
            held.volume,
            held.side.opposite,
            held.symbol,
        )
        assert (number.order.comment, number.order.deviation_points) == ("flatten", 15)
        assert number.opening_directive_id == held.directive_id
    assert flatten([], [], SETTINGS, client_order_ids) == []


def rest(ticket: int, opener: str = "", **changed: object) -> OrderRecord:
    """The rest of a market order: of an open, or of a close of what `opener` opened."""
    return pending(ticket, OrderType.MARKET, opening_directive_id=opener, **changed)


@pytest.mark.parametrize(
    ("changed", "tickets"),
    [
        ({}, [1, 2, 3, 4]),
        ({"quantity": Decimal("0.10")}, []),
        ({"action": Action.CLOSE_LONG}, [1, 4]),
        ({"action": Action.CLOSE_SHORT}, [2, 3]),
        ({"target_directive_id": "dir-1"}, [1, 3]),
        ({"target_directive_id": "dir-3"}, []),
        ({"action": Action.CANCEL}, []),
    ],
)
def test_close_of_everything_removes_the_rests_of_what_it_closes(
    changed: dict[str, object], tickets: list[int]
) -> None:
    resting = [
        rest(1),
        rest(2, side=Side.SELL),
        rest(3, opener="dir-1", side=Side.BUY),
        rest(4, opener="dir-2", side=Side.SELL),
        rest(5, symbol="GBPUSD"),
        pending(6),
    ]
    directive = msgspec.structs.replace(CLOSE, **changed)
    assert [order.ticket for order in rests_to_remove(directive, TERMS, resting)] == tickets


@pytest.mark.parametrize(("target", "tickets"), [(None, [1, 3]), ("dir-1", [1]), ("dir-2", [2])])
def test_cancel_takes_the_rest_of_a_close_only_where_it_names_it(
    target: str | None, tickets: list[int]
) -> None:
    resting = [rest(1), rest(2, opener="dir-1"), pending(3)]
    directive = msgspec.structs.replace(CANCEL, target_directive_id=target)
    planned = commands_of(plan_cancel(directive, TERMS, resting, client_order_ids))
    assert [each.order.order for each in planned] == tickets


def test_modify_takes_no_rest_of_a_market_order() -> None:
    directive = msgspec.structs.replace(MODIFY, stop_loss=Decimal("1.08"), target_directive_id="dir-1")
    planned = plan_modify(directive, TERMS, [], [rest(1)], client_order_ids)
    assert isinstance(planned, Problem) and planned.code == "NO_TARGET"
