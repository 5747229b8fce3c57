"""`execution-officer journal backup`."""

import json

from bridge.exits import ExitCode
from tests.acceptance.command_line import CommandLine


def test_backup_says_what_it_wrote_and_refuses_a_second_time(command_line: CommandLine) -> None:
    copy = command_line.folder / "copy.db"
    assert command_line.run("journal", "backup", str(copy)) == ExitCode.OK
    assert command_line.stdout.startswith(f"{copy}: {copy.stat().st_size:,} bytes, ")
    assert command_line.run("journal", "backup", str(copy)) == ExitCode.FAILED
    assert command_line.stderr == (
        f"Error: the backup {copy} was not made: the file exists, and a backup overwrites nothing. "
        "Name a new file.\n"
    )


def test_backup_with_json_prints_one_object(command_line: CommandLine) -> None:
    copy = command_line.folder / "copy.db"
    assert command_line.run("journal", "backup", str(copy), "--json") == ExitCode.OK
    assert json.loads(command_line.stdout) == {
        "file": str(copy),
        "bytes": copy.stat().st_size,
        "audit_rows": 0,
    }
