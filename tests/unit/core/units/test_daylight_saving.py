"""The rules of daylight saving time, against the dates that the European Union and the United States publish."""

from datetime import UTC, datetime

import pytest

from bridge.core.units.daylight_saving import HOUR_S, Rule, Switch, switches

PUBLISHED = {
    Rule.EU: """2024-03-31 2024-10-27 2025-03-30 2025-10-26 2026-03-29 2026-10-25 2027-03-28 2027-10-31
        2028-03-26 2028-10-29 2029-03-25 2029-10-28 2030-03-31 2030-10-27""",
    Rule.US: """2024-03-10 2024-11-03 2025-03-09 2025-11-02 2026-03-08 2026-11-01 2027-03-14 2027-11-07
        2028-03-12 2028-11-05 2029-03-11 2029-11-04 2030-03-10 2030-11-03""",
}
HOURS = {Rule.EU: (1, 1), Rule.US: (7, 6)}
"""Hours of UTC of the change in spring and in autumn."""


@pytest.mark.parametrize("rule", Rule)
def test_clock_changes_on_the_published_days(rule: Rule) -> None:
    days = [datetime.fromisoformat(day).replace(tzinfo=UTC) for day in PUBLISHED[rule].split()]
    assert switches(rule, datetime(2024, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC)) == [
        Switch(day.replace(hour=HOURS[rule][number % 2]), -HOUR_S if number % 2 else HOUR_S)
        for number, day in enumerate(days)
    ]


def test_bounds_exclude_the_first_and_include_the_last_moment() -> None:
    spring, autumn = (datetime.fromisoformat(f"2026-{day}T01:00+00:00") for day in ("03-29", "10-25"))
    assert [each.at for each in switches(Rule.EU, spring, autumn)] == [autumn]
