"""A process whose wall clock is ahead of this machine's.

    python -m tests.rig.dated SECONDS MODULE ARGUMENT...

It runs any module with a wall clock that many seconds ahead; below 0: behind. The monotonic clock is the machine's.
"""

import runpy
import sys
from datetime import UTC, datetime, timedelta

from bridge.clock import SystemClock


def main() -> None:
    seconds, module, *arguments = sys.argv[1:]
    ahead = timedelta(seconds=float(seconds))

    def now(_: SystemClock) -> datetime:
        return datetime.now(UTC) + ahead

    # Each program makes its own clock: only this entry point changes it.
    setattr(SystemClock, "now", now)  # noqa: B010
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
