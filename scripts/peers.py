"""Let the Expert Advisor's ZMTP meet other people's ZeroMQ, and print what came of it.

Old and new libzmq, ZeroMQ written anew in Rust, Java and Python, and the bindings of Node: each is installed into
a temporary folder from PyPI, npm or Debian, as far as it can be had, and serves a ROUTER. The Expert Advisor is
built natively, as in the tests. It takes some minutes, and is no part of scripts/test.py.
"""

from __future__ import annotations

import argparse
import sys

import _environment


def main() -> int:
    """Read the command line, enter the project's environment, try them. 0 only where nothing failed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="only those whose name contains it")
    options = parser.parse_args()
    _environment.enter(__file__, "test")
    # Only here: these need what the environment has.
    sys.path.insert(0, str(_environment.ROOT))
    from peers_parts.tour import tour

    return tour(options.names)


if __name__ == "__main__":
    sys.exit(main())
