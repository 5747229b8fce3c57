"""Precedence: the items of a poll that go first, and the commands that others wait for."""

import itertools
import json

import pytest

from bridge.core.director.contract import Action, Directive
from bridge.core.director.poll import Item, read_batch
from bridge.core.link.messages import CommandKind
from bridge.core.settings import OfficerSettings
from bridge.core.trade.precedence import Earlier, InOrder, WaitingInSymbol, holds_up, in_order
from bridge.core.units.mt5_terms import Side
from tests.unit.core.samples import NOW, OFFICER

SETTINGS = OfficerSettings(id=OFFICER, time_to_live_s=60)
CHANGES = (CommandKind.CLOSE, CommandKind.MODIFY, CommandKind.CANCEL)


def item(directive_id: str, **fields: object) -> dict[str, object]:
    """Return an open that is in time, but for the fields."""
    plain = {
        "directive_id": directive_id,
        "symbol": "EURUSD",
        "action": "OPEN_LONG",
        "order_type": "MARKET",
        "quantity": 0.1,
        "issued_at": "2026-01-04T10:00:00Z",
    }
    return {name: value for name, value in (plain | fields).items() if value is not None}


def items(*fields: dict[str, object]) -> list[Item]:
    return read_batch(json.dumps({"directives": list(fields)}))


def read(**fields: object) -> Directive:
    [one] = items(item("later", **({"quantity": None} | fields)))
    assert one.directive is not None, one.problem
    return one.directive


def earlier(
    kind: CommandKind, side: Side = Side.BUY, *, sent: bool = False, of_target: bool = False
) -> Earlier:
    return Earlier(kind=kind, side=side, sent=sent, of_target=of_target)


def ids(found: list[Item]) -> list[str | None]:
    return [each.directive_id for each in found]


def test_items_that_can_never_be_sent_come_behind_all_others() -> None:
    late = "2026-01-04T09:00:00Z"
    listed = items(
        *(item(f"late-{number}", issued_at=late) for number in range(1000)),
        item("open"),
        item("too-small", quantity=-1),
        item("close", action="CLOSE", quantity=None),
    )
    ordered = in_order(listed, SETTINGS, NOW)
    assert ids(ordered.sendable) == ["open", "close"]
    assert ids(ordered.hopeless) == [*(f"late-{number}" for number in range(1000)), "too-small"]


def test_items_with_one_id_stay_together_in_their_order() -> None:
    listed = items(item("twice", quantity=-1), item("open"), item("twice", quantity=0.2))
    ordered = in_order(listed, SETTINGS, NOW)
    assert (ids(ordered.sendable), ids(ordered.hopeless)) == (["open"], ["twice", "twice"])


def change(directive_id: str, action: str, target: str | None) -> dict[str, object]:
    """Return a close, change or cancel."""
    levels = {"stop_loss": 1.05} if action == "MODIFY_SL" else {}
    return item(directive_id, action=action, quantity=None, target_directive_id=target, **levels)


@pytest.mark.parametrize("action", ["CLOSE", "CLOSE_LONG", "MODIFY_SL", "CANCEL"])
def test_directive_about_what_was_opened_before_overtakes_the_opens_of_the_list(action: str) -> None:
    opens = [item(f"open-{number}") for number in range(20)]
    ordered = in_order(items(*opens, change("later", action, "earlier")), SETTINGS, NOW)
    assert ids(ordered.overtaking) == ["later"]
    assert ids(ordered.sendable) == [f"open-{number}" for number in range(20)]


@pytest.mark.parametrize("action", ["CLOSE", "MODIFY_SL", "CANCEL"])
def test_directive_about_an_open_of_the_list_stays_behind_it(action: str) -> None:
    listed = items(item("other"), item("opener"), change("later", action, "opener"))
    ordered = in_order(listed, SETTINGS, NOW)
    assert ordered == InOrder([], listed, [])


@pytest.mark.parametrize("action", ["CLOSE", "CLOSE_LONG", "CANCEL"])
def test_directive_about_a_whole_symbol_overtakes_nothing_and_is_not_overtaken(action: str) -> None:
    """Another name in the list may mean the same symbol of the broker."""
    listed = items(
        item("open", symbol="EURUSD.m"), change("all", action, None), change("one", "CLOSE", "earlier")
    )
    assert in_order(listed, SETTINGS, NOW) == InOrder([], listed, [])
    assert in_order(listed[::-1], SETTINGS, NOW) == InOrder(listed[:0:-1], listed[:1], [])


def test_changes_of_one_target_keep_their_order() -> None:
    listed = items(
        item("open"),
        change("first", "MODIFY_SL", "earlier"),
        change("waits", "CLOSE", "open"),
        change("second", "CLOSE", "earlier"),
    )
    ordered = in_order(listed, SETTINGS, NOW)
    assert ids(ordered.overtaking) == ["first"]
    assert ids(ordered.sendable) == ["open", "waits", "second"]


def test_late_close_never_goes_first() -> None:
    late = change("late", "CLOSE", "earlier") | {"issued_at": "2026-01-04T09:00:00Z"}
    assert ids(in_order(items(late), SETTINGS, NOW).hopeless) == ["late"]


# A directive without a target


@pytest.mark.parametrize("action", ["CLOSE", "CANCEL"])
@pytest.mark.parametrize("kind", list(CommandKind))
@pytest.mark.parametrize("sent", [False, True])
def test_directive_about_the_whole_symbol_waits_for_every_command_there(
    action: str, kind: CommandKind, sent: bool
) -> None:
    for netting, side in itertools.product([False, True], Side):
        assert holds_up(
            read(action=action), earlier(kind, side, sent=sent), netting=netting, opens_stopped=False
        )


def test_close_of_one_side_waits_for_no_open_of_the_other_where_positions_are_apart() -> None:
    close = read(action="CLOSE_LONG")
    opposite = earlier(CommandKind.OPEN, Side.SELL, sent=True)
    assert not holds_up(close, opposite, netting=False, opens_stopped=False)
    assert holds_up(close, opposite, netting=True, opens_stopped=False)
    assert holds_up(close, earlier(CommandKind.OPEN, Side.BUY, sent=True), netting=False, opens_stopped=False)


# A directive with a target


@pytest.mark.parametrize("kind", list(CommandKind))
@pytest.mark.parametrize("sent", [False, True])
@pytest.mark.parametrize("netting", [False, True])
def test_directive_waits_for_its_own_target(kind: CommandKind, sent: bool, netting: bool) -> None:
    one = read(action="CLOSE", target_directive_id="dir-1")
    assert holds_up(one, earlier(kind, sent=sent, of_target=True), netting=netting, opens_stopped=False)


@pytest.mark.parametrize("kind", list(CommandKind))
@pytest.mark.parametrize("sent", [False, True])
def test_directive_waits_for_nothing_of_another_where_positions_are_apart(
    kind: CommandKind, sent: bool
) -> None:
    one = read(action="CLOSE", target_directive_id="dir-1")
    assert not holds_up(one, earlier(kind, sent=sent), netting=False, opens_stopped=False)


def test_on_a_shared_position_only_an_unsent_open_of_another_holds_nothing_up() -> None:
    one = read(action="CLOSE", target_directive_id="dir-1")
    held_up = {
        (kind, sent): holds_up(one, earlier(kind, sent=sent), netting=True, opens_stopped=False)
        for kind in CommandKind
        for sent in (False, True)
    }
    assert [pair for pair, held in held_up.items() if not held] == [(CommandKind.OPEN, False)]


# Opens that are stopped


@pytest.mark.parametrize("target", [None, "dir-1"])
@pytest.mark.parametrize("netting", [False, True])
@pytest.mark.parametrize("of_target", [False, True])
def test_open_that_stays_where_it_is_holds_nothing_up(
    target: str | None, netting: bool, of_target: bool
) -> None:
    one = read(action="CLOSE", target_directive_id=target)
    unsent = earlier(CommandKind.OPEN, of_target=of_target)
    assert not holds_up(one, unsent, netting=netting, opens_stopped=True)


@pytest.mark.parametrize("kind", list(CommandKind))
def test_whatever_else_holds_up_does_so_while_opens_are_stopped(kind: CommandKind) -> None:
    for target, netting, sent, of_target in itertools.product(
        [None, "dir-1"], [False, True], [False, True], [False, True]
    ):
        command = earlier(kind, sent=sent, of_target=of_target)
        if kind is CommandKind.OPEN and not sent:
            continue
        one = read(action="CLOSE", target_directive_id=target)
        assert holds_up(one, command, netting=netting, opens_stopped=True) == holds_up(
            one, command, netting=netting, opens_stopped=False
        )


# Directives that wait


@pytest.mark.parametrize(
    ("waiting", "later", "held_up"),
    [
        ([read(action="OPEN_LONG", quantity=0.1)], read(action="CLOSE"), True),
        ([read(action="OPEN_SHORT", quantity=0.1)], read(action="CLOSE_LONG"), False),
        ([read(action="OPEN_LONG", quantity=0.1)], read(action="CLOSE", target_directive_id="later"), True),
        ([read(action="OPEN_LONG", quantity=0.1)], read(action="CLOSE", target_directive_id="dir-1"), False),
        ([read(action="CLOSE")], read(action="CLOSE", target_directive_id="dir-1"), True),
        ([read(action="CANCEL")], read(action="CLOSE"), True),
        (
            [read(action="CLOSE", target_directive_id="dir-2")],
            read(action="CLOSE", target_directive_id="dir-1"),
            False,
        ),
        (
            [read(action="CLOSE", target_directive_id="dir-1")],
            read(action="MODIFY_SL", target_directive_id="dir-1", stop_loss=1.0),
            True,
        ),
        ([], read(action="CLOSE"), False),
    ],
)
def test_waiting_directive_holds_up_what_is_about_the_same(
    waiting: list[Directive], later: Directive, held_up: bool
) -> None:
    queue = WaitingInSymbol()
    for each in waiting:
        queue.add(each)
    assert queue.hold_up(later, netting=False, opens_stopped=False) is held_up
    assert queue.closes is any(each.action is Action.CLOSE for each in waiting)
