"""Rules that the EA applies before it sends, as tables: what goes out, and each refusal with its retcode and
message.

EURUSD is at 1.09500/1.09510 with 5 digits. It is Thursday 2026-01-01 on the broker's clock when a bench starts.
"""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import pytest
from msgspec.structs import replace

from bridge.core.director.contract import TimeInForce
from bridge.core.link.messages import CommandKind, Order
from bridge.core.link.reports import NotSentReason
from bridge.core.units.mt5_terms import Side
from bridge.simulator.broker.execution.pending_checks import LAST_DATETIME_MS
from bridge.simulator.broker.market.hours import read_session
from bridge.simulator.mt5.types import (
    OrderFilling,
    OrderTime,
    OrderType,
    Retcode,
    SymbolExecution,
    SymbolExpiration,
    SymbolFilling,
    SymbolOrder,
    SymbolTradeMode,
    TradeRequest,
)
from tests.native.bench import Bench
from tests.native.requests import Commands, Refusal, change, market, pending
from tests.sidecar_peer import open_order

GTC, DAY, GTD = TimeInForce.GTC, TimeInForce.DAY, TimeInForce.GTD
DAY_MS: Final = 86_400_000
STOPS_LEVEL: Final = 20


@pytest.fixture
def commands(joined: Bench) -> Commands:
    """Commands for an EA with a session."""
    return Commands(joined)


def terms(commands: Commands, **changed: Any) -> None:
    """Give EURUSD other terms."""
    present = commands.bench.broker.symbol("EURUSD")
    assert present is not None
    commands.bench.broker.set_symbol(replace(present, **changed))


def check(retcode: Retcode, message: str) -> Refusal:
    """Return the refusal of one of the EA's own checks."""
    return NotSentReason.CHECK, int(retcode), message


# Levels: sides of the market and distances

STOPS: Final[list[tuple[Order, str]]] = [
    (market(stops=("1.09480", "1.09520")), ""),
    (market(), ""),
    (market(side="SELL", stops=("1.09530", "1.09490")), ""),
    (
        market(stops=("1.09488", None)),
        "stop loss 1.09488 is 12 points from the bid 1.09500; the minimum for this symbol is 20",
    ),
    (market(stops=("1.09500", None)), "stop loss 1.09500 is not below the bid 1.09500"),
    (market(stops=(None, "1.09498")), "take profit 1.09498 is not above the bid 1.09500"),
    (market(side="SELL", stops=("1.09498", None)), "stop loss 1.09498 is not above the ask 1.09510"),
    (
        market(side="SELL", stops=(None, "1.09509")),
        "take profit 1.09509 is 1 points from the ask 1.09510; the minimum for this symbol is 20",
    ),
    (
        pending("STOP", "1.10000", stops=("1.09990", None)),
        "stop loss 1.09990 is 10 points from the price 1.10000; the minimum for this symbol is 20",
    ),
    (pending("STOP", "1.10000", stops=("1.10000", None)), "stop loss 1.10000 is not below the price 1.10000"),
    (pending("STOP", "1.10000", stops=("1.09980", "1.10020")), ""),
    (
        pending("LIMIT", "1.09000", stops=("1.09100", None)),
        "stop loss 1.09100 is not below the price 1.09000",
    ),
    (
        pending("LIMIT", "1.09000", stops=(None, "1.09010")),
        "take profit 1.09010 is 10 points from the price 1.09000; the minimum for this symbol is 20",
    ),
    (
        pending("STOP_LIMIT", "1.09000", side="SELL", limit="1.09020", stops=(None, "1.09020")),
        "take profit 1.09020 is not below the limit price 1.09020",
    ),
    (
        pending("STOP_LIMIT", "1.10000", limit="1.09900", stops=("1.09890", None)),
        "stop loss 1.09890 is 10 points from the limit price 1.09900; the minimum for this symbol is 20",
    ),
]
"""Stops around the price at which a position opens, or closes, and the message of the refusal."""


def test_stops_on_the_wrong_side_or_too_near_are_refused(commands: Commands) -> None:
    terms(commands, trade_stops_level=STOPS_LEVEL)
    for order, message in STOPS:
        found = commands.execute(order)
        expected = check(Retcode.INVALID_STOPS, message)
        assert isinstance(found, TradeRequest) if not message else found == expected, (order, found)


PRICES: Final[list[tuple[Order, str]]] = [
    (pending("LIMIT", "1.09490"), ""),
    (pending("STOP", "1.09530"), ""),
    (pending("LIMIT", "1.09520", side="SELL"), ""),
    (pending("STOP", "1.09480", side="SELL"), ""),
    (pending("LIMIT", "1.09510"), "price 1.09510 is not below the ask 1.09510"),
    (pending("STOP", "1.09498"), "price 1.09498 is not above the ask 1.09510"),
    (pending("LIMIT", "1.09500", side="SELL"), "price 1.09500 is not above the bid 1.09500"),
    (pending("STOP", "1.09508", side="SELL"), "price 1.09508 is not below the bid 1.09500"),
    (
        pending("LIMIT", "1.09498"),
        "price 1.09498 is 12 points from the ask 1.09510; the minimum for this symbol is 20",
    ),
    (
        pending("STOP", "1.09520"),
        "price 1.09520 is 10 points from the ask 1.09510; the minimum for this symbol is 20",
    ),
    (pending("STOP_LIMIT", "1.10000", limit="1.09980"), ""),
    (pending("STOP_LIMIT", "1.09000", side="SELL", limit="1.09020"), ""),
    (
        pending("STOP_LIMIT", "1.10000", limit="1.10001"),
        "limit price 1.10001 is not below the price 1.10000",
    ),
    (
        pending("STOP_LIMIT", "1.10000", limit="1.10000"),
        "limit price 1.10000 is not below the price 1.10000",
    ),
    (
        pending("STOP_LIMIT", "1.09000", side="SELL", limit="1.09010"),
        "limit price 1.09010 is 10 points from the price 1.09000; the minimum for this symbol is 20",
    ),
]
"""Prices of pending orders, and the message of the refusal."""


def test_prices_on_the_wrong_side_or_too_near_are_refused(commands: Commands) -> None:
    terms(commands, trade_stops_level=STOPS_LEVEL)
    for order, message in PRICES:
        found = commands.execute(order)
        expected = check(Retcode.INVALID_PRICE, message)
        assert isinstance(found, TradeRequest) if not message else found == expected, (order, found)


BY_THE_BROKER: Final = check(Retcode.INVALID_PRICE, "OrderCheck refused the request: Invalid price")
"""Refusal of the simulated broker's OrderCheck. The EA's own rules let the request pass."""


def test_equal_prices_of_a_stop_limit_order_are_left_to_the_broker(commands: Commands) -> None:
    assert commands.execute(pending("STOP_LIMIT", "1.10000", limit="1.10000")) == BY_THE_BROKER


def test_change_is_checked_for_the_levels_that_it_moves(commands: Commands) -> None:
    commands.sent(pending("LIMIT", "1.09450", stops=("1.09440", "1.10000")))
    opener = commands.client_order_id
    commands.bench.run(500)
    (live,) = commands.bench.broker.orders()
    # The market comes near: as a new order this one would be refused for its price and for its stop.
    terms(commands, trade_stops_level=STOPS_LEVEL)
    commands.bench.broker.set_quote("EURUSD", Decimal("1.09450"), Decimal("1.09452"))

    def modify(price: str | None = None, sl: str | None = None, tp: str | None = None) -> Order:
        return change("MODIFY", order=live.ticket, opener=opener, price=price, stops=(sl, tp))

    refused = [
        (
            modify(sl="1.09445"),
            check(
                Retcode.INVALID_STOPS,
                "stop loss 1.09445 is 5 points from the price 1.09450; the minimum for this symbol is 20",
            ),
        ),
        (
            modify(price="1.09449"),
            check(
                Retcode.INVALID_PRICE,
                "price 1.09449 is 3 points from the ask 1.09452; the minimum for this symbol is 20",
            ),
        ),
        # Stops are around the price, so they are checked where it moves.
        (
            modify(price="1.09400"),
            check(Retcode.INVALID_STOPS, "stop loss 1.09440 is not below the price 1.09400"),
        ),
    ]
    for order, expected in refused:
        assert commands.execute(order) == expected
    # Levels that stay are not checked again: the broker alone finds the price too near.
    assert commands.execute(modify(tp="1.10100")) == BY_THE_BROKER
    assert commands.execute(modify(sl="0")) == BY_THE_BROKER


def test_frozen_targets_are_not_changed(commands: Commands) -> None:
    bench = commands.bench
    commands.sent(market(stops=("1.09000", None)))
    commands.sent(pending("LIMIT", "1.09000"))
    opener = commands.client_order_id
    bench.run(500)
    (position,), (order,) = bench.broker.positions(), bench.broker.orders()
    terms(commands, trade_freeze_level=30)
    bench.broker.set_quote("EURUSD", Decimal("1.09020"), Decimal("1.09030"))
    frozen_order = (
        f"order {order.ticket} is frozen: its price 1.09000 is 30 points from the ask 1.09030; "
        "the freeze distance of this symbol is 30"
    )
    frozen_position = (
        f"position {position.identifier} is frozen: its stop loss 1.09000 is 20 points from the bid 1.09020; "
        "the freeze distance of this symbol is 30"
    )
    for target, message in [
        (change("MODIFY", order=order.ticket, opener=opener, price="1.08900"), frozen_order),
        (change("CANCEL", order=order.ticket, opener=opener), frozen_order),
        (change("MODIFY", position=position.identifier, stops=("1.08900", None)), frozen_position),
    ]:
        assert commands.execute(target) == check(Retcode.FROZEN, message)
    # A close is left to the broker, which refuses it in OrderCheck.
    close = open_order(kind=CommandKind.CLOSE, side=Side.SELL, position=position.identifier)
    reason, retcode, message = commands.refused(close)
    assert (reason, retcode) == (NotSentReason.CHECK, Retcode.FROZEN)
    assert message.startswith("OrderCheck refused the request")


# Permits: order types, directions, hours


@pytest.mark.parametrize(
    ("changed", "order", "retcode", "message"),
    [
        (
            {"trade_mode": SymbolTradeMode.DISABLED},
            market(),
            Retcode.TRADE_DISABLED,
            "trading in EURUSD is disabled",
        ),
        (
            {"trade_mode": SymbolTradeMode.CLOSEONLY},
            market(side="SELL"),
            Retcode.CLOSE_ONLY,
            "positions in EURUSD may only be closed",
        ),
        (
            {"trade_mode": SymbolTradeMode.LONGONLY},
            market(side="SELL"),
            Retcode.LONG_ONLY,
            "only long positions may be opened in EURUSD",
        ),
        (
            {"trade_mode": SymbolTradeMode.SHORTONLY},
            pending("LIMIT", "1.09000"),
            Retcode.SHORT_ONLY,
            "only short positions may be opened in EURUSD",
        ),
        (
            {"sessions": (read_session("THU 13:00-14:00"),)},
            market(),
            Retcode.MARKET_CLOSED,
            "the market for EURUSD is closed until {opens}, server time",
        ),
        (
            {"order_mode": SymbolOrder.SL},
            market(),
            Retcode.INVALID_ORDER,
            "order_type MARKET is not allowed for EURUSD; allowed: none",
        ),
        (
            {"order_mode": SymbolOrder.MARKET | SymbolOrder.STOP},
            pending("LIMIT", "1.09000"),
            Retcode.INVALID_ORDER,
            "order_type LIMIT is not allowed for EURUSD; allowed: MARKET, STOP",
        ),
    ],
)
def test_open_that_the_symbol_does_not_permit_is_refused(
    commands: Commands, changed: dict[str, Any], order: Order, retcode: Retcode, message: str
) -> None:
    terms(commands, **changed)
    now = datetime.fromtimestamp(commands.bench.broker.server_time() / 1000, UTC)
    opens = f"{now:%Y.%m.%d} 13:00:00"
    assert commands.execute(order) == check(retcode, message.format(opens=opens))


@pytest.mark.parametrize(
    ("mode", "side"),
    [
        (SymbolTradeMode.FULL, "BUY"),
        (SymbolTradeMode.FULL, "SELL"),
        (SymbolTradeMode.LONGONLY, "BUY"),
        (SymbolTradeMode.SHORTONLY, "SELL"),
    ],
)
def test_open_that_the_symbol_permits_is_sent(commands: Commands, mode: SymbolTradeMode, side: str) -> None:
    terms(commands, trade_mode=mode)
    assert commands.sent(market(side=side)).type is OrderType[side]


# Lifetimes of pending orders

ALL_MODES: Final = (
    SymbolExpiration.GTC | SymbolExpiration.DAY | SymbolExpiration.SPECIFIED | SymbolExpiration.SPECIFIED_DAY
)
_S, _D = SymbolExpiration.SPECIFIED, SymbolExpiration.SPECIFIED_DAY
LIFETIMES: Final[list[tuple[TimeInForce, SymbolExpiration, OrderTime, str]]] = [
    (GTC, ALL_MODES, OrderTime.GTC, ""),
    (GTC, SymbolExpiration.DAY | _S, OrderTime.DAY, ""),
    (DAY, ALL_MODES, OrderTime.DAY, ""),
    (DAY, SymbolExpiration.GTC | _D, OrderTime.SPECIFIED_DAY, "0 23:59:59"),
    (GTD, ALL_MODES, OrderTime.SPECIFIED, "2 12:00:00"),
    (GTD, SymbolExpiration.GTC | _D, OrderTime.SPECIFIED_DAY, "1 23:59:59"),
]
"""Time in force, the symbol's modes, and the request's type_time and expiration: days from today, and a time. A GTD
order of the table ends in two days at noon, and 900 ms."""


def server_time(commands: Commands, text: str) -> int:
    """Return a server time, given as days from today and a time of day."""
    days, _, time = text.partition(" ")
    hours, minutes, seconds = (int(part) for part in time.split(":"))
    today = commands.bench.broker.server_time() // DAY_MS * DAY_MS
    return today + int(days) * DAY_MS + ((hours * 60 + minutes) * 60 + seconds) * 1000


def test_lifetime_is_the_first_that_the_symbol_allows(commands: Commands) -> None:
    ends = server_time(commands, "2 12:00:00") + 900
    for asked, modes, type_time, expiration in LIFETIMES:
        terms(commands, expiration_mode=modes)
        order = pending("LIMIT", "1.09000", time_in_force=asked)
        request = commands.sent(order, ends if asked is GTD else 0)
        expected = server_time(commands, expiration) if expiration else 0
        assert (request.type_time, request.expiration) == (type_time, expected), (asked, modes)


def test_lifetime_that_the_symbol_does_not_allow_is_refused(commands: Commands) -> None:
    for asked, modes, message in [
        (GTC, _S | _D, "time_in_force GTC requires GTC or DAY; EURUSD allows SPECIFIED, SPECIFIED_DAY"),
        (DAY, SymbolExpiration.GTC, "time_in_force DAY requires DAY or SPECIFIED_DAY; EURUSD allows GTC"),
        (
            GTD,
            SymbolExpiration.NONE,
            "time_in_force GTD requires SPECIFIED or SPECIFIED_DAY; EURUSD allows none",
        ),
    ]:
        terms(commands, expiration_mode=modes)
        order = pending("LIMIT", "1.09000", time_in_force=asked)
        found = commands.execute(order, server_time(commands, "9 00:00:00") if asked is GTD else 0)
        assert found == check(Retcode.INVALID_EXPIRATION, message)


def test_expiry_that_has_passed_or_is_unknown_is_refused(commands: Commands) -> None:
    order = pending("LIMIT", "1.09000", time_in_force=GTD)
    missing = "expires_server_ms is missing; time_in_force GTD requires it"
    assert commands.execute(order) == check(Retcode.INVALID_EXPIRATION, missing)
    for ago_ms in (0, 1_000, 60_000):
        reason, retcode, message = commands.refused(order, commands.bench.broker.server_time() - ago_ms)
        assert (reason, retcode) == (NotSentReason.CHECK, Retcode.INVALID_EXPIRATION)
        assert message.startswith("the expiry 20") and " has passed; the server time is 20" in message


def test_expiry_behind_the_last_time_of_mql5_is_refused(commands: Commands) -> None:
    order = pending("LIMIT", "1.09000", time_in_force=GTD)
    for modes in (ALL_MODES, _D):
        terms(commands, expiration_mode=modes)
        for late_ms in (LAST_DATETIME_MS + 1_000, LAST_DATETIME_MS * 8):
            assert commands.execute(order, late_ms) == check(
                Retcode.INVALID_EXPIRATION,
                f"expires_server_ms {late_ms} is behind MQL5's last time, 3000.12.31 23:59:59; use GTC",
            )
    terms(commands, expiration_mode=ALL_MODES)
    assert commands.sent(order, LAST_DATETIME_MS + 999).expiration == LAST_DATETIME_MS


def test_order_of_whole_days_ends_before_its_hour(commands: Commands) -> None:
    terms(commands, expiration_mode=_D)
    order = pending("LIMIT", "1.09000", time_in_force=GTD)
    today = server_time(commands, "0 23:59:59")
    named = datetime.fromtimestamp(today / 1000, UTC).strftime("%Y.%m.%d %H:%M:%S")
    assert commands.execute(order, today) == check(
        Retcode.INVALID_EXPIRATION,
        f"EURUSD allows an expiry at the end of a day only; no day ends between now and {named}",
    )
    assert commands.sent(order, server_time(commands, "1 00:00:00")).expiration == today


# Filling modes


FOK, IOC, BOTH = SymbolFilling.FOK, SymbolFilling.IOC, SymbolFilling.FOK | SymbolFilling.IOC
PENDING_FILLINGS: Final[list[tuple[SymbolExecution, SymbolFilling, OrderFilling]]] = [
    (SymbolExecution.EXCHANGE, BOTH, OrderFilling.RETURN),
    (SymbolExecution.INSTANT, BOTH, OrderFilling.RETURN),
    (SymbolExecution.REQUEST, IOC, OrderFilling.RETURN),
    (SymbolExecution.MARKET, BOTH, OrderFilling.IOC),
    (SymbolExecution.MARKET, IOC, OrderFilling.IOC),
    (SymbolExecution.MARKET, FOK, OrderFilling.FOK),
    (SymbolExecution.MARKET, SymbolFilling.BOC, OrderFilling.RETURN),
    (SymbolExecution.MARKET, SymbolFilling.NONE, OrderFilling.RETURN),
]
"""Execution mode, the symbol's flags, and the filling mode of a pending order. test_small_parts has market
orders."""


def test_filling_mode_of_a_pending_order(commands: Commands) -> None:
    for execution, flags, mode in PENDING_FILLINGS:
        terms(commands, trade_exemode=execution, filling_mode=flags)
        assert commands.sent(pending("LIMIT", "1.09000")).type_filling is mode, (execution, flags)


# Conditions of the command itself


@pytest.mark.parametrize(
    ("order", "message"),
    [
        (replace(market(), max_spread_points=9), "the spread is 10 points; at most 9 are allowed"),
        (pending("LIMIT", "1.09000", spread=0), "the spread is 10 points; at most 0 are allowed"),
        (
            market(price="1.09480"),
            "the market is at 1.09510, 30 points worse than 1.0948; 20 are allowed",
        ),
        (
            market(side="SELL", price="1.09521"),
            "the market is at 1.09500, 21 points worse than 1.09521; 20 are allowed",
        ),
        (
            replace(market(price="1.09500"), deviation_points=5),
            "the market is at 1.09510, 10 points worse than 1.095; 5 are allowed",
        ),
    ],
)
def test_spread_or_distance_beyond_the_command_is_refused(
    commands: Commands, order: Order, message: str
) -> None:
    reason, retcode, said = commands.refused(order)
    assert (reason, retcode) == (NotSentReason.CHECK, 0)
    assert said.replace("1.09480", "1.0948").replace("1.09500;", "1.095;") == message


@pytest.mark.parametrize(
    "order",
    [
        replace(market(), max_spread_points=10),
        market(price="1.09490"),
        replace(market(price="1.09510"), deviation_points=0),
        market(side="SELL", price="1.09520"),
        replace(market(price="1.20000"), deviation_points=0),
        replace(market(side="SELL", price="0.50000"), deviation_points=0),
    ],
)
def test_spread_and_distance_within_the_command_are_sent(commands: Commands, order: Order) -> None:
    assert commands.sent(order).price == Decimal("1.09510" if order.side is Side.BUY else "1.09500")
