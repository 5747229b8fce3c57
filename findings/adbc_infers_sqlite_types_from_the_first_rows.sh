#!/usr/bin/env bash
# adbc-driver-sqlite 1.13.0 with pyarrow 21.0.0: the declared type of a column, even in a STRICT table, is not
# used. The Arrow type is inferred from the first batch of rows (1,024), and a batch of NULLs becomes int64.
# Seen: a TEXT column that is NULL in the first 1,500 rows and '1.09510' in the next fails at the first text; with
# only the NULL rows it is int64. A reader expects string, since a STRICT table can hold nothing else there.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check adbc-driver-sqlite==1.13.0 adbc-driver-manager==1.13.0 pyarrow==21.0.0
"$folder/venv/bin/python" - "$folder/prices.db" <<'PYTHON'
import sqlite3
import sys
import adbc_driver_sqlite.dbapi

path = sys.argv[1]
with sqlite3.connect(path) as db:
    db.execute("CREATE TABLE prices (id INTEGER PRIMARY KEY, price TEXT) STRICT")
    db.executemany("INSERT INTO prices (price) VALUES (?)", [(None,)] * 1500)

def read():
    with adbc_driver_sqlite.dbapi.connect(path) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT price FROM prices ORDER BY id")
        return cursor.fetch_arrow_table()

kind = read().schema.field("price").type
print("1,500 NULLs in a STRICT TEXT column ->", kind)
assert str(kind) == "int64"
with sqlite3.connect(path) as db:
    db.execute("INSERT INTO prices (price) VALUES ('1.09510')")
try:
    read()
except Exception as error:
    print("one text behind them ->", type(error).__name__, error)
else:
    raise SystemExit("it is read now")
PYTHON
