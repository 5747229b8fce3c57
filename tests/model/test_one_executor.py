"""At most one send per client order id, in every order of events between a sidecar and two instances."""

from pathlib import Path

import pytest

from tests.model.explore import Explored, explore
from tests.model.one_executor import INITIAL, MARGIN_S, Model, Rules, State, goals, holds

STATES = 79_848
"""Number of states of the rules in force, as docs/one-executor.md has it."""
PAGE = Path(__file__).parents[2] / "docs" / "one-executor.md"
GOALS = {
    "A executes the second attempt",
    "A is frozen with a command, and B has its place",
    "B executes the second attempt",
    "B reports what A has sent",
}


def searched(rules: Rules) -> Explored[State]:
    explored = explore(INITIAL, Model(rules).steps, holds, goals)
    print(f"{rules}: {explored.states} states", *explored.violation, sep="\n    ")
    return explored


def test_rules_in_force_allow_no_second_send_in_any_state() -> None:
    explored = searched(Rules())
    assert explored.violation == []
    assert explored.states == STATES
    # The search has been where a second send could happen.
    assert explored.reached == GOALS
    assert f"{STATES:,} states" in PAGE.read_text()


@pytest.mark.parametrize("rules", [Rules(answers_wait=False), Rules(admission_waits=False)], ids=str)
def test_either_rule_alone_allows_no_second_send(rules: Rules) -> None:
    explored = searched(rules)
    assert explored.violation == []
    assert explored.reached == GOALS


def test_old_rule_allows_a_second_send() -> None:
    old = Rules(admission_waits=False, answers_wait=False, bye=False, breaks=False)
    assert searched(old).violation == [
        "A freezes",
        "B starts from a copy without the intent",
        "attempt 1 goes to A",
        "B is admitted",
        "A wakes up",
        "B is asked for the outcome",
        "attempt 2 goes to B",
        "A reads the command",
        "A executes",
        "the request of A reaches the broker",
        "B reads the command",
        "B executes",
        "the request of B reaches the broker",
    ]


def test_bye_without_a_wait_allows_a_second_send() -> None:
    assert searched(Rules(admission_waits=False, answers_wait=False)).violation


def test_margin_that_is_no_longer_than_lag_and_request_allows_a_second_send() -> None:
    assert searched(Rules(margin_s=MARGIN_S - 1)).violation


def test_freeze_between_the_last_check_and_the_request_is_beyond_the_rules() -> None:
    violation = searched(Rules(freezes_in_send=True, breaks=False)).violation
    assert violation.index("A executes") < violation.index("A freezes") < violation.index("A wakes up")


def test_bye_keeps_an_instance_whose_own_clock_stood_still_from_sending() -> None:
    assert searched(Rules(clock_stops=True, breaks=False)).violation == []


def test_instance_whose_own_clock_stood_still_sends_where_no_bye_waits_for_it() -> None:
    assert searched(Rules(clock_stops=True, bye=False, breaks=False)).violation
