"""A process of the bridge whose terminal gives a silent sidecar up after 2 seconds instead of 15.

    python -m tests.rig.impatient paper --officer eo-001 ...

A paper terminal learns of a sidecar's sudden death by its silence alone. Stories in which a sidecar is killed
would wait for that and for little else.
"""

import sys
from typing import Final

from bridge.cli import invoke
from bridge.paper import session

DEAD_MS: Final = 2_000


def main() -> None:
    setattr(session, "DEAD_MS", DEAD_MS)  # noqa: B010 - it is final for everybody else
    sys.exit(invoke(sys.argv[1:]))


if __name__ == "__main__":
    main()
