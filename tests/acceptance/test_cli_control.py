"""The stop words, `resolve`, `retry`, `dismiss` and `status` where no sidecar runs, or none that can be asked."""

import http.server
import io
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from bridge import cli
from bridge.cli import owner
from bridge.exits import ExitCode
from bridge.journal import database
from bridge.sidecar import controlfile
from bridge.sidecar.controlfile import ControlFile
from tests.integration.journal.desk import NOW, OFFICER, OTHER, Desk, directive, settings
from tests.integration.journal.facts import absent, deal
from tests.rig.ports import free_port

TOKEN = "0f" * 32


class Person:
    """Somebody at a command line, in the folder of a journal that no sidecar owns."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.journal = folder / "journal.db"
        self._capsys = capsys
        (folder / "bridge.toml").write_text(
            '[director]\nurl = "http://127.0.0.1:1"\napi_key_env = "KEY"\n'
            f'[[officers]]\nid = "{OFFICER}"\n[[officers]]\nid = "{OTHER}"\n'
        )
        self.said = ""
        self.complained = ""

    @contextmanager
    def desk(self) -> Iterator[Desk]:
        """The journal with a history, while nobody else has it."""
        with closing(Desk(self.journal, settings())) as made:
            yield made

    def run(self, *arguments: str) -> int:
        """One command; its exit status. What it said is kept."""
        code = cli.invoke([arguments[0], "--config", str(self.folder / "bridge.toml"), *arguments[1:]])
        self.heard()
        return code

    def heard(self) -> str:
        """What was said since."""
        self.said, self.complained = self._capsys.readouterr()
        return self.said

    def status(self) -> tuple[int, dict[str, Any]]:
        code = self.run("status", "--json")
        report = json.loads(self.said)
        assert isinstance(report, dict)
        return code, report

    def halts(self) -> list[tuple[str, str, str]]:
        """(officer, symbol, why) of each halt that stands."""
        return [
            (each["officer"], each["symbol"], each["why"]) for each in self.status()[1]["journal"]["halts"]
        ]


@pytest.fixture
def person(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Person:
    made = Person(tmp_path, capsys)
    database.create(made.journal)
    return made


@pytest.fixture
def without_journal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Person:
    return Person(tmp_path, capsys)


# Halt, resume, flatten


def test_a_halt_stands_until_a_resume(person: Person) -> None:
    assert person.run("halt", "--why", "news") == ExitCode.OK
    assert f"{OFFICER}: opens are halted for everything since" in person.said
    assert person.said.count("(news).") == 2
    assert person.halts() == [(OFFICER, "", "news"), (OTHER, "", "news")]
    assert person.run("resume", "--officer", OTHER) == ExitCode.OK
    assert person.halts() == [(OFFICER, "", "news")]
    assert person.run("resume") == ExitCode.OK
    assert f"{OFFICER}: the halt of everything since" in person.said
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
    assert f"opens are halted until 'mt5-bridge resume --officer {OFFICER}'" in person.said
    assert "No sidecar runs: the closes go out when it runs next" in person.said
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
    assert f"there is no officer 'nobody'; the configuration has: {OFFICER}, {OTHER}" in person.complained


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
    path = controlfile.control_path(person.journal)
    controlfile.write(path, ControlFile(port=port, token=TOKEN, pid=1, started_at="2026-01-05T10:00:00.000Z"))
    return path


def test_the_control_file_of_a_sidecar_that_was_killed(person: Person) -> None:
    leave_control_file(person, free_port())
    assert person.run("halt", "--why", "news") == ExitCode.OK
    code, report = person.status()
    assert (code, report["running"]) == (ExitCode.NOT_RUNNING, False)
    assert "nobody answers on 127.0.0.1:" in report["no_sidecar"]
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


class StrangerWithTokens(Stranger):
    """One that has tokens of its own."""

    status = 401
    body = b'{"detail": "who are you?"}'


@pytest.mark.parametrize("stranger", [Stranger, StrangerWithTokens])
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
        assert "It may have done it: 'mt5-bridge status' shows what stands" in person.complained
        code, report = person.status()
    assert code == ExitCode.ATTENTION
    assert [each["code"] for each in report["concerns"]] == ["NO_ANSWER"]
    # What may have been done is not done again by somebody else.
    assert report["journal"]["halts"] == []


def test_a_journal_whose_owner_cannot_be_asked(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(owner, "LOCK_S", 0.0)
    with database.locked(person.journal):
        assert person.run("halt") == ExitCode.JOURNAL_LOCKED
    assert "cannot be asked: there is no control file at" in person.complained
    assert "Nothing was done" in person.complained


def test_an_owner_that_lets_go_in_time(person: Person) -> None:
    codes: list[int] = []
    waiting = threading.Thread(target=lambda: codes.append(person.run("halt")))
    with database.locked(person.journal):
        waiting.start()
    waiting.join()
    assert codes == [ExitCode.OK]


# Resolve


def unknown(desk: Desk) -> int:
    """An opening order of which nothing is known; its token."""
    desk.join()
    [command] = desk.sent(directive())
    desk.later(30)
    desk.report(absent(command.order, ask=101), absent(command.order, ask=102))
    return command.order.token


def test_what_is_unknown_is_shown_with_the_line_that_ends_it(without_journal: Person) -> None:
    person = without_journal
    with person.desk() as desk:
        token = unknown(desk)
    assert person.run("status") == ExitCode.ATTENTION
    assert f"look in the account's history for the magic {token}, then:" in person.said
    config = person.folder / "bridge.toml"
    line = f'mt5-bridge resolve --config "{config}" --officer {OFFICER} --as WHAT --note "HOW YOU KNOW" dir-1'
    assert line in person.said
    # Copied as it is it decides nothing.
    assert person.run("resolve", "--as", "WHAT", "--note", "x", "dir-1") == ExitCode.USAGE
    assert person.run("resolve", "--as", "cancelled", "--note", "seen", "dir-1") == ExitCode.OK
    assert person.said == f"{OFFICER}: command {token} of dir-1 was UNKNOWN, is CANCELLED.\n"
    code, report = person.status()
    assert (code, report["concerns"]) == (ExitCode.NOT_RUNNING, [])


def test_how_it_was_filled(without_journal: Person) -> None:
    person = without_journal
    with person.desk() as desk:
        unknown(desk)
    words = ("--as", "filled", "--note", "seen", "--price", "1.1005", "--quantity", "0.2")
    assert person.run("resolve", "dir-1", *words) == ExitCode.OK
    with database.open_reader(person.journal) as connection:
        (body,) = connection.execute("SELECT body FROM events WHERE event_type = 'ORDER_FILLED'").fetchone()
    told = json.loads(body)
    assert (told["fill_price"], told["fill_quantity"]) == (1.1005, 0.2)


def test_what_two_officers_have_is_named_by_the_officer(without_journal: Person) -> None:
    person = without_journal
    with person.desk() as desk:
        unknown(desk)
        desk.take(directive(), officer=OTHER)
    assert person.run("resolve", "dir-1", "--as", "rejected", "--note", "x") == ExitCode.FAILED
    assert f"the officers {OFFICER}, {OTHER} have a directive 'dir-1' each: name one" in person.complained
    assert (
        person.run("resolve", "dir-1", "--as", "rejected", "--note", "x", "--officer", OFFICER) == ExitCode.OK
    )


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("none", "--as", "filled", "--note", "x"), ExitCode.FAILED, "the journal has no directive 'none'"),
        (("dir-1", "--as", "filled", "--note", "x"), ExitCode.FAILED, "is FILLED"),
        (("dir-1", "--as", "filled"), ExitCode.USAGE, "--note"),
        (("dir-1", "--note", "x"), ExitCode.USAGE, "--as"),
        (("dir-1", "--as", "filled", "--note", ""), ExitCode.USAGE, "note"),
        (("dir-1", "--as", "filled", "--note", "x", "--price", "0"), ExitCode.USAGE, "must be above 0"),
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


# Retry, dismiss


@pytest.fixture
def refused(without_journal: Person) -> Person:
    """Somebody whose Director has refused the first events of dir-1 and dir-2, and one of no directive."""
    with without_journal.desk() as desk:
        desk.take(directive("dir-1"), directive("dir-2"), "1")
        for event in desk.due():
            desk.journal.set_aside(event, "HTTP 422: no", NOW)
    return without_journal


def undelivered(person: Person) -> list[tuple[str | None, str]]:
    """(directive, state) of each event that the Director has not taken, or that was dismissed."""
    code = cli.invoke(["journal", "--path", str(person.journal), "undelivered", "--json"])
    assert code == ExitCode.OK
    return [(each["directive_id"], each["state"]) for each in json.loads(person.heard())]


def refusals(person: Person) -> list[str]:
    """What `status` says of refused events."""
    return [each["what"] for each in person.status()[1]["concerns"] if each["code"] == "REFUSED_EVENTS"]


def test_refused_events_are_shown_with_the_lines_that_end_it(refused: Person) -> None:
    assert refusals(refused) == ["the Director refused 3 events for good: HTTP 422: no"]
    assert refused.run("status") == ExitCode.ATTENTION
    config = refused.folder / "bridge.toml"
    for line in (
        f'mt5-bridge journal --config "{config}" undelivered',
        f'mt5-bridge retry --config "{config}" --officer {OFFICER}',
        f'mt5-bridge dismiss --config "{config}" --officer {OFFICER} --note "WHY" --all',
    ):
        assert line in refused.said


def test_one_directives_events_are_retried(refused: Person) -> None:
    assert refused.run("retry", "dir-2") == ExitCode.OK
    assert refused.said == (
        f"{OFFICER}: dir-2: DIRECTIVE_RECEIVED: offered once more.\n"
        "No sidecar runs: they go out when it runs next ('mt5-bridge run').\n"
    )
    assert undelivered(refused) == [("dir-1", "refused"), ("dir-2", "queued"), (None, "refused")]
    assert refusals(refused) == ["the Director refused 2 events for good: HTTP 422: no"]


def test_all_refused_events_are_retried_but_those_that_were_dismissed(refused: Person) -> None:
    assert refused.run("dismiss", "--officer", OFFICER, "--note", "known", "dir-1") == ExitCode.OK
    assert refused.said == f"{OFFICER}: dir-1: DIRECTIVE_RECEIVED: dismissed.\n"
    assert refused.run("retry") == ExitCode.OK
    assert f"{OFFICER}: of no directive: ORDER_REJECTED: offered once more." in refused.said
    assert undelivered(refused) == [("dir-1", "refused"), ("dir-2", "queued"), (None, "queued")]
    assert refusals(refused) == []
    assert refused.run("retry") == ExitCode.OK
    assert refused.said == "No event waits to be retried.\n"
    # By its name it goes out all the same.
    assert refused.run("retry", "dir-1") == ExitCode.OK
    assert undelivered(refused) == [("dir-1", "queued"), ("dir-2", "queued"), (None, "queued")]


def test_all_refused_events_are_dismissed(refused: Person) -> None:
    assert refused.run("dismiss", "--all", "--note", "known") == ExitCode.OK
    assert refused.said.count("dismissed.") == 3
    assert (refused.status()[0], refusals(refused)) == (ExitCode.NOT_RUNNING, [])
    assert refused.run("dismiss", "--all", "--note", "known") == ExitCode.OK
    assert refused.said == "No event waits to be dismissed.\n"


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("retry", "none"), ExitCode.FAILED, "the Director has refused no event of 'none'"),
        (("retry", "dir-1", "none", "other"), ExitCode.FAILED, "no event of 'none', 'other'"),
        (("retry", "--officer", OTHER, "dir-1"), ExitCode.FAILED, "no event of 'dir-1'"),
        (("retry", "--officer", "nobody"), ExitCode.FAILED, "there is no officer 'nobody'"),
        (("dismiss", "--note", "x"), ExitCode.USAGE, "name directives, or give --all"),
        (("dismiss", "--note", "x", "--all", "dir-1"), ExitCode.USAGE, "name directives, or give --all"),
        (("dismiss", "dir-1"), ExitCode.USAGE, "--note"),
        (("dismiss", "dir-1", "--note", ""), ExitCode.USAGE, "note"),
        (
            ("dismiss", "none", "--note", "x"),
            ExitCode.FAILED,
            "no event that was not dismissed yet of 'none'",
        ),
    ],
)
def test_what_cannot_be_retried_or_dismissed(
    refused: Person, words: tuple[str, ...], code: ExitCode, says: str
) -> None:
    assert refused.run(*words) == code
    assert says in refused.complained
    assert refusals(refused) == ["the Director refused 3 events for good: HTTP 422: no"]


# Status


def test_a_new_journal_needs_nobody(person: Person) -> None:
    assert person.run("status") == ExitCode.NOT_RUNNING
    assert person.said.startswith("No sidecar runs: there is no control file at")
    assert "Nothing else is amiss" in person.said
    assert OFFICER in person.said and OTHER in person.said


def test_positions_and_what_the_director_refused_are_shown(without_journal: Person) -> None:
    person = without_journal
    with person.desk() as desk:
        desk.join()
        [command] = desk.sent(directive())
        desk.report(deal(command.order))
        [event] = desk.due(1)
        desk.journal.set_aside(event, "HTTP 422: \x1b[31mno", NOW)
    assert person.run("status") == ExitCode.ATTENTION
    assert "Open positions" in person.said
    assert "BUY 0.3 EURUSD" in person.said
    assert "the Director refused 1 event for good: HTTP 422" in person.said
    assert "\x1b[31m" not in person.said


def test_a_hold_needs_a_person(without_journal: Person) -> None:
    person = without_journal
    with person.desk() as desk:
        desk.join()
        desk.connection.execute("UPDATE officers SET hold = 'an old ledger' WHERE officer = ?", (OFFICER,))
    code, report = person.status()
    assert code == ExitCode.ATTENTION
    [concern] = report["concerns"]
    assert (concern["officer"], concern["code"], concern["what"]) == (
        OFFICER,
        "HELD",
        "nothing is sent: an old ledger",
    )
    assert f"--officer {OFFICER} --why" in concern["remedy"]


def test_a_directive_id_is_quoted_for_the_shell(without_journal: Person) -> None:
    person = without_journal
    with person.desk() as desk:
        desk.join()
        [command] = desk.sent(directive("-x; rm *"))
        desk.later(30)
        desk.report(absent(command.order, ask=101), absent(command.order, ask=102))
    assert person.run("status") == ExitCode.ATTENTION
    assert "--note \"HOW YOU KNOW\" -- '-x; rm *'" in person.said
