"""See the bridge work, without MetaTrader: four processes, eleven directives, and every event that comes of them.

A sandbox Director, the sidecar, a simulated broker and a simulated terminal run on free ports of this machine.
The exit status is 0 only where the Director received exactly the events that it should, in order.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import _environment


def empty_folder(text: str) -> Path:
    """The folder of that name, made if need be. Raises ArgumentTypeError where it is of no use."""
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
    """Read the command line, enter the project's environment, play. The exit status."""
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
    options = parser.parse_args()
    _environment.enter(__file__)
    # Only here: these need what the environment has.
    from demo_parts.performance import perform

    return perform(options.keep, as_json=options.json)


if __name__ == "__main__":
    sys.exit(main())
