"""Named places at which a test may make the process die.

In the field `faultpoint` does nothing. A test that wants to see what a crash does at one of these places
starts the process through its own entry point, which installs a hook first; nothing in the environment or in
the configuration can.
"""

from collections.abc import Callable

_hook: Callable[[str], None] | None = None


def faultpoint(name: str) -> None:
    """A place that is worth dying at. Names are stable."""
    if _hook is not None:
        _hook(name)


def install(hook: Callable[[str], None]) -> None:
    """Have `hook` called with the name of every fault point that the process passes."""
    global _hook
    _hook = hook
