"""Commands of the page over a running sidecar: the page key, the second question, and requests of other sites."""

import html
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest

from bridge.keys import PageKey
from bridge.web.confirmations import LIFE_S

from .clock import TIMEOUT_S
from .harness import OFFICER, Harness, Sandbox, eventually
from .test_web import Web, look, served

PAGE_KEY: Final = "-".join(["words", "of", "the", "tests", "that", "nobody", "guesses"])
BY: Final = {"by": "Ada", "page_key": PAGE_KEY}


class Page:
    """Person at a browser, who gives commands."""

    def __init__(self, web: Web, http: aiohttp.ClientSession) -> None:
        self._base = f"http://127.0.0.1:{web.port}"
        self._http = http
        self.web = web

    async def post(
        self, path: str, fields: Mapping[str, str], headers: Mapping[str, str] | None = None, **sent: Any
    ) -> tuple[int, str]:
        """Send a form as a browser does; return status and text of the answer."""
        sent = sent or {"data": dict(fields)}
        given = {"Origin": self._base} if headers is None else headers
        async with self._http.post(f"{self._base}{path}", headers=given, **sent) as answer:
            return answer.status, html.unescape(await answer.text())

    async def ask(self, name: str, **fields: str) -> str:
        """Fill in a form with the page key; return the page with the question."""
        status, text = await self.post(f"/command/{name}", BY | fields)
        assert status == 200, text
        return text

    async def confirm(self, question: str) -> tuple[int, str]:
        """Answer the question of a page with yes."""
        return await self.post("/confirm", {"confirmation": confirmation(question)})


def confirmation(question: str) -> str:
    [found] = re.findall(r'name="confirmation" value="([^"]+)"', question)
    return str(found)


@asynccontextmanager
async def page(harness: Harness, director: Sandbox, folder: Path) -> AsyncIterator[Page]:
    async with (
        served(harness, director, folder, page_key=PageKey(PAGE_KEY)) as web,
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S)) as http,
    ):
        yield Page(web, http)


def operators(harness: Harness) -> list[tuple[Any, ...]]:
    return harness.rows("SELECT subject, body FROM audit WHERE kind = 'operator' ORDER BY seq")


async def test_halt_is_asked_twice_and_audited_with_its_name(
    harness: Harness, director: Sandbox, tmp_path: Path
) -> None:
    async with page(harness, director, tmp_path) as person:
        question = await person.ask("halt", why="news")
        assert f"Nothing more is opened in all symbols for {OFFICER}." in question
        assert operators(harness) == []
        status, done = await person.confirm(question)
        assert (status, f"{OFFICER}: in all symbols, since " in done) == (200, True)
    [(command, body)] = operators(harness)
    assert command == "halt"
    assert '"why":"news"' in body
    assert '"by":"Ada (page)"' in body
    assert "operator_command" in {each["code"] for each in harness.records}


async def test_flatten_and_resume_name_what_they_are_about(
    harness: Harness, director: Sandbox, tmp_path: Path
) -> None:
    async with page(harness, director, tmp_path) as person:
        question = await person.ask("flatten", officer=OFFICER)
        assert "Open now, by the journal: 0 positions and 0 pending orders." in question
        status, done = await person.confirm(question)
        assert (status, "to be closed and cancelled by directive operator:" in done) == (200, True)
        harness.clock.advance(1)
        question = await person.ask("resume")
        assert f"This lifts the halt of {OFFICER} in all symbols, set by operator at " in question
        assert (await person.confirm(question))[0] == 200
        assert harness.rows("SELECT count(*) FROM halts") == [(0,)]
        _, done = await person.confirm(await person.ask("resume"))
        assert "No halt was in force." in done
    assert [command for command, _ in operators(harness)] == ["halt", "flatten", "resume", "resume"]


async def test_wrong_page_key_does_nothing_and_is_logged_without_it(
    harness: Harness, director: Sandbox, tmp_path: Path
) -> None:
    async with page(harness, director, tmp_path) as person:
        for given in ("", "wrong-word", PAGE_KEY[:-1], f"{PAGE_KEY}x"):
            status, text = await person.post("/command/halt", BY | {"why": "<news>", "page_key": given})
            assert status == 403
            assert "Page key: it is not the one" in text
            assert 'value="<news>"' in text  # what was typed stays, but for the page key
            assert "wrong-word" not in text
            assert PAGE_KEY[:-1] not in text
            assert "confirmation" not in text
    assert operators(harness) == []
    [refused] = [each for each in harness.records if each["code"] == "page_key_refused"]
    assert (refused["command"], refused["count"]) == ("halt", 1)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "null"},
        {"Origin": "https://evil.example"},
        {"Host": "evil.example", "Origin": "http://evil.example"},
        {"Origin": "http://127.0.0.1:{port}", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"},
    ],
)
async def test_form_of_another_site_is_refused_with_the_right_page_key_too(
    harness: Harness, director: Sandbox, tmp_path: Path, headers: dict[str, str]
) -> None:
    async with page(harness, director, tmp_path) as person:
        given = {name: value.format(port=person.web.port) for name, value in headers.items()}
        assert (await person.post("/command/halt", BY, given))[0] == 403
        waiting = confirmation(await person.ask("halt"))
        assert (await person.post("/confirm", {"confirmation": waiting}, given))[0] == 403
    assert operators(harness) == []


async def test_confirmation_counts_once_and_for_a_short_time(
    harness: Harness, director: Sandbox, tmp_path: Path
) -> None:
    async with page(harness, director, tmp_path) as person:
        question = await person.ask("halt")
        assert [(await person.confirm(question))[0] for _ in range(2)] == [200, 409]
        question = await person.ask("flatten")
        harness.clock.advance(LIFE_S)
        status, text = await person.confirm(question)
        assert (status, "came too late" in text) == (409, True)
        assert (await person.post("/confirm", {"confirmation": "guessed"}))[0] == 409
        assert (await person.post("/confirm", {}))[0] == 409
    assert [command for command, _ in operators(harness)] == ["halt"]


@pytest.mark.parametrize(
    ("name", "fields", "says"),
    [
        ("halt", {"by": ""}, "Your name, for the audit: is empty"),
        ("halt", {"why": "x" * 501}, "length <= 500"),
        ("resolve", {"command": "1", "verdict": "filled", "note": "seen"}, "Command: none is chosen"),
    ],
)
async def test_form_that_cannot_be_carried_out_says_why_before_the_question(
    harness: Harness, director: Sandbox, tmp_path: Path, name: str, fields: dict[str, str], says: str
) -> None:
    async with page(harness, director, tmp_path) as person:
        status, text = await person.post(f"/command/{name}", BY | fields)
        assert (status, says in text, "confirmation" in text) == (400, True, False), text


async def test_refused_command_says_that_nothing_was_done(
    harness: Harness, director: Sandbox, tmp_path: Path
) -> None:
    async with page(harness, director, tmp_path) as person:
        status, text = await person.confirm(await person.ask("flatten", symbol="NOTHING"))
        assert (status, "Nothing was done" in text, 'unknown symbol "NOTHING"' in text) == (409, True, True)
        status, text = await person.confirm(await person.ask("halt", officer="nobody"))
        assert (status, 'unknown officer "nobody"' in text) == (409, True)
    assert operators(harness) == []


async def test_halt_counts_while_the_journal_cannot_be_written_and_the_page_says_so(
    harness: Harness, director: Sandbox, tmp_path: Path
) -> None:
    async with page(harness, director, tmp_path) as person:
        question = await person.ask("halt")
        harness.lock_journal()
        status, text = await person.confirm(question)
        assert (status, "in the sidecar alone, and not in the journal yet" in text) == (200, True), text
        harness.lock_journal(False)
        await look(harness, 5)
        await eventually(lambda: operators(harness) != [])


async def test_form_of_another_kind_or_size_is_refused(
    harness: Harness, director: Sandbox, tmp_path: Path
) -> None:
    async with page(harness, director, tmp_path) as person:
        assert (await person.post("/command/halt", {}, json={"page_key": PAGE_KEY}))[0] == 415
        assert (await person.post("/command/halt", BY | {"why": "x" * 9_000}))[0] == 413
        assert (await person.post("/command/retry", BY))[0] == 404


async def test_menu_of_commands_is_on_every_page_where_there_is_a_page_key(
    harness: Harness, director: Sandbox, tmp_path: Path
) -> None:
    async with page(harness, director, tmp_path) as person:
        for path in ("/", "/search?q=x", "/command/halt"):
            _, text = await person.web.get(path)
            assert re.findall(r'href="/command/(\w+)"', text) == ["halt", "resume", "flatten", "resolve"]
            assert "changes nothing" not in text
        for name in ("halt", "resume", "flatten", "resolve"):
            _, text = await person.web.get(f"/command/{name}")
            assert re.search(r'<input id="page_key" name="page_key" type="password"', text)
    async with served(harness, director, tmp_path) as web:
        assert "/command/" not in (await web.get("/"))[1]


@pytest.mark.parametrize(
    ("media", "body"),
    [
        ("application/x-www-form-urlencoded", b"by=\xff\xfe"),
        ("application/x-www-form-urlencoded; charset=ascii", "by=\u00e4".encode()),
        ("application/x-www-form-urlencoded; charset=utf-16", b"b"),
        ("application/x-www-form-urlencoded; charset=nothing", b"by=x"),
        ("application/x-www-form-urlencoded; charset=rot13", b"by=x"),
        ("application/x-www-form-urlencoded", b"&" * 2_000),
    ],
)
async def test_form_that_cannot_be_read_is_refused(
    harness: Harness, director: Sandbox, tmp_path: Path, media: str, body: bytes
) -> None:
    async with page(harness, director, tmp_path) as person:
        headers = {"Origin": f"http://127.0.0.1:{person.web.port}", "Content-Type": media}
        status, _ = await person.post("/command/halt", {}, headers, data=body)
    assert 400 <= status < 500
    assert "web_request_failed" not in {each["code"] for each in harness.records}
