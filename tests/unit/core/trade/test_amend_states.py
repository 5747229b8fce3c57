"""Table of MODIFY and CANCEL commands: every state under every input, and the effects on the target."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.link.messages import CommandKind, Order
from bridge.core.trade.amend_effects import effect_on_order, effect_on_position
from bridge.core.trade.command_states import (
    AMEND_TABLE,
    CommandInput,
    CommandOutput,
    CommandState,
    IllegalTransitionError,
    Transition,
    step_command,
)
from bridge.core.units.mt5_terms import OrderState, Side
from tests.unit.core.samples import CLIENT_ORDER_ID, ORDER, POSITION, QUARANTINED

S, I, O = CommandState, CommandInput, CommandOutput  # noqa: E741 - as in the table itself


def step_amendment(state: CommandState, what: CommandInput) -> Transition:
    """Return the transition of a MODIFY, which is that of a CANCEL."""
    transition = step_command(CommandKind.MODIFY, state, what)
    assert step_command(CommandKind.CANCEL, state, what) == transition
    return transition


INPUTS = (
    I.DISPATCH,
    I.EXPIRE,
    I.NOT_SENT_PASSING,
    I.NOT_SENT_FINAL,
    I.MARKET_CLOSED_UNSENT,
    I.SUBMITTED,
    I.ACCEPTED,
    I.REFUSED,
    I.MARKET_CLOSED_REFUSED,
    I.OUTCOME_OPEN,
    I.EFFECT_SEEN,
    I.TARGET_GONE,
    I.TARGET_FILLED,
    I.NO_EFFECT,
    I.ABSENT,
    I.ID_FOUND,
    I.WITHDRAWN,
    I.RESOLVED_FILLED,
    I.RESOLVED_REJECTED,
    I.RESOLVED_CANCELLED,
)
OF_ORDERS = (I.ORDER_SEEN, I.ORDER_REAPPEARED, I.ORDER_GONE, I.FILL_PART, I.FILL_WHOLE)
"""Inputs that move no MODIFY and no CANCEL."""
EMITTED = {
    "N": O.NEVER_SENT,
    "R": O.REFUSED,
    "C": O.CHANGED,
    "E": O.BROKER_ERROR,
    "M": O.WAITS,
    "U": O.UNKNOWN,
}
SHORT = {
    "pln": S.PLANNED,
    "dsp": S.DISPATCHED,
    "sub": S.SUBMITTED,
    "plc": S.PLACED,
    "don": S.DONE,
    "rej": S.REJECTED,
    "rpl": S.REPLACED,
    "nev": S.NEVER_SENT,
    "unc": S.UNRESOLVED,
    "unk": S.UNKNOWN,
}
# A cell is the state after, and the events. '.': as it was; '!': raises.
MATRIX = """
    disp expi pass finl m-un subm acce refu m-re open effe gone fild noef absn foun with rs-f rs-r rs-c
pln dsp  nevN .    nevN .    sub  plc  rejR rplM uncE .    .    .    .    .    unkU nevN .    .    .
dsp !    .    pln  nevN plnM sub  plc  rejR rplM uncE donC .    .    rejR unkU unkU .    .    .    .
sub !    .    unc  unc  unc  .    plc  rejR rplM uncE donC rejR rejR rejR unkU .    .    .    .    .
plc !    .    .    .    .    .    .    rejR rejR .    donC donC rejR rejR unkU .    .    .    .    .
don !    .    .    .    .    .    .    .    .    .    .    .    .    .    .    .    .    .    .    .
rej !    .    .    .    .    .    plc  .    .    .    .    .    .    .    .    .    .    .    .    .
rpl !    .    .    .    .    .    plc  .    .    .    .    .    .    .    .    .    .    .    .    .
nev !    .    .    .    .    sub  plc  .    .    uncE .    .    .    .    .    unkU .    .    .    .
unc !    .    .    .    .    .    plc  rejR rejR .    donC rejR rejR rejR unkU .    .    donC rejR rejR
unk !    .    nevN nevN nevN .    plc  rejR rejR .    donC rejR rejR rejR .    .    .    donC rejR rejR
"""
CELLS = [
    pytest.param(SHORT[row.split()[0]], what, cell, id=f"{SHORT[row.split()[0]]}-{what}")
    for row in MATRIX.strip().splitlines()[1:]
    for what, cell in zip(INPUTS, row.split()[1:], strict=True)
]
STATES = list(SHORT.values())
HAPPENINGS = st.lists(st.sampled_from(CommandInput), max_size=30)


def test_the_matrix_holds_every_state_and_every_input() -> None:
    assert {*INPUTS, *OF_ORDERS} == set(CommandInput)
    assert set(STATES) == set(AMEND_TABLE) == set(CommandState) - {S.FILLED, S.PARTIAL, S.CANCELLED}
    assert len(CELLS) == len(STATES) * len(INPUTS)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("what", OF_ORDERS)
def test_input_of_an_order_moves_no_amendment(state: CommandState, what: CommandInput) -> None:
    assert step_amendment(state, what) == (state, ())


@pytest.mark.parametrize(("state", "what", "cell"), CELLS)
def test_each_state_under_each_input(state: CommandState, what: CommandInput, cell: str) -> None:
    if cell == "!":
        with pytest.raises(IllegalTransitionError, match=state):
            step_amendment(state, what)
        return
    after, emitted = cell[:3], cell[3:]
    expected = (state if after == "." else SHORT[after], tuple(EMITTED[letter] for letter in emitted))
    assert step_amendment(state, what) == expected


@pytest.mark.parametrize("state", [S.FILLED, S.PARTIAL, S.CANCELLED])
def test_a_change_is_never_filled_or_cancelled(state: CommandState) -> None:
    with pytest.raises(IllegalTransitionError):
        step_amendment(state, I.EXPIRE)


def live(
    happenings: list[CommandInput],
) -> list[tuple[CommandState, CommandInput, CommandState, tuple[CommandOutput, ...]]]:
    """Return the transitions: (before, input, after, outputs). A dispatch that raises has changed nothing."""
    state, life = S.PLANNED, []
    for what in happenings:
        try:
            after, emitted = step_amendment(state, what)
        except IllegalTransitionError:
            continue
        life.append((state, what, after, emitted))
        state = after
    return life


@given(HAPPENINGS)
def test_only_the_dispatch_of_a_planned_change_dispatches(happenings: list[CommandInput]) -> None:
    for before, what, after, _ in live(happenings):
        if after is S.DISPATCHED and before is not S.DISPATCHED:
            assert (before, what) == (S.PLANNED, I.DISPATCH)


@given(HAPPENINGS)
def test_between_two_dispatches_the_terminal_said_that_it_did_not_send(
    happenings: list[CommandInput],
) -> None:
    may = True
    for _, what, _, _ in live(happenings):
        if what is I.DISPATCH:
            assert may
            may = False
        may = may or what is I.NOT_SENT_PASSING


@given(HAPPENINGS)
def test_what_took_effect_is_emitted_once_and_stays_so(happenings: list[CommandInput]) -> None:
    life = live(happenings)
    emitted = [output for _, _, _, outputs in life for output in outputs]
    assert emitted.count(O.CHANGED) <= 1
    states = [after for _, _, after, _ in life]
    if S.DONE in states:
        assert set(states[states.index(S.DONE) :]) == {S.DONE}


@given(st.sampled_from(STATES), st.sampled_from(CommandInput).filter(lambda what: what is not I.DISPATCH))
def test_repeated_input_changes_and_emits_nothing(state: CommandState, what: CommandInput) -> None:
    once, _ = step_amendment(state, what)
    twice, emitted = step_amendment(once, what)
    assert (twice, emitted) == (once, ())


# Effects on the target


CANCEL = Order(
    client_order_id=CLIENT_ORDER_ID + 1,
    kind=CommandKind.CANCEL,
    symbol="EURUSD",
    side=Side.BUY,
    order=8001,
    opener=CLIENT_ORDER_ID,
)
LIVE = msgspec.structs.replace(
    ORDER,
    type="BUY_STOP_LIMIT",
    price=Decimal("1.0960"),
    limit_price=Decimal("1.0955"),
    stop_loss=Decimal("1.0900"),
    take_profit=None,
)


@pytest.mark.parametrize(
    ("state", "left", "done", "emitted"),
    [
        # state, volume left, when it was done with; what a CANCEL hears and what a MODIFY hears
        (OrderState.PLACED, "0.30", 0, None),
        (OrderState.PARTIAL, "0.10", 0, None),
        (OrderState.REQUEST_CANCEL, "0.30", 0, None),
        (OrderState.CANCELED, "0.30", 5, I.EFFECT_SEEN),
        (OrderState.CANCELED, "0.10", 5, I.EFFECT_SEEN),
        (OrderState.EXPIRED, "0.30", 5, I.EFFECT_SEEN),
        (OrderState.REJECTED, "0.30", 5, I.EFFECT_SEEN),
        (OrderState.PARTIAL, "0.10", 5, I.EFFECT_SEEN),
        (OrderState.FILLED, "0", 5, I.TARGET_FILLED),
        (OrderState.FILLED, "0", 0, I.TARGET_FILLED),
        (OrderState.CANCELED, "0", 5, I.TARGET_FILLED),
    ],
)
def test_a_cancel_is_done_when_its_order_is_off_the_book_unfilled(
    state: OrderState, left: str, done: int, emitted: CommandInput | None
) -> None:
    seen = msgspec.structs.replace(LIVE, state=state, volume_current=Decimal(left), time_done_server_ms=done)
    assert effect_on_order(CANCEL, seen) is emitted
    modify = msgspec.structs.replace(CANCEL, kind=CommandKind.MODIFY, stop_loss=Decimal("1.0800"))
    assert effect_on_order(modify, seen) is (I.TARGET_GONE if emitted else None)


@pytest.mark.parametrize(
    ("wanted", "done"),
    [
        ({"stop_loss": "1.0900"}, True),
        ({"stop_loss": "1.09"}, True),
        ({"stop_loss": "1.0901"}, False),
        ({"stop_loss": "0"}, False),
        ({"take_profit": "0"}, True),
        ({"take_profit": "1.2"}, False),
        ({"price": "1.0960"}, True),
        ({"price": "1.0961"}, False),
        ({"limit_price": "1.0955"}, True),
        ({"limit_price": "1.0950"}, False),
        ({"price": "1.0960", "limit_price": "1.0955", "stop_loss": "1.09", "take_profit": "0"}, True),
        ({"price": "1.0960", "limit_price": "1.0955", "stop_loss": "1.09", "take_profit": "1.3"}, False),
    ],
)
def test_a_modify_of_an_order_is_done_when_all_that_it_named_is_seen(
    wanted: dict[str, str], done: bool
) -> None:
    levels = {name: Decimal(text) for name, text in wanted.items()}
    modify = msgspec.structs.replace(CANCEL, kind=CommandKind.MODIFY, **levels)
    assert effect_on_order(modify, LIVE) is (I.EFFECT_SEEN if done else None)


@pytest.mark.parametrize(
    ("wanted", "stop_loss", "take_profit", "done"),
    [
        ({"stop_loss": "1.0940"}, "1.0940", None, True),
        ({"stop_loss": "1.0940"}, "1.0940", "1.2", True),
        ({"stop_loss": "1.0940"}, "1.0900", None, False),
        ({"stop_loss": "1.0940"}, None, None, False),
        ({"stop_loss": "0"}, None, "1.2", True),
        ({"stop_loss": "0"}, "0", None, True),
        ({"stop_loss": "0"}, "1.0900", None, False),
        ({"take_profit": "1.2"}, "1.0900", "1.20", True),
        ({"take_profit": "1.2"}, "1.0900", None, False),
        ({"stop_loss": "1.0940", "take_profit": "1.2"}, "1.0940", "1.2", True),
        ({"stop_loss": "1.0940", "take_profit": "1.2"}, "1.0940", "1.1", False),
    ],
)
def test_a_modify_of_a_position_is_done_when_both_levels_are_as_it_wants_them(
    wanted: dict[str, str], stop_loss: str | None, take_profit: str | None, done: bool
) -> None:
    levels = {name: Decimal(text) for name, text in wanted.items()}
    modify = msgspec.structs.replace(CANCEL, kind=CommandKind.MODIFY, order=0, position=POSITION, **levels)
    seen = msgspec.structs.replace(
        QUARANTINED,
        stop_loss=None if stop_loss is None else Decimal(stop_loss),
        take_profit=None if take_profit is None else Decimal(take_profit),
    )
    assert effect_on_position(modify, seen) is (I.EFFECT_SEEN if done else None)
    closed = msgspec.structs.replace(seen, volume_out=seen.volume_in)
    assert effect_on_position(modify, closed) is I.TARGET_GONE
