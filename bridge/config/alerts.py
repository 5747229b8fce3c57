"""Rules for the alerts beyond their types."""

from collections.abc import Callable, Iterator
from typing import Final

from bridge.config.problem import Problem, shown
from bridge.core.settings import AlertSettings
from bridge.core.units.daily_window import parse_time, parse_window

_DIGITS: Final = "write hours and minutes of two digits"


def check(alerts: AlertSettings, environment_name: Callable[[str], bool]) -> Iterator[Problem]:
    """Yield the problems of alerts whose types are right. Values that may be a secret are not shown."""
    for what, variable, file, required in (
        ("addresses", alerts.addresses_env, alerts.addresses_file, True),
        ("alive_url", alerts.alive_url_env, alerts.alive_url_file, False),
    ):
        given = [variable, file].count(None)
        key = f"alerts.{what}_env, alerts.{what}_file"
        if given == 0:
            yield Problem(key, None, "both are set", "keep one of them")
        elif given == 2 and required:
            remedy = "name an environment variable, or a file that only you can read"
            yield Problem(key, None, "one of them must name the place of the addresses", remedy)
        if variable is not None and not environment_name(variable):
            rule = "must be the name of an environment variable: letters, digits and underscores"
            yield Problem(f"alerts.{what}_env", None, rule, "the address itself is never written here")
        if file is not None and ("://" in file or not file.strip() or not file.isprintable()):
            rule = "must be the path of a file"
            yield Problem(f"alerts.{what}_file", None, rule, "the address itself is never written here")
    for window in alerts.quiet_hours:
        try:
            parse_window(window)
        except ValueError:
            yield Problem(
                "alerts.quiet_hours", shown(window), "must be two times in UTC, as in '22:00-05:30'", _DIGITS
            )
    if alerts.daily_summary is not None:
        try:
            parse_time(alerts.daily_summary)
        except ValueError:
            yield Problem(
                "alerts.daily_summary",
                shown(alerts.daily_summary),
                "must be a time in UTC, as in '21:00'",
                _DIGITS,
            )
