"""The server of `[web]` over a running sidecar: health, metrics, and who may ask."""

import asyncio
import html
import json
import re
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from bridge.address import EndpointError
from bridge.core.link.messages import Command
from bridge.core.link.reports import CommandReport, CommandStage
from bridge.core.settings import WebSettings
from bridge.journal.views import lists
from bridge.keys import PageKey
from bridge.sandbox.behaviour import Behaviour, Endpoint, Fault
from bridge.status.command_lines import CommandLines
from bridge.status.reading import journal_at
from bridge.status.texts import clock_time
from bridge.status.timeline import content
from bridge.web.page import LIVE_S, MOST_STREAMS
from bridge.web.server import WebServer
from bridge.web.snapshot import KEEP_S

from .clock import TIMEOUT_S
from .controlled import Controlled, controlled
from .harness import OFFICER, Harness, Sandbox, eventually
from .terminal import Terminal
from .test_sidecar import filled

keeps_open_files = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows keeps an open file where it is"
)


class Web:
    """A running sidecar with a web server, and a client of it."""

    def __init__(self, sidecar: Controlled, port: int) -> None:
        self.sidecar = sidecar
        self.port = port

    async def get(
        self, path: str, headers: Mapping[str, str] | None = None, *, method: str = "GET"
    ) -> tuple[int, str]:
        """Return status and text of an answer."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S)) as http:
            url = f"http://127.0.0.1:{self.port}{path}"
            async with http.request(method, url, headers=headers) as answer:
                for name in ("Content-Security-Policy", "X-Content-Type-Options", "Cache-Control"):
                    assert name in answer.headers
                return answer.status, await answer.text()

    async def metrics(self) -> dict[str, float]:
        """Return the samples, each under its name and labels: NAME LABEL=VALUE."""
        status, text = await self.get("/metrics")
        assert status == 200
        return {
            " ".join([sample.name, *(f"{name}={value}" for name, value in sorted(sample.labels.items()))]): (
                sample.value
            )
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }


@asynccontextmanager
async def served(
    harness: Harness,
    director: Sandbox,
    folder: Path,
    settings: WebSettings | None = None,
    *,
    page_key: PageKey | None = None,
) -> AsyncIterator[Web]:
    """A sidecar with a web server on a free port."""
    server = WebServer(settings or WebSettings(port=0), harness.path, CommandLines(), page_key)
    async with controlled(harness, director, folder, onlooker=server) as sidecar:
        yield Web(sidecar, server.port)


async def look(harness: Harness, seconds: int) -> None:
    """Let that time pass, with a turn for each worker in every second."""
    for _ in range(seconds):
        for _ in range(20):
            await asyncio.sleep(0.001)
        harness.clock.advance(1)


async def test_sidecar_whose_workers_make_progress_is_alive_and_ready(
    harness: Harness, director: Sandbox, tmp_path: Path
) -> None:
    async with served(harness, director, tmp_path) as web:
        assert await web.get("/healthz") == (200, "ok\n")
        assert await web.get("/readyz") == (200, "ok\n")
        assert await web.get("/healthz", method="HEAD") == (200, "")


async def test_poll_that_hangs_makes_the_sidecar_neither_alive_nor_ready(
    harness: Harness, director: Sandbox, tmp_path: Path
) -> None:
    director.state.behaviours.set(Behaviour(delay_s=3600), Endpoint.POLL)
    async with served(harness, director, tmp_path) as web:
        await director.clock.asleep()
        await look(harness, 45)
        expected = 503, f"no progress: polls of {OFFICER}\n"
        assert await web.get("/healthz") == expected
        assert await web.get("/readyz") == expected
        assert (await web.metrics())[f"execution_officer_worker_overdue worker=polls of {OFFICER}"] == 1
        director.state.behaviours.set(Behaviour(), Endpoint.POLL)
        director.clock.advance(3600)
        await look(harness, 10)
        assert await web.get("/healthz") == (200, "ok\n")


async def test_journal_that_cannot_be_written_makes_the_sidecar_unready_and_leaves_it_alive(
    harness: Harness, director: Sandbox, tmp_path: Path
) -> None:
    async with served(harness, director, tmp_path) as web:
        harness.lock_journal()
        director.issue(harness.directive("dir-1"))
        await look(harness, 10)
        await eventually(lambda: "poll_failed" in {each["code"] for each in harness.records})
        status, why = await web.get("/readyz")
        assert (status, "readonly" in why) == (503, True), why
        assert await web.get("/healthz") == (200, "ok\n")
        harness.lock_journal(False)


async def test_metrics_show_terminal_directive_and_delivery(
    harness: Harness, director: Sandbox, tmp_path: Path
) -> None:
    async with served(harness, director, tmp_path) as web:
        before = await web.metrics()
        assert before[f"execution_officer_terminal_connected officer={OFFICER}"] == 0
        assert not any("ORDER_REJECTED" in name for name in before)
        async with Terminal(web.sidecar.endpoint, harness.clock) as terminal:
            await terminal.join()
            await terminal.heartbeat(ping_us=7_000, timer_max_us=900)
            director.issue(harness.directive("dir-1", quantity=-1))
            await look(harness, 10)
            await eventually(lambda: "ORDER_REJECTED" in director.emitted("dir-1"))
            await look(harness, 2)
            after = await web.metrics()
    of = f"officer={OFFICER}"
    assert after[f"execution_officer_terminal_connected {of}"] in (0, 1)
    assert after[f"execution_officer_terminal_sessions_total {of}"] == 1
    assert after[f"execution_officer_broker_connected {of}"] == 1
    assert after[f"execution_officer_account_equity {of}"] == 1000
    assert after[f"execution_officer_broker_ping_seconds_sum {of}"] == pytest.approx(0.007)
    assert after[f"execution_officer_broker_ping_seconds_bucket le=0.005 {of}"] == 0
    assert after[f"execution_officer_broker_ping_seconds_bucket le=0.01 {of}"] == 1
    assert after[f"execution_officer_terminal_timer_seconds_count {of}"] == 1
    rejected = f"execution_officer_events_total error_code=INVALID_VALUE event_type=ORDER_REJECTED {of}"
    assert after[rejected] == 1
    assert after[f"execution_officer_hop_seconds_count hop=poll {of}"] >= 1
    assert after[f"execution_officer_hop_seconds_count hop=intake {of}"] >= 1
    assert after[f"execution_officer_hop_seconds_count hop=report {of}"] >= 2
    assert after["execution_officer_journal_writable"] == 1
    assert after["execution_officer_journal_bytes"] > 0
    assert after["execution_officer_disk_free_bytes"] > 0


async def test_failed_polls_and_posts_are_counted_by_kind(
    harness: Harness, director: Sandbox, tmp_path: Path
) -> None:
    await harness.take(harness.directive("dir-1"))
    director.state.behaviours.set(Behaviour(fault=Fault.STATUS))
    async with served(harness, director, tmp_path) as web:
        await look(harness, 5)
        await eventually(lambda: director.director.answered > 0)
        await look(harness, 2)
        found = await web.metrics()
    polls = [name for name in found if name.startswith("execution_officer_polls_failed_total")]
    posts = [name for name in found if name.startswith("execution_officer_posts_failed_total")]
    assert len(polls) == len(posts) == 1
    assert found[polls[0]] >= 1
    assert found[posts[0]] >= 1


@keeps_open_files
async def test_metrics_of_a_journal_that_cannot_be_read_are_absent_and_the_others_stay(
    harness: Harness, director: Sandbox, tmp_path: Path
) -> None:
    folder = tmp_path / "control"
    folder.mkdir()
    async with served(harness, director, folder) as web:
        assert (await web.metrics())["execution_officer_journal_readable"] == 1
        aside = harness.path.rename(tmp_path / "aside.db")
        harness.clock.advance(KEEP_S)
        found = await web.metrics()
        aside.rename(harness.path)
    assert found["execution_officer_journal_readable"] == 0
    assert f"execution_officer_outbox_events officer={OFFICER}" not in found
    assert f"execution_officer_terminal_connected officer={OFFICER}" in found


async def test_many_requests_in_a_moment_read_the_journal_once(
    harness: Harness, director: Sandbox, tmp_path: Path
) -> None:
    async with served(harness, director, tmp_path) as web:
        first = await web.metrics()
        await harness.take(harness.directive("dir-1"))
        again = await asyncio.gather(*(web.metrics() for _ in range(5)))
        waiting = f"execution_officer_directives_waiting officer={OFFICER}"
        assert {each[waiting] for each in again} == {first[waiting]} == {0}
        harness.clock.advance(KEEP_S)
        assert (await web.metrics())[waiting] == 1


@pytest.mark.parametrize(
    "accept", ["text/plain; version=x", "application/openmetrics-text; version=1.x", ";;=,"]
)
async def test_metrics_are_given_where_the_header_accept_is_none(
    harness: Harness, director: Sandbox, tmp_path: Path, accept: str
) -> None:
    async with served(harness, director, tmp_path) as web:
        status, text = await web.get("/metrics", {"Accept": accept})
        assert (status, "execution_officer_info" in text) == (200, True)


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:5780"},
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"},
    ],
)
async def test_page_of_another_site_is_refused(
    harness: Harness, director: Sandbox, tmp_path: Path, headers: dict[str, str]
) -> None:
    async with served(harness, director, tmp_path) as web:
        status, text = await web.get("/metrics", headers)
        assert status == 403
        assert OFFICER not in text


async def test_name_of_the_configuration_is_admitted_as_host(
    harness: Harness, director: Sandbox, tmp_path: Path
) -> None:
    async with served(harness, director, tmp_path, WebSettings(port=0, host_names=["bridge.lan"])) as web:
        assert (await web.get("/metrics", {"Host": "bridge.lan:8080"}))[0] == 200


async def test_probe_under_any_name_is_answered_without_a_reason(
    harness: Harness, director: Sandbox, tmp_path: Path
) -> None:
    director.state.behaviours.set(Behaviour(delay_s=3600), Endpoint.POLL)
    async with served(harness, director, tmp_path) as web:
        assert await web.get("/healthz", {"Host": "pod.cluster.local"}) == (200, "ok\n")
        await director.clock.asleep()
        await look(harness, 45)
        assert await web.get("/healthz", {"Host": "pod.cluster.local"}) == (503, "failed\n")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("POST", "/metrics", 403), ("GET", "/command/halt", 404), ("GET", "/nothing", 404)],
)
async def test_other_methods_and_paths_are_refused(
    harness: Harness, director: Sandbox, tmp_path: Path, method: str, path: str, status: int
) -> None:
    async with served(harness, director, tmp_path) as web:
        assert (await web.get(path, method=method))[0] == status


async def test_silent_and_wrong_clients_do_not_keep_others_out(
    harness: Harness, director: Sandbox, tmp_path: Path
) -> None:
    async with served(harness, director, tmp_path) as web:
        await web.get("/healthz")
        clients = [await asyncio.open_connection("127.0.0.1", web.port) for _ in range(80)]
        try:
            for _, client in clients[::2]:
                client.write(b"GET / HTTP\r\n\r\n")
            assert (await web.metrics())["execution_officer_overdue_workers"] == 0
        finally:
            for _, client in clients:
                client.transport.abort()
    assert "web_request_unreadable" in {each["code"] for each in harness.records}


def test_port_in_use_is_refused_with_the_remedy(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = WebSettings(port=taken.getsockname()[1])
        with pytest.raises(EndpointError, match=r"the web address .* is in use; .*\[web\] port"):
            WebServer(settings, tmp_path / "journal.db", CommandLines())


async def test_required_action_of_status_is_counted(
    harness: Harness, director: Sandbox, tmp_path: Path
) -> None:
    async with served(harness, director, tmp_path) as web:
        found = await web.metrics()
    assert found[f"execution_officer_required_actions code=NO_TERMINAL officer={OFFICER}"] == 1


async def test_trade_passes_every_hop(harness: Harness, director: Sandbox, tmp_path: Path) -> None:
    """The reference terminal's acceptance test has the whole way; here the fill comes with the result."""
    async with (
        served(harness, director, tmp_path) as web,
        Terminal(web.sidecar.endpoint, harness.clock) as terminal,
    ):
        await web.metrics()
        await terminal.join()
        await terminal.scan()
        director.issue(harness.directive("dir-1"))
        for _ in range(10):
            await terminal.heartbeat()
            await look(harness, 1)
        command = await terminal.receive(Command)
        result = CommandReport(
            client_order_id=command.order.client_order_id,
            attempt=1,
            stage=CommandStage.RESULT,
            retcode=10009,
            order=8001,
            deal=9001,
            price=Decimal("1.0950"),
            volume=command.order.volume,
        )
        await terminal.report(result, filled(command, harness))
        await eventually(lambda: "POSITION_OPENED" in director.emitted("dir-1"))
        await look(harness, 2)
        found = await web.metrics()
    for hop in ("poll", "intake", "dispatch", "terminal", "fill", "report"):
        assert found[f"execution_officer_hop_seconds_count hop={hop} officer={OFFICER}"] >= 1, hop


async def test_page_shows_what_others_wrote_as_text_and_allows_no_foreign_content(
    harness: Harness, director: Sandbox, tmp_path: Path
) -> None:
    hostile = '<img src=x onerror=alert(1)>"&'
    await harness.take(harness.directive(hostile, symbol="<b>EURUSD</b>", quantity=-1))
    async with served(harness, director, tmp_path) as web:
        status, page = await web.get("/")
        assert status == 200
        assert "<img" not in page
        assert "<b>" not in page
        assert "&lt;img src=x onerror=alert(1)&gt;&#34;&amp;" in page
        [link] = set(re.findall(r'href="(/directive\?[^"]*)"', page))
        status, directive = await web.get(html.unescape(link))
        assert (status, "<img" in directive, "INVALID_VALUE" in directive) == (200, False, True)
        found = await web.get("/search?q=" + quote(hostile))
        assert (found[0], "<img" in found[1]) == (200, False)


async def test_page_forbids_scripts_and_styles_but_its_own(
    harness: Harness, director: Sandbox, tmp_path: Path
) -> None:
    async with (
        served(harness, director, tmp_path) as web,
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S)) as http,
    ):
        for path in ("/", "/search?q=x", "/directive?officer=a&id=b"):
            async with http.get(f"http://127.0.0.1:{web.port}{path}") as answer:
                policy = answer.headers["Content-Security-Policy"]
                text = await answer.text()
            assert "default-src 'none'; script-src 'self'; style-src 'self';" in policy
            assert not re.search(r"<script>|<style|\son\w+=|\sstyle=|https?:", text)
        for name in ("page.css", "page.js"):
            assert (await web.get(f"/static/{name}"))[0] == 200
        assert (await web.get("/static/..%2fserver.py"))[0] == 404


async def test_directive_that_the_journal_lacks_is_not_found(
    harness: Harness, director: Sandbox, tmp_path: Path
) -> None:
    async with served(harness, director, tmp_path) as web:
        status, page = await web.get(f"/directive?officer={OFFICER}&id=nothing")
        assert (status, "has no directive nothing" in page) == (404, True)
        status, page = await web.get("/search?q=nothing")
        assert (status, "No directive found: nothing" in page) == (200, True)


async def test_page_shows_headline_actions_and_steps_in_the_words_of_status(
    harness: Harness, director: Sandbox, tmp_path: Path
) -> None:
    await harness.take(harness.directive("dir-1"))
    async with served(harness, director, tmp_path) as web:
        _, page = await web.get("/")
        with journal_at(harness.path) as db:
            [row, *_] = rows = lists.timeline(db, "dir-1")
        status, directive = await web.get(f"/directive?officer={OFFICER}&id=dir-1")
    assert "1 action required." in page
    assert "the terminal is not connected" in page
    assert "start its terminal; if it runs, read the chart&#39;s panel" in page
    assert status == 200
    for text in (content(row.body), clock_time(row.at)):
        assert html.escape(text, quote=False) in html.unescape(directive)
    # Each table has a head; the directive was issued, and the sidecar has it.
    assert directive.count("<tr>") == len(rows) + 5
    assert '<svg viewBox="0 0 1000 10"' in directive


async def test_open_page_gets_the_parts_that_change(
    harness: Harness, director: Sandbox, tmp_path: Path
) -> None:
    async with (
        served(harness, director, tmp_path) as web,
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S)) as http,
        http.get(f"http://127.0.0.1:{web.port}/live") as stream,
    ):
        assert stream.content_type == "text/event-stream"
        first = await update(stream)
        assert "1 action required" in first["parts"]["state"]
        assert "dir-1" not in "".join(first["parts"].values())
        await harness.take(harness.directive("dir-1"))
        harness.clock.advance(LIVE_S)
        second = await update(stream)
        assert "dir-1" in "".join(second["parts"].values())
        assert len(second["parts"]) < len(first["parts"])


@keeps_open_files
async def test_open_page_shows_nothing_of_a_journal_that_cannot_be_read_any_more(
    harness: Harness, director: Sandbox, tmp_path: Path
) -> None:
    async with (
        served(harness, director, tmp_path) as web,
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S)) as http,
        http.get(f"http://127.0.0.1:{web.port}/live") as stream,
    ):
        first = await update(stream)
        aside = harness.path.rename(tmp_path / "aside.db")
        harness.clock.advance(LIVE_S)
        second = await update(stream)
        aside.rename(harness.path)
    assert any(part for id, part in first["parts"].items() if id != "state")
    assert {part for id, part in second["parts"].items() if id != "state"} == {""}


async def update(stream: aiohttp.ClientResponse) -> dict[str, Any]:
    """Return the data of the next server-sent event."""
    async with asyncio.timeout(TIMEOUT_S):
        line = await stream.content.readuntil(b"\n\n")
    found: dict[str, Any] = json.loads(line.removeprefix(b"data: "))
    return found


async def test_pages_beyond_the_most_are_refused_and_closed_ones_make_room(
    harness: Harness, director: Sandbox, tmp_path: Path
) -> None:
    async with (
        served(harness, director, tmp_path) as web,
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S)) as http,
    ):
        url = f"http://127.0.0.1:{web.port}/live"
        streams = [await http.get(url) for _ in range(MOST_STREAMS)]
        async with http.get(url) as refused:
            assert refused.status == 503
        assert (await web.get("/healthz"))[0] == 200
        for stream in streams:
            stream.close()
        async with asyncio.timeout(TIMEOUT_S):
            while (again := await http.get(url)).status == 503:
                again.close()
                harness.clock.advance(LIVE_S)
                await asyncio.sleep(0)
        again.close()


async def test_nothing_is_read_while_nobody_looks(
    harness: Harness, director: Sandbox, tmp_path: Path
) -> None:
    opened: list[str] = []
    watching = True

    def note(event: str, given: tuple[object, ...]) -> None:
        if watching and event == "sqlite3.connect":
            opened.append(str(given[0]))

    # A hook stays for as long as the process.
    sys.addaudithook(note)
    async with served(harness, director, tmp_path) as web:
        await web.get("/")
        assert any(harness.path.name in each for each in opened)
        opened.clear()
        await look(harness, 30)
        assert opened == []
    watching = False
