"""C++ compiler for the tests of the Expert Advisor: each command is a request to the one outside (`compiling.py`).

python compiler.py FOLDER ARGUMENT ...
"""

import json
import sys
import time
import uuid
from pathlib import Path
from typing import Final

LOOK_S: Final = 0.05
ANSWER_S: Final = 600.0


def main(folder: Path, arguments: list[str]) -> int:
    """Put the request into the folder, wait for its answer, print it, and return its exit status."""
    name = uuid.uuid4().hex
    request = folder / f"{name}.new"
    request.write_text(json.dumps(arguments), encoding="utf-8")
    request.rename(folder / f"{name}.request")
    answer = folder / f"{name}.answer"
    until = time.monotonic() + ANSWER_S
    while not answer.exists():
        if time.monotonic() > until:
            print(f"no compiler answered within {ANSWER_S:g} s", file=sys.stderr)
            return 1
        time.sleep(LOOK_S)
    found = json.loads(answer.read_text(encoding="utf-8"))
    sys.stdout.write(found["stdout"])
    sys.stderr.write(found["stderr"])
    return int(found["status"])


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
