"""Install and run the service under a real systemd, and print the results.

A systemd is started as the first process of namespaces of its own, so that nothing of this machine's is changed.
It needs root on Linux with cgroup v2, and systemd; where it cannot run, the reason is printed, with exit status 77.
"""

import argparse
import signal
import sys
import time

from tests.systemd.checks import CHECKS
from tests.systemd.machine import Machine, UnavailableError

UNAVAILABLE = 77
"""Exit status of a check that could not be made, as in automake."""


def main() -> int:
    """Parse the command line and run the checks. Return 0, 1 where one failed, UNAVAILABLE where none can run."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.systemd",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("words", nargs="*", metavar="WORD", help="run only checks whose name contains WORD")
    words = parser.parse_args().words
    # Else the private systemd would outlive the run.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    chosen = [check for check in CHECKS if not words or any(word in check.__name__ for word in words)]
    failed = 0
    try:
        with Machine() as machine:
            print(machine.run("systemctl", "--version").stdout.splitlines()[0], flush=True)
            for check in chosen:
                began, name = time.monotonic(), check.__name__.replace("_", " ")
                try:
                    check(machine)
                except AssertionError as error:
                    failed += 1
                    print(f"FAILED  {name}: {error}", flush=True)
                else:
                    print(f"ok      {name} ({time.monotonic() - began:.0f} s)", flush=True)
    except UnavailableError as error:
        print(f"not run: {error}")
        return UNAVAILABLE
    print(f"{len(chosen) - failed} of {len(chosen)} checks held")
    return 1 if failed or not chosen else 0


if __name__ == "__main__":
    sys.exit(main())
