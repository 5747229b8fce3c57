"""Meaning of a trade server's return codes.

Source: MQL5 reference, 'Trade Server Return Codes'. A code that is not in the table leaves the outcome open: the
broker may have executed the order all the same.
"""

from enum import StrEnum
from typing import Final

from bridge.core.units.mt5_retcodes import Retcode


class Verdict(StrEnum):
    """Outcome of a request, by its return code."""

    ACCEPTED = "ACCEPTED"
    """The server accepted it. Deals show how much was filled."""
    REFUSED = "REFUSED"
    """The server or the terminal refused it; nothing was executed."""
    OPEN = "OPEN"
    """The outcome is open. Orders, deals and positions will show it."""


RETCODE_NO_CHANGES: Final = Retcode.NO_CHANGES
"""Answer to a MODIFY: the levels are these already."""

_A = Verdict.ACCEPTED
_R = Verdict.REFUSED
_O = Verdict.OPEN

_VERDICTS: Final = {
    Retcode.REQUOTE: _R,
    Retcode.REJECT: _R,
    Retcode.CANCEL: _R,
    Retcode.PLACED: _A,
    Retcode.DONE: _A,
    Retcode.DONE_PARTIAL: _A,
    Retcode.ERROR: _O,
    Retcode.TIMEOUT: _O,
    Retcode.INVALID: _R,
    Retcode.INVALID_VOLUME: _R,
    Retcode.INVALID_PRICE: _R,
    Retcode.INVALID_STOPS: _R,
    Retcode.TRADE_DISABLED: _R,
    Retcode.MARKET_CLOSED: _R,
    Retcode.NO_MONEY: _R,
    Retcode.PRICE_CHANGED: _R,
    Retcode.PRICE_OFF: _R,
    Retcode.INVALID_EXPIRATION: _R,
    Retcode.ORDER_CHANGED: _R,
    Retcode.TOO_MANY_REQUESTS: _R,
    Retcode.NO_CHANGES: _R,
    Retcode.SERVER_DISABLES_AT: _R,
    Retcode.CLIENT_DISABLES_AT: _R,
    # The request is with the server and being worked on.
    Retcode.LOCKED: _O,
    Retcode.FROZEN: _R,
    Retcode.INVALID_FILL: _R,
    # 'No connection with the trade server': seen for requests that had been executed when it broke.
    Retcode.CONNECTION: _O,
    Retcode.ONLY_REAL: _R,
    Retcode.LIMIT_ORDERS: _R,
    Retcode.LIMIT_VOLUME: _R,
    Retcode.INVALID_ORDER: _R,
    Retcode.POSITION_CLOSED: _R,
    Retcode.INVALID_CLOSE_VOLUME: _R,
    Retcode.CLOSE_ORDER_EXIST: _R,
    Retcode.LIMIT_POSITIONS: _R,
    Retcode.REJECT_CANCEL: _R,
    Retcode.LONG_ONLY: _R,
    Retcode.SHORT_ONLY: _R,
    Retcode.CLOSE_ONLY: _R,
    Retcode.FIFO_CLOSE: _R,
    Retcode.HEDGE_PROHIBITED: _R,
}

RETCODES: Final[dict[int, tuple[str, Verdict]]] = {
    # A code without a verdict fails here, when the module is imported.
    code.value: (code.name, _VERDICTS[code])
    for code in Retcode
}
"""Name and verdict of each return code."""


def verdict(retcode: int) -> Verdict:
    """Return the outcome of the code; OPEN for one that is not in the table (0 among them)."""
    return RETCODES[retcode][1] if retcode in RETCODES else Verdict.OPEN


def describe(retcode: int) -> str:
    """Return the code's MQL5 name and number for a message: 'NO_MONEY (10019)'."""
    name = RETCODES[retcode][0] if retcode in RETCODES else "unknown return code"
    return f"{name} ({retcode})"
