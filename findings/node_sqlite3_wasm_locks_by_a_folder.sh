#!/usr/bin/env bash
# node-sqlite3-wasm 0.8.60 locks a database by making the folder FILE.lock, and not by SQLite's locks. So it sees no
# lock of any other SQLite, nor they its own: it writes while another process is inside an exclusive transaction. And a
# plain file of that name, a usual name of a program's own lock file, is 'database is locked' for ever.
# Seen: an INSERT succeeds while Python's sqlite3 holds BEGIN EXCLUSIVE; with an empty deals.db.lock a SELECT fails.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
(cd "$folder" && echo '{}' > package.json && npm install --silent --no-audit --no-fund --ignore-scripts node-sqlite3-wasm@0.8.60)
cat > "$folder/run.js" <<'NODE'
const { Database } = require("node-sqlite3-wasm");
try {
    const db = new Database(process.argv[2]);
    console.log(JSON.stringify(db.all(process.argv[3])));
    db.close();
} catch (error) {
    console.log(error.message);
}
NODE
python3 - "$folder" <<'PYTHON'
import sqlite3
import subprocess
import sys
from pathlib import Path

folder = Path(sys.argv[1])
path = folder / "deals.db"
db = sqlite3.connect(path, isolation_level=None)
db.execute("CREATE TABLE deals (ticket INTEGER PRIMARY KEY)")

def node(sql):
    command = ["node", "run.js", str(path), sql]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()

db.execute("BEGIN EXCLUSIVE")
inside = node("INSERT INTO deals VALUES (1) RETURNING ticket")
print("INSERT while another process holds BEGIN EXCLUSIVE:", inside)
db.execute("ROLLBACK")
(folder / "deals.db.lock").touch()
beside = node("SELECT count(*) FROM deals")
print("SELECT beside an empty file deals.db.lock:", beside)
assert inside == '[{"ticket":1}]'
assert beside == "database is locked"
PYTHON
