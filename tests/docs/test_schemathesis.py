"""The sandbox Director against the OpenAPI document, by Schemathesis: pip install schemathesis.

It makes requests that the document allows and such that it forbids. Checks are left out for two reasons: the
sandbox shows received events under the path that takes them, by a method that the document does not have; and of an
event it checks the contract's own fields alone, so that it takes what only a rule about an addition forbids.
"""

import asyncio
import sys
from pathlib import Path
from typing import Final

import pytest
from aiohttp.test_utils import TestServer

from bridge.clock import SystemClock
from bridge.core.director.contract import API_KEY_HEADER
from bridge.sandbox.server import make_app
from bridge.sandbox.state import SandboxState
from tests.docs import director_api

pytest.importorskip("schemathesis", reason="Schemathesis is not installed")
KEY: Final = "key"
EXAMPLES: Final = "20"
SEED: Final = "1"
LEFT_OUT: Final = "unsupported_method,allow_header_conformance,negative_data_rejection"


async def test_sandbox_director_keeps_to_the_document(tmp_path: Path) -> None:
    async with TestServer(make_app(SandboxState(KEY, clock=SystemClock()))) as server:
        command = [sys.executable, "-m", "schemathesis.cli", "run", str(director_api.PAGE)]
        command += ["--url", str(server.make_url("/")), "-H", f"{API_KEY_HEADER}: {KEY}"]
        command += ["--max-examples", EXAMPLES, "--seed", SEED, "--exclude-checks", LEFT_OUT]
        process = await asyncio.create_subprocess_exec(
            *command, cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        text, _ = await process.communicate()
    assert process.returncode == 0, text.decode("utf-8", "replace")
