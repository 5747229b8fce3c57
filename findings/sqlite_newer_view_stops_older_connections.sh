#!/usr/bin/env bash
# SQLite 3.54.1 (apsw 3.54.1.0) and an older SQLite on one file: a view that the newer one makes with words of its own
# (ORDER BY inside an aggregate, 3.44) is a syntax error in every later statement of the older one, also on a
# connection that is open and never uses the view. A reader expects an error from the view alone, since a view is
# text until it is used. DROP VIEW by the newer one heals the open connection without reopening it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check apsw==3.54.1.0
"$folder/venv/bin/python" - "$folder/deals.db" <<'PYTHON'
import sqlite3
import sys
import apsw

path = sys.argv[1]
if sqlite3.sqlite_version_info >= (3, 44):
    print(f"Python's SQLite {sqlite3.sqlite_version} knows the words: nothing to show")
    raise SystemExit
old = sqlite3.connect(path, isolation_level=None)
old.execute("PRAGMA journal_mode = WAL")
old.execute("CREATE TABLE deals (symbol TEXT)")
old.execute("INSERT INTO deals VALUES ('EURUSD')")
new = apsw.Connection(path)
new.execute("CREATE VIEW symbols AS SELECT group_concat(symbol ORDER BY symbol) FROM deals")
seen = []
for statement in ("INSERT INTO deals VALUES ('USDJPY')", "SELECT count(*) FROM deals", "DROP VIEW symbols"):
    try:
        old.execute(statement)
    except sqlite3.DatabaseError as error:
        seen.append(f"{error.sqlite_errorname}: {error}")
        print(f"SQLite {sqlite3.sqlite_version}, open since before: {statement} -> {seen[-1]}")
assert len(seen) == 3 and all(each.startswith("SQLITE_CORRUPT: malformed database schema") for each in seen), seen
assert next(new.execute("PRAGMA integrity_check")) == ("ok",)
new.execute("DROP VIEW symbols")
old.execute("INSERT INTO deals VALUES ('USDJPY')")
print(f"after SQLite {apsw.sqlite_lib_version()} dropped it:", old.execute("SELECT count(*) FROM deals").fetchone())
PYTHON
