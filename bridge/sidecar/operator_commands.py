"""Operator commands in a running sidecar: performed by whoever takes them, the control endpoint or the page."""

import msgspec

from bridge.log_codes import LogCode
from bridge.sidecar.link_worker import LinkWorker
from bridge.sidecar.operator.request import A, Request, StopCommand, performing
from bridge.sidecar.runtime import Runtime
from bridge.sidecar.stop_commands import StopCommands


class OperatorCommands:
    """Performs operator commands."""

    def __init__(self, runtime: Runtime, links: LinkWorker) -> None:
        self._runtime = runtime
        self._links = links
        self._stops = StopCommands(runtime)

    async def perform(self, asked: Request[A]) -> A:
        """Perform a command and return its answer. Raises RefusedError, JournalUnavailableError."""
        if isinstance(asked, StopCommand):
            return await self._stops.perform(asked)
        officer, runtime = asked.officer_without_session(), self._runtime
        if officer is None:
            return await self._carry_out(asked)
        # A request that is refused must not cost the terminal its session.
        await runtime.step(lambda journal: asked.check(journal, runtime.settings))
        async with self._links.without_session(officer, f"operator command {asked.name}"):
            return await self._carry_out(asked)

    async def _carry_out(self, asked: Request[A]) -> A:
        runtime = self._runtime
        answer = await runtime.step(performing(asked, runtime.settings, runtime.now()))
        runtime.log.warning(
            LogCode.OPERATOR_COMMAND, command=asked.name, arguments=msgspec.to_builtins(asked)
        )
        runtime.dispatch_wake_up.set()
        runtime.delivery_wake_up.set()
        return answer
