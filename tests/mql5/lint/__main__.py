"""Check one program: its findings on stdout, 1 where there are any."""

import sys
from pathlib import Path

from tests.mql5.lint import check_file
from tests.mql5.translator.source import SourceError


def main(arguments: list[str]) -> int:
    """Check, and print what was found."""
    if len(arguments) != 1:
        print("usage: python -m tests.mql5.lint FILE.mq5", file=sys.stderr)
        return 2
    try:
        findings = check_file(Path(arguments[0]))
    except SourceError as error:
        print(error, file=sys.stderr)
        return 1
    for finding in findings:
        print(finding)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
