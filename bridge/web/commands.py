"""Commands of the page: halt, resume, flatten and resolve, each with the page key, and asked twice.

    GET  /command/NAME    a form
    POST /command/NAME    the form and the page key: answered with what the command would do, and a question
    POST /confirm         the answer to that: the command is carried out

Nothing of the page key stays in the browser: no cookie, no session. The question has a random id, which counts once
and for a short time, for that one command as it was shown. So a page of another site, which has neither the key nor
the id, can cause nothing, even where its request were admitted.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

from aiohttp import web

from bridge.journal.database.errors import JournalUnavailableError
from bridge.keys import PageKey
from bridge.log_codes import LogCode
from bridge.sidecar.counted_log import CountedLog
from bridge.sidecar.onlooker import Parts
from bridge.sidecar.operator.request import RefusedError
from bridge.web import command_forms
from bridge.web.command_forms import TITLES, CommandName, FormError
from bridge.web.confirmations import Confirmations
from bridge.web.html_answer import html
from bridge.web.rendering import Entry, Templates
from bridge.web.snapshot import Snapshots

READ_S: Final = 5.0
"""Seconds in which a form must arrive."""
_FORM: Final = "application/x-www-form-urlencoded"
_WRONG: Final = "Page key: it is not the one of [web] key_file; type it again"


class Commands:
    """Handlers of the commands."""

    def __init__(self, parts: Parts, snapshots: Snapshots, page_key: PageKey) -> None:
        runtime = parts.runtime
        self._runtime = runtime
        self._commands = parts.commands
        self._snapshots = snapshots
        self._page_key = page_key
        self._counted = CountedLog(runtime.clock.monotonic)
        self._templates = Templates(self.menu())
        self._confirmations = Confirmations(
            lambda: runtime.occurrence_id() + runtime.occurrence_id(), runtime.clock.monotonic
        )

    @staticmethod
    def menu() -> list[Entry]:
        """Return an entry for each command."""
        return [Entry(f"/command/{name}", title) for name, title in TITLES.items()]

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        names = "|".join(CommandName)
        path = f"/command/{{name:{names}}}"
        return [
            web.get(path, self.form),
            web.post(path, self.ask),
            web.post("/confirm", self.confirm),
        ]

    async def form(self, request: web.Request) -> web.Response:
        """Answer with an empty form."""
        return await self._form(_name(request), {})

    async def ask(self, request: web.Request) -> web.Response:
        """Check page key and form, and answer with the question."""
        name, given = _name(request), await _given(request)
        if not self._page_key.matches(given.get("page_key", "")):
            if count := self._counted.note("page_key"):
                self._runtime.log.warning(LogCode.PAGE_KEY_REFUSED, command=name, count=count)
            return await self._form(name, given, _WRONG, status=403)
        settings, journal = self._snapshots.settings, (await self._snapshots.take()).report.journal
        try:
            asked = command_forms.request(name, given, journal, self._runtime.occurrence_id())
        except FormError as error:
            return await self._form(name, given, str(error), status=400)
        sentences = command_forms.question(asked, settings, journal)
        return html(self._templates.question_page(TITLES[name], sentences, self._confirmations.add(asked)))

    async def confirm(self, request: web.Request) -> web.Response:
        """Carry a command out, and answer with what became of it."""
        asked = self._confirmations.take((await _given(request)).get("confirmation", ""))
        if asked is None:
            return self._answer(
                "Nothing was done",
                "This confirmation was used already, or came too late: give the command again.",
                status=409,
            )
        try:
            done = await self._commands.perform(asked)
        except RefusedError as error:
            return self._answer("Nothing was done", f"{error}.", status=409)
        except JournalUnavailableError as error:
            return self._answer("Nothing was done", f"{error}.", status=503)
        return self._answer("Done", *command_forms.answer(done))

    async def _form(
        self, name: CommandName, given: Mapping[str, str], problem: str = "", *, status: int = 200
    ) -> web.Response:
        seen = await self._snapshots.take()
        made = command_forms.form(name, self._snapshots.settings, seen.report.journal)
        return html(self._templates.form_page(made, given, problem), status=status)

    def _answer(self, head: str, *sentences: str, status: int = 200) -> web.Response:
        return html(self._templates.answer_page(head, sentences), status=status)


def _name(request: web.Request) -> CommandName:
    return CommandName(request.match_info["name"])


async def _given(request: web.Request) -> dict[str, str]:
    """Return the values of a form, the first of each name. Raises web.HTTPException."""
    if request.content_type != _FORM:
        raise web.HTTPUnsupportedMediaType(reason=f"only {_FORM} is taken")
    try:
        async with asyncio.timeout(READ_S):
            fields = await request.post()
    except TimeoutError:
        raise web.HTTPRequestTimeout(reason="the form did not arrive in time; send it again") from None
    except (LookupError, UnicodeError):
        # No browser: each names an encoding that there is, and keeps to it.
        raise web.HTTPBadRequest(reason="the form is not in its header's encoding; send UTF-8") from None
    return {name: value.strip() for name in fields if isinstance(value := fields.getone(name), str)}
