"""A test bench with either terminal: the reference terminal, or the Expert Advisor built natively."""

import shutil
import signal
from collections import defaultdict
from enum import StrEnum
from pathlib import Path
from typing import Final

from bridge.core.director.contract import EventType
from bridge.simulator.broker.fault_rules import Effect, Match, Reject, Rule, SendKind
from bridge.simulator.broker.scenario import Scenario
from bridge.simulator.mt5.types import Retcode
from tests.conformance.switch_sets import UNLISTED, SwitchSet
from tests.mql5.host.__main__ import LISTING
from tests.mql5.host.switches import Switches, dump
from tests.native.rig import INPUTS
from tests.rig.deadline import Deadline
from tests.rig.director import Event
from tests.rig.ports import HOST
from tests.rig.process import Process
from tests.rig.rig import Rig
from tests.rig.starting import Starter
from tests.rig.world import OFFICER

_LOOK_S: Final = 0.1
"""Interval at which the broker is asked while the sidecar logs nothing."""

REQUESTS: Final = "requests"
"""Part of a recording: the requests at the broker."""


class Kind(StrEnum):
    """Kind of terminal."""

    REFERENCE = "reference"
    NATIVE = "native"


class ConformanceRig(Rig):
    """A bench whose terminals are of one kind, except those in `kinds`. It records the order of the directives."""

    def __init__(self, folder: Path, starter: Starter, kind: Kind, library: Path) -> None:
        """`library` is the EA's shared library."""
        super().__init__(folder, starter)
        self.kind = kind
        self.kinds: dict[str, Kind] = {}
        """Kind of terminal by officer, where it is another one."""
        self.switch_sets: dict[str, SwitchSet] = {}
        """Switches of the native terminal by officer. The reference terminal has none."""
        self.switches: Switches | None = None
        """Switches of all native terminals, in place of `switch_sets`."""
        self.inputs = dict(INPUTS)
        """Inputs of the EA, beside the required ones."""
        self._library = library
        self.issued: defaultdict[str, list[str]] = defaultdict(list)
        """Directive ids by officer."""
        self.compared = True
        """Compare the recording with that of the other terminal after the test."""
        self.reports_compared = False
        """Compare the last report of each deal, order and position, and the alarms, as well."""
        self.unordered: set[str] = set()
        """Directives whose events come in any order: their commands are independent. Empty: events of none.
        REQUESTS: what is sent to the broker."""

    def issue(self, action: str, *, officer: str = OFFICER, **fields: object) -> str:
        directive_id = super().issue(action, officer=officer, **fields)
        self.issued[officer].append(directive_id)
        return directive_id

    def emitted(
        self,
        directive_id: str,
        *types: EventType,
        in_any_order: bool = False,
        within: Deadline | None = None,
    ) -> list[Event]:
        if in_any_order:
            self.unordered.add(directive_id)
        return super().emitted(directive_id, *types, in_any_order=in_any_order, within=within)

    def start_terminal(
        self,
        officer: str = OFFICER,
        *,
        die_at: str = "",
        link_key: Path | None = None,
        ledger: Path | None = None,
        short_timeouts: bool = False,
    ) -> Process:
        """The EA has no fault points, finds its ledger itself, and its time-outs are fixed. Its `ledger` is a data
        folder of its own."""
        if self.kinds.get(officer, self.kind) is Kind.REFERENCE:
            return super().start_terminal(
                officer, die_at=die_at, link_key=link_key, ledger=ledger, short_timeouts=short_timeouts
            )
        assert not die_at and not short_timeouts
        arguments = ["tests.mql5.host", "--endpoint", self.link, "--officer", officer]
        arguments += ["--link-key-file", str(link_key or self.link_key(officer))]
        arguments += ["--broker", f"tcp://{HOST}:{self._broker_ports[officer]}"]
        chosen = self.switch_sets.get(officer, SwitchSet())
        files = ledger or self.folder / f"terminal-{officer}"
        # A copy of the folder is another load of the program: it draws other numbers.
        seed = chosen.seed + (ledger is not None)
        arguments += ["--files", str(files), "--seed", str(seed)]
        arguments += ["--expert", str(self._library)]
        for name, value in self.inputs.items():
            arguments += ["--input", f"{name}={value}"]
        if self.switches is not None:
            path = self.folder / "switches.json"
            path.write_bytes(dump(self.switches))
            arguments += ["--switches", str(path)]
        elif chosen.switches:
            arguments += ["--switch", *chosen.switches]
        process = self.run(f"terminal of {officer}", arguments)
        self.terminals.setdefault(officer, process)
        if not self.terminals[officer].running:
            self.terminals[officer] = process
        return process

    def copy_terminal(self, officer: str = OFFICER) -> Path:
        """Copy the folder of the officer's terminal as it is now; return the copy."""
        copy = self.folder / f"copy-{officer}"
        if self.kinds.get(officer, self.kind) is Kind.REFERENCE:
            shutil.copyfile(self.ledger(officer), copy)
        else:
            shutil.copytree(self.folder / f"terminal-{officer}", copy)
        return copy

    def start_copy(self, officer: str = OFFICER) -> Process:
        """Copy the folder of the officer's terminal as it is now, and start a terminal from the copy."""
        return self.start_terminal(officer, ledger=self.copy_terminal(officer))

    def ledger_path(self, officer: str = OFFICER) -> Path | None:
        """Return the place of the officer's ledger; None while an Expert Advisor has none."""
        if self.kinds.get(officer, self.kind) is Kind.REFERENCE:
            return self.ledger(officer)
        return next((self.folder / f"terminal-{officer}").rglob("*.ledger"), None)

    def copy_ledger(self, login: int, officer: str = OFFICER) -> Path:
        """Give the officer's terminal its present ledger for another account, too, as a person does who copies the
        file. Return the copy."""
        ledger = self.ledger_path(officer)
        assert ledger is not None
        if self.kinds.get(officer, self.kind) is Kind.REFERENCE:
            copy = ledger.with_suffix(f".{login}.ledger")
        else:
            copy = ledger.with_name(
                ledger.name.replace(str(self.brokers[officer].account().login), str(login))
            )
        shutil.copyfile(ledger, copy)
        return copy

    def list_address(self, officer: str = OFFICER) -> None:
        """List the address of the sidecar in the terminal once its panel asks for that, as an operator does.

        Does nothing for a terminal whose address is listed, nor for a reference terminal, which has no list.
        """
        listed = UNLISTED not in self.switch_sets.get(officer, SwitchSet()).switches
        if listed or self.kinds.get(officer, self.kind) is Kind.REFERENCE:
            return
        terminal = self.terminals[officer]
        assert LISTING in terminal.line("no session"), terminal.log
        deadline = Deadline()
        panel = ""
        while LISTING not in panel:
            assert not deadline.over, f"the panel of {officer} reads {panel!r}"
            mark = terminal.mark
            terminal.send(signal.SIGUSR2)
            panel = terminal.line("the panel reads", since=mark)
            terminal.any_line(since=terminal.mark, within=_LOOK_S)
        for address in (f"{HOST} and", self.link.removeprefix("tcp://")):
            assert address in panel, panel

    def start_with(self, scenario: Scenario) -> None:
        """Start everything, with a broker in this initial state."""
        self.start_director()
        self.start_broker(scenario=scenario)
        self.start_sidecar()
        self.start_terminal()
        self.ready()

    def fault(self, effect: Effect, kind: SendKind = SendKind.OPEN) -> None:
        """Apply this effect to the next send of that kind at the broker."""
        self.broker.add_rule(Rule(effect=effect, match=Match(kind=kind)))

    def reject(self, retcode: Retcode, kind: SendKind = SendKind.OPEN) -> None:
        """Let the broker refuse the next send of that kind."""
        self.fault(Reject(retcode=retcode), kind)

    def sent(self, count: int) -> None:
        """Wait until the broker received so many sends."""
        deadline = Deadline()
        while len(self.broker.sends()) < count:
            assert not deadline.over, f"the broker saw {len(self.broker.sends())} sends, not {count}"
            self.sidecar.any_line(since=self.sidecar.mark, within=_LOOK_S)
