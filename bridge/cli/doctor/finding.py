"""Finding of a check: its level, the value that was seen, and the remedy."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

import msgspec

from bridge.exits import ExitCode

_ENDS: Final = ("; ", ". ")


class Level(StrEnum):
    """Judgement of a check."""

    OK = "ok"
    WARNING = "warning"
    """It will go wrong, it restricts trading, or it could not be looked at."""
    WRONG = "wrong"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the doctor."""

    check: str
    """Name of the check, such as 'link key'."""
    officer: str = ""
    """Officer that it is about; empty where it is about all."""
    level: Level
    value: str
    """Value that was seen, in words."""
    remedy: str = ""
    """Instruction for the operator; empty where there is nothing to do."""
    no_sidecar: bool = False
    """True where a running sidecar alone could show it, and none runs."""


def ok(check: str, value: str, *, officer: str = "") -> Finding:
    """Return the finding of a check that has seen nothing to change."""
    return Finding(check=check, officer=officer, level=Level.OK, value=value)


def warning(check: str, value: str, remedy: str, *, officer: str = "", no_sidecar: bool = False) -> Finding:
    """Return the finding of a check that needs attention, and stops nothing yet."""
    return Finding(
        check=check,
        officer=officer,
        level=Level.WARNING,
        value=value,
        remedy=remedy,
        no_sidecar=no_sidecar,
    )


def wrong(check: str, value: str, remedy: str, *, officer: str = "") -> Finding:
    """Return the finding of a check that has seen what must be changed."""
    return Finding(check=check, officer=officer, level=Level.WRONG, value=value, remedy=remedy)


def unseen(check: str, value: str, remedy: str, *, officer: str = "") -> Finding:
    """Return the finding of a check that could not look."""
    return warning(check, f"not known: {value}", remedy, officer=officer)


def needs_sidecar(check: str, value: str = "", *, officer: str = "") -> Finding:
    """Return the finding of a check that only a running sidecar can make. `value`: the last that is known."""
    last = f"; {value}" if value else ""
    return warning(
        check,
        f"not known: no sidecar shows it{last}",
        "see 'sidecar'",
        officer=officer,
        no_sidecar=True,
    )


def of_message(message: str) -> tuple[str, str]:
    """Divide an error's message into what was seen and the remedy, at the end of its first statement."""
    line = " ".join(message.split())
    places = [place for end in _ENDS if (place := line.find(end)) >= 0]
    if not places:
        return line, "see the value"
    return line[: min(places)], line[min(places) + 2 :].rstrip(".")


def exit_status(findings: Sequence[Finding]) -> ExitCode:
    """Return the exit status: OK only where every check is ok."""
    others = [each for each in findings if each.level is not Level.OK]
    if any(not each.no_sidecar for each in others):
        return ExitCode.ATTENTION
    return ExitCode.NOT_RUNNING if others else ExitCode.OK
