"""Errors of SQLite whose cause is an object that another program added to the file.

SQLite reads the whole schema before the first statement. An object with SQL that a later SQLite introduced, or with
a function, a collation or a module that one program brings along, is whole for its maker, and an error for every
other program, also for one that has the file open.
Sources: https://www.sqlite.org/formatchng.html, https://www.sqlite.org/appfunc.html
"""

import re
import sqlite3
from collections.abc import Collection
from typing import Final

from bridge.journal.database.alteration import Altered

_UNREADABLE: Final = re.compile(r"malformed database schema \((?P<name>.+?)\)(?: - (?P<why>.*))?", re.DOTALL)
_NEEDED: Final = re.compile(
    r"(?:no such|unknown) (?P<kind>function|collation sequence|module|tokenizer): (?P<name>\w+)"
)


def explain(error: sqlite3.Error, ours: Collection[str]) -> Altered | None:
    """Return the finding for an error with such a cause; None for any other error.

    `ours` are the names of the bridge's own objects: where one of them is unreadable, the file is damaged.
    """
    text = str(error)
    if (found := _UNREADABLE.search(text)) and found["name"] not in ours and found["why"]:
        return Altered(
            f"SQLite {sqlite3.sqlite_version}, which the bridge uses, cannot read {found['name']}, which is not "
            f"the bridge's: {found['why']}",
            f"remove {found['name']} with the program that made it (DROP VIEW, TABLE, INDEX or TRIGGER)",
        )
    if found := _NEEDED.search(text):
        needed = f"the {found['kind']} {found['name']}"
        return Altered(
            f"an object in it, which is not the bridge's, needs {needed} of the program that made it",
            "remove that object with that program; its name is in the answer of the SQL statement: "
            f"SELECT type, name FROM sqlite_master WHERE sql LIKE '%{found['name']}%'",
        )
    return None
