"""Cases of the demo: the directives, the time of each, the changes of the market, and the events expected.

Each directive and each change of a quote follows an event that the Director received. Quotes do not change
otherwise, so every run has the same events.
"""

from decimal import Decimal
from typing import Final

from msgspec import Struct

from bridge.core.director.contract import EventType as Type
from bridge.simulator.broker.fault_rules import Fills, Match, Reject, Rule, SendKind
from bridge.simulator.broker.scenario import Scenario
from bridge.simulator.mt5.types import Retcode

Directive = dict[str, str | float]


class Trigger(Struct, frozen=True):
    """Event of a directive that starts something else, once the Director has received it."""

    directive_id: str
    event_type: Type


class Case(Struct, frozen=True, kw_only=True):
    """One directive, issued at its trigger or at the start, and the events expected for it, in order."""

    directive_id: str
    about: str
    directive: Directive
    expected: tuple[Type, ...]
    trigger: Trigger | None = None


class QuoteChange(Struct, frozen=True, kw_only=True):
    """New quote of a symbol at a trigger."""

    trigger: Trigger
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
"""The market at the start: no quote changes by itself, the account has not enough money for gold, and a pending
order in sterling is filled by two deals."""

CASES: Final = (
    Case(
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
    Case(
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
    Case(
        directive_id="to-be-closed",
        about="buy USDJPY; the next directive closes it",
        directive={"symbol": "USDJPY", "action": "OPEN_LONG", "order_type": "MARKET", "quantity": 0.05},
        expected=_OPENED,
    ),
    Case(
        directive_id="close",
        about="close USDJPY",
        directive={"symbol": "USDJPY", "action": "CLOSE", "order_type": "MARKET", "quantity": 0.05},
        expected=(
            Type.DIRECTIVE_RECEIVED,
            Type.ORDER_PLACED,
            Type.ORDER_FILLED,
            Type.POSITION_CLOSED,
        ),
        trigger=Trigger("to-be-closed", Type.POSITION_OPENED),
    ),
    Case(
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
        trigger=Trigger("stop-loss", Type.POSITION_CLOSED),
    ),
    Case(
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
        trigger=Trigger("pending", Type.ORDER_PLACED),
    ),
    Case(
        directive_id="move-stop",
        about="move the stop of the position that came of it",
        directive={
            "symbol": "GBPUSD",
            "action": "MODIFY_SL",
            "target_directive_id": "pending",
            "stop_loss": 1.2600,
        },
        expected=(Type.DIRECTIVE_RECEIVED, Type.ORDER_PLACED),
        trigger=Trigger("pending", Type.ORDER_FILLED),
    ),
    Case(
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
    Case(
        directive_id="cancel",
        about="cancel it",
        directive={"symbol": "EURUSD", "action": "CANCEL", "target_directive_id": "stop-order"},
        expected=(Type.DIRECTIVE_RECEIVED, Type.ORDER_CANCELLED),
        trigger=Trigger("stop-order", Type.ORDER_PLACED),
    ),
    Case(
        directive_id="invalid",
        about="buy a negative quantity: the sidecar refuses",
        directive={"symbol": "EURUSD", "action": "OPEN_LONG", "order_type": "MARKET", "quantity": -0.10},
        expected=_REFUSED,
    ),
    Case(
        directive_id="no-money",
        about="buy gold: the broker refuses, not enough money",
        directive={"symbol": "XAUUSD", "action": "OPEN_LONG", "order_type": "MARKET", "quantity": 1.00},
        expected=_REFUSED,
    ),
)

QUOTE_CHANGES: Final = (
    QuoteChange(
        trigger=Trigger("take-profit", Type.POSITION_OPENED),
        symbol="EURUSD",
        bid=Decimal("1.10010"),
        ask=Decimal("1.10020"),
    ),
    QuoteChange(
        trigger=Trigger("stop-loss", Type.POSITION_OPENED),
        symbol="GBPUSD",
        bid=Decimal("1.27500"),
        ask=Decimal("1.27512"),
    ),
    QuoteChange(
        trigger=Trigger("modify", Type.ORDER_PLACED),
        symbol="GBPUSD",
        bid=Decimal("1.26480"),
        ask=Decimal("1.26492"),
    ),
    QuoteChange(
        trigger=Trigger("to-be-closed", Type.POSITION_OPENED),
        symbol="USDJPY",
        bid=Decimal("150.300"),
        ask=Decimal("150.312"),
    ),
)
