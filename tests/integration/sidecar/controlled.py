"""A running sidecar with its control endpoint, and a client of it."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp

from bridge.link import Link
from bridge.sidecar import control_file, control_proof
from bridge.sidecar.control_file import ControlFile
from bridge.sidecar.control_socket import ControlSocket
from bridge.sidecar.onlooker import Onlooker
from bridge.sidecar.sidecar import Sidecar

from .clock import TIMEOUT_S
from .harness import CHANCE, OFFICER, Harness, Sandbox, eventually
from .terminal import KEY

NONCE: Final = "0f" * 8
FLATTEN: Final = {"nonce": NONCE}


class Controlled:
    """A running sidecar, its control file, and a client of its control endpoint."""

    def __init__(
        self, harness: Harness, director: Sandbox, folder: Path, *, onlooker: Onlooker | None = None
    ) -> None:
        self.link = Link("tcp://127.0.0.1:0")
        self.endpoint = self.link.endpoint
        control = ControlSocket(folder / "journal.db", 0, now=harness.clock.now())
        self.path = control.path
        self.port = control.port
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
            onlookers=[] if onlooker is None else [onlooker],
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
        """Send one request, with a proof unless `headers` replace or (None) omit it; return status and answer."""
        secret = (await self.file()).secret
        sent = data if data is not None else b"" if body is None else json.dumps(body).encode()
        base = f"http://127.0.0.1:{self.port}"
        # One connection: the challenge counts on that alone.
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=1), timeout=aiohttp.ClientTimeout(total=TIMEOUT_S)
        ) as http:
            asking = {"Authorization": control_proof.asking(secret)}
            async with http.get(base + control_proof.CHALLENGE_PATH, headers=asking) as challenge:
                nonce = (await challenge.json())["nonce"]
            client_nonce = control_proof.new_nonce()
            authorization = control_proof.authorize(
                secret, nonce, client_nonce=client_nonce, method=method, path=path, body=sent
            )
            given = {
                "Authorization": authorization.header,
                "Content-Type": "application/json",
                **(headers or {}),
            }
            async with http.request(
                method,
                base + path,
                data=sent or None,
                headers={name: value for name, value in given.items() if value is not None},
            ) as answer:
                raw = await answer.read()
                proof = answer.headers.get(control_proof.ANSWER_HEADER, "")
                proved = control_proof.is_answer_valid(
                    proof, secret, nonce, client_nonce, status=answer.status, body=raw
                )
                assert proved == (answer.status not in (401, 403))
                return answer.status, json.loads(raw)

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
async def controlled(
    harness: Harness, director: Sandbox, folder: Path, *, onlooker: Onlooker | None = None
) -> AsyncIterator[Controlled]:
    """A sidecar that has just been started."""
    made = Controlled(harness, director, folder, onlooker=onlooker)
    try:
        yield made
    finally:
        if not made.task.done():
            await made.stopped()
