"""Rig of real processes with the EA as its terminal."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.rig.ports import HOST
from tests.rig.process import Process
from tests.rig.rig import Rig
from tests.rig.starting import Starter
from tests.rig.world import OFFICER

EXPERT: Final = Path(__file__).parents[2] / "mql5/Experts/ExecutionOfficer/ExecutionOfficer.mq5"

INPUTS: Final = {
    # 0: the sidecar polls at the interval of its configuration.
    "InpPollIntervalS": "0",
    # At the shortest interval the timer calls of some terminals at the same time would take a core.
    "InpTimerMs": "50",
}
"""Inputs of an EA in a process of its own, beside the required ones."""


class NativeRig(Rig):
    """Rig whose `start_terminal` starts the EA. Each officer has a data folder in the scenario's folder."""

    def __init__(self, folder: Path, starter: Starter, library: Path) -> None:
        """`library` is the EA's shared library."""
        super().__init__(folder, starter)
        self._library = library

    def files(self, officer: str = OFFICER) -> Path:
        """Return the terminal's folder MQL5\\Files."""
        return self.folder / f"terminal-{officer}" / "Files"

    def ledger(self, officer: str = OFFICER) -> Path:
        """Return the path of the officer's ledger, which exists after the EA has opened it."""
        (found,) = self.files(officer).glob("*.ledger")
        return found

    def start_terminal(
        self,
        officer: str = OFFICER,
        *,
        die_at: str = "",
        link_key: Path | None = None,
        ledger: Path | None = None,
        short_timeouts: bool = False,
        inputs: Sequence[str] = (),
        switches: Sequence[str] = (),
        count_from: str = "",
    ) -> Process:
        """Start the EA. `inputs` are NAME=VALUE.

        `die_at` is CALL:COUNT[:before|after], counted from the moment at which the terminal received `count_from`.
        `impatient` has no effect: the EA's time-outs are its own.
        """
        assert ledger is None
        arguments = ["tests.mql5.host", "--endpoint", self.link, "--officer", officer]
        arguments += ["--link-key-file", str(link_key or self.link_key(officer))]
        arguments += ["--broker", f"tcp://{HOST}:{self._broker_ports[officer]}"]
        arguments += ["--files", str(self.files(officer).parent), "--expert", str(self._library)]
        for pair in (*(f"{name}={value}" for name, value in INPUTS.items()), *inputs):
            arguments += ["--input", pair]
        if switches:
            arguments += ["--switch", *switches]
        if die_at:
            arguments += ["--die-at", die_at, "--count-from", count_from]
        process = self.run(f"terminal of {officer}", arguments)
        self.terminals.setdefault(officer, process)
        if not self.terminals[officer].running:
            self.terminals[officer] = process
        return process
