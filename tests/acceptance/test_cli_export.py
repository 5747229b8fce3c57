"""`execution-officer journal export`."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bridge.core.units.spreadsheet import original
from bridge.exits import ExitCode
from tests.acceptance.command_line import CommandLine
from tests.integration.journal.bench import OFFICER, directive

FORMULA = '=HYPERLINK("http://evil.example")'
LONG = 600
"""Directives whose rows have more bytes than the limit of the full disk, which the journal's -shm keeps."""


@pytest.fixture
def listed(command_line: CommandLine) -> CommandLine:
    """A journal with two directives, one of them with a formula, and an invalid one."""
    with command_line.bench_of_existing() as bench:
        bench.take(
            directive("dir-1", price=1.0950),
            directive("dir-2", signal_id=FORMULA),
            directive("dir-bad", quantity=-1),
        )
    return command_line


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_csv_has_one_line_for_each_directive(listed: CommandLine) -> None:
    target = listed.folder / "all.csv"
    assert listed.run("journal", "export", str(target)) == ExitCode.OK
    assert listed.stdout == f"{target}: 3 directives, {target.stat().st_size:,} bytes.\n"
    rows = read(target)
    assert [(row["directive_id"], row["officer"], row["quantity"]) for row in rows] == [
        ("dir-1", OFFICER, "0.3"),
        ("dir-2", OFFICER, "0.3"),
        ("dir-bad", OFFICER, ""),
    ]


def test_formula_is_no_formula_in_the_file_and_is_read_back(listed: CommandLine) -> None:
    target = listed.folder / "all.csv"
    assert listed.run("journal", "export", str(target)) == ExitCode.OK
    cell = read(target)[1]["signal_id"]
    assert cell == f"'{FORMULA}"
    assert original(cell) == FORMULA


def test_ndjson_has_one_object_for_each_event_with_plain_texts(listed: CommandLine) -> None:
    target = listed.folder / "events.ndjson"
    assert listed.run("journal", "export", "--rows", "events", str(target)) == ExitCode.OK
    found = [json.loads(line) for line in target.read_text().splitlines()]
    assert [(row["directive_id"], row["event_type"]) for row in found] == [
        ("dir-1", "DIRECTIVE_RECEIVED"),
        ("dir-2", "DIRECTIVE_RECEIVED"),
        ("dir-bad", "DIRECTIVE_RECEIVED"),
        ("dir-bad", "ORDER_REJECTED"),
    ]
    assert listed.run("journal", "export", "-", "--format", "ndjson", "--directive", "dir-2") == ExitCode.OK
    assert json.loads(listed.stdout)["signal_id"] == FORMULA


def test_file_that_exists_is_replaced_only_where_that_is_wanted(listed: CommandLine) -> None:
    target = listed.folder / "all.csv"
    target.write_text("mine")
    assert listed.run("journal", "export", str(target)) == ExitCode.NOT_WRITTEN
    assert listed.stderr == (
        f"Error: the file {target} exists, and is left as it is; name another one, or give --force\n"
    )
    assert target.read_text() == "mine"
    assert listed.run("journal", "export", str(target), "--force") == ExitCode.OK
    assert len(read(target)) == 3


@pytest.mark.parametrize("suffix", ["", "-wal", ".lock"])
@pytest.mark.parametrize("command", [("export", "--format", "csv"), ("report", "2026-01-05", "--html")])
def test_no_file_of_the_journal_itself_is_replaced(
    listed: CommandLine, command: tuple[str, ...], suffix: str
) -> None:
    name = f"{listed.journal}{suffix}"
    assert listed.run("journal", *command, name, "--force") == ExitCode.NOT_WRITTEN
    assert listed.stderr == f"Error: {name} is the name of a file of the journal itself; name another one\n"
    assert listed.run("journal", "verify") == ExitCode.OK


@pytest.mark.parametrize(
    "options", [("--officer", "eo-9"), ("--since", "2999-01-01"), ("--directive", "x"), ("--symbol", "X")]
)
def test_nothing_is_written_where_nothing_is_found(listed: CommandLine, options: tuple[str, ...]) -> None:
    target = listed.folder / "none.csv"
    assert listed.run("journal", "export", str(target), *options) == ExitCode.NOTHING_FOUND
    assert "give a longer period or other options" in listed.stderr
    assert not target.exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("x.xlsx",), "give --format csv or ndjson"),
        (("x.csv", "--since", "2026-02-01", "--until", "2026-01-01"), "the period ends before it begins"),
        (("x.csv", "--since", "2026-02-01", "--last", "2h"), "exclude each other"),
        (("x.csv", "--since", "yesterday"), "is no time"),
    ],
)
def test_wrong_options_are_refused_with_the_remedy(
    listed: CommandLine, options: tuple[str, ...], words: str
) -> None:
    name, *others = options
    assert listed.run("journal", "export", str(listed.folder / name), *others) == ExitCode.USAGE
    assert words in listed.stderr
    assert not (listed.folder / name).exists()


@pytest.mark.skipif(sys.platform == "win32", reason="there is no limit of a file's size there")
def test_full_disk_leaves_no_file(listed: CommandLine) -> None:
    with listed.bench_of_existing() as bench:
        bench.take(*(directive(f"more-{number}") for number in range(LONG)))
    target = listed.folder / "all.csv"
    command = f'"{sys.executable}" -m bridge journal export --path "{listed.journal}" "{target}"'
    done = subprocess.run(["/bin/sh", "-c", f"ulimit -f 128; exec {command}"], capture_output=True, text=True)
    assert done.returncode == ExitCode.NOT_WRITTEN, done.stderr
    assert f"{target} was not written: File too large; free space on its disk" in done.stderr
    assert list(listed.folder.glob("all.csv*")) == []


@pytest.mark.skipif(sys.platform == "win32", reason="rights are others there")
def test_file_is_readable_by_its_owner_alone(listed: CommandLine) -> None:
    target = listed.folder / "all.csv"
    assert listed.run("journal", "export", str(target)) == ExitCode.OK
    assert target.stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(sys.platform == "win32", reason="a pseudo-terminal is needed")
def test_terminal_shows_the_progress_and_a_pipe_does_not(listed: CommandLine) -> None:
    import pty

    command = [sys.executable, "-m", "bridge", "journal", "export", "--path", str(listed.journal)]
    piped = subprocess.run([*command, str(listed.folder / "a.csv")], capture_output=True, text=True)
    assert piped.stderr == ""
    reader, writer = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80"}
    subprocess.run([*command, str(listed.folder / "b.csv")], stderr=writer, check=True, env=environment)
    os.close(writer)
    assert b"directives" in os.read(reader, 4_096)
    os.close(reader)


@pytest.mark.skipif(sys.platform == "win32", reason="pipes end otherwise there")
def test_reader_of_a_pipe_may_leave(listed: CommandLine) -> None:
    with listed.bench_of_existing() as bench:
        bench.take(*(directive(f"more-{number}") for number in range(LONG)))
    command = (
        f'"{sys.executable}" -m bridge journal export --path "{listed.journal}" --format csv - | head -1'
    )
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True)
    assert (done.stdout[:6], done.stderr) == ("place,", "")
