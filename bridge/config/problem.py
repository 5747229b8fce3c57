"""Problems of a configuration: key, value, rule and remedy."""

import json
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

_SHOWN_CHARACTERS = 80


class Problem(Struct, frozen=True):
    """One problem.

    `key` is the key's path, as in `officers[1].deviation_points`; empty for the whole file. `value` is its value as
    TOML; None if there is none or if it may be a secret. `rule` follows the value, `remedy` is an instruction.
    """

    key: str
    value: str | None
    rule: str
    remedy: str

    def __str__(self) -> str:
        place = self.key if self.value is None else f"{self.key} = {self.value}"
        return (
            f"{place}: {self.rule}. Remedy: {self.remedy}."
            if place
            else f"{self.rule}. Remedy: {self.remedy}."
        )


class ConfigError(Exception):
    """The configuration cannot be used. The message lists all problems at once."""

    def __init__(self, path: Path, problems: Sequence[Problem]) -> None:
        if len(problems) == 1:
            text = f"{path}: {problems[0]}"
        else:
            text = "\n  ".join((f"{path}: {len(problems)} problems", *map(str, problems)))
        super().__init__(text)
        self.path = path
        self.problems = tuple(problems)


def shown(value: object) -> str:
    """Return a TOML value for a message: on one line, without control characters, of bounded length."""
    if isinstance(value, dict):
        return "{...}" if value else "{}"
    if isinstance(value, list):
        return "[...]" if value else "[]"
    text = json.dumps(value) if isinstance(value, str | bool) else str(value)
    return text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "..."
