"""Tables of a report, for the terminal and for the page."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

import msgspec

from bridge.core.units.decimals import ZERO
from bridge.journal.views.report import Report, SymbolMoney


class Table(msgspec.Struct, frozen=True):
    """Table as texts."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


def tables(made: Report) -> Iterator[Table]:
    """Yield the tables that have rows, the most important one first."""
    yield Table(
        f"{made.directives} directives received, {made.filled} of them filled",
        ("state", "directives"),
        [(state, str(count)) for state, count in made.states.items()],
    )
    others = (_money(made), _slippage(made), _hops(made), _rejections(made), _equity(made))
    yield from (table for table in others if table.rows)


def _money(made: Report) -> Table:
    return Table(
        "Money of the deals, each counted once",
        ("officer", "symbol", "deals", "lots", "profit", "commission", "swap", "fee", "net", "currency"),
        [*(_money_row(each, each.symbol) for each in made.money), *_totals(made.money)],
    )


def _totals(money: Sequence[SymbolMoney]) -> Iterator[Sequence[str]]:
    """Yield a sum for each officer with several symbols: two accounts may have two currencies."""
    for officer in dict.fromkeys(each.officer for each in money):
        of_officer = [each for each in money if each.officer == officer]
        if len(of_officer) > 1:
            total = SymbolMoney(
                officer=officer,
                symbol="",
                currency=of_officer[0].currency,
                deals=sum(each.deals for each in of_officer),
                lots=sum((each.lots for each in of_officer), ZERO),
                profit=sum((each.profit for each in of_officer), ZERO),
                commission=sum((each.commission for each in of_officer), ZERO),
                swap=sum((each.swap for each in of_officer), ZERO),
                fee=sum((each.fee for each in of_officer), ZERO),
            )
            yield _money_row(total, "total")


def _money_row(each: SymbolMoney, name: str) -> Sequence[str]:
    amounts = (each.lots, each.profit, each.commission, each.swap, each.fee, each.net)
    return (each.officer, name, str(each.deals), *(_text(amount) for amount in amounts), each.currency)


def _slippage(made: Report) -> Table:
    return Table(
        "Slippage: fill price against the price asked for, positive is worse",
        ("symbol", "fills", "median", "95 %", "worst", "unit"),
        [
            (
                each.symbol,
                str(each.numbers.count),
                _text(each.numbers.median),
                _text(each.numbers.p95),
                _text(each.numbers.largest),
                each.unit,
            )
            for each in made.slippage
        ],
    )


def _hops(made: Report) -> Table:
    return Table(
        "Time of each hop, in seconds",
        ("hop", "directives", "median", "95 %", "longest"),
        [
            (
                each.name,
                str(each.numbers.count),
                f"{each.numbers.median:.3f}",
                f"{each.numbers.p95:.3f}",
                f"{each.numbers.largest:.3f}",
            )
            for each in made.hops
        ],
    )


def _rejections(made: Report) -> Table:
    return Table(
        "Rejections by code",
        ("code", "events", "first message"),
        [(each.code, str(each.count), each.example) for each in made.rejections],
    )


def _equity(made: Report) -> Table:
    return Table(
        "Equity by the broker's day",
        ("officer", "day", "at its beginning", "highest"),
        [(each.officer, each.day, _text(each.opening), _text(each.peak)) for each in made.equity],
    )


def _text(number: Decimal) -> str:
    return format(number, "f")
