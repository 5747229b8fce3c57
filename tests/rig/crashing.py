"""A process of the bridge that dies by force at a fault point.

    python -m tests.rig.crashing NAME[:COUNT] -- run --config bridge.toml
    python -m tests.rig.crashing NAME[:COUNT] -- reference-terminal --officer eo-001 ...

It dies when it passes the fault point NAME for the COUNT-th time (default: the first). After the dashes comes a
command line of execution-officer. It writes to stderr each point that it passes, and the point at which it dies.
"""

import os
import sys
from collections.abc import Callable

from bridge import faultpoint
from bridge.cli import invoke
from tests.rig import signals


def dying_at(name: str, count: int) -> Callable[[str], None]:
    """Return a hook that kills this process when `name` is passed for the `count`-th time."""
    left = count
    known: set[str] = set()

    def hook(passed: str) -> None:
        nonlocal left
        if passed not in known:
            known.add(passed)
            # Past Python's buffers: nothing is certain to be written after this line.
            os.write(2, f"passes {passed}\n".encode())
        if passed != name:
            return
        left -= 1
        if left == 0:
            os.write(2, f"dies at {name}\n".encode())
            signals.kill(os.getpid())

    return hook


def main() -> None:
    point, dashes, *arguments = sys.argv[1:]
    name, _, count = point.partition(":")
    if dashes != "--":
        sys.exit("usage: python -m tests.rig.crashing NAME[:COUNT] -- COMMAND ...")
    faultpoint.install(dying_at(name, int(count or 1)))
    sys.exit(invoke(arguments))


if __name__ == "__main__":
    main()
