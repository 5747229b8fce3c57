"""The control endpoint: access, operator commands, and the sidecar's status."""

import asyncio
import json
import os
import socket
import stat
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bridge.address import EndpointError
from bridge.core.link.messages import Bye, Command, LedgerIdentity
from bridge.journal.tables import halts
from bridge.sandbox.behaviour import Behaviour, Endpoint, Fault
from bridge.sidecar import control_file
from bridge.sidecar.control import MAX_BODY_BYTES
from bridge.sidecar.control_file import ControlFile, ControlFileError
from bridge.sidecar.control_socket import ControlSocket

from .clock import TIMEOUT_S
from .controlled import FLATTEN, Controlled, controlled
from .harness import OFFICER, Harness, Sandbox, eventually
from .terminal import ACCOUNT, Terminal

NOW = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)


@pytest.fixture
async def sidecar(harness: Harness, director: Sandbox, tmp_path: Path) -> AsyncIterator[Controlled]:
    async with controlled(harness, director, tmp_path) as made:
        yield made


def halted(harness: Harness) -> str:
    return halts.reason(harness.connection, OFFICER, ["EURUSD"])


# The control file


async def test_control_file_exists_while_serving_and_is_private(sidecar: Controlled) -> None:
    content = await sidecar.file()
    assert (content.port, content.pid) == (sidecar.port, os.getpid())
    assert sidecar.path.name == "journal.db.control"
    if os.name == "posix":
        assert stat.S_IMODE(sidecar.path.stat().st_mode) == 0o600
    assert [each.name for each in sidecar.path.parent.glob("*.control*")] == ["journal.db.control"]
    await sidecar.stopped()
    assert not sidecar.path.exists()


async def test_start_replaces_the_control_file_of_a_killed_sidecar_with_a_new_secret(
    harness: Harness, director: Sandbox, tmp_path: Path
) -> None:
    left = ControlFile(port=1, secret="0" * 64, pid=1, started_at="then")
    control_file.write(tmp_path / "journal.db.control", left)
    async with controlled(harness, director, tmp_path) as sidecar:
        await eventually(lambda: control_file.read(sidecar.path) != left)
        content = await sidecar.file()
        assert content.secret != left.secret
        assert (await sidecar.status())["pid"] == content.pid


def test_invalid_control_file_reads_as_none(tmp_path: Path) -> None:
    path = tmp_path / "journal.db.control"
    assert control_file.read(path) is None
    whole = {"port": 5000, "secret": "0" * 64, "pid": 1, "started_at": "now"}
    for wrong in (
        "",
        "{",
        "[]",
        json.dumps(whole | {"port": 0}),
        json.dumps(whole | {"secret": "short"}),
    ):
        path.write_text(wrong)
        path.chmod(0o600)
        assert control_file.read(path) is None
    path.write_text(json.dumps(whole))
    assert control_file.read(path) == ControlFile(port=5000, secret="0" * 64, pid=1, started_at="now")


@pytest.mark.skipif(os.name != "posix", reason="Windows allows longer names")
def test_control_file_that_cannot_be_replaced_is_written_in_place(tmp_path: Path) -> None:
    # The name of the new file beside it would be too long.
    path = tmp_path / ("x" * (255 - len(control_file.SUFFIX)) + control_file.SUFFIX)
    long = ControlFile(port=50_000, secret="0" * 64, pid=123_456, started_at="2026-01-05T10:00:00.000Z")
    short = ControlFile(port=1, secret="1" * 64, pid=1, started_at="now")
    with pytest.raises(
        ControlFileError, match="cannot be written: File name too long; without it no command"
    ):
        control_file.write(path, long)
    assert not path.exists()
    path.touch(0o600)
    for content in (long, short):
        control_file.write(path, content)
        assert control_file.read(path) == content
    path.chmod(0o644)
    with pytest.raises(ControlFileError):
        control_file.write(path, long)


def test_control_socket_without_room_for_its_file_is_refused_and_unbound(tmp_path: Path) -> None:
    (tmp_path / "journal.db.control").mkdir()
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(ControlFileError, match="cannot be written"):
        ControlSocket(tmp_path / "journal.db", port, now=NOW)
    socket.create_server(("127.0.0.1", port)).close()
    assert [each.name for each in tmp_path.iterdir()] == ["journal.db.control"]


def test_control_file_of_another_sidecar_is_not_removed(tmp_path: Path) -> None:
    path = tmp_path / "journal.db.control"
    ours = ControlFile(port=1, secret="0" * 64, pid=1, started_at="now")
    control_file.write(path, ControlFile(port=2, secret="1" * 64, pid=2, started_at="later"))
    control_file.remove(path, ours)
    assert path.exists()


def test_control_secret_is_hidden_in_text_forms() -> None:
    assert "0" * 64 not in repr(ControlFile(port=1, secret="0" * 64, pid=1, started_at="now"))


def test_control_file_is_beside_the_target_of_a_journal_symlink(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    journal = tmp_path / "real" / "journal.db"
    journal.touch()
    if os.name == "posix":
        (tmp_path / "link.db").symlink_to(journal)
        assert control_file.control_path(tmp_path / "link.db") == control_file.control_path(journal)


def test_used_control_port_is_refused(tmp_path: Path) -> None:
    taken = ControlSocket(tmp_path / "journal.db", 0, now=NOW)
    try:
        with pytest.raises(EndpointError, match=rf"127\.0\.0\.1:{taken.port} is in use; .*\[control\] port"):
            ControlSocket(tmp_path / "journal.db", taken.port, now=NOW)
    finally:
        taken.close()


# Access


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Authorization": None}, 401, "PROOF"),
        ({"Authorization": "Bearer " + "0" * 64}, 401, "PROOF"),
        ({"Authorization": "Bearer \udcff"}, 401, "PROOF"),
        ({"Authorization": " ".join(["EO-HMAC", *["0" * 64] * 3])}, 401, "PROOF"),
        ({"Host": "localhost"}, 403, "HOST"),
        ({"Host": "evil.example"}, 403, "HOST"),
        ({"Origin": "http://127.0.0.1"}, 403, "HOST"),
        ({"Content-Type": "text/plain"}, 415, "BODY"),
    ],
)
async def test_request_without_proof_or_right_host_is_refused(
    harness: Harness, sidecar: Controlled, headers: Mapping[str, str | None], status: int, code: str
) -> None:
    answer = await sidecar.ask(
        "POST", "/v1/halt", data=b"{}", headers={"Content-Type": "application/json"} | dict(headers)
    )
    assert (answer[0], answer[1]["error"]) == (status, code)
    assert halted(harness) == ""


@pytest.mark.parametrize(
    ("method", "path", "data", "status", "code"),
    [
        ("GET", "/v1/halt", None, 405, "METHOD"),
        ("POST", "/v1/status", b"{}", 405, "METHOD"),
        ("GET", "/", None, 404, "NOT_FOUND"),
        ("POST", "/v1/halt", b"", 400, "BODY"),
        ("POST", "/v1/halt", b"{", 400, "BODY"),
        ("POST", "/v1/halt", b'{"reason": "no such field"}', 400, "BODY"),
        ("POST", "/v1/halt", b'{"why": "' + b"x" * 501 + b'"}', 400, "BODY"),
        ("POST", "/v1/halt", b" " * (MAX_BODY_BYTES + 1), 413, "BODY"),
        ("POST", "/v1/halt", b'{"officer": "nobody"}', 409, "REFUSED"),
        ("POST", "/v1/flatten", b"{}", 400, "BODY"),
        ("POST", "/v1/flatten", b'{"nonce": "%"}', 400, "BODY"),
        ("POST", "/v1/resolve", b'{"directive_id": "d", "verdict": "lost", "note": "n"}', 400, "BODY"),
        ("POST", "/v1/resolve", b'{"directive_id": "d", "verdict": "filled", "note": ""}', 400, "BODY"),
        ("POST", "/v1/resolve", b'{"directive_id": "d", "verdict": "filled", "note": "n"}', 409, "REFUSED"),
        ("POST", "/v1/retry", b'{"officer": "nobody"}', 409, "REFUSED"),
        ("POST", "/v1/retry", b'{"directives": ["d"]}', 409, "REFUSED"),
        ("POST", "/v1/retry", b'{"directives": [""]}', 400, "BODY"),
        ("POST", "/v1/rebind", b'{"why": "x"}', 400, "BODY"),
        ("POST", "/v1/rebind", b'{"officer": "officer-1", "why": ""}', 400, "BODY"),
        ("POST", "/v1/rebind", b'{"officer": "nobody", "why": "x"}', 409, "REFUSED"),
        ("POST", "/v1/dismiss", b"{}", 400, "BODY"),
        ("POST", "/v1/dismiss", b'{"note": ""}', 400, "BODY"),
        ("POST", "/v1/dismiss", b'{"note": "n", "directives": ["d"]}', 409, "REFUSED"),
    ],
)
async def test_invalid_request_is_refused_and_not_audited(
    harness: Harness, sidecar: Controlled, method: str, path: str, data: bytes | None, status: int, code: str
) -> None:
    answer = await sidecar.ask(method, path, data=data, headers={"Content-Type": "application/json"})
    assert (answer[0], answer[1]["error"]) == (status, code), answer
    assert answer[1]["message"]
    assert harness.rows("SELECT kind FROM audit") == []


@pytest.mark.parametrize(
    ("path", "data", "says"),
    [
        ("/v1/pause", b"{}", 'unknown path "/v1/pause"; supported: /v1/status, /v1/halt, /v1/resume, '),
        (
            "/v1/resolve",
            b'{"directive_id": "d", "verdict": "lost", "note": "n"}',
            "verdict (cancelled|filled|rejected)",
        ),
        ("/v1/halt", b'{"reason": "x"}', "supported fields: by, officer, symbol, why"),
    ],
)
async def test_unknown_word_is_refused_with_the_supported_ones(
    sidecar: Controlled, path: str, data: bytes, says: str
) -> None:
    headers = {"Content-Type": "application/json"}
    _, answer = await sidecar.ask("POST", path, data=data, headers=headers)
    assert says in answer["message"]


# Operator commands


async def test_halt_and_resume_are_stored_audited_and_logged(harness: Harness, sidecar: Controlled) -> None:
    answer = await sidecar.post("/v1/halt", {"why": "news", "officer": OFFICER})
    assert [(each["officer"], each["symbol"], each["why"]) for each in answer["halts"]] == [
        (OFFICER, "", "news")
    ]
    assert halted(harness) == "news"
    answer = await sidecar.post("/v1/resume", {})
    assert [each["why"] for each in answer["halts"]] == ["news"]
    assert halted(harness) == ""
    assert harness.rows("SELECT kind, subject FROM audit") == [("operator", "halt"), ("operator", "resume")]
    records = [each for each in harness.records if each["code"] == "operator_command"]
    assert [each["command"] for each in records] == ["halt", "resume"]


async def test_flatten_sets_a_halt_and_adds_a_directive(harness: Harness, sidecar: Controlled) -> None:
    [done] = (await sidecar.post("/v1/flatten", {**FLATTEN, "why": "off"}))["flattens"]
    assert done["directive_id"].startswith("operator:flatten:")
    assert halted(harness) == "flatten: off"
    assert harness.rows("SELECT directive_id, origin FROM directives") == [(done["directive_id"], "operator")]


async def refused_for_good(harness: Harness, *directive_ids: str) -> None:
    """Journal the directives, the first event of each refused by the Director for good."""
    await harness.take(*(harness.directive(directive_id, quantity=-1) for directive_id in directive_ids))
    for event in await harness.queued():
        harness.journal.set_refused(event, "422: no", harness.clock.now())


async def test_retried_event_is_posted(harness: Harness, director: Sandbox, tmp_path: Path) -> None:
    await refused_for_good(harness, "dir-1", "dir-2")
    async with controlled(harness, director, tmp_path) as sidecar:
        await eventually(lambda: director.emitted("dir-1") == director.emitted("dir-2") == ["ORDER_REJECTED"])
        answer = await sidecar.post("/v1/retry", {"directives": ["dir-1"]})
        assert [(each["directive_id"], each["event_type"]) for each in answer["events"]] == [
            ("dir-1", "DIRECTIVE_RECEIVED")
        ]
        # Later events of dir-1 were accepted before it.
        await eventually(lambda: director.emitted("dir-1") == ["ORDER_REJECTED", "DIRECTIVE_RECEIVED"])
    assert director.emitted("dir-2") == ["ORDER_REJECTED"]


async def test_dismissed_events_are_not_retried_with_the_others(
    harness: Harness, director: Sandbox, tmp_path: Path
) -> None:
    await refused_for_good(harness, "dir-1", "dir-2")
    async with controlled(harness, director, tmp_path) as sidecar:
        answer = await sidecar.post("/v1/dismiss", {"note": "known", "directives": ["dir-2"]})
        assert [each["directive_id"] for each in answer["events"]] == ["dir-2"]
        status, answer = await sidecar.ask(
            "POST", "/v1/dismiss", {"note": "known", "directives": ["dir-1", "dir-2"]}
        )
        assert (status, answer["error"]) == (409, "REFUSED")
        assert '"dir-2"' in answer["message"] and '"dir-1"' not in answer["message"]
        assert [
            each["directive_id"] for each in (await sidecar.post("/v1/dismiss", {"note": "n"}))["events"]
        ] == ["dir-1"]
        # A dismissed event is not among the events that can be retried.
        assert (await sidecar.post("/v1/retry", {}))["events"] == []


async def test_rebind_ends_the_session_and_binds_the_next_ledger(
    harness: Harness, sidecar: Controlled
) -> None:
    other = LedgerIdentity(id="2e" * 16, mark=0)
    async with Terminal(sidecar.endpoint, harness.clock) as terminal:
        await terminal.join()
        await terminal.join(ledger=other)
        [(quarantine,)] = harness.rows("SELECT quarantine FROM officers")
        assert "another ledger" in quarantine
        answer = await sidecar.post("/v1/rebind", {"officer": OFFICER, "why": "looked"})
        assert (answer["quarantine"], answer["account"]) == (quarantine, "")
        assert (await terminal.receive(Bye)).reason == "operator command rebind"
        assert harness.rows("SELECT ledger_id FROM officers") == [(None,)]
        await terminal.join(ledger=other)
    assert harness.rows("SELECT quarantine, ledger_id FROM officers") == [("", other.id)]


async def test_rebind_with_account_binds_the_new_account(harness: Harness, sidecar: Controlled) -> None:
    async with Terminal(sidecar.endpoint, harness.clock) as terminal:
        await terminal.join()
        answer = await sidecar.post("/v1/rebind", {"officer": OFFICER, "why": "moved", "account": True})
        assert answer["account"] == "501 at Broker-Demo"
        await terminal.receive(Bye)
        await terminal.join(account=msgspec.structs.replace(ACCOUNT, login=502))
    assert harness.rows("SELECT login FROM officers") == [(502,)]


async def test_refused_rebind_keeps_the_session(harness: Harness, sidecar: Controlled) -> None:
    await harness.take(harness.directive("dir-1"))
    async with Terminal(sidecar.endpoint, harness.clock) as terminal:
        await terminal.join()
        await terminal.heartbeat()
        # The scan comes last, since it opens the gate for the directive; no time passes in this test.
        await terminal.scan()
        await terminal.receive(Command)
        status, answer = await sidecar.ask(
            "POST", "/v1/rebind", {"officer": OFFICER, "why": "moved", "account": True}
        )
        assert (status, answer["error"]) == (409, "REFUSED")
        assert "dir-1" in answer["message"]
        [officer] = (await sidecar.status())["officers"]
        assert officer["session"]["epoch"] == terminal.epoch
    assert harness.rows("SELECT count(*) FROM audit WHERE kind = 'operator'") == [(0,)]


async def test_rebind_without_a_session_is_audited(harness: Harness, sidecar: Controlled) -> None:
    answer = await sidecar.post("/v1/rebind", {"officer": OFFICER, "why": "looked"})
    assert answer == {"quarantine": "", "ledger_id": "", "account": "", "renamed": ""}
    assert harness.rows("SELECT kind, subject FROM audit") == [("operator", "rebind")]


# Status


async def until(sidecar: Controlled, reached: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    """Poll the status until the condition holds, and return it."""
    async with asyncio.timeout(TIMEOUT_S):
        while True:
            answer = await sidecar.status()
            if reached(answer):
                return answer


async def test_status_without_a_terminal_shows_no_session(sidecar: Controlled) -> None:
    answer = await sidecar.status()
    [officer] = answer["officers"]
    assert (officer["officer"], officer["session"]) == (OFFICER, None)
    assert officer["blocked"] == "the terminal is not connected"
    assert (answer["opens_paused"], answer["journal_trouble"], answer["delivery"]["circuit_open"]) == (
        [],
        "",
        False,
    )
    assert answer["pid"] == os.getpid()


async def test_status_shows_session_and_last_heartbeat(harness: Harness, sidecar: Controlled) -> None:
    async with Terminal(sidecar.endpoint, harness.clock) as terminal:
        await terminal.join(poll_interval_s=7)
        await terminal.scan()
        await terminal.heartbeat(trade_allowed=False)
        answer = await until(
            sidecar,
            lambda all_: (found := all_["officers"][0]["session"]) and found["heartbeat"] and found["ready"],
        )
    [officer] = answer["officers"]
    assert officer["blocked"] == "trading is not allowed in the terminal"
    assert officer["poll_interval_s"] == 7
    session = officer["session"]
    assert (session["epoch"], session["alive"], session["reports_waiting"]) == (terminal.epoch, True, 0)
    assert session["heartbeat"]["broker_connected"] is True
    assert session["heartbeat"]["equity"] == "1000"


async def test_status_shows_last_poll(sidecar: Controlled) -> None:
    answer = await until(sidecar, lambda all_: all_["officers"][0]["poll"])
    poll = answer["officers"][0]["poll"]
    assert (poll["failure"], poll["failures"]) == ("", 0)
    assert poll["at"].endswith("Z")


async def test_status_shows_reason_of_a_failed_poll(
    harness: Harness, director: Sandbox, tmp_path: Path
) -> None:
    director.state.behaviours.set(Behaviour(fault=Fault.STATUS, status=503), Endpoint.POLL)
    async with controlled(harness, director, tmp_path) as sidecar:
        answer = await until(sidecar, lambda all_: all_["officers"][0]["poll"])
    assert "503" in answer["officers"][0]["poll"]["failure"]
    assert answer["officers"][0]["poll"]["failures"] == 1


async def test_status_shows_an_open_circuit(harness: Harness, director: Sandbox, tmp_path: Path) -> None:
    director.state.behaviours.set(Behaviour(fault=Fault.STATUS, status=401), Endpoint.POST)
    await harness.take(harness.directive("dir-1", quantity=-1))
    async with controlled(harness, director, tmp_path) as sidecar:
        answer = await until(sidecar, lambda all_: all_["delivery"]["circuit_open"])
    [why] = answer["opens_paused"]
    assert "API key" in why
    assert answer["delivery"]["failures"] == 1
    assert answer["delivery"]["paused_s"] > 0


async def test_status_shows_a_journal_that_cannot_be_written(harness: Harness, sidecar: Controlled) -> None:
    harness.lock_journal()
    status, _ = await sidecar.ask("POST", "/v1/resume", {})
    assert status == 503
    # A step that reads meanwhile emits the trouble in vain: until then it does not appear in the status.
    answer = await until(sidecar, lambda all_: all_["journal_trouble"])
    assert "readonly" in answer["journal_trouble"]
