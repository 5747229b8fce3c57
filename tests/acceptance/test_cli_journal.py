"""The commands of `journal` as an operator uses them."""

import json
from pathlib import Path
from typing import Any

import pytest

from bridge.exits import ExitCode
from tests.acceptance.command_line import CommandLine
from tests.acceptance.commands import run
from tests.integration.journal.bench import OFFICER, OTHER, directive


@pytest.fixture
def listed(command_line: CommandLine) -> CommandLine:
    """A journal with directives of two hours, two symbols and two officers."""
    with command_line.bench_of_existing() as bench:
        bench.take(directive("dir-old", symbol="GBPUSD", price=1.25))
        bench.later(7_200)
        bench.take(directive("dir-new"), directive("dir-bad", quantity=-1))
        bench.take(directive("dir-other"), officer=OTHER)
    return command_line


def rows(command_line: CommandLine, *options: str) -> list[dict[str, Any]]:
    assert command_line.run("journal", "list", "--json", *options) == ExitCode.OK
    found: list[dict[str, Any]] = json.loads(command_line.stdout)
    return found


def ids(command_line: CommandLine, *options: str) -> list[str]:
    return [row["directive_id"] for row in rows(command_line, *options)]


def test_list_has_quantity_price_and_error_of_each_directive(listed: CommandLine) -> None:
    assert listed.run("journal", "list") == ExitCode.OK
    title, heads, old, *_, bad, _ = listed.stdout.splitlines()
    assert title == "4 directives"
    assert heads.split() == ["place", "received", "(UTC)", "officer", "directive", "what", "state",
                             "undelivered", "error"]  # fmt: skip
    assert "OPEN_LONG 0.3 GBPUSD at 1.25" in old
    assert "REJECTED" in bad and "quantity -1 must be greater than 0" in bad


def test_list_of_one_officer_names_it_once(listed: CommandLine) -> None:
    assert listed.run("journal", "list", "--officer", OTHER) == ExitCode.OK
    assert listed.stdout.count(OTHER) == 1


def test_list_of_a_symbol_and_of_a_period(listed: CommandLine) -> None:
    assert ids(listed, "--symbol", "GBPUSD") == ["dir-old"]
    [received, *_] = [row["received_at"] for row in rows(listed) if row["directive_id"] == "dir-new"]
    assert ids(listed, "--since", received) == ["dir-new", "dir-bad", "dir-other"]
    assert ids(listed, "--since", received, "--officer", OFFICER, "--limit", "1") == ["dir-bad"]
    assert ids(listed, "--since", "2999-01-01") == []


def test_period_is_given_once(listed: CommandLine) -> None:
    assert listed.run("journal", "list", "--since", "2026-01-01", "--last", "2h") == ExitCode.USAGE
    assert "--since and --last exclude each other" in listed.stderr


def test_steps_of_a_directive_are_shown_whole(listed: CommandLine) -> None:
    assert listed.run("journal", "show", "dir-bad") == ExitCode.OK
    assert "error_message quantity -1 must be greater than 0" in listed.stdout
    assert "null" not in listed.stdout
    # An invalid one has no time of issue, and its outcome is not delivered yet.
    assert "Who had it when" not in listed.stdout


def test_text_of_the_director_cannot_pass_for_further_fields(command_line: CommandLine) -> None:
    with command_line.bench_of_existing() as bench:
        bench.take(directive("dir-1", signal_id="x, state FILLED"))
    assert command_line.run("journal", "show", "dir-1") == ExitCode.OK
    assert "Who had it when, until the Director had its outcome" in command_line.stdout
    assert "Director  2026-01-05 10:00:00.000  0 ms  #......................." in command_line.stdout
    assert 'signal_id "x, state FILLED"' in command_line.stdout


@pytest.mark.parametrize(
    "words",
    [
        ("--path", "{}", "list"),
        ("list", "--path", "{}"),
        ("--path", "elsewhere.db", "list", "--path", "{}"),
        ("--config", "elsewhere.toml", "list", "--path", "{}"),
    ],
)
def test_journal_is_named_before_or_behind_the_subcommand(
    listed: CommandLine, words: tuple[str, ...]
) -> None:
    named = [word.format(listed.journal) for word in words]
    assert listed.run_plain("journal", *named, "--json") == ExitCode.OK
    assert len(json.loads(listed.stdout)) == 4


def test_journal_is_named_once(listed: CommandLine) -> None:
    both = ("--config", "bridge.toml", "--path", str(listed.journal))
    assert listed.run_plain("journal", "list", *both) == ExitCode.USAGE
    assert "--config and --path exclude each other" in listed.stderr


@pytest.mark.parametrize(
    "name", ["list", "show", "undelivered", "export", "report", "verify", "backup", "restore"]
)
def test_help_of_a_subcommand_needs_no_configuration(tmp_path: Path, name: str) -> None:
    done = run("journal", name, "--help", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (ExitCode.OK, "")
    assert "--path FILE" in done.stdout


def test_no_character_that_controls_a_terminal_is_printed(listed: CommandLine) -> None:
    with listed.bench_of_existing() as bench:
        bench.connection.execute('CREATE VIEW "mine\x1b[31m" AS SELECT 1')
    assert listed.run("journal", "verify") == ExitCode.OK
    assert "left alone: view mine\ufffd[31m." in listed.stdout
    assert listed.run("journal", "show", "\x9b31m\u202e") == ExitCode.FAILED
    assert 'unknown directive "\ufffd31m\ufffd"' in listed.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("journal", "list"),
        ("journal", "show", "{}"),
        ("journal", "undelivered"),
        ("journal", "report"),
        ("status",),
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_id_of_a_director_controls_no_terminal(command_line: CommandLine, words: tuple[str, ...]) -> None:
    hostile = "dir\x1b[31m\n\u202e\x9b"
    with command_line.bench_of_existing() as bench:
        bench.take(directive(hostile, signal_id=hostile, quantity=-1))
    command_line.run(*(word.format(hostile) for word in words))
    shown = command_line.stdout + command_line.stderr
    assert words[-1] in ("report", "status") or "dir\ufffd[31m" in shown
    assert not {"\x1b", "\u202e", "\x9b"} & set(shown)
