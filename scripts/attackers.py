"""Measure the bridge with hostile and unlucky neighbours at its ports, one kind after the other.

A sandbox Director, the sidecar, a simulated broker and a reference terminal run on free ports of this machine, and
beside them a process that misuses the sidecar's ports. With each kind orders go their whole way, a newcomer says
hello, and `halt` is given. The exit status is 0 only if an order took at most twice its quiet time, `halt` at most
5 s, and the sidecar at most 50 MB more memory.
"""

from __future__ import annotations

import argparse
import sys

import _environment


def main() -> int:
    """Read the command line, enter the project's environment, measure; return the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="answer with one JSON object on stdout")
    parser.add_argument("--only", metavar="TEXT", default="", help="the kinds whose name contains this text")
    parser.add_argument("--rounds", type=int, default=15, help="orders with each kind")
    options = parser.parse_args()
    _environment.enter(__file__)
    # Not at the top: these need the packages of the environment.
    from attackers_parts.measure import names, run

    return run([kind for kind in names() if options.only in kind], options.rounds, json_wanted=options.json)


if __name__ == "__main__":
    sys.exit(main())
