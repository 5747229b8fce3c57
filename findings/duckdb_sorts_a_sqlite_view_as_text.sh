#!/usr/bin/env bash
# DuckDB 1.5.5 with its extension sqlite_scanner 1.5.5, on an attached SQLite file with a STRICT table and a view of it.
# Seen: each column of the view is VARCHAR, also one that the view takes unchanged from an INTEGER PRIMARY KEY, which
# PRAGMA table_info(view) names INTEGER. `ORDER BY id DESC LIMIT 1` over ids 1 to 12 gives '9'. And a generated column
# of the table is not there: it can be read in the view alone. No error is raised for the first; a reader who moves
# from a table to a view over it expects the same order.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check duckdb==1.5.5 duckdb-extensions==1.5.5 \
    duckdb-extension-sqlite-scanner==1.5.5
HOME="$folder" "$folder/venv/bin/python" - "$folder/file.db" <<'PYTHON'
import sqlite3
import sys

import duckdb
from duckdb_extensions import import_extension

path = sys.argv[1]
connection = sqlite3.connect(path)
connection.execute(
    "CREATE TABLE deals (id INTEGER PRIMARY KEY, cents INTEGER NOT NULL,"
    " spelled TEXT GENERATED ALWAYS AS (cents || ' cents')) STRICT"
)
connection.executemany("INSERT INTO deals (cents) VALUES (?)", [(10 * number,) for number in range(12)])
connection.execute("CREATE VIEW shown AS SELECT id, cents, spelled FROM deals")
connection.commit()
declared = [row[1:3] for row in connection.execute("PRAGMA table_info(shown)")]
connection.close()

import_extension("sqlite_scanner")
duck = duckdb.connect()
duck.execute(f"ATTACH '{path}' AS journal (TYPE sqlite, READ_ONLY)")
types = {
    name: [row[:2] for row in duck.execute(f"DESCRIBE journal.{name}").fetchall()] for name in ("deals", "shown")
}
last = {
    name: duck.execute(f"SELECT id FROM journal.{name} ORDER BY id DESC LIMIT 1").fetchone()[0]
    for name in ("deals", "shown")
}
print("SQLite declares the view's columns as", declared)
print("DuckDB's columns of the table:", types["deals"])
print("DuckDB's columns of the view:", types["shown"])
print("last id by DuckDB, in the table and in the view:", last)
assert declared == [("id", "INTEGER"), ("cents", "INTEGER"), ("spelled", "TEXT")]
assert types["deals"] == [("id", "BIGINT"), ("cents", "BIGINT")]
assert types["shown"] == [("id", "VARCHAR"), ("cents", "VARCHAR"), ("spelled", "VARCHAR")]
assert last == {"deals": 12, "shown": "9"}
PYTHON
