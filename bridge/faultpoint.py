"""Named points at which a test can crash the process.

In production `faultpoint` does nothing. A test of a crash at one of these points starts the process through its own
entry point, which installs a hook first; nothing in the environment or the configuration can install one.
"""

from collections.abc import Callable

_hook: Callable[[str], None] | None = None


def faultpoint(name: str) -> None:
    """Mark a point at which a crash is worth testing. Names are stable."""
    if _hook is not None:
        _hook(name)


def install(hook: Callable[[str], None]) -> None:
    """Call `hook` with the name of every fault point that the process passes from now on."""
    global _hook
    _hook = hook
