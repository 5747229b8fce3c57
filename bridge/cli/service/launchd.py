"""The property list of launchd, for the system (a daemon) or a user (an agent). Source: launchd.plist(5)."""

import plistlib
from typing import Any, Final

from bridge import __version__
from bridge.cli.service.definition import MADE_BY, Definition, run_words

RESTART_S: Final = 10
STOP_S: Final = 30
_HEADER_LINES: Final = 2


def property_list(definition: Definition) -> str:
    """Return the text of the property list.

    launchd starts a program again after every status but 0: `run --stay-down` turns those that a restart cannot
    correct into 0.
    """
    content: dict[str, Any] = {
        "Label": definition.name,
        "ProgramArguments": run_words(definition, stay_down=True),
        "WorkingDirectory": str(definition.folder),
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},
        "ThrottleInterval": RESTART_S,
        "ExitTimeOut": STOP_S,
        # Without it the system slows a program down that has no window.
        "ProcessType": "Interactive",
        "Umask": 0o077,
    }
    if definition.user is not None:
        content["UserName"] = definition.user
    lines = plistlib.dumps(content).decode().splitlines()
    comment = f"<!-- {MADE_BY}, version {__version__}, which overwrites it. -->"
    return "\n".join([*lines[:_HEADER_LINES], comment, *lines[_HEADER_LINES:]]) + "\n"
