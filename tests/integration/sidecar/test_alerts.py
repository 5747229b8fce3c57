"""The watch of `[alerts]` over a running sidecar: the dead man's switch."""

import asyncio
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from msgspec.structs import replace

from bridge.alerts.addresses import Addresses
from bridge.alerts.watch import LOOK_S, AlertWatch
from bridge.core.settings import AlertSettings
from bridge.status.command_lines import CommandLines
from tests.integration.alerts.web_hook import WebHook

from .clock import TIMEOUT_S
from .controlled import controlled
from .harness import Harness, Sandbox
from .terminal import Terminal

EVERY_S = 300.0
"""Far longer than a busy machine needs to see that all is not well."""
AT_ONCE = AlertSettings(addresses_env="ALERTS", wait_s=0, least_interval_s=0, alive_every_s=EVERY_S)
NO_ADDRESS = "nothing://x"
"""Apprise understands none of such a scheme: it never accepts a message."""


async def test_alive_url_is_called_while_all_is_well_and_alerts_are_accepted(
    harness: Harness, director: Sandbox, tmp_path: Path
) -> None:
    async def until(reached: Callable[[], bool], *, trade_allowed: bool) -> None:
        async with asyncio.timeout(TIMEOUT_S):
            while not reached():
                await terminal.heartbeat(trade_allowed=trade_allowed)
                for _ in range(5):
                    await asyncio.sleep(0.001)
                harness.clock.advance(LOOK_S)

    with closing(WebHook()) as hook:
        watch = AlertWatch(
            replace(harness.settings, alerts=AT_ONCE),
            Addresses((NO_ADDRESS,), f"http://127.0.0.1:{hook.port}/up"),
            harness.path,
            CommandLines(),
        )
        async with (
            controlled(harness, director, tmp_path, onlooker=watch) as sidecar,
            Terminal(sidecar.endpoint, harness.clock) as terminal,
        ):
            await terminal.join()
            await until(lambda: bool(hook.calls), trade_allowed=True)
            await until(
                lambda: "alert_failed" in {each["code"] for each in harness.records}, trade_allowed=False
            )
            next_call = harness.clock.monotonic() + 2 * EVERY_S
            await until(lambda: harness.clock.monotonic() > next_call, trade_allowed=True)
        assert len(hook.calls) == 1
