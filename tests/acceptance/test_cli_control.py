"""`halt`, `resume`, `flatten`, `resolve` and `status` where no sidecar runs, or none that can be asked."""

import http.server
import io
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from bridge.cli import owner
from bridge.core.units.mt5_terms import DealEntry, MarginMode
from bridge.exits import ExitCode
from bridge.journal.database import file
from bridge.sidecar import control_file
from bridge.sidecar.control_file import ControlFile
from tests.acceptance.person import Person, unknown
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

TOKEN = "0f" * 32


# Halt, resume, flatten


def test_a_halt_stands_until_a_resume(person: Person) -> None:
    assert person.run("halt", "--why", "news") == ExitCode.OK
    assert f"{OFFICER}: opens are halted for all symbols since" in person.said
    assert person.said.count("(news).") == 2
    assert person.halts() == [(OFFICER, "", "news"), (OTHER, "", "news")]
    assert person.run("resume", "--officer", OTHER) == ExitCode.OK
    assert person.halts() == [(OFFICER, "", "news")]
    assert person.run("resume") == ExitCode.OK
    assert f"{OFFICER}: the halt for all symbols since" in person.said
    assert person.run("resume") == ExitCode.OK
    assert person.said == "Nothing was halted.\n"
    assert person.halts() == []


def test_a_halt_of_one_symbol(person: Person) -> None:
    assert person.run("halt", "--officer", OFFICER, "--symbol", "EURUSD") == ExitCode.OK
    assert person.halts() == [(OFFICER, "EURUSD", "")]
    assert person.run("resume", "--symbol", "GBPUSD") == ExitCode.OK
    assert person.halts() == [(OFFICER, "EURUSD", "")]
    assert person.run("resume", "--symbol", "EURUSD") == ExitCode.OK
    assert person.halts() == []


def test_a_flatten_halts_and_says_when_it_goes_out(person: Person) -> None:
    assert person.run("flatten", "--officer", OFFICER, "--why", "off", "--yes") == ExitCode.OK
    assert f"{OFFICER}: to be closed and cancelled by directive operator:flatten:" in person.said
    assert f"opens are halted until 'execution-officer resume --officer {OFFICER}'" in person.said
    assert "No sidecar runs: the closes are sent after the next" in person.said
    assert person.halts() == [(OFFICER, "", "flatten: off")]


@pytest.mark.parametrize("answer", ["n\n", ""])
def test_a_flatten_asks_first(person: Person, monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))
    assert person.run("flatten") == ExitCode.INTERRUPTED
    assert f"of {OFFICER}, {OTHER}?" in person.said
    assert person.halts() == []


@pytest.mark.parametrize("command", ["halt", "resume", "flatten"])
def test_an_officer_that_is_not_configured(person: Person, command: str) -> None:
    options = ["--yes"] if command == "flatten" else []
    assert person.run(command, "--officer", "nobody", *options) == ExitCode.FAILED
    assert f'unknown officer "nobody"; the configuration has: {OFFICER}, {OTHER}' in person.complained


def test_words_that_are_too_long(person: Person) -> None:
    assert person.run("halt", "--why", "x" * 501) == ExitCode.USAGE
    assert "why" in person.complained
    assert person.halts() == []


@pytest.mark.parametrize("command", [("halt",), ("flatten", "--yes"), ("status",)])
def test_without_a_journal(without_journal: Person, command: tuple[str, ...]) -> None:
    assert without_journal.run(*command) == ExitCode.JOURNAL_MISSING
    assert not without_journal.journal.exists()


# Who cannot be asked


def leave_control_file(person: Person, port: int) -> Path:
    """What a sidecar leaves that is killed."""
    path = control_file.control_path(person.journal)
    control_file.write(
        path,
        ControlFile(port=port, token=TOKEN, pid=1, started_at="2026-01-05T10:00:00.000Z"),
    )
    return path


def test_the_control_file_of_a_sidecar_that_was_killed(person: Person) -> None:
    leave_control_file(person, free_port())
    assert person.run("halt", "--why", "news") == ExitCode.OK
    code, report = person.status()
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
        """It does not talk."""


class StrangerWithClientOrderIds(Stranger):
    """One that has tokens of its own."""

    status = 401
    body = b'{"detail": "who are you?"}'


@pytest.mark.parametrize("stranger", [Stranger, StrangerWithClientOrderIds])
def test_somebody_else_on_the_port_of_a_sidecar_that_was_killed(
    person: Person, stranger: type[http.server.BaseHTTPRequestHandler]
) -> None:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), stranger) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            leave_control_file(person, server.server_port)
            assert person.run("halt", "--why", "news") == ExitCode.OK
            code, report = person.status()
        finally:
            server.shutdown()
            thread.join()
    assert code == ExitCode.NOT_RUNNING
    assert "is not the sidecar that wrote the control file" in report["no_sidecar"]
    assert len(report["journal"]["halts"]) == 2


@contextmanager
def one_who_hangs_up(person: Person) -> Iterator[None]:
    """A sidecar that takes each request and dies of it."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while not over.is_set():
                connection, _ = server.accept()
                with connection:
                    connection.recv(65_536)

        thread = threading.Thread(target=serve)
        thread.start()
        leave_control_file(person, server.getsockname()[1])
        try:
            yield
        finally:
            over.set()
            # It waits for one more.
            socket.create_connection(server.getsockname()).close()
            thread.join()


def test_a_sidecar_that_does_not_answer_may_have_done_it(person: Person) -> None:
    with one_who_hangs_up(person):
        assert person.run("halt") == ExitCode.FAILED
        assert "the sidecar did not answer" in person.complained
        assert "and may have performed halt; 'execution-officer status' shows the state" in person.complained
        code, report = person.status()
    assert code == ExitCode.ATTENTION
    assert [each["code"] for each in report["required_actions"]] == ["NO_ANSWER"]
    # What may have been done is not done again by somebody else.
    assert report["journal"]["halts"] == []


def test_a_journal_whose_owner_cannot_be_asked(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(owner, "LOCK_S", 0.0)
    with file.locked(person.journal):
        assert person.run("halt") == ExitCode.JOURNAL_LOCKED
    assert "cannot be asked: there is no control file at" in person.complained
    assert "nothing was done" in person.complained


def test_an_owner_that_lets_go_in_time(person: Person) -> None:
    codes: list[int] = []
    waiting = threading.Thread(target=lambda: codes.append(person.run("halt")))
    with file.locked(person.journal):
        waiting.start()
    waiting.join()
    assert codes == [ExitCode.OK]


# Resolve


def test_what_is_unknown_is_shown_with_the_line_that_ends_it(without_journal: Person) -> None:
    person = without_journal
    with person.desk() as desk:
        client_order_id = unknown(desk)
    assert person.run("status") == ExitCode.ATTENTION
    assert f"look in the account's history for the magic {client_order_id}, then:" in person.said
    config = person.folder / "bridge.toml"
    resolve = f'execution-officer resolve --config "{config}"'
    line = f'{resolve} --officer {OFFICER} --as WHAT --note "HOW YOU KNOW" dir-1'
    assert line in person.said
    # Copied as it is it decides nothing.
    assert person.run("resolve", "--as", "WHAT", "--note", "x", "dir-1") == ExitCode.USAGE
    assert person.run("resolve", "--as", "cancelled", "--note", "seen", "dir-1") == ExitCode.OK
    assert person.said == f"{OFFICER}: command {client_order_id} of dir-1 was UNKNOWN, is CANCELLED.\n"
    code, report = person.status()
    assert (code, report["required_actions"]) == (ExitCode.NOT_RUNNING, [])


def test_how_it_was_filled(without_journal: Person) -> None:
    person = without_journal
    with person.desk() as desk:
        unknown(desk)
    words = ("--as", "filled", "--note", "seen", "--price", "1.1005", "--quantity", "0.2")
    assert person.run("resolve", "dir-1", *words) == ExitCode.OK
    with file.open_reader(person.journal) as connection:
        (body,) = connection.execute("SELECT body FROM events WHERE event_type = 'ORDER_FILLED'").fetchone()
    emitted = json.loads(body)
    assert (emitted["fill_price"], emitted["fill_quantity"]) == (1.1005, 0.2)


def test_what_two_officers_have_is_named_by_the_officer(without_journal: Person) -> None:
    person = without_journal
    with person.desk() as desk:
        unknown(desk)
        desk.take(directive(), officer=OTHER)
    assert person.run("resolve", "dir-1", "--as", "rejected", "--note", "x") == ExitCode.FAILED
    assert (
        f'directive "dir-1" exists for several officers ({OFFICER}, {OTHER}); name one' in person.complained
    )
    assert (
        person.run("resolve", "dir-1", "--as", "rejected", "--note", "x", "--officer", OFFICER) == ExitCode.OK
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
def test_what_cannot_be_resolved(
    without_journal: Person, words: tuple[str, ...], code: ExitCode, says: str
) -> None:
    person = without_journal
    with person.desk() as desk:
        desk.join()
        [command] = desk.sent(directive())
        desk.report(deal(command.order))
    assert person.run("resolve", *words) == code
    assert says in person.complained


# Status


def test_a_new_journal_needs_nobody(person: Person) -> None:
    assert person.run("status") == ExitCode.NOT_RUNNING
    assert person.said.startswith("No sidecar runs: there is no control file at")
    assert "No other action required" in person.said
    assert OFFICER in person.said and OTHER in person.said


def test_positions_and_what_the_director_refused_are_shown(without_journal: Person) -> None:
    person = without_journal
    with person.desk() as desk:
        desk.join()
        [command] = desk.sent(directive())
        desk.report(deal(command.order))
        [event] = desk.due(1)
        desk.journal.set_refused(event, "HTTP 422: \x1b[31mno", NOW)
    assert person.run("status") == ExitCode.ATTENTION
    assert "Open positions" in person.said
    assert "BUY 0.3 EURUSD" in person.said
    assert "the Director refused 1 event for good: HTTP 422" in person.said
    assert "\x1b[31m" not in person.said


def test_a_hold_needs_a_person(without_journal: Person) -> None:
    person = without_journal
    with person.desk() as desk:
        desk.join()
        desk.connection.execute(
            "UPDATE officers SET quarantine = 'an old ledger' WHERE officer = ?", (OFFICER,)
        )
    code, report = person.status()
    assert code == ExitCode.ATTENTION
    [required_action] = report["required_actions"]
    assert (required_action["officer"], required_action["code"], required_action["what"]) == (
        OFFICER,
        "QUARANTINED",
        "nothing is sent: an old ledger",
    )
    assert f"--officer {OFFICER} --why" in required_action["remedy"]


def test_a_halt_that_the_bridge_set_needs_a_person_and_a_persons_does_not(without_journal: Person) -> None:
    person = without_journal
    with person.desk() as desk:
        account = msgspec.structs.replace(ACCOUNT, margin_mode=MarginMode.RETAIL_NETTING)
        desk.join(account=account)
        [opened] = desk.sent(directive())
        desk.report(result(opened.order), deal(opened.order))
        [close] = desk.sent(closing())
        desk.report(
            leaving(opened.order),
            result(close.order),
            deal(close.order, DEAL + 200, entry=DealEntry.IN, position_id=POSITION + 1),
        )
        desk.journal.halt(OFFICER, NOW, symbol="GBPUSD", why="news")
    code, report = person.status()
    [required_action] = report["required_actions"]
    assert (code, required_action["officer"], required_action["code"]) == (
        ExitCode.ATTENTION,
        OFFICER,
        "HALTED",
    )
    assert required_action["what"].startswith("nothing is opened in EURUSD: deal ")
    assert required_action["remedy"].endswith(f"--officer {OFFICER} --symbol EURUSD")
    assert person.run("resume", "--officer", OFFICER, "--symbol", "EURUSD") == ExitCode.OK
    code, report = person.status()
    assert (code, report["required_actions"]) == (ExitCode.NOT_RUNNING, [])
    assert [each["symbol"] for each in report["journal"]["halts"]] == ["GBPUSD"]


def test_a_directive_id_is_quoted_for_the_shell(without_journal: Person) -> None:
    person = without_journal
    with person.desk() as desk:
        desk.join()
        [command] = desk.sent(directive("-x; rm *"))
        desk.later(30)
        desk.report(absent(command.order, request_no=101), absent(command.order, request_no=102))
    assert person.run("status") == ExitCode.ATTENTION
    assert "--note \"HOW YOU KNOW\" -- '-x; rm *'" in person.said
