"""Connect the Expert Advisor's ZMTP to foreign ZeroMQ implementations and print the results.

Old and new libzmq, reimplementations of ZeroMQ in Rust, Java and Python, and the bindings of Node: each is
installed from PyPI, npm or Debian into a temporary folder, where it is available, and serves a ROUTER. The Expert
Advisor is built natively, as in the tests.
"""

import argparse
import sys

from tests.interop.runner import run


def main() -> int:
    """Parse the command line and run the checks. Return 0, or 1 where a check failed or no peer was available."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.interop",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="run only peers whose name contains NAME")
    return run(parser.parse_args().names)


if __name__ == "__main__":
    sys.exit(main())
