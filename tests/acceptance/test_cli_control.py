"""`halt`, `resume`, `flatten`, `resolve` and `status` where no sidecar runs, or none that answers."""

import http.server
import io
import json
import os
import socket
import stat
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from bridge.cli import owner
from bridge.cli.this_user import this_user
from bridge.core.units.mt5_terms import DealEntry, MarginMode
from bridge.exits import ExitCode
from bridge.journal.database import file, lock
from bridge.sidecar import control_file, control_proof
from bridge.sidecar.control_file import ControlFile, ControlFileError
from bridge.status.command_lines import CommandLines
from tests.acceptance.command_line import CommandLine, unknown
from tests.integration.journal.bench import (
    ACCOUNT,
    NOW,
    OFFICER,
    OTHER,
    closing,
    directive,
)
from tests.integration.journal.reports import DEAL, POSITION, absent, deal, leaving, result
from tests.rig.ports import free_port

SECRET = "0f" * 32
PROMPT_S = 10.0
"""Time within which a command answers, whatever another program does."""


# Halt, resume, flatten


def test_audit_of_an_operator_command_has_the_user(command_line: CommandLine) -> None:
    assert command_line.run("halt", "--why", "news") == ExitCode.OK
    assert command_line.run("resume") == ExitCode.OK
    assert command_line.run("flatten", "--yes", "--officer", OFFICER) == ExitCode.OK
    with command_line.bench_of_existing() as bench:
        rows = bench.rows("SELECT subject, body FROM audit WHERE kind = 'operator' ORDER BY seq")
        assert bench.chain_break() == ""
    assert {subject for subject, _ in rows} == {"halt", "resume", "flatten"}
    assert {json.loads(body)["by"] for _, body in rows} == {this_user()}


def test_halt_lasts_until_resume(command_line: CommandLine) -> None:
    assert command_line.run("halt", "--why", "news") == ExitCode.OK
    assert f"{OFFICER}: opens are halted for all symbols since" in command_line.stdout
    assert command_line.stdout.count("(news).") == 2
    assert command_line.halts() == [(OFFICER, "", "news"), (OTHER, "", "news")]
    assert command_line.run("resume", "--officer", OTHER) == ExitCode.OK
    assert command_line.halts() == [(OFFICER, "", "news")]
    assert command_line.run("resume") == ExitCode.OK
    assert f"{OFFICER}: the halt for all symbols since" in command_line.stdout
    assert command_line.run("resume") == ExitCode.OK
    assert command_line.stdout == "Nothing was halted.\n"
    assert command_line.halts() == []


def test_halt_of_one_symbol_is_lifted_only_for_that_symbol(command_line: CommandLine) -> None:
    assert command_line.run("halt", "--officer", OFFICER, "--symbol", "EURUSD") == ExitCode.OK
    assert command_line.halts() == [(OFFICER, "EURUSD", "")]
    assert command_line.run("resume", "--symbol", "GBPUSD") == ExitCode.OK
    assert command_line.halts() == [(OFFICER, "EURUSD", "")]
    assert command_line.run("resume", "--symbol", "EURUSD") == ExitCode.OK
    assert command_line.halts() == []


def test_flatten_sets_a_halt_and_prints_when_closes_are_sent(command_line: CommandLine) -> None:
    assert command_line.run("flatten", "--officer", OFFICER, "--why", "off", "--yes") == ExitCode.OK
    assert f"{OFFICER}: to be closed and cancelled by directive operator:flatten:" in command_line.stdout
    resume = CommandLines(config=str(command_line.folder / "bridge.toml")).named("resume")
    assert f"opens are halted until '{resume} --officer {OFFICER}'" in command_line.stdout
    assert "No sidecar runs: the closes are sent after the next" in command_line.stdout
    assert command_line.halts() == [(OFFICER, "", "flatten: off")]


@pytest.mark.parametrize("answer", ["n\n", ""])
def test_flatten_without_confirmation_changes_nothing(
    command_line: CommandLine, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))
    assert command_line.run("flatten") == ExitCode.INTERRUPTED
    assert f"of {OFFICER}, {OTHER}?" in command_line.stdout
    assert ("nobody can be asked; give --yes" in command_line.stderr) is (answer == "")
    assert command_line.halts() == []


@pytest.mark.parametrize("command", ["halt", "resume", "flatten"])
def test_unconfigured_officer_is_refused(command_line: CommandLine, command: str) -> None:
    options = ["--yes"] if command == "flatten" else []
    assert command_line.run(command, "--officer", "nobody", *options) == ExitCode.FAILED
    assert f'unknown officer "nobody"; the configuration has: {OFFICER}, {OTHER}' in command_line.stderr


def test_too_long_reason_is_refused(command_line: CommandLine) -> None:
    assert command_line.run("halt", "--why", "x" * 501) == ExitCode.USAGE
    assert "why" in command_line.stderr
    assert command_line.halts() == []


@pytest.mark.parametrize("command", [("halt",), ("flatten", "--yes"), ("status",)])
def test_command_without_a_journal_is_refused_and_creates_none(
    without_journal: CommandLine, command: tuple[str, ...]
) -> None:
    assert without_journal.run(*command) == ExitCode.JOURNAL_MISSING
    assert not without_journal.journal.exists()


# Sidecars that cannot be asked


def leave_control_file(command_line: CommandLine, port: int) -> Path:
    """Leave the control file of a sidecar that was killed, and return its path."""
    path = control_file.control_path(command_line.journal)
    control_file.write(
        path,
        ControlFile(port=port, secret=SECRET, pid=1, started_at="2026-01-05T10:00:00.000Z"),
    )
    return path


def test_control_file_of_killed_sidecar_does_not_stop_a_halt(command_line: CommandLine) -> None:
    leave_control_file(command_line, free_port())
    assert command_line.run("halt", "--why", "news") == ExitCode.OK
    code, report = command_line.status()
    assert (code, report["running"]) == (ExitCode.NOT_RUNNING, False)
    assert "nothing answers on 127.0.0.1:" in report["no_sidecar"]
    assert len(report["journal"]["halts"]) == 2


class Stranger(http.server.BaseHTTPRequestHandler):
    """Another program on the port of a sidecar that was killed."""

    status = 200
    body = b"<html>hello</html>"

    def _answer(self) -> None:
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    do_GET = do_POST = _answer

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


class StrangerWithKeys(Stranger):
    """Another program that requires keys of its own."""

    status = 401
    body = b'{"detail": "who are you?"}'


@pytest.mark.parametrize("stranger", [Stranger, StrangerWithKeys])
def test_other_program_on_the_control_port_is_recognized(
    command_line: CommandLine, stranger: type[http.server.BaseHTTPRequestHandler]
) -> None:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), stranger) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            leave_control_file(command_line, server.server_port)
            assert command_line.run("halt", "--why", "news") == ExitCode.OK
            code, report = command_line.status()
        finally:
            server.shutdown()
            thread.join()
    assert code == ExitCode.NOT_RUNNING
    assert "is not the sidecar that wrote the control file" in report["no_sidecar"]
    assert len(report["journal"]["halts"]) == 2


class Silent(http.server.BaseHTTPRequestHandler):
    """A sidecar that answers challenges, and closes the connection at a request."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path != control_proof.CHALLENGE_PATH:
            self.close_connection = True
            return
        body = json.dumps({"nonce": control_proof.new_nonce()}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


@contextmanager
def sidecar_without_answers(command_line: CommandLine) -> Iterator[None]:
    """A sidecar that closes the connection after each request, without an answer."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Silent) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        leave_control_file(command_line, server.server_port)
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def test_unanswered_request_may_have_been_performed(command_line: CommandLine) -> None:
    with sidecar_without_answers(command_line):
        assert command_line.run("halt") == ExitCode.FAILED
        assert "the sidecar did not answer" in command_line.stderr
        assert (
            "and may have performed halt; 'execution-officer status' shows the state" in command_line.stderr
        )
        code, report = command_line.status()
    assert code == ExitCode.ATTENTION
    assert [each["code"] for each in report["required_actions"]] == ["NO_ANSWER"]
    # A request that may have been performed is not performed again by another process.
    assert report["journal"]["halts"] == []


@contextmanager
def silent_program(command_line: CommandLine) -> Iterator[None]:
    """A program that takes connections on the port of the control file, and does not answer."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        leave_control_file(command_line, server.getsockname()[1])
        yield


def test_hanging_sidecar_is_named_within_seconds_and_nothing_was_done(command_line: CommandLine) -> None:
    with silent_program(command_line), lock.locked(command_line.journal):
        began = time.monotonic()
        assert command_line.run("halt") == ExitCode.JOURNAL_LOCKED
        assert time.monotonic() - began < PROMPT_S
        assert "halt was not done" in command_line.stderr
        assert "takes connections and does not answer" in command_line.stderr
        code, report = command_line.status()
    assert (code, report["well"]) == (ExitCode.ATTENTION, False)
    [required_action] = report["required_actions"]
    assert required_action["code"] == "NO_ANSWER"
    assert "a process owns the journal" in required_action["what"]
    assert report["journal"]["halts"] == []


def test_silent_program_on_the_port_of_a_killed_sidecar_does_not_stop_a_halt(
    command_line: CommandLine,
) -> None:
    with silent_program(command_line):
        assert command_line.run("halt", "--why", "news") == ExitCode.OK
    assert command_line.halts() == [(OFFICER, "", "news"), (OTHER, "", "news")]


# Control files and lock files of other users


@pytest.fixture
def owned(command_line: CommandLine) -> CommandLine:
    """A control file whose owner and mode a test changes; its address answers with nothing."""
    leave_control_file(command_line, free_port())
    return command_line


def give_to_others(path: Path) -> None:
    """Give the file to another user, or let others write it where this process may not give it away."""
    if sys.platform == "win32":
        pytest.skip("file owners and modes have no effect on Windows")
    if os.geteuid() == 0:
        os.chown(path, 12_345, 12_345)
    else:
        path.chmod(0o666)


def test_planted_control_file_is_not_believed_and_halt_says_that_it_was_not_done(owned: CommandLine) -> None:
    """The planted file names an endpoint that would answer 'halted': whoever planted it knows its secret."""
    give_to_others(control_file.control_path(owned.journal))
    with lock.locked(owned.journal):
        began = time.monotonic()
        assert owned.run("halt") == ExitCode.JOURNAL_LOCKED
        assert time.monotonic() - began < PROMPT_S
        assert "halt was not done" in owned.stderr
        assert "is not believed" in owned.stderr
        code, report = owned.status()
        assert (code, report["required_actions"][0]["code"]) == (ExitCode.ATTENTION, "NO_ANSWER")
    # Where no process owns the journal the command takes it, and asks nobody.
    assert owned.run("halt", "--why", "news") == ExitCode.OK
    assert owned.halts() == [(OFFICER, "", "news"), (OTHER, "", "news")]


@pytest.mark.skipif(sys.platform == "win32", reason="file modes have no effect on Windows")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602])
def test_control_file_that_others_may_read_or_write_is_not_believed(owned: CommandLine, mode: int) -> None:
    path = control_file.control_path(owned.journal)
    path.chmod(mode)
    with pytest.raises(ControlFileError, match=f"its mode {mode:03o} lets others"):
        control_file.read(path)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such links and pipes for every user")
@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_control_file_that_is_no_regular_file_is_not_believed(command_line: CommandLine, kind: str) -> None:
    path = control_file.control_path(command_line.journal)
    match kind:
        case "link":
            path.symlink_to("elsewhere")
        case "pipe":
            # Named within the test: a Windows Python has no such function, and could not even collect the file.
            os.mkfifo(path)
        case _:
            path.mkdir()
    with pytest.raises(ControlFileError):
        control_file.read(path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away")
def test_lock_file_of_another_user_is_refused_and_that_of_root_is_given_to_the_journals_owner(
    command_line: CommandLine,
) -> None:
    beside = command_line.journal.with_name("journal.db.lock")
    os.chown(command_line.journal, 12_345, 12_345)
    assert command_line.run("halt") == ExitCode.OK
    found = beside.stat()
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (12_345, 12_345, 0o600)
    os.chown(command_line.journal, 0, 0)
    assert command_line.run("halt") == ExitCode.JOURNAL_LOCKED
    assert "halt was not done" in command_line.stderr
    assert f"the lock file {beside} belongs to user 12345" in command_line.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="file modes have no effect on Windows")
def test_lock_file_that_others_could_open_becomes_private(command_line: CommandLine) -> None:
    beside = command_line.journal.with_name("journal.db.lock")
    beside.touch()
    beside.chmod(0o644)
    assert command_line.run("halt") == ExitCode.OK
    assert stat.S_IMODE(beside.stat().st_mode) == 0o600


def test_locked_journal_without_control_file_is_refused(
    command_line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owner, "LOCK_S", 0.0)
    with lock.locked(command_line.journal):
        assert command_line.run("halt") == ExitCode.JOURNAL_LOCKED
    assert "cannot be asked: there is no control file at" in command_line.stderr
    assert "nothing was done" in command_line.stderr


def test_command_waits_for_a_journal_lock_that_is_released_in_time(command_line: CommandLine) -> None:
    codes: list[int] = []
    waiting = threading.Thread(target=lambda: codes.append(command_line.run("halt")))
    with lock.locked(command_line.journal):
        waiting.start()
    waiting.join()
    assert codes == [ExitCode.OK]


# Resolve


def test_status_prints_the_resolve_command_for_an_unknown_command(without_journal: CommandLine) -> None:
    command_line = without_journal
    with command_line.bench() as bench:
        client_order_id = unknown(bench)
    assert command_line.run("status") == ExitCode.ATTENTION
    assert f"look in the account's history for the magic {client_order_id}, then:" in command_line.stdout
    resolve = CommandLines(config=str(command_line.folder / "bridge.toml")).named("resolve")
    line = f'{resolve} --officer {OFFICER} --as WHAT --note "HOW YOU KNOW" dir-1'
    assert line in command_line.stdout
    # Copied unchanged, the command is refused.
    assert command_line.run("resolve", "--as", "WHAT", "--note", "x", "dir-1") == ExitCode.USAGE
    assert command_line.run("resolve", "--as", "cancelled", "--note", "seen", "dir-1") == ExitCode.OK
    assert (
        command_line.stdout == f"{OFFICER}: command {client_order_id} of dir-1 was UNKNOWN, is CANCELLED.\n"
    )
    code, report = command_line.status()
    assert (code, report["required_actions"]) == (ExitCode.NOT_RUNNING, [])


def test_resolve_as_filled_emits_price_and_quantity(without_journal: CommandLine) -> None:
    command_line = without_journal
    with command_line.bench() as bench:
        unknown(bench)
    words = ("--as", "filled", "--note", "seen", "--price", "1.1005", "--quantity", "0.2")
    assert command_line.run("resolve", "dir-1", *words) == ExitCode.OK
    with file.open_reader(command_line.journal) as connection:
        (body,) = connection.execute("SELECT body FROM events WHERE event_type = 'ORDER_FILLED'").fetchone()
    emitted = json.loads(body)
    assert (emitted["fill_price"], emitted["fill_quantity"]) == (1.1005, 0.2)


def test_directive_of_two_officers_needs_the_officer(without_journal: CommandLine) -> None:
    command_line = without_journal
    with command_line.bench() as bench:
        unknown(bench)
        bench.take(directive(), officer=OTHER)
    assert command_line.run("resolve", "dir-1", "--as", "rejected", "--note", "x") == ExitCode.FAILED
    assert (
        f'directive "dir-1" exists for several officers ({OFFICER}, {OTHER}); name one' in command_line.stderr
    )
    assert (
        command_line.run("resolve", "dir-1", "--as", "rejected", "--note", "x", "--officer", OFFICER)
        == ExitCode.OK
    )


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("none", "--as", "filled", "--note", "x"), ExitCode.FAILED, 'unknown directive "none"'),
        (("dir-1", "--as", "filled", "--note", "x"), ExitCode.FAILED, "is FILLED"),
        (("dir-1", "--as", "filled"), ExitCode.USAGE, "--note"),
        (("dir-1", "--note", "x"), ExitCode.USAGE, "--as"),
        (("dir-1", "--as", "filled", "--note", ""), ExitCode.USAGE, "note"),
        (("dir-1", "--as", "filled", "--note", "x", "--price", "0"), ExitCode.USAGE, "is not above 0"),
        (("dir-1", "--as", "filled", "--note", "x", "--quantity", "nan"), ExitCode.USAGE, "nan"),
    ],
)
def test_invalid_resolution_is_refused(
    without_journal: CommandLine, words: tuple[str, ...], code: ExitCode, says: str
) -> None:
    command_line = without_journal
    with command_line.bench() as bench:
        bench.join()
        [command] = bench.sent(directive())
        bench.report(deal(command.order))
    assert command_line.run("resolve", *words) == code
    assert says in command_line.stderr


# Status


def test_status_of_new_journal_lists_no_required_action(command_line: CommandLine) -> None:
    assert command_line.run("status") == ExitCode.NOT_RUNNING
    assert command_line.stdout.startswith("No sidecar runs: there is no control file at")
    assert "No other action required" in command_line.stdout
    assert OFFICER in command_line.stdout and OTHER in command_line.stdout


def test_status_shows_positions_and_refused_events(without_journal: CommandLine) -> None:
    command_line = without_journal
    with command_line.bench() as bench:
        bench.join()
        [command] = bench.sent(directive())
        bench.report(deal(command.order))
        [event] = bench.due(1)
        bench.journal.set_refused(event, "HTTP 422: \x1b[31mno", NOW)
    assert command_line.run("status") == ExitCode.ATTENTION
    assert "Open positions" in command_line.stdout
    assert "BUY 0.3 EURUSD" in command_line.stdout
    assert "the Director refused 1 event for good: HTTP 422" in command_line.stdout
    assert "\x1b[31m" not in command_line.stdout


def test_status_of_quarantined_officer_requires_action(without_journal: CommandLine) -> None:
    command_line = without_journal
    with command_line.bench() as bench:
        bench.join()
        bench.connection.execute(
            "UPDATE officers SET quarantine = 'an old ledger' WHERE officer = ?", (OFFICER,)
        )
    code, report = command_line.status()
    assert code == ExitCode.ATTENTION
    [required_action] = report["required_actions"]
    assert (required_action["officer"], required_action["code"], required_action["what"]) == (
        OFFICER,
        "QUARANTINED",
        "nothing is sent: an old ledger",
    )
    assert f"--officer {OFFICER} --why" in required_action["remedy"]


def test_status_requires_action_for_a_halt_of_the_bridge_not_of_an_operator(
    without_journal: CommandLine,
) -> None:
    command_line = without_journal
    with command_line.bench() as bench:
        account = msgspec.structs.replace(ACCOUNT, margin_mode=MarginMode.RETAIL_NETTING)
        bench.join(account=account)
        [opened] = bench.sent(directive())
        bench.report(result(opened.order), deal(opened.order))
        [close] = bench.sent(closing())
        bench.report(
            leaving(opened.order),
            result(close.order),
            deal(close.order, DEAL + 200, entry=DealEntry.IN, position_id=POSITION + 1),
        )
        bench.journal.halt(OFFICER, NOW, symbol="GBPUSD", why="news")
    code, report = command_line.status()
    [required_action] = report["required_actions"]
    assert (code, required_action["officer"], required_action["code"]) == (
        ExitCode.ATTENTION,
        OFFICER,
        "HALTED",
    )
    assert required_action["what"].startswith("nothing is opened in EURUSD: deal ")
    assert required_action["remedy"].endswith(f"--officer {OFFICER} --symbol EURUSD")
    assert command_line.run("resume", "--officer", OFFICER, "--symbol", "EURUSD") == ExitCode.OK
    code, report = command_line.status()
    assert (code, report["required_actions"]) == (ExitCode.NOT_RUNNING, [])
    assert [each["symbol"] for each in report["journal"]["halts"]] == ["GBPUSD"]


def test_directive_id_is_quoted_for_the_shell(without_journal: CommandLine) -> None:
    command_line = without_journal
    with command_line.bench() as bench:
        bench.join()
        [command] = bench.sent(directive("-x; rm *"))
        bench.later(30)
        bench.report(absent(command.order, request_no=101), absent(command.order, request_no=102))
    assert command_line.run("status") == ExitCode.ATTENTION
    shown = CommandLines().argument("-x; rm *")
    assert shown != "-- -x; rm *"
    assert f'--note "HOW YOU KNOW" {shown}' in command_line.stdout
