#!/usr/bin/env bash
# sqlite-utils 4.2.1 (dump) and Python's iterdump: a copy made by dumping a database as SQL has application_id 0 and
# user_version 0, so a program that knows its files by their application_id takes the copy for somebody else's.
# VACUUM INTO keeps both. Seen with Python 3.11's SQLite and with sqlite-utils' own command.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check sqlite-utils==4.2.1
"$folder/venv/bin/python" - "$folder" <<'PYTHON'
import sqlite3
import subprocess
import sys

folder = sys.argv[1]
with sqlite3.connect(f"{folder}/original.db") as db:
    db.execute("PRAGMA application_id = 1297364290")
    db.execute("PRAGMA user_version = 7")
    db.execute("CREATE TABLE deals (ticket INTEGER PRIMARY KEY)")
    db.execute("INSERT INTO deals VALUES (1)")
db.execute(f"VACUUM INTO '{folder}/vacuum.db'")
script = "\n".join(db.iterdump())
dump = subprocess.run(
    [f"{folder}/venv/bin/sqlite-utils", "dump", f"{folder}/original.db"], check=True, capture_output=True, text=True
).stdout
seen = {}
for name, text in (("iterdump", script), ("sqlite-utils dump", dump)):
    copy = sqlite3.connect(":memory:")
    copy.executescript(text)
    assert copy.execute("SELECT count(*) FROM deals").fetchone() == (1,)
    seen[name] = [copy.execute(f"PRAGMA {pragma}").fetchone()[0] for pragma in ("application_id", "user_version")]
vacuumed = sqlite3.connect(f"{folder}/vacuum.db")
seen["VACUUM INTO"] = [
    vacuumed.execute(f"PRAGMA {pragma}").fetchone()[0] for pragma in ("application_id", "user_version")
]
print(seen)
assert seen["iterdump"] == seen["sqlite-utils dump"] == [0, 0]
assert seen["VACUUM INTO"] == [1297364290, 7]
PYTHON
