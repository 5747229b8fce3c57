"""Alerts that are due: once each, together, at an interval, and their end."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from bridge.core.alerts.condition import Condition
from bridge.core.alerts.due import MOST_SHOWN, Memory, Message, due, summary_is_due
from bridge.core.settings import AlertSettings

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
SETTINGS = AlertSettings(addresses_env="ALERTS")


def condition(code: str = "UNKNOWN", officer: str = "eo-001", what: str = "something") -> Condition:
    return Condition(officer=officer, code=code, what=what, remedy="do this")


class Watch:
    """Looks one after the other, whose times a test sets."""

    def __init__(self, settings: AlertSettings = SETTINGS, at: datetime = NOON) -> None:
        self._settings = settings
        self._began = at
        self._memory = Memory()

    def look(self, seconds: float, *conditions: Condition) -> Message | None:
        now = self._began + timedelta(seconds=seconds)
        message, self._memory = due(conditions, now, seconds, self._memory, self._settings)
        return message


def test_condition_is_sent_once_it_has_lasted() -> None:
    watch = Watch()
    assert watch.look(0, condition()) is None
    assert watch.look(59, condition()) is None
    assert watch.look(60, condition()) == Message(title="1 alert", body="eo-001: something\n  -> do this")
    assert watch.look(1000, condition()) is None


def test_condition_that_ends_before_is_never_sent() -> None:
    watch = Watch()
    watch.look(0, condition())
    watch.look(30)
    assert watch.look(70, condition()) is None
    assert watch.look(90) is None


def test_conditions_that_are_due_together_are_one_message() -> None:
    watch = Watch()
    both = (condition(), condition("REFUSED_EVENTS", officer=""))
    watch.look(0, *both)
    message = watch.look(60, *both)
    assert message is not None
    assert message.title == "2 alerts"
    assert message.body.splitlines()[2] == "something"


def test_another_condition_waits_for_the_least_interval() -> None:
    watch = Watch()
    watch.look(0, condition())
    watch.look(60, condition())
    watch.look(70, condition(), condition("DELIVERY"))
    assert watch.look(179, condition(), condition("DELIVERY")) is None
    message = watch.look(180, condition(), condition("DELIVERY"))
    assert message is not None
    assert message.title == "1 alert"


def test_condition_that_lasts_is_sent_again_after_a_time() -> None:
    watch = Watch()
    watch.look(0, condition())
    watch.look(60, condition())
    assert watch.look(60 + 14_399, condition()) is None
    assert watch.look(60 + 14_400, condition()) is not None
    never = Watch(msgspec.structs.replace(SETTINGS, repeat_s=0))
    never.look(0, condition())
    never.look(60, condition())
    assert never.look(1_000_000, condition()) is None


def test_further_condition_of_the_same_code_is_sent_and_another_text_is_not() -> None:
    watch = Watch()
    watch.look(0, condition())
    watch.look(60, condition())
    assert watch.look(400, condition(what="something, for 6 minutes")) is None
    message = watch.look(410, condition(), condition(what="another"))
    assert message is not None
    assert message.title == "2 alerts"


def test_end_is_sent_once_the_condition_has_been_gone_for_a_while() -> None:
    watch = Watch()
    watch.look(0, condition())
    watch.look(60, condition())
    assert watch.look(200) is None
    assert watch.look(259) is None
    assert watch.look(260) == Message(
        title="1 resolved", body="resolved: eo-001: something", resolved_only=True
    )
    assert watch.look(1000) is None


def test_condition_that_comes_and_goes_sends_neither_its_end_nor_itself_again() -> None:
    watch = Watch()
    watch.look(0, condition())
    watch.look(60, condition())
    sent = [watch.look(60 + 40 * n, *([condition()] if n % 2 else [])) for n in range(1, 50)]
    assert set(sent) == {None}


@pytest.mark.parametrize("code", ["NO_TERMINAL", "BROKER_CONNECTION"])
def test_lost_connection_is_sent_after_a_time_of_its_own(code: str) -> None:
    watch = Watch()
    watch.look(0, condition(code))
    assert watch.look(179, condition(code)) is None
    assert watch.look(180, condition(code)) is not None


def test_quiet_hours_hold_alerts_back_until_their_end() -> None:
    quiet = msgspec.structs.replace(SETTINGS, quiet_hours=["22:00-06:00"])
    watch = Watch(quiet, NOON + timedelta(hours=11))
    watch.look(0, condition("DELIVERY"))
    assert watch.look(6 * 3600, condition("DELIVERY")) is None
    assert watch.look(7 * 3600, condition("DELIVERY")) is not None


def test_condition_that_ends_in_quiet_hours_is_never_sent() -> None:
    watch = Watch(msgspec.structs.replace(SETTINGS, quiet_hours=["10:00-14:00"]))
    watch.look(0, condition("DELIVERY"))
    watch.look(600, condition("DELIVERY"))
    watch.look(1200)
    assert watch.look(3 * 3600) is None


def test_urgent_codes_are_sent_in_quiet_hours_too() -> None:
    watch = Watch(msgspec.structs.replace(SETTINGS, quiet_hours=["10:00-14:00"]))
    watch.look(0, condition("QUARANTINED"), condition("DELIVERY"))
    message = watch.look(60, condition("QUARANTINED"), condition("DELIVERY"))
    assert message is not None
    assert message.title == "1 alert"


def test_message_about_many_conditions_is_bounded() -> None:
    watch = Watch(msgspec.structs.replace(SETTINGS, wait_s=0))
    message = watch.look(0, *(condition(what=str(n)) for n in range(1000)))
    assert message is not None
    assert message.title == "1000 alerts"
    assert len(message.body.splitlines()) == 2 * MOST_SHOWN + 1
    assert message.body.endswith("... and 980 more: execution-officer status")


def test_summary_is_due_once_a_day_at_its_time() -> None:
    settings = msgspec.structs.replace(SETTINGS, daily_summary="21:00")
    memory = Memory()
    found = []
    for hours in range(0, 60):
        ready, memory = summary_is_due(NOON + timedelta(hours=hours), memory, settings)
        if ready:
            found.append(hours)
    assert found == [9, 33, 57]


def test_process_that_begins_after_the_time_leaves_the_summary_of_that_day_out() -> None:
    settings = msgspec.structs.replace(SETTINGS, daily_summary="11:00")
    ready, memory = summary_is_due(NOON, Memory(), settings)
    assert not ready
    assert not summary_is_due(NOON + timedelta(hours=1), memory, settings)[0]
    assert summary_is_due(NOON + timedelta(hours=23), memory, settings)[0]


def test_no_summary_without_its_time() -> None:
    assert summary_is_due(NOON, Memory(), SETTINGS) == (False, Memory())
