#!/usr/bin/env bash
# Debian's SQLite ODBC driver (libsqliteodbc 0.9998) with pyodbc 5.5.0: with the driver's default options a 64-bit
# integer in a column declared INTEGER is wrapped to 32 bits, silently. With BigInt=1 in the connection string it is
# right. A reader expects 64 bits or an error, since SQLite's INTEGER always has up to 64.
# Needs apt-get (the driver and unixODBC are unpacked into the temporary folder, not installed).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder"
(cd "$folder" && apt-get download -qq libsqliteodbc libodbc2 libodbcinst2 libltdl7 && for file in *.deb; do dpkg -x "$file" driver; done) 2>/dev/null
driver=$(find "$folder/driver" -name 'libsqlite3odbc.so*' | head -n 1)
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pyodbc==5.5.0
LD_LIBRARY_PATH=$(dirname "$(find "$folder/driver" -name 'libodbc.so.2' | head -n 1)") \
    "$folder/venv/bin/python" - "$driver" "$folder/orders.db" <<'PYTHON'
import sqlite3
import sys
import pyodbc

driver, path = sys.argv[1:]
magic = 1778621151013965
with sqlite3.connect(path) as db:
    db.execute("CREATE TABLE orders (magic INTEGER NOT NULL)")
    db.execute("INSERT INTO orders VALUES (?)", (magic,))

def read(options=""):
    with pyodbc.connect(f"Driver={driver};Database={path};{options}") as connection:
        return connection.execute("SELECT magic FROM orders").fetchone()[0]

plain, big = read(), read("BigInt=1")
print(f"{magic} is read as {plain}; with BigInt=1 as {big}")
assert plain != magic and -(2**31) <= plain < 2**31
assert big == magic
PYTHON
