"""Let other SQLite tools read, change and copy the journal of a sidecar that trades, and print the results.

Each tool is installed from PyPI, npm or Debian into a temporary folder, where it is available. While directives are
carried out it reads the open positions and the last events, and does to the file what people do with it. Afterwards
`journal verify` must be right, a directive must be carried out, the sidecar must start again, and so on a copy that
the tool made.
"""

import argparse
import sys

from tests.tools.runner import run


def main() -> int:
    """Parse the command line and run the checks. Return 0, or 1 where one failed or no tool was available."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.tools",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="run only tools whose name contains NAME")
    return run(parser.parse_args().names)


if __name__ == "__main__":
    sys.exit(main())
