"""Check one program: `python -m tests.mql5.lint FILE.mq5`. Print findings; exit code 1 where there are any."""

import sys
from pathlib import Path

from tests.mql5.lint import check_file
from tests.mql5.translator.errors import TranslationError


def main(arguments: list[str]) -> int:
    """Check a program and print its findings. Return 0, 1 for findings, 2 for wrong usage."""
    if len(arguments) != 1:
        print("usage: python -m tests.mql5.lint FILE.mq5", file=sys.stderr)
        return 2
    try:
        findings = check_file(Path(arguments[0]))
    except TranslationError as error:
        print(error, file=sys.stderr)
        return 1
    for finding in findings:
        print(finding)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
