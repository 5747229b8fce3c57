#!/usr/bin/env bash
# sqlite-utils 4.2.1 with sqlite-utils-dateutil 0.1: `Database(connection)`, around a connection that the caller has
# opened itself, runs the hook `prepare_connection` of every plugin that is installed in the environment.
# Seen: after the wrapper was made, the caller's own connection knows the plugin's SQL function dateutil_parse. A
# reader expects a wrapper to leave the connection as it is: plugins are described for the command line.
# `execute_plugins=False` leaves it so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check sqlite-utils==4.2.1 sqlite-utils-dateutil==0.1
"$folder/venv/bin/python" - <<'PYTHON'
import sqlite3
import sqlite_utils

def knows(connection):
    try:
        connection.execute("SELECT dateutil_parse('1 Jan 2026')").fetchone()
    except sqlite3.OperationalError:
        return False
    return True

plain, wrapped, without = (sqlite3.connect(":memory:") for _ in range(3))
sqlite_utils.Database(wrapped)
sqlite_utils.Database(without, execute_plugins=False)
found = {"no wrapper": knows(plain), "Database(connection)": knows(wrapped), "execute_plugins=False": knows(without)}
print("the connection knows the plugin's function:", found)
assert found == {"no wrapper": False, "Database(connection)": True, "execute_plugins=False": False}
PYTHON
