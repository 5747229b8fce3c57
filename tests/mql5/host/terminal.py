"""Terminal with one EA: loading, timer, trade transactions, reloads, and the end.

Source: MQL5 reference, 'Event Handling'; mql5/FACTS.md 3, 4 and 8.2. Handlers run one after the other;
transactions that a handler causes are delivered after it; a missed timer event is not repeated.
"""

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import ParamSpec, TypeVar

from bridge.simulator.broker.api import BrokerApi, BrokerGone, BrokerTimeout
from tests.mql5.host.binding.driver import ExpertCrashed, ExpertKilled, NativeExpert
from tests.mql5.host.binding.host import Host
from tests.mql5.host.binding.library import Cell
from tests.mql5.host.clock import Clock
from tests.mql5.host.functions.broker_view import BrokerView
from tests.mql5.host.functions.calculator import Calculator
from tests.mql5.host.functions.chart import Chart, Variables
from tests.mql5.host.functions.files import Files
from tests.mql5.host.functions.market import Market
from tests.mql5.host.functions.program import Program
from tests.mql5.host.functions.records import transaction_row
from tests.mql5.host.functions.sockets import Network, Sockets
from tests.mql5.host.functions.trade import Trade
from tests.mql5.host.switches import Switches
from tests.mql5.reference import constants

P = ParamSpec("P")
R = TypeVar("R")


@dataclass
class Setup:
    """Configuration of a terminal. `files` is its data folder, `common` the folder shared by all terminals."""

    library: Path
    inputs: dict[str, str]
    clock: Clock
    network: Network
    broker: BrokerApi
    files: Path
    common: Path
    switches: Switches = field(default_factory=Switches)
    seed: int = 1


class NativeTerminal:
    """Terminal with the EA on one chart. Call `start`, then `step` whenever something may be due."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.program = Program(setup.clock, setup.switches, seed=setup.seed)
        self.view = BrokerView(setup.broker, self.program, setup.switches)
        self.program.connected = self.view.connected
        self.program.server_ms = self.view.server_ms
        self.program.last_quote_ms = self.view.last_quote_ms
        self.chart = Chart()
        self.files = Files(setup.files, setup.common, setup.switches)
        self.sockets = Sockets(setup.network, self.program, setup.switches)
        self.host = Host(
            self.program,
            self.chart,
            Variables(setup.clock, setup.files.parent / "variables.json"),
            self.files,
            self.sockets,
            Market(self.view),
            Calculator(self.view),
            Trade(self.view, setup.switches, self.program.permissions),
        )
        self.expert: NativeExpert | None = None
        self.init_code = 0
        self._chance = random.Random(setup.seed)  # noqa: S311 - random choices of a test
        self._fetched = 0
        self._count = 0
        self._queue: deque[tuple[int, tuple[Cell, ...]]] = deque(maxlen=setup.switches.transaction_queue)
        self._was_connected = True

    def start(self) -> int:
        """Load the EA as at the terminal's start and return OnInit's result. Raises ExpertKilled."""
        if self.setup.switches.init_twice:
            self._load()
            self.stop(constants()["REASON_ACCOUNT"])
        return self._load()

    def step(self) -> bool:
        """Run everything due now: transactions, chart events, then the timer. Return False where nothing was due.

        Raises ExpertKilled.
        """
        if self.expert is None:
            return False
        self._reload_if_reconnected()
        ran = self._deliver() | self._deliver_chart_events()
        due = self.program.timer_due_us()
        if due is not None and self.setup.clock.now_us() >= due:
            self._handle(self.expert.timer)
            self.program.timer_done()
            ran = True
        if self.program.removed:
            self.stop(constants()["REASON_PROGRAM"])
        return ran

    def next_due_us(self) -> int | None:
        """Return the next due time by the clock's `now_us`; None without one."""
        moments = [due for due in [self.program.timer_due_us()] if due is not None]
        moments += [self.setup.clock.now_us() for _ in self.chart.events]
        return min(moments + [due for due, _ in self._queue], default=None)

    def stop(self, reason: int) -> None:
        """Call OnDeinit and unload: the EA is removed from its chart, or the terminal is closed."""
        if self.expert is not None and not self.expert.dead:
            self.program.stopped, self.program.reason = True, reason
            self._handle(self.expert.deinit, reason)
        self._unload(crashed=False)

    def reinit(self, reason: int) -> int:
        """Change a timeframe or an input: OnDeinit and OnInit run, globals keep their values (mql5/FACTS.md 4)."""
        assert self.expert is not None
        self.program.reason = reason
        self._handle(self.expert.deinit, reason)
        return self._init()

    def reload(self, reason: int) -> int:
        """Unload and load the EA, as for another account, another template or a recompilation."""
        self.stop(reason)
        return self._load()

    def kill(self) -> None:
        """Kill the terminal as by kill -9: no handler runs, unflushed bytes are lost, connections break."""
        self._unload(crashed=True)

    def _load(self) -> int:
        setup = self.setup
        self.expert = NativeExpert(setup.library, self.host)
        self.program.stopped = self.program.removed = False
        values = dict(setup.inputs)
        if setup.switches.inputs_end_with_cr:
            texts = {info.name: info.value for info in self.expert.inputs if info.type == "string"} | values
            values |= {
                info.name: texts[info.name] + "\r" for info in self.expert.inputs if info.type == "string"
            }
        self.expert.set_inputs(values)
        self.expert.set_switch("empty_text_counts_terminator", setup.switches.empty_text_counts_terminator)
        self.expert.set_switch("zero_count_takes_all", setup.switches.zero_count_takes_all)
        # Events from before OnInit's end are skipped (mql5/FACTS.md 3).
        self._handle(self.expert.create)
        code = self._init()
        self._skip_transactions()
        return code

    def _init(self) -> int:
        assert self.expert is not None
        self.init_code = self._handle(self.expert.init)
        if self.init_code != 0:
            self._unload(crashed=False)
        return self.init_code

    def _handle(self, handler: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run one handler; release everything where it kills the EA."""
        self.program.handler += 1
        try:
            return handler(*args, **kwargs)
        except ExpertKilled as killed:
            self._unload(crashed=isinstance(killed, ExpertCrashed))
            raise

    def _unload(self, *, crashed: bool) -> None:
        expert, self.expert = self.expert, None
        self.program.timer_us = 0
        self._queue.clear()
        self.chart.events.clear()
        if expert is not None:
            try:
                expert.dead = expert.dead or crashed
                expert.close()
            finally:
                self.files.close_all(crashed=crashed)
                self.sockets.close_all()

    def _reload_if_reconnected(self) -> None:
        connected = self.view.connected()
        came_back = connected and not self._was_connected
        self._was_connected = connected
        if came_back and self.setup.switches.reload_when_reconnected:
            self.reload(constants()["REASON_ACCOUNT"])

    def _skip_transactions(self) -> None:
        self._fetch()
        self._queue.clear()

    def _fetch(self) -> None:
        """Move new transactions into the queue; switches delay or drop some."""
        switches = self.setup.switches
        try:
            fresh = self.setup.broker.transactions(self._fetched)
        except (BrokerGone, BrokerTimeout):
            return
        due = self.setup.clock.now_us() + switches.transactions_late * 1000
        rows = []
        for number, transaction in fresh:
            self._fetched = number
            self._count += 1
            if not (every := switches.transactions_dropped_every) or self._count % every:
                rows.append((due, transaction_row(transaction)))
        if switches.transactions_reordered:
            self._chance.shuffle(rows)
        self._queue.extend(rows)

    def _deliver(self) -> bool:
        """Call OnTradeTransaction for each due transaction, and OnTrade after each."""
        self._fetch()
        ran = False
        while self.expert is not None and self._queue and self._queue[0][0] <= self.setup.clock.now_us():
            _, row = self._queue.popleft()
            self._handle(self.expert.trade_transaction, row)
            if self.expert is not None:
                self._handle(self.expert.trade)
            ran = True
        return ran

    def _deliver_chart_events(self) -> bool:
        """Call OnChartEvent for the events queued now; those that a handler posts follow in the next step."""
        waiting = len(self.chart.events)
        for _ in range(waiting):
            if self.expert is not None and self.chart.events:
                self._handle(self.expert.chart_event, *self.chart.events.popleft())
        return waiting > 0
