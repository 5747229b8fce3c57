"""Pages for people: the state of everything, live; search; a directive with its steps.

    GET /                                 the state, as `execution-officer status` has it, and recent activity
    GET /live                             its parts as they change (server-sent events)
    GET /search?q=TEXT                    directives by id, ticket or symbol
    GET /directive?officer=ID&id=ID       a directive, as `execution-officer journal show` has it

Where there is a page key, `bridge.web.commands` adds its pages.

While nobody has a page open nothing is read.
"""

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Final

import msgspec
from aiohttp import web
from markupsafe import Markup

from bridge.core.units.clock import Clock
from bridge.journal.database.errors import JournalError
from bridge.web import rendering
from bridge.web.commands import Commands
from bridge.web.html_answer import html
from bridge.web.recent import Recent
from bridge.web.rendering import Templates
from bridge.web.snapshot import Snapshot, Snapshots

LIVE_PATH: Final = "/live"
LIVE_S: Final = 2.0
"""Seconds between two looks for a page that is open."""
MOST_STREAMS: Final = 8
"""Most pages that are open at a time."""
MAX_TEXT: Final = 200
"""Most characters of a search, and of an id."""
STATIC: Final = {"page.css": "text/css", "page.js": "text/javascript"}


class Update(msgspec.Struct, frozen=True):
    """Data of one server-sent event."""

    time: str
    title: str
    parts: dict[str, str]
    """HTML of the parts that have changed, by their ids."""


class Pages:
    """Handlers of the pages."""

    def __init__(
        self, snapshots: Snapshots, journal: Path, clock: Clock, commands: Commands | None = None
    ) -> None:
        """`commands` None: nothing can be changed here."""
        self._snapshots = snapshots
        self._commands = commands
        self._templates = Templates([] if commands is None else commands.menu())
        self._clock = clock
        self._recent = Recent(journal)
        self._streams = 0
        self._rendered: tuple[Snapshot, Mapping[str, Markup]] | None = None
        """Parts of the last snapshot: several pages that are open cost one rendering."""
        folder = resources.files("bridge.web") / "static"
        self._static = {name: (folder / name).read_bytes() for name in STATIC}

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [
            web.get("/", self.first),
            web.get(LIVE_PATH, self.live, allow_head=False),
            web.get("/search", self.search),
            web.get("/directive", self.directive),
            web.get("/static/{name}", self.static),
            *([] if self._commands is None else self._commands.routes()),
        ]

    async def first(self, _: web.Request) -> web.Response:
        """Answer with the first page."""
        seen = await self._snapshots.take()
        parts = await self._parts(seen)
        return html(self._templates.first_page(parts, seen))

    async def search(self, request: web.Request) -> web.Response:
        """Answer with the directives that a text is about."""
        text = request.query.get("q", "").strip()[:MAX_TEXT]
        if not text:
            return web.Response(status=302, headers={"Location": "/"})
        try:
            found = await self._snapshots.in_thread(lambda: self._recent.search(text))
        except JournalError as error:
            return self._unread(error)
        return html(self._templates.table_page(f"{found.title}: {text}", [found], text))

    async def directive(self, request: web.Request) -> web.Response:
        """Answer with a directive and its steps."""
        officer, directive_id = (request.query.get(name, "") for name in ("officer", "id"))
        try:
            overview, way, steps = await self._snapshots.in_thread(
                lambda: self._recent.steps(officer, directive_id)
            )
        except JournalError as error:
            return self._unread(error)
        if overview is None and not steps.rows:
            title = f"The journal has no directive {directive_id[:MAX_TEXT]} of {officer[:MAX_TEXT]}"
            return html(self._templates.table_page(title, []), status=404)
        found = [table for table in (overview, steps) if table is not None]
        return html(self._templates.table_page(f"Directive {directive_id}", found, directive_id, way))

    async def static(self, request: web.Request) -> web.Response:
        """Answer with a file of the pages."""
        name = request.match_info["name"]
        if name not in self._static:
            return web.Response(status=404, text="Not Found\n")
        return web.Response(body=self._static[name], content_type=STATIC[name], charset="utf-8")

    async def live(self, request: web.Request) -> web.StreamResponse:
        """Send the parts that change until the page is closed."""
        if self._streams >= MOST_STREAMS:
            return web.Response(status=503, text="too many pages are open; close one\n")
        self._streams += 1
        try:
            answer = web.StreamResponse(
                headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
            )
            await answer.prepare(request)
            sent: Mapping[str, Markup] = {}
            while True:
                seen = await self._snapshots.take()
                parts = await self._parts(seen)
                changed = {id: str(part) for id, part in parts.items() if sent.get(id) != part}
                update = Update(rendering.time_text(seen.now_s), rendering.title(seen), changed)
                await answer.write(b"data: " + msgspec.json.encode(update) + b"\n\n")
                sent = parts
                await self._clock.sleep(LIVE_S)
        except ConnectionError:
            # The page was closed.
            return answer
        finally:
            self._streams -= 1

    async def _parts(self, seen: Snapshot) -> Mapping[str, Markup]:
        if self._rendered is None or self._rendered[0] is not seen:
            parts = await self._snapshots.in_thread(
                lambda: rendering.sections(seen, self._recent.tables(seen.figures))
            )
            self._rendered = seen, parts
        return self._rendered[1]

    def _unread(self, error: JournalError) -> web.Response:
        return html(self._templates.table_page(f"The journal cannot be read: {error}", []), status=503)
