"""A run: one Director, one sidecar, one terminal and one broker that live through a story."""

import hashlib
import json
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any, Final

import msgspec

from bridge import faultpoint
from bridge.core.director.contract import utc_text
from bridge.core.settings import DirectorSettings, LinkSettings, OfficerSettings, Settings
from bridge.core.units.mt5_terms import MarginMode
from bridge.journal.database import file
from bridge.simulator.broker.api import ControlError
from bridge.simulator.broker.broker import Broker
from bridge.simulator.broker.fault_rules import Rule
from bridge.simulator.broker.scenario import AccountTerms, RandomWalk, Scenario, SymbolTerms
from bridge.simulator.mt5.types import OrderType
from tests.simulation.clock import START, SimulatedClock
from tests.simulation.director import SimulatedDirector
from tests.simulation.evidence import Evidence, collect
from tests.simulation.network import MS, Network
from tests.simulation.schedule import US, Schedule
from tests.simulation.sidecar import KEY, Killed, SidecarProcess
from tests.simulation.story import SYMBOLS, Act, Story
from tests.simulation.terminal import TerminalProcess

OFFICER: Final = "eo-001"
BROKER_AHEAD_S: Final = 7_200
"""Distance of the broker's clock from UTC."""
MARKET_S: Final = 1.0
"""Seconds between quotes."""
BOUND_S: Final = 360.0
"""Seconds after the last fault in which everything must have come to its end."""
LOOK_S: Final = 5.0
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
        mode = MarginMode.RETAIL_NETTING if story.netting else MarginMode.RETAIL_HEDGING
        self._start_ms = int(START.timestamp() + BROKER_AHEAD_S) * 1000
        self.broker = Broker.start(
            Scenario(
                seed=story.seed,
                account=AccountTerms(margin_mode=mode, balance=Decimal(100_000)),
                symbols=tuple(
                    SymbolTerms(
                        name=name, bid=Decimal(price), ask=Decimal(price) + Decimal(10) ** -digits * 2
                    )
                    for name, (price, digits) in SYMBOLS.items()
                ),
                random_walk=RandomWalk(interval_ms=2_000, step_points=15),
            ),
            self._start_ms,
        )
        self.journal = folder / "journal.db"
        file.create(self.journal)
        settings = Settings(
            director=DirectorSettings(url="http://127.0.0.1:1", poll_interval_s=2.0),
            officers=[OfficerSettings(id=OFFICER)],
            link=LinkSettings(unknown_after_s=120.0),
        )
        self.sidecar = SidecarProcess(
            settings=settings,
            journal=self.journal,
            keys={OFFICER: KEY},
            schedule=self.schedule,
            clock=self.clock,
            network=self.network,
            director=self.director,
            random=self._draws("sidecar"),
            trace=self.trace,
        )
        self._folder = folder
        self.terminal = self._new_terminal("terminal")
        self._copies: list[TerminalProcess] = []
        """Terminals that were started from a copy of the terminal's folder."""
        self._at_work = self.terminal
        """Terminal that is being stepped."""
        self._armed: list[tuple[str, int, float]] = []
        """Fault points at which a process is killed: name, passes until then, and its time of absence."""
        self.expires_ms: dict[str, int] = {}
        self._full_until = 0
        """Time up to which the disk is full."""
        self._shown = 0
        self.broker_ahead_ms = BROKER_AHEAD_S * 1000

    def run(self) -> Evidence:
        """Live through the story, and return everything that a checker needs."""
        faultpoint.install(self._passed)
        try:
            self.sidecar.start()
            self.terminal.start()
            self._plan_market()
            for act in self.story.acts:
                self.schedule.at(int(act.at_s * US), None, lambda act=act: self._do(act))  # type: ignore[misc]
            end = int(self.story.faults_until_s * US) + 1
            self.schedule.run(end)
            self._end_faults()
            ended_after_s = self._run_to_end(end)
            evidence = collect(self, ended_after_s=ended_after_s)
            self.sidecar.kill()
            for terminal in self._terminals:
                terminal.kill()
            return evidence
        finally:
            faultpoint.install(lambda name: None)
            self.sidecar.kill()
            for terminal in self._terminals:
                terminal.kill()

    @property
    def _terminals(self) -> list[TerminalProcess]:
        return [self.terminal, *self._copies]

    def _new_terminal(self, name: str) -> TerminalProcess:
        return TerminalProcess(
            name=name,
            officer=OFFICER,
            key=KEY,
            ledger=self._folder / f"{name}.ledger",
            broker=self.broker,
            schedule=self.schedule,
            network=self.network,
            random=self._draws(name),
            trace=self.trace,
            advance=self._advance,
            killable=self._run_killable,
        )

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

    def _advance(self) -> None:
        self.broker.advance_steady(self._start_ms + self.schedule.now // MS)

    def _plan_market(self) -> None:
        def tick() -> None:
            self._advance()
            self._notify()
            self._plan_market()

        self.schedule.after(int(MARKET_S * US), None, tick)

    def _notify(self) -> None:
        changes = self.broker.count_changes()
        if changes != self._shown:
            self._shown = changes
            for terminal in self._terminals:
                terminal.notify()

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
        self.trace("world", act.kind, {"for_s": act.for_s, **act.what})
        if act.kind != "directive":
            named = f": {act.what['effect']}" if act.kind == "rule" else ""
            self.counts[f"{act.kind}{named}"] += 1
        end = self.schedule.now + int(act.for_s * US)
        match act.kind:
            case "directive":
                self._issue(act.what)
            case "Director":
                fault = act.what["fault"]
                self.director.faults[fault] += 1
                self.schedule.at(end, None, lambda: self.director.faults.subtract([fault]))
            case "kill sidecar":
                self.sidecar.kill()
                self.schedule.at(end, None, self.sidecar.start)
            case "kill terminal":
                self.terminal.kill()
                self.schedule.at(end, None, self.terminal.start)
            case "kill sidecar at" | "kill terminal at":
                self._armed.append((act.what["point"], act.what["after"], min(act.for_s, 20.0)))
            case "stop sidecar" | "stop terminal":
                victim = self.sidecar if act.kind == "stop sidecar" else self.terminal
                if victim.life is not None:
                    victim.life.stopped_until = max(victim.life.stopped_until, end)
            case "copied terminal":
                self._copy_terminal(end)
            case "break link":
                for connection in self.network.present():
                    self.network.cut(connection, lose=act.what["lose"])
            case "half-open link":
                for connection in self.network.present():
                    self.network.half_open(connection, act.for_s)
            case "slow link":
                for connection in self.network.present():
                    connection.slow_until = end
            case "disconnect broker":
                self._advance()
                self.broker.disconnect()
                self._notify()
                self.schedule.at(end, None, self._connect_broker)
            case "broker does not answer" | "slow timer":
                self.terminal.faults[act.kind] += 1
                self.schedule.at(end, None, lambda: self._end_terminal_fault(act.kind))
            case "slow disk":
                self.sidecar.slow_disk = True
                self.schedule.at(end, None, lambda: setattr(self.sidecar, "slow_disk", False))
            case "clock jump" | "Director clock jump":
                clock = self.clock if act.kind == "clock jump" else self._director_clock
                jump = timedelta(seconds=act.what["seconds"])
                clock.ahead += jump
                self.schedule.at(end, None, lambda: setattr(clock, "ahead", clock.ahead - jump))
            case "full disk":
                self._full_until = max(self._full_until, end)
            case "closed market":
                self.broker.set_session(act.what["symbol"], False)
                self.schedule.at(end, None, lambda: self.broker.set_session(act.what["symbol"], True))
            case "trading forbidden":
                self.broker.set_account(trade_allowed=False)
                self.schedule.at(end, None, lambda: self.broker.set_account(trade_allowed=True))
            case "unwritable journal":
                self.sidecar.lock_journal(True)
                self.schedule.at(end, None, lambda: self.sidecar.lock_journal(False))
            case _:
                self._advance()
                try:
                    self._do_at_broker(act)
                except ControlError as error:
                    self.trace("broker", "refused", {"reason": str(error)})
                self._notify()

    def _copy_terminal(self, end: int) -> None:
        """Stop the terminal as it is, and start another from a copy of its folder. The first wakes up at `end`."""
        original = self._folder / "terminal.ledger"
        if self.terminal.life is None or not original.exists():
            return
        name = f"copy-{len(self._copies) + 1}"
        shutil.copyfile(original, self._folder / f"{name}.ledger")
        self.terminal.life.stopped_until = max(self.terminal.life.stopped_until, end)
        copy = self._new_terminal(name)
        self._copies.append(copy)
        copy.start()

    def _end_terminal_fault(self, name: str) -> None:
        self.terminal.faults[name] -= 1

    def _connect_broker(self) -> None:
        self._advance()
        self.broker.connect()
        self._notify()

    def _do_at_broker(self, act: Act) -> None:
        what = act.what
        match act.kind:
            case "rule":
                effect = {"type": what["effect"]} | {
                    name: value for name, value in what.items() if name not in ("effect", "times")
                }
                rule = {"effect": effect, "times": what["times"]}
                self.broker.add_rule(msgspec.convert(rule, Rule, strict=False))
            case "manual trade":
                self._trade_manually(what)
            case "price jump":
                tick = self.broker.tick(what["symbol"])
                assert tick is not None
                digits = SYMBOLS[what["symbol"]][1]
                step = Decimal(10) ** (1 - digits) * what["pips"]
                # A walk from there: `set_quote` would pin the price.
                self.broker.set_quote(what["symbol"], tick.bid + step, tick.ask + step)
            case "late cost":
                deals = [deal for deal in self.broker.history_deals(0, 2**52) if deal.magic]
                if deals:
                    self.broker.revise_deal(self._random.choice(deals).ticket, Decimal(what["commission"]))
            case "stop-out":
                if positions := self.broker.positions():
                    self.broker.stop_out(self._random.choice(positions).ticket)
            case "annulled deal":
                deals = [deal for deal in self.broker.history_deals(0, 2**52) if deal.magic]
                if deals:
                    self.broker.cancel_deal(self._random.choice(deals).ticket)
            case "close-by":
                positions = self.broker.positions()
                pairs = [
                    (one.ticket, other.ticket)
                    for one in positions
                    for other in positions
                    if one.symbol == other.symbol and one.type < other.type
                ]
                if pairs:
                    self.broker.manual_close_by(*self._random.choice(pairs))
            case "reopened position":
                if positions := self.broker.positions():
                    self.broker.reopen_position(self._random.choice(positions).ticket)
            case "deposit":
                self.broker.deposit(Decimal(100))
            case _:
                raise AssertionError(act.kind)

    def _trade_manually(self, what: dict[str, Any]) -> None:
        volume = Decimal(what["volume"])
        ours = [each for each in self.broker.positions() if each.magic]
        foreign = [each for each in self.broker.positions() if not each.magic]
        orders = [each for each in self.broker.orders() if each.magic]
        match what["action"]:
            case "open":
                self.broker.manual_open(
                    what["symbol"], OrderType.BUY if what["buy"] else OrderType.SELL, volume
                )
            case "close" if foreign:
                self.broker.manual_close(self._random.choice(foreign).ticket)
            case "close ours" if ours:
                chosen = self._random.choice(ours)
                self.broker.manual_close(chosen.ticket, min(volume, chosen.volume))
            case "cancel ours" if orders:
                self.broker.manual_cancel(self._random.choice(orders).ticket)
            case "modify ours" if ours:
                self.broker.manual_modify(position=self._random.choice(ours).ticket, sl=Decimal(0))

    def _issue(self, what: dict[str, Any]) -> None:
        issued: datetime = self._director_clock.now()
        fields = {name: value for name, value in what.items() if name != "life_s"}
        expires = issued + timedelta(seconds=what["life_s"])
        by_director = expires - self._director_clock.ahead
        self.expires_ms[what["directive_id"]] = int(max(expires, by_director).timestamp() * 1000)
        self.director.issue(
            {
                **fields,
                "issued_at": utc_text(issued),
                "expires_at": utc_text(expires),
            }
        )

    def _end_faults(self) -> None:
        """End whatever still lasts: a process that is absent returns."""
        self.trace("world", "the faults end", {})
        self._armed.clear()
        self.director.faults.clear()
        self.broker.clear_rules()
        self._connect_broker()
        self.sidecar.slow_disk = False
        self.sidecar.lock_journal(False)
        self.sidecar.start()
        for copy in self._copies:
            copy.kill()
        self.terminal.start()

    def _run_to_end(self, since: int) -> float | None:
        """Run until nothing is open any more, and QUIET_S at least. Return the seconds; None beyond the bound."""
        self.schedule.run(since + int(QUIET_S * US))
        self._advance()
        for symbol in SYMBOLS:
            # The market stands still from now on: nothing may be under way when the books are compared.
            tick = self.broker.tick(symbol)
            assert tick is not None
            self.broker.set_quote(symbol, tick.bid, tick.ask)
        changes = -1
        while not self._is_over() or changes != self.broker.count_changes():
            if self.schedule.now > since + BOUND_S * US:
                return None
            changes = self.broker.count_changes()
            self.schedule.run(self.schedule.now + int(LOOK_S * US))
        return (self.schedule.now - since) / US

    def _is_over(self) -> bool:
        with file.open_reader(self.journal) as journal:
            (known, open_, queued) = journal.execute(
                "SELECT (SELECT count(*) FROM directives WHERE origin = 'director'),"
                " (SELECT count(*) FROM commands WHERE state IN"
                " ('PLANNED', 'DISPATCHED', 'SUBMITTED', 'UNRESOLVED'))"
                " + (SELECT count(*) FROM directives WHERE state = 'RECEIVED'),"
                " (SELECT count(*) FROM events WHERE state = 'queued')"
            ).fetchone()
        return known == len(self.director.directives) and not open_ and not queued


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
            rows += [json.dumps([name, *row]) for row in journal.execute(f"SELECT * FROM {name}")]  # noqa: S608
    return "\n".join(rows)
