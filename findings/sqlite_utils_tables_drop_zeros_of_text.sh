#!/usr/bin/env bash
# sqlite-utils 4.2.1: the tables of --table and --fmt show a TEXT value that looks like a number as a number. '1.09510'
# becomes 1.0951 and '150.000' becomes 150, in a column declared TEXT of a STRICT table. JSON and CSV of the same command
# have the stored text. A reader expects the text, since the column can hold nothing else.
# (Its library for tables, tabulate, converts what it can unless it is told not to.)
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
with sqlite3.connect(f"{folder}/deals.db") as db:
    db.execute("CREATE TABLE deals (symbol TEXT, price TEXT) STRICT")
    db.executemany("INSERT INTO deals VALUES (?, ?)", [("EURUSD", "1.09510"), ("USDJPY", "150.000")])

def rows(*options):
    command = [f"{folder}/venv/bin/sqlite-utils", "rows", f"{folder}/deals.db", "deals", *options]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout

for options in (("--fmt", "github"), ("--csv",)):
    print("sqlite-utils rows", *options, rows(*options), sep="\n")
cells = [line.replace("|", " ").split() for line in rows("--fmt", "github").splitlines()[2:]]
assert cells == [["EURUSD", "1.0951"], ["USDJPY", "150"]], cells
assert rows("--csv").splitlines()[1:] == ["EURUSD,1.09510", "USDJPY,150.000"]
PYTHON
