"""Table of the fields of each action, from the rules of `bridge.core.director.actions`."""

from typing import Final

from bridge.core.director.actions import ACTIONS, ORDER_TYPES, Intent, rule_of
from bridge.core.director.contract import CONTRACT_DIRECTIVE_FIELDS, DIRECTIVE_ADDITIONS, Action, OrderType
from bridge.core.director.directive_reader import FIELDS_OF_SOME_ACTIONS

_OF_ALL: Final = {
    "directive_id": "required",
    "signal_id": "kept",
    "symbol": "required",
    "action": "required",
    "issued_at": "required",
    "expires_at": "used",
}
"""Fields with one meaning for every action."""


def directive_fields() -> str:
    """Return one row for each field, one column for each kind of directive."""
    columns = [
        *((f"OPEN_*, {kind}", Action.OPEN_LONG, kind) for kind in OrderType),
        ("CLOSE*", Action.CLOSE, OrderType.MARKET),
        ("MODIFY", Action.MODIFY, None),
        ("MODIFY_SL", Action.MODIFY_SL, None),
        ("MODIFY_TP", Action.MODIFY_TP, None),
        ("CANCEL", Action.CANCEL, None),
    ]
    head = ["field", *(title for title, _, _ in columns)]
    lines = [_row(head), _row(["---"] * len(head))]
    for name in (*CONTRACT_DIRECTIVE_FIELDS, *DIRECTIVE_ADDITIONS):
        cells = [_meaning(name, action, order_type) for _, action, order_type in columns]
        lines.append(_row([f"`{name}`", *cells]))
    assert {action for action in ACTIONS if rule_of(action).intent is Intent.OPEN} == {
        Action.OPEN_LONG,
        Action.OPEN_SHORT,
    }
    return "\n".join(lines) + "\n"


def _meaning(name: str, action: Action, order_type: OrderType | None) -> str:
    if name in _OF_ALL:
        return _OF_ALL[name]
    rule = rule_of(action)
    if name == "order_type":
        return "required" if name in rule.required else f"optional: {' or '.join(rule.order_types)}"
    if rule.intent is Intent.OPEN and order_type is not None:
        own = ORDER_TYPES[order_type]
        if name in (*rule.required, *own.required):
            return "required"
        if name in ("limit_price", "order_expires_at") and name not in own.acts_on:
            return "refused"
        if name == "time_in_force" and not order_type.pending:
            return "ignored"
        if name == "deviation_points" and order_type.pending:
            return "ignored"
        return "used" if name in rule.acts_on else "ignored"
    assert name in FIELDS_OF_SOME_ACTIONS
    if name in rule.required:
        return "required"
    if name in rule.one_of:
        return "used" if len(rule.one_of) > 1 else "required"
    if name in rule.acts_on:
        return "used"
    return "refused" if rule.intent is Intent.MODIFY and name == "order_expires_at" else "ignored"


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
