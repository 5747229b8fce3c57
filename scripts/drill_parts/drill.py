"""The drill from end to end: three positions, a lost machine, a restored backup, and the comparison."""

import secrets
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from demo_parts.deadline import Deadline, InterruptedDemoError, TimeUpError
from demo_parts.director import DirectorClient, DirectorError, Emitted
from demo_parts.journal import JournalFailedError, read_journal
from demo_parts.process import Process, ProcessDiedError
from demo_parts.processes import KEY_VARIABLE, environment

from bridge.core.director.contract import EventType as Type
from bridge.exits import ExitCode
from bridge.sandbox.state import Listing
from bridge.simulator.broker.api import BrokerGone, BrokerTimeout, ControlError
from bridge.simulator.broker.fault_rules import SendKind
from bridge.simulator.broker.rpc.client import BrokerClient, connect_broker
from drill_parts.machine import OFFICER, Machine

DEADLINE_S: Final = 180.0
OPENED: Final = (Type.DIRECTIVE_RECEIVED, Type.ORDER_PLACED, Type.ORDER_FILLED, Type.POSITION_OPENED)
CLOSED: Final = (Type.DIRECTIVE_RECEIVED, Type.ORDER_PLACED, Type.ORDER_FILLED, Type.POSITION_CLOSED)
POSITIONS: Final = (
    ("long-euro", "EURUSD", "OPEN_LONG", 0.10),
    ("short-pound", "GBPUSD", "OPEN_SHORT", 0.20),
    ("long-yen", "USDJPY", "OPEN_LONG", 0.30),
)
_SENDS_OF_TRADES: Final = frozenset({SendKind.OPEN, SendKind.CLOSE, SendKind.PENDING})
_FAILURES: Final = (
    BrokerGone,
    BrokerTimeout,
    ControlError,
    DirectorError,
    JournalFailedError,
    ProcessDiedError,
    TimeUpError,
)


class DrillFailedError(Exception):
    """The drill did not end as it must; the message has what differs."""


def run_drill(*, old_machine_returns: bool, deadline_s: float = DEADLINE_S) -> int:
    """Run the drill in a temporary folder and return the exit status. All its processes have ended then."""
    deadline = Deadline(deadline_s)
    with (
        deadline.noting_signals(),
        tempfile.TemporaryDirectory(prefix="execution-officer-drill-", ignore_cleanup_errors=True) as name,
        ExitStack() as stack,
    ):
        try:
            # With two machines it never forgets a directive, so that both see each.
            listing = Listing.FOREVER if old_machine_returns else Listing.UNTIL_RECEIVED
            drill = _Drill(Path(name), deadline, stack, listing)
            if old_machine_returns:
                drill.two_machines()
            else:
                drill.lost_machine()
        except InterruptedDemoError as error:
            print(f"Interrupted: {error}")
            return error.status
        except (*_FAILURES, DrillFailedError) as error:
            print(f"FAILED: {error}")
            return 1
    return 0


class _Drill:
    """Director and broker, which stay, and the machines."""

    def __init__(self, folder: Path, deadline: Deadline, stack: ExitStack, listing: Listing) -> None:
        self._folder = folder
        self._deadline = deadline
        self._stack = stack
        api_key = secrets.token_urlsafe(24)
        # The output goes into this one's, line by line.
        self._environ = {**environment(api_key), "NO_COLOR": "1", "COLUMNS": "150"}
        self._events: list[Emitted] = []
        director = self._process(
            "director",
            [
                "sandbox-director",
                "--port",
                "0",
                "--api-key-env",
                KEY_VARIABLE,
                "--listing",
                listing,
                "--json",
            ],
            r'"url": "([^"]+)"',
        )
        broker = self._process(
            "broker",
            ["simulated-broker", "--endpoint", "tcp://127.0.0.1:*", "--json"],
            r'"endpoint": ?"([^"]+)"',
        )
        self._director_url = director.wait_until_ready(deadline)
        self._director = DirectorClient(self._director_url, api_key)
        self._broker_endpoint = broker.wait_until_ready(deadline)
        self._broker: BrokerClient = stack.enter_context(connect_broker(self._broker_endpoint))

    def lost_machine(self) -> None:
        """Lose the machine, restore yesterday's backup on a new one, and close all three positions there."""
        backup = self._folder / "yesterday.db"
        old = self._ordinary_day(backup)
        print(
            "\n== The machine is lost: sidecar, journal, terminal and ledger. Three positions stand at the broker."
        )
        keys = self._folder / "kept.linkkey"
        shutil.copy(old.folder / f"{OFFICER}.linkkey", keys)
        old.lose()
        print("\n== A new machine: yesterday's backup, the link key, a terminal with a new ledger.")
        new = self._restored(backup, keys)
        new.start()
        self._recover(new)
        self._close_all(new)
        self._compare(new)
        new.stop()
        print("\nOK: journal, Director and broker agree to the last lot, and no order was sent twice.")

    def two_machines(self) -> None:
        """Let the old machine come back while the new one works."""
        backup = self._folder / "yesterday.db"
        old = self._ordinary_day(backup)
        print("\n== The old machine loses its power. A new one takes over with yesterday's backup.")
        keys = self._folder / "kept.linkkey"
        shutil.copy(old.folder / f"{OFFICER}.linkkey", keys)
        old.kill()
        new = self._restored(backup, keys)
        new.start()
        self._recover(new)
        print(
            "\n== The old machine has power again and starts by itself: two sidecars, two terminals, one account."
        )
        old.start()
        self._trade_until_raised(old, new)
        for machine in (old, new):
            machine.operate("status")
        twice = self._sent_twice()
        if twice and any(machine.operate("status", show=False)[0] == ExitCode.OK for machine in (old, new)):
            raise DrillFailedError(
                f"an order was sent more than once, and one machine says all is well: {twice}"
            )
        for machine in (old, new):
            machine.stop()
        if twice:
            print("\nOK: both sent the same order within a second, and both have halted and raised it.")
        else:
            print("\nOK: no order was sent twice, and the machine that found the other's order has halted.")

    def _restored(self, backup: Path, keys: Path) -> Machine:
        """Return a new machine, with the backup in the journal's place and the link key."""
        machine = self._machine("new")
        shutil.copy(keys, machine.folder / f"{OFFICER}.linkkey")
        machine.must("journal", "restore", str(backup), "--yes")
        machine.must("setup")
        return machine

    def _ordinary_day(self, backup: Path) -> Machine:
        print("== An ordinary day: three positions, and a backup from before two of them.")
        old = self._machine("old")
        old.must("setup")
        old.start()
        for number, (name, symbol, action, quantity) in enumerate(POSITIONS):
            self._issue(name, symbol, action, quantity)
            self._await(name, OPENED)
            if not number:
                old.must("journal", "backup", str(backup))
        self._print_positions()
        return old

    def _recover(self, machine: Machine) -> None:
        """Do what `status` and the documents ask for after a loss."""
        status, _ = machine.operate("status")
        if status != ExitCode.ATTENTION:
            raise DrillFailedError(f"status ended with {status}; the loss was not noticed")
        while machine.operate("recover", show=False)[0] not in (ExitCode.OK, ExitCode.UNADOPTED):
            machine.check()
            self._deadline.left()
        machine.operate("recover")
        machine.must(
            "recover", "--adopt", "--officer", OFFICER, "--why", "restored yesterday's backup", "--yes"
        )
        machine.must("rebind", "--officer", OFFICER, "--why", "recovered", "--yes")

    def _close_all(self, machine: Machine) -> None:
        print("\n== The Director closes all three.")
        for name, symbol, _, _ in POSITIONS:
            self._director.issue(
                OFFICER,
                {
                    "directive_id": f"close-{name}",
                    "symbol": symbol,
                    "action": "CLOSE",
                    "target_directive_id": name,
                },
            )
        for name, *_ in POSITIONS:
            self._await(f"close-{name}", CLOSED)
        while machine.operate("status", show=False)[0] != ExitCode.OK:
            machine.check()
            self._deadline.left()
        machine.must("status")

    def _compare(self, machine: Machine) -> None:
        """Compare broker, journal and Director. Raises DrillFailedError."""
        print("\n== The comparison.")
        self._no_order_twice()
        troubles = [f"{each.identifier} {each.symbol} is open" for each in self._broker.positions()]
        rows = read_journal(machine.folder / "journal.db", self._deadline)
        for name, _, _, quantity in POSITIONS:
            for directive, expected in ((name, OPENED), (f"close-{name}", CLOSED)):
                received = self._received(directive)
                print(f"     {directive:<18} {rows[directive].state:<8} {', '.join(received)}")
                if Counter(received) != Counter(expected):
                    troubles.append(f"the Director has {', '.join(received) or 'nothing'} of {directive}")
                if rows[directive].state != "FILLED" or rows[directive].undelivered:
                    troubles.append(f"the journal has {directive} as {rows[directive].state}")
            closed = [
                each.event.fill_quantity
                for each in self._events
                if each.event.directive_id == f"close-{name}" and each.event.event_type is Type.ORDER_FILLED
            ]
            if [float(volume or 0) for volume in closed] != [quantity]:
                troubles.append(
                    f"{name}: {quantity} lots were opened, and the Director heard of {closed} closed"
                )
        if troubles:
            raise DrillFailedError("; ".join(troubles))

    def _no_order_twice(self) -> None:
        if twice := self._sent_twice():
            raise DrillFailedError(f"an order was sent more than once: {twice}")

    def _sent_twice(self) -> dict[int, int]:
        """Return the client order ids for which more than one order was executed, with the number of each."""
        sends = Counter(
            send.request.magic
            for send in self._broker.sends()
            if SendKind.of(send.request) in _SENDS_OF_TRADES and send.executed
        )
        twice = {each: count for each, count in sends.items() if count > 1}
        print(f"     {len(sends)} orders at the broker, {len(twice)} of them sent more than once")
        return twice

    def _trade_until_raised(self, *machines: Machine) -> None:
        """Issue directives that both see, until a status asks for an operator. Raises TimeUpError.

        The first half minute of a sidecar does not count: a directive of that time may be older than its start.
        """
        number = 0
        while all(machine.operate("status", show=False)[0] == ExitCode.OK for machine in machines):
            number += 1
            self._issue(f"both-see-{number}", "EURUSD", "OPEN_LONG", 0.01)
            self._await(f"both-see-{number}", OPENED, at_least=True)
            for machine in machines:
                machine.check()
        print(f"     {number} directives were listed to both.")

    def _issue(self, name: str, symbol: str, action: str, quantity: float) -> None:
        self._director.issue(
            OFFICER,
            {
                "directive_id": name,
                "symbol": symbol,
                "action": action,
                "order_type": "MARKET",
                "quantity": quantity,
            },
        )

    def _await(self, directive: str, expected: tuple[Type, ...], *, at_least: bool = False) -> None:
        """Wait for the events of a directive. Raises DrillFailedError for others, and the deadline's errors."""
        while len(self._received(directive)) < len(expected):
            self._events.extend(self._director.emitted(len(self._events), self._deadline.moment()))
        if not at_least and self._received(directive) != expected:
            raise DrillFailedError(f"{directive}: the Director has {', '.join(self._received(directive))}")

    def _received(self, directive: str) -> tuple[Type, ...]:
        return tuple(each.event.event_type for each in self._events if each.event.directive_id == directive)

    def _print_positions(self) -> None:
        for line in _positions(self._broker):
            print(f"     {line}")

    def _machine(self, name: str) -> Machine:
        machine = Machine(
            name,
            self._folder / name,
            director_url=self._director_url,
            broker=self._broker_endpoint,
            environ=self._environ,
            deadline=self._deadline,
        )
        self._stack.callback(machine.end)
        return machine

    def _process(self, name: str, arguments: list[str], ready: str) -> Process:
        process = Process(name, arguments, folder=self._folder, environ=self._environ, ready=ready)
        self._stack.callback(process.end)
        return process


def _positions(broker: BrokerClient) -> Iterator[str]:
    for position in broker.positions():
        what = f"{position.type.name} {position.volume} {position.symbol}"
        yield f"position {position.ticket}: {what}, magic {position.magic}"
