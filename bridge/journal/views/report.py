"""Report on a period: directives, fills, slippage, times, rejections, and money for each symbol."""

import sqlite3
from collections import Counter
from datetime import datetime
from decimal import Decimal
from typing import Final

import msgspec
from sqlite_utils import Database

from bridge.core.director.contract import EventType
from bridge.core.units.decimals import ZERO
from bridge.core.units.quantiles import Quantiles, quantiles
from bridge.journal.tables import allocations, directives, equity_days, events, officers
from bridge.journal.tables.allocations import Booking
from bridge.journal.views.executions import HOPS, Execution, Executions
from bridge.journal.views.lists import DirectiveRow, Selection, directive_pages

_PAGE: Final = 500


class SymbolMoney(msgspec.Struct, kw_only=True):
    """Deals of one officer in one symbol. Money is in the account's currency, negative when paid."""

    officer: str
    symbol: str
    currency: str
    deals: int = 0
    lots: Decimal = ZERO
    profit: Decimal = ZERO
    commission: Decimal = ZERO
    swap: Decimal = ZERO
    fee: Decimal = ZERO

    @property
    def net(self) -> Decimal:
        """Sum of profit and costs."""
        return self.profit + self.commission + self.swap + self.fee


class Slippage(msgspec.Struct, frozen=True, kw_only=True):
    """Fills against the price asked for, in one symbol; positive: worse."""

    symbol: str
    unit: str
    """points, or price where the terminal has not reported the symbol's point."""
    numbers: Quantiles[Decimal]


class Hop(msgspec.Struct, frozen=True):
    """Times of one hop, in seconds."""

    name: str
    numbers: Quantiles[float]


class Rejection(msgspec.Struct, frozen=True, kw_only=True):
    """Events ORDER_REJECTED with one code."""

    code: str
    count: int
    example: str
    """Message of the first one."""


class EquityDay(msgspec.Struct, frozen=True, kw_only=True):
    """Equity of an account on one day of the broker's calendar."""

    officer: str
    day: str
    opening: Decimal
    peak: Decimal


class Point(msgspec.Struct, frozen=True):
    """Sum of profit and costs of an officer's deals in the period, up to a deal."""

    at: str
    total: Decimal


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Report on a period. Directives count by their receipt, deals and rejections by their own time."""

    since: datetime
    until: datetime
    directives: int
    states: dict[str, int]
    filled: int
    """Directives of which a command was filled, whole or in part."""
    slippage: list[Slippage]
    slippages: list[Decimal]
    """Each one in points."""
    hops: list[Hop]
    rejections: list[Rejection]
    money: list[SymbolMoney]
    curves: dict[str, list[Point]]
    """By officer."""
    equity: list[EquityDay]

    @property
    def empty(self) -> bool:
        """True where nothing happened in the period."""
        return not (self.directives or self.money or self.rejections)


def report(db: Database, since: datetime, until: datetime, officer: str | None = None) -> Report:
    """Return the report on a period, of one officer or of all. `until` itself is outside of it."""
    wanted = Selection(officer=officer, since=since, until=until)
    received = _Received()
    executions = Executions(db.conn)
    for page in directive_pages(db, wanted, last=directives.last_id(db.conn), limit=_PAGE):
        for row in page:
            received.add(row, executions.of(row.officer, row.directive_id))
    money, curves = _money(db.conn, wanted)
    return Report(
        since=since,
        until=until,
        directives=sum(received.states.values()),
        states=dict(sorted(received.states.items())),
        filled=received.filled,
        slippage=received.slippage(),
        slippages=[
            number for (_, unit), each in received.slippages.items() if unit == "points" for number in each
        ],
        hops=received.hops(),
        rejections=_rejections(db.conn, wanted),
        money=money,
        curves=curves,
        equity=[
            EquityDay(officer=name, day=day, opening=found.opening, peak=found.peak)
            # The broker's calendar is not UTC's, and its days are named by a date alone.
            for name, day, found in equity_days.between(
                db.conn, officer, since.date().isoformat(), until.date().isoformat()
            )
        ],
    )


class _Received:
    """Sums over the directives of the period."""

    def __init__(self) -> None:
        self.states: Counter[str] = Counter()
        self.filled = 0
        self.slippages: dict[tuple[str, str], list[Decimal]] = {}
        self._times: dict[str, list[float]] = {name: [] for name in HOPS}

    def add(self, row: DirectiveRow, done: Execution) -> None:
        self.states[row.state] += 1
        self.filled += done.fill_quantity is not None
        if done.slippage_points is not None:
            self.slippages.setdefault((row.symbol or "", "points"), []).append(done.slippage_points)
        elif done.slippage is not None:
            self.slippages.setdefault((row.symbol or "", "price"), []).append(done.slippage)
        for name, took_s in done.hops_s(row.received_at).items():
            self._times[name].append(took_s)

    def slippage(self) -> list[Slippage]:
        return [
            Slippage(symbol=symbol, unit=unit, numbers=numbers)
            for (symbol, unit), each in sorted(self.slippages.items())
            if (numbers := quantiles(each)) is not None
        ]

    def hops(self) -> list[Hop]:
        return [
            Hop(name, numbers)
            for name, each in self._times.items()
            if (numbers := quantiles(each)) is not None
        ]


def _money(
    connection: sqlite3.Connection, wanted: Selection
) -> tuple[list[SymbolMoney], dict[str, list[Point]]]:
    currencies = officers.currencies(connection)
    sums: dict[tuple[str, str], SymbolMoney] = {}
    steps: dict[str, list[tuple[str, Decimal]]] = {}
    tickets: set[tuple[str, str, int, int]] = set()
    after: Booking | None = None
    while page := allocations.page(connection, wanted.parameters(), after=after, limit=_PAGE):
        for each in page:
            row = sums.setdefault(
                (each.officer, each.symbol),
                SymbolMoney(
                    officer=each.officer, symbol=each.symbol, currency=currencies.get(each.officer, "")
                ),
            )
            deal = (each.officer, each.server, each.login, each.deal_ticket)
            row.deals += deal not in tickets
            tickets = {deal}
            row.lots += each.volume
            row.profit += each.profit
            row.commission += each.commission
            row.swap += each.swap
            row.fee += each.fee
            net = each.profit + each.commission + each.swap + each.fee
            steps.setdefault(each.officer, []).append((each.done_at, net))
        after = page[-1]
    curves = {officer: _curve(each) for officer, each in sorted(steps.items())}
    return [sums[key] for key in sorted(sums)], curves


def _curve(steps: list[tuple[str, Decimal]]) -> list[Point]:
    total = ZERO
    points = []
    for at, net in sorted(steps):
        total += net
        points.append(Point(at, total))
    return points


def _rejections(connection: sqlite3.Connection, wanted: Selection) -> list[Rejection]:
    counts: Counter[str] = Counter()
    examples: dict[str, str] = {}
    after, last = 0, events.last_id(connection)
    while page := events.page(connection, wanted.parameters(), after=after, last=last, limit=_PAGE):
        for event in page:
            if event.event_type == EventType.ORDER_REJECTED:
                body = msgspec.json.decode(event.body)
                code = str(body.get("error_code", ""))
                counts[code] += 1
                examples.setdefault(code, str(body.get("error_message", "")))
        after = page[-1].id
    return [
        Rejection(code=code, count=count, example=examples[code])
        for code, count in sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    ]
