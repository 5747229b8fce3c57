"""Seat of one officer: its account at a broker, its terminals, and what happens to them."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any, Final

import msgspec

from bridge.core.director.contract import utc_text
from bridge.core.link.handshake import LinkKey
from bridge.core.units.mt5_terms import MarginMode
from bridge.simulator.broker.api import ControlError, SendRecord
from bridge.simulator.broker.broker import Broker
from bridge.simulator.broker.fault_rules import Rule
from bridge.simulator.broker.scenario import AccountTerms, RandomWalk, Scenario, SymbolTerms
from bridge.simulator.mt5.types import Deal, OrderType, Position
from tests.simulation.clock import START, SimulatedClock
from tests.simulation.director import SimulatedDirector
from tests.simulation.expert import ExpertProcess
from tests.simulation.network import MS, Network
from tests.simulation.schedule import US, Schedule
from tests.simulation.story import SYMBOLS, Act, SeatTerms
from tests.simulation.terminal import ReferenceProcess, Surroundings, TerminalProcess

BROKER_AHEAD_S: Final = 7_200
"""Distance of the broker's clock from UTC."""
MARKET_S: Final = 1.0
"""Seconds between quotes."""
READ_MS: Final = 3_000_000
"""History that each rescan reads, less a margin for what is under way."""


class Shared:
    """Parts of the world that the seats share."""

    def __init__(
        self,
        *,
        schedule: Schedule,
        network: Network,
        director: SimulatedDirector,
        director_clock: SimulatedClock,
        folder: Path,
        trace: Callable[[str, str, dict[str, Any]], None],
        draws: Callable[[str], Random],
        killable: Callable[[TerminalProcess, Callable[[], None]], None],
        passed: Callable[[str], None],
    ) -> None:
        """`killable` and `passed` are as for a terminal's process; `draws` returns the random source of a name."""
        self.schedule = schedule
        self.network = network
        self.director = director
        self.director_clock = director_clock
        self.folder = folder
        self.trace = trace
        self.draws = draws
        self.killable = killable
        self.passed = passed


class Seat:
    """One officer."""

    def __init__(self, number: int, terms: SeatTerms, seed: int, shared: Shared) -> None:
        self.officer = f"eo-{number + 1:03}"
        self.key = LinkKey(bytes(range(number, number + 32)))
        self.terms = terms
        self._number = number
        self._shared = shared
        self._schedule = shared.schedule
        self._random = shared.draws(f"seat {number}")
        mode = MarginMode.RETAIL_NETTING if terms.netting else MarginMode.RETAIL_HEDGING
        self._start_ms = int(START.timestamp() + BROKER_AHEAD_S) * 1000
        self._ahead_ms = [(0, BROKER_AHEAD_S * 1000)]
        """Distances of the broker's clock from UTC, each with the number of sends that came before."""
        self.broker = Broker.start(
            Scenario(
                seed=seed + number,
                account=AccountTerms(login=5_000_001 + number, margin_mode=mode, balance=Decimal(100_000)),
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
        self._shown = 0
        self.terminal = self._new_terminal(f"terminal-{number + 1}")
        self.copies: list[TerminalProcess] = []
        """Terminals that were started from a copy of the terminal's folder."""
        self.issued: list[dict[str, Any]] = []
        self.expires_ms: dict[str, int] = {}

    @property
    def terminals(self) -> Iterator[TerminalProcess]:
        yield self.terminal
        yield from self.copies

    def sends(self) -> list[tuple[int, SendRecord]]:
        """Return every request that reached the broker, with its true time in ms since 1970."""
        return [
            (
                send.time_msc - next(ahead for since, ahead in reversed(self._ahead_ms) if since <= number),
                send,
            )
            for number, send in enumerate(self.broker.sends())
        ]

    def start(self) -> None:
        """Start the terminal and the market."""
        self.terminal.start()
        self._plan_market()

    def advance(self) -> None:
        """Bring the broker to the present."""
        self.broker.advance_steady(self._start_ms + self._schedule.now // MS)

    def end_faults(self) -> None:
        """End what still lasts."""
        self.broker.clear_rules()
        self._connect_broker()
        for name in SYMBOLS:
            self.broker.set_session(name, True)
        for copy in self.copies:
            copy.kill()
        self.terminal.start()

    def stop_market(self) -> None:
        """Let the prices stand from now on."""
        self.advance()
        for name in SYMBOLS:
            tick = self.broker.tick(name)
            assert tick is not None
            self.broker.set_quote(name, tick.bid, tick.ask)

    def issue(self, what: dict[str, Any]) -> None:
        """Let the Director issue a directive."""
        clock = self._shared.director_clock
        issued: datetime = clock.now()
        expires = issued + timedelta(seconds=what["life_s"])
        by_director = expires - clock.ahead
        self.expires_ms[what["directive_id"]] = int(max(expires, by_director).timestamp() * 1000)
        directive = {name: value for name, value in what.items() if name != "life_s"}
        directive |= {"issued_at": utc_text(issued), "expires_at": utc_text(expires)}
        self.issued.append(directive)
        self._shared.director.issue(self.officer, directive)

    def do(self, act: Act, end: int) -> None:
        """Let an act happen that concerns this seat's terminal or broker. `end` is the time of its end."""
        terminal, at = self.terminal, self._schedule.at
        match act.kind:
            case "kill terminal":
                terminal.kill()
                at(end, None, terminal.start)
            case "stop terminal":
                if terminal.life is not None:
                    terminal.life.stopped_until = max(terminal.life.stopped_until, end)
            case "copied terminal":
                self._copy_terminal(end)
            case "disconnect broker":
                self.advance()
                self.broker.disconnect()
                self._notify()
                at(end, None, self._connect_broker)
            case "broker does not answer" | "slow timer":
                terminal.faults[act.kind] += 1
                at(end, None, lambda: self._end_terminal_fault(act.kind))
            case "closed market":
                self._close_market([act.what["symbol"]], end, gap_pips=0)
            case "weekend":
                self._close_market(list(SYMBOLS), end, gap_pips=act.what["gap_pips"])
            case "trading forbidden":
                self.broker.set_account(trade_allowed=False)
                at(end, None, lambda: self.broker.set_account(trade_allowed=True))
            case _:
                self.advance()
                try:
                    self._do_at_broker(act)
                except ControlError as error:
                    self._shared.trace("broker", "refused", {"reason": str(error)})
                self._notify()

    def _new_terminal(self, name: str) -> TerminalProcess:
        shared = self._shared
        around = Surroundings(
            officer=self.officer,
            key=self.key,
            broker=self.broker,
            schedule=shared.schedule,
            network=shared.network,
            trace=shared.trace,
            advance=self.advance,
            killable=shared.killable,
        )
        folder, random = shared.folder / name, shared.draws(name)
        if self.terms.expert:
            return ExpertProcess(name, folder, around, random, passed=shared.passed)
        return ReferenceProcess(name, folder, around, random)

    def _plan_market(self) -> None:
        def tick() -> None:
            self.advance()
            self._notify()
            self._plan_market()

        self._schedule.after(int(MARKET_S * US), None, tick)

    def _notify(self) -> None:
        changes = self.broker.count_changes()
        if changes != self._shown:
            self._shown = changes
            for terminal in self.terminals:
                terminal.notify()

    def _copy_terminal(self, end: int) -> None:
        """Stop the terminal as it is, and start another from a copy of its folder. The first wakes up at `end`."""
        if self.terminal.life is None:
            return
        self.terminal.life.stopped_until = max(self.terminal.life.stopped_until, end)
        copy = self._new_terminal(f"{self.terminal.name}-copy-{len(self.copies) + 1}")
        self.terminal.copy_folder(copy.folder)
        self.copies.append(copy)
        copy.start()

    def _end_terminal_fault(self, name: str) -> None:
        self.terminal.faults[name] -= 1

    def _connect_broker(self) -> None:
        self.advance()
        self.broker.connect()
        self._notify()

    def _close_market(self, symbols: list[str], end: int, *, gap_pips: int) -> None:
        """Close markets until then. They open at a distance of so many pips."""

        def open_() -> None:
            self.advance()
            for symbol in symbols:
                self.broker.set_session(symbol, True)
                if gap_pips:
                    self._jump(symbol, gap_pips)
            self._notify()

        for symbol in symbols:
            self.broker.set_session(symbol, False)
        self._schedule.at(end, None, open_)

    def _jump(self, symbol: str, pips: int) -> None:
        tick = self.broker.tick(symbol)
        assert tick is not None
        step = Decimal(10) ** (1 - SYMBOLS[symbol][1]) * pips
        self.broker.set_quote(symbol, tick.bid + step, tick.ask + step)

    def _show_deal(self, ticket: int) -> None:
        self.advance()
        with suppress(ControlError):
            # It may be shown already, or have been annulled.
            self.broker.show_deal(ticket)
        self._notify()

    def _our_deals(self) -> list[Deal]:
        """Return the deals that a rescan still reads. Older ones are a deep scan's, once an hour."""
        since = self.broker.server_time() - READ_MS
        return [deal for deal in self.broker.history_deals(since, 2**52) if deal.magic]

    def _do_at_broker(self, act: Act) -> None:
        what, choose = act.what, self._random.choice
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
                self._jump(what["symbol"], what["pips"])
            case "late cost":
                if deals := self._our_deals():
                    self.broker.revise_deal(choose(deals).ticket, Decimal(what["commission"]))
            case "stop-out":
                if positions := self.broker.positions():
                    self.broker.stop_out(choose(positions).ticket)
            case "annulled deal":
                if deals := self._our_deals():
                    self.broker.cancel_deal(choose(deals).ticket)
            case "late deal":
                if deals := self._our_deals():
                    hidden = choose(deals[-3:]).ticket
                    self.broker.hide_deal(hidden)
                    self._schedule.after(int(act.for_s * US), None, lambda: self._show_deal(hidden))
            case "close-by":
                if pairs := _opposite(self.broker.positions()):
                    self.broker.manual_close_by(*choose(pairs))
            case "reopened position":
                if positions := self.broker.positions():
                    self.broker.reopen_position(choose(positions).ticket)
            case "deposit":
                self.broker.deposit(Decimal(100))
            case "summer time":
                self.broker.shift_clock(what["hours"] * 3_600_000)
                ahead_ms = self._ahead_ms[-1][1] + what["hours"] * 3_600_000
                self._ahead_ms.append((len(self.broker.sends()), ahead_ms))
            case _:
                raise AssertionError(act.kind)

    def _trade_manually(self, what: dict[str, Any]) -> None:
        volume, choose = Decimal(what["volume"]), self._random.choice
        ours = [each for each in self.broker.positions() if each.magic]
        foreign = [each for each in self.broker.positions() if not each.magic]
        orders = [each for each in self.broker.orders() if each.magic]
        match what["action"]:
            case "open":
                self.broker.manual_open(
                    what["symbol"], OrderType.BUY if what["buy"] else OrderType.SELL, volume
                )
            case "close" if foreign:
                self.broker.manual_close(choose(foreign).ticket)
            case "close ours" if ours:
                chosen = choose(ours)
                self.broker.manual_close(chosen.ticket, min(volume, chosen.volume))
            case "cancel ours" if orders:
                self.broker.manual_cancel(choose(orders).ticket)
            case "modify ours" if ours:
                self.broker.manual_modify(position=choose(ours).ticket, sl=Decimal(0))


def _opposite(positions: list[Position]) -> list[tuple[int, int]]:
    """Return the pairs of tickets that can be closed by each other."""
    return [
        (one.ticket, other.ticket)
        for one in positions
        for other in positions
        if one.symbol == other.symbol and one.type < other.type
    ]
