"""Build one program: `python -m tests.mql5.builder FILE.mq5`."""

import sys
from pathlib import Path

from tests.mql5.builder.build import BuildError, build
from tests.mql5.builder.compiler import CompilerError


def main(arguments: list[str]) -> int:
    """Build the program and print the library's path. Return 0; 1 for a failed build; 2 for wrong usage."""
    if len(arguments) != 1:
        print("usage: python -m tests.mql5.builder FILE.mq5", file=sys.stderr)
        return 2
    try:
        built = build(Path(arguments[0]))
    except (BuildError, CompilerError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{'built' if built.fresh else 'found'} {built.library}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
