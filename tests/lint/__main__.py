"""Print every finding of the project's own lints: `python -m tests.lint [--tighten] [AREA ...]`.

The exit status is 1 where an area has more findings than the ratchet accepts.
"""

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.lint import docstrings, leaks, ratchet, tree, words

LINTS = {"docstrings": docstrings.findings, "words": words.findings, "leaks": leaks.findings}


def counted() -> dict[str, dict[str, list[str]]]:
    """Return the messages of each lint by area."""
    found: dict[str, dict[str, list[str]]] = {}
    for lint, findings in LINTS.items():
        by_area = found.setdefault(lint, {})
        for path, message in findings():
            by_area.setdefault(tree.area_of(path), []).append(message)
    return found


def tightened(found: dict[str, dict[str, list[str]]]) -> dict[str, dict[str, int]]:
    """Return the ratchet with each number that went down; one that went up stays."""
    return {
        lint: {
            area: most
            for area, messages in sorted(by_area.items())
            if (most := min(len(messages), ratchet.MOST.get(lint, {}).get(area, 0)))
        }
        for lint, by_area in found.items()
    }


def main(arguments: Sequence[str]) -> int:
    """Print the findings of all areas or of those that are named; return the exit status."""
    found = counted()
    if "--tighten" in arguments:
        file = Path(ratchet.__file__)
        head, marker, tail = file.read_text(encoding="utf-8").partition(
            "MOST: Final[dict[str, dict[str, int]]] = "
        )
        rest = tail.partition('\n"""The largest')
        table = "{\n"
        for name, numbers in tightened(found).items():
            if numbers:
                lines = "".join(f'        "{area}": {number},\n' for area, number in numbers.items())
                table += f'    "{name}": {{\n{lines}    }},\n'
        table = f"{table}}}" if table != "{\n" else "{}"
        file.write_text(head + marker + table + rest[1] + rest[2], encoding="utf-8")
    areas = [argument for argument in arguments if not argument.startswith("-")] or list(tree.AREAS)
    status = 0
    totals: Counter[str] = Counter()
    for lint, by_area in found.items():
        for area in areas:
            messages = by_area.get(area, [])
            totals[f"{lint} {area}"] = len(messages)
            print(*messages, sep="\n", end="\n" if messages else "")
            status |= len(messages) > ratchet.MOST.get(lint, {}).get(area, 0)
    print(", ".join(f"{name} {number}" for name, number in totals.items() if number) or "no findings")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
