"""Measurements of a sidecar at work: the way of an order, a halt, a hello of a newcomer, memory and descriptors."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec
import zmq
from demo_parts.deadline import Deadline, TimeUpError
from demo_parts.director import DirectorClient
from demo_parts.processes import OFFICER, Processes
from rich.console import Console
from rich.table import Table

from attackers_parts.attack import KINDS, hello
from bridge.cli import control_client
from bridge.cli.control_client import NoAnswerError, NotAskedError
from bridge.core.director.contract import EventType
from bridge.sidecar import control_file
from bridge.sidecar.operator.halt import HaltRequest
from bridge.sidecar.operator.resume import ResumeRequest
from bridge.simulator.broker.scenario import Scenario

DEADLINE_S: Final = 1200.0
BEFORE_S: Final = 2.0
"""Seconds that an attacker has before anything is measured."""
MOST_HALT_S: Final = 5.0
MOST_MEMORY_MB: Final = 50.0
MOST_TIMES: Final = 2.0
FILLED_S: Final = 30.0


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """Figures with one kind of neighbour, or with none."""

    kind: str
    order_s: float
    """Median time from the directive's issue to ORDER_FILLED at the Director."""
    halt_s: float
    """Time of a halt over the control endpoint, without the start of a process."""
    hello_s: float
    """Time from a newcomer's connection to the answer to its hello, tries again included."""
    memory_mb: float | None
    """Largest resident memory of the sidecar; None where the system does not show it."""
    descriptors: int | None
    log_lines: int


class Bench:
    """A running bridge, and its measurements."""

    def __init__(self, folder: Path, deadline: Deadline, rounds: int) -> None:
        self._deadline = deadline
        self._rounds = rounds
        self.processes = Processes(folder, deadline)
        self._numbers = 0
        self._seen = 0

    def start(self) -> None:
        """Start everything."""
        self.processes.build(Scenario())
        self._director = DirectorClient(self.processes.director_url, self.processes.api_key)
        control = control_file.read(control_file.control_path(self.processes.journal))
        if control is None:
            raise RuntimeError("the sidecar has no control file")
        self._pid, self._control = control.pid, control.port
        log = (self.processes.folder / "sidecar.log").read_text("utf-8")
        starting = next(json.loads(line) for line in log.splitlines() if '"sidecar_starting"' in line)
        self._link: str = starting["link"]
        self._order()

    def quiet(self) -> Measured:
        """Measure without a neighbour."""
        return self._measure("none")

    def attacked(self, kind: str) -> Measured:
        """Measure with one kind of neighbour at work."""
        root = Path(__file__).resolve().parents[2]
        attacker = subprocess.Popen(
            [
                sys.executable,
                str(Path(__file__).with_name("attack.py")),
                kind,
                self._link.rpartition(":")[2],
                str(self._control),
            ],
            env={**os.environ, "PYTHONPATH": str(root)},
            stderr=subprocess.DEVNULL,
        )
        try:
            time.sleep(BEFORE_S)
            measured = self._measure(kind)
            if attacker.poll() is not None:
                raise RuntimeError(f"the attacker {kind!r} has ended by itself; nothing was measured")
            return measured
        finally:
            attacker.kill()
            attacker.wait()

    def _measure(self, kind: str) -> Measured:
        lines = self._log_lines()
        with _Peak(self._pid) as peak:
            orders = [self._order() for _ in range(self._rounds)]
            hello_s = self._hello()
            halt_s = self._operate(HaltRequest(why="measured"))
            self._operate(ResumeRequest())
        self.processes.check()
        return Measured(
            kind=kind,
            order_s=statistics.median(orders),
            halt_s=halt_s,
            hello_s=hello_s,
            memory_mb=peak.memory_mb,
            descriptors=peak.descriptors,
            log_lines=self._log_lines() - lines,
        )

    def _log_lines(self) -> int:
        return (self.processes.folder / "sidecar.log").read_bytes().count(b"\n")

    def _order(self) -> float:
        """Issue an open or a close in turn; return the seconds until its fill is at the Director."""
        self._numbers += 1
        directive_id = f"order-{self._numbers}"
        action = "OPEN_LONG" if self._numbers % 2 else "CLOSE"
        began = time.perf_counter()
        self._director.issue(
            OFFICER,
            {
                "directive_id": directive_id,
                "symbol": "EURUSD",
                "action": action,
                "order_type": "MARKET",
                **({"quantity": 0.1} if action == "OPEN_LONG" else {}),
            },
        )
        while time.perf_counter() - began < FILLED_S:
            emitted = self._director.emitted(self._seen, self._deadline.moment())
            self._seen += len(emitted)
            for each in emitted:
                if (
                    each.event.directive_id == directive_id
                    and each.event.event_type is EventType.ORDER_FILLED
                ):
                    return time.perf_counter() - began
        raise TimeUpError(f"{action} was not filled within {FILLED_S:g} s")

    def _hello(self) -> float:
        """Return the seconds until a newcomer has an answer to its hello. It tries again as a client does."""
        began = time.perf_counter()
        with zmq.Context() as context:
            while True:
                self._deadline.left()
                with context.socket(zmq.DEALER) as dealer:
                    dealer.setsockopt(zmq.LINGER, 0)
                    dealer.connect(self._link)
                    dealer.send(hello("eo-unknown"))
                    if dealer.poll(2000):
                        return time.perf_counter() - began

    def _operate(self, request: HaltRequest | ResumeRequest) -> float:
        """Ask as the command line does, again where the sidecar was not reached; return the seconds."""
        began = time.perf_counter()
        file = control_file.read(control_file.control_path(self.processes.journal))
        while file is not None:
            self._deadline.left()
            with suppress(NotAskedError, NoAnswerError):
                answer = control_client.ask(file, "POST", request.path(), request, timeout_s=MOST_HALT_S)
                if answer.status != 200:
                    raise RuntimeError(f"{request.name} was answered with {answer.status}")
                break
        return time.perf_counter() - began


class _Peak:
    """Largest memory and number of descriptors of a process while the context lasts."""

    def __init__(self, pid: int) -> None:
        self._folder = Path(f"/proc/{pid}")
        self.memory_mb: float | None = None
        self.descriptors: int | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "_Peak":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.1):
            with suppress(OSError):
                pages = int((self._folder / "statm").read_text().split()[1])
                self.memory_mb = max(self.memory_mb or 0.0, pages * os.sysconf("SC_PAGE_SIZE") / 1e6)
                self.descriptors = max(self.descriptors or 0, len(os.listdir(self._folder / "fd")))


def problems(quiet: Measured, attacked: Measured) -> list[str]:
    """Return what is worse than it may be."""
    found = []
    if attacked.order_s > MOST_TIMES * quiet.order_s:
        found.append(f"an order takes {attacked.order_s / quiet.order_s:.1f} times as long")
    if attacked.halt_s > MOST_HALT_S:
        found.append(f"halt takes {attacked.halt_s:.1f} s")
    if attacked.memory_mb is not None and quiet.memory_mb is not None:
        more = attacked.memory_mb - quiet.memory_mb
        if more > MOST_MEMORY_MB:
            found.append(f"{more:.0f} MB more memory")
    return found


def run(kinds: list[str], rounds: int, *, as_json: bool) -> int:
    """Measure, print, and return the exit status: 0 only if every kind was borne."""
    deadline = Deadline(DEADLINE_S)
    with (
        deadline.noting_signals(),
        tempfile.TemporaryDirectory(
            prefix="execution-officer-attackers-", ignore_cleanup_errors=True
        ) as name,
    ):
        bench = Bench(Path(name), deadline, rounds)
        with bench.processes:
            bench.start()
            quiet = bench.quiet()
            rows = []
            for kind in kinds:
                print(f"{kind} ...", file=sys.stderr, flush=True)
                rows.append(bench.attacked(kind))
    found = {row.kind: problems(quiet, row) for row in rows}
    if as_json:
        answer = {"quiet": quiet, "attacked": rows, "problems": found}
        print(msgspec.json.encode(answer).decode())
    else:
        _print(quiet, rows, found)
    return int(any(found.values()))


def _print(quiet: Measured, rows: list[Measured], found: dict[str, list[str]]) -> None:
    table = Table("neighbour", "order", "halt", "hello", "memory", "descriptors", "log lines", "")
    for row in [quiet, *rows]:
        table.add_row(
            row.kind,
            f"{row.order_s * 1000:.0f} ms",
            f"{row.halt_s:.1f} s",
            f"{row.hello_s:.2f} s",
            "-" if row.memory_mb is None else f"{row.memory_mb:.0f} MB",
            "-" if row.descriptors is None else str(row.descriptors),
            str(row.log_lines),
            "; ".join(found.get(row.kind, [])) or ("" if row is quiet else "ok"),
        )
    Console(width=130).print(table)


def names() -> list[str]:
    """Return the names of all kinds."""
    return list(KINDS)
