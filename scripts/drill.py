"""Lose the machine with three positions open, and recover on a new one: a drill, without MetaTrader.

A sandbox Director and a simulated broker stay; the machine with sidecar, journal, terminal and ledger is lost. A
backup from before two of the three positions is restored on a new machine, with a new terminal. The drill prints
the commands of an operator and their output. The exit status is 0 only if journal, Director and broker agree at the
end to the last lot, and no order was sent twice.
"""

from __future__ import annotations

import argparse
import sys

import _environment


def main() -> int:
    """Read the command line, enter the project's environment, run; return the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--old-machine-returns",
        action="store_true",
        help="let the old machine come back while the new one works: two sidecars for one account",
    )
    parser.add_argument(
        "--deadline",
        type=float,
        metavar="SECONDS",
        help="end after that time, done or not (default: 180); more is for slow machines",
    )
    options = parser.parse_args()
    _environment.enter(__file__)
    # Not at the top: these need the packages of the environment.
    from drill_parts.drill import DEADLINE_S, run_drill

    return run_drill(
        old_machine_returns=options.old_machine_returns, deadline_s=options.deadline or DEADLINE_S
    )


if __name__ == "__main__":
    sys.exit(main())
