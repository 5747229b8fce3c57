#!/usr/bin/env bash
# Debian's SQLite ODBC driver (libsqliteodbc 0.9998) and isql of unixODBC 2.3.11, with the driver's default options: an
# integer is shown with as many digits as its column's name has letters, but at least ten. 1778621151013965 is
# 1778621151 in a column 'magic', 177862115101396 in 'client_order_id', and whole in a longer name; nothing marks
# the cut. With BigInt=1 it is whole in each.
# Needs apt-get (the packages are unpacked into the temporary folder, not installed) and sqlite3 of Python.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder"
(cd "$folder" && apt-get download -qq libsqliteodbc unixodbc libodbc2 libodbcinst2 libltdl7 && for file in *.deb; do dpkg -x "$file" driver; done) 2>/dev/null
driver=$(find "$folder/driver" -name 'libsqlite3odbc.so*' | head -n 1)
python3 - "$folder/orders.db" <<'PYTHON'
import sqlite3
import sys

with sqlite3.connect(sys.argv[1]) as db:
    db.execute("CREATE TABLE orders (magic INTEGER)")
    db.execute("INSERT INTO orders VALUES (1778621151013965)")
PYTHON
printf '[plain]\nDriver=%s\nDatabase=%s\n[big]\nDriver=%s\nDatabase=%s\nBigInt=1\n' \
    "$driver" "$folder/orders.db" "$driver" "$folder/orders.db" > "$folder/odbc.ini"
export ODBCINI="$folder/odbc.ini" LD_LIBRARY_PATH
LD_LIBRARY_PATH=$(dirname "$(find "$folder/driver" -name 'libodbc.so.2' | head -n 1)")
shown() {
    echo "SELECT magic AS $2 FROM orders" | "$folder/driver/usr/bin/isql" -b "$1" | grep -oE '[0-9]{9,}' | head -n 1
}
seen=""
for name in magic client_order_id client_order_id_of_it; do
    seen="$seen $(shown plain "$name")"
    echo "column $name: $(shown plain "$name"); with BigInt=1: $(shown big "$name")"
    [ "$(shown big "$name")" = 1778621151013965 ]
done
[ "$seen" = " 1778621151 177862115101396 1778621151013965" ]
