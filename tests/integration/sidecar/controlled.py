"""A running sidecar with its control endpoint, and a client of it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp

from bridge.link import Link
from bridge.sidecar import control_file
from bridge.sidecar.control import ControlSocket
from bridge.sidecar.control_file import ControlFile
from bridge.sidecar.sidecar import Sidecar

from .clock import TIMEOUT_S
from .harness import CHANCE, OFFICER, Harness, Sandbox, eventually
from .terminal import KEY

NONCE: Final = "0f" * 8
FLATTEN: Final = {"nonce": NONCE}


class Controlled:
    """A running sidecar, its control file, and a client of its control endpoint."""

    def __init__(
        self, harness: Harness, director: Sandbox, http: aiohttp.ClientSession, folder: Path
    ) -> None:
        self.link = Link("tcp://127.0.0.1:0")
        self.endpoint = self.link.endpoint
        control = ControlSocket(folder / "journal.db", 0)
        self.path = control.path
        self.port = control.port
        self._http = http
        self.stop = asyncio.Event()
        sidecar = Sidecar(
            harness.settings,
            journal=harness.journal,
            director=director.director,
            link=self.link,
            keys={OFFICER: KEY},
            clock=harness.clock,
            uniform=lambda: CHANCE,
            log=harness.log,
            control=control,
        )
        self.task = asyncio.create_task(sidecar.run(self.stop))

    async def file(self) -> ControlFile:
        """Wait for the control file and return its content."""
        await eventually(lambda: self.path.exists())
        content = control_file.read(self.path)
        assert content is not None
        return content

    async def stopped(self) -> None:
        """Request the sidecar's stop and wait for its end."""
        self.stop.set()
        async with asyncio.timeout(TIMEOUT_S):
            await self.task

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: Mapping[str, str | None] | None = None,
        data: bytes | None = None,
    ) -> tuple[int, dict[str, Any]]:
        """Send one request, with the token unless `headers` replace or (None) omit it; return status and answer."""
        given: dict[str, str | None] = {"Authorization": f"Bearer {(await self.file()).token}"}
        given |= dict(headers or {})
        async with self._http.request(
            method,
            f"http://127.0.0.1:{self.port}{path}",
            json=body if data is None else None,
            data=data,
            headers={name: value for name, value in given.items() if value is not None},
            timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
        ) as answer:
            return answer.status, await answer.json()

    async def post(self, path: str, body: Any) -> dict[str, Any]:
        """Send a request that must succeed; return its answer."""
        status, answer = await self.ask("POST", path, body)
        assert status == 200, answer
        return answer

    async def status(self) -> dict[str, Any]:
        """Return the sidecar's status."""
        status, answer = await self.ask("GET", "/v1/status")
        assert status == 200, answer
        return answer


@asynccontextmanager
async def controlled(harness: Harness, director: Sandbox, folder: Path) -> AsyncIterator[Controlled]:
    """A sidecar that has just been started."""
    async with aiohttp.ClientSession() as http:
        made = Controlled(harness, director, http, folder)
        try:
            yield made
        finally:
            if not made.task.done():
                await made.stopped()
