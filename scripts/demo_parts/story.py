"""What the demo plays: the directives, when each is issued, how the market moves, what must be reported.

Everything follows from an event that the Director received. Quotes stand still until the story moves them, so
the same story is told every time.
"""

from decimal import Decimal
from typing import Final

from msgspec import Struct

from bridge.core.director.contract import EventType as Type
from bridge.simulator.broker.fault_rules import Fills, Match, Reject, Rule, SendKind
from bridge.simulator.broker.scenario import Scenario
from bridge.simulator.mt5.types import Retcode

Directive = dict[str, str | float]


class Cue(Struct, frozen=True):
    """The moment at which the Director has heard this of a directive."""

    directive_id: str
    event_type: Type


class Act(Struct, frozen=True, kw_only=True):
    """One directive: issued at its cue, or at the start, and what the Director must hear of it, in order."""

    directive_id: str
    about: str
    directive: Directive
    expected: tuple[Type, ...]
    cue: Cue | None = None


class Move(Struct, frozen=True, kw_only=True):
    """A quote at a cue."""

    cue: Cue
    symbol: str
    bid: Decimal
    ask: Decimal


_OPENED: Final = (Type.DIRECTIVE_RECEIVED, Type.ORDER_PLACED, Type.ORDER_FILLED, Type.POSITION_OPENED)
_REFUSED: Final = (Type.DIRECTIVE_RECEIVED, Type.ORDER_REJECTED)

SCENARIO: Final = Scenario(
    rules=(
        Rule(
            effect=Reject(retcode=Retcode.NO_MONEY), match=Match(symbol="XAUUSD", kind=SendKind.OPEN), times=1
        ),
        Rule(
            effect=Fills(volumes=(Decimal("0.04"), Decimal("0.06"))),
            match=Match(symbol="GBPUSD", kind=SendKind.PENDING),
            times=1,
        ),
    )
)
"""The market at the start: no quote moves by itself, the broker has no money for gold, and fills a pending order in
sterling in two parts."""

ACTS: Final = (
    Act(
        directive_id="take-profit",
        about="buy EURUSD; the price rises to the take profit",
        directive={
            "signal_id": "demo",
            "symbol": "EURUSD",
            "action": "OPEN_LONG",
            "order_type": "MARKET",
            "quantity": 0.10,
            "price": 1.0951,
            "stop_loss": 1.0900,
            "take_profit": 1.1000,
        },
        expected=(*_OPENED, Type.TP_TRIGGERED, Type.POSITION_CLOSED),
    ),
    Act(
        directive_id="stop-loss",
        about="sell GBPUSD; the price rises to the stop loss",
        directive={
            "signal_id": "demo",
            "symbol": "GBPUSD",
            "action": "OPEN_SHORT",
            "order_type": "MARKET",
            "quantity": 0.10,
            "price": 1.2700,
            "stop_loss": 1.2750,
            "take_profit": 1.2600,
        },
        expected=(*_OPENED, Type.SL_TRIGGERED, Type.POSITION_CLOSED),
    ),
    Act(
        directive_id="to-be-closed",
        about="buy USDJPY; the next directive closes it",
        directive={"symbol": "USDJPY", "action": "OPEN_LONG", "order_type": "MARKET", "quantity": 0.05},
        expected=_OPENED,
    ),
    Act(
        directive_id="close",
        about="close USDJPY",
        directive={"symbol": "USDJPY", "action": "CLOSE", "order_type": "MARKET", "quantity": 0.05},
        expected=(
            Type.DIRECTIVE_RECEIVED,
            Type.ORDER_PLACED,
            Type.ORDER_FILLED,
            Type.POSITION_CLOSED,
        ),
        cue=Cue("to-be-closed", Type.POSITION_OPENED),
    ),
    Act(
        directive_id="pending",
        about="buy GBPUSD below the market; the price falls, and two deals fill it",
        directive={
            "symbol": "GBPUSD",
            "action": "OPEN_LONG",
            "order_type": "LIMIT",
            "quantity": 0.10,
            "price": 1.2600,
            "stop_loss": 1.2500,
            "time_in_force": "GTC",
        },
        expected=(
            Type.DIRECTIVE_RECEIVED,
            Type.ORDER_PLACED,
            Type.ORDER_PARTIAL_FILL,
            Type.POSITION_OPENED,
            Type.ORDER_FILLED,
        ),
        cue=Cue("stop-loss", Type.POSITION_CLOSED),
    ),
    Act(
        directive_id="modify",
        about="move that order's price and stop up",
        directive={
            "symbol": "GBPUSD",
            "action": "MODIFY",
            "target_directive_id": "pending",
            "price": 1.2650,
            "stop_loss": 1.2550,
        },
        expected=(Type.DIRECTIVE_RECEIVED, Type.ORDER_PLACED),
        cue=Cue("pending", Type.ORDER_PLACED),
    ),
    Act(
        directive_id="move-stop",
        about="move the stop of the position that came of it",
        directive={
            "symbol": "GBPUSD",
            "action": "MODIFY_SL",
            "target_directive_id": "pending",
            "stop_loss": 1.2600,
        },
        expected=(Type.DIRECTIVE_RECEIVED, Type.ORDER_PLACED),
        cue=Cue("pending", Type.ORDER_FILLED),
    ),
    Act(
        directive_id="stop-order",
        about="sell EURUSD should it fall; the next directive cancels it",
        directive={
            "symbol": "EURUSD",
            "action": "OPEN_SHORT",
            "order_type": "STOP",
            "quantity": 0.10,
            "price": 1.0800,
        },
        expected=(Type.DIRECTIVE_RECEIVED, Type.ORDER_PLACED, Type.ORDER_CANCELLED),
    ),
    Act(
        directive_id="cancel",
        about="cancel it",
        directive={"symbol": "EURUSD", "action": "CANCEL", "target_directive_id": "stop-order"},
        expected=(Type.DIRECTIVE_RECEIVED, Type.ORDER_CANCELLED),
        cue=Cue("stop-order", Type.ORDER_PLACED),
    ),
    Act(
        directive_id="invalid",
        about="buy a negative quantity: the sidecar refuses",
        directive={"symbol": "EURUSD", "action": "OPEN_LONG", "order_type": "MARKET", "quantity": -0.10},
        expected=_REFUSED,
    ),
    Act(
        directive_id="no-money",
        about="buy gold: the broker refuses, not enough money",
        directive={"symbol": "XAUUSD", "action": "OPEN_LONG", "order_type": "MARKET", "quantity": 1.00},
        expected=_REFUSED,
    ),
)

MOVES: Final = (
    Move(
        cue=Cue("take-profit", Type.POSITION_OPENED),
        symbol="EURUSD",
        bid=Decimal("1.10010"),
        ask=Decimal("1.10020"),
    ),
    Move(
        cue=Cue("stop-loss", Type.POSITION_OPENED),
        symbol="GBPUSD",
        bid=Decimal("1.27500"),
        ask=Decimal("1.27512"),
    ),
    Move(
        cue=Cue("modify", Type.ORDER_PLACED),
        symbol="GBPUSD",
        bid=Decimal("1.26480"),
        ask=Decimal("1.26492"),
    ),
    Move(
        cue=Cue("to-be-closed", Type.POSITION_OPENED),
        symbol="USDJPY",
        bid=Decimal("150.300"),
        ask=Decimal("150.312"),
    ),
)
