"""Execution of a directive: fills, slippage, money, and the time of each hop, from the rows of its commands."""

import sqlite3
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Final

import msgspec

from bridge.core.director.contract import Directive, OrderType
from bridge.core.trade.records import CommandRecord
from bridge.core.units.decimals import ZERO
from bridge.core.units.elapsed import seconds_between
from bridge.core.units.mt5_terms import Side
from bridge.journal.tables import allocations, commands, directives, dispatches, events, reports, symbols
from bridge.journal.tables.allocations import Booking
from bridge.journal.tables.values import Account

_PRICE_DECIMALS: Final = Decimal("1e-10")
_SYMBOLS: Final = 256
TO_RECEIPT: Final = "issue to receipt"
TO_DISPATCH: Final = "receipt to dispatch"
TO_ANSWER: Final = "dispatch to answer"
TO_DIRECTOR: Final = "answer to Director"
HOPS: Final = (TO_RECEIPT, TO_DISPATCH, TO_ANSWER, TO_DIRECTOR)
"""Hops of a directive, in order. The first compares two machines' clocks."""


class Execution(msgspec.Struct, frozen=True, kw_only=True):
    """Outcome of one directive. Money is in account currency, as the broker books it: negative when paid."""

    directive: Directive | None = None
    """As the Director sent it; None where it is invalid, or the bridge's own."""
    dispatched_at: str | None = None
    """First dispatch of its first command."""
    answered_at: str | None = None
    """The broker's first answer, as it was stored."""
    reported_at: str | None = None
    """First event about its outcome that the Director accepted."""
    fill_quantity: Decimal | None = None
    """Lots of the deals that its commands made."""
    fill_price: Decimal | None = None
    """Volume-weighted price of those deals."""
    slippage: Decimal | None = None
    """Distance of that price from the directive's, in price units; positive: worse than the price asked for."""
    slippage_points: Decimal | None = None
    """The same in the symbol's points, where the terminal has reported them."""
    profit: Decimal = ZERO
    """Of the deals that are booked under this directive: each part of a deal counts for one directive."""
    commission: Decimal = ZERO
    swap: Decimal = ZERO
    fee: Decimal = ZERO

    def moments(self, received_at: str) -> tuple[str | datetime | None, ...]:
        """Return the moments at which the hops begin, and the last one's end; None for one that is not known."""
        issued = self.directive.issued_at if self.directive else None
        return issued, received_at, self.dispatched_at, self.answered_at, self.reported_at

    def hops_s(self, received_at: str) -> dict[str, float]:
        """Return the seconds of each hop of which both ends are known."""
        moments = self.moments(received_at)
        return {
            name: seconds_between(since, until)
            for name, since, until in zip(HOPS, moments, moments[1:], strict=False)
            if since is not None and until is not None
        }


class Executions:
    """Executions of directives, read one by one through a reading connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._accounts: dict[str, list[Account]] = {}
        self._points = lru_cache(_SYMBOLS)(self._point)

    def of(self, officer: str, directive_id: str) -> Execution:
        """Return the execution of a directive."""
        made = commands.of_directive(self._connection, officer, directive_id)
        directive = _typed(directives.body_of(self._connection, officer, directive_id))
        fills, booked = self._bookings(officer, made)
        quantity, price = _average(fills)
        slippage = _slippage(directive, made, price)
        point = self._points(officer, made[0].order.symbol) if slippage is not None else ZERO
        return Execution(
            directive=directive,
            dispatched_at=_first(
                dispatches.first_at(self._connection, each.client_order_id) for each in made
            ),
            answered_at=_first(
                reports.answered_at(self._connection, account, each.client_order_id)
                for each in made
                for account in self._accounts_of(officer)
            ),
            reported_at=events.outcome_delivered_at(self._connection, officer, directive_id),
            fill_quantity=quantity,
            fill_price=price,
            slippage=slippage,
            slippage_points=_rounded(slippage / point) if slippage is not None and point else None,
            profit=sum((each.profit for each in booked), ZERO),
            commission=sum((each.commission for each in booked), ZERO),
            swap=sum((each.swap for each in booked), ZERO),
            fee=sum((each.fee for each in booked), ZERO),
        )

    def _bookings(self, officer: str, made: list[CommandRecord]) -> tuple[list[Booking], list[Booking]]:
        """Return the parts of the deals that these commands made, and all that count for their directive."""
        fills: list[Booking] = []
        others: list[Booking] = []
        for command in made:
            for account in self._accounts_of(officer):
                fills += allocations.made_by(self._connection, account, command.client_order_id)
                if command.position_id:
                    others += allocations.without_command(
                        self._connection, account, command.position_id, command.client_order_id
                    )
        return [each for each in fills if not each.reopens], [*fills, *others]

    def _accounts_of(self, officer: str) -> list[Account]:
        if officer not in self._accounts:
            traded = allocations.accounts(self._connection, officer)
            known = symbols.accounts(self._connection, officer)
            self._accounts[officer] = list(dict.fromkeys([*traded, *known]))
        return self._accounts[officer]

    def _point(self, officer: str, symbol: str) -> Decimal:
        """Return the symbol's point, as the terminal reported it last; 0 where it has not."""
        for account in self._accounts_of(officer):
            if (known := symbols.named(self._connection, account, symbol)) is not None:
                return known.point
        return ZERO


def _typed(body: str | None) -> Directive | None:
    try:
        return None if body is None else msgspec.json.decode(body, type=Directive)
    except msgspec.ValidationError:
        return None


def _average(fills: list[Booking]) -> tuple[Decimal | None, Decimal | None]:
    quantity = sum((each.volume for each in fills), ZERO)
    if not quantity:
        return None, None
    if len(prices := {each.price for each in fills}) == 1:
        # With all its digits.
        return quantity, prices.pop()
    value = sum((each.volume * each.price for each in fills), ZERO)
    return quantity, _rounded(value / quantity)


def _slippage(
    directive: Directive | None, made: list[CommandRecord], filled_at: Decimal | None
) -> Decimal | None:
    if directive is None or filled_at is None:
        return None
    asked = directive.limit_price if directive.order_type is OrderType.STOP_LIMIT else directive.price
    if not asked:
        return None
    return filled_at - asked if made[0].order.side is Side.BUY else asked - filled_at


def _rounded(value: Decimal) -> Decimal:
    """Return the number without the digits that only a division has, and without zeros at its end."""
    rounded = value.quantize(_PRICE_DECIMALS).normalize()
    return rounded.quantize(Decimal(1)) if rounded == rounded.to_integral_value() else rounded


def _first(moments: Iterable[str | None]) -> str | None:
    return min((each for each in moments if each is not None), default=None)
