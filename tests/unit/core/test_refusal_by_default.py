"""An enum member that nothing was taught about is refused by name wherever a decision is made on it."""

import json
from collections.abc import Callable

import msgspec
import pytest

from bridge.core.director.actions import intent_of
from bridge.core.director.contract import Action, OrderType
from bridge.core.director.delivery import after_failure, next_poll
from bridge.core.director.responses import Failed, FailureKind
from bridge.core.link.messages import (
    CommandKind,
    Order,
    ProtocolError,
    UnknownTypeError,
    decode_from_sidecar,
    decode_from_terminal,
)
from bridge.core.link.reports import CommandStage, Found, NotSentReason, decode_report
from bridge.core.trade.allocation import allocate
from bridge.core.trade.amend_effects import effect_on_order
from bridge.core.trade.apply_reports import apply_command, apply_order
from bridge.core.trade.command_states import (
    CommandInput,
    CommandOutput,
    CommandState,
    IllegalTransitionError,
    step_command,
    table_of,
)
from bridge.core.trade.directive_states import DirectiveState
from bridge.core.trade.events import command_event
from bridge.core.trade.position_events import position_event
from bridge.core.trade.position_states import PositionInput, PositionOutput, step_position
from bridge.core.trade.transitions import Resolution, resolve_command
from bridge.core.units.decimals import ZERO
from bridge.core.units.mt5_terms import DealEntry, MarginMode, OrderState, Side, TradeMode
from tests.unit.core.link.test_messages import FROM_SIDECAR
from tests.unit.core.samples import DEAL_IN, NOW, OPEN, OPEN_ORDER, ORDER, QUARANTINED, SCENE, stage, whole
from tests.unit.core.untaught import untaught


def on_modify(order: Order) -> Order:
    return msgspec.structs.replace(order, kind=untaught(CommandKind))


def failed() -> Failed:
    return Failed(untaught(FailureKind), None, "a test")


DECISIONS: dict[str, Callable[[], object]] = {
    "intent of an action": lambda: intent_of(untaught(Action)),
    "pending order type": lambda: OrderType.pending.__get__(untaught(OrderType)),
    "kind that amends": lambda: CommandKind.changes.__get__(untaught(CommandKind)),
    "table of a kind": lambda: table_of(untaught(CommandKind)),
    "effect on a target": lambda: effect_on_order(on_modify(OPEN_ORDER), ORDER),
    "input of a command": lambda: step_command(CommandKind.OPEN, CommandState.PLACED, untaught(CommandInput)),
    "state of a command": lambda: step_command(
        CommandKind.OPEN, untaught(CommandState), CommandInput.ACCEPTED
    ),
    "command that is over": lambda: CommandState.over.__get__(untaught(CommandState)),
    "directive that is over": lambda: DirectiveState.over.__get__(untaught(DirectiveState)),
    "output of a command": lambda: command_event(untaught(CommandOutput), OPEN, NOW),
    "input of a position": lambda: step_position(None, untaught(PositionInput)),
    "output of a position": lambda: position_event(
        untaught(PositionOutput), QUARANTINED, DEAL_IN, whole(DEAL_IN), NOW
    ),
    "stage of a command": lambda: apply_command(stage(untaught(CommandStage)), OPEN, SCENE),
    "reason for not sending": lambda: NotSentReason.passing.__get__(untaught(NotSentReason)),
    "result of a search": lambda: apply_command(
        msgspec.structs.replace(stage(CommandStage.STATUS_REPLY), found=untaught(Found)), OPEN, SCENE
    ),
    "state of an order": lambda: apply_order(
        msgspec.structs.replace(ORDER, state=untaught(OrderState)), OPEN, SCENE
    ),
    "order off the book": lambda: msgspec.structs.replace(ORDER, state=untaught(OrderState)).off_the_book,
    "entry of a deal": lambda: allocate(
        msgspec.structs.replace(DEAL_IN, entry=untaught(DealEntry)), None, [], ZERO, complete=True
    ),
    "resolution": lambda: resolve_command(OPEN, untaught(Resolution), NOW, note="a test"),
    "side": lambda: Side.opposite.__get__(untaught(Side)),
    "margin mode": lambda: MarginMode.netting.__get__(untaught(MarginMode)),
    "trade mode": lambda: TradeMode.real.__get__(untaught(TradeMode)),
    "failure of a delivery": lambda: after_failure(
        failed(), own=True, refusals=0, tries=0, outage=0, uniform=lambda: 0.5
    ),
    "failure of a poll": lambda: next_poll(failed(), interval_s=5, failures=0, uniform=lambda: 0.5),
}


@pytest.mark.parametrize("decision", list(DECISIONS))
def test_untaught_member_is_refused_by_name(decision: str) -> None:
    with pytest.raises((AssertionError, ValueError, KeyError, IllegalTransitionError), match="UNTAUGHT"):
        DECISIONS[decision]()


@pytest.mark.parametrize("decode", [decode_from_terminal, decode_from_sidecar])
def test_unknown_message_type_is_refused_by_name_with_the_supported_ones(
    decode: Callable[[bytes], object],
) -> None:
    with pytest.raises(
        UnknownTypeError, match=r'unknown message type "untaught"; supported: .*heartbeat, bye'
    ):
        decode(b'{"type":"untaught"}')


def test_unknown_report_kind_is_refused_by_name_with_the_supported_ones() -> None:
    with pytest.raises(ProtocolError) as caught:
        decode_report(b'{"kind":"untaught"}')
    assert str(caught.value) == (
        'unknown report kind "untaught"; supported: command, deal, order, position, symbol, scan, connection, '
        "trouble"
    )


@pytest.mark.parametrize("field", ["kind", "side", "order_type", "time_in_force"])
def test_unknown_value_in_a_command_is_refused_by_name(field: str) -> None:
    order = FROM_SIDECAR["command"]["order"]
    assert isinstance(order, dict)
    command = {"type": "command", **FROM_SIDECAR["command"], "order": {**order, field: "UNTAUGHT"}}
    with pytest.raises(ProtocolError, match=rf"'UNTAUGHT'.*order\.{field}"):
        decode_from_sidecar(json.dumps(command).encode())


@pytest.mark.parametrize("field", ["stage", "reason", "found"])
def test_unknown_value_in_a_report_is_refused_by_name(field: str) -> None:
    report = {"kind": "command", "client_order_id": 5, "attempt": 1, "stage": "result", field: "UNTAUGHT"}
    with pytest.raises(ProtocolError, match=rf"'UNTAUGHT'.*{field}"):
        decode_report(json.dumps(report).encode())
