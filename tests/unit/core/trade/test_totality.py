"""Totality: every state, input and command kind, and any sequence of reports on any command."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.link.messages import CommandKind, Order
from bridge.core.link.reports import (
    AnyReport,
    CommandReport,
    CommandStage,
    ConnectionReport,
    DealReport,
    OrderReport,
    PositionReport,
    TroubleReport,
)
from bridge.core.trade.apply_deals import apply_deal
from bridge.core.trade.apply_reports import apply_order
from bridge.core.trade.command_states import (
    CommandInput,
    CommandState,
    IllegalTransitionError,
    step_command,
    table_of,
)
from bridge.core.trade.events import event_key
from bridge.core.trade.position_book import PositionBook
from bridge.core.trade.records import CommandRecord, Disposition, Outcome
from bridge.core.trade.transitions import (
    Resolution,
    advance,
    apply_effect,
    dispatch_command,
    resolve_command,
    withdraw,
)
from bridge.core.units.mt5_terms import DealEntry, OrderState, Side
from tests.unit.core.book import Book
from tests.unit.core.generate import instances
from tests.unit.core.samples import (
    CLIENT_ORDER_ID,
    DEAL_IN,
    DEAL_OUT,
    NOW,
    OPEN,
    ORDER,
    POSITION,
    QUARANTINED,
    SCENE,
    whole,
)
from tests.unit.core.untaught import untaught

KINDS = list(CommandKind)


def command_of(kind: CommandKind, state: CommandState = CommandState.PLANNED) -> CommandRecord:
    """Return a command of the kind on the sample position or order, all with the same client order id."""
    closing = kind is CommandKind.CLOSE
    return msgspec.structs.replace(
        OPEN,
        state=state,
        order=Order(
            client_order_id=CLIENT_ORDER_ID,
            kind=kind,
            symbol="EURUSD",
            side=Side.SELL if closing else Side.BUY,
            volume=Decimal(0) if kind.changes else Decimal("0.30"),
            position=POSITION if kind in (CommandKind.CLOSE, CommandKind.MODIFY) else 0,
            order=ORDER.ticket if kind is CommandKind.CANCEL else 0,
            stop_loss=Decimal("1.0900") if kind is CommandKind.MODIFY else None,
        ),
    )


@pytest.mark.parametrize("kind", KINDS)
def test_table_has_every_input_for_every_state_and_dispatches_a_planned_command_alone(
    kind: CommandKind,
) -> None:
    for state, row in table_of(kind).items():
        for what in CommandInput:
            if what is CommandInput.DISPATCH and state is not CommandState.PLANNED:
                assert what not in row
                with pytest.raises(IllegalTransitionError, match=state):
                    step_command(kind, state, what)
            else:
                assert step_command(kind, state, what) == row[what]


@pytest.mark.parametrize("kind", KINDS)
def test_table_has_exactly_the_states_that_a_planned_command_reaches(kind: CommandKind) -> None:
    table, reached, todo = table_of(kind), set[CommandState](), [CommandState.PLANNED]
    while todo:
        state = todo.pop()
        if state not in reached:
            reached.add(state)
            todo += [after for after, _ in table[state].values()]
    assert reached == set(table)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("state", list(CommandState))
def test_state_that_a_kind_never_has_is_refused_by_name(kind: CommandKind, state: CommandState) -> None:
    if state not in table_of(kind):
        with pytest.raises(IllegalTransitionError, match=f"state {state} is none of a {kind} command"):
            step_command(kind, state, CommandInput.EXPIRE)


def test_command_kind_without_a_table_is_refused_by_name() -> None:
    with pytest.raises(AssertionError, match="UNTAUGHT"):
        table_of(untaught(CommandKind))


def test_input_without_a_transition_is_refused_by_name() -> None:
    for kind in KINDS:
        for state in table_of(kind):
            with pytest.raises(IllegalTransitionError, match="UNTAUGHT"):
                step_command(kind, state, untaught(CommandInput))


CASES = [(kind, state) for kind in KINDS for state in table_of(kind)]


@pytest.mark.parametrize(("kind", "state"), [case for case in CASES if case[0].changes])
@pytest.mark.parametrize("order_state", list(OrderState))
def test_order_with_the_id_of_an_amendment_is_unusable_and_changes_nothing(
    kind: CommandKind, state: CommandState, order_state: OrderState
) -> None:
    report = msgspec.structs.replace(ORDER, state=order_state)
    assert apply_order(report, command_of(kind, state), SCENE) == Outcome(
        disposition=Disposition.UNUSABLE,
        note=f"order 8001 bears client order id {CLIENT_ORDER_ID}, but a {kind} makes neither order nor deal",
    )


@pytest.mark.parametrize(("kind", "state"), [case for case in CASES if case[0].changes])
def test_opening_deal_with_the_id_of_an_amendment_is_unusable(kind: CommandKind, state: CommandState) -> None:
    outcome = apply_deal(
        DEAL_IN, command=command_of(kind, state), command_deals=(), book=PositionBook(), scene=SCENE
    )
    assert outcome == Outcome(
        disposition=Disposition.UNUSABLE,
        note=f"deal 9001 bears client order id {CLIENT_ORDER_ID}, but a {kind} makes neither order nor deal",
    )


@pytest.mark.parametrize(("kind", "state"), [case for case in CASES if case[0].changes])
def test_closing_deal_with_the_id_of_an_amendment_closes_the_lot_and_fills_no_command(
    kind: CommandKind, state: CommandState
) -> None:
    report = msgspec.structs.replace(DEAL_OUT, magic=CLIENT_ORDER_ID)
    outcome = apply_deal(
        report,
        command=command_of(kind, state),
        command_deals=(),
        book=PositionBook(lots=[QUARANTINED], allocations={CLIENT_ORDER_ID: [whole(DEAL_IN)]}),
        scene=SCENE,
    )
    assert outcome.disposition is Disposition.APPLIED
    assert outcome.command is None
    assert [lot.volume for lot in outcome.positions] == [0]


@pytest.mark.parametrize(("kind", "state"), CASES)
@pytest.mark.parametrize("what", [each for each in CommandInput if each is not CommandInput.DISPATCH])
def test_every_input_but_a_second_dispatch_has_an_outcome_and_an_event_for_each_output(
    kind: CommandKind, state: CommandState, what: CommandInput
) -> None:
    command = command_of(kind, state)
    _, outputs = step_command(kind, state, what)
    outcome = advance(command, what, NOW)
    assert len(outcome.events) == len(outputs)
    assert apply_effect(command, what, NOW).disposition is Disposition.APPLIED


def named(report: AnyReport) -> AnyReport:
    """Return the report about the sample command, order and position, so that it concerns something known."""
    match report:
        case CommandReport():
            return msgspec.structs.replace(report, client_order_id=CLIENT_ORDER_ID)
        case OrderReport():
            return msgspec.structs.replace(report, magic=CLIENT_ORDER_ID, symbol="EURUSD", reason="EXPERT")
        case DealReport():
            return msgspec.structs.replace(
                report, magic=CLIENT_ORDER_ID, symbol="EURUSD", reason="EXPERT", position_id=POSITION
            )
        case PositionReport():
            return msgspec.structs.replace(report, identifier=POSITION)
        case _:
            return report


LIKELY = st.one_of(
    st.builds(
        msgspec.structs.replace,
        st.just(ORDER),
        state=st.sampled_from(OrderState),
        type=st.sampled_from(["BUY", "SELL", "BUY_LIMIT"]),
        volume_current=st.sampled_from([Decimal(0), Decimal("0.10"), Decimal("0.30")]),
        time_done_server_ms=st.sampled_from([0, ORDER.time_setup_server_ms]),
        position_id=st.sampled_from([0, POSITION]),
    ),
    st.builds(
        msgspec.structs.replace,
        st.sampled_from([DEAL_IN, DEAL_OUT]),
        ticket=st.integers(9001, 9004),
        magic=st.sampled_from([CLIENT_ORDER_ID, 0]),
        type=st.sampled_from(["BUY", "SELL", "BUY_CANCELED"]),
        entry=st.sampled_from(DealEntry),
        volume=st.sampled_from([Decimal("0.10"), Decimal("0.30"), Decimal("0.50")]),
    ),
    st.builds(
        CommandReport,
        client_order_id=st.just(CLIENT_ORDER_ID),
        attempt=st.integers(1, 3),
        stage=st.sampled_from(CommandStage),
        retcode=st.sampled_from([0, 10009, 10012, 10019, 10025]),
        request_no=st.integers(0, 3),
    ),
)
REPORTS: tuple[type[AnyReport], ...] = (
    CommandReport,
    OrderReport,
    DealReport,
    PositionReport,
    ConnectionReport,
    TroubleReport,
)
ANY: st.SearchStrategy[AnyReport] = st.sampled_from(REPORTS).flatmap(instances)
DECISIONS = st.sampled_from(["dispatch", "withdraw", *Resolution])


@given(
    st.sampled_from(CASES),
    st.lists(LIKELY | ANY.map(named) | ANY | DECISIONS, max_size=12),
    st.booleans(),
)
def test_any_sequence_of_reports_and_decisions_has_outcomes_and_events_of_a_key(
    case: tuple[CommandKind, CommandState], happenings: list[AnyReport | str], netting: bool
) -> None:
    book = Book(command_of(*case), netting=netting)
    for happening in happenings:
        command = book.commands[CLIENT_ORDER_ID]
        match happening:
            case "dispatch":
                if command.state is CommandState.PLANNED:
                    book.commands[CLIENT_ORDER_ID] = dispatch_command(command, NOW)
                else:
                    with pytest.raises(IllegalTransitionError):
                        dispatch_command(command, NOW)
            case "withdraw":
                assert withdraw(command, NOW, by="a test").disposition is Disposition.APPLIED
            case Resolution():
                resolved = resolve_command(command, happening, NOW, note="seen").command
                book.commands[CLIENT_ORDER_ID] = resolved or command
            case str():
                raise AssertionError(happening)
            case _:
                book.take([happening])
        assert book.commands[CLIENT_ORDER_ID].state in table_of(case[0])
    for new_event in book.events:
        assert event_key(officer="eo-001", server="Broker-Demo", login=1, new_event=new_event)
