"""Help, version and exit statuses of the program."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from bridge import __version__, cli
from bridge.cli import journal
from bridge.cli.failure import Failure
from bridge.exits import ExitCode
from bridge.journal.database.errors import (
    JournalDamagedError,
    JournalLockedError,
    JournalMissingError,
    JournalNewerError,
    JournalReadOnlyError,
    JournalUnavailableError,
)
from tests.acceptance.commands import run

COMMANDS = sorted(cli.cli.commands)
JOURNAL = Path("journal.db")


def test_help_lists_every_command_and_exit_status(tmp_path: Path) -> None:
    for option in ("-h", "--help"):
        done = run(option, cwd=tmp_path)
        assert done.returncode == ExitCode.OK
        for name in COMMANDS:
            assert f"\n  {name} " in done.stdout
        for code in ExitCode:
            assert f"{code.value:>3}  {code.meaning}\n" in done.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_line_of_the_list_is_the_first_of_the_command(name: str) -> None:
    assert cli.COMMANDS[name].line == cli.cli.commands[name].get_short_help_str(limit=1000)


@pytest.mark.parametrize("name", journal.COMMANDS)
def test_line_of_the_journal_s_list_is_the_first_of_the_command(name: str) -> None:
    assert journal.COMMANDS[name].line == journal.journal.commands[name].get_short_help_str(limit=1000)


def test_list_of_commands_imports_none_of_them(tmp_path: Path) -> None:
    """Each of these takes a tenth of a second or more, and the list is what a person asks for first."""
    heavy = {"aiohttp", "asyncio", "rich", "sqlite3", "sqlite_utils", "structlog", "zmq"}
    code = (
        "import sys\nfrom bridge import cli\ncli.invoke(['--help'])\n"
        f"sys.exit(', '.join(sorted({heavy!r} & sys.modules.keys())))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr == "\n"
    assert "\n  sandbox-director " in done.stdout


def test_status_imports_no_part_of_a_running_sidecar() -> None:
    """It is run every few seconds by some monitoring, and takes half of the time without these."""
    heavy = {"aiohttp", "zmq", "bridge.journal.journal", "bridge.sidecar.runtime", "bridge.sidecar.operator"}
    code = f"import sys, bridge.cli.status; print(*({heavy!r} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("\n", "")


def test_version_option_prints_the_version(tmp_path: Path) -> None:
    assert run("--version", cwd=tmp_path).stdout == f"execution-officer, version {__version__}\n"


def every_command(command: click.Command) -> Iterator[click.Command]:
    yield command
    if isinstance(command, click.Group):
        for child in command.commands.values():
            yield from every_command(child)


@pytest.mark.parametrize("command", list(every_command(cli.cli)), ids=lambda command: str(command.name))
def test_every_command_and_option_has_help(command: click.Command) -> None:
    assert command.help
    for parameter in command.params:
        # An argument is explained by its command's help.
        assert isinstance(parameter, click.Argument) or getattr(parameter, "help", None), parameter.opts


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_command_works_from_the_shell(tmp_path: Path, name: str) -> None:
    done = run(name, "-h", cwd=tmp_path)
    assert done.returncode == ExitCode.OK
    assert done.stdout.startswith(f"Usage: execution-officer {name} ")


def test_exit_codes_are_stable() -> None:
    """Scripts depend on the numbers."""
    assert {code.name: code.value for code in ExitCode} == {
        "OK": 0,
        "FAILED": 1,
        "USAGE": 2,
        "CONFIG": 3,
        "API_KEY": 4,
        "LINK_KEY": 5,
        "JOURNAL_MISSING": 6,
        "JOURNAL_DAMAGED": 7,
        "JOURNAL_NEWER": 8,
        "JOURNAL_LOCKED": 9,
        "JOURNAL_READ_ONLY": 10,
        "ENDPOINT": 11,
        "CHAIN_BROKEN": 12,
        "ATTENTION": 13,
        "NOT_RUNNING": 14,
        "JOURNAL_UNOPENED": 15,
        "UNADOPTED": 16,
        "LEDGER_FOREIGN": 17,
        "NO_TERMINAL": 18,
        "WRONG_LOGIN": 19,
        "OTHER_OFFICER": 20,
        "WAL_FOREIGN": 21,
        "CONTROL_FILE": 22,
        "FLATTEN_UNFINISHED": 23,
        "FLATTEN_ABORTED": 24,
        "CONFINED": 25,
        "HALT_LOST": 26,
        "SERVICE": 27,
        "NOT_WRITTEN": 28,
        "NOTHING_FOUND": 29,
        "INTERRUPTED": 130,
    }
    assert all(code.__doc__ == code.meaning for code in ExitCode)


@pytest.mark.parametrize("arguments", [["no-such-command"], ["--no-such-option"], ["reference-terminal"], []])
def test_wrong_command_line_exits_with_usage(tmp_path: Path, arguments: list[str]) -> None:
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == ExitCode.USAGE
    assert done.stdout == ""
    assert "Usage: execution-officer" in done.stderr
    assert "Traceback" not in done.stderr


def test_failure_is_one_line_and_debug_adds_the_traceback(tmp_path: Path) -> None:
    done = run("setup", "--config", "none.toml", cwd=tmp_path)
    assert done.returncode == ExitCode.CONFIG
    assert done.stderr.startswith("Error: ")
    assert done.stderr.count("\n") == 1
    debugged = run("--debug", "setup", "--config", "none.toml", cwd=tmp_path)
    assert debugged.returncode == ExitCode.CONFIG
    assert "Traceback" in debugged.stderr
    assert debugged.stderr.endswith(done.stderr)


def ending_with(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Add a command `end` that raises the error."""

    @click.command("end")
    def end() -> None:
        raise error

    monkeypatch.setitem(cli.cli.commands, "end", end)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (JournalMissingError(JOURNAL), ExitCode.JOURNAL_MISSING),
        (JournalDamagedError(JOURNAL, "it is torn"), ExitCode.JOURNAL_DAMAGED),
        (JournalNewerError(JOURNAL, ["0099"]), ExitCode.JOURNAL_NEWER),
        (JournalLockedError(JOURNAL), ExitCode.JOURNAL_LOCKED),
        (JournalReadOnlyError(JOURNAL, "no"), ExitCode.JOURNAL_READ_ONLY),
        (JournalUnavailableError("intake", "disk full"), ExitCode.FAILED),
        (Failure(ExitCode.CHAIN_BROKEN, "row 7"), ExitCode.CHAIN_BROKEN),
    ],
)
def test_expected_error_is_printed_unchanged_with_its_exit_status(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception, code: ExitCode
) -> None:
    ending_with(monkeypatch, error)
    assert cli.invoke(["end"]) == code
    assert capsys.readouterr().err == f"Error: {error}\n"


def test_internal_error_is_one_line_with_its_location(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ending_with(monkeypatch, KeyError("two\nlines"))
    assert cli.invoke(["end"]) == ExitCode.FAILED
    stdout = capsys.readouterr().err
    assert stdout.startswith("Error: internal error: KeyError: ")
    assert "(test_cli_help.py:" in stdout
    assert stdout.endswith("run again with --debug to see the traceback\n")
    assert stdout.count("\n") == 1


def test_internal_error_of_a_task_group_is_printed_by_its_own_type(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    inner = ExceptionGroup("unhandled errors in a TaskGroup", [KeyError("lost")])
    ending_with(monkeypatch, ExceptionGroup("unhandled errors in a TaskGroup", [inner]))
    assert cli.invoke(["end"]) == ExitCode.FAILED
    assert capsys.readouterr().err.startswith("Error: internal error: KeyError: 'lost'")


def test_internal_error_with_debug_prints_the_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ending_with(monkeypatch, RuntimeError())
    assert cli.invoke(["--debug", "end"]) == ExitCode.FAILED
    stdout = capsys.readouterr().err
    assert stdout.startswith("Traceback")
    assert "Error: internal error: RuntimeError (test_cli_help.py:" in stdout


def test_ctrl_c_exits_with_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    ending_with(monkeypatch, KeyboardInterrupt())
    assert cli.invoke(["end"]) == ExitCode.INTERRUPTED


def test_exit_status_of_a_command_is_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(cli.cli.commands, "end", click.Command("end", callback=lambda: ExitCode.CHAIN_BROKEN))
    assert cli.invoke(["end"]) == ExitCode.CHAIN_BROKEN
