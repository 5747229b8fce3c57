"""Rules of actions and order types: complete, and an action without a rule is refused by name."""

import msgspec
import pytest

from bridge.core.director import actions
from bridge.core.director.actions import (
    ACTIONS,
    ORDER_TYPES,
    Intent,
    UnknownActionError,
    intent_of,
    opening_side,
    rule_of,
)
from bridge.core.director.contract import Action, Directive, OrderType
from bridge.core.director.directive_reader import FIELDS_OF_SOME_ACTIONS
from bridge.core.trade import planning, validation
from bridge.core.units.mt5_terms import Side
from tests.unit.core.director.test_poll import item_text, read_one
from tests.unit.core.samples import NOW, QUARANTINED, TERMS
from tests.unit.core.trade.test_planning import LONG, SETTINGS, client_order_ids
from tests.unit.core.untaught import untaught

ALL = ", ".join(ACTIONS)


def test_every_action_has_a_rule() -> None:
    assert list(ACTIONS) == list(Action), (
        "add the rule of each action to ACTIONS in bridge/core/director/actions.py, in the order of Action: "
        f"{', '.join(action for action in Action if action not in ACTIONS) or 'all are there'}"
    )


def test_every_order_type_has_a_rule() -> None:
    assert set(ORDER_TYPES) == set(OrderType)


@pytest.mark.parametrize("action", list(ACTIONS))
def test_intent_follows_the_name_of_the_action(action: Action) -> None:
    intent = intent_of(action)
    assert action.startswith(intent), (
        f"{action} has the intent {intent}: begin its name with {intent}, or give it an intent of its own"
    )


@pytest.mark.parametrize("action", [each for each in ACTIONS if intent_of(each) is Intent.MODIFY])
def test_modify_requires_a_field_to_set(action: Action) -> None:
    assert rule_of(action).required or rule_of(action).one_of, (
        f"{action} sets no field of its directive; a MODIFY without a value changes nothing: name the fields in "
        "`required` or `one_of`, or give it an intent of its own"
    )


@pytest.mark.parametrize("action", list(ACTIONS))
def test_side_follows_the_name_of_the_action(action: Action) -> None:
    side = {"LONG": Side.BUY, "SHORT": Side.SELL}.get(action.rpartition("_")[2])
    assert rule_of(action).side is side


@pytest.mark.parametrize("action", list(ACTIONS))
def test_rule_names_fields_of_a_directive_and_allows_an_order_type(action: Action) -> None:
    rule = rule_of(action)
    assert {*rule.required, *rule.one_of, *rule.acts_on} <= {*Directive.__struct_fields__}
    assert rule.acts_on <= {*FIELDS_OF_SOME_ACTIONS}
    assert {*rule.required, *rule.one_of} - {"order_type"} <= rule.acts_on
    assert rule.order_types


@pytest.mark.parametrize("action", list(ACTIONS))
def test_opening_side_is_refused_for_an_action_that_does_not_open(action: Action) -> None:
    if intent_of(action) is Intent.OPEN:
        assert opening_side(action) is rule_of(action).side
    else:
        with pytest.raises(ValueError, match=f"{action} opens no position"):
            opening_side(action)


def test_action_without_a_rule_is_refused_by_name() -> None:
    with pytest.raises(UnknownActionError) as caught:
        intent_of(untaught(Action))
    assert str(caught.value) == f'unknown action "UNTAUGHT"; supported: {ALL}'


def test_action_without_a_rule_passes_no_check_and_plans_nothing() -> None:
    directive = msgspec.structs.replace(LONG, action=untaught(Action))
    with pytest.raises(UnknownActionError, match="UNTAUGHT"):
        validation.check(directive, SETTINGS, NOW, NOW)
    held = [msgspec.structs.replace(QUARANTINED, symbol=TERMS.name)]
    with pytest.raises(UnknownActionError, match="UNTAUGHT"):
        planning.plan_open(directive, SETTINGS, TERMS, client_order_ids)
    with pytest.raises(UnknownActionError, match="UNTAUGHT"):
        planning.plan_close(directive, SETTINGS, TERMS, held, client_order_ids)
    with pytest.raises(UnknownActionError, match="UNTAUGHT"):
        planning.plan_modify(directive, TERMS, held, [], client_order_ids)


@pytest.mark.parametrize("action", [each for each in ACTIONS if intent_of(each) is not Intent.CLOSE])
def test_action_that_does_not_close_plans_no_close(action: Action) -> None:
    held = [msgspec.structs.replace(QUARANTINED, symbol=TERMS.name)]
    with pytest.raises(ValueError, match=f"{action} closes no position"):
        planning.plan_close(
            msgspec.structs.replace(LONG, action=action), SETTINGS, TERMS, held, client_order_ids
        )


def test_poll_rejects_an_unknown_action_by_name() -> None:
    item = read_one(item_text(action='"UNTAUGHT"'))
    assert item.directive is None and item.problem is not None
    assert item.problem.code == "UNKNOWN_ACTION"
    assert item.problem.message == f'unknown action "UNTAUGHT"; supported: {ALL}'


def test_poll_rejects_a_member_of_the_enum_that_has_no_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(actions.ACTIONS, Action.CLOSE_LONG)
    item = read_one(item_text(action='"CLOSE_LONG"'))
    assert item.directive is None and item.problem is not None
    assert item.problem.code == "UNKNOWN_ACTION"
    assert (
        item.problem.message == f'unknown action "CLOSE_LONG"; supported: {ALL.replace("CLOSE_LONG, ", "")}'
    )
