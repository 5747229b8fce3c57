"""Steps cost the same whatever lies behind them: the journal of a year is as fast as a new one.

The cost is counted in instructions of SQLite's virtual machine, so that nothing depends on the machine's speed.
"""

import re
import sqlite3
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any, Final

import msgspec
import pytest

from bridge.core.director.contract import utc_text
from bridge.core.link.messages import AccountIdentity, LedgerIdentity, Order
from bridge.core.link.reports import CommandReport, DealReport, OrderReport
from bridge.core.settings import RiskLimits
from bridge.core.units.mt5_terms import MarginMode
from bridge.journal.tables.events import Delivery

from .bench import ACCOUNT, LEDGER, JournalBench, cancel, closing, directive, limit, settings
from .conftest import MakeBench
from .reports import booked, deal, result, scan, seen, standing, submitted

EARLY: Final = 8
"""Trade after whose end the costs are taken first: everything that happens once has happened."""
LATE: Final = 80
GROWTH: Final = 1.05
"""Growth that is allowed over ten times the history: rows of one page more or less."""
LIMITS: Final = RiskLimits(
    max_symbol_quantity=Decimal(1000),
    max_positions=1000,
    max_orders_per_minute=1000,
    max_daily_loss=Decimal(1000),
    max_drawdown_percent=Decimal(90),
)
LEDGERS: Final = LedgerIdentity(id=LEDGER, mark=1)
BATCH: Final = 100
"""Directives that are listed at once: more than one look at the planned commands reads."""
_VALUES: Final = re.compile(r"'(?:[^']|'')*'|\b[0-9.]+\b")


class Cost:
    """Instructions of each named step, and of each of its statements, with the values left out."""

    def __init__(self, connection: sqlite3.Connection, *, counts: bool = True) -> None:
        self._connection = connection
        self._counts = counts
        self._statement = ""
        self._step = ""
        self.steps: Counter[tuple[str, str]] = Counter()

    def of(self, step: str, work: Callable[[], Any]) -> Any:
        """Carry out the work, and count its instructions under that name where this one counts."""
        if not self._counts:
            return work()
        self._step = step
        self._connection.set_trace_callback(self._begin)
        self._connection.set_progress_handler(self._tick, 1)
        try:
            return work()
        finally:
            self._connection.set_progress_handler(None, 0)
            self._connection.set_trace_callback(None)

    def _begin(self, statement: str) -> None:
        self._statement = _VALUES.sub("?", statement)

    def _tick(self) -> None:
        self.steps[self._step, self._statement] += 1


class Trade:
    """One trade from the first directive to the last event, with tickets of its own."""

    def __init__(self, bench: JournalBench, number: int, account: AccountIdentity, *, counts: bool) -> None:
        """`counts`: count the instructions, each of which is then a call of Python."""
        self._bench = bench
        self._account = account
        now = bench.now
        self._times = {"issued_at": utc_text(now), "expires_at": utc_text(now + timedelta(minutes=5))}
        self._number = number
        self._cost = Cost(bench.connection, counts=counts)
        self._position = 5_000_000 + number
        self._ticket = 1_000_000 + 10 * number

    def costs(self) -> Counter[tuple[str, str]]:
        """Trade, and return the cost of each step where they are counted."""
        bench, cost, name = self._bench, self._cost, f"dir-{self._number}"
        cost.of("session", lambda: bench.join(account=self._account, ledger=LEDGERS))
        cost.of("intake", lambda: bench.take(directive(name, **self._times)))
        [opened] = cost.of("dispatch of an open", bench.advance)
        self._fill("open", opened.order, self._ticket)
        cost.of("position", lambda: bench.report(standing(opened.order, identifier=self._position)))
        cost.of("scan", lambda: bench.report(scan(1 + self._number, bench.now, self._position, orders=[])))
        bench.take(closing(f"close-{self._number}", target_directive_id=name, **self._times))
        [closed] = cost.of("dispatch of a close", bench.advance)
        self._fill("close", closed.order, self._ticket + 2)
        self._pending()
        cost.of("deliver", self._deliver)
        bench.take(directive(f"late-{self._number}", **self._times))
        bench.later(600)
        cost.of("expiry", bench.advance)
        cost.of("known directive", lambda: bench.take(directive(name, **self._times)))
        cost.of("nothing to do", bench.advance)
        cost.of("status request", lambda: bench.request_status(first=True))
        self._deliver()
        return cost.steps

    def _fill(self, what: str, order: Order, ticket: int) -> None:
        bench, cost = self._bench, self._cost
        done: CommandReport = msgspec.structs.replace(result(order), order=ticket)
        cost.of(f"result of {what}", lambda: bench.report(submitted(order), done))
        filled: OrderReport = msgspec.structs.replace(seen(order), ticket=ticket, position_id=self._position)
        cost.of(f"order of {what}", lambda: bench.report(filled))
        by: DealReport = deal(order, ticket, order=ticket, position_id=self._position)
        cost.of(f"deal of {what}", lambda: bench.report(by))

    def _pending(self) -> None:
        """Place a pending order and cancel it."""
        bench, cost, name = self._bench, self._cost, f"limit-{self._number}"
        bench.take(limit(name, **self._times))
        [placed] = cost.of("dispatch of a pending order", bench.advance)
        ticket = self._ticket + 4
        bench.report(msgspec.structs.replace(result(placed.order), order=ticket))
        cost.of("order on the book", lambda: bench.report(booked(placed.order, ticket=ticket)))
        bench.take(cancel(f"cancel-{self._number}", name, **self._times))
        [cancelled] = cost.of("dispatch of a cancel", bench.advance)
        bench.report(msgspec.structs.replace(result(cancelled.order), order=0))
        gone = msgspec.structs.replace(
            booked(placed.order, ticket=ticket), state="CANCELED", time_done_server_ms=1
        )
        cost.of("order off the book", lambda: bench.report_raw(msgspec.json.encode(gone)))

    def _deliver(self) -> None:
        while due := self._bench.due(4):
            for event in due:
                self._bench.journal.set_delivered([Delivery(event, "evt")], self._bench.now)


@pytest.mark.parametrize("mode", [MarginMode.RETAIL_HEDGING, MarginMode.RETAIL_NETTING])
@pytest.mark.parametrize("risk_limits", [RiskLimits(), LIMITS], ids=["plain", "limited"])
def test_cost_of_no_step_grows_with_the_history(
    make_bench: MakeBench, mode: MarginMode, risk_limits: RiskLimits
) -> None:
    bench = make_bench(settings(risk_limits=risk_limits))
    bench.connection.execute("PRAGMA synchronous = OFF")
    account = msgspec.structs.replace(ACCOUNT, margin_mode=mode)
    bench.join(account=account, ledger=LEDGERS)
    costs = {}
    for number in range(LATE + 1):
        bench.later(90)
        costs[number] = Trade(bench, number, account, counts=number in (EARLY, LATE)).costs()
    early, late = costs[EARLY], costs[LATE]
    assert early and late
    grown = {
        key: (early[key], count) for key, count in late.items() if count > GROWTH * max(early[key], 20) + 10
    }
    assert grown == {}
    assert {step for step, _ in late} == {step for step, _ in early}


def test_cost_of_no_step_grows_with_the_opens_and_events_that_wait(joined: JournalBench) -> None:
    bench = joined
    bench.connection.execute("PRAGMA synchronous = OFF")
    [sent] = bench.sent(directive("first"))
    bench.report(submitted(sent.order), result(sent.order))
    costs = []
    for batch in range(3):
        cost = Cost(bench.connection)
        bench.take(*(directive(f"dir-{batch}-{number}") for number in range(BATCH)))
        bench.advance()
        # All of them are planned, and the window is full.
        cost.of("advance", bench.advance)
        cost.of("look into the outbox", lambda: bench.due(8))
        [event] = bench.due(1)
        cost.of("delivery", partial(bench.journal.set_delivered, [Delivery(event, "")], bench.now))
        costs.append(cost.steps)
    assert bench.rows("SELECT count(*) FROM commands WHERE state = 'PLANNED'") > [(2 * BATCH,)]
    assert bench.rows("SELECT count(*) FROM events WHERE state = 'queued'") > [(2 * BATCH,)]
    _, early, late = costs
    assert {step for step, _ in late} == {"advance", "look into the outbox", "delivery"}
    assert {key: (early[key], count) for key, count in late.items() if count > 1.25 * early[key] + 10} == {}
