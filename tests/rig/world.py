"""The processes of one story: made ready, started, killed and ended."""

import signal
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import msgspec

from bridge.cli.setup import set_up
from bridge.config import load
from bridge.keys import link_key_path
from bridge.simulator.broker.rpc.client import BrokerClient, connect_broker
from bridge.simulator.broker.scenario import AccountTerms, Scenario
from tests.rig.config import API_KEY_ENV, Section, write_config
from tests.rig.deadline import Deadline
from tests.rig.director import Director
from tests.rig.journal import JournalView
from tests.rig.ports import HOST, free_port
from tests.rig.process import Process
from tests.rig.starting import Starter

OFFICER: Final = "eo-001"
API_KEY: Final = "the-rig's-key"

_NOTHING: Final[Section] = MappingProxyType({})


class World:
    """One Director, one sidecar, and per officer one terminal and one broker."""

    def __init__(self, folder: Path, starter: Starter) -> None:
        self.folder = folder
        self._starter = starter
        self.config_path = folder / "bridge.toml"
        self.journal = JournalView(folder / "journal.db")
        self.processes: list[Process] = []
        """All that were ever started."""
        self.terminals: dict[str, Process] = {}
        self.brokers: dict[str, BrokerClient] = {}
        self.other_accounts: dict[str, dict[int, tuple[int, BrokerClient]]] = {}
        """By officer and login: port and client of each account's broker that its terminal has left."""
        self._logins: dict[str, int] = {}
        """Login of the terminal's present account by officer, where it is not the first one."""
        self._first_logins: dict[str, int] = {}
        self.unsettled = ""
        """Reason for which this test ends with an open command; empty where every command must have ended."""
        self.button_pressed = False
        """The operator pressed a terminal's flatten button, which cancels without a command."""
        self.answers_lost = False
        """The Director accepts events and its answers are lost, so that events are delivered more than once."""
        self.journal_restored = False
        """The journal was restored from a backup: Director and broker know more than it does."""
        self.deleted_deals: set[int] = set()
        """Tickets of deals that the broker deleted for good; the journal keeps them."""
        self.clock_ahead = timedelta(0)
        """Time by which the wall clock of each process that is started from now on is ahead of this machine's."""
        self.sidecars = 0
        """Number of sidecars that were started."""
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
        web: Section | None = None,
    ) -> None:
        """Write the configuration, and create the files that it names."""
        write_config(
            self.config_path,
            director_port=self._director_port,
            link_port=self._link_port,
            officers=officers,
            director=director,
            link=link,
            web=web,
        )
        set_up(load(self.config_path))

    def link_key(self, officer: str = OFFICER) -> Path:
        """The officer's link key file."""
        return link_key_path(self.journal.path, officer)

    def ledger(self, officer: str = OFFICER) -> Path:
        """The ledger of the officer's terminal. Each account has a ledger of its own."""
        login = self._logins.get(officer)
        return self.link_key(officer).with_suffix(".ledger" if login is None else f".{login}.ledger")

    def set_date(self, moment: datetime) -> None:
        """Let the wall clock of each process that is started from now on begin at this moment."""
        self.clock_ahead = moment - datetime.now(UTC)

    def set_broker_clock(self, moment: datetime, hours: int) -> None:
        """Set the clock of the broker to that moment of UTC, in a time zone so many hours ahead."""
        wanted = int(moment.timestamp() + hours * 3_600) * 1_000
        self.broker.shift_clock(wanted - self.broker.server_time())

    # Starting and ending

    def start(self, *, officers: Sequence[str] = (OFFICER,), short_timeouts: bool = False) -> None:
        """Start everything, and wait until each officer's terminal has its session.

        `short_timeouts`: sidecar and terminals run with shorter time-outs (see tests/rig/short_timeouts.py).
        """
        self.start_director()
        for number, officer in enumerate(officers):
            account = AccountTerms(login=AccountTerms().login + number)
            self.start_broker(officer, Scenario(account=account) if number else None)
        self.start_sidecar(short_timeouts=short_timeouts)
        for officer in officers:
            self.start_terminal(officer, short_timeouts=short_timeouts)
        self.ready()

    def ready(self) -> None:
        """Wait until the Director listens and every terminal has a session."""
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
        """End the Director; its events are kept."""
        self.director.remember()
        self.director_process.terminate()

    def start_broker(self, officer: str = OFFICER, scenario: Scenario | None = None) -> Process:
        port = self._broker_ports.setdefault(officer, free_port())
        endpoint = f"tcp://{HOST}:{port}"
        arguments = ["bridge", "--log-json", "simulated-broker", "--endpoint", endpoint]
        if scenario is not None:
            path = self.folder / f"{officer}.scenario.json"
            path.write_bytes(msgspec.json.encode(scenario))
            arguments += ["--scenario", str(path)]
        if officer not in self.brokers:
            self.brokers[officer] = connect_broker(endpoint, timeout=Deadline().left)
        return self.run(f"broker of {officer}", arguments)

    def change_account(self, login: int, officer: str = OFFICER) -> None:
        """Log the officer's terminal in to another account, and start it anew.

        Each account has a broker of its own.
        """
        left = self.brokers.pop(officer)
        others = self.other_accounts.setdefault(officer, {})
        before = left.account().login
        others[before] = self._broker_ports.pop(officer), left
        if login == self._first_logins.setdefault(officer, before):
            self._logins.pop(officer, None)
        else:
            self._logins[officer] = login
        if login in others:
            self._broker_ports[officer], self.brokers[officer] = others.pop(login)
        else:
            self.start_broker(officer, Scenario(account=AccountTerms(login=login)))
        self.restart_terminal(officer)

    def start_zoned_broker(self, hours: int) -> Process:
        """Start a broker whose clock is so many hours ahead of UTC. Started again it has its earlier state."""
        port = self._broker_ports.setdefault(OFFICER, free_port())
        endpoint = f"tcp://{HOST}:{port}"
        if OFFICER not in self.brokers:
            self.brokers[OFFICER] = connect_broker(endpoint, timeout=Deadline().left)
        state = str(self.folder / "broker.state")
        return self.run(f"broker of {OFFICER}", ["tests.rig.zoned", endpoint, state, str(hours)])

    def start_sidecar(self, *, die_at: str = "", short_timeouts: bool = False) -> Process:
        command = ["run", "--config", str(self.config_path)]
        self.sidecars += 1
        self.sidecar = self.run("sidecar", _command(command, die_at=die_at, short_timeouts=short_timeouts))
        return self.sidecar

    def start_terminal(
        self,
        officer: str = OFFICER,
        *,
        die_at: str = "",
        link_key: Path | None = None,
        ledger: Path | None = None,
        short_timeouts: bool = False,
    ) -> Process:
        command = ["reference-terminal", "--endpoint", self.link, "--officer", officer]
        command += ["--link-key-file", str(link_key or self.link_key(officer))]
        command += ["--ledger", str(ledger or self.ledger(officer))]
        command += ["--broker", f"tcp://{HOST}:{self._broker_ports[officer]}"]
        arguments = _command(command, die_at=die_at, short_timeouts=short_timeouts)
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
        if self.clock_ahead:
            arguments = ["tests.rig.dated", str(self.clock_ahead.total_seconds()), *arguments]
        process = Process(name, self._starter.start(arguments, folder=self.folder, environment=given))
        self.processes.append(process)
        return process

    def bridge(self, *arguments: str) -> Process:
        """Start a command of execution-officer that ends by itself; wait for it with `exited`."""
        return self.run(arguments[0], ["bridge", *arguments])

    def journal_command(self, *arguments: str) -> Any:
        """Return the output of `execution-officer journal ... --json`."""
        process = self.bridge("journal", "--config", str(self.config_path), *arguments, "--json")
        assert process.exited() == 0, process.log
        return msgspec.json.decode("\n".join(process.log))

    @property
    def terminal(self) -> Process:
        return self.terminals[OFFICER]

    @property
    def broker(self) -> BrokerClient:
        return self.brokers[OFFICER]

    def broker_endpoint(self, officer: str = OFFICER) -> str:
        """Return the endpoint of the officer's broker."""
        return f"tcp://{HOST}:{self._broker_ports[officer]}"

    @property
    def director_port(self) -> int:
        return self._director_port

    def restart_sidecar(self) -> None:
        """Start the sidecar anew, as a service manager would; kill it before where it lives."""
        self.sidecar.kill()
        self.start_sidecar()

    def restart_terminal(self, officer: str = OFFICER) -> None:
        """Restart the officer's terminal; kill it first where it runs."""
        self.terminals[officer].kill()
        self.start_terminal(officer)

    # The end

    def stop(self) -> None:
        """End everything that still runs, in order; each process must end well and without a traceback."""
        running = [process for process in self.processes if process.running]
        # A terminal waits for its broker's answers, a sidecar for its Director's.
        peers = [process for process in running if process.name.startswith(("broker", "director"))]
        for group in ([process for process in running if process not in peers], peers):
            for process in group:
                # Before its first line it may not hear signals yet.
                process.line("")
                process.send(signal.SIGTERM)
            for process in group:
                assert process.exited() == 0, f"{process.name} did not end well"
        for process in self.processes:
            assert not any("Traceback" in line for line in process.log), f"{process.name} logged a traceback"

    def close(self) -> None:
        """Leave nothing behind, whatever happened."""
        left = [client for others in self.other_accounts.values() for _, client in others.values()]
        for broker in (*self.brokers.values(), *left):
            broker.close()
        for process in self.processes:
            process.begin_kill()
        for process in self.processes:
            process.exited()


def _command(command: list[str], *, die_at: str, short_timeouts: bool) -> list[str]:
    """The module and arguments for a command of execution-officer."""
    command = ["--log-json", *command]
    if die_at:
        return ["tests.rig.crashing", die_at, "--", *command]
    return ["tests.rig.short_timeouts" if short_timeouts else "bridge", *command]
