#!/usr/bin/env bash
# pyturso 0.8.3 (Turso's SQLite-compatible engine) holds one exclusive lock on the whole file for as long as a
# connection is open, also where it only read. SQLite itself lets other processes read meanwhile. Seen: SELECT by
# sqlite3 in another process fails with 'database is locked' until the process with the Turso connection ends.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pyturso==0.8.3
"$folder/venv/bin/python" - "$folder/journal.db" <<'PYTHON'
import sqlite3
import subprocess
import sys

path = sys.argv[1]
with sqlite3.connect(path) as db:
    db.execute("CREATE TABLE deals (ticket INTEGER PRIMARY KEY)")
    db.execute("INSERT INTO deals VALUES (1)")
db.close()
TURSO = (
    "import sys, turso\n"
    "cursor = turso.connect(sys.argv[1]).cursor()\n"
    "cursor.execute('SELECT count(*) FROM deals')\n"
    "print(cursor.fetchone()[0], flush=True)\n"
    "cursor.close()\n"
    "sys.stdin.read()\n"
)
READ = (
    "import sqlite3, sys\n"
    "db = sqlite3.connect(sys.argv[1], timeout=1)\n"
    "try:\n    print(db.execute('SELECT count(*) FROM deals').fetchone()[0])\n"
    "except sqlite3.OperationalError as error:\n    print(error)\n"
)

def read():
    return subprocess.run([sys.executable, "-c", READ, path], check=True, capture_output=True, text=True).stdout.strip()

with subprocess.Popen(
    [sys.executable, "-c", TURSO, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
) as turso:
    print("Turso has read", turso.stdout.readline().strip(), "row and stays connected")
    meanwhile = read()
    turso.stdin.close()
    turso.wait()
afterwards = read()
print("SQLite meanwhile:", meanwhile)
print("SQLite after its process ended:", afterwards)
assert (meanwhile, afterwards) == ("database is locked", "1")
PYTHON
