"""All processes of one story, in one folder, on ports of their own."""

import signal
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import msgspec

from bridge.cli.setup import set_up
from bridge.config import load
from bridge.core.contract import EventType
from bridge.keys import link_key_path
from bridge.paper.client import BrokerClient
from bridge.paper.scenario import AccountTerms, Scenario
from tests.rig.config import API_KEY_ENV, Section, write_config
from tests.rig.director import Director, Event
from tests.rig.journal import JournalView
from tests.rig.nursery import Nursery
from tests.rig.patience import Deadline
from tests.rig.ports import HOST, free_port
from tests.rig.process import Process

OFFICER: Final = "eo-001"
API_KEY: Final = "the-rig's-key"

_NOTHING: Final[Section] = MappingProxyType({})

OPENED: Final = (
    EventType.DIRECTIVE_RECEIVED,
    EventType.ORDER_PLACED,
    EventType.ORDER_FILLED,
    EventType.POSITION_OPENED,
)
"""What is told of an opening directive that went well."""
CLOSED: Final = (
    EventType.DIRECTIVE_RECEIVED,
    EventType.ORDER_PLACED,
    EventType.ORDER_FILLED,
    EventType.POSITION_CLOSED,
)
"""What is told of a closing directive that closed one position."""
REFUSED: Final = (EventType.DIRECTIVE_RECEIVED, EventType.ORDER_REJECTED)
"""What is told of a directive that came to nothing."""


class Rig:
    """One Director, one sidecar, and per officer one terminal and one broker."""

    def __init__(self, folder: Path, nursery: Nursery) -> None:
        self.folder = folder
        self._nursery = nursery
        self.config_path = folder / "bridge.toml"
        self.journal = JournalView(folder / "journal.db")
        self.processes: list[Process] = []
        """All that were ever started."""
        self.terminals: dict[str, Process] = {}
        self.brokers: dict[str, BrokerClient] = {}
        self.told_of: dict[str, list[str]] = {}
        """What the Director was told of each directive that a test asked about."""
        self.unsettled = ""
        """Why this story ends with something open; empty where everything must have come to an end."""
        self.answers_lost = False
        """The Director takes events and its answers are lost, so that events come more than once."""
        self.journal_restored = False
        """The journal was put back: Director and broker know more than it does."""
        self.sidecars = 0
        """How many were started."""
        self._director_port = free_port()
        self._link_port = free_port()
        self._broker_ports: dict[str, int] = {}
        self.director = Director(self._director_port, API_KEY)
        self.link = f"tcp://{HOST}:{self._link_port}"
        self.configure()

    # Setting up

    def configure(
        self,
        *,
        officers: Sequence[Section] = ({"id": OFFICER},),
        director: Section = _NOTHING,
        link: Section = _NOTHING,
    ) -> None:
        """Write the configuration, and make what it names and lacks."""
        write_config(
            self.config_path,
            director_port=self._director_port,
            link_port=self._link_port,
            officers=officers,
            director=director,
            link=link,
        )
        set_up(load(self.config_path))

    def link_key(self, officer: str = OFFICER) -> Path:
        """The officer's link key file."""
        return link_key_path(self.journal.path, officer)

    def ledger(self, officer: str = OFFICER) -> Path:
        """The ledger of the officer's terminal."""
        return self.link_key(officer).with_suffix(".ledger")

    # Starting and ending

    def start(self, *, officers: Sequence[str] = (OFFICER,), impatient: bool = False) -> None:
        """Start everything, and wait until each officer's terminal has its session. `impatient` is the sidecar."""
        self.start_director()
        for number, officer in enumerate(officers):
            account = AccountTerms(login=AccountTerms().login + number)
            self.start_broker(officer, Scenario(account=account) if number else None)
        self.start_sidecar(impatient=impatient)
        for officer in officers:
            self.start_terminal(officer)
        self.ready()

    def ready(self) -> None:
        """Wait until the Director and every terminal's session stand."""
        self.director_process.line(f":{self._director_port}")
        for terminal in self.terminals.values():
            terminal.line("connected to")

    def start_director(self, *arguments: str) -> Process:
        port = str(self._director_port)
        self.director_process = self.run(
            "director",
            [
                "bridge",
                "--log-json",
                "sandbox-director",
                "--port",
                port,
                "--api-key-env",
                API_KEY_ENV,
                *arguments,
            ],
        )
        return self.director_process

    def stop_director(self) -> None:
        """End the Director; what it was told is kept."""
        self.director.remember()
        self.director_process.terminate()

    def start_broker(self, officer: str = OFFICER, scenario: Scenario | None = None) -> Process:
        port = self._broker_ports.setdefault(officer, free_port())
        endpoint = f"tcp://{HOST}:{port}"
        arguments = ["bridge", "--log-json", "paper-broker", "--endpoint", endpoint]
        if scenario is not None:
            path = self.folder / f"{officer}.scenario.json"
            path.write_bytes(msgspec.json.encode(scenario))
            arguments += ["--scenario", str(path)]
        if officer not in self.brokers:
            self.brokers[officer] = BrokerClient(endpoint, timeout=Deadline().left)
        return self.run(f"broker of {officer}", arguments)

    def start_sidecar(self, *, die_at: str = "", impatient: bool = False) -> Process:
        command = ["run", "--config", str(self.config_path)]
        self.sidecars += 1
        self.sidecar = self.run("sidecar", _command(command, die_at=die_at, impatient=impatient))
        return self.sidecar

    def start_terminal(
        self,
        officer: str = OFFICER,
        *,
        die_at: str = "",
        link_key: Path | None = None,
        ledger: Path | None = None,
        patient: bool = False,
    ) -> Process:
        """`patient`: it waits for a silent sidecar as long as it does in the field."""
        command = ["paper", "--endpoint", self.link, "--officer", officer]
        command += ["--link-key-file", str(link_key or self.link_key(officer))]
        command += ["--ledger", str(ledger or self.ledger(officer))]
        command += ["--broker", f"tcp://{HOST}:{self._broker_ports[officer]}"]
        arguments = _command(command, die_at=die_at, impatient=not patient)
        process = self.run(f"terminal of {officer}", arguments)
        self.terminals.setdefault(officer, process)
        if not self.terminals[officer].running:
            self.terminals[officer] = process
        return process

    def run(
        self, name: str, arguments: Sequence[str], environment: Mapping[str, str] | None = None
    ) -> Process:
        """Start any module as a process of this story."""
        given = {API_KEY_ENV: API_KEY, **(environment or {})}
        process = Process(name, self._nursery.start(arguments, folder=self.folder, environment=given))
        self.processes.append(process)
        return process

    def bridge(self, *arguments: str) -> Process:
        """A command of mt5-bridge that ends by itself; wait for it with `exited`."""
        return self.run(arguments[0], ["bridge", *arguments])

    def journal_command(self, *arguments: str) -> Any:
        """What `mt5-bridge journal ... --json` answers."""
        process = self.bridge("journal", "--config", str(self.config_path), *arguments, "--json")
        assert process.exited() == 0, process.log
        return msgspec.json.decode("\n".join(process.log))

    @property
    def terminal(self) -> Process:
        return self.terminals[OFFICER]

    @property
    def broker(self) -> BrokerClient:
        return self.brokers[OFFICER]

    def restart_sidecar(self) -> None:
        """Start the sidecar anew, as a service manager would; kill it before where it lives."""
        self.sidecar.kill()
        self.start_sidecar()

    def restart_terminal(self, officer: str = OFFICER) -> None:
        """Start the officer's terminal anew; kill it before where it lives."""
        self.terminals[officer].kill()
        self.start_terminal(officer)

    # Trading

    def issue(self, action: str, *, officer: str = OFFICER, **fields: object) -> str:
        """List a directive for 0.01 EURUSD at the market, with other fields as given; its id."""
        plain: dict[str, object] = {"symbol": "EURUSD", "order_type": "MARKET"}
        if action.startswith("OPEN"):
            plain["quantity"] = 0.01
        given = {**plain, "action": action, **fields}
        return self.director.issue(officer, {name: each for name, each in given.items() if each is not None})

    def open(self, action: str = "OPEN_LONG", *, officer: str = OFFICER, **fields: object) -> str:
        """Open a position, and wait until the Director knows of it; the directive's id."""
        directive_id = self.issue(action, officer=officer, **fields)
        self.told(directive_id, *OPENED)
        return directive_id

    def told(
        self,
        directive_id: str,
        *types: EventType,
        in_any_order: bool = False,
        within: Deadline | None = None,
    ) -> list[Event]:
        """Wait until the Director was told these things of the directive, in this order and nothing else."""
        events = [
            event
            for event in self.director.wait(
                f"waited for {', '.join(types)} of {directive_id}",
                lambda events: sum(each.directive_id == directive_id for each in events) >= len(types),
                within,
            )
            if event.directive_id == directive_id
        ]
        here = [event.type for event in events]
        assert (sorted(here) == sorted(types)) if in_any_order else (here == list(types)), here
        self.told_of[directive_id] = here
        return events

    def told_besides(
        self, type_: EventType, code: str | None = None, *, within: Deadline | None = None
    ) -> Event:
        """Wait for an event that belongs to no directive."""

        def fits(event: Event) -> bool:
            return event.directive_id is None and event.type == type_ and code in (None, event.code)

        events = self.director.wait(
            f"waited for {type_} ({code}) without a directive", lambda them: any(map(fits, them)), within
        )
        return next(filter(fits, events))

    def quote(self, bid: str, *, symbol: str = "EURUSD", officer: str = OFFICER) -> None:
        """Quote this bid, and an ask of 10 points more."""
        price = Decimal(bid)
        point = Decimal(1).scaleb(int(price.as_tuple().exponent))
        self.brokers[officer].set_quote(symbol, price, price + 10 * point)

    # The end

    def stop(self) -> None:
        """End everything that still runs, in order; each process must end well and without a traceback."""
        first = [*self.terminals.values(), self.sidecar] if self.terminals else []
        running = [process for process in self.processes if process.running]
        for group in ([each for each in running if each in first], [e for e in running if e not in first]):
            for process in group:
                # Before its first line it may not hear signals yet.
                process.line("")
                process.send(signal.SIGTERM)
            for process in group:
                assert process.exited() == 0, f"{process.name} did not end well"
        for process in self.processes:
            assert not any(line.startswith("Traceback") or "exception" in line for line in process.log), (
                f"{process.name} logged a traceback"
            )

    def close(self) -> None:
        """Leave nothing behind, whatever happened."""
        for broker in self.brokers.values():
            broker.close()
        for process in self.processes:
            process.send(signal.SIGKILL)
        for process in self.processes:
            process.exited()


def _command(command: list[str], *, die_at: str, impatient: bool) -> list[str]:
    """The module and arguments for a command of mt5-bridge."""
    command = ["--log-json", *command]
    if die_at:
        return ["tests.rig.crashing", die_at, "--", *command]
    return ["tests.rig.impatient" if impatient else "bridge", *command]
