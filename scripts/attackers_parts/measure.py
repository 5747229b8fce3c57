"""Measurements of a sidecar at work: the way of an order, a halt, a hello of a newcomer, memory and descriptors."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final

import zmq
from demo_parts.deadline import Deadline, TimeUpError
from demo_parts.director import DirectorClient
from demo_parts.processes import OFFICER, Processes

from attackers_parts import judgement
from attackers_parts.attack import KINDS, hello
from attackers_parts.judgement import MOST_HALT_S, Compared, Measured
from attackers_parts.usage import Usage
from bridge.cli import control_client
from bridge.cli.control_client import NoAnswerError, NotAskedError
from bridge.core.director.contract import EventType
from bridge.sidecar import control_file
from bridge.sidecar.operator.halt import HaltRequest
from bridge.sidecar.operator.resume import ResumeRequest
from bridge.simulator.broker.scenario import Scenario

DEADLINE_S: Final = 3600.0
BEFORE_S: Final = 2.0
"""Seconds that an attacker has before anything is measured."""
FILLED_S: Final = 30.0


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
        with Usage(self._pid) as usage:
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
            memory_mb=usage.memory_mb,
            descriptors=usage.descriptors,
            cpu=usage.cpu,
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


def run(kinds: list[str], rounds: int, *, json_wanted: bool) -> int:
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
            first = bench.quiet()
            quiet_s = first.order_s

            def compared(kind: str) -> Compared:
                nonlocal quiet_s
                print(f"{kind} ...", file=sys.stderr, flush=True)
                before, attacked = quiet_s, bench.attacked(kind)
                # The machine's other work changes from minute to minute, and the times with it.
                quiet_s = bench.quiet().order_s
                return Compared(
                    attacked=attacked,
                    quiet_s=statistics.mean((before, quiet_s)),
                    quiet_mb=first.memory_mb,
                )

            rows = [judgement.first_borne(partial(compared, kind)) for kind in kinds]
    if json_wanted:
        print(judgement.as_json(first, rows))
    else:
        judgement.show(first, rows)
    return int(any(row.problems() for row in rows))


def names() -> list[str]:
    """Return the names of all kinds."""
    return list(KINDS)
