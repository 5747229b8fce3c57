#!/usr/bin/env bash
# msgspec 0.23.0: a time with seven fraction digits, as .NET writes every time by default, is rounded to
# microseconds, not cut. RFC 3339 allows any number of digits, and a reader expects the surplus to be dropped.
# Seen: 12:05:00.9999999 decodes as 12:05:01, one second later than written; .NET's largest time
# (9999-12-31T23:59:59.9999999Z, the usual "never expires") rounds past the calendar and is refused as invalid,
# while the same time without the fraction is accepted.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check msgspec==0.23.0
"$folder/venv/bin/python" - <<'PYTHON'
import datetime
import msgspec

def read(text):
    return msgspec.json.decode(f'"{text}"'.encode(), type=datetime.datetime)

rounded = read("2026-01-04T12:05:00.9999999Z")
print("2026-01-04T12:05:00.9999999Z ->", rounded.isoformat())
assert rounded.second == 1 and rounded.microsecond == 0
print("9999-12-31T23:59:59Z ->", read("9999-12-31T23:59:59Z").isoformat())
try:
    read("9999-12-31T23:59:59.9999999Z")
except msgspec.ValidationError as error:
    print("9999-12-31T23:59:59.9999999Z ->", error)
else:
    raise SystemExit("it is accepted now")
PYTHON
