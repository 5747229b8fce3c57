"""A process of the bridge that waits less long for what is gone or locked than it does in the field.

    python -m tests.rig.impatient reference-terminal --officer eo-001 ...
    python -m tests.rig.impatient run --config bridge.toml

A terminal gives up a sidecar that stalls by its silence alone; a sidecar that the Director refuses knocks again
when a person had time to mend it. Stories would wait for that and for little else.
"""

import sys
from typing import Final

from bridge.cli import invoke
from bridge.core.director import delivery
from bridge.simulator.terminal import session

DEAD_MS: Final = 1_000
AUTH_PROBE_S: Final = 0.5
REFUSED_BASE_S: Final = 0.5


def main() -> None:
    # They are final for everybody else.
    setattr(session, "DEAD_MS", DEAD_MS)  # noqa: B010
    setattr(delivery, "AUTH_PROBE_S", AUTH_PROBE_S)  # noqa: B010
    setattr(delivery, "REFUSED_BASE_S", REFUSED_BASE_S)  # noqa: B010
    sys.exit(invoke(sys.argv[1:]))


if __name__ == "__main__":
    main()
