"""A process of the bridge with shorter time-outs than in operation.

    python -m tests.rig.short_timeouts reference-terminal --officer eo-001 ...
    python -m tests.rig.short_timeouts run --config bridge.toml

A terminal considers a silent sidecar dead after DEAD_MS; a sidecar whose API key the Director refuses tries again
after AUTH_PROBE_S. With the real values some tests would do little but wait.
"""

import sys
from typing import Final

from bridge.cli import invoke
from bridge.core.director import delivery
from bridge.simulator.terminal import session

DEAD_MS: Final = 1_000
TRIAL_S: Final = 0.5
REFUSED_BASE_S: Final = 0.5


def main() -> None:
    # They are Final: only this entry point changes them.
    setattr(session, "DEAD_MS", DEAD_MS)  # noqa: B010
    setattr(delivery, "TRIAL_S", TRIAL_S)  # noqa: B010
    setattr(delivery, "REFUSED_BASE_S", REFUSED_BASE_S)  # noqa: B010
    sys.exit(invoke(sys.argv[1:]))


if __name__ == "__main__":
    main()
