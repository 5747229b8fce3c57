"""Rules of each directive action and of each order type.

ACTIONS is the only place that says what an action means: its intent, the side that it is about, the fields that it
needs and acts upon, and the order types that it allows. Validation, planning, risk limits and the journal read it.
An action without a row here is refused, also where the enum has such a member: no meaning follows from not being
one of the others.
"""

from enum import StrEnum
from typing import Final

import msgspec

from bridge.core.director.contract import Action, OrderType
from bridge.core.units.mt5_terms import Side


class Intent(StrEnum):
    """Effect of an action on positions and orders."""

    OPEN = "OPEN"
    """Send a market order, or place a pending one, that opens a position."""
    CLOSE = "CLOSE"
    """Close open positions, whole or in part."""
    MODIFY = "MODIFY"
    """Set other levels of positions, or other levels and prices of pending orders."""
    CANCEL = "CANCEL"
    """Take pending orders off the book."""


class UnknownActionError(ValueError):
    """The action has no row in ACTIONS. The message names it and the supported ones."""


class ActionRule(msgspec.Struct, frozen=True, kw_only=True):
    """Rule of one action. Fields are named as in `Directive`."""

    intent: Intent
    side: Side | None = None
    """OPEN: side of the order. CLOSE: side of the positions to close, None for both."""
    required: tuple[str, ...] = ()
    """Fields that must have a value."""
    one_of: tuple[str, ...] = ()
    """Fields of which at least one must have a value."""
    acts_on: frozenset[str] = frozenset()
    """Fields with a meaning for this action, beside those of every directive. Others are not even read, except that
    a MODIFY with an expiry is refused: it does not change one."""
    order_types: tuple[OrderType, ...] = ()
    """Order types that are allowed. MODIFY and CANCEL: types of the order to change."""


class OrderTypeRule(msgspec.Struct, frozen=True, kw_only=True):
    """Rule of one order type of an OPEN. Fields are named as in `Directive`."""

    required: tuple[str, ...] = ()
    """Fields that must have a value."""
    acts_on: frozenset[str] = frozenset()
    """Fields with a meaning for orders of this type only, beside those of every OPEN."""


_LEVELS: Final = frozenset({"stop_loss", "take_profit"})
_ALL_TYPES: Final = (OrderType.MARKET, OrderType.LIMIT, OrderType.STOP, OrderType.STOP_LIMIT)


def _open(side: Side) -> ActionRule:
    return ActionRule(
        intent=Intent.OPEN,
        side=side,
        required=("order_type", "quantity"),
        acts_on=_LEVELS
        | {"quantity", "price", "limit_price", "time_in_force", "order_expires_at", "deviation_points"},
        order_types=_ALL_TYPES,
    )


def _close(side: Side | None) -> ActionRule:
    return ActionRule(
        intent=Intent.CLOSE,
        side=side,
        acts_on=frozenset({"quantity", "target_directive_id", "deviation_points"}),
        order_types=(OrderType.MARKET,),
    )


def _modify(*fields: str) -> ActionRule:
    return ActionRule(
        intent=Intent.MODIFY,
        one_of=fields,
        acts_on=frozenset({*fields, "target_directive_id"}),
        order_types=_ALL_TYPES,
    )


ACTIONS: Final[dict[Action, ActionRule]] = {
    Action.OPEN_LONG: _open(Side.BUY),
    Action.OPEN_SHORT: _open(Side.SELL),
    Action.CLOSE: _close(None),
    Action.CLOSE_POSITION: _close(None),
    Action.CLOSE_LONG: _close(Side.BUY),
    Action.CLOSE_SHORT: _close(Side.SELL),
    Action.MODIFY: _modify("stop_loss", "take_profit", "price", "limit_price"),
    Action.MODIFY_SL: _modify("stop_loss"),
    Action.MODIFY_TP: _modify("take_profit"),
    Action.CANCEL: ActionRule(
        intent=Intent.CANCEL, acts_on=frozenset({"target_directive_id"}), order_types=_ALL_TYPES
    ),
}

ORDER_TYPES: Final[dict[OrderType, OrderTypeRule]] = {
    OrderType.MARKET: OrderTypeRule(),
    OrderType.LIMIT: OrderTypeRule(required=("price",), acts_on=frozenset({"order_expires_at"})),
    OrderType.STOP: OrderTypeRule(required=("price",), acts_on=frozenset({"order_expires_at"})),
    OrderType.STOP_LIMIT: OrderTypeRule(
        required=("price", "limit_price"), acts_on=frozenset({"limit_price", "order_expires_at"})
    ),
}


def supported_actions() -> str:
    """Return the names of the supported actions for an error message."""
    return ", ".join(ACTIONS)


def rule_of(action: Action) -> ActionRule:
    """Return the rule of the action. Raises UnknownActionError for one without a row in ACTIONS."""
    rule = ACTIONS.get(action)
    if rule is None:
        raise UnknownActionError(f'unknown action "{action}"; supported: {supported_actions()}')
    return rule


def intent_of(action: Action) -> Intent:
    """Return the intent of the action. Raises UnknownActionError for one without a row in ACTIONS."""
    return rule_of(action).intent


def opening_side(action: Action) -> Side:
    """Return the side of the order that an OPEN sends. Raises ValueError for an action that does not open."""
    rule = rule_of(action)
    if rule.intent is not Intent.OPEN or rule.side is None:
        raise ValueError(f"action {action} opens no position")
    return rule.side
