"""A run: a Director, a sidecar, and officers with their terminals and brokers, that live through a story."""

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any, Final

from bridge import faultpoint
from bridge.core.settings import DirectorSettings, LinkSettings, OfficerSettings, Settings
from bridge.journal.database import file
from tests.simulation.clock import SimulatedClock
from tests.simulation.director import SimulatedDirector
from tests.simulation.disk import DISK
from tests.simulation.evidence import Evidence, collect
from tests.simulation.network import Network
from tests.simulation.schedule import US, Schedule
from tests.simulation.seat import Seat, Shared
from tests.simulation.sidecar import Killed, SidecarProcess
from tests.simulation.story import Act, Story
from tests.simulation.terminal import TerminalProcess

BOUND_S: Final = 360.0
"""Seconds after the last fault in which everything must have come to its end."""
LOOK_S: Final = 5.0
TOLERANCE: Final = timedelta(seconds=DirectorSettings(url="http://127.0.0.1:1").max_clock_skew_s)
"""Distance of its clock from the Director's that the sidecar ignores."""
QUIET_S: Final = 63.0
"""Least seconds from the last fault to the end: the terminal reads all records again every 60 s, and finds then
what came late into the older history."""


class World:
    """Everything in one run. It ends all that it began when `run` returns."""

    def __init__(self, story: Story, folder: Path) -> None:
        self.story = story
        self.lines: list[str] = []
        self.counts: Counter[str] = Counter()
        self.schedule = Schedule()
        self.clock = SimulatedClock(self.schedule)
        self._director_clock = SimulatedClock(self.schedule)
        self._random = self._draws("world")
        self.director = SimulatedDirector(self.schedule, self._director_clock, self._draws("director"))
        self.network = Network(self.schedule, self._draws("network"))
        self._folder = folder
        self.journal = folder / "journal.db"
        shared = Shared(
            schedule=self.schedule,
            network=self.network,
            director=self.director,
            director_clock=self._director_clock,
            folder=folder,
            trace=self.trace,
            draws=self._draws,
            killable=self._run_killable,
            passed=self._passed,
        )
        self.seats = [Seat(number, terms, story.seed, shared) for number, terms in enumerate(story.seats)]
        settings = Settings(
            director=DirectorSettings(url="http://127.0.0.1:1", poll_interval_s=2.0),
            officers=[OfficerSettings(id=seat.officer) for seat in self.seats],
            link=LinkSettings(unknown_after_s=120.0),
        )
        self.sidecar = SidecarProcess(
            settings=settings,
            journal=self.journal,
            keys={seat.officer: seat.key for seat in self.seats},
            schedule=self.schedule,
            clock=self.clock,
            network=self.network,
            director=self.director,
            random=self._draws("sidecar"),
            trace=self.trace,
        )
        self._at_work = self.seats[0].terminal
        """Terminal that is being stepped."""
        self._armed: list[tuple[str, int, float]] = []
        """Fault points at which a process is killed: name, passes until then, and its time of absence."""
        self._full_until = 0
        """Time up to which the disk is full."""
        self.lag = timedelta(0)
        """Most by which the sidecar's clock was slow within the tolerance: so late it may take a limit as over."""
        self.restored: set[str] = set()
        """Files that were put back to an earlier state or lost: journal, ledger."""

    def run(self) -> list[Evidence]:
        """Live through the story, and return everything that a checker needs, of each officer."""
        with DISK.mounted():
            return self._run()

    def _run(self) -> list[Evidence]:
        file.create(self.journal)
        faultpoint.install(self._passed)
        try:
            self.sidecar.start()
            for seat in self.seats:
                seat.start()
            for act in self.story.acts:
                self.schedule.at(int(act.at_s * US), None, lambda act=act: self._do(act))  # type: ignore[misc]
            end = int(self.story.faults_until_s * US) + 1
            self.schedule.run(end)
            self._end_faults()
            ended_after_s = self._run_to_end(end)
            return collect(self, ended_after_s=ended_after_s)
        finally:
            faultpoint.install(lambda name: None)
            self.sidecar.kill()
            for seat in self.seats:
                for terminal in seat.terminals:
                    terminal.kill()

    def trace(self, actor: str, what: str, fields: dict[str, Any]) -> None:
        """Write one line of the trace."""
        shown = " ".join(f"{name}={value!r}" for name, value in fields.items())
        self.lines.append(f"{self.schedule.now / US:12.6f} {actor:9} {what} {shown}")

    @property
    def digest(self) -> str:
        """Hash of the trace."""
        return hashlib.sha256("\n".join(self.lines).encode()).hexdigest()

    def _draws(self, name: str) -> Random:
        return Random(f"{name} {self.story.seed}")  # noqa: S311 - chosen to be repeated

    def _run_killable(self, terminal: TerminalProcess, step: Callable[[], None]) -> None:
        self._at_work = terminal
        try:
            step()
        except Killed:
            pass

    def _passed(self, point: str) -> None:
        """Kill the process that passes an armed fault point, or let its commit fail at a full disk."""
        if point.endswith(".before_commit") and self.schedule.now < self._full_until:
            if self._random.random() < 0.7:
                self.counts["commits at a full disk"] += 1
                raise sqlite3.OperationalError("database or disk is full")
        for place, (name, passes, absent_s) in enumerate(self._armed):
            if name != point:
                continue
            if passes > 1:
                self._armed[place] = name, passes - 1, absent_s
                continue
            del self._armed[place]
            self.counts[f"killed at {point}"] += 1
            self.trace("world", f"kill at {point}", {})
            victim = self._at_work if point.startswith("terminal.") else self.sidecar
            self._doom(victim, absent_s)
            raise Killed(point)

    def _doom(self, victim: SidecarProcess | TerminalProcess, absent_s: float) -> None:
        """Let nothing of the process have an effect from now on; end it once its present step is unwound."""
        life = victim.life
        assert life is not None
        life.alive = False
        self.schedule.after(0, None, victim.end_dead)
        self.schedule.after(int(absent_s * US) + 1, None, victim.start)

    def _do(self, act: Act) -> None:
        self.trace("world", act.kind, {"seat": act.seat, "for_s": act.for_s, **act.what})
        seat, end = self.seats[act.seat], self.schedule.now + int(act.for_s * US)
        if act.kind == "directive":
            seat.issue(act.what)
            return
        named = f": {act.what['effect']}" if act.kind == "rule" else ""
        self.counts[f"{act.kind}{named}"] += 1
        match act.kind:
            case "Director":
                fault = act.what["fault"]
                self.director.faults[fault] += 1
                self.schedule.at(end, None, lambda: self.director.faults.subtract([fault]))
            case "kill sidecar":
                self.sidecar.kill()
                self.schedule.at(end, None, self.sidecar.start)
            case "kill sidecar at" | "kill terminal at":
                self._armed.append((act.what["point"], act.what["after"], min(act.for_s, 20.0)))
            case "stop sidecar":
                if self.sidecar.life is not None:
                    self.sidecar.life.stopped_until = max(self.sidecar.life.stopped_until, end)
            case "break link":
                for connection in self.network.present():
                    self.network.cut(connection, lose=act.what["lose"])
            case "half-open link":
                for connection in self.network.present():
                    self.network.half_open(connection, act.for_s)
            case "slow link":
                for connection in self.network.present():
                    connection.slow_until = end
            case "power failure":
                self.sidecar.kill(power_fails=True)
                self.schedule.at(end, None, self.sidecar.start)
                for each in self.seats:
                    each.terminal.kill()
                    self.schedule.at(end, None, each.terminal.start)
            case "restored journal" | "restored ledger" | "restored machine":
                self._restore(act, seat, end)
            case "slow disk":
                self.sidecar.slow_disk = True
                self.schedule.at(end, None, lambda: setattr(self.sidecar, "slow_disk", False))
            case "clock jump" | "Director clock jump":
                clock = self.clock if act.kind == "clock jump" else self._director_clock
                jump = timedelta(seconds=act.what["seconds"])
                self._jump(clock, jump)
                self.schedule.at(end, None, lambda: self._jump(clock, -jump))
            case "full disk":
                self._full_until = max(self._full_until, end)
            case "unwritable journal":
                self.sidecar.lock_journal(True)
                self.schedule.at(end, None, lambda: self.sidecar.lock_journal(False))
            case _:
                seat.do(act, end)

    def _jump(self, clock: SimulatedClock, jump: timedelta) -> None:
        clock.ahead += jump
        if abs(self._director_clock.ahead - self.clock.ahead) <= TOLERANCE:
            self.lag = max(self.lag, -self.clock.ahead)

    def _restore(self, act: Act, seat: Seat, end: int) -> None:
        """Keep a copy of files as they are, and put it in their place at the end. The processes start a second
        later. `fresh`: a new file takes the place instead of the copy."""
        kept = self.sidecar.journal_files()
        ledger = self._folder / f"kept-{self.schedule.now}"
        if act.what["fresh"]:
            ledger.mkdir()
        else:
            seat.terminal.copy_folder(ledger)

        def put() -> None:
            if act.kind != "restored ledger":
                self.restored.add("journal")
                self.sidecar.kill()
                self.sidecar.put_journal({} if act.what["fresh"] else kept)
                if act.what["fresh"]:
                    file.create(self.journal)
                self.schedule.after(US, None, self.sidecar.start)
            if act.kind != "restored journal":
                self.restored.add("ledger")
                seat.terminal.kill()
                seat.terminal.put_folder(ledger)
                self.schedule.after(US, None, seat.terminal.start)

        self.schedule.at(end, None, put)

    def _end_faults(self) -> None:
        """End whatever still lasts: a process that is absent returns."""
        self.trace("world", "the faults end", {})
        self._armed.clear()
        self.director.faults.clear()
        self.sidecar.slow_disk = False
        self.sidecar.lock_journal(False)
        self.sidecar.start()
        for seat in self.seats:
            seat.end_faults()

    def _run_to_end(self, since: int) -> float | None:
        """Run until nothing is open any more, and QUIET_S at least. Return the seconds; None beyond the bound."""
        self.schedule.run(since + int(QUIET_S * US))
        for seat in self.seats:
            # The market stands still from now on: nothing may be under way when the books are compared.
            seat.stop_market()
        changes = -1
        while not self._is_over() or changes != self._count_changes():
            if self.schedule.now > since + BOUND_S * US:
                return None
            changes = self._count_changes()
            self.schedule.run(self.schedule.now + int(LOOK_S * US))
        return (self.schedule.now - since) / US

    def _count_changes(self) -> int:
        return sum(seat.broker.count_changes() for seat in self.seats)

    def _is_over(self) -> bool:
        with file.open_reader(self.journal) as journal:
            (known, open_, queued) = journal.execute(
                # Of an officer in quarantine nothing comes to an end until an operator acts.
                "WITH served AS (SELECT officer FROM officers WHERE quarantine = '')"
                " SELECT (SELECT count(*) FROM directives WHERE origin = 'director'),"
                " (SELECT count(*) FROM commands WHERE officer IN served AND state IN"
                " ('PLANNED', 'DISPATCHED', 'SUBMITTED', 'UNRESOLVED'))"
                " + (SELECT count(*) FROM directives WHERE officer IN served AND state = 'RECEIVED'),"
                " (SELECT count(*) FROM events WHERE state = 'queued')"
            ).fetchone()
        # A journal that was put back does not know the directives that it had received since.
        all_known = known == len(self.director.directives) or "journal" in self.restored
        return all_known and not open_ and not queued


def dump(path: Path) -> str:
    """Return the journal's content as text, but for the times at which the schema was made."""
    with file.open_reader(path) as journal:
        rows = []
        names = [
            row[0]
            for row in journal.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
            if not row[0].startswith(("sqlite_", "_sqlite_"))
        ]
        for name in names:
            query = f"SELECT * FROM {name}"  # noqa: S608 - names of the schema
            rows += [json.dumps([name, *row], default=bytes.hex) for row in journal.execute(query)]
    return "\n".join(rows)
