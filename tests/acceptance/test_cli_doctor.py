"""`doctor` while no sidecar runs: many things broken at once, and each alone that hides others."""

import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from bridge.cli.setup import set_up
from bridge.config import load
from bridge.core.director.contract import API_KEY_HEADER
from bridge.exits import ExitCode
from bridge.journal.database import backup_note
from bridge.journal.database.backup_note import BackupNote
from tests.acceptance.command_line import CommandLine, unknown
from tests.acceptance.commands import run, run_anew
from tests.integration.journal.bench import OFFICER, OTHER

KEY = "the-key-of-the-test"
KEY_VARIABLE = "DOCTOR_API_KEY"
Finding = dict[str, Any]
PAGE = Path(__file__).parents[2] / "docs" / "doctor.md"
OPERATION = PAGE.with_name("operation.md")
SHOWN_FOLDER = "~/officer"
"""Folder that the page shows in the place of the test's."""
VARYING = re.compile(
    r"\d{4}-\d\d-\d\d( \d\d:\d\d)?|\d+ d \d+ h|\d+ s ago|\d+ s behind|in \d+ ms|[\d.]+ [GM]iB|(?<=:)\d{4,5}\b"
)
"""Moments, durations, sizes and ports."""

posix_only = pytest.mark.skipif(os.name != "posix", reason="file modes say nothing on Windows")


class FakeDirector:
    """Director that answers every poll with an empty listing, at a time of its own."""

    def __init__(self, *, status: int, ahead: timedelta, certificate: Path | None) -> None:
        self.polls: list[str] = []
        polls = self.polls

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                polls.append(self.path)
                accepted = self.headers[API_KEY_HEADER] == KEY
                body = b'{"directives": []}'
                self.send_response(status if accepted else 401)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def date_time_string(self, timestamp: float | None = None) -> str:
                return format_datetime(datetime.now(UTC) + ahead, usegmt=True)

            def log_message(self, format: str, *_: object) -> None:
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        scheme = "http"
        if certificate is not None:
            scheme = "https"
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"{scheme}://localhost:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def director(
    *, status: int = 200, ahead: timedelta = timedelta(0), certificate: Path | None = None
) -> Iterator[FakeDirector]:
    with closing(FakeDirector(status=status, ahead=ahead, certificate=certificate)) as made:
        yield made


def certificate_of(folder: Path, days: int) -> Path:
    """Make a certificate of localhost that is valid for so many days from now; with its key in one file."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate")
    whole = folder / f"director-{days}.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
    ]
    command += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", str(days)]
    command += ["-keyout", str(whole), "-out", str(folder / "certificate.pem")]
    subprocess.run(command, check=True, capture_output=True)
    whole.write_text(whole.read_text() + (folder / "certificate.pem").read_text())
    return whole


def configure(folder: Path, url: str, *, port: int = 0, more: str = "") -> None:
    """Write a configuration with two officers; port 0 leaves the link's address as it is by default."""
    endpoint = f'[link]\nendpoint = "tcp://127.0.0.1:{port}"\n' if port else ""
    (folder / "bridge.toml").write_text(
        f'[director]\nurl = "{url}"\napi_key_env = "{KEY_VARIABLE}"\n{endpoint}{more}'
        f'[[officers]]\nid = "{OFFICER}"\norder_id_prefix = 171\n'
        f'[[officers]]\nid = "{OTHER}"\norder_id_prefix = 172\n'
    )


def doctor(folder: Path, **variables: str) -> tuple[int, list[Finding]]:
    """Return exit status and findings."""
    # Where the certificates are is read at the import of ssl's users.
    start = run_anew if "SSL_CERT_FILE" in variables else run
    done = start("doctor", "--json", cwd=folder, **{KEY_VARIABLE: KEY, **variables})
    assert done.stderr == ""
    report = json.loads(done.stdout)
    assert report["exit_status"] == done.returncode
    return done.returncode, report["findings"]


def masked(text: str) -> list[str]:
    """Return the lines of an output without what differs from run to run."""
    return [VARYING.sub("...", line) for line in text.splitlines()]


def of(findings: list[Finding], check: str, officer: str = "") -> Finding:
    [finding] = [each for each in findings if (each["check"], each["officer"]) == (check, officer)]
    return finding


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture
def installed(command_line: CommandLine) -> CommandLine:
    """A command line whose journal and keys are there, and whose configuration a test writes."""
    set_up(load(command_line.folder / "bridge.toml"))
    return command_line


@posix_only
def test_eleven_broken_things_are_found_at_once_each_with_its_remedy(without_journal: CommandLine) -> None:
    folder = without_journal.folder
    with without_journal.bench() as bench:
        unknown(bench)
    set_up(load(folder / "bridge.toml"))
    certificate = certificate_of(folder, days=10)
    with (
        director(ahead=timedelta(hours=2), certificate=certificate) as made,
        socket.create_server(("127.0.0.1", 0)) as link,
        socket.create_server(("127.0.0.1", 0)) as control,
    ):
        ports = [int(each.getsockname()[1]) for each in (link, control)]
        configure(folder, made.url, port=ports[0], more=f"[control]\nport = {ports[1]}\n")
        assert without_journal.run("halt", "--officer", OTHER, "--why", "news") == ExitCode.OK
        (folder / f"{OFFICER}.linkkey").chmod(0o644)
        (folder / f"{OTHER}.linkkey").unlink()
        backup_note.write(
            folder / "journal.db",
            BackupNote(file="old.db", bytes=1, at=datetime.now(UTC) - timedelta(days=30)),
        )
        variables = {"SSL_CERT_FILE": str(folder / "certificate.pem")}
        code, findings = doctor(folder, **variables)
        printed = run_anew("doctor", cwd=folder, **{KEY_VARIABLE: KEY, **variables})
    assert (code, printed.returncode) == (ExitCode.ATTENTION, ExitCode.ATTENTION)
    broken = {
        ("link key", OFFICER, "wrong"): "chmod 600",
        ("link key", OTHER, "wrong"): "execution-officer setup",
        ("certificate", "", "warning"): "certificate renewed",
        ("clock", "", "wrong"): "set the clock that is wrong",
        ("backup", "", "warning"): "execution-officer journal backup FILE",
        ("sidecar", "", "warning"): "start it: execution-officer run",
        ("link port", "", "wrong"): "stop what listens there, or set another [link] endpoint",
        ("control port", "", "wrong"): "stop what listens there, or set another [control] port",
        ("undelivered events", OFFICER, "warning"): "start the sidecar, which delivers them",
        ("outcomes", OFFICER, "wrong"): "execution-officer resolve --officer eo-001 --as WHAT",
        ("halts", OTHER, "warning"): "execution-officer resume --officer eo-002",
    }
    seen = {(each["check"], each["officer"], each["level"]): each for each in findings}
    for key, remedy in broken.items():
        assert remedy in seen[key]["remedy"], key
    others = {key for key in seen.keys() - broken.keys() if key[2] != "ok"}
    assert all(seen[key]["no_sidecar"] for key in others), others
    assert (
        "7200 s behind" in of(findings, "clock")["value"] or "7199 s behind" in of(findings, "clock")["value"]
    )
    assert of(findings, "API key")["level"] == of(findings, "Director")["level"] == "ok"
    # The page shows a run of this very test.
    shown = re.search(r"```\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert shown is not None
    assert masked(printed.stdout.replace(str(folder), SHOWN_FOLDER)) == masked(shown[1])
    example = OPERATION.read_text(encoding="utf-8").partition("with eleven things broken):\n\n")[2]
    lines = [line[4:] for line in example.partition("\n\n")[0].splitlines()]
    assert len(lines) == 5 and set(masked("\n".join(lines))) <= set(masked(shown[1]))


def test_whole_installation_without_a_sidecar_has_its_own_exit_status(installed: CommandLine) -> None:
    with director() as made:
        configure(installed.folder, made.url, port=free_port())
        code, findings = doctor(installed.folder)
    assert code == ExitCode.NOT_RUNNING, [each for each in findings if each["level"] != "ok"]
    assert of(findings, "listing", OTHER)["value"] == "0 pending directives"
    assert of(findings, "certificate")["value"] == "none: plain http to this machine"
    assert [path.partition("officer=")[2] for path in made.polls] == [OFFICER, OTHER]


def test_refused_key_is_wrong_and_the_director_is_not(installed: CommandLine) -> None:
    with director() as made:
        configure(installed.folder, made.url, port=free_port())
        code, findings = doctor(installed.folder, **{KEY_VARIABLE: "another"})
    assert code == ExitCode.ATTENTION
    assert of(findings, "API key")["level"] == "wrong"
    assert KEY_VARIABLE in of(findings, "API key")["remedy"]
    assert of(findings, "Director")["value"].endswith("answered with status 401")
    assert len(made.polls) == 1
    assert "another" not in json.dumps(findings).replace("another clock", "")


def test_director_without_route_is_wrong_and_what_it_would_show_unknown(installed: CommandLine) -> None:
    configure(installed.folder, f"http://127.0.0.1:{free_port()}", port=free_port())
    _, findings = doctor(installed.folder)
    assert of(findings, "Director")["level"] == "wrong"
    assert "check that the Director runs" in of(findings, "Director")["remedy"]
    for check in ("API key", "clock"):
        assert of(findings, check)["level"] == "warning"
        assert of(findings, check)["value"].startswith("not known")


def test_certificate_that_nobody_signed_is_wrong(installed: CommandLine) -> None:
    with director(certificate=certificate_of(installed.folder, days=90)) as made:
        configure(installed.folder, made.url, port=free_port())
        _, findings = doctor(installed.folder)
    assert of(findings, "certificate")["level"] == "wrong"
    assert "not valid: self-signed certificate" in of(findings, "certificate")["value"].replace(
        "self signed", "self-signed"
    )
    assert of(findings, "Director")["level"] == "wrong"


@posix_only
def test_api_key_file_that_others_can_read_is_wrong_and_not_sent(installed: CommandLine) -> None:
    key = installed.folder / "director.key"
    key.write_text(KEY)
    key.chmod(0o644)
    with director() as made:
        configure(installed.folder, made.url, port=free_port())
        text = (installed.folder / "bridge.toml").read_text()
        (installed.folder / "bridge.toml").write_text(
            text.replace(f'api_key_env = "{KEY_VARIABLE}"', 'api_key_file = "director.key"')
        )
        _, findings = doctor(installed.folder)
    assert "chmod 600" in of(findings, "API key")["remedy"]
    assert made.polls == []


def test_missing_journal_is_wrong_and_nothing_of_it_ok(installed: CommandLine) -> None:
    for path in installed.folder.glob("journal.db*"):
        path.unlink()
    before = sorted(path.name for path in installed.folder.iterdir())
    with director() as made:
        configure(installed.folder, made.url, port=free_port())
        code, findings = doctor(installed.folder)
    assert code == ExitCode.ATTENTION
    assert of(findings, "journal")["level"] == "wrong"
    assert "restore it first" in of(findings, "journal")["remedy"]
    for check in ("journal rights", "backup", "outcomes", "quarantine", "halts"):
        assert of(findings, check)["value"].startswith("not known")
    assert sorted(path.name for path in installed.folder.iterdir()) == before


def test_file_that_is_no_journal_is_wrong_and_left_as_it_is(installed: CommandLine) -> None:
    (installed.folder / "journal.db").write_bytes(b"x" * 5000)
    with director() as made:
        configure(installed.folder, made.url, port=free_port())
        code, findings = doctor(installed.folder)
    assert (code, of(findings, "journal")["level"]) == (ExitCode.ATTENTION, "wrong")
    assert "restore it from a backup" in of(findings, "journal")["remedy"]
    assert (installed.folder / "journal.db").read_bytes() == b"x" * 5000


def test_refused_configuration_is_shown_with_each_remedy_and_all_else_is_unknown(tmp_path: Path) -> None:
    configure(tmp_path, "ftp://x", more="[journal]\npath = 3\n")
    code, findings = doctor(tmp_path)
    assert code == ExitCode.ATTENTION
    assert [(each["check"], each["level"]) for each in findings] == [
        ("configuration", "wrong"),
        ("all else", "warning"),
    ]
    assert "journal.path = 3" in findings[0]["value"]


def test_backup_is_known_afterwards(installed: CommandLine) -> None:
    assert installed.run("journal", "backup", str(installed.folder / "copy.db")) == ExitCode.OK
    with director() as made:
        configure(installed.folder, made.url, port=free_port())
        _, findings = doctor(installed.folder)
    assert of(findings, "backup")["level"] == "ok"
    assert "copy.db" in of(findings, "backup")["value"]


def test_text_is_one_line_for_each_check_with_the_remedy_beneath(installed: CommandLine) -> None:
    with director() as made:
        configure(installed.folder, made.url, port=free_port())
        done = run("doctor", cwd=installed.folder, **{KEY_VARIABLE: KEY})
    lines = done.stdout.splitlines()
    assert f"ok       API key: of the environment variable {KEY_VARIABLE}, accepted by the Director" in lines
    assert "         -> start it: execution-officer run, or execution-officer service start" in lines
    assert lines[-1].endswith("0 wrong.")
