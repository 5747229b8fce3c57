"""How long a pending order stays on the book: what was asked, in the terms that the symbol allows.

    asked   the first that SYMBOL_EXPIRATION_MODE has
    GTC     GTC, DAY
    DAY     DAY, SPECIFIED_DAY of today
    GTD     SPECIFIED, SPECIFIED_DAY of the last server day that is over by then

Never longer than asked. An order of SPECIFIED_DAY lives until 23:59:59 of its day (MQL5 reference,
ENUM_ORDER_TYPE_TIME); whether that second still counts is not said, so a day is over at midnight. All times are
server milliseconds, on whole seconds as MetaTrader's are.
"""

from datetime import UTC, datetime
from typing import Final

from msgspec import Struct

from bridge.core.director.contract import TimeInForce
from bridge.simulator.mt5.types import OrderTime, Retcode, SymbolExpiration, SymbolInfo
from bridge.simulator.terminal.not_sent import refused

DAY_MS: Final = 86_400_000
_LAST_SECOND_MS: Final = DAY_MS - 1_000
_NEEDED: Final = {
    TimeInForce.GTC: "GTC or DAY",
    TimeInForce.DAY: "DAY or SPECIFIED_DAY",
    TimeInForce.GTD: "SPECIFIED or SPECIFIED_DAY",
}


class Expiry(Struct, frozen=True, kw_only=True):
    """A trade request's type_time and expiration (0: none)."""

    type_time: OrderTime
    expiration: int = 0


def choose_expiry(asked: TimeInForce, expires_server_ms: int, symbol: SymbolInfo, server_ms: int) -> Expiry:
    """The terms under which the order goes out at `server_ms`. Raises NotSent where there are none."""
    allowed = symbol.expiration_mode
    if asked is TimeInForce.GTD:
        _risk_limit_passed(expires_server_ms, server_ms)
        if SymbolExpiration.SPECIFIED in allowed:
            return Expiry(type_time=OrderTime.SPECIFIED, expiration=expires_server_ms // 1_000 * 1_000)
        if SymbolExpiration.SPECIFIED_DAY in allowed:
            return _last_day(expires_server_ms, symbol, server_ms)
    else:
        if asked is TimeInForce.GTC and SymbolExpiration.GTC in allowed:
            return Expiry(type_time=OrderTime.GTC)
        if SymbolExpiration.DAY in allowed:
            return Expiry(type_time=OrderTime.DAY)
        if asked is TimeInForce.DAY and SymbolExpiration.SPECIFIED_DAY in allowed:
            return _day(server_ms // DAY_MS)
    raise refused(
        Retcode.INVALID_EXPIRATION,
        f"a {asked} order needs {_NEEDED[asked]}; {symbol.name} allows {_names(allowed)}",
    )


def _risk_limit_passed(expires_server_ms: int, server_ms: int) -> None:
    if not expires_server_ms:
        raise refused(
            Retcode.INVALID_EXPIRATION, "a GTD order needs its expiry on the broker's clock, and has none"
        )
    if expires_server_ms // 1_000 * 1_000 <= server_ms:
        raise refused(
            Retcode.INVALID_EXPIRATION,
            f"the expiry {clock_text(expires_server_ms)} has passed: it is {clock_text(server_ms)} at the broker",
        )


def _last_day(expires_server_ms: int, symbol: SymbolInfo, server_ms: int) -> Expiry:
    last = _day(expires_server_ms // DAY_MS - 1)
    if last.expiration <= server_ms:
        raise refused(
            Retcode.INVALID_EXPIRATION,
            f"{symbol.name} lets orders expire at the end of a day only, and none ends between now and "
            f"{clock_text(expires_server_ms)}",
        )
    return last


def _day(day: int) -> Expiry:
    """Its last second: a server that reads a date alone, and one that reads the time as well, mean the same."""
    return Expiry(type_time=OrderTime.SPECIFIED_DAY, expiration=day * DAY_MS + _LAST_SECOND_MS)


def _names(allowed: SymbolExpiration) -> str:
    return ", ".join(flag.name for flag in SymbolExpiration if flag in allowed and flag.name) or "none"


def clock_text(server_ms: int) -> str:
    """As MetaTrader writes a time."""
    return datetime.fromtimestamp(server_ms // 1_000, UTC).strftime("%Y.%m.%d %H:%M:%S")
