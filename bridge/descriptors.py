"""Descriptors that this process may have open."""

import sys
from typing import Final

WANTED: Final = 4096
"""Descriptors that are asked for where the system allows more than it gives at first."""


def raised() -> int | None:
    """Raise the limit of this process to WANTED, as far as it may, and return it; None where there is none."""
    if sys.platform == "win32":
        return None
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return None
    wanted = WANTED if hard == resource.RLIM_INFINITY else min(hard, WANTED)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    return soft
