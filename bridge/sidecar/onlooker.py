"""Interface of what shows or sends the state within the sidecar, or takes commands of operators beside it."""

from typing import NamedTuple, Protocol

from bridge.sidecar.operator_commands import OperatorCommands
from bridge.sidecar.progress_watch import ProgressWatch
from bridge.sidecar.runtime import Runtime
from bridge.sidecar.status_reader import StatusReader


class Parts(NamedTuple):
    """Parts of a running sidecar that an onlooker has."""

    runtime: Runtime
    status: StatusReader
    watch: ProgressWatch
    commands: OperatorCommands


class Onlooker(Protocol):
    """Task that begins with the workers. No error of it may end them."""

    async def run(self, parts: Parts) -> None:
        """Look on until cancelled."""

    def close(self) -> None:
        """Give back what was taken before the run."""
