"""The rig of the stories, with either terminal in its place."""

import signal
from collections import defaultdict
from enum import StrEnum
from pathlib import Path
from typing import Final

from bridge.core.director.contract import EventType
from bridge.simulator.broker.fault_rules import Effect, Match, Reject, Rule, SendKind
from bridge.simulator.broker.scenario import Scenario
from bridge.simulator.mt5.types import Retcode
from tests.conformance.manners import UNLISTED, Manners
from tests.mql5.host.__main__ import LISTING
from tests.mql5.host.switches import Switches, dump
from tests.rig.director import Event
from tests.rig.nursery import Nursery
from tests.rig.patience import Deadline
from tests.rig.ports import HOST
from tests.rig.process import Process
from tests.rig.rig import Rig
from tests.rig.world import OFFICER

_LOOK_S: Final = 0.1
"""How often the broker is looked at while the sidecar says nothing."""


class Kind(StrEnum):
    """The two terminals."""

    REFERENCE = "reference"
    NATIVE = "native"


class StoryRig(Rig):
    """A rig whose terminals are of one kind, but where an officer's is named. It keeps in which order directives
    were issued."""

    def __init__(self, folder: Path, nursery: Nursery, kind: Kind, library: Path) -> None:
        """`library` is the EA's."""
        super().__init__(folder, nursery)
        self.kind = kind
        self.kinds: dict[str, Kind] = {}
        """Officers whose terminal is of another kind."""
        self.manners: dict[str, Manners] = {}
        """By officer: what the native terminal is like, where it is not as documented. The reference terminal has
        no manners."""
        self.switches: Switches | None = None
        """The native terminals', in place of manners."""
        # The sidecar polls as the terminal says; this is the least that it may say.
        self.inputs = {"InpPollIntervalS": "1"}
        """The EA's, beside those that it needs."""
        self._library = library
        self.issued: defaultdict[str, list[str]] = defaultdict(list)
        """By officer."""
        self.unordered: set[str] = set()
        """Directives whose events come in any order: their legs are independent."""

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
        impatient: bool = False,
    ) -> Process:
        """The EA has no fault points, finds its ledger itself, and has no patience but its own."""
        if self.kinds.get(officer, self.kind) is Kind.REFERENCE:
            return super().start_terminal(
                officer, die_at=die_at, link_key=link_key, ledger=ledger, impatient=impatient
            )
        assert not die_at and ledger is None and not impatient
        arguments = ["tests.mql5.host", "--endpoint", self.link, "--officer", officer]
        arguments += ["--link-key-file", str(link_key or self.link_key(officer))]
        arguments += ["--broker", f"tcp://{HOST}:{self._broker_ports[officer]}"]
        manners = self.manners.get(officer, Manners())
        arguments += ["--files", str(self.folder / f"terminal-{officer}"), "--seed", str(manners.seed)]
        arguments += ["--expert", str(self._library)]
        for name, value in self.inputs.items():
            arguments += ["--input", f"{name}={value}"]
        if self.switches is not None:
            path = self.folder / "switches.json"
            path.write_bytes(dump(self.switches))
            arguments += ["--switches", str(path)]
        elif manners.switches:
            arguments += ["--switch", *manners.switches]
        process = self.run(f"terminal of {officer}", arguments)
        self.terminals.setdefault(officer, process)
        if not self.terminals[officer].running:
            self.terminals[officer] = process
        return process

    def list_address(self, officer: str = OFFICER) -> None:
        """Have a person read the panel until it says what the log says, and do that.

        Nothing for a terminal whose address is listed; a reference terminal knows no list.
        """
        listed = UNLISTED not in self.manners.get(officer, Manners()).switches
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
        """Start everything, on a broker that starts from this scenario."""
        self.start_director()
        self.start_broker(scenario=scenario)
        self.start_sidecar()
        self.start_terminal()
        self.ready()

    def fault(self, effect: Effect, kind: SendKind = SendKind.OPEN) -> None:
        """Let the broker do this to the next send of that kind."""
        self.broker.add_rule(Rule(effect=effect, match=Match(kind=kind)))

    def reject(self, retcode: Retcode, kind: SendKind = SendKind.OPEN) -> None:
        """Let the broker refuse the next send of that kind."""
        self.fault(Reject(retcode=retcode), kind)

    def sent(self, count: int) -> None:
        """Wait until the broker saw so many sends."""
        deadline = Deadline()
        while len(self.broker.sends()) < count:
            assert not deadline.over, f"the broker saw {len(self.broker.sends())} sends, not {count}"
            self.sidecar.any_line(since=self.sidecar.mark, within=_LOOK_S)
