"""User of the operating system who runs this command, for the audit."""

import getpass
import os
import sys
from collections.abc import Mapping
from typing import Final

MOST: Final = 200
"""Most characters of a name."""


def this_user(environ: Mapping[str, str] = os.environ) -> str:
    """Return the user's name, and who became that user by sudo.

    On POSIX it is that of the process and not of the environment; only who used sudo is stated there.
    """
    if sys.platform == "win32":
        try:
            return getpass.getuser()[:MOST]
        except (OSError, ImportError, KeyError):
            return ""
    import pwd

    number = os.getuid()
    try:
        name = pwd.getpwuid(number).pw_name
    except KeyError:
        name = f"user {number}"
    by_sudo = environ.get("SUDO_USER", "")
    return (f"{name}, by sudo from {by_sudo}" if by_sudo and by_sudo != name else name)[:MOST]
