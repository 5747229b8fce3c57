"""Run the bridge without MetaTrader: four processes, eleven directives, and all their events.

A sandbox Director, the sidecar, a simulated broker and a reference terminal run on free ports of this machine.
The exit status is 0 only if the Director received exactly the expected events, in order.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import _environment


def empty_folder(text: str) -> Path:
    """Return the folder of that name, made if needed. Raises ArgumentTypeError if it cannot be used."""
    folder = Path(text).absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        occupied = any(folder.iterdir())
    except OSError as error:
        raise argparse.ArgumentTypeError(
            f"{text}: {error.strerror}; name a folder that can be made"
        ) from error
    if occupied:
        raise argparse.ArgumentTypeError(
            f"{text} is not empty, and nothing is overwritten; name a new folder"
        )
    return folder


def main() -> int:
    """Read the command line, enter the project's environment, run; return the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="answer with one JSON object on stdout")
    parser.add_argument(
        "--keep",
        type=empty_folder,
        metavar="FOLDER",
        help="keep configuration, journal, keys and logs there: in a new folder, or an empty one",
    )
    parser.add_argument(
        "--deadline",
        type=float,
        metavar="SECONDS",
        help="end after that time, done or not (default: 60); more is for slow machines",
    )
    options = parser.parse_args()
    _environment.enter(__file__)
    # Not at the top: these need the packages of the environment.
    from demo_parts.demonstration import DEADLINE_S, run_demo

    return run_demo(options.keep, as_json=options.json, deadline_s=options.deadline or DEADLINE_S)


if __name__ == "__main__":
    sys.exit(main())
