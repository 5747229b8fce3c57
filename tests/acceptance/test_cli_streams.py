"""Output on a stream whose encoding lacks some letters: it is escaped, and the command's exit status stands."""

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from bridge.exits import ExitCode
from tests.acceptance import commands
from tests.acceptance.command_line import CommandLine
from tests.integration.journal.bench import NOW, OFFICER, directive

WHY = "новости 新闻 é"


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
    """Run a command whose standard streams are in a Windows code page."""
    return subprocess.run(
        [sys.executable, "-m", "bridge", words[0], "--config", str(folder / "bridge.toml"), *words[1:]],
        env=commands.environment(PYTHONUTF8="0", PYTHONIOENCODING="cp1252"),
        capture_output=True,
    )


@pytest.mark.parametrize("words", [("halt",), ("flatten", "--yes")], ids=" ".join)
def test_stop_with_a_reason_in_other_letters_succeeds_and_is_stored(
    command_line: CommandLine, words: tuple[str, ...]
) -> None:
    done = run(command_line.folder, *words, "--why", WHY)
    assert (done.returncode, done.stderr) == (ExitCode.OK, b"")
    assert {why.removeprefix("flatten: ") for _, _, why in command_line.halts()} == {WHY}


def test_halt_prints_its_reason_escaped(command_line: CommandLine) -> None:
    done = run(command_line.folder, "halt", "--why", WHY)
    assert (
        rb"(\u043d\u043e\u0432\u043e\u0441\u0442\u0438 \u65b0\u95fb " + "é).".encode("cp1252") in done.stdout
    )


def test_status_with_texts_in_other_letters_keeps_its_exit_status(without_journal: CommandLine) -> None:
    with without_journal.bench() as bench:
        bench.join()
        bench.take(directive("d-新"))
        for event in bench.due(1):
            bench.journal.set_refused(event, "отказано", NOW)
        bench.journal.halt(OFFICER, NOW, symbol="", why=WHY)
    done = run(without_journal.folder, "status")
    assert (done.returncode, done.stderr) == (ExitCode.ATTENTION, b"")
    assert rb"\u043e\u0442\u043a\u0430\u0437\u0430\u043d\u043e" in done.stdout


@pytest.mark.parametrize(
    ("words", "status"), [(("status",), ExitCode.NOT_RUNNING), (("setup",), ExitCode.OK)]
)
def test_command_without_standard_streams_does_its_work(
    command_line: CommandLine, words: tuple[str, ...], status: ExitCode
) -> None:
    """So it is in a service, and under pythonw.exe."""
    code = "import sys; sys.stdin = sys.stdout = sys.stderr = None; from bridge.cli import main; main()"
    config = str(command_line.folder / "bridge.toml")
    done = subprocess.run(
        [sys.executable, "-c", code, words[0], "--config", config, *words[1:]],
        env=commands.environment(),
        capture_output=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (status, b"", b"")


@pytest.mark.parametrize("encoding", ["cp437", "cp850", "cp1251"])
def test_tables_and_texts_fit_each_code_page(without_journal: CommandLine, encoding: str) -> None:
    with without_journal.bench() as bench:
        bench.join()
        bench.take(directive("d-新"))
    for words in (("status",), ("journal", "list")):
        done = subprocess.run(
            [sys.executable, "-m", "bridge", *words],
            cwd=without_journal.folder,
            env=commands.environment(PYTHONUTF8="0", PYTHONIOENCODING=encoding),
            capture_output=True,
        )
        assert done.stderr == b""
        assert OFFICER in done.stdout.decode(encoding)


def test_error_with_other_letters_keeps_its_exit_status(command_line: CommandLine) -> None:
    done = run(command_line.folder, "halt", "--officer", "новый")
    assert done.returncode == ExitCode.FAILED
    assert rb'unknown officer "\u043d\u043e\u0432\u044b\u0439"' in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo terminal for the tests")
def test_watch_shows_one_screen_until_ctrl_c(command_line: CommandLine) -> None:
    from tests.acceptance.pseudo_terminal import PseudoTerminal

    with closing(PseudoTerminal(["status", "--watch"], command_line.folder)) as terminal:
        terminal.expect("UTC   Ctrl-C ends this")
        terminal.expect("No sidecar runs")
        terminal.expect("eo-001")
        assert terminal.interrupt() == ExitCode.OK
        # The screen that was there before is shown again.
        assert "\x1b[?1049l" in terminal.output


def test_watch_without_a_terminal_is_refused(command_line: CommandLine) -> None:
    assert command_line.run("status", "--watch") == ExitCode.USAGE
    assert (
        "--watch needs a terminal, and stdout is none; leave it out, or give --json." in command_line.stderr
    )
    assert command_line.run("status", "--watch", "--json") == ExitCode.USAGE
    assert "exclude each other" in command_line.stderr
